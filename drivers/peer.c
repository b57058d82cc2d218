// SPDX-License-Identifier: GPL-2.0
/* The peers of a device, and what becomes of the channel to each. */

#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/sort.h>

#include "channel.h"
#include "cokeeper.h"
#include "peer.h"
#include "../netlink/netlink.h"

/* How long an offer stands. */
#define OFFER_TIME	(5 * HZ)
/* After a failure the next attempt waits this long, doubled each time. */
#define BACKOFF_MIN	HZ
#define BACKOFF_MAX	(64 * HZ)
/* A channel that lived this long wipes earlier failures out. */
#define GOOD_TIME	(60 * HZ)
/* A channel that nothing has used for this long is given back. */
#define IDLE_TIME	(600 * HZ)
/* When memory is short a channel is given up for another one's sake, but for one
 * that was used just now.
 */
#define BUSY_TIME	HZ
/* Channels take this part of the memory at most. */
#define MEMORY_SHARE	8
/* No new channel while a peer still maps more pages of old ones, times our lanes. */
#define PINNED_MAX	(2 * (2 * CK_RING_MAX / CK_RING_PAGE + 1))

/* All that an idle peer takes, and there may be thousands. */
static_assert(sizeof(struct ck_peer) <= 512);

static u32 hash(const u8 *mac)
{
	/* The first two bytes are the same in most. */
	return hash_32(get_unaligned((u32 *)(mac + 2)), CK_PEER_HASH_BITS);
}

/**
 * ck_peer_lookup() - find a peer
 * @ck: the device
 * @mac: the peer's hardware address
 *
 * Return: the peer, under RCU or the device's lock and with no reference, or NULL.
 */
struct ck_peer *ck_peer_lookup(struct ck_dev *ck, const u8 *mac)
{
	struct ck_peer *peer;

	hlist_for_each_entry_rcu(peer, &ck->peers[hash(mac)], node,
				 lockdep_is_held(&ck->lock))
		if (ether_addr_equal(peer->id.mac, mac))
			return peer;
	return NULL;
}

static void peer_release(struct kref *ref)
{
	struct ck_peer *peer = container_of(ref, struct ck_peer, ref);

	netdev_put(peer->ck->dev, &peer->dev_tracker);
	kfree_rcu(peer, rcu);
}

/**
 * ck_peer_put() - give a reference back
 * @peer: the peer; any context
 */
void ck_peer_put(struct ck_peer *peer)
{
	kref_put(&peer->ref, peer_release);
}

/**
 * ck_peer_kick() - have a peer's state looked at now
 * @peer: the peer, under RCU or with a reference; any context
 */
void ck_peer_kick(struct ck_peer *peer)
{
	/* The queued work has a reference of its own. */
	if (kref_get_unless_zero(&peer->ref) &&
	    mod_delayed_work(ck_wq, &peer->work, 0))
		ck_peer_put(peer);
}

static void look_again(struct ck_peer *peer, unsigned long delay)
{
	if (kref_get_unless_zero(&peer->ref) &&
	    !queue_delayed_work(ck_wq, &peer->work, delay))
		ck_peer_put(peer);
}

/**
 * ck_peer_check_later() - packets wait for a peer; see later if they move
 * @peer: the peer, under RCU or with a reference; any context
 */
void ck_peer_check_later(struct ck_peer *peer)
{
	look_again(peer, CK_STALL_TIME);
}

/**
 * ck_peer_want() - a packet had no channel to take
 * @peer: the peer, under RCU
 */
void ck_peer_want(struct ck_peer *peer)
{
	if (READ_ONCE(peer->wanted) ||
	    time_before(jiffies, READ_ONCE(peer->retry_at)))
		return;
	WRITE_ONCE(peer->wanted, true);
	ck_peer_kick(peer);
}

/**
 * ck_peer_fallback() - send a packet for a peer by the lower device
 * @peer: the peer
 * @skb: an IP packet; consumed. Bottom halves are off
 * @why: counted
 */
void ck_peer_fallback(struct ck_peer *peer, struct sk_buff *skb,
		      enum ck_stat why)
{
	atomic_long_inc(&peer->fallback_packets);
	ck_fallback(peer->ck, skb, why);
}

