// SPDX-License-Identifier: GPL-2.0
/* A channel: a pair of rings and an event channel to one peer. */

#include <linux/ip.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/virtio_net.h>
#include <net/page_pool/helpers.h>

#include "channel.h"
#include "cokeeper.h"
#include "peer.h"

/* Memory of packets that may wait for space in a ring. A local sender is held
 * back by its socket's send buffer before that; this bounds forwarded traffic.
 */
#define PENDING_MAX	0x100000u
/* Packets up to this size are copied into linear memory alone. */
#define COPY_BREAK	1600
/* Else this many bytes are, enough for all headers. */
#define HEAD_SIZE	256
/* The rest goes to pages of the pool while it fills them to this extent. */
#define POOL_WORTH	(CK_POOL_BYTES * 3 / 4)
/* A peer that sends this many malformed frames is in quarantine. */
#define BAD_FRAMES_MAX	64
/* How long the end of a channel waits for packets in flight. */
#define DRAIN_TIME	(HZ / 10)

#define RING_PAGES(size) ((size) / CK_RING_PAGE)

static irqreturn_t channel_irq(int irq, void *arg)
{
	struct ck_channel *ch = arg;

	/* The first event comes before binding has returned the number. */
	ch->bell.irq = irq;
	ch->event = true;
	ck_queue_add(ch->queue, ch);
	return IRQ_HANDLED;
}

static struct ck_channel *channel_alloc(struct ck_peer *peer, u32 id,
					unsigned int me)
{
	struct ck_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);

	if (!ch)
		return NULL;
	kref_get(&peer->ref);
	ch->peer = peer;
	ch->queue = &peer->ck->queue;
	ch->me = me;
	ch->id = id;
	ch->progress_at = jiffies;
	ch->used = jiffies;
	spin_lock_init(&ch->tx_lock);
	__skb_queue_head_init(&ch->pending);
	INIT_LIST_HEAD(&ch->ready);
	INIT_LIST_HEAD(&ch->warm);
	init_waitqueue_head(&ch->progress);
	return ch;
}

static void channel_free(struct ck_channel *ch)
{
	ck_peer_put(ch->peer);
	kfree_rcu(ch, rcu);
}

static void set_state(struct ck_channel *ch, enum ck_end_state state)
{
	/* What was done before is visible to whom sees the state. */
	smp_store_release(&ch->control->end[ch->me].state, state);
}

/**
 * ck_channel_peer_state() - what the other end says of itself
 * @ch: a channel that is not closed
 *
 * Return: an enum ck_end_state, or any other number that the peer wrote.
 */
u32 ck_channel_peer_state(const struct ck_channel *ch)
{
	/* Pairs with the peer's set_state(). */
	return smp_load_acquire(&ch->control->end[!ch->me].state);
}

static void attach_rings(struct ck_channel *ch, u32 size)
{
	struct ck_control *control = ch->control;
	void **addr = ch->ring_area.addr;

	ck_ring_init(&ch->tx, &control->ring[ch->me],
		     addr + (ch->me ? RING_PAGES(size) : 0), size);
	ck_ring_init(&ch->rx, &control->ring[!ch->me],
		     addr + (ch->me ? 0 : RING_PAGES(size)), size);
}

/**
 * ck_channel_offer() - make a channel for a peer to take
 * @peer: whom it is for
 * @id: of the offer
 *
 * The grant reference and the port to be told to the peer are
 * control_area.ref[0] and bell.port. Process context, device lock held.
 *
 * Return: the channel, to be given to ck_channel_close(), or an ERR_PTR().
 */
struct ck_channel *ck_channel_offer(struct ck_peer *peer, u32 id)
{
	u32 size = peer->ck->ring_size;
	unsigned int nr = 2 * RING_PAGES(size);
	struct ck_channel *ch = channel_alloc(peer, id, CK_OFFERER);
	struct ck_control *control;
	int err;

