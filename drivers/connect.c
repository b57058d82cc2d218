// SPDX-License-Identifier: GPL-2.0
/* What becomes of the channel to a peer: offered or taken, connected, and ended. */

#include <linux/mm.h>

#include "account.h"
#include "channel.h"
#include "connect.h"
#include "../netlink/notify.h"

/* How long an offer stands. */
#define OFFER_TIME	(5 * HZ)
/* After a failure the next attempt waits this long, doubled each time. */
#define BACKOFF_MIN	HZ
#define BACKOFF_MAX	(64 * HZ)
/* A channel that lived this long wipes earlier failures out. */
#define STABLE_TIME	(60 * HZ)
/* A channel that nothing has used for this long is given back. */
#define IDLE_TIME	(600 * HZ)
/* When memory is short, a channel is given up unless it was used within this time. */
#define BUSY_TIME	HZ
/* No channel is given up for a domain that has one part in so many of the memory. */
#define MEMORY_SHARES	3

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

static bool quarantined(const struct ck_peer *peer)
{
	return ck_account_quarantine(peer->account, NULL);
}

/* The peer's domain is in quarantine: so is the peer, until that is over, also as another
 * instance, or with another interface.
 */
static void enter_quarantine(struct ck_peer *peer)
{
	enum cokeeper_reason why;

	WRITE_ONCE(peer->retry_at, jiffies + ck_account_quarantine(peer->account, &why));
	WRITE_ONCE(peer->wanted, false);
	set_state(peer, COKEEPER_STATE_BACKOFF, why);
}

/* May a channel be made now? If there were too many of late, the peer is in quarantine. */
static bool may_attempt(struct ck_peer *peer)
{
	bool was_quarantined = quarantined(peer);

	if (!was_quarantined && ck_account_attempt(peer->account))
		return true;
	enter_quarantine(peer);
	if (!was_quarantined)
		ck_notify_peer(peer, COKEEPER_EVENT_QUARANTINE, COKEEPER_CAUSE_NONE);
	return false;
}

/**
 * ck_connect_sign_of_life() - the peer was heard of: end a back-off, but for quarantine
 * @peer: the peer, its device locked
 */
void ck_connect_sign_of_life(struct ck_peer *peer)
{
	lockdep_assert_held(&peer->ck->lock);
	if (peer->state != COKEEPER_STATE_BACKOFF || quarantined(peer))
		return;
	peer->failures = 0;
	WRITE_ONCE(peer->retry_at, jiffies);
	set_state(peer, COKEEPER_STATE_IDLE, COKEEPER_REASON_NO_TRAFFIC);
}

/* Take the channel out of use, in whatever state it is: senders fall back from
 * here on. Then listeners are told, and only then is it freed, which takes longer.
 */
static void unlink_channel(struct ck_peer *peer)
{
	lockdep_assert_held(&peer->ck->lock);
	RCU_INIT_POINTER(peer->tx_channel, NULL);
	if (peer->state == COKEEPER_STATE_OFFERED)
		ck_notify_offer(peer, true);
}

/* End the channels that are over and have nothing in flight any more, or whose time has come.
 * Returns how long (jiffies) until the next one's comes, 0 if there is none.
 */
static unsigned long end_drained(struct ck_dev *ck)
{
	struct ck_channel *ch, *next;
	unsigned long left = 0;

	lockdep_assert_held(&ck->lock);
	list_for_each_entry_safe(ch, next, &ck->draining, draining) {
		if (ck_channel_drained(ch)) {
			list_del(&ch->draining);
			ck_channel_end(ch);
		} else if (!left || time_before(ch->end_by, jiffies + left)) {
			left = max(1ul, ch->end_by - jiffies);
		}
	}
	if (left)
		queue_delayed_work(ck_wq, &ck->drain, left);
	return left;
}

/**
 * ck_connect_drain() - end the channels that are over
 * @work: the device's; queued again while there are some
 */
void ck_connect_drain(struct work_struct *work)
{
	struct ck_dev *ck = container_of(work, struct ck_dev, drain.work);

	mutex_lock(&ck->lock);
	end_drained(ck);
	mutex_unlock(&ck->lock);
}

