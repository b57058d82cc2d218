// SPDX-License-Identifier: GPL-2.0
/* A lane of a channel, from the offer to its end. */

#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "busypoll.h"
#include "lane.h"

#define RING_PAGES(size) ((size) / CK_RING_PAGE)

static irqreturn_t ck_lane_irq(int irq, void *arg)
{
	struct ck_lane *lane = arg;

	/* The first event comes before binding has returned the number. */
	lane->evtchn.irq = irq;
	WRITE_ONCE(lane->eoi_pending, true);
	ck_queue_schedule(lane->queue, &lane->source);
	return IRQ_HANDLED;
}

/**
 * ck_lane_peer_state() - what the other end says of itself
 * @lane: not closed, with a control page
 *
 * Return: an enum ck_end_state, or any other number that the peer wrote.
 */
u32 ck_lane_peer_state(const struct ck_lane *lane)
{
	/* Pairs with the peer's lane_set_state(). */
	return virt_load_acquire(&lane->control->end[!lane->role].state);
}

/**
 * ck_lane_broken() - did the peer break the rules?
 * @lane: the lane
 *
 * Return: true if it did.
 */
bool ck_lane_broken(const struct ck_lane *lane)
{
	return READ_ONCE(lane->rx.broken) || READ_ONCE(lane->tx.broken);
}

/**
 * ck_lane_stalled() - do packets take the lower device until the peer has taken more?
 * @lane: the lane, not closed; device lock held
 *
 * Return: true if they do.
 */
bool ck_lane_stalled(const struct ck_lane *lane)
{
	return READ_ONCE(lane->tx.stalled) &&
	       READ_ONCE(lane->tx.ring.shared->cons) != READ_ONCE(lane->tx.ring.prod);
}

static int ck_lane_poll(struct ck_source *source, int quota)
{
	struct ck_lane *lane = container_of(source, struct ck_lane, source);
	u32 state = ck_lane_peer_state(lane);
	int n;

	/* No event of a broken lane is let in again. */
	if (unlikely(ck_lane_broken(lane)))
		return 0;
	if (unlikely(state != lane->peer_state)) {
		lane->peer_state = state;
		lane->worked = true;
		ck_peer_kick(lane->peer);
	}
	if (ck_tx_flush(&lane->tx))
		lane->worked = true;

	n = ck_rx_poll(&lane->rx, quota);
	if (n) {
		lane->worked = true;
		ck_busypoll_traffic(lane->queue, source);
	}
	if (n < quota && READ_ONCE(lane->eoi_pending) && !ck_lane_broken(lane)) {
		WRITE_ONCE(lane->eoi_pending, false);
		ck_evtchn_eoi(&lane->evtchn, !lane->worked);
		lane->worked = false;
	}
	if (unlikely(READ_ONCE(lane->tx.closing)))
		wake_up(&lane->progress);
	return n;
}

static bool ck_lane_has_work(struct ck_source *source)
{
	const struct ck_lane *lane = container_of(source, struct ck_lane, source);

	return (ck_ring_has_data(&lane->rx.ring) ||
		(READ_ONCE(lane->tx.pending_bytes) && ck_ring_has_space(&lane->tx.ring))) &&
	       !ck_lane_broken(lane);
}

static void ck_lane_disable_event(struct ck_source *source)
{
	ck_ring_disable_event(&container_of(source, struct ck_lane, source)->rx.ring);
}

static bool ck_lane_enable_event(struct ck_source *source)
{
	struct ck_lane *lane = container_of(source, struct ck_lane, source);

	/* With a barrier, which pairs with tx_flush(). The poll asks for an event if
	 * packets still wait.
	 */
	return ck_ring_enable_event(&lane->rx.ring) || READ_ONCE(lane->tx.pending_bytes);
}

static const struct ck_source_ops lane_source_ops = {
	.poll		= ck_lane_poll,
	.has_work	= ck_lane_has_work,
	.disable_event	= ck_lane_disable_event,
	.enable_event	= ck_lane_enable_event,
};

/**
 * ck_lane_init() - set a lane up, with no pages yet
 * @lane: zeroed; given to ck_lane_close() in the end, whatever comes of it
 * @peer: to be at the other end
 * @queue: to serve it; started
 * @role: CK_OFFERER or CK_ACCEPTOR
 */
void ck_lane_init(struct ck_lane *lane, struct ck_peer *peer,
		  struct ck_queue *queue, unsigned int role)
{
	lane->peer = peer;
	lane->queue = queue;
	lane->role = role;
	init_waitqueue_head(&lane->progress);
	ck_source_init(&lane->source, &lane_source_ops);
	ck_tx_init(&lane->tx, peer, queue, &lane->evtchn, &lane->source);
	lane->rx.peer = peer;
	lane->rx.queue = queue;
	lane->rx.evtchn = &lane->evtchn;
	lane->rx.last_used = jiffies;
}