	BUILD_BUG_ON(offsetof(struct ck_control, end) != 64);
	BUILD_BUG_ON(struct_size(control, ref, 2 * RING_PAGES(CK_RING_MAX)) >
		     CK_RING_PAGE);
	if (!ch)
		return ERR_PTR(-ENOMEM);

	err = ck_area_grant(&ch->control_area, peer->id.domid, 1);
	if (err)
		goto fail;
	err = ck_area_grant(&ch->ring_area, peer->id.domid, nr);
	if (err)
		goto fail;

	control = ch->control_area.addr[0];
	control->magic = CK_CONTROL_MAGIC;
	control->version = CK_PROTOCOL_VERSION;
	control->from = peer->ck->instance;
	control->to = peer->id.instance;
	control->ring_size = size;
	memcpy(control->ref, ch->ring_area.ref, nr * sizeof(u32));
	ch->control = control;
	attach_rings(ch, size);
	set_state(ch, CK_END_OPEN);

	/* The handler may run from here on. */
	err = ck_bell_alloc(&ch->bell, peer->id.domid, channel_irq,
			    peer->ck->dev->name, ch);
	if (err)
		goto fail;
	return ch;

fail:
	peer->pinned += ck_area_release(&ch->ring_area);
	peer->pinned += ck_area_release(&ch->control_area);
	channel_free(ch);
	return ERR_PTR(err);
}

static int map_rings(struct ck_channel *ch)
{
	struct ck_peer *peer = ch->peer;
	struct ck_control *control = ch->control;
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
	return ck_area_map(&ch->ring_area, peer->id.domid, control->ref,
			   2 * RING_PAGES(size)) ?: size;
}

/**
 * ck_channel_accept() - take a channel that a peer offered
 * @peer: who offered it
 * @id: of the offer
 * @gref: the peer's grant reference of the control page
 * @port: the peer's event channel port
 *
 * The peer sees the channel open before this returns. Process context, device
 * lock held.
 *
 * Return: the channel, to be given to ck_channel_close(), or an ERR_PTR():
 * -EBADMSG for a control page that is none, -EPROTONOSUPPORT for another version
 * of it, -ESTALE if it is meant for other instances, or what mapping it failed with.
 */
struct ck_channel *ck_channel_accept(struct ck_peer *peer, u32 id, u32 gref,
				     u32 port)
{
	struct ck_channel *ch = channel_alloc(peer, id, CK_ACCEPTOR);
	int err, size;

	if (!ch)
		return ERR_PTR(-ENOMEM);

	err = ck_area_map(&ch->control_area, peer->id.domid, &gref, 1);
	if (err)
		goto fail;
	ch->control = ch->control_area.addr[0];

	size = map_rings(ch);
	if (size < 0) {
		err = size;
		goto fail;
	}
	attach_rings(ch, size);
	err = ck_bell_bind(&ch->bell, peer->id.domid, port, channel_irq,
			   peer->ck->dev->name, ch);
	if (err)
		goto fail;
	set_state(ch, CK_END_OPEN);
	ck_bell_ring(&ch->bell);
	return ch;

fail:
	if (ch->control)
		set_state(ch, CK_END_CLOSED);
	ck_area_release(&ch->ring_area);
	ck_area_release(&ch->control_area);
	channel_free(ch);
	return ERR_PTR(err);
}

static void fall_back_all(struct ck_channel *ch, struct sk_buff_head *list,
			  enum ck_stat why)
{
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = __skb_dequeue(list)))
		ck_peer_fallback(ch->peer, skb, why);
	local_bh_enable();
}

/**
 * ck_channel_goodbye() - stop sending, and tell the peer to do the same
 * @ch: the channel; packets that waited for space take the lower device
 *
 * Process context. May be called again without effect.
 */