/**
 * ck_connect_wait_drained() - wait until the channels that are over have ended
 * @ck: the device, inactive, so that no other channel comes; not locked
 *
 * The work may be frozen, so they are ended here.
 */
void ck_connect_wait_drained(struct ck_dev *ck)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	unsigned long left;

	add_wait_queue(&ck->drained, &wait);
	do {
		mutex_lock(&ck->lock);
		left = end_drained(ck);
		mutex_unlock(&ck->lock);
		if (left)
			wait_woken(&wait, TASK_UNINTERRUPTIBLE, left);
	} while (left);
	remove_wait_queue(&ck->drained, &wait);
}

static void close_channel(struct ck_peer *peer, bool drain)
{
	struct ck_channel *ch = peer->channel;

	if (!ch)
		return;
	peer->channel = NULL;
	if (!drain) {
		ck_channel_end(ch);
		return;
	}
	ck_channel_goodbye(ch);
	list_add_tail(&ch->draining, &peer->ck->draining);
	mod_delayed_work(ck_wq, &peer->ck->drain, 0);
}

/* The channel is over for a reason that is nobody's fault. */
static void disconnect(struct ck_peer *peer, enum cokeeper_reason reason,
		       bool drain)
{
	bool was_connected = peer->state == COKEEPER_STATE_CONNECTED;

	unlink_channel(peer);
	set_state(peer, COKEEPER_STATE_IDLE, reason);
	/* A peer that has just closed is most likely on its way out, and what made room for
	 * another is not to have it back at once.
	 */
	WRITE_ONCE(peer->retry_at, jiffies +
		   (reason == COKEEPER_REASON_PEER_CLOSED ||
		    reason == COKEEPER_REASON_NO_RESOURCES ? BACKOFF_MIN : 0));
	WRITE_ONCE(peer->wanted, false);
	if (was_connected)
		ck_notify_peer(peer, COKEEPER_EVENT_DISCONNECT, COKEEPER_CAUSE_NONE);
	close_channel(peer, drain);
}

/* The channel is over, and the next attempt has to wait. */
static void fail(struct ck_peer *peer, enum cokeeper_reason reason)
{
	bool was_connected = peer->state == COKEEPER_STATE_CONNECTED;

	unlink_channel(peer);
	back_off(peer, reason);
	if (was_connected)
		ck_notify_peer(peer, COKEEPER_EVENT_DISCONNECT, COKEEPER_CAUSE_NONE);
	close_channel(peer, false);
}

/* The peer broke the protocol. */
static void breach(struct ck_peer *peer)
{
	unlink_channel(peer);
	ck_account_breach(peer->account);
	enter_quarantine(peer);
	ck_notify_peer(peer, COKEEPER_EVENT_QUARANTINE, COKEEPER_CAUSE_NONE);
	close_channel(peer, false);
}

static void connected(struct ck_peer *peer)
{
	/* From here on, retry_at says when this channel counts as a stable one. */
	WRITE_ONCE(peer->retry_at, jiffies + STABLE_TIME);
	set_state(peer, COKEEPER_STATE_CONNECTED, COKEEPER_REASON_NONE);
	rcu_assign_pointer(peer->tx_channel, peer->channel);
	queue_delayed_work(ck_wq, &peer->ck->reclaim, IDLE_TIME);
	ck_notify_peer(peer, COKEEPER_EVENT_CONNECT, COKEEPER_CAUSE_NONE);
}

/* What all channels take, but for those that are about to end. */
static unsigned long pages_used(struct ck_dev *ck)
{
	unsigned long nr = ck_account_pages();
	struct ck_channel *ch;

	list_for_each_entry(ch, &ck->draining, draining)
		nr -= ck_channel_pages(ch);
	return nr;
}

static bool idle(const struct ck_peer *peer)
{
	return peer->state == COKEEPER_STATE_CONNECTED &&
	       time_after_eq(jiffies, ck_channel_used(peer->channel) + BUSY_TIME);
}

/* What would come free if all channels that are not in use were given back. */
static unsigned long idle_pages(struct ck_dev *ck)
{
	unsigned long nr = 0;
	struct ck_peer *peer;
	unsigned int bucket;

	hash_for_each(ck->peers, bucket, peer, node)
		if (idle(peer))
			nr += ck_channel_pages(peer->channel);
	return nr;
}

