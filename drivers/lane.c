// SPDX-License-Identifier: GPL-2.0
/* A lane of a channel: sending, receiving, the end. */

#include <linux/ip.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/virtio_net.h>
#include <net/page_pool/helpers.h>
#include <net/tcp.h>

#include "lane.h"
#include "cokeeper.h"
#include "datagrams.h"
#include "peer.h"

/* Memory of packets that may wait for space in a ring. A local sender is held
 * back by its socket's send buffer before that; this bounds forwarded traffic.
 */
#define PENDING_MAX	0x100000u
/* TCP is to collect small writes while packets up to this size are kept. */
#define KEEP_MAX	0x8000u
/* Packets up to this size are copied into linear memory alone. */
#define COPY_BREAK	1600
/* Else this many bytes are, enough for all headers. */
#define HEAD_SIZE	256
/* The rest goes to large pages of a pool while it fills them to this extent. */
#define POOL_WORTH	(CK_PAGES_BYTES * 3 / 4)
/* A turn ends once it took packets that fill a quarter of a socket's receive buffer
 * (rmem_default), or half of it if Linux 6.1 charges them twice, as it does with lists:
 * they are to be read before the next ones come where there is one processor.
 */
#define TURN_BYTES	0xc000u
/* A peer that sends this many malformed frames is in quarantine. */
#define BAD_FRAMES_MAX	64

#define RING_PAGES(size) ((size) / CK_RING_PAGE)

static irqreturn_t lane_irq(int irq, void *arg)
{
	struct ck_lane *lane = arg;

	/* The first event comes before binding has returned the number. */
	lane->bell.irq = irq;
	lane->event = true;
	ck_queue_add(lane->queue, lane);
	return IRQ_HANDLED;
}

/**
 * ck_lane_init() - set a lane up, with no pages yet
 * @lane: zeroed; given to ck_lane_close() in the end, whatever comes of it
 * @peer: to be at the other end
 * @queue: to poll it; started
 * @me: CK_OFFERER or CK_ACCEPTOR
 */
void ck_lane_init(struct ck_lane *lane, struct ck_peer *peer,
		  struct ck_queue *queue, unsigned int me)
{
	lane->peer = peer;
	lane->queue = queue;
	lane->me = me;
	lane->progress_at = jiffies;
	lane->used = jiffies;
	spin_lock_init(&lane->tx_lock);
	__skb_queue_head_init(&lane->pending);
	INIT_LIST_HEAD(&lane->ready);
	INIT_LIST_HEAD(&lane->warm);
	init_waitqueue_head(&lane->progress);
}

static void set_state(struct ck_lane *lane, enum ck_end_state state)
{
	/* What was done before is visible to whom sees the state. */
	smp_store_release(&lane->control->end[lane->me].state, state);
}

/**
 * ck_lane_peer_state() - what the other end says of itself
 * @lane: not closed, with a control page
 *
 * Return: an enum ck_end_state, or any other number that the peer wrote.
 */
u32 ck_lane_peer_state(const struct ck_lane *lane)
{
	/* Pairs with the peer's set_state(). */
	return smp_load_acquire(&lane->control->end[!lane->me].state);
}

static void attach_rings(struct ck_lane *lane, u32 size)
{
	struct ck_control *control = lane->control;
	void **addr = lane->ring_area.addr;

	ck_ring_init(&lane->tx, &control->ring[lane->me],
		     addr + (lane->me ? RING_PAGES(size) : 0), size);
	ck_ring_init(&lane->rx, &control->ring[!lane->me],
		     addr + (lane->me ? 0 : RING_PAGES(size)), size);
}

/**
 * ck_lane_offer() - make a lane for a peer to take
 * @lane: set up, ours to offer
 *
 * The grant reference and the port to be told to the peer are
 * control_area.ref[0] and bell.port. Process context, device lock held.
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
	err = ck_area_grant(&lane->control_area, peer->id.domid, 1) ?:
	      ck_area_grant(&lane->ring_area, peer->id.domid, nr);
	if (err)
		return err;

	control = lane->control_area.addr[0];
	control->magic = CK_CONTROL_MAGIC;
	control->version = CK_PROTOCOL_VERSION;
	control->from = peer->ck->instance;
	control->to = peer->id.instance;
	control->ring_size = size;
	memcpy(control->ref, lane->ring_area.ref, nr * sizeof(u32));
	lane->control = control;
	attach_rings(lane, size);
	set_state(lane, CK_END_OPEN);

	/* The handler may run from here on. */
	return ck_bell_alloc(&lane->bell, peer->id.domid,
			     ck_queue_cpu(lane->queue), lane_irq,
			     peer->ck->dev->name, lane);
}

