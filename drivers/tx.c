// SPDX-License-Identifier: GPL-2.0
/* The sending side of a lane. */

#include <linux/virtio_net.h>

#include "busypoll.h"
#include "lane.h"
#include "sources.h"
#include "steer.h"

/* How long a packet waits for space at most. A local sender's socket is charged for that
 * time, and no longer.
 */
#define WAIT_MSECS	20
/* After that none waits for the peer for this long: it holds senders 1 part in 200 of the time. */
#define WAIT_AGAIN	(4 * HZ)
/* Memory of packets that may wait; what comes beyond takes the lower device. */
#define PENDING_MAX	0x800000u
/* What a receiver understands: TCP, as the lower device knows it. */
#define GSO_TYPES	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_DODGY)

/* Pages of a packet are addressed without being mapped. */
static_assert(!IS_ENABLED(CONFIG_HIGHMEM));

/* When (jiffies) the waiting of a packet ends; the control block is ours. */
static unsigned long *deadline(struct sk_buff *skb)
{
	return (unsigned long *)skb->cb;
}

/* Is it time for the first packet that waits to take the lower device? */
static bool tx_late(const struct ck_tx *tx)
{
	struct sk_buff *first = skb_peek(&tx->pending);

	lockdep_assert_held(&tx->lock);
	return first && time_after_eq(jiffies, *deadline(first));
}

/* Have the watchdog look after what waits. */
static void tx_start_timer(struct ck_tx *tx)
{
	long left = *deadline(skb_peek(&tx->pending)) - jiffies;

	hrtimer_start(&tx->timer, ms_to_ktime(jiffies_to_msecs(max(left, 0L))),
		      HRTIMER_MODE_REL_SOFT);
}

/* Describe a packet; false for one that a ring does not carry. */
static bool frame_from_skb(const struct sk_buff *skb, struct ck_frame *frame)
{
	BUILD_BUG_ON(sizeof(struct virtio_net_hdr) > sizeof(frame->vnet_hdr));
	memset(frame, 0, sizeof(*frame));
	frame->len = skb->len;
	return skb->len <= CK_FRAME_MAX &&
	       !(skb_is_gso(skb) && (skb_shinfo(skb)->gso_type & ~GSO_TYPES)) &&
	       !virtio_net_hdr_from_skb(skb, (struct virtio_net_hdr *)frame->vnet_hdr,
					virtio_legacy_is_little_endian(), true, 0);
}

static u32 copy_from_skb(struct ck_ring *ring, u32 pos, const struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	const struct sk_buff *part;
	unsigned int i;

	pos = ck_ring_write(ring, pos, skb->data, skb_headlen(skb));
	for (i = 0; i < info->nr_frags; i++)
		pos = ck_ring_write(ring, pos, skb_frag_address(&info->frags[i]),
				    skb_frag_size(&info->frags[i]));
	skb_walk_frags(skb, part)
		pos = copy_from_skb(ring, pos, part);
	return pos;
}

/* Do what the lower device's driver would do with a packet that it sends: let taps see
 * it, and stamp it. There is no PHY that skb_tx_timestamp() would ask.
 */
static void tx_tap(struct net_device *lower, struct sk_buff *skb)
{
	if (skb->dev == lower && unlikely(dev_nit_active(lower))) {
		__skb_push(skb, ETH_HLEN);
		dev_queue_xmit_nit(skb, lower);
		__skb_pull(skb, ETH_HLEN);
	}
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SW_TSTAMP))
		skb_tstamp_tx(skb, NULL);
}

/* Put a packet into the ring. Returns 0, -ENOSPC if it must wait, or -EPROTO if the peer
 * broke the rules.
 */
static int tx_push(struct ck_lane *lane, struct sk_buff *skb, const struct ck_frame *frame)
{
	struct ck_dev *ck = lane->peer->ck;
	struct ck_tx *tx = &lane->tx;
	int err;

	lockdep_assert_held(&tx->lock);
	err = ck_ring_reserve(&tx->ring, skb->len);
	if (err)
		return err;
	tx_tap(ck->lower, skb);
	copy_from_skb(&tx->ring, ck_ring_frame(&tx->ring, frame), skb);
	WRITE_ONCE(tx->last_used, jiffies);
	WRITE_ONCE(tx->packets, tx->packets + 1);
	WRITE_ONCE(tx->bytes, tx->bytes + skb->len);
	dev_sw_netstats_tx_add(ck->dev, 1, skb->len);
	return 0;
}

static void tx_publish(struct ck_lane *lane)
{
	if (ck_ring_publish(&lane->tx.ring))
		ck_evtchn_notify(&lane->evtchn);
}

