// SPDX-License-Identifier: GPL-2.0
/* A co-located guest: the entry of a device's peer table. */

#include <linux/slab.h>

#include "account.h"
#include "peer.h"
#include "sources.h"

struct workqueue_struct *ck_wq;

/* All that an idle peer takes, and there may be thousands. */
static_assert(sizeof(struct ck_peer) <= 512);

/**
 * ck_peer_alloc() - make a peer that is in no table yet
 * @ck: its device
 * @id: who it is
 * @work: moves its channel's state on; called with a reference that it gives back
 * Return: the peer with one reference, or NULL.
 */
struct ck_peer *ck_peer_alloc(struct ck_dev *ck, const struct ck_peer_id *id,
			      work_func_t work)
{
	struct ck_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);

	if (!peer)
		return NULL;
	kref_init(&peer->ref);
	peer->ck = ck;
	netdev_hold(ck->dev, &peer->dev_tracker, GFP_KERNEL);
	peer->id = *id;
	peer->account = ck_account_get(id->domid);
	peer->state = COKEEPER_STATE_IDLE;
	peer->reason = COKEEPER_REASON_NO_TRAFFIC;
	peer->retry_at = jiffies;
	peer->wait_again = jiffies;
	INIT_DELAYED_WORK(&peer->work, work);
	return peer;
}

/**
 * ck_peer_lookup() - find a peer
 * @ck: the device
 * @mac: the peer's hardware address
 * Return: the peer, under RCU or the device's lock and with no reference, or NULL.
 */
struct ck_peer *ck_peer_lookup(struct ck_dev *ck, const u8 *mac)
{
	struct ck_peer *peer;

	hlist_for_each_entry_rcu(peer, ck_peer_bucket(ck, mac), node,
				 lockdep_is_held(&ck->lock))
		if (ether_addr_equal(peer->id.mac, mac))
			return peer;
	return NULL;
}

static void peer_release(struct kref *ref)
{
	struct ck_peer *peer = container_of(ref, struct ck_peer, ref);

	ck_account_put(peer->account);
	ck_sources_set(&peer->sources, NULL);
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
 * ck_peer_kick() - run a peer's work now
 * @peer: the peer, under RCU or with a reference; any context
 */
void ck_peer_kick(struct ck_peer *peer)
{
	/* The queued work has a reference of its own. */
	if (kref_get_unless_zero(&peer->ref) &&
	    mod_delayed_work(ck_wq, &peer->work, 0))
		ck_peer_put(peer);
}

/**
 * ck_peer_kick_later() - run a peer's work in a while, if it is not due earlier
 * @peer: the peer, under RCU or with a reference; any context
 * @delay: in jiffies
 */
void ck_peer_kick_later(struct ck_peer *peer, unsigned long delay)
{
	if (kref_get_unless_zero(&peer->ref) &&
	    !queue_delayed_work(ck_wq, &peer->work, delay))
		ck_peer_put(peer);
}

/**
 * ck_peer_want() - a packet has no channel to take; it is counted
 * @peer: the peer, under RCU
 */
void ck_peer_want(struct ck_peer *peer)
{
	ck_peer_count_fallback(peer, CK_TX_FALLBACK_NO_CHANNEL);
	if (READ_ONCE(peer->wanted) || READ_ONCE(peer->ck->inactive) ||
	    time_before(jiffies, READ_ONCE(peer->retry_at)))
		return;
	WRITE_ONCE(peer->wanted, true);
	ck_peer_kick(peer);
}
