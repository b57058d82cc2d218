// SPDX-License-Identifier: GPL-2.0
/* A channel and its lanes, from the offer to the end. */

#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "account.h"
#include "busypoll.h"
#include "channel.h"

#define RING_PAGES(size) ((size) / CK_RING_PAGE)

/* How long a channel that is over waits for packets in flight. */
#define DRAIN_TIME	(HZ / 10)

static irqreturn_t ck_lane_irq(int irq, void *arg)
{
	struct ck_lane *lane = arg;

	/* The first event comes before binding has returned the number. */
	lane->evtchn.irq = irq;
	WRITE_ONCE(lane->eoi_pending, true);
	ck_queue_schedule(lane->queue, &lane->source);
	return IRQ_HANDLED;
}

/* Nothing is in flight any more, in either direction. */
static bool lane_quiet(struct ck_lane *lane)
{
	u32 state = ck_lane_peer_state(lane);

	if (ck_lane_broken(lane))
		return true;
	/* Only once the peer sends nothing more does an empty ring stay empty. */
	if (state < CK_END_CLOSING ||
	    READ_ONCE(lane->rx.ring.shared->prod) != READ_ONCE(lane->rx.ring.cons))
		return false;
	/* One that has closed takes nothing more, but what it sent before is to arrive. */
	return state == CK_END_CLOSED || ck_ring_drained(&lane->tx.ring);
}

