// SPDX-License-Identifier: GPL-2.0
/* What the module tells netlink's listeners and the helper of its own accord. */

#include <net/genetlink.h>

#include "../drivers/account.h"
#include "../drivers/channel.h"
#include "notify.h"

/* The family that requests are served by (netlink.c). */
static const struct genl_family *ck_family;

/**
 * ck_notify_init() - say which family notifications belong to
 * @family: registered, and until nothing notifies any more
 */
void ck_notify_init(const struct genl_family *family)
{
	ck_family = family;
}

/**
 * ck_put_dev() - describe a device in a message
 * @skb: the message
 * @ck: the device, locked
 * Return: 0 or -EMSGSIZE.
 */
int ck_put_dev(struct sk_buff *skb, const struct ck_dev *ck)
{
	lockdep_assert_held(&ck->lock);
	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, ck->dev->ifindex) ||
	    nla_put_u32(skb, COKEEPER_A_LOWER, ck->lower->ifindex) ||
	    nla_put(skb, COKEEPER_A_MAC, ETH_ALEN, ck->lower->dev_addr) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_INSTANCE, ck->instance,
			      COKEEPER_A_PAD) ||
	    nla_put_u32(skb, COKEEPER_A_GENERATION, ck->generation) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_PEERS, COKEEPER_MAX_PEERS) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_GRANTS, ck_account_max(CK_GRANTS)) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_PEER_GRANTS, ck_account_max_each(CK_GRANTS)) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_PORTS, ck_account_max(CK_PORTS)) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_PEER_PORTS, ck_account_max_each(CK_PORTS)) ||
	    nla_put_u32(skb, COKEEPER_A_STEER, ck->steer))
		return -EMSGSIZE;
	if (ck->inactive && nla_put_u32(skb, COKEEPER_A_INACTIVE, ck->inactive))
		return -EMSGSIZE;
	if (ck->helper && nla_put_u32(skb, COKEEPER_A_HELPER, ck->helper))
		return -EMSGSIZE;
	return 0;
}

static int put_id(struct sk_buff *skb, const struct ck_peer_id *id)
{
	if (nla_put(skb, COKEEPER_A_PEER_MAC, ETH_ALEN, id->mac) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_DOMID, id->domid) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_PEER_INSTANCE, id->instance,
			      COKEEPER_A_PEER_PAD))
		return -EMSGSIZE;
	return 0;
}

/* What went through a peer's channels. */
static int put_traffic(struct sk_buff *skb, const struct ck_peer *peer)
{
	struct ck_traffic sum = peer->closed_stats;
	const struct ck_channel *ch;
	const struct {
		int attr;
		const u64 *value;
	} counter[] = {
		{ COKEEPER_A_PEER_TX_PACKETS, &sum.tx_packets },
		{ COKEEPER_A_PEER_TX_BYTES, &sum.tx_bytes },
		{ COKEEPER_A_PEER_RX_PACKETS, &sum.rx_packets },
		{ COKEEPER_A_PEER_RX_BYTES, &sum.rx_bytes },
		{ COKEEPER_A_PEER_RX_DROPPED, &sum.rx_dropped },
	};
	unsigned int i;

	if (peer->channel)
		ck_channel_add_stats(peer->channel, &sum);
	list_for_each_entry(ch, &peer->ck->draining, draining)
		if (ch->lane[0].peer == peer)
			ck_channel_add_stats(ch, &sum);
	for (i = 0; i < ARRAY_SIZE(counter); i++)
		if (nla_put_u64_64bit(skb, counter[i].attr, *counter[i].value,
				      COKEEPER_A_PEER_PAD))
			return -EMSGSIZE;
	return 0;
}

/* What the peer's domain makes us hold. */
static int put_holdings(struct sk_buff *skb, const struct ck_account *account)
{
	if (nla_put_u32(skb, COKEEPER_A_PEER_GRANTS, ck_account_held(account, CK_GRANTS)) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_LATE_GRANTS, ck_account_held(account, CK_LATE)) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_MAPPED, ck_account_held(account, CK_MAPPED)) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_PORTS, ck_account_held(account, CK_PORTS)))
		return -EMSGSIZE;
	return 0;
}

/**
 * ck_put_peer() - describe a peer in a message
 * @skb: the message
 * @peer: the peer, its device locked
 * Return: 0 or -EMSGSIZE.
 */