static void lane_set_state(struct ck_lane *lane, enum ck_end_state state)
{
	/* What was done before is visible to whom sees the state. */
	virt_store_release(&lane->control->end[lane->role].state, state);
}

/* The control page was checked or made, and the pages of the rings are there. */
static void attach_rings(struct ck_lane *lane, struct ck_control *control, u32 size)
{
	void **addr = lane->ring_pages.addr;

	ck_ring_init(&lane->tx.ring, &control->ring[lane->role],
		     addr + (lane->role ? RING_PAGES(size) : 0), size);
	ck_ring_init(&lane->rx.ring, &control->ring[!lane->role],
		     addr + (lane->role ? 0 : RING_PAGES(size)), size);
	lane->tx.peer_end = &control->end[!lane->role];
	lane->control = control;
	ck_lane_set_mtu(lane, READ_ONCE(lane->peer->ck->lower->mtu));
}

/**
 * ck_lane_set_mtu() - tell the peer what this end receives
 * @lane: with a control page; device lock held
 * @mtu: the lower device's
 */
void ck_lane_set_mtu(struct ck_lane *lane, u32 mtu)
{
	lockdep_assert_held(&lane->peer->ck->lock);
	/* Longer packets may be on their way. */
	WRITE_ONCE(lane->rx.mtu, max(lane->rx.mtu, mtu));
	WRITE_ONCE(lane->control->end[lane->role].mtu, mtu);
}

/**
 * ck_lane_offer() - make a lane for a peer to take
 * @lane: set up, ours to offer
 *
 * The grant reference and the port to be told to the peer are control_pages.ref[0] and
 * evtchn.port. Process context, device lock held.
 *
 * Return: 0 or a negative errno.
 */
int ck_lane_offer(struct ck_lane *lane)
{
	struct ck_peer *peer = lane->peer;
	u32 size = peer->ck->ring_size;
	unsigned int nr = 2 * RING_PAGES(size);
	struct ck_control *control;
	int err;

	BUILD_BUG_ON(offsetof(struct ck_control, end) != 64);
	BUILD_BUG_ON(struct_size(control, ref, 2 * RING_PAGES(CK_RING_MAX)) >
		     CK_RING_PAGE);
	lockdep_assert_held(&peer->ck->lock);
	err = ck_gntpages_grant(&lane->control_pages, peer->id.domid, 1) ?:
	      ck_gntpages_grant(&lane->ring_pages, peer->id.domid, nr);
	if (err)
		return err;

	control = lane->control_pages.addr[0];
	control->magic = CK_CONTROL_MAGIC;
	control->version = CK_PROTOCOL_VERSION;
	control->from = peer->ck->instance;
	control->to = peer->id.instance;
	control->ring_size = size;
	memcpy(control->ref, lane->ring_pages.ref, nr * sizeof(u32));
	attach_rings(lane, control, size);
	lane_set_state(lane, CK_END_OPEN);

	/* The handler may run from here on. */
	return ck_evtchn_alloc(&lane->evtchn, peer->id.domid,
			       ck_queue_cpu(lane->queue), ck_lane_irq,
			       peer->ck->dev->name, lane);
}

static int map_rings(struct ck_lane *lane, const struct ck_control *control)
{
	struct ck_peer *peer = lane->peer;
	u32 size = READ_ONCE(control->ring_size);
	u32 version = READ_ONCE(control->version);

	if (READ_ONCE(control->magic) != CK_CONTROL_MAGIC)
		return -EBADMSG;
	if (version != CK_PROTOCOL_VERSION)
		return -EPROTONOSUPPORT;
	if (READ_ONCE(control->from) != peer->id.instance ||
	    READ_ONCE(control->to) != peer->ck->instance)
		return -ESTALE;
	if (size < CK_RING_MIN || size > CK_RING_MAX || !is_power_of_2(size))
		return -EBADMSG;
	return ck_gntpages_map(&lane->ring_pages, peer->id.domid, control->ref,
			       2 * RING_PAGES(size)) ?: size;
}

/**
 * ck_lane_accept() - take a lane that a peer offered
 * @lane: set up, the peer's to offer
 * @gref: the peer's grant reference of the control page
 * @port: the peer's event channel port
 *
 * Nothing is written to a page before it was found to be a control page of this peer for
 * us. The peer learns of it by ck_lane_open(). Process context, device lock held.
 *
 * Return: 0, -EBADMSG for a control page that is none, -EPROTONOSUPPORT for
 * another version of it, -ESTALE if it is meant for other instances, or what
 * mapping it failed with.
 */