void ck_channel_goodbye(struct ck_channel *ch)
{
	struct sk_buff_head pending;
	bool done;

	__skb_queue_head_init(&pending);

	spin_lock_bh(&ch->tx_lock);
	done = ch->closing;
	ch->closing = true;
	skb_queue_splice_init(&ch->pending, &pending);
	ch->pending_bytes = 0;
	spin_unlock_bh(&ch->tx_lock);
	if (done)
		return;

	set_state(ch, CK_END_CLOSING);
	ck_bell_ring(&ch->bell);

	fall_back_all(ch, &pending, CK_TX_FALLBACK_CLOSED);
}

/* Nothing is in flight any more, in either direction. */
static bool quiet(struct ck_channel *ch)
{
	u32 state = ck_channel_peer_state(ch);

	if (READ_ONCE(ch->broken) || state == CK_END_CLOSED)
		return true;
	/* Only once the peer sends nothing more does an empty ring stay empty. */
	return state >= CK_END_CLOSING && ck_ring_drained(&ch->tx) &&
	       READ_ONCE(ch->rx.shared->prod) == READ_ONCE(ch->rx.cons);
}

/**
 * ck_channel_close() - end a channel and free all of it
 * @ch: the channel, which no sender can find any more
 * @drain: wait a bounded time for packets in flight and for the peer's goodbye
 *
 * Process context, device lock held.
 *
 * Return: the number of pages that the peer still maps.
 */
unsigned int ck_channel_close(struct ck_channel *ch, bool drain)
{
	struct ck_peer *peer = ch->peer;
	unsigned int kept;

	/* 1. Nobody puts anything into the ring: senders check closing under
	 *    the lock under which goodbye set it.
	 */
	ck_channel_goodbye(ch);
	/* 2. The poll goes on; it wakes us after each turn. */
	if (drain)
		wait_event_timeout(ch->progress, quiet(ch), DRAIN_TIME);
	/* 3. The peer learns that we are off while there is a bell to ring. */
	set_state(ch, CK_END_CLOSED);
	ck_bell_ring(&ch->bell);
	/* 4. No interrupt, so nothing makes it ready; then no poll. */
	ck_bell_release(&ch->bell, ch);
	ck_queue_remove(ch->queue, ch);
	/* 5. Nothing touches the pages any more. */
	peer->past.tx_packets += ch->tx_packets;
	peer->past.tx_bytes += ch->tx_bytes;
	peer->past.rx_packets += ch->rx_packets;
	peer->past.rx_bytes += ch->rx_bytes;
	peer->past.rx_dropped += ch->rx_dropped;
	kept = ck_area_release(&ch->ring_area);
	kept += ck_area_release(&ch->control_area);
	/* 6. Senders that found the channel before it was unlinked see closing
	 *    and nothing else of it.
	 */
	channel_free(ch);
	return kept;
}

/* Describe a packet; false for one that a ring does not carry. */
static bool describe(const struct sk_buff *skb, struct ck_frame *frame)
{
	BUILD_BUG_ON(sizeof(struct virtio_net_hdr) > sizeof(frame->meta));
	memset(frame, 0, sizeof(*frame));
	frame->len = skb->len;
	return skb->len <= CK_FRAME_MAX &&
	       !virtio_net_hdr_from_skb(skb, (struct virtio_net_hdr *)frame->meta,
					virtio_legacy_is_little_endian(), true, 0);
}

/* Put a packet into the ring; tx_lock is held. Returns 0, -ENOSPC if it must
 * wait, or -EPROTO if the peer broke the rules.
 */
static int push(struct ck_channel *ch, struct sk_buff *skb,
		const struct ck_frame *frame)
{
	u32 pos, off, n;
	int err;

	err = ck_ring_reserve(&ch->tx, skb->len);
	if (err)
		return err;

	pos = ck_ring_frame(&ch->tx, frame);
	for (off = 0; off < skb->len; off += n) {
		void *to;

		n = skb->len - off;
		to = ck_ring_span(&ch->tx, pos + off, &n);
		skb_copy_bits(skb, off, to, n);
	}
	ch->tx_packets++;
	ch->tx_bytes += skb->len;
	dev_sw_netstats_tx_add(ch->peer->ck->dev, 1, skb->len);
	return 0;
}