static int map_rings(struct ck_lane *lane)
{
	struct ck_peer *peer = lane->peer;
	struct ck_control *control = lane->control;
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
	return ck_area_map(&lane->ring_area, peer->id.domid, control->ref,
			   2 * RING_PAGES(size)) ?: size;
}

/**
 * ck_lane_accept() - take a lane that a peer offered
 * @lane: set up, the peer's to offer
 * @gref: the peer's grant reference of the control page
 * @port: the peer's event channel port
 *
 * The peer learns of it by ck_lane_open(). Process context, device lock held.
 *
 * Return: 0, -EBADMSG for a control page that is none, -EPROTONOSUPPORT for
 * another version of it, -ESTALE if it is meant for other instances, or what
 * mapping it failed with.
 */
int ck_lane_accept(struct ck_lane *lane, u32 gref, u32 port)
{
	struct ck_peer *peer = lane->peer;
	int err, size;

	err = ck_area_map(&lane->control_area, peer->id.domid, &gref, 1);
	if (err)
		return err;
	lane->control = lane->control_area.addr[0];

	size = map_rings(lane);
	if (size < 0)
		return size;
	attach_rings(lane, size);
	return ck_bell_bind(&lane->bell, peer->id.domid, port,
			    ck_queue_cpu(lane->queue), lane_irq,
			    peer->ck->dev->name, lane);
}

/* Tell the peer, if there is one and a way to do so. */
static void tell(struct ck_lane *lane, enum ck_end_state state)
{
	if (lane->control)
		set_state(lane, state);
	if (lane->bell.irq)
		ck_bell_ring(&lane->bell);
}

/**
 * ck_lane_open() - tell the peer that a lane was taken
 * @lane: accepted
 */
void ck_lane_open(struct ck_lane *lane)
{
	tell(lane, CK_END_OPEN);
}

static void fall_back_all(struct ck_lane *lane, struct sk_buff_head *list,
			  enum ck_stat why)
{
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = __skb_dequeue(list)))
		ck_peer_fallback(lane->peer, skb, why);
	local_bh_enable();
}

/**
 * ck_lane_goodbye() - stop sending, and tell the peer to do the same
 * @lane: the lane; packets that waited for space take the lower device
 *
 * Process context. May be called again without effect.
 */
void ck_lane_goodbye(struct ck_lane *lane)
{
	struct sk_buff_head pending;
	bool done;

	__skb_queue_head_init(&pending);

	spin_lock_bh(&lane->tx_lock);
	done = lane->closing;
	lane->closing = true;
	skb_queue_splice_init(&lane->pending, &pending);
	lane->pending_bytes = 0;
	spin_unlock_bh(&lane->tx_lock);
	if (done)
		return;

	tell(lane, CK_END_CLOSING);
	fall_back_all(lane, &pending, CK_TX_FALLBACK_CLOSED);
}

/* Nothing is in flight any more, in either direction. */
static bool quiet(struct ck_lane *lane)
{
	u32 state = ck_lane_peer_state(lane);

	if (READ_ONCE(lane->broken) || state == CK_END_CLOSED)
		return true;
	/* Only once the peer sends nothing more does an empty ring stay empty. */
	return state >= CK_END_CLOSING && ck_ring_drained(&lane->tx) &&
	       READ_ONCE(lane->rx.shared->prod) == READ_ONCE(lane->rx.cons);
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
	return wait_event_timeout(lane->progress, quiet(lane), time);
}

/**
 * ck_lane_count() - add what went through a lane
 * @lane: in any state
 * @sum: what it is added to
 */
