// SPDX-License-Identifier: GPL-2.0
/* Datagrams of a flow that follow each other, as one packet.
 *
 * This is what GRO makes of them for a device with rx-gro-list (udp_gro_receive_segment()
 * and udp4_gro_complete()), by a tenth of the instructions: a ring has a flow's datagrams
 * next to each other, so that each is compared to one other packet only. All but the usual
 * IPv4 datagram of a local sender is left to GRO.
 */

#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/udp.h>

#include "datagrams.h"

#define HEADERS		(sizeof(struct iphdr) + sizeof(struct udphdr))
/* As GRO does (UDP_GRO_CNT_MAX). */
#define COUNT_MAX	64

static bool checksum_holds(const struct sk_buff *skb)
{
	return !ip_fast_csum(skb->data, sizeof(struct iphdr) / 4);
}

/* Sockets that want datagrams as one in memory, and tunnels, get them from GRO. */
static bool left_to_gro(const struct net_device *dev)
{
	return !(dev->features & NETIF_F_GRO_FRAGLIST) || netif_elide_gro(dev) ||
	       static_branch_unlikely(&udp_encap_needed_key);
}

/**
 * ck_datagrams_start() - begin a list
 * @list: empty
 * @skb: a packet of the ring, ready for the stack; the list's if it takes it
 * @frame: that it came in
 *
 * Return: true if it took the packet.
 */
bool ck_datagrams_start(struct ck_datagrams *list, struct sk_buff *skb,
			const struct ck_frame *frame)
{
	const struct iphdr *ip = ip_hdr(skb);

	/* Only where fragments are forbidden does the id mean nothing: it becomes
	 * another one if the list is sent on.
	 */
	if (skb->len <= HEADERS || skb_is_nonlinear(skb) || skb_is_gso(skb) ||
	    ip->version != 4 || ip->ihl != sizeof(*ip) / 4 || ip->protocol != IPPROTO_UDP ||
	    ip->frag_off != htons(IP_DF) || ntohs(ip->tot_len) != skb->len ||
	    skb->ip_summed != CHECKSUM_PARTIAL || skb_transport_offset(skb) != sizeof(*ip) ||
	    skb->csum_offset != offsetof(struct udphdr, check) ||
	    ntohs(udp_hdr(skb)->len) != skb->len - sizeof(*ip) ||
	    !checksum_holds(skb) || left_to_gro(skb->dev))
		return false;
	list->first = skb;
	list->last = skb;
	list->count = 1;
	list->frame = *frame;
	return true;
}

/* Do the headers differ in no more than the ids and the checksums? */
static bool alike(const void *headers1, const void *headers2)
{
	const __be64 *a = headers1, *b = headers2;
	const struct udphdr *x = headers1 + sizeof(struct iphdr);
	const struct udphdr *y = headers2 + sizeof(struct iphdr);

	return !(((a[0] ^ b[0]) & cpu_to_be64(0xffffffff0000ffff)) |
		 ((a[1] ^ b[1]) & cpu_to_be64(0xffff0000ffffffff)) | (a[2] ^ b[2])) &&
	       x->len == y->len;
}

/**
 * ck_datagrams_add() - continue a list
 * @list: begun or empty
 * @skb: a packet of the ring, with nothing but its bytes; the list's if it takes it
 * @frame: that it came in
 *
 * Return: true if it took the packet, as it belongs there and there is space.
 */
bool ck_datagrams_add(struct ck_datagrams *list, struct sk_buff *skb,
		      const struct ck_frame *frame)
{
	struct sk_buff *first = list->first;

	if (!first || memcmp(frame, &list->frame, sizeof(*frame)) ||
	    !alike(first->data, skb->data) || !checksum_holds(skb) ||
	    list->count == COUNT_MAX || first->len + skb->len > U16_MAX)
		return false;

	/* Whatever makes it a packet by itself again copies the rest from the first one. */
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(struct iphdr));
	skb_pull(skb, HEADERS);
	if (list->count++ == 1)
		skb_shinfo(first)->frag_list = skb;
	else
		list->last->next = skb;
	list->last = skb;
	first->len += skb->len;
	first->data_len += skb->len;
	first->truesize += skb->truesize;
	return true;
}

/**
 * ck_datagrams_take() - end a list
 * @list: of any number of datagrams; empty after that
 *
 * Return: them as one packet, the caller's; NULL if there is none.
 */
struct sk_buff *ck_datagrams_take(struct ck_datagrams *list)
{
	struct sk_buff *skb = list->first;
	struct skb_shared_info *info;
	struct udphdr *udp;
	struct iphdr *ip;
	__be16 len;

	list->first = NULL;
	if (!skb || list->count == 1)
		return skb;

	info = skb_shinfo(skb);
	udp = udp_hdr(skb);
	info->gso_type = SKB_GSO_FRAGLIST | SKB_GSO_UDP_L4;
	info->gso_size = ntohs(udp->len) - sizeof(*udp);
	info->gso_segs = list->count;
	udp->len = htons(skb->len - sizeof(*ip));
	ip = ip_hdr(skb);
	len = htons(skb->len);
	csum_replace2(&ip->check, ip->tot_len, len);
	ip->tot_len = len;
	return skb;
}