int ck_lane_accept(struct ck_lane *lane, u32 gref, u32 port)
{
	struct ck_peer *peer = lane->peer;
	struct ck_control *control;
	int err, size;

	lockdep_assert_held(&peer->ck->lock);
	err = ck_gntpages_map(&lane->control_pages, peer->id.domid, &gref, 1);
	if (err)
		return err;
	control = lane->control_pages.addr[0];
	size = map_rings(lane, control);
	if (size < 0)
		return size;
	attach_rings(lane, control, size);
	return ck_evtchn_bind(&lane->evtchn, peer->id.domid, port,
			      ck_queue_cpu(lane->queue), ck_lane_irq,
			      peer->ck->dev->name, lane);
}

/* Tell the peer, if there is one and a way to do so. */
static void lane_tell(struct ck_lane *lane, enum ck_end_state state)
{
	if (lane->control)
		lane_set_state(lane, state);
	if (lane->evtchn.irq)
		ck_evtchn_notify(&lane->evtchn);
}

/**
 * ck_lane_open() - tell the peer that a lane was taken
 * @lane: accepted
 */
void ck_lane_open(struct ck_lane *lane)
{
	lane_tell(lane, CK_END_OPEN);
}

/**
 * ck_lane_goodbye() - stop sending, and tell the peer to do the same
 * @lane: the lane; packets that waited for space take the lower device
 *
 * Process context. May be called again without effect.
 */
void ck_lane_goodbye(struct ck_lane *lane)
{
	if (ck_tx_goodbye(&lane->tx))
		lane_tell(lane, CK_END_CLOSING);
}

/* Nothing is in flight any more, in either direction. */
static bool lane_quiet(struct ck_lane *lane)
{
	u32 state = ck_lane_peer_state(lane);

	if (ck_lane_broken(lane) || state == CK_END_CLOSED)
		return true;
	/* Only once the peer sends nothing more does an empty ring stay empty. */
	return state >= CK_END_CLOSING && ck_ring_drained(&lane->tx.ring) &&
	       READ_ONCE(lane->rx.ring.shared->prod) == READ_ONCE(lane->rx.ring.cons);
}

/**
 * ck_lane_drain() - wait for packets in flight and for the peer's goodbye
 * @lane: a lane that goodbye was said on
 * @time: jiffies to wait at most
 *
 * The poll goes on; it wakes us after each turn.
 *
 * Return: what is left of @time.
 */
long ck_lane_drain(struct ck_lane *lane, long time)
{
	return wait_event_timeout(lane->progress, lane_quiet(lane), time);
}

/**
 * ck_lane_last_used() - when was a packet last sent or received?
 * @lane: the lane
 *
 * Return: that time in jiffies.
 */
unsigned long ck_lane_last_used(const struct ck_lane *lane)
{
	unsigned long tx = READ_ONCE(lane->tx.last_used);
	unsigned long rx = READ_ONCE(lane->rx.last_used);

	return time_after(tx, rx) ? tx : rx;
}

/**
 * ck_lane_add_stats() - add what went through a lane
 * @lane: in any state
 * @sum: what it is added to
 */
void ck_lane_add_stats(const struct ck_lane *lane, struct ck_traffic *sum)
{
	sum->tx_packets += READ_ONCE(lane->tx.packets);
	sum->tx_bytes += READ_ONCE(lane->tx.bytes);
	sum->rx_packets += READ_ONCE(lane->rx.packets);
	sum->rx_bytes += READ_ONCE(lane->rx.bytes);
	sum->rx_dropped += READ_ONCE(lane->rx.dropped);
}

/**
 * ck_lane_close() - end a lane and give all of it back
 * @lane: in any state; senders that still find it see that it is closing, and
 *	nothing else of it
 *
 * Process context, device lock held.
 *
 * Return: the number of pages that the peer still maps.
 */
unsigned int ck_lane_close(struct ck_lane *lane)
{
	unsigned int kept;

	lockdep_assert_held(&lane->peer->ck->lock);
	/* 1. Nobody puts anything into the ring, nor reads the control page: senders check
	 *    closing first, under the lock under which goodbye set it. Then the timer does
	 *    not run any more.
	 */
	ck_lane_goodbye(lane);
	/* 2. The peer learns that we are off while there is a way to tell it. */
	lane_tell(lane, CK_END_CLOSED);
	/* 3. Neither the poller nor an interrupt makes the lane ready any more; a poll
	 *    that has it already, and sends events, ends before the event channel does.
	 */
	ck_busypoll_remove(lane->queue, &lane->source);
	ck_queue_remove(lane->queue, &lane->source);
	ck_evtchn_close(&lane->evtchn, lane);
	/* 4. Nothing touches the pages any more. */
	ck_lane_add_stats(lane, &lane->peer->closed_stats);
	ck_lane_add_stats(lane, &lane->queue->closed_stats);
	kept = ck_gntpages_release(&lane->ring_pages);
	kept += ck_gntpages_release(&lane->control_pages);
	return kept;
}