static void set_state(struct ck_peer *peer, enum cokeeper_state state,
		      enum cokeeper_reason reason)
{
	lockdep_assert_held(&peer->ck->lock);
	peer->state = state;
	peer->reason = reason;
}

/* No attempt before some time has passed, longer after each failure. */
static void back_off(struct ck_peer *peer, enum cokeeper_reason reason)
{
	unsigned long wait = BACKOFF_MIN << min(peer->failures, 6u);

	peer->failures++;
	WRITE_ONCE(peer->retry_at, jiffies + min(wait, BACKOFF_MAX));
	set_state(peer, COKEEPER_STATE_BACKOFF, reason);
	WRITE_ONCE(peer->wanted, false);
}

/* Take the channel out of use, in whatever state it is: senders fall back from
 * here on. Then listeners are told, and only then is it freed, which takes longer.
 */
static void unlink_channel(struct ck_peer *peer)
{
	RCU_INIT_POINTER(peer->channel, NULL);
	if (peer->state == COKEEPER_STATE_OFFERED)
		ck_netlink_send_offer(peer, peer->ch, true);
}

static void close_channel(struct ck_peer *peer, bool drain)
{
	struct ck_channel *ch = peer->ch;

	if (!ch)
		return;
	peer->ch = NULL;
	peer->pinned += ck_channel_close(ch, drain);
}

/* The channel is over for a reason that is nobody's fault. */
static void disconnect(struct ck_peer *peer, enum cokeeper_reason reason,
		       bool drain)
{
	bool was_connected = peer->state == COKEEPER_STATE_CONNECTED;

	unlink_channel(peer);
	set_state(peer, COKEEPER_STATE_IDLE, reason);
	/* A peer that has just closed is most likely on its way out. */
	WRITE_ONCE(peer->retry_at, jiffies +
		   (reason == COKEEPER_REASON_PEER_CLOSED ? BACKOFF_MIN : 0));
	WRITE_ONCE(peer->wanted, false);
	if (was_connected)
		ck_netlink_notify_peer(peer, COKEEPER_EVENT_DISCONNECT,
				       COKEEPER_CAUSE_NONE);
	close_channel(peer, drain);
}

/* The channel is over, and the next attempt has to wait. */
static void fail(struct ck_peer *peer, enum cokeeper_reason reason)
{
	bool was_connected = peer->state == COKEEPER_STATE_CONNECTED;

	unlink_channel(peer);
	back_off(peer, reason);
	if (reason == COKEEPER_REASON_PROTOCOL_ERROR)
		ck_netlink_notify_peer(peer, COKEEPER_EVENT_QUARANTINE,
				       COKEEPER_CAUSE_NONE);
	else if (was_connected)
		ck_netlink_notify_peer(peer, COKEEPER_EVENT_DISCONNECT,
				       COKEEPER_CAUSE_NONE);
	close_channel(peer, false);
}

static void connected(struct ck_peer *peer)
{
	/* From here on, retry_at says how long this channel is to live to be
	 * a good one.
	 */
	WRITE_ONCE(peer->retry_at, jiffies + GOOD_TIME);
	set_state(peer, COKEEPER_STATE_CONNECTED, COKEEPER_REASON_NONE);
	rcu_assign_pointer(peer->channel, peer->ch);
	queue_delayed_work(ck_wq, &peer->ck->reclaim, IDLE_TIME);
	ck_netlink_notify_peer(peer, COKEEPER_EVENT_CONNECT, COKEEPER_CAUSE_NONE);
}

/* What all channels take. */
static unsigned long pages_used(struct ck_dev *ck)
{
	unsigned long nr = 0;
	struct ck_peer *peer;
	unsigned int bucket;

	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->ch)
			nr += ck_channel_pages(peer->ch);
	return nr;
}

/* The connected peer whose channel has not been used for the longest time. */
static struct ck_peer *least_recently_used(struct ck_dev *ck)
{
	struct ck_peer *peer, *oldest = NULL;
	unsigned int bucket;

	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->state == COKEEPER_STATE_CONNECTED &&
		    (!oldest || time_before(ck_channel_used(peer->ch),
					    ck_channel_used(oldest->ch))))
			oldest = peer;
	return oldest;
}

/* Take a new channel into account, and give others back if there are too many;
 * false if all are in use.
 */