int ck_put_peer(struct sk_buff *skb, const struct ck_peer *peer)
{
	enum cokeeper_reason reason = peer->reason;
	struct nlattr *nest;

	lockdep_assert_held(&peer->ck->lock);
	if (peer->channel && ck_channel_any(peer->channel, ck_lane_stalled))
		reason = COKEEPER_REASON_STALLED;
	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, peer->ck->dev->ifindex) ||
	    nla_put_u32(skb, COKEEPER_A_GENERATION, peer->ck->generation))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, COKEEPER_A_PEER);
	if (!nest || put_id(skb, &peer->id) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_STATE, peer->state) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_REASON, reason) ||
	    put_traffic(skb, peer) || put_holdings(skb, peer->account) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_PEER_FALLBACK_PACKETS,
			      atomic_long_read(&peer->fallback_packets),
			      COKEEPER_A_PEER_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Start a notification; NULL if nobody listens or there is no memory. */
static struct sk_buff *notify_start(struct net *net, unsigned int group, u8 cmd,
				    enum cokeeper_event event, enum cokeeper_cause cause,
				    void **hdr)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(ck_family, net, group))
		return NULL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, ck_family, 0, cmd);
	if (*hdr && !nla_put_u32(skb, COKEEPER_A_EVENT, event) &&
	    !nla_put_u64_64bit(skb, COKEEPER_A_TIME, ktime_get_real_ns(), COKEEPER_A_PAD) &&
	    !(cause && nla_put_u32(skb, COKEEPER_A_CAUSE, cause)))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void notify_end(struct net *net, struct sk_buff *skb, void *hdr, unsigned int group,
		       int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(ck_family, net, skb, 0, group, GFP_KERNEL);
}

/**
 * ck_notify_dev() - tell listeners of a change of the device
 * @ck: the device, locked
 * @cause: COKEEPER_CAUSE_RESUMED after a suspend, else COKEEPER_CAUSE_NONE
 */
void ck_notify_dev(struct ck_dev *ck, enum cokeeper_cause cause)
{
	static const unsigned int groups[] = { CK_MCGRP_DEVICE, CK_MCGRP_MONITOR };
	struct net *net = dev_net(ck->dev);
	struct sk_buff *skb;
	void *hdr;
	int i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		skb = notify_start(net, groups[i], COKEEPER_CMD_DEV_NTF,
				   COKEEPER_EVENT_DEVICE, cause, &hdr);
		if (skb)
			notify_end(net, skb, hdr, groups[i], ck_put_dev(skb, ck));
	}
}

/**
 * ck_notify_peer() - tell listeners of a change of a peer
 * @peer: the peer, its device locked
 * @event: what happened
 * @cause: why, for a join, a leave or an update
 */
void ck_notify_peer(const struct ck_peer *peer, enum cokeeper_event event,
		    enum cokeeper_cause cause)
{
	struct net *net = dev_net(peer->ck->dev);
	struct sk_buff *skb;
	void *hdr;

	skb = notify_start(net, CK_MCGRP_MONITOR, COKEEPER_CMD_PEER_NTF, event, cause, &hdr);
	if (skb)
		notify_end(net, skb, hdr, CK_MCGRP_MONITOR, ck_put_peer(skb, peer));
}

static int put_offer(struct sk_buff *skb, const struct ck_peer *peer, bool withdraw)
{
	const struct ck_channel *ch = peer->channel;
	struct nlattr *nest;

	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, peer->ck->dev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, COKEEPER_A_PEER);
	if (!nest || put_id(skb, &peer->id))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	nest = nla_nest_start(skb, COKEEPER_A_OFFER);
	if (!nest || nla_put_u32(skb, COKEEPER_A_OFFER_ID, ch->id) ||
	    nla_put_u32(skb, COKEEPER_A_OFFER_GREF, ch->lane[0].control_pages->ref[0]) ||
	    nla_put_u32(skb, COKEEPER_A_OFFER_PORT, ch->lane[0].evtchn.port) ||
	    (withdraw && nla_put_flag(skb, COKEEPER_A_OFFER_WITHDRAW)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * ck_notify_offer() - have the helper publish or withdraw an offer
 * @peer: whom @peer->channel is offered to; its device is locked
 * @withdraw: it is over
 *
 * If the message is lost, the offer times out, and the next one is tried later.
 */
void ck_notify_offer(const struct ck_peer *peer, bool withdraw)
{
	struct ck_dev *ck = peer->ck;
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&ck->lock);
	if (!ck->helper)
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, ck_family, 0, COKEEPER_CMD_OFFER_NTF);
	if (!hdr || put_offer(skb, peer, withdraw)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_unicast(dev_net(ck->dev), skb, ck->helper);
}
