// SPDX-License-Identifier: GPL-2.0
/* The receiving side of a lane. */

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/virtio_net.h>

#include "lane.h"
#include "sources.h"

/* Packets up to this size are copied into linear memory alone. */
#define COPY_BREAK	1600
/* Else this many bytes are, enough for all headers. */
#define HEAD_SIZE	256
/* A peer that sends this many malformed frames is in quarantine, unless they are spread
 * over minutes: each minute halves their number.
 */
#define BAD_FRAMES_MAX	64
#define BAD_FRAMES_AGE	(60 * HZ)

static const struct virtio_net_hdr *vnet_hdr(const struct ck_frame *frame)
{
	return (const void *)frame->vnet_hdr;
}

/* How much of a packet goes to linear memory: all of a small one, else the headers, of
 * which the sender may say how long they are. It is a hint; the stack gets at what it
 * needs wherever that is.
 */
static u32 head_size(const struct ck_frame *frame)
{
	u32 len = __virtio16_to_cpu(virtio_legacy_is_little_endian(),
				    vnet_hdr(frame)->hdr_len);

	if (frame->len <= COPY_BREAK)
		return frame->len;
	return len >= sizeof(struct ipv6hdr) && len < HEAD_SIZE ? len : HEAD_SIZE;
}

/* Find out which protocol a packet is of; false for one that is neither. */
static bool rx_set_protocol(struct sk_buff *skb)
{
	skb_reset_network_header(skb);
	switch (ip_hdr(skb)->version) {
	case 4:
		skb->protocol = htons(ETH_P_IP);
		return true;
	case 6:
		skb->protocol = htons(ETH_P_IPV6);
		return skb->len >= sizeof(struct ipv6hdr);
	default:
		return false;
	}
}

/* Set GSO up as the sender says, if the protocol fits; the stack checks the rest. */
static bool rx_set_gso(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	struct skb_shared_info *info = skb_shinfo(skb);
	u16 size = __virtio16_to_cpu(virtio_legacy_is_little_endian(), hdr->gso_size);

	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		if (skb->protocol != htons(ETH_P_IP))
			return false;
		info->gso_type = SKB_GSO_TCPV4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (skb->protocol != htons(ETH_P_IPV6))
			return false;
		info->gso_type = SKB_GSO_TCPV6;
		break;
	default:
		return false;
	}
	if (hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN)
		info->gso_type |= SKB_GSO_TCP_ECN;
	info->gso_type |= SKB_GSO_DODGY;
	info->gso_size = size;
	info->gso_segs = 0;
	return size && size != GSO_BY_FRAGS;
}

/* Take over what the sender says of a packet; false if that is nonsense. The checksum of
 * GSO is always partial; where it goes follows from the headers, as with netfront.
 */
