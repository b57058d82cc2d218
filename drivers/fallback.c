// SPDX-License-Identifier: GPL-2.0
/* What a ring does not carry goes on by the lower device. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_netdev.h>
#include <net/arp.h>
#include <net/dst_metadata.h>
#include <net/ip6_fib.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "cokeeper.h"
#include "steer.h"

/**
 * ck_next_hop() - the lower device's neighbour that is a packet's next hop
 * @ck: the device that the packet was routed at
 * @skb: an IP packet with its header in linear memory
 * Return: the neighbour, made if it was not there, under RCU; or an ERR_PTR().
 */
struct neighbour *ck_next_hop(struct ck_dev *ck, struct sk_buff *skb)
{
	/* A tunnel's metadata is no route. */
	const struct dst_entry *dst = skb_valid_dst(skb) ? skb_dst(skb) : NULL;

	if (skb->protocol == htons(ETH_P_IP)) {
		const struct rtable *rt = dst && dst->ops->family == AF_INET ?
			container_of(dst, struct rtable, dst) : NULL;

		if (rt && rt->rt_gw_family == AF_INET6)
			return ip_neigh_gw6(ck->lower, &rt->rt_gw6);
		return ip_neigh_gw4(ck->lower,
				    rt ? rt_nexthop((struct rtable *)rt, ip_hdr(skb)->daddr) :
					 ip_hdr(skb)->daddr);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6_mod_enabled()) {
		const struct in6_addr *hop = &ipv6_hdr(skb)->daddr;

		if (dst && dst->ops->family == AF_INET6)
			hop = rt6_nexthop(container_of(dst, struct rt6_info, dst), hop);
		return ip_neigh_gw6(ck->lower, hop);
	}
#endif
	return ERR_PTR(-EAFNOSUPPORT);
}

/* A packet that was routed at the cokeeper device: firewall and NAT have had their say,
 * so it is not routed again, but given to the lower device's neighbour.
 */
static void fallback_routed(struct ck_dev *ck, struct sk_buff *skb)
{
	struct neighbour *n;

	skb->dev = ck->lower;
	rcu_read_lock();
	n = ck_next_hop(ck, skb);
	if (IS_ERR(n) || skb_cow_head(skb, LL_RESERVED_SPACE(ck->lower))) {
		dev_core_stats_tx_dropped_inc(ck->dev);
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
	} else {
		/* Should it wait for an answer, it is not to ask for the neighbour again. */
		skb_dst_drop(skb);
		neigh_output(n, skb, false);
	}
	rcu_read_unlock();
}

/**
 * ck_fallback() - send a packet by the lower device after all
 * @ck: the device
 * @skb: an IP packet, consumed; its skb->dev is the device that it was taken from.
 *	Bottom halves are off
 */
void ck_fallback(struct ck_dev *ck, struct sk_buff *skb)
{
	if (skb->dev != ck->lower) {
		fallback_routed(ck, skb);
		return;
	}
	/* Taken at the egress hook, it goes on behind that, which no chain is to see twice. */
	__skb_push(skb, ETH_HLEN);
	nf_skip_egress(skb, true);
	dev_queue_xmit(skb);
}