static void publish(struct ck_channel *ch)
{
	if (ck_ring_publish(&ch->tx))
		ck_bell_ring(&ch->bell);
}

static void set_broken(struct ck_channel *ch)
{
	WRITE_ONCE(ch->broken, true);
	ck_peer_kick(ch->peer);
}

/* Move waiting packets into the ring as far as they fit, and ask for an event if
 * some are left; tx_lock is held. Those that were moved are added to @done, to
 * be freed without the lock.
 */
static void flush(struct ck_channel *ch, struct sk_buff_head *done)
{
	struct ck_frame frame;
	struct sk_buff *skb;

	while ((skb = skb_peek(&ch->pending))) {
		int err;

		describe(skb, &frame);
		err = push(ch, skb, &frame);
		if (err == -ENOSPC) {
			publish(ch);
			/* Not at each few frames that the peer takes. */
			if (ck_ring_wait_space(&ch->tx, max(skb->len, ch->tx.size / 4)))
				continue;
			return;
		}
		if (err) {
			set_broken(ch);
			return;
		}
		__skb_unlink(skb, &ch->pending);
		ch->pending_bytes -= skb->truesize;
		__skb_queue_tail(done, skb);
	}
	publish(ch);
}

/* Does the peer take packets out of the ring? Its progress is what counts, not
 * the space that is left (XSA-392). If it does not, we are stalled until an event
 * says that it goes on. tx_lock is held.
 */
static bool progressing(struct ck_channel *ch)
{
	if (ck_ring_drained(&ch->tx) || ch->tx.cons != ch->progress_cons) {
		ch->progress_cons = ch->tx.cons;
		ch->progress_at = jiffies;
		WRITE_ONCE(ch->stalled, false);
	} else if (time_after(jiffies, ch->progress_at + CK_STALL_TIME)) {
		WRITE_ONCE(ch->stalled, !ck_ring_wait_progress(&ch->tx));
	}
	return !ch->stalled;
}

/* The peer took something, or our event was for something else. */
static void flush_pending(struct ck_channel *ch)
{
	struct sk_buff_head done;

	__skb_queue_head_init(&done);
	spin_lock(&ch->tx_lock);
	if (!ch->closing && progressing(ch))
		flush(ch, &done);
	spin_unlock(&ch->tx_lock);
	__skb_queue_purge(&done);
}

/**
 * ck_channel_xmit() - send a packet to the peer
 * @ch: the channel; bottom halves are off
 * @skb: an IP packet; consumed whatever becomes of it
 *
 * A packet that finds no space waits in order with its socket's memory still
 * charged, which is what slows the sender down.
 */
void ck_channel_xmit(struct ck_channel *ch, struct sk_buff *skb)
{
	struct ck_dev *ck = ch->peer->ck;
	enum ck_stat why = CK_TX_FALLBACK_CLOSED;
	struct sk_buff_head done;
	struct ck_frame frame;
	int err;

	if (unlikely(!describe(skb, &frame))) {
		ck_peer_fallback(ch->peer, skb, CK_TX_FALLBACK_UNSUPPORTED);
		return;
	}

	spin_lock(&ch->tx_lock);
	if (unlikely(ch->closing || READ_ONCE(ch->broken)))
		goto fallback;
	if (unlikely(time_after(jiffies, ch->progress_at + CK_STALL_TIME)) &&
	    !progressing(ch)) {
		why = CK_TX_FALLBACK_STALLED;
		goto fallback;
	}

	err = skb_queue_empty(&ch->pending) ? push(ch, skb, &frame) : -ENOSPC;
	if (likely(!err)) {
		publish(ch);
		ck_queue_traffic(ch->queue, ch);
		spin_unlock(&ch->tx_lock);
		consume_skb(skb);
		return;
	}
	if (err == -EPROTO) {
		set_broken(ch);
		goto fallback;
	}

	if (ch->pending_bytes + skb->truesize > PENDING_MAX) {
		spin_unlock(&ch->tx_lock);
		ck_count(ck, CK_TX_DROPPED_FULL);
		dev_core_stats_tx_dropped_inc(ck->dev);
		kfree_skb(skb);
		return;
	}
	ck_count(ck, CK_TX_RING_FULL);
	__skb_queue_head_init(&done);
	__skb_queue_tail(&ch->pending, skb);
	ch->pending_bytes += skb->truesize;
	if (ch->pending.qlen == 1) {
		flush(ch, &done);
		ck_peer_check_later(ch->peer);
	}
	spin_unlock(&ch->tx_lock);
	__skb_queue_purge(&done);
	return;

fallback:
	spin_unlock(&ch->tx_lock);
	ck_peer_fallback(ch->peer, skb, why);
}