static bool rx_apply_vnet_hdr(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	bool gso = hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE;

	if (gso || (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		skb->ip_summed = CHECKSUM_PARTIAL;
	else if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return !gso || rx_set_gso(skb, hdr);
}

/* Have the lower device receive the packet from the peer, or the cokeeper device. */
static void rx_set_device(struct ck_lane *lane, struct sk_buff *skb)
{
	struct ck_dev *ck = lane->peer->ck;
	u16 index = lane->queue->index;
	struct ethhdr *eth;

	if (!ck_intercepts(ck)) {
		skb->dev = ck->dev;
		skb_reset_mac_header(skb);
		skb_record_rx_queue(skb, index);
		return;
	}
	eth = __skb_push(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, ck->lower->dev_addr);
	ether_addr_copy(eth->h_source, lane->peer->id.mac);
	eth->h_proto = skb->protocol;
	skb->protocol = eth_type_trans(skb, ck->lower);
	if (index < READ_ONCE(ck->lower->real_num_rx_queues))
		skb_record_rx_queue(skb, index);
}

static void rx_drop(struct ck_lane *lane, enum ck_stat why)
{
	ck_count(lane->peer->ck, why);
	dev_core_stats_rx_dropped_inc(lane->peer->ck->dev);
	WRITE_ONCE(lane->rx.dropped, lane->rx.dropped + 1);
}

/* Drop a malformed frame; -EPROTO if the peer has sent too many of them. */
static int rx_drop_bad(struct ck_lane *lane, enum ck_stat why)
{
	struct ck_rx *rx = &lane->rx;

	rx_drop(lane, why);
	while (rx->bad_frames && time_after(jiffies, rx->bad_since + BAD_FRAMES_AGE)) {
		rx->bad_frames /= 2;
		rx->bad_since += BAD_FRAMES_AGE;
	}
	if (!rx->bad_frames)
		rx->bad_since = jiffies;
	return ++rx->bad_frames > BAD_FRAMES_MAX ? -EPROTO : 1;
}

static bool rx_length_ok(const struct ck_rx *rx, const struct ck_frame *frame)
{
	return frame->len >= sizeof(struct iphdr) && frame->len <= CK_FRAME_MAX &&
	       (frame->len <= READ_ONCE(rx->mtu) ||
		vnet_hdr(frame)->gso_type != VIRTIO_NET_HDR_GSO_NONE);
}

/* May the peer send that? Any process there may try to, so if not, that breaks no rule. */
static bool rx_source_ok(const struct ck_lane *lane, const struct sk_buff *skb)
{
	bool ok;

	rcu_read_lock();
	ok = ck_sources_allow(rcu_dereference(lane->peer->sources), skb);
	rcu_read_unlock();
	return ok;
}

/* Take one frame. Returns 1, 0 if there is none, or -EPROTO if the peer broke the rules. */
static int rx_one(struct ck_lane *lane)
{
	struct ck_rx *rx = &lane->rx;
	struct ck_frame frame;
	struct sk_buff *skb;
	int err;

	err = ck_ring_peek(&rx->ring, &frame);
	if (err <= 0)
		return err;
	if (unlikely(!rx_length_ok(rx, &frame))) {
		ck_ring_consume(&rx->ring, frame.len);
		return rx_drop_bad(lane, CK_RX_DROPPED_LENGTH);
	}

	skb = ck_rx_mem_read(&lane->queue->rx_mem, &rx->ring, rx->ring.cons + sizeof(frame),
			     frame.len, head_size(&frame));
	ck_ring_consume(&rx->ring, frame.len);
	if (unlikely(!skb)) {
		rx_drop(lane, CK_RX_DROPPED_MEMORY);
		return 1;
	}
	if (unlikely(!rx_set_protocol(skb) || !rx_apply_vnet_hdr(skb, vnet_hdr(&frame)))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_HDR);
		return rx_drop_bad(lane, CK_RX_DROPPED_HEADER);
	}
	/* A process of the peer may have had any packet sent, so that is no one's fault. */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    unlikely(skb_checksum_setup(skb, !(vnet_hdr(&frame)->flags &
					       VIRTIO_NET_HDR_F_NEEDS_CSUM)))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_CSUM);
		rx_drop(lane, CK_RX_DROPPED_HEADER);
		return 1;
	}

	if (unlikely(!rx_source_ok(lane, skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_RPFILTER);
		rx_drop(lane, CK_RX_DROPPED_SOURCE);
		return 1;
	}

	WRITE_ONCE(rx->packets, rx->packets + 1);
	WRITE_ONCE(rx->bytes, rx->bytes + frame.len);
	dev_sw_netstats_rx_add(lane->peer->ck->dev, frame.len);
	rx_set_device(lane, skb);
	napi_gro_receive(&lane->queue->napi, skb);
	return 1;
}

/**
 * ck_rx_poll() - receive
 * @lane: the lane, not broken; in a NAPI poll
 * @quota: most frames to take
 *
 * Once it has taken all there is, it asks for an event. A peer that breaks the rules ends
 * the lane: it stays silent from here on, and the peer's work puts it in quarantine.
 *
 * Return: the number of frames taken; @quota if there may be more.
 */
int ck_rx_poll(struct ck_lane *lane, int quota)
{
	struct ck_dev *ck = lane->peer->ck;
	struct ck_rx *rx = &lane->rx;
	int n = 0, err = 0;

	/* The program is not passed by. No notifier tells of each way to attach one. */
	if (unlikely(ck_native_xdp(ck))) {
		if (!READ_ONCE(ck->inactive))
			queue_delayed_work(ck_wq, &ck->check, 0);
		/* Should it be gone again at once, the next frame's event goes on. */
		ck_ring_wait_data(&rx->ring);
		return 0;
	}
	do {
		while (n < quota && (err = rx_one(lane)) > 0)
			n++;
		if (ck_ring_release(&rx->ring))
			ck_evtchn_notify(&lane->evtchn);
		if (unlikely(err < 0)) {
			WRITE_ONCE(rx->broken, true);
			ck_peer_kick(lane->peer);
			break;
		}
	} while (n < quota && ck_ring_wait_data(&rx->ring));
	if (n)
		WRITE_ONCE(rx->last_used, jiffies);
	return n;
}
