// SPDX-License-Identifier: GPL-2.0
/* Steering by routes: the cokeeper device is an interface of its own. */

#include <net/ip_tunnels.h>
#include <net/neighbour.h>
#include <net/sock.h>

#include "channel.h"
#include "steer.h"

/* Find the hardware address of the next hop; false if it is not known. */
static bool next_hop_mac(struct ck_dev *ck, struct sk_buff *skb, u8 *mac)
{
	struct neighbour *n = ck_next_hop(ck, skb);

	if (IS_ERR(n) || !(READ_ONCE(n->nud_state) & NUD_VALID))
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

/* The lane that takes a packet; NULL if it takes the lower device, which is counted. */
static struct ck_lane *find_lane(struct ck_dev *ck, struct sk_buff *skb)
{
	struct ck_channel *ch;
	struct ck_peer *peer;
	u8 mac[ETH_ALEN];

	if (unlikely(!next_hop_mac(ck, skb, mac))) {
		ck_count(ck, CK_TX_FALLBACK_NO_NEIGH);
		return NULL;
	}
	peer = ck_peer_lookup(ck, mac);
	if (unlikely(!peer)) {
		ck_count(ck, CK_TX_FALLBACK_NO_PEER);
		return NULL;
	}
	ch = rcu_dereference(peer->tx_channel);
	if (unlikely(!ch)) {
		ck_peer_want(peer);
		return NULL;
	}
	/* The stack gives all packets of a flow one queue, so they stay in order. */
	return &ch->lane[skb_get_queue_mapping(skb) % ch->nr];
}

/**
 * ck_route_xmit() - ndo_start_xmit of the cokeeper device
 * @skb: an IP packet
 * @dev: the device
 * Return: NETDEV_TX_OK; what cannot go through a ring takes the lower device, so nothing is
 * ever refused.
 */
netdev_tx_t ck_route_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	struct ck_lane *lane;

	if (unlikely(!pskb_inet_may_pull(skb) ||
		     (skb->protocol != htons(ETH_P_IP) &&
		      skb->protocol != htons(ETH_P_IPV6)))) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
		return NETDEV_TX_OK;
	}

	rcu_read_lock();
	lane = find_lane(ck, skb);
	if (likely(lane))
		ck_tx_xmit(lane, skb);
	else
		ck_fallback(ck, skb);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
