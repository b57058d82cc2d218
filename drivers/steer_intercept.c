// SPDX-License-Identifier: GPL-2.0
/* Steering below the stack: an egress hook on the lower device takes what goes to a peer.
 *
 * Output firewall, NAT, policy routing, neighbours and the like have had their say by then,
 * with the names they know. What the hook does not take goes on as if it were not there.
 */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_netdev.h>
#include <net/sch_generic.h>

#include "channel.h"
#include "steer.h"

/* Does the lower device do no more than queue? A discipline that lets packets pass by while
 * it is empty (TCQ_F_CAN_BYPASS) does; one that shapes, delays or classifies does not.
 */
static bool only_queues(const struct net_device *lower)
{
	const struct Qdisc *q;
	unsigned int i;

	for (i = 0; i < READ_ONCE(lower->real_num_tx_queues); i++) {
		q = rcu_dereference_bh(netdev_get_tx_queue(lower, i)->qdisc);
		if (q->enqueue && !(q->flags & TCQ_F_CAN_BYPASS))
			return false;
	}
	return true;
}

/* Is there an IP header? It alone tells the peer of the protocol. What has a hop limit as
 * neighbour discovery must have (RFC 4861) goes where ARP goes: dom0's bridge learns of it.
 */
static bool is_ip(const struct sk_buff *skb, const struct ethhdr *eth)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)(eth + 1);
	const struct iphdr *ip = (const struct iphdr *)(eth + 1);
	unsigned int len = skb_headlen(skb) - ETH_HLEN;

	if (eth->h_proto == htons(ETH_P_IP))
		return len >= sizeof(*ip) && ip->version == 4;
	return eth->h_proto == htons(ETH_P_IPV6) && len >= sizeof(*ip6) &&
	       ip6->version == 6 &&
	       !(ip6->nexthdr == IPPROTO_ICMPV6 && ip6->hop_limit == 255);
}

/* Is a packet for a peer one that a ring may carry? If not, @why says why. */
static bool may_intercept(const struct ck_dev *ck, const struct sk_buff *skb,
			  const struct ethhdr *eth, enum ck_stat *why)
{
	*why = CK_TX_FALLBACK_VLAN;
	if (skb_vlan_tag_present(skb) || eth_type_vlan(eth->h_proto))
		return false;
	*why = CK_TX_FALLBACK_NOT_IP;
	if (!is_ip(skb, eth))
		return false;
	/* Bridge ports and macvlans speak in names of their own. */
	*why = CK_TX_FALLBACK_SOURCE_MAC;
	if (!ether_addr_equal(eth->h_source, ck->lower->dev_addr))
		return false;
	*why = CK_TX_FALLBACK_TC;
	if (ck_netdev_has_tc_egress(ck->lower))
		return false;
	*why = CK_TX_FALLBACK_QDISC;
	return only_queues(ck->lower);
}

/* Send a packet, or the packets that it was cut into, which the lower device could send. */
static void send_list(struct ck_lane *lane, struct sk_buff *skb)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		/* It may wait, and then outlive what the stack's read side protects. */
		if (skb->dev->priv_flags & IFF_XMIT_DST_RELEASE)
			skb_dst_drop(skb);
		else
			skb_dst_force(skb);
		skb_set_network_header(skb, ETH_HLEN);
		__skb_pull(skb, ETH_HLEN);
		ck_tx_xmit(lane, skb);
	}
}

static unsigned int ck_intercept_hook(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	const struct ethhdr *eth = eth_hdr(skb);
	struct ck_dev *ck = priv;
	struct ck_channel *ch;
	struct ck_lane *lane;
	struct ck_peer *peer;
	bool again = false;
	enum ck_stat why;

	if (unlikely(skb_headlen(skb) < ETH_HLEN))
		return NF_ACCEPT;
	peer = ck_peer_lookup(ck, eth->h_dest);
	if (likely(!peer)) {
		if (is_multicast_ether_addr(eth->h_dest))
			ck_count(ck, CK_TX_FALLBACK_MULTICAST);
		return NF_ACCEPT;
	}
	if (unlikely(!may_intercept(ck, skb, eth, &why)))
		goto accept;
	ch = rcu_dereference(peer->tx_channel);
	if (unlikely(!ch)) {
		ck_peer_want(peer);
		return NF_ACCEPT;
	}
	/* The packets of a flow stay in one lane, and in order. */
	lane = &ch->lane[ch->nr == 1 ? 0 : reciprocal_scale(skb_get_hash(skb), ch->nr)];
	/* Sums and cuts what the lower device does not, as the stack would do next. */
	send_list(lane, validate_xmit_skb_list(skb, ck->lower, &again));
	return NF_STOLEN;

accept:
	ck_peer_count_fallback(peer, why);
	return NF_ACCEPT;
}

/**
 * ck_intercept_start() - take packets at the lower device's egress hook
 * @ck: the device, not intercepting; RTNL is held
 * @extack: says why not
 * Return: 0 or a negative errno.
 */
int ck_intercept_start(struct ck_dev *ck, struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	/* Last: behind all chains that an administrator may have put there. */
	ck->hook = (struct nf_hook_ops){
		.hook		= ck_intercept_hook,
		.dev		= ck->lower,
		.priv		= ck,
		.pf		= NFPROTO_NETDEV,
		.hooknum	= NF_NETDEV_EGRESS,
		.priority	= INT_MAX,
	};
	err = nf_register_net_hook(dev_net(ck->lower), &ck->hook);
	if (err) {
		ck->hook.hook = NULL;
		NL_SET_ERR_MSG(extack, "cannot register the lower device's egress hook");
	}
	return err;
}

/**
 * ck_intercept_stop() - take no more packets
 * @ck: the device; RTNL is held. Packets that are being taken may go on until a grace
 *	period has passed
 */
void ck_intercept_stop(struct ck_dev *ck)
{
	ASSERT_RTNL();
	if (!ck->hook.hook)
		return;
	nf_unregister_net_hook(dev_net(ck->lower), &ck->hook);
	ck->hook.hook = NULL;
}