/**
 * ck_channel_check_pending() - see whether packets that wait are getting on
 * @ch: the channel; called at intervals of CK_STALL_TIME while packets wait
 *
 * If the peer takes nothing, what waits takes the lower device.
 *
 * Return: true if packets still wait, so that another look is due.
 */
bool ck_channel_check_pending(struct ck_channel *ch)
{
	struct sk_buff_head pending;
	bool wait;

	__skb_queue_head_init(&pending);
	spin_lock_bh(&ch->tx_lock);
	wait = !skb_queue_empty(&ch->pending);
	if (wait && !ch->closing && !progressing(ch)) {
		skb_queue_splice_init(&ch->pending, &pending);
		ch->pending_bytes = 0;
		wait = false;
	}
	spin_unlock_bh(&ch->tx_lock);

	fall_back_all(ch, &pending, CK_TX_FALLBACK_STALLED);
	return wait;
}

/* Copy the next @len bytes at @pos of the ring to @to. */
static void copy_out(struct ck_ring *ring, u32 pos, void *to, u32 len)
{
	u32 n;

	for (; len; len -= n, pos += n, to += n) {
		void *from;

		n = len;
		from = ck_ring_span(ring, pos, &n);
		memcpy(to, from, n);
	}
}

/* Make a packet of the frame at @pos: headers in linear memory, the rest in
 * pages of our own. NULL if there is no memory.
 */
static struct sk_buff *build_skb_at(struct ck_channel *ch, u32 pos, u32 len)
{
	struct page_frag *frag = &ch->queue->frag;
	u32 head = len <= COPY_BREAK ? len : HEAD_SIZE;
	struct sk_buff *skb = napi_alloc_skb(&ch->queue->napi, head);
	struct page *page;
	u32 off, n;

	if (unlikely(!skb))
		return NULL;
	copy_out(&ch->rx, pos, __skb_put(skb, head), head);
	for (off = head; off < len; off += n) {
		n = len - off;
		page = n < POOL_WORTH ? NULL :
		       page_pool_dev_alloc_pages(ch->queue->pool);
		if (page) {
			n = min_t(u32, n, CK_POOL_BYTES);
			copy_out(&ch->rx, pos + off, page_address(page), n);
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0,
					n, CK_POOL_BYTES);
			skb_mark_for_recycle(skb);
			continue;
		}
		/* At least a page at a time, so the frags suffice. */
		n = min_t(u32, len - off, PAGE_SIZE);
		if (!skb_page_frag_refill(n, frag, GFP_ATOMIC | __GFP_NOWARN)) {
			kfree_skb(skb);
			return NULL;
		}
		n = min(len - off, frag->size - frag->offset);
		copy_out(&ch->rx, pos + off,
			 page_address(frag->page) + frag->offset, n);
		get_page(frag->page);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, frag->page,
				frag->offset, n, n);
		frag->offset += n;
	}
	return skb;
}

/* Finish a packet according to what its sender says of it; false if that is
 * nonsense, which must not reach the stack.
 */