static void tx_break(struct ck_lane *lane)
{
	WRITE_ONCE(lane->tx.broken, true);
	ck_peer_kick(lane->peer);
}

/* Move waiting packets into the ring as far as they fit. If some are left, the poller looks
 * for space, or an event is asked for. Packets to be freed without the lock go to @done.
 */
static void tx_flush(struct ck_lane *lane, struct sk_buff_head *done)
{
	struct ck_tx *tx = &lane->tx;
	struct ck_frame frame;
	struct sk_buff *skb;

	lockdep_assert_held(&tx->lock);
	while ((skb = skb_peek(&tx->pending))) {
		u32 len;
		int err;

		frame_from_skb(skb, &frame);
		err = tx_push(lane, skb, &frame);
		if (err == -ENOSPC) {
			tx_publish(lane);
			/* Not at each few frames that the peer takes. */
			len = max(skb->len, tx->ring.size / 4);
			/* Pairs with the barrier in enable_event(): either the poller
			 * sees that packets wait, or we see that it does not poll.
			 */
			smp_mb();
			if (ck_ring_wait_space(&tx->ring, len,
					       !READ_ONCE(lane->source.no_event)))
				continue;
			return;
		}
		if (err) {
			tx_break(lane);
			return;
		}
		__skb_unlink(skb, &tx->pending);
		WRITE_ONCE(tx->pending_bytes, tx->pending_bytes - skb->truesize);
		if (!ck_tx_defer_add(&lane->queue->tx_defer, skb, done))
			__skb_queue_tail(done, skb);
	}
	tx_publish(lane);
}

/* Take all packets that wait, to have them sent without the lock. */
static void tx_take_pending(struct ck_tx *tx, struct sk_buff_head *list)
{
	lockdep_assert_held(&tx->lock);
	skb_queue_splice_init(&tx->pending, list);
	WRITE_ONCE(tx->pending_bytes, 0);
}

static void fall_back_all(struct ck_peer *peer, struct sk_buff_head *list, enum ck_stat why)
{
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = __skb_dequeue(list))) {
		ck_peer_count_fallback(peer, why);
		ck_fallback(peer->ck, skb);
	}
	local_bh_enable();
}

/* The watchdog. What waits moves on if there is space, as when an event was lost; else it
 * falls back, even if the peer takes a little now and then.
 */
static enum hrtimer_restart ck_tx_timeout(struct hrtimer *timer)
{
	struct ck_lane *lane = container_of(timer, struct ck_lane, tx.timer);
	struct ck_tx *tx = &lane->tx;
	struct sk_buff_head done, late;

	__skb_queue_head_init(&done);
	__skb_queue_head_init(&late);
	spin_lock(&tx->lock);
	if (tx_late(tx))
		WRITE_ONCE(lane->peer->wait_again, jiffies + WAIT_AGAIN);
	if (!tx->closing && !tx->broken)
		tx_flush(lane, &done);
	if (tx_late(tx)) {
		tx_take_pending(tx, &late);
		WRITE_ONCE(tx->stalled, true);
		/* Nothing tells of a peer that is gone: its event channel is looked at. */
		ck_peer_kick(lane->peer);
	} else if (!skb_queue_empty(&tx->pending)) {
		tx_start_timer(tx);
	}
	spin_unlock(&tx->lock);
	ck_consume_all(&done);
	fall_back_all(lane->peer, &late, CK_TX_FALLBACK_TIMEOUT);
	return HRTIMER_NORESTART;
}

/* Have a packet wait for space. */
static void tx_wait(struct ck_lane *lane, struct sk_buff *skb, struct sk_buff_head *done)
{
	struct ck_tx *tx = &lane->tx;
	bool first = skb_queue_empty(&tx->pending);

	lockdep_assert_held(&tx->lock);
	ck_count(lane->peer->ck, CK_TX_RING_FULL);
	*deadline(skb) = jiffies + msecs_to_jiffies(WAIT_MSECS);
	__skb_queue_tail(&tx->pending, skb);
	WRITE_ONCE(tx->pending_bytes, tx->pending_bytes + skb->truesize);
	if (!first)
		return;
	/* One that is due earlier looks when it is to run again. */
	if (!hrtimer_is_queued(&tx->timer))
		tx_start_timer(tx);
	tx_flush(lane, done);
}

/* Does the lane not take a packet, and @why? What is shared with the peer is there only until
 * the lane is closing.
 */