static int ck_lane_poll(struct ck_source *source, int quota)
{
	struct ck_lane *lane = container_of(source, struct ck_lane, source);
	u32 state = ck_lane_peer_state(lane);
	int n;

	/* No event of a broken lane is let in again. */
	if (unlikely(ck_lane_broken(lane)))
		return 0;
	/* A state only goes forward, or there would be no end to changes. */
	if (unlikely(state < lane->peer_state)) {
		WRITE_ONCE(lane->rx.broken, true);
		ck_peer_kick(lane->peer);
		return 0;
	}
	if (unlikely(state != lane->peer_state)) {
		lane->peer_state = state;
		lane->worked = true;
		ck_peer_kick(lane->peer);
	}
	if (ck_tx_flush(lane))
		lane->worked = true;

	n = ck_rx_poll(lane, quota);
	if (n) {
		lane->worked = true;
		ck_busypoll_traffic(lane->queue, source);
	}
	if (n < quota && READ_ONCE(lane->eoi_pending) && !ck_lane_broken(lane)) {
		WRITE_ONCE(lane->eoi_pending, false);
		ck_evtchn_eoi(&lane->evtchn, !lane->worked);
		lane->worked = false;
	}
	if (unlikely(READ_ONCE(lane->tx.closing)) && lane_quiet(lane)) {
		mod_delayed_work(ck_wq, &lane->peer->ck->drain, 0);
		wake_up(&lane->peer->ck->drained);
	}
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

static void lane_set_state(struct ck_lane *lane, enum ck_end_state state)
{
	/* What was done before is visible to whom sees the state. */
	virt_store_release(&lane->control->end[lane->role].state, state);
}

/* Tell the peer, if there is one and a way to do so. */
static void lane_tell(struct ck_lane *lane, enum ck_end_state state)
{
	if (lane->control)
		lane_set_state(lane, state);
	if (lane->evtchn.irq)
		ck_evtchn_notify(&lane->evtchn);
}

/* Tell the peer what this end receives. */
static void lane_set_mtu(struct ck_lane *lane)
{
	u32 mtu = READ_ONCE(lane->peer->ck->lower->mtu);

	/* Longer packets may be on their way. */
	WRITE_ONCE(lane->rx.mtu, max(lane->rx.mtu, mtu));
	WRITE_ONCE(lane->control->end[lane->role].mtu, mtu);
}

/* The control page was checked or made, and the pages of the rings are there. */
static void attach_rings(struct ck_lane *lane, struct ck_control *control, u32 size)
{
	void **addr = lane->ring_pages->addr;

	ck_ring_init(&lane->tx.ring, &control->ring[lane->role],
		     addr + (lane->role ? RING_PAGES(size) : 0), size);
	ck_ring_init(&lane->rx.ring, &control->ring[!lane->role],
		     addr + (lane->role ? 0 : RING_PAGES(size)), size);
	lane->control = control;
	lane_set_mtu(lane);
}

/* The last step: the handler may run from here on. */
static int lane_open_evtchn(struct ck_lane *lane, const u32 *port)
{
	struct ck_peer *peer = lane->peer;
	int err = ck_evtchn_open(&lane->evtchn, peer->account, port, ck_lane_irq,
				 peer->ck->dev->name, lane);

	if (!err)
		ck_evtchn_set_cpu(&lane->evtchn, ck_queue_cpu(lane->queue));
	return err;
}

/* Make a lane for a peer to take. */
static int lane_offer(struct ck_lane *lane)
{
	struct ck_peer *peer = lane->peer;
	u32 size = peer->ck->ring_size;
	unsigned int nr = 2 * RING_PAGES(size);
	struct ck_control *control;
	struct ck_gntpages *pages;

	BUILD_BUG_ON(offsetof(struct ck_control, end) != 64);
	BUILD_BUG_ON(struct_size(control, ref, 2 * RING_PAGES(CK_RING_MAX)) >
		     CK_RING_PAGE);
	pages = ck_gntpages_grant(peer->account, 1);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	lane->control_pages = pages;
	pages = ck_gntpages_grant(peer->account, nr);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	lane->ring_pages = pages;

	control = lane->control_pages->addr[0];
	control->magic = CK_CONTROL_MAGIC;
	control->version = CK_PROTOCOL_VERSION;
	control->from = peer->ck->instance;
	control->to = peer->id.instance;
	control->ring_size = size;
	memcpy(control->ref, lane->ring_pages->ref, nr * sizeof(u32));
	attach_rings(lane, control, size);
	lane_set_state(lane, CK_END_OPEN);
	return lane_open_evtchn(lane, NULL);
}

/* Check a control page, and map the rings; returns their size or a negative errno. */
static int map_rings(struct ck_lane *lane, const struct ck_control *control)
{
	struct ck_peer *peer = lane->peer;
	u32 size = READ_ONCE(control->ring_size);
	u32 version = READ_ONCE(control->version);
	struct ck_gntpages *pages;

	if (READ_ONCE(control->magic) != CK_CONTROL_MAGIC)
		return -EBADMSG;
	if (version != CK_PROTOCOL_VERSION)
		return -EPROTONOSUPPORT;
	if (READ_ONCE(control->from) != peer->id.instance ||
	    READ_ONCE(control->to) != peer->ck->instance)
		return -ESTALE;
	if (size < CK_RING_MIN || size > CK_RING_MAX || !is_power_of_2(size))
		return -EBADMSG;
	pages = ck_gntpages_map(peer->account, control->ref, 2 * RING_PAGES(size));
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	lane->ring_pages = pages;
	return size;
}

/* Take a lane that a peer offered. Nothing is written to a page before it was found to be
 * a control page of this peer for us.
 */
static int lane_accept(struct ck_lane *lane, u32 gref, u32 port)
{
	struct ck_peer *peer = lane->peer;
	struct ck_gntpages *pages = ck_gntpages_map(peer->account, &gref, 1);
	struct ck_control *control;
	int size;

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	lane->control_pages = pages;
	control = pages->addr[0];
	size = map_rings(lane, control);
	if (size < 0)
		return size;
	attach_rings(lane, control, size);
	return lane_open_evtchn(lane, &port);
}

/* Stop sending, and tell the peer to do the same. */
static void lane_goodbye(struct ck_lane *lane)
{
	if (ck_tx_goodbye(lane))
		lane_tell(lane, CK_END_CLOSING);
}

/* End a lane, in any state, and give all of it back. Senders that still find it see that it
 * is closing, and nothing else of it.
 */
static void lane_close(struct ck_lane *lane)
{
	struct ck_peer *peer = lane->peer;

	/* 1. Nobody puts anything into the ring, nor reads the control page: senders check
	 *    closing first, under the lock under which goodbye set it. Then the timer does
	 *    not run any more.
	 */
	lane_goodbye(lane);
	/* 2. The peer learns that we are off while there is a way to tell it. */
	lane_tell(lane, CK_END_CLOSED);
	/* 3. Neither the poller nor an interrupt makes the lane ready any more; a poll
	 *    that has it already, and sends events, ends before the event channel does.
	 */
	ck_busypoll_remove(lane->queue, &lane->source);
	ck_queue_remove(lane->queue, &lane->source);
	ck_evtchn_close(&lane->evtchn, lane);
	/* 4. Nothing touches the pages any more. */
	ck_lane_add_stats(lane, &peer->closed_stats);
	ck_lane_add_stats(lane, &lane->queue->closed_stats);
	ck_gntpages_release(lane->ring_pages);
	ck_gntpages_release(lane->control_pages);
}

/* A channel with room for as many lanes as we have queues, and none yet. */
static struct ck_channel *channel_alloc(struct ck_peer *peer, u32 id)
{
	struct ck_channel *ch;

	lockdep_assert_held(&peer->ck->lock);
	ch = kzalloc(struct_size(ch, lane, ck_nr_lanes(peer->ck)), GFP_KERNEL);
	if (!ch)
		return NULL;
	kref_get(&peer->ref);
	ch->id = id;
	return ch;
}

/* The channel's next lane, with no pages yet. */
static struct ck_lane *add_lane(struct ck_channel *ch, struct ck_peer *peer,
				unsigned int role)
{
	struct ck_lane *lane = &ch->lane[ch->nr];

	lane->peer = peer;
	lane->queue = &peer->ck->queue[ch->nr++];
	lane->role = role;
	ck_source_init(&lane->source, &lane_source_ops);
	ck_tx_init(lane);
	lane->rx.last_used = jiffies;
	return lane;
}

/* The share of the peer's domain has no room for the last lane: those before it serve. */
static void remove_lane(struct ck_channel *ch)
{
	lane_close(&ch->lane[--ch->nr]);
}

/**
 * ck_channel_offer() - make a channel for a peer to take
 * @peer: whom it is for
 * @id: of the offer
 *
 * The first lane's control_pages->ref[0] and evtchn.port are to be told to the peer.
 * Process context, device lock held.
 *
 * Return: the channel, to be given to ck_channel_end(), or an ERR_PTR().
 */
struct ck_channel *ck_channel_offer(struct ck_peer *peer, u32 id)
{
	struct ck_channel *ch = channel_alloc(peer, id);
	struct ck_lane *lane, *last = NULL;
	int err;

	if (!ch)
		return ERR_PTR(-ENOMEM);
	do {
		lane = add_lane(ch, peer, CK_OFFERER);
		err = lane_offer(lane);
		if (err == -EDQUOT && last) {
			remove_lane(ch);
			break;
		}
		if (err) {
			ck_channel_end(ch);
			return ERR_PTR(err);
		}
		if (last) {
			last->control->next_ref = lane->control_pages->ref[0];
			last->control->next_port = lane->evtchn.port;
		}
		last = lane;
	} while (ch->nr < ck_nr_lanes(peer->ck));
	return ch;
}

/**
 * ck_channel_accept() - take a channel that a peer offered
 * @peer: who offered it
 * @id: of the offer
 * @gref: the peer's grant reference of the first lane's control page
 * @port: the peer's event channel port for the first lane
 *
 * The peer learns of it by ck_channel_open(). Process context, device lock held.
 *
 * Return: the channel, to be given to ck_channel_end(), or an ERR_PTR(): -EBADMSG for a
 * control page that is none, -EPROTONOSUPPORT for another version of it, -ESTALE if it is
 * meant for other instances, or what mapping it failed with.
 */
struct ck_channel *ck_channel_accept(struct ck_peer *peer, u32 id, u32 gref, u32 port)
{
	struct ck_channel *ch = channel_alloc(peer, id);
	struct ck_lane *lane;
	int err;

	if (!ch)
		return ERR_PTR(-ENOMEM);
	do {
		lane = add_lane(ch, peer, CK_ACCEPTOR);
		err = lane_accept(lane, gref, port);
		if (err == -EDQUOT && ch->nr > 1) {
			remove_lane(ch);
			break;
		}
		if (err) {
			ck_channel_end(ch);
			return ERR_PTR(err);
		}
		gref = READ_ONCE(lane->control->next_ref);
		port = READ_ONCE(lane->control->next_port);
	} while (gref && ch->nr < ck_nr_lanes(peer->ck));
	return ch;
}

/**
 * ck_channel_open() - tell the peer that a channel was taken
 * @ch: the channel, accepted
 */
void ck_channel_open(struct ck_channel *ch)
{
	unsigned int i;

	/* Lane 0 last (protocol.h). */
	for (i = ch->nr; i--;)
		lane_tell(&ch->lane[i], CK_END_OPEN);
}

/**
 * ck_channel_trim() - give lanes back that the peer did not take
 * @ch: a channel whose first lane the peer has opened
 */
void ck_channel_trim(struct ck_channel *ch)
{
	unsigned int nr = 1, i;

	while (nr < ch->nr && ck_lane_peer_state(&ch->lane[nr]) == CK_END_OPEN)
		nr++;
	for (i = nr; i < ch->nr; i++)
		lane_close(&ch->lane[i]);
	ch->nr = nr;
}

/**
 * ck_channel_update() - have lanes follow the lower device's MTU and their queues' CPUs
 * @ch: the channel; device lock held
 */
void ck_channel_update(struct ck_channel *ch)
{
	struct ck_lane *lane;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++) {
		lane_set_mtu(lane);
		ck_evtchn_set_cpu(&lane->evtchn, ck_queue_cpu(lane->queue));
	}
}