static bool adopt(struct ck_peer *peer, struct ck_channel *ch)
{
	struct ck_dev *ck = peer->ck;
	struct ck_peer *victim;

	while (pages_used(ck) + ck_channel_pages(ch) >
	       totalram_pages() / MEMORY_SHARE) {
		victim = least_recently_used(ck);
		if (!victim || time_before(jiffies, ck_channel_used(victim->ch) +
					   BUSY_TIME)) {
			ck_channel_close(ch, false);
			return false;
		}
		disconnect(victim, COKEEPER_REASON_NO_RESOURCES, true);
	}
	peer->ch = ch;
	return true;
}

/**
 * ck_peer_reclaim() - give idle channels back
 * @work: the device's; queued again while there are channels
 */
void ck_peer_reclaim(struct work_struct *work)
{
	struct ck_dev *ck = container_of(to_delayed_work(work), struct ck_dev,
					 reclaim);
	struct ck_peer *peer;
	unsigned long due;

	mutex_lock(&ck->lock);
	while ((peer = least_recently_used(ck))) {
		due = ck_channel_used(peer->ch) + IDLE_TIME;
		if (time_before(jiffies, due)) {
			queue_delayed_work(ck_wq, &ck->reclaim, due - jiffies);
			break;
		}
		disconnect(peer, COKEEPER_REASON_NO_TRAFFIC, true);
	}
	mutex_unlock(&ck->lock);
}

static void offer(struct ck_peer *peer)
{
	struct ck_dev *ck = peer->ck;
	struct ck_channel *ch;

	if (!ck->helper) {
		back_off(peer, COKEEPER_REASON_NO_HELPER);
		return;
	}
	if (peer->pinned > PINNED_MAX * ck_nr_lanes(ck)) {
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return;
	}
	ch = ck_channel_offer(peer, ++ck->next_offer);
	if (IS_ERR(ch)) {
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return;
	}
	if (!adopt(peer, ch)) {
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return;
	}
	set_state(peer, COKEEPER_STATE_OFFERED, COKEEPER_REASON_CONNECTING);
	WRITE_ONCE(peer->retry_at, jiffies + OFFER_TIME);
	look_again(peer, OFFER_TIME);
	ck_netlink_send_offer(peer, ch, false);
}

static void step_offered(struct ck_peer *peer)
{
	switch (ck_lane_peer_state(&peer->ch->lane[0])) {
	case CK_END_INIT:
		if (time_before(jiffies, peer->retry_at))
			look_again(peer, peer->retry_at - jiffies);
		else
			fail(peer, COKEEPER_REASON_OFFER_TIMEOUT);
		break;
	case CK_END_OPEN:
		ck_netlink_send_offer(peer, peer->ch, true);
		peer->pinned += ck_channel_trim(peer->ch);
		connected(peer);
		break;
	default:
		fail(peer, COKEEPER_REASON_BAD_OFFER);
	}
}

static void step_connected(struct ck_peer *peer)
{
	struct ck_channel *ch = peer->ch;

	/* We said goodbye, and whoever did so is about to close it: that the peer
	 * answers is no reason to wait before the next attempt.
	 */
	if (!rcu_access_pointer(peer->channel))
		return;
	if (time_after_eq(jiffies, peer->retry_at))
		peer->failures = 0;
	if (ck_channel_broken(ch))
		fail(peer, COKEEPER_REASON_PROTOCOL_ERROR);
	else if (!ck_channel_open(ch))
		disconnect(peer, COKEEPER_REASON_PEER_CLOSED, true);
	else if (ck_channel_check_pending(ch))
		look_again(peer, CK_STALL_TIME);
}

static void step(struct work_struct *work)
{
	struct ck_peer *peer = container_of(to_delayed_work(work),
					    struct ck_peer, work);
	struct ck_dev *ck = peer->ck;

	mutex_lock(&ck->lock);
	if (!peer->gone) {
		switch (peer->state) {
		case COKEEPER_STATE_IDLE:
		case COKEEPER_STATE_BACKOFF:
			if (peer->wanted && netif_running(ck->dev))
				offer(peer);
			break;
		case COKEEPER_STATE_OFFERED:
			step_offered(peer);
			break;
		case COKEEPER_STATE_CONNECTED:
			step_connected(peer);
			break;
		}
	}
	mutex_unlock(&ck->lock);
	ck_peer_put(peer);
}