void ck_lane_count(const struct ck_lane *lane, struct ck_traffic *sum)
{
	sum->tx_packets += READ_ONCE(lane->tx_packets);
	sum->tx_bytes += READ_ONCE(lane->tx_bytes);
	sum->rx_packets += READ_ONCE(lane->rx_packets);
	sum->rx_bytes += READ_ONCE(lane->rx_bytes);
	sum->rx_dropped += READ_ONCE(lane->rx_dropped);
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

	/* 1. Nobody puts anything into the ring: senders check closing under
	 *    the lock under which goodbye set it.
	 */
	ck_lane_goodbye(lane);
	/* 2. The peer learns that we are off while there is a bell to ring. */
	tell(lane, CK_END_CLOSED);
	/* 3. No interrupt, so nothing makes it ready; then no poll. */
	ck_bell_release(&lane->bell, lane);
	ck_queue_remove(lane->queue, lane);
	/* 4. Nothing touches the pages any more. */
	ck_lane_count(lane, &lane->peer->past);
	ck_lane_count(lane, &lane->queue->past);
	kept = ck_area_release(&lane->ring_area);
	kept += ck_area_release(&lane->control_area);
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

/* The device takes no packets from high memory, so all of it has an address. */
static u32 copy_in_skb(struct ck_ring *ring, u32 pos, const struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	const struct sk_buff *part;
	unsigned int i;

	pos = ck_ring_write(ring, pos, skb->data, skb_headlen(skb));
	for (i = 0; i < info->nr_frags; i++)
		pos = ck_ring_write(ring, pos,
				    skb_frag_address(&info->frags[i]),
				    skb_frag_size(&info->frags[i]));
	skb_walk_frags(skb, part)
		pos = copy_in_skb(ring, pos, part);
	return pos;
}

/* Put a packet into the ring; tx_lock is held. Returns 0, -ENOSPC if it must
 * wait, or -EPROTO if the peer broke the rules.
 */
static int push(struct ck_lane *lane, struct sk_buff *skb,
		const struct ck_frame *frame)
{
	int err;

	err = ck_ring_reserve(&lane->tx, skb->len);
	if (err)
		return err;

	copy_in_skb(&lane->tx, ck_ring_frame(&lane->tx, frame), skb);
	lane->tx_packets++;
	lane->tx_bytes += skb->len;
	dev_sw_netstats_tx_add(lane->peer->ck->dev, 1, skb->len);
	return 0;
}

static void publish(struct ck_lane *lane)
{
	if (ck_ring_publish(&lane->tx))
		ck_bell_ring(&lane->bell);
}

static void set_broken(struct ck_lane *lane)
{
	WRITE_ONCE(lane->broken, true);
	ck_peer_kick(lane->peer);
}

/* Is it worth while to have TCP collect what is written after this packet? Not if it
 * is large, nor where each request waits for an answer. Who answers a request by more
 * than a sender may start with does not wait.
 */
static bool worth_keeping(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	return skb->len <= KEEP_MAX && sk && sk_fullsock(sk) && sk_is_tcp(sk) &&
	       !skb_is_tcp_pure_ack(skb) &&
	       (!inet_csk_in_pingpong_mode(sk) ||
		tcp_sk(sk)->packets_out > TCP_INIT_CWND);
}

/* A packet is in the ring; tx_lock is held. What is to be freed without the lock is added
 * to @done.
 */
static void sent(struct ck_lane *lane, struct sk_buff *skb, struct sk_buff_head *done)
{
	if (worth_keeping(skb))
		ck_queue_keep(lane->queue, skb, done);
	else
		__skb_queue_tail(done, skb);
}

/* Move waiting packets into the ring as far as they fit. If some are left, the watcher
 * looks for space, or an event is asked for; tx_lock is held. What is to be freed without
 * the lock is added to @done.
 */
static void flush(struct ck_lane *lane, struct sk_buff_head *done)
{
	struct ck_frame frame;
	struct sk_buff *skb;

	while ((skb = skb_peek(&lane->pending))) {
		u32 len;
		int err;

		describe(skb, &frame);
		err = push(lane, skb, &frame);
		if (err == -ENOSPC) {
			publish(lane);
			/* Not at each few frames that the peer takes. */
			len = max(skb->len, lane->tx.size / 4);
			/* Pairs with look_away(): either it sees that packets wait,
			 * or we see that nobody looks.
			 */
			smp_mb();
			if (ck_ring_wait_space(&lane->tx, len,
					       !READ_ONCE(lane->looked_at)))
				continue;
			return;
		}
		if (err) {
			set_broken(lane);
			return;
		}
		__skb_unlink(skb, &lane->pending);
		lane->pending_bytes -= skb->truesize;
		sent(lane, skb, done);
	}
	publish(lane);
}

/* Does the peer take packets out of the ring? Its progress is what counts, not
 * the space that is left (XSA-392). If it does not, we are stalled until an event
 * says that it goes on. tx_lock is held.
 */
static bool progressing(struct ck_lane *lane)
{
	if (ck_ring_drained(&lane->tx) || lane->tx.cons != lane->progress_cons) {
		lane->progress_cons = lane->tx.cons;
		lane->progress_at = jiffies;
		WRITE_ONCE(lane->stalled, false);
	} else if (time_after(jiffies, lane->progress_at + CK_STALL_TIME)) {
		WRITE_ONCE(lane->stalled, !ck_ring_wait_progress(&lane->tx));
	}
	return !lane->stalled;
}

/* The peer took something, or our event was for something else. */
static void flush_pending(struct ck_lane *lane)
{
	struct sk_buff_head done;

	__skb_queue_head_init(&done);
	spin_lock(&lane->tx_lock);
	if (!lane->closing && progressing(lane))
		flush(lane, &done);
	spin_unlock(&lane->tx_lock);
	ck_consume_all(&done);
}

/**
 * ck_lane_xmit() - send a packet to the peer
 * @lane: the lane; bottom halves are off
 * @skb: an IP packet; consumed whatever becomes of it
 *
 * A packet that finds no space waits in order with its socket's memory still
 * charged, which is what slows the sender down.
 */
void ck_lane_xmit(struct ck_lane *lane, struct sk_buff *skb)
{
	struct ck_dev *ck = lane->peer->ck;
	enum ck_stat why = CK_TX_FALLBACK_CLOSED;
	struct sk_buff_head done;
	struct ck_frame frame;
	int err;

	if (unlikely(!describe(skb, &frame))) {
		ck_peer_fallback(lane->peer, skb, CK_TX_FALLBACK_UNSUPPORTED);
		return;
	}

	__skb_queue_head_init(&done);
	spin_lock(&lane->tx_lock);
	if (unlikely(lane->closing || READ_ONCE(lane->broken)))
		goto fallback;
	if (unlikely(time_after(jiffies, lane->progress_at + CK_STALL_TIME)) &&
	    !progressing(lane)) {
		why = CK_TX_FALLBACK_STALLED;
		goto fallback;
	}

	err = skb_queue_empty(&lane->pending) ? push(lane, skb, &frame) : -ENOSPC;
	if (likely(!err)) {
		publish(lane);
		ck_queue_traffic(lane->queue, lane);
		sent(lane, skb, &done);
		goto out;
	}
	if (err == -EPROTO) {
		set_broken(lane);
		goto fallback;
	}

	if (lane->pending_bytes + skb->truesize > PENDING_MAX) {
		spin_unlock(&lane->tx_lock);
		ck_count(ck, CK_TX_DROPPED_FULL);
		dev_core_stats_tx_dropped_inc(ck->dev);
		kfree_skb(skb);
		return;
	}
	ck_count(ck, CK_TX_RING_FULL);
	__skb_queue_tail(&lane->pending, skb);
	lane->pending_bytes += skb->truesize;
	if (lane->pending.qlen == 1) {
		flush(lane, &done);
		ck_peer_check_later(lane->peer);
	}
out:
	spin_unlock(&lane->tx_lock);
	ck_consume_all(&done);
	return;

fallback:
	spin_unlock(&lane->tx_lock);
	ck_peer_fallback(lane->peer, skb, why);
}

/**
 * ck_lane_check_pending() - see whether packets that wait are getting on
 * @lane: the lane; called at intervals of CK_STALL_TIME while packets wait
 *
 * If the peer takes nothing, what waits takes the lower device.
 *
 * Return: true if packets still wait, so that another look is due.
 */
bool ck_lane_check_pending(struct ck_lane *lane)
{
	struct sk_buff_head pending;
	bool wait;

	__skb_queue_head_init(&pending);
	spin_lock_bh(&lane->tx_lock);
	wait = !skb_queue_empty(&lane->pending);
	if (wait && !lane->closing && !progressing(lane)) {
		skb_queue_splice_init(&lane->pending, &pending);
		lane->pending_bytes = 0;
		wait = false;
	}
	spin_unlock_bh(&lane->tx_lock);

	fall_back_all(lane, &pending, CK_TX_FALLBACK_STALLED);
	return wait;
}

/* How much of a packet goes to linear memory: all of a small one, else the headers,
 * of which the sender may say how long they are. It is a hint; the stack gets at what
 * it needs wherever that is.
 */
static u32 head_size(const struct ck_frame *frame)
{
	const struct virtio_net_hdr *hdr = (const void *)frame->meta;
	u32 len = __virtio16_to_cpu(virtio_legacy_is_little_endian(), hdr->hdr_len);

	if (frame->len <= COPY_BREAK)
		return frame->len;
	return len >= sizeof(struct iphdr) && len < HEAD_SIZE ? len : HEAD_SIZE;
}

/* A packet with room for @len bytes of linear memory. NULL if there is none. */
static struct sk_buff *new_skb(struct ck_queue *queue, u32 len)
{
	u32 size = SKB_HEAD_ALIGN(NET_SKB_PAD + len);
	struct sk_buff *skb;
	struct page *page;
	u32 off;

	page = page_pool_dev_alloc_frag(queue->heads, &off, size);
	if (unlikely(!page))
		return NULL;
	skb = napi_build_skb(page_address(page) + off, size);
	if (unlikely(!skb)) {
		page_pool_put_full_page(queue->heads, page, true);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, NET_SKB_PAD);
	return skb;
}

/* Make a packet of a frame whose payload is at @pos: headers in linear memory, the
 * rest in pages of our own. NULL if there is no memory.
 */
static struct sk_buff *build_skb_at(struct ck_lane *lane, u32 pos,
				    const struct ck_frame *frame)
{
	struct page_frag *frag = &lane->queue->frag;
	u32 len = frame->len, head = head_size(frame);
	struct sk_buff *skb = new_skb(lane->queue, head);
	struct page *page;
	u32 off, n;

	if (unlikely(!skb))
		return NULL;
	ck_ring_read(&lane->rx, pos, __skb_put(skb, head), head);
	for (off = head; off < len; off += n) {
		n = len - off;
		page = n < POOL_WORTH ? NULL :
		       page_pool_dev_alloc_pages(lane->queue->pages);
		if (page) {
			n = min_t(u32, n, CK_PAGES_BYTES);
			ck_ring_read(&lane->rx, pos + off, page_address(page),
				     n);
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0,
					n, CK_PAGES_BYTES);
			continue;
		}
		/* At least a page at a time, so the frags suffice. */
		n = min_t(u32, len - off, PAGE_SIZE);
		if (!skb_page_frag_refill(n, frag, GFP_ATOMIC | __GFP_NOWARN)) {
			kfree_skb(skb);
			return NULL;
		}
		n = min(len - off, frag->size - frag->offset);
		ck_ring_read(&lane->rx, pos + off,
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

static void drop(struct ck_lane *lane, enum ck_stat why)
{
	ck_count(lane->peer->ck, why);
	dev_core_stats_rx_dropped_inc(lane->peer->ck->dev);
	lane->rx_dropped++;
}

/* Hand a packet to the stack. GRO gains nothing from one that is large already, nor from
 * one that is alone; it only sees to it that they do not overtake what it holds.
 */
static void hand_up(struct ck_lane *lane, struct sk_buff *skb)
{
	struct napi_struct *napi = &lane->queue->napi;

	if (!napi->gro_bitmask && !napi->rx_count &&
	    (skb_is_gso(skb) || !ck_ring_has_data(&lane->rx)))
		netif_receive_skb(skb);
	else
		napi_gro_receive(napi, skb);
}

static void hand_up_datagrams(struct ck_lane *lane, struct ck_datagrams *list)
{
	struct sk_buff *skb = ck_datagrams_take(list);

	if (skb)
		hand_up(lane, skb);
}

/* Hand a packet to the stack, or keep it to see whether more of its flow follow. */
static void deliver(struct ck_lane *lane, struct ck_datagrams *list, struct sk_buff *skb,
		    const struct ck_frame *frame)
{
	hand_up_datagrams(lane, list);
	if (!ck_ring_has_data(&lane->rx) || !ck_datagrams_start(list, skb, frame))
		hand_up(lane, skb);
}

/* Take one frame, and add the memory that it takes: none for a segment of TCP, which knows
 * what its receiver has room for. Returns 1, 0 if there is no frame, or -EPROTO if the peer
 * broke the rules.
 */
static int receive_one(struct ck_lane *lane, struct ck_datagrams *list, u32 *bytes)
{
	struct net_device *dev = lane->peer->ck->dev;
	struct ck_frame frame;
	struct sk_buff *skb;
	bool added;
	u32 pos;
	int err;

	err = ck_ring_peek(&lane->rx, &frame);
	if (err <= 0)
		return err;
	pos = lane->rx.cons + sizeof(frame);

	if (unlikely(frame.len < sizeof(struct iphdr) ||
		     frame.len > CK_FRAME_MAX)) {
		ck_ring_consume(&lane->rx, frame.len);
		drop(lane, CK_RX_DROPPED_LENGTH);
		return ++lane->bad_frames > BAD_FRAMES_MAX ? -EPROTO : 1;
	}

	skb = build_skb_at(lane, pos, &frame);
	ck_ring_consume(&lane->rx, frame.len);
	if (unlikely(!skb)) {
		drop(lane, CK_RX_DROPPED_MEMORY);
		return 1;
	}
	skb->dev = dev;
	added = ck_datagrams_add(list, skb, &frame);
	if (!added && unlikely(!parse_meta(skb, &frame))) {
		kfree_skb(skb);
		drop(lane, CK_RX_DROPPED_HEADER);
		return ++lane->bad_frames > BAD_FRAMES_MAX ? -EPROTO : 1;
	}

	lane->rx_packets++;
	lane->rx_bytes += frame.len;
	dev_sw_netstats_rx_add(dev, frame.len);
	if (!skb_is_gso_tcp(skb))
		*bytes += skb->truesize;
	if (!added) {
		skb_record_rx_queue(skb, lane->queue->index);
		deliver(lane, list, skb, &frame);
	}
	return 1;
}

/**
 * ck_lane_poll() - receive from a lane and send what waits
 * @lane: the lane; called by its queue's poll
 * @quota: most frames to take
 *
 * Once it has taken all there is, it asks for an event and lets the next one in.
 *
 * Return: the number of frames taken; @quota if there may be more, also where that
 * is because of their size.
 */
int ck_lane_poll(struct ck_lane *lane, int quota)
{
	u32 state = ck_lane_peer_state(lane);
	struct ck_datagrams list = { };
	bool busy = false;
	int n = 0, err = 0;
	u32 bytes = 0;

	/* The bell stays silent from here on: its event is not let in again. */
	if (unlikely(lane->broken))
		return 0;
	if (unlikely(state != lane->seen)) {
		lane->seen = state;
		ck_peer_kick(lane->peer);
		busy = true;
	}
	if (READ_ONCE(lane->pending_bytes) || READ_ONCE(lane->stalled)) {
		flush_pending(lane);
		busy = true;
	}

	do {
		while (n < quota && (err = receive_one(lane, &list, &bytes)) > 0)
			n = bytes < TURN_BYTES ? n + 1 : quota;
		hand_up_datagrams(lane, &list);
		if (ck_ring_release(&lane->rx))
			ck_bell_ring(&lane->bell);
		if (unlikely(err < 0)) {
			set_broken(lane);
			goto out;
		}
		if (n == quota)
			goto out;
	} while (ck_ring_wait_data(&lane->rx));
	if (lane->event) {
		lane->event = false;
		ck_bell_done(&lane->bell, !n && !busy);
	}
out:
	if (n)
		ck_queue_traffic(lane->queue, lane);
	if (unlikely(READ_ONCE(lane->closing)))
		wake_up(&lane->progress);
	return n;
}