/* The connected peer whose channel has not been used for the longest time. */
static struct ck_peer *least_recently_used(struct ck_dev *ck)
{
	struct ck_peer *peer, *oldest = NULL;
	unsigned int bucket;

	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->state == COKEEPER_STATE_CONNECTED &&
		    (!oldest || time_before(ck_channel_used(peer->channel),
					    ck_channel_used(oldest->channel))))
			oldest = peer;
	return oldest;
}

/* Give channels back that are not in use, until so many pages will come free. If there are too
 * few, false, and all are kept.
 */
static bool make_room(struct ck_dev *ck, unsigned long pages)
{
	struct ck_peer *victim;
	unsigned long got = 0;

	if (idle_pages(ck) < pages)
		return false;
	while (got < pages) {
		victim = least_recently_used(ck);
		if (!victim)
			break;
		got += ck_channel_pages(victim->channel);
		ck_account_unattempt(victim->account);
		disconnect(victim, COKEEPER_REASON_NO_RESOURCES, true);
	}
	return true;
}

/* Take a channel that was just made, if there is memory for it, or others give it back. They
 * do not for a domain that has a share already, be it in pages that it does not give back.
 */
static int adopt(struct ck_peer *peer, struct ck_channel *ch)
{
	unsigned long max, used, held;
	struct ck_dev *ck = peer->ck;

	lockdep_assert_held(&ck->lock);
	max = totalram_pages() * ck->memory_share / 100;
	held = ck_account_held(peer->account, CK_GRANTS) +
	       ck_account_held(peer->account, CK_MAPPED);
	/* No page or port is left for it; there may be if another gives its back. */
	if (IS_ERR(ch)) {
		if (PTR_ERR(ch) == -ENOSPC && held <= max / MEMORY_SHARES)
			make_room(ck, 1);
		return PTR_ERR(ch);
	}
	held -= ck_channel_pages(ch);
	used = pages_used(ck);
	if (used > max && (held > max / MEMORY_SHARES || !make_room(ck, used - max))) {
		ck_channel_end(ch);
		return -ENOMEM;
	}
	peer->channel = ch;
	return 0;
}

/**
 * ck_connect_reclaim() - give idle channels back
 * @work: the device's; queued again while there are channels
 */
void ck_connect_reclaim(struct work_struct *work)
{
	struct ck_dev *ck = container_of(work, struct ck_dev, reclaim.work);
	struct ck_peer *peer;
	unsigned long due;

	mutex_lock(&ck->lock);
	while ((peer = least_recently_used(ck))) {
		due = ck_channel_used(peer->channel) + IDLE_TIME;
		if (time_before(jiffies, due)) {
			queue_delayed_work(ck_wq, &ck->reclaim, due - jiffies);
			break;
		}
		disconnect(peer, COKEEPER_REASON_NO_TRAFFIC, true);
	}
	mutex_unlock(&ck->lock);
}

static void make_offer(struct ck_peer *peer)
{
	struct ck_dev *ck = peer->ck;

	if (!ck->helper) {
		back_off(peer, COKEEPER_REASON_NO_HELPER);
		return;
	}
	if (!may_attempt(peer))
		return;
	if (adopt(peer, ck_channel_offer(peer, ++ck->next_offer))) {
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return;
	}
	set_state(peer, COKEEPER_STATE_OFFERED, COKEEPER_REASON_CONNECTING);
	WRITE_ONCE(peer->retry_at, jiffies + OFFER_TIME);
	ck_peer_kick_later(peer, OFFER_TIME);
	ck_notify_offer(peer, false);
}

static void work_offered(struct ck_peer *peer)
{
	if (ck_channel_any(peer->channel, ck_lane_broken)) {
		breach(peer);
		return;
	}
	switch (ck_lane_peer_state(&peer->channel->lane[0])) {
	case CK_END_INIT:
		if (time_before(jiffies, peer->retry_at))
			ck_peer_kick_later(peer, peer->retry_at - jiffies);
		else
			fail(peer, COKEEPER_REASON_OFFER_TIMEOUT);
		break;
	case CK_END_OPEN:
		ck_notify_offer(peer, true);
		ck_channel_trim(peer->channel);
		connected(peer);
		break;
	default:
		fail(peer, COKEEPER_REASON_BAD_OFFER);
	}
}