static struct ck_peer *peer_alloc(struct ck_dev *ck, const struct ck_peer_id *id)
{
	struct ck_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);

	if (!peer)
		return NULL;
	kref_init(&peer->ref);
	peer->ck = ck;
	netdev_hold(ck->dev, &peer->dev_tracker, GFP_KERNEL);
	peer->id = *id;
	peer->state = COKEEPER_STATE_IDLE;
	peer->reason = COKEEPER_REASON_NO_TRAFFIC;
	peer->retry_at = jiffies;
	INIT_DELAYED_WORK(&peer->work, step);
	return peer;
}

static void add(struct ck_dev *ck, struct ck_peer *peer,
		enum cokeeper_cause cause)
{
	hlist_add_head_rcu(&peer->node, &ck->peers[hash(peer->id.mac)]);
	ck->nr_peers++;
	ck->generation++;
	ck_netlink_notify_peer(peer, COKEEPER_EVENT_JOIN, cause);
}

/* The peer under this MAC is another guest now, or the same one started anew;
 * its old channel's other end is gone.
 */
static void renew(struct ck_peer *peer, const struct ck_peer_id *id,
		  enum cokeeper_cause cause)
{
	if (peer->id.domid == id->domid && peer->id.instance == id->instance) {
		if (cause == COKEEPER_CAUSE_ADDRESS)
			ck_netlink_notify_peer(peer, COKEEPER_EVENT_UPDATE, cause);
		return;
	}
	disconnect(peer, COKEEPER_REASON_NO_TRAFFIC, false);
	peer->id = *id;
	peer->failures = 0;
	peer->pinned = 0;
	peer->ck->generation++;
	ck_netlink_notify_peer(peer, COKEEPER_EVENT_JOIN, cause);
}

/* Take a peer out. Its hash reference is given up; whoever else still holds it
 * finds it gone, or finds no channel.
 */
static void del(struct ck_peer *peer, enum cokeeper_cause cause, bool drain)
{
	struct ck_dev *ck = peer->ck;

	hlist_del_rcu(&peer->node);
	peer->gone = true;
	ck->nr_peers--;
	ck->generation++;
	unlink_channel(peer);
	set_state(peer, COKEEPER_STATE_IDLE, COKEEPER_REASON_PEER_LEFT);
	ck_netlink_notify_peer(peer, COKEEPER_EVENT_LEAVE, cause);
	close_channel(peer, drain);
	/* The device waits for all who hold the peer, which is not to take as long as
	 * an offer stands.
	 */
	if (cancel_delayed_work(&peer->work))
		ck_peer_put(peer);
	ck_peer_put(peer);
}

static int check_id(struct ck_dev *ck, const struct ck_peer_id *id,
		    struct netlink_ext_ack *extack)
{
	if (!is_valid_ether_addr(id->mac)) {
		NL_SET_ERR_MSG(extack, "peer mac is not a unicast address");
		return -EINVAL;
	}
	if (ether_addr_equal(id->mac, ck->lower->dev_addr)) {
		NL_SET_ERR_MSG(extack, "peer mac is the device's own");
		return -EINVAL;
	}
	return 0;
}

/**
 * ck_peer_set() - add a peer, or renew its domain id and instance
 * @ck: the device, locked
 * @id: who it is
 * @cause: why, for listeners; COKEEPER_CAUSE_ADDRESS tells them of other addresses
 * @extack: says why not
 *
 * Return: 0 or a negative errno.
 */
int ck_peer_set(struct ck_dev *ck, const struct ck_peer_id *id,
		enum cokeeper_cause cause, struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;
	int err;

	lockdep_assert_held(&ck->lock);
	err = check_id(ck, id, extack);
	if (err)
		return err;
	peer = ck_peer_lookup(ck, id->mac);
	if (peer) {
		renew(peer, id, cause);
		return 0;
	}
	if (ck->nr_peers >= COKEEPER_MAX_PEERS) {
		NL_SET_ERR_MSG(extack, "the peer table is full");
		return -ENOSPC;
	}
	peer = peer_alloc(ck, id);
	if (!peer)
		return -ENOMEM;
	add(ck, peer, cause);
	return 0;
}