static bool tx_refuses(struct ck_lane *lane, const struct sk_buff *skb, enum ck_stat *why)
{
	struct ck_tx *tx = &lane->tx;

	lockdep_assert_held(&tx->lock);
	*why = CK_TX_FALLBACK_CLOSED;
	if (unlikely(tx->closing || tx->broken))
		return true;
	*why = CK_TX_FALLBACK_SIZE;
	if (unlikely(!skb_is_gso(skb) &&
		     skb->len > READ_ONCE(lane->control->end[!lane->role].mtu)))
		return true;
	if (likely(!tx->stalled))
		return false;
	*why = CK_TX_FALLBACK_STALLED;
	WRITE_ONCE(tx->stalled, !ck_ring_drained(&tx->ring));
	return tx->stalled;
}

/**
 * ck_tx_xmit() - send a packet to the peer
 * @lane: the lane, under RCU; bottom halves are off
 * @skb: an IP packet that the lower device would send as it is, data at its network
 *	header; consumed whatever becomes of it
 *
 * A packet that finds no space waits in order with its socket's memory still charged, which
 * is what slows the sender down, but no longer than WAIT_MSECS.
 */
void ck_tx_xmit(struct ck_lane *lane, struct sk_buff *skb)
{
	enum ck_stat why = CK_TX_FALLBACK_UNSUPPORTED;
	struct ck_tx *tx = &lane->tx;
	struct sk_buff_head done;
	struct ck_frame frame;
	int err;

	__skb_queue_head_init(&done);
	if (unlikely(!frame_from_skb(skb, &frame)))
		goto fall_back;
	if (unlikely(!ck_sources_allow(rcu_dereference(lane->peer->ck->sources), skb))) {
		why = CK_TX_FALLBACK_SOURCE;
		goto fall_back;
	}
	spin_lock(&tx->lock);
	if (tx_refuses(lane, skb, &why))
		goto unlock;
	err = skb_queue_empty(&tx->pending) ? tx_push(lane, skb, &frame) : -ENOSPC;
	if (likely(!err)) {
		tx_publish(lane);
		ck_busypoll_traffic(lane->queue, &lane->source);
		if (ck_tx_defer_add(&lane->queue->tx_defer, skb, &done))
			skb = NULL;
	} else if (err == -EPROTO) {
		tx_break(lane);
		why = CK_TX_FALLBACK_CLOSED;
		goto unlock;
	} else if (tx->pending_bytes + skb->truesize > PENDING_MAX ||
		   time_before(jiffies, READ_ONCE(lane->peer->wait_again))) {
		/* What comes next does not overtake what is in the ring. */
		WRITE_ONCE(tx->stalled, skb_queue_empty(&tx->pending));
		why = CK_TX_FALLBACK_FULL;
		goto unlock;
	} else {
		tx_wait(lane, skb, &done);
		skb = NULL;
	}
	spin_unlock(&tx->lock);
	ck_consume_all(&done);
	consume_skb(skb);
	return;

unlock:
	spin_unlock(&tx->lock);
fall_back:
	ck_peer_count_fallback(lane->peer, why);
	ck_fallback(lane->peer->ck, skb);
}

/**
 * ck_tx_flush() - send what waits: the peer made space, or said something else
 * @lane: the lane; bottom halves are off
 * Return: true if there was anything.
 */
bool ck_tx_flush(struct ck_lane *lane)
{
	struct ck_tx *tx = &lane->tx;
	struct sk_buff_head done;

	if (!READ_ONCE(tx->pending_bytes))
		return false;
	__skb_queue_head_init(&done);
	spin_lock(&tx->lock);
	if (!tx->closing && !tx->broken)
		tx_flush(lane, &done);
	spin_unlock(&tx->lock);
	ck_consume_all(&done);
	return true;
}

/**
 * ck_tx_goodbye() - put nothing more into the ring
 * @lane: the lane; may sleep
 *
 * What waits takes the lower device, and the timer runs no more.
 *
 * Return: true if it was not so before.
 */
bool ck_tx_goodbye(struct ck_lane *lane)
{
	struct ck_tx *tx = &lane->tx;
	struct sk_buff_head pending;
	bool done;

	__skb_queue_head_init(&pending);
	spin_lock_bh(&tx->lock);
	done = tx->closing;
	WRITE_ONCE(tx->closing, true);
	tx_take_pending(tx, &pending);
	spin_unlock_bh(&tx->lock);
	hrtimer_cancel(&tx->timer);
	fall_back_all(lane->peer, &pending, CK_TX_FALLBACK_CLOSED);
	return !done;
}

/**
 * ck_tx_init() - set a lane's sending side up, with no ring yet
 * @lane: the lane, zeroed but for what it belongs to
 */
void ck_tx_init(struct ck_lane *lane)
{
	struct ck_tx *tx = &lane->tx;

	tx->last_used = jiffies;
	spin_lock_init(&tx->lock);
	__skb_queue_head_init(&tx->pending);
	hrtimer_setup(&tx->timer, ck_tx_timeout, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}