/**
 * ck_channel_is_open() - is the peer there, sending and receiving?
 * @ch: the channel
 * Return: true if it is.
 */
bool ck_channel_is_open(const struct ck_channel *ch)
{
	const struct ck_lane *lane;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		if (ck_lane_peer_state(lane) != CK_END_OPEN || !ck_evtchn_bound(&lane->evtchn))
			return false;
	return true;
}

/**
 * ck_channel_any() - is there a lane that is so?
 * @ch: the channel; device lock held
 * @is_so: ck_lane_broken() or ck_lane_stalled()
 * Return: true if there is.
 */
bool ck_channel_any(const struct ck_channel *ch, bool (*is_so)(const struct ck_lane *lane))
{
	const struct ck_lane *lane;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		if (is_so(lane))
			return true;
	return false;
}

/**
 * ck_channel_used() - when was a packet last sent or received?
 * @ch: the channel
 * Return: that time in jiffies.
 */
unsigned long ck_channel_used(const struct ck_channel *ch)
{
	unsigned long last = READ_ONCE(ch->lane[0].tx.last_used), tx, rx;
	const struct ck_lane *lane;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++) {
		tx = READ_ONCE(lane->tx.last_used);
		rx = READ_ONCE(lane->rx.last_used);
		last = time_after(tx, last) ? tx : last;
		last = time_after(rx, last) ? rx : last;
	}
	return last;
}