static void work_connected(struct ck_peer *peer)
{
	struct ck_channel *ch = peer->channel;

	/* We said goodbye, and whoever did so is about to close it: that the peer
	 * answers is no reason to wait before the next attempt.
	 */
	if (!rcu_access_pointer(peer->tx_channel))
		return;
	if (time_after_eq(jiffies, peer->retry_at))
		peer->failures = 0;
	if (ck_channel_any(ch, ck_lane_broken))
		breach(peer);
	else if (!ck_channel_is_open(ch))
		disconnect(peer, COKEEPER_REASON_PEER_CLOSED, true);
}

/**
 * ck_connect_work() - move a peer's channel on
 * @work: the peer's, queued with a reference that is given back
 */
void ck_connect_work(struct work_struct *work)
{
	struct ck_peer *peer = container_of(work, struct ck_peer, work.work);
	struct ck_dev *ck = peer->ck;

	mutex_lock(&ck->lock);
	if (!peer->gone) {
		switch (peer->state) {
		case COKEEPER_STATE_IDLE:
		case COKEEPER_STATE_BACKOFF:
			if (peer->wanted && !ck->inactive)
				make_offer(peer);
			else
				WRITE_ONCE(peer->wanted, false);
			break;
		case COKEEPER_STATE_OFFERED:
			work_offered(peer);
			break;
		case COKEEPER_STATE_CONNECTED:
			work_connected(peer);
			break;
		}
	}
	mutex_unlock(&ck->lock);
	ck_peer_put(peer);
}

/**
 * ck_connect_renewed() - the peer under a MAC is another guest, or was started anew
 * @peer: the peer, its device locked; the other end of its channel is gone
 * @id: who it is now
 */
void ck_connect_renewed(struct ck_peer *peer, const struct ck_peer_id *id)
{
	disconnect(peer, COKEEPER_REASON_NO_TRAFFIC, false);
	ck_account_put(peer->account);
	peer->account = ck_account_get(id->domid);
	peer->id.domid = id->domid;
	peer->id.instance = id->instance;
	peer->failures = 0;
}

/**
 * ck_connect_peer_left() - end the channel of a peer that was taken out of the table
 * @peer: the peer, its device locked
 * @cause: why, for listeners
 * @drain: wait for packets in flight
 */
void ck_connect_peer_left(struct ck_peer *peer, enum cokeeper_cause cause, bool drain)
{
	drain = drain && peer->state == COKEEPER_STATE_CONNECTED;
	unlink_channel(peer);
	set_state(peer, COKEEPER_STATE_IDLE, COKEEPER_REASON_PEER_LEFT);
	ck_notify_peer(peer, COKEEPER_EVENT_LEAVE, cause);
	close_channel(peer, drain);
	/* The device waits for all who hold the peer, which is not to take as long as
	 * an offer stands.
	 */
	if (cancel_delayed_work(&peer->work))
		ck_peer_put(peer);
}

/* May a peer's offer be taken now? Ends what stands against it. Returns 1, 0 if the offer
 * is known, late or loses, or a negative errno.
 */
static int may_accept(struct ck_peer *peer, u32 offer)
{
	struct ck_dev *ck = peer->ck;

	switch (peer->state) {
	case COKEEPER_STATE_OFFERED:
		/* If both ends offered at once, the offer of the lower MAC stands. */
		if (memcmp(ck->lower->dev_addr, peer->id.mac, ETH_ALEN) < 0)
			return 0;
		disconnect(peer, COKEEPER_REASON_CONNECTING, false);
		return 1;
	case COKEEPER_STATE_CONNECTED:
		if (peer->channel->lane[0].role == CK_ACCEPTOR && peer->channel->id == offer)
			return 0;
		/* A peer closes before it offers again: ours has crossed this older offer. */
		if (ck_channel_is_open(peer->channel))
			return 0;
		disconnect(peer, COKEEPER_REASON_PEER_CLOSED, false);
		return 1;
	default:
		return quarantined(peer) ? -EAGAIN : 1;
	}
}