/**
 * ck_peer_del() - take a peer out and revoke its channel
 * @ck: the device, locked
 * @mac: the peer's hardware address
 * @cause: why, for listeners
 * @extack: says why not
 *
 * Return: 0 or -ENOENT.
 */
int ck_peer_del(struct ck_dev *ck, const u8 *mac, enum cokeeper_cause cause,
		struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;

	lockdep_assert_held(&ck->lock);
	peer = ck_peer_lookup(ck, mac);
	if (!peer) {
		NL_SET_ERR_MSG(extack, "no such peer");
		return -ENOENT;
	}
	del(peer, cause, false);
	return 0;
}

static int cmp_mac(const void *a, const void *b)
{
	return memcmp(*(const u8 **)a, *(const u8 **)b, ETH_ALEN);
}

/* Refuse a set that has bad entries, or one twice. */
static int check_ids(struct ck_dev *ck, const struct ck_peer_id *id,
		     unsigned int nr, struct netlink_ext_ack *extack)
{
	const u8 **mac;
	unsigned int i;
	int err = 0;

	if (nr > COKEEPER_MAX_PEERS) {
		NL_SET_ERR_MSG(extack, "more peers than the table takes");
		return -ENOSPC;
	}
	mac = kvmalloc_array(nr, sizeof(*mac), GFP_KERNEL);
	if (nr && !mac)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		mac[i] = id[i].mac;
		err = check_id(ck, &id[i], extack);
	}
	if (!err) {
		sort(mac, nr, sizeof(*mac), cmp_mac, NULL);
		for (i = 1; i < nr && !err; i++) {
			if (ether_addr_equal(mac[i - 1], mac[i])) {
				NL_SET_ERR_MSG(extack, "a peer mac occurs twice");
				err = -EEXIST;
			}
		}
	}
	kvfree(mac);
	return err;
}

/**
 * ck_peer_replace_all() - make the table hold exactly these peers
 * @ck: the device, locked
 * @id: the peers
 * @nr: how many
 * @cause: why, for listeners
 * @extack: says why not
 *
 * Those that stay as they are keep their channels.
 *
 * Return: 0, or a negative errno with nothing changed.
 */
int ck_peer_replace_all(struct ck_dev *ck, const struct ck_peer_id *id,
			unsigned int nr, enum cokeeper_cause cause,
			struct netlink_ext_ack *extack)
{
	struct ck_peer *peer, **fresh;
	struct hlist_node *next;
	unsigned int i, bucket;
	int err;

	lockdep_assert_held(&ck->lock);
	err = check_ids(ck, id, nr, extack);
	if (err)
		return err;

	/* All that can fail comes first. */
	fresh = kvcalloc(nr, sizeof(*fresh), GFP_KERNEL);
	if (nr && !fresh)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (ck_peer_lookup(ck, id[i].mac))
			continue;
		fresh[i] = peer_alloc(ck, &id[i]);
		if (!fresh[i]) {
			while (i--)
				if (fresh[i])
					ck_peer_put(fresh[i]);
			kvfree(fresh);
			return -ENOMEM;
		}
	}

	hash_for_each(ck->peers, bucket, peer, node)
		peer->listed = false;
	for (i = 0; i < nr; i++) {
		peer = ck_peer_lookup(ck, id[i].mac);
		if (peer)
			peer->listed = true;
	}
	hash_for_each_safe(ck->peers, bucket, next, peer, node)
		if (!peer->listed)
			del(peer, cause, false);
	for (i = 0; i < nr; i++) {
		if (fresh[i])
			add(ck, fresh[i], cause);
		else
			renew(ck_peer_lookup(ck, id[i].mac), &id[i], cause);
	}
	kvfree(fresh);
	return 0;
}

/**
 * ck_peer_offered() - a peer offers a channel
 * @ck: the device, locked
 * @id: the peer's mac and the instance that made the offer
 * @offer: the offer's id
 * @gref: grant reference of the control page
 * @port: event channel port of the peer
 * @extack: says why not
 *
 * If both ends offered at once, the offer of the lower MAC stands. An open channel
 * is not given up for an offer.
 *
 * Return: 0, also if the offer is known, late or loses; or a negative errno.
 */