/**
 * ck_channel_pages() - how much memory does a channel take?
 * @ch: the channel
 * Return: the number of pages.
 */
unsigned int ck_channel_pages(const struct ck_channel *ch)
{
	const struct ck_lane *lane;
	unsigned int nr = 0;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		nr += lane->control_pages->nr + lane->ring_pages->nr;
	return nr;
}

/**
 * ck_channel_add_stats() - what has gone through a channel?
 * @ch: the channel
 * @sum: is added to
 */
void ck_channel_add_stats(const struct ck_channel *ch, struct ck_traffic *sum)
{
	const struct ck_lane *lane;

	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		ck_lane_add_stats(lane, sum);
}

/**
 * ck_channel_goodbye() - stop sending, and tell the peer to do the same
 * @ch: the channel; packets that waited for space take the lower device
 *
 * Process context. May be called again without effect.
 */
void ck_channel_goodbye(struct ck_channel *ch)
{
	struct ck_lane *lane;

	if (!ch->lane[0].tx.closing)
		ch->end_by = jiffies + DRAIN_TIME;
	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		lane_goodbye(lane);
}

/**
 * ck_channel_drained() - is nothing in flight any more?
 * @ch: the channel, after ck_channel_goodbye(); device lock held
 * Return: true if so, or if its time is over.
 */
bool ck_channel_drained(struct ck_channel *ch)
{
	struct ck_lane *lane;

	if (time_after_eq(jiffies, ch->end_by))
		return true;
	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		if (!lane_quiet(lane))
			return false;
	return true;
}

/**
 * ck_channel_end() - end a channel and free all of it
 * @ch: the channel, which no sender can find any more; with at least one lane, in
 *	whatever state
 *
 * Process context, device lock held; does not wait for the peer.
 */
void ck_channel_end(struct ck_channel *ch)
{
	struct ck_peer *peer = ch->lane[0].peer;
	struct ck_lane *lane;

	lockdep_assert_held(&peer->ck->lock);
	/* All first: the peer answers one while the next one is ended. */
	ck_channel_goodbye(ch);
	for (lane = ch->lane; lane < ch->lane + ch->nr; lane++)
		lane_close(lane);
	ck_peer_put(peer);
	kfree_rcu(ch, rcu);
}