static int accept_failed(struct ck_peer *peer, int err, struct netlink_ext_ack *extack)
{
	switch (err) {
	case -EPROTONOSUPPORT:
		back_off(peer, COKEEPER_REASON_VERSION);
		return ck_refuse(extack, err,
				 "the peer speaks another version of the channel protocol");
	case -EDQUOT:
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return ck_refuse(extack, err,
				 "the peer's domain has its share of pages or event channels already");
	case -ENOMEM:
	case -ENOSPC:
		back_off(peer, COKEEPER_REASON_NO_RESOURCES);
		return ck_refuse(extack, err, "no memory, grant mapping or event channel left");
	default:
		back_off(peer, COKEEPER_REASON_BAD_OFFER);
		return ck_refuse(extack, err, "the offered pages or port cannot be used");
	}
}

/**
 * ck_connect_offered() - a peer offers a channel
 * @ck: the device, locked
 * @id: the peer's mac and instance
 * @offer: its id
 * @gref: as for ck_channel_accept()
 * @port: as for ck_channel_accept()
 * @extack: says why not
 *
 * An open channel is not given up for an offer.
 *
 * Return: 0, also if the offer is known, late or loses; or a negative errno.
 */
int ck_connect_offered(struct ck_dev *ck, const struct ck_peer_id *id, u32 offer, u32 gref,
		       u32 port, struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;
	bool counted;
	int ret;

	lockdep_assert_held(&ck->lock);
	peer = ck_peer_lookup(ck, id->mac);
	if (!peer)
		return ck_refuse(extack, -ENOENT, "no such peer");
	if (peer->id.instance != id->instance)
		return ck_refuse(extack, -ESTALE, "the offer is of another instance of the peer");
	if (ck->inactive)
		return ck_refuse(extack, -ENETDOWN,
				 "the device is inactive: it or its lower device is down, or has a native XDP program");
	/* Where both ends offer, that is one attempt. */
	counted = peer->state == COKEEPER_STATE_OFFERED;
	ret = may_accept(peer, offer);
	if (ret == 0)
		return 0;
	if (ret < 0 || (counted ? quarantined(peer) : !may_attempt(peer)))
		return ck_refuse(extack, -EAGAIN, "the peer is in quarantine");

	ret = adopt(peer, ck_channel_accept(peer, offer, gref, port));
	if (ret)
		return accept_failed(peer, ret, extack);
	ck_channel_open(peer->channel);
	connected(peer);
	return 0;
}

/**
 * ck_connect_helper_bound() - tell a new helper what its predecessor may not have carried
 * @ck: the device, locked
 */
void ck_connect_helper_bound(struct ck_dev *ck)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	hash_for_each(ck->peers, bucket, peer, node) {
		if (peer->state == COKEEPER_STATE_OFFERED)
			ck_notify_offer(peer, false);
		else if (peer->reason == COKEEPER_REASON_NO_HELPER)
			ck_connect_sign_of_life(peer);
	}
}

/**
 * ck_connect_goodbye_all() - stop sending to all peers, and tell them
 * @ck: the device, locked
 *
 * The time that each has for what is in flight begins here.
 */
void ck_connect_goodbye_all(struct ck_dev *ck)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	hash_for_each(ck->peers, bucket, peer, node) {
		RCU_INIT_POINTER(peer->tx_channel, NULL);
		if (peer->channel)
			ck_channel_goodbye(peer->channel);
	}
}

/**
 * ck_connect_close_all() - end all channels
 * @ck: the device, locked
 * @reason: why
 */
void ck_connect_close_all(struct ck_dev *ck, enum cokeeper_reason reason)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	ck_connect_goodbye_all(ck);
	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->channel)
			disconnect(peer, reason,
				   peer->state == COKEEPER_STATE_CONNECTED);
}

/**
 * ck_connect_update_lanes() - have all lanes follow the lower device's MTU, and their
 *	queues' CPUs
 * @ck: the device, locked
 */
void ck_connect_update_lanes(struct ck_dev *ck)
{
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->channel)
			ck_channel_update(peer->channel);
}
