// SPDX-License-Identifier: GPL-2.0
/* Where packets go: to the peer that owns the next hop, or by the lower device. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/arp.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "channel.h"
#include "cokeeper.h"
#include "peer.h"

/* Route a packet again, by the lower device. */
static int route4(struct net *net, struct sk_buff *skb, struct net_device *lower)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4 = {
		.flowi4_oif = lower->ifindex,
		.flowi4_tos = RT_TOS(iph->tos),
		.flowi4_mark = skb->mark,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.flowi4_uid = sock_net_uid(net, sk_to_full_sk(skb->sk)),
		.daddr = iph->daddr,
		.saddr = iph->saddr,
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return PTR_ERR(rt);
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)
static int route6(struct net *net, struct sk_buff *skb, struct net_device *lower)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.flowi6_oif = lower->ifindex,
		.flowi6_mark = skb->mark,
		.flowi6_flags = FLOWI_FLAG_ANYSRC,
		.flowi6_uid = sock_net_uid(net, sk_to_full_sk(skb->sk)),
		.flowlabel = ip6_flowinfo(iph),
		.daddr = iph->daddr,
		.saddr = iph->saddr,
	};
	/* Without the flag the output interface is but a preference. */
	struct dst_entry *dst = ip6_route_output_flags(net, NULL, &fl6,
						       RT6_LOOKUP_F_IFACE);
	int err = dst->error;

	if (err) {
		dst_release(dst);
		return err;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	return 0;
}
#else
static int route6(struct net *net, struct sk_buff *skb, struct net_device *lower)
{
	return -EAFNOSUPPORT;
}
#endif

/**
 * ck_fallback() - send a packet by the lower device
 * @ck: the device it came to
 * @skb: an IP packet; consumed. Bottom halves are off
 * @why: counted
 *
 * It takes the way that it would have taken without cokeeper: its route, the
 * lower device's neighbours, firewall, and queueing discipline.
 */
void ck_fallback(struct ck_dev *ck, struct sk_buff *skb, enum ck_stat why)
{
	struct net *net = dev_net(ck->dev);
	int err;

	ck_count(ck, why);
	err = skb->protocol == htons(ETH_P_IP) ? route4(net, skb, ck->lower) :
						 route6(net, skb, ck->lower);
	if (unlikely(err)) {
		ck_count(ck, CK_TX_FALLBACK_FAILED);
		dev_core_stats_tx_dropped_inc(ck->dev);
		kfree_skb(skb);
		return;
	}
	dst_output(net, skb->sk, skb);
}

/* The lower device's neighbour that is a packet's next hop, under RCU. */
static struct neighbour *next_hop(struct ck_dev *ck, struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		const struct rtable *rt = dst ? container_of(dst, struct rtable, dst) : NULL;
		__be32 hop = ip_hdr(skb)->daddr;

		if (rt && rt->rt_gw_family == AF_INET6)
			return __ipv6_neigh_lookup_noref_stub(ck->lower, &rt->rt_gw6);
		if (rt)
			hop = rt_nexthop(rt, hop);
		return __ipv4_neigh_lookup_noref(ck->lower, (__force u32)hop);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (dst) {
		const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

		return __ipv6_neigh_lookup_noref_stub(ck->lower,
				rt6_nexthop(rt, &ipv6_hdr(skb)->daddr));
	}
	return __ipv6_neigh_lookup_noref_stub(ck->lower, &ipv6_hdr(skb)->daddr);
#else
	return NULL;
#endif
}

/* Find the hardware address of the next hop; false if it is not known. */
static bool next_hop_mac(struct ck_dev *ck, struct sk_buff *skb, u8 *mac)
{
	struct neighbour *n = next_hop(ck, skb);

	if (!n || !(READ_ONCE(n->nud_state) & NUD_VALID))
		return false;
	/* An answer that came through the rings confirms the neighbour just as
	 * one by the lower device would; else a stale entry is probed, as the
	 * stack itself would.
	 */
	sock_confirm_neigh(skb, n);
	neigh_event_send(n, NULL);
	neigh_ha_snapshot(mac, n, ck->lower);
	return true;
}

/**
 * ck_xmit() - ndo_start_xmit of the cokeeper device
 * @skb: an IP packet
 * @dev: the device
 *
 * Return: NETDEV_TX_OK; what cannot go through a ring falls back, so nothing is
 * ever refused.
 */
netdev_tx_t ck_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	struct ck_channel *ch;
	struct ck_peer *peer;
	u8 mac[ETH_ALEN];

	if (unlikely(!pskb_inet_may_pull(skb) ||
		     (skb->protocol != htons(ETH_P_IP) &&
		      skb->protocol != htons(ETH_P_IPV6)))) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}

	rcu_read_lock();
	if (unlikely(!next_hop_mac(ck, skb, mac))) {
		ck_fallback(ck, skb, CK_TX_FALLBACK_NO_NEIGH);
		goto out;
	}
	peer = ck_peer_lookup(ck, mac);
	if (unlikely(!peer)) {
		ck_fallback(ck, skb, CK_TX_FALLBACK_NO_PEER);
		goto out;
	}
	ch = rcu_dereference(peer->channel);
	if (unlikely(!ch)) {
		ck_peer_want(peer);
		ck_peer_fallback(peer, skb, CK_TX_FALLBACK_NO_CHANNEL);
		goto out;
	}
	ck_lane_xmit(ck_channel_lane(ch, skb), skb);
out:
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