int ck_peer_offered(struct ck_dev *ck, const struct ck_peer_id *id,
		    u32 offer, u32 gref, u32 port,
		    struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;
	struct ck_channel *ch;

	lockdep_assert_held(&ck->lock);
	peer = ck_peer_lookup(ck, id->mac);
	if (!peer) {
		NL_SET_ERR_MSG(extack, "no such peer");
		return -ENOENT;
	}
	if (peer->id.instance != id->instance) {
		NL_SET_ERR_MSG(extack, "the offer is of another instance of the peer");
		return -ESTALE;
	}
	if (!netif_running(ck->dev)) {
		NL_SET_ERR_MSG(extack, "the device is down");
		return -ENETDOWN;
	}

	switch (peer->state) {
	case COKEEPER_STATE_OFFERED:
		if (memcmp(ck->lower->dev_addr, id->mac, ETH_ALEN) < 0)
			return 0;
		disconnect(peer, COKEEPER_REASON_CONNECTING, false);
		break;
	case COKEEPER_STATE_CONNECTED:
		if (peer->ch->lane[0].me == CK_ACCEPTOR && peer->ch->id == offer)
			return 0;
		/* Before a peer offers again it closes the channel, so this is an
		 * older offer: ours has crossed it.
		 */
		if (ck_channel_open(peer->ch))
			return 0;
		disconnect(peer, COKEEPER_REASON_PEER_CLOSED, false);
		break;
	case COKEEPER_STATE_BACKOFF:
		if (peer->reason == COKEEPER_REASON_PROTOCOL_ERROR &&
		    time_before(jiffies, peer->retry_at)) {
			NL_SET_ERR_MSG(extack, "the peer is in quarantine");
			return -EAGAIN;
		}
		break;
	default:
		break;
	}

	ch = ck_channel_accept(peer, offer, gref, port);
	if (IS_ERR(ch)) {
		switch (PTR_ERR(ch)) {
		case -EPROTONOSUPPORT:
			NL_SET_ERR_MSG(extack,
				       "the peer speaks another version of the channel protocol");
			back_off(peer, COKEEPER_REASON_VERSION);
			break;
		case -ENOMEM:
		case -ENOSPC:
			NL_SET_ERR_MSG(extack, "no memory, grant mapping or event channel left");
			back_off(peer, COKEEPER_REASON_NO_RESOURCES);
			break;
		default:
			NL_SET_ERR_MSG(extack, "the offered pages or port cannot be used");
			back_off(peer, COKEEPER_REASON_BAD_OFFER);
		}
		return PTR_ERR(ch);
	}
	if (!adopt(peer, ch)) {
		NL_SET_ERR_MSG(extack, "channels take all the memory that they may");
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return -ENOSPC;
	}
	connected(peer);
	return 0;
}

/**
 * ck_peer_republish_offers() - tell a new helper what its predecessor may not
 *	have carried
 * @ck: the device, locked
 */
void ck_peer_republish_offers(struct ck_dev *ck)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->state == COKEEPER_STATE_OFFERED)
			ck_netlink_send_offer(peer, peer->ch, false);
}

/**
 * ck_peer_goodbye_all() - stop sending to all peers, and tell them
 * @ck: the device, locked
 *
 * What closes the channels then does not make one peer wait for another.
 */
void ck_peer_goodbye_all(struct ck_dev *ck)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	hash_for_each(ck->peers, bucket, peer, node) {
		RCU_INIT_POINTER(peer->channel, NULL);
		if (peer->ch)
			ck_channel_goodbye(peer->ch);
	}
}

/**
 * ck_peer_close_all() - end all channels
 * @ck: the device, locked
 * @reason: why
 */
void ck_peer_close_all(struct ck_dev *ck, enum cokeeper_reason reason)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	ck_peer_goodbye_all(ck);
	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->ch)
			disconnect(peer, reason,
				   peer->state == COKEEPER_STATE_CONNECTED);
}

/**
 * ck_peer_forget_all() - take all peers out
 * @ck: the device, locked
 * @cause: why, for listeners
 */
void ck_peer_forget_all(struct ck_dev *ck, enum cokeeper_cause cause)
{
	struct hlist_node *next;
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	ck_peer_goodbye_all(ck);
	hash_for_each_safe(ck->peers, bucket, next, peer, node)
		del(peer, cause, peer->state == COKEEPER_STATE_CONNECTED);
}