static bool parse_meta(struct sk_buff *skb, const struct ck_frame *frame)
{
	const struct virtio_net_hdr *hdr = (const void *)frame->meta;

	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	switch (ip_hdr(skb)->version) {
	case 4:
		skb->protocol = htons(ETH_P_IP);
		break;
	case 6:
		skb->protocol = htons(ETH_P_IPV6);
		break;
	default:
		return false;
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return !virtio_net_hdr_to_skb(skb, hdr,
				      virtio_legacy_is_little_endian());
}

static void drop(struct ck_channel *ch, enum ck_stat why)
{
	ck_count(ch->peer->ck, why);
	dev_core_stats_rx_dropped_inc(ch->peer->ck->dev);
	ch->rx_dropped++;
}

/* Take one frame. Returns 1, 0 if there is none, or -EPROTO if the peer broke
 * the rules.
 */
static int receive_one(struct ck_channel *ch)
{
	struct net_device *dev = ch->peer->ck->dev;
	struct ck_frame frame;
	struct sk_buff *skb;
	u32 pos;
	int err;

	err = ck_ring_peek(&ch->rx, &frame);
	if (err <= 0)
		return err;
	pos = ch->rx.cons + sizeof(frame);

	if (unlikely(frame.len < sizeof(struct iphdr) ||
		     frame.len > CK_FRAME_MAX)) {
		ck_ring_consume(&ch->rx, frame.len);
		drop(ch, CK_RX_DROPPED_LENGTH);
		return ++ch->bad_frames > BAD_FRAMES_MAX ? -EPROTO : 1;
	}

	skb = build_skb_at(ch, pos, frame.len);
	ck_ring_consume(&ch->rx, frame.len);
	if (unlikely(!skb)) {
		drop(ch, CK_RX_DROPPED_MEMORY);
		return 1;
	}
	if (unlikely(!parse_meta(skb, &frame))) {
		kfree_skb(skb);
		drop(ch, CK_RX_DROPPED_HEADER);
		return ++ch->bad_frames > BAD_FRAMES_MAX ? -EPROTO : 1;
	}

	ch->rx_packets++;
	ch->rx_bytes += frame.len;
	dev_sw_netstats_rx_add(dev, frame.len);
	skb->dev = dev;
	napi_gro_receive(&ch->queue->napi, skb);
	return 1;
}

/**
 * ck_channel_poll() - receive from a channel and send what waits
 * @ch: the channel; called by its queue's poll
 * @quota: most frames to take
 *
 * Once it has taken all there is, it asks for an event and lets the next one in.
 *
 * Return: the number of frames taken; @quota if there may be more.
 */
int ck_channel_poll(struct ck_channel *ch, int quota)
{
	u32 state = ck_channel_peer_state(ch);
	bool busy = false;
	int n = 0, err;

	/* The bell stays silent from here on: its event is not let in again. */
	if (unlikely(ch->broken))
		return 0;
	if (unlikely(state != ch->seen)) {
		ch->seen = state;
		ck_peer_kick(ch->peer);
		busy = true;
	}
	if (READ_ONCE(ch->pending_bytes) || READ_ONCE(ch->stalled)) {
		flush_pending(ch);
		busy = true;
	}

	do {
		while ((err = receive_one(ch)) > 0 && ++n < quota)
			;
		if (ck_ring_release(&ch->rx))
			ck_bell_ring(&ch->bell);
		if (unlikely(err < 0)) {
			set_broken(ch);
			goto out;
		}
		if (n == quota)
			goto out;
	} while (ck_ring_wait_data(&ch->rx));
	if (ch->event) {
		ch->event = false;
		ck_bell_done(&ch->bell, !n && !busy);
	}
out:
	if (n)
		ck_queue_traffic(ch->queue, ch);
	if (unlikely(READ_ONCE(ch->closing)))
		wake_up(&ch->progress);
	return n;
}
