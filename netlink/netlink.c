// SPDX-License-Identifier: GPL-2.0
/* The kernel side of the generic-netlink family "cokeeper". */

#include <linux/slab.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <xen/interface/xen.h>

#include "../drivers/channel.h"
#include "../drivers/cokeeper.h"
#include "../drivers/peer.h"
#include "netlink.h"

static struct genl_family family;

enum { MCGRP_MONITOR, MCGRP_DEVICE };

static const struct genl_multicast_group mcgrps[] = {
	[MCGRP_MONITOR] = { .name = COKEEPER_MCGRP_MONITOR },
	[MCGRP_DEVICE] = { .name = COKEEPER_MCGRP_DEVICE },
};

static const struct nla_policy peer_policy[COKEEPER_A_PEER_MAX + 1] = {
	[COKEEPER_A_PEER_MAC]		= NLA_POLICY_ETH_ADDR,
	[COKEEPER_A_PEER_DOMID]		= NLA_POLICY_MAX(NLA_U32, DOMID_FIRST_RESERVED - 1),
	[COKEEPER_A_PEER_INSTANCE]	= { .type = NLA_U64 },
};

static const struct nla_policy offer_policy[COKEEPER_A_OFFER_MAX + 1] = {
	[COKEEPER_A_OFFER_ID]		= { .type = NLA_U32 },
	[COKEEPER_A_OFFER_GREF]		= { .type = NLA_U32 },
	[COKEEPER_A_OFFER_PORT]		= { .type = NLA_U32 },
};

static const struct nla_policy policy[COKEEPER_A_MAX + 1] = {
	[COKEEPER_A_IFINDEX]		= { .type = NLA_U32 },
	[COKEEPER_A_PEER]		= NLA_POLICY_NESTED(peer_policy),
	[COKEEPER_A_OFFER]		= NLA_POLICY_NESTED(offer_policy),
	[COKEEPER_A_CAUSE]		= NLA_POLICY_MAX(NLA_U32, COKEEPER_CAUSE_DEVICE),
};

/* Find the device that a request names; gives a reference. */
static struct ck_dev *device_get(struct net *net, const struct nlattr *ifindex,
				 struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	if (!ifindex) {
		NL_SET_ERR_MSG(extack, "an ifindex is needed");
		return ERR_PTR(-EINVAL);
	}
	dev = dev_get_by_index(net, nla_get_u32(ifindex));
	if (!dev || !ck_is_device(dev)) {
		dev_put(dev);
		NL_SET_ERR_MSG_ATTR(extack, ifindex, "no such cokeeper device");
		return ERR_PTR(-ENODEV);
	}
	return netdev_priv(dev);
}

static void device_put(struct ck_dev *ck)
{
	dev_put(ck->dev);
}

static bool by_helper_only(u8 cmd)
{
	return cmd == COKEEPER_CMD_ROSTER_SET || cmd == COKEEPER_CMD_PEER_SET ||
	       cmd == COKEEPER_CMD_PEER_DEL || cmd == COKEEPER_CMD_OFFER_SET;
}

/* Resolve and lock the device, for all operations alike. */
static int pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		    struct genl_info *info)
{
	struct ck_dev *ck = device_get(genl_info_net(info),
				       info->attrs[COKEEPER_A_IFINDEX],
				       info->extack);
	int err;

	if (IS_ERR(ck))
		return PTR_ERR(ck);

	mutex_lock(&ck->lock);
	if (ck->dead) {
		NL_SET_ERR_MSG(info->extack, "no such cokeeper device");
		err = -ENODEV;
		goto unlock;
	}
	if (by_helper_only(ops->cmd) && ck->helper != info->snd_portid) {
		NL_SET_ERR_MSG(info->extack, "only the bound helper may do this");
		err = -EPERM;
		goto unlock;
	}
	info->user_ptr[0] = ck;
	return 0;

unlock:
	mutex_unlock(&ck->lock);
	device_put(ck);
	return err;
}

static void post_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	struct ck_dev *ck = info->user_ptr[0];

	mutex_unlock(&ck->lock);
	device_put(ck);
}

static int put_dev(struct sk_buff *skb, struct ck_dev *ck)
{
	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, ck->dev->ifindex) ||
	    nla_put_u32(skb, COKEEPER_A_LOWER, ck->lower->ifindex) ||
	    nla_put(skb, COKEEPER_A_MAC, ETH_ALEN, ck->lower->dev_addr) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_INSTANCE, ck->instance,
			      COKEEPER_A_PAD) ||
	    nla_put_u32(skb, COKEEPER_A_GENERATION, ck->generation) ||
	    nla_put_u32(skb, COKEEPER_A_MAX_PEERS, COKEEPER_MAX_PEERS))
		return -EMSGSIZE;
	if (ck->helper && nla_put_u32(skb, COKEEPER_A_HELPER, ck->helper))
		return -EMSGSIZE;
	return 0;
}

static int put_counters(struct sk_buff *skb, const struct ck_peer *peer)
{
	struct ck_traffic sum = peer->past;
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
	int i;

	if (peer->ch)
		ck_channel_count(peer->ch, &sum);
	for (i = 0; i < ARRAY_SIZE(counter); i++)
		if (nla_put_u64_64bit(skb, counter[i].attr, *counter[i].value,
				      COKEEPER_A_PEER_PAD))
			return -EMSGSIZE;
	return nla_put_u64_64bit(skb, COKEEPER_A_PEER_FALLBACK_PACKETS,
				 atomic_long_read(&peer->fallback_packets),
				 COKEEPER_A_PEER_PAD);
}

static int put_peer(struct sk_buff *skb, const struct ck_peer *peer)
{
	const struct ck_channel *ch = peer->ch;
	struct nlattr *nest;
	u32 reason = ch && ck_channel_stalled(ch) ? COKEEPER_REASON_STALLED :
						    peer->reason;

	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, peer->ck->dev->ifindex) ||
	    nla_put_u32(skb, COKEEPER_A_GENERATION, peer->ck->generation))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, COKEEPER_A_PEER);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, COKEEPER_A_PEER_MAC, ETH_ALEN, peer->id.mac) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_DOMID, peer->id.domid) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_PEER_INSTANCE, peer->id.instance,
			      COKEEPER_A_PEER_PAD) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_STATE, peer->state) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_REASON, reason) ||
	    put_counters(skb, peer))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int dev_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &family, 0, COKEEPER_CMD_DEV_GET);
	if (!hdr || put_dev(skb, info->user_ptr[0])) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* cb->args[0]: ifindex of the last device that was dumped. */
static int dev_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct net_device *dev;
	int err = 0;

	rtnl_lock();
	for_each_netdev(net, dev) {
		struct ck_dev *ck = netdev_priv(dev);
		void *hdr;

		if (!ck_is_device(dev) || dev->ifindex <= cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				  COKEEPER_CMD_DEV_GET);
		if (!hdr) {
			err = -EMSGSIZE;
			break;
		}
		mutex_lock(&ck->lock);
		err = put_dev(skb, ck);
		mutex_unlock(&ck->lock);
		if (err) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = dev->ifindex;
	}
	rtnl_unlock();
	return err && !skb->len ? err : skb->len;
}

struct offer {
	u32 id;
	u32 gref;
	u32 port;
};

static int parse_peer(const struct nlattr *attr, struct ck_peer_id *id,
		      bool need_domid, bool need_instance,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[COKEEPER_A_PEER_MAX + 1];
	int err;

	if (!attr) {
		NL_SET_ERR_MSG(extack, "a peer is needed");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, COKEEPER_A_PEER_MAX, attr, peer_policy, extack);
	if (err)
		return err;

	memset(id, 0, sizeof(*id));
	if (!tb[COKEEPER_A_PEER_MAC]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a peer needs a mac");
		return -EINVAL;
	}
	nla_memcpy(id->mac, tb[COKEEPER_A_PEER_MAC], ETH_ALEN);
	if (tb[COKEEPER_A_PEER_DOMID]) {
		id->domid = nla_get_u32(tb[COKEEPER_A_PEER_DOMID]);
	} else if (need_domid) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a peer needs a domid");
		return -EINVAL;
	}
	if (tb[COKEEPER_A_PEER_INSTANCE])
		id->instance = nla_get_u64(tb[COKEEPER_A_PEER_INSTANCE]);
	if (need_instance && !id->instance) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a peer needs an instance that is not 0");
		return -EINVAL;
	}
	return 0;
}

static int peer_get(struct sk_buff *request, struct genl_info *info)
{
	struct ck_dev *ck = info->user_ptr[0];
	struct ck_peer *peer;
	struct ck_peer_id id;
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, false, false,
			 info->extack);
	if (err)
		return err;
	peer = ck_peer_lookup(ck, id.mac);
	if (!peer) {
		NL_SET_ERR_MSG(info->extack, "no such peer");
		return -ENOENT;
	}

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &family, 0, COKEEPER_CMD_PEER_GET);
	if (!hdr || put_peer(skb, peer)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* cb->args[0]: bucket, cb->args[1]: peers of it that were dumped. */
static int peer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ck_dev *ck;
	int err = 0;

	ck = device_get(sock_net(skb->sk),
			genl_info_dump(cb)->attrs[COKEEPER_A_IFINDEX],
			cb->extack);
	if (IS_ERR(ck))
		return PTR_ERR(ck);

	mutex_lock(&ck->lock);
	cb->seq = ck->generation;
	for (; cb->args[0] < HASH_SIZE(ck->peers); cb->args[0]++) {
		struct ck_peer *peer;
		long n = 0;

		hlist_for_each_entry(peer, &ck->peers[cb->args[0]], node) {
			void *hdr;

			if (n++ < cb->args[1])
				continue;
			hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
					  cb->nlh->nlmsg_seq, &family,
					  NLM_F_MULTI, COKEEPER_CMD_PEER_GET);
			if (!hdr) {
				err = -EMSGSIZE;
				goto out;
			}
			genl_dump_check_consistent(cb, hdr);
			err = put_peer(skb, peer);
			if (err) {
				genlmsg_cancel(skb, hdr);
				goto out;
			}
			genlmsg_end(skb, hdr);
			cb->args[1]++;
		}
		cb->args[1] = 0;
	}
out:
	mutex_unlock(&ck->lock);
	device_put(ck);
	return err && !skb->len ? err : skb->len;
}

static int helper_bind(struct sk_buff *request, struct genl_info *info)
{
	struct ck_dev *ck = info->user_ptr[0];

	if (ck->helper && ck->helper != info->snd_portid) {
		NL_SET_ERR_MSG(info->extack, "another helper is bound to the device");
		return -EBUSY;
	}
	ck->helper = info->snd_portid;
	cancel_delayed_work(&ck->grace);
	ck_netlink_notify_dev(ck, COKEEPER_CAUSE_NONE);
	ck_peer_republish_offers(ck);
	return 0;
}

static u32 get_cause(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[COKEEPER_A_CAUSE];

	return attr ? nla_get_u32(attr) : COKEEPER_CAUSE_NONE;
}

static int roster_set(struct sk_buff *request, struct genl_info *info)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct ck_dev *ck = info->user_ptr[0];
	unsigned int nr = 0, i = 0;
	struct ck_peer_id *id;
	struct nlattr *attr;
	int rem, err = 0;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem)
		if (nla_type(attr) == COKEEPER_A_PEER)
			nr++;
	if (nr > COKEEPER_MAX_PEERS) {
		NL_SET_ERR_MSG(info->extack, "more peers than the table takes");
		return -ENOSPC;
	}
	id = kvcalloc(nr, sizeof(*id), GFP_KERNEL);
	if (nr && !id)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) != COKEEPER_A_PEER)
			continue;
		err = parse_peer(attr, &id[i++], true, true, info->extack);
		if (err)
			goto free;
	}
	err = ck_peer_replace_all(ck, id, nr,
				  get_cause(info) ?: COKEEPER_CAUSE_RESYNC,
				  info->extack);
free:
	kvfree(id);
	return err;
}

static int peer_set(struct sk_buff *request, struct genl_info *info)
{
	struct ck_peer_id id;
	int err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, true, true,
			     info->extack);

	return err ?: ck_peer_set(info->user_ptr[0], &id, get_cause(info),
				  info->extack);
}

static int peer_del(struct sk_buff *request, struct genl_info *info)
{
	struct ck_peer_id id;
	int err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, false, false,
			     info->extack);

	return err ?: ck_peer_del(info->user_ptr[0], id.mac, get_cause(info),
				  info->extack);
}

static int offer_set(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *tb[COKEEPER_A_OFFER_MAX + 1];
	struct nlattr *attr = info->attrs[COKEEPER_A_OFFER];
	struct ck_peer_id id;
	int err;

	err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, false, true,
			 info->extack);
	if (err)
		return err;
	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "an offer is needed");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, COKEEPER_A_OFFER_MAX, attr, offer_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[COKEEPER_A_OFFER_ID] || !tb[COKEEPER_A_OFFER_GREF] ||
	    !tb[COKEEPER_A_OFFER_PORT]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "an offer needs an id, a gref and a port");
		return -EINVAL;
	}
	return ck_peer_offered(info->user_ptr[0], &id,
			       nla_get_u32(tb[COKEEPER_A_OFFER_ID]),
			       nla_get_u32(tb[COKEEPER_A_OFFER_GREF]),
			       nla_get_u32(tb[COKEEPER_A_OFFER_PORT]),
			       info->extack);
}

/* Tell the listeners of a group of an event of a device, or of its peer. */
static void notify(struct ck_dev *ck, const struct ck_peer *peer, u8 group,
		   u8 cmd, enum cokeeper_event event, enum cokeeper_cause cause)
{
	struct net *net = dev_net(ck->dev);
	struct sk_buff *skb;
	void *hdr;

	if (!genl_has_listeners(&family, net, group))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &family, 0, cmd);
	if (!hdr || nla_put_u32(skb, COKEEPER_A_EVENT, event) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_TIME, ktime_get_real_ns(),
			      COKEEPER_A_PAD) ||
	    (cause && nla_put_u32(skb, COKEEPER_A_CAUSE, cause)) ||
	    (peer ? put_peer(skb, peer) : put_dev(skb, ck))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&family, net, skb, 0, group, GFP_KERNEL);
}

/**
 * ck_netlink_notify_dev() - tell listeners of a change of the device
 * @ck: the device, locked
 * @cause: COKEEPER_CAUSE_RESUMED after a suspend, else COKEEPER_CAUSE_NONE
 */
void ck_netlink_notify_dev(struct ck_dev *ck, enum cokeeper_cause cause)
{
	notify(ck, NULL, MCGRP_DEVICE, COKEEPER_CMD_DEV_NTF,
	       COKEEPER_EVENT_DEVICE, cause);
	notify(ck, NULL, MCGRP_MONITOR, COKEEPER_CMD_DEV_NTF,
	       COKEEPER_EVENT_DEVICE, cause);
}

/**
 * ck_netlink_notify_peer() - tell listeners of a change of a peer
 * @peer: the peer, its device locked
 * @event: what happened
 * @cause: why, for a join, a leave or an update
 */
void ck_netlink_notify_peer(struct ck_peer *peer, enum cokeeper_event event,
			    enum cokeeper_cause cause)
{
	notify(peer->ck, peer, MCGRP_MONITOR, COKEEPER_CMD_PEER_NTF, event,
	       cause);
}

static int put_offer(struct sk_buff *skb, const struct ck_peer *peer,
		     const struct ck_channel *ch, bool withdraw)
{
	struct nlattr *nest;

	if (nla_put_u32(skb, COKEEPER_A_IFINDEX, peer->ck->dev->ifindex))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, COKEEPER_A_PEER);
	if (!nest ||
	    nla_put(skb, COKEEPER_A_PEER_MAC, ETH_ALEN, peer->id.mac) ||
	    nla_put_u32(skb, COKEEPER_A_PEER_DOMID, peer->id.domid) ||
	    nla_put_u64_64bit(skb, COKEEPER_A_PEER_INSTANCE, peer->id.instance,
			      COKEEPER_A_PEER_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	nest = nla_nest_start(skb, COKEEPER_A_OFFER);
	if (!nest || nla_put_u32(skb, COKEEPER_A_OFFER_ID, ch->id) ||
	    nla_put_u32(skb, COKEEPER_A_OFFER_GREF,
			ch->lane[0].control_area.ref[0]) ||
	    nla_put_u32(skb, COKEEPER_A_OFFER_PORT, ch->lane[0].bell.port) ||
	    (withdraw && nla_put_flag(skb, COKEEPER_A_OFFER_WITHDRAW)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * ck_netlink_send_offer() - have the helper publish or withdraw an offer
 * @peer: whom it is for; its device is locked
 * @ch: the channel that is offered
 * @withdraw: the offer is over
 *
 * If the message is lost, the offer times out, and the next one is tried later.
 */
void ck_netlink_send_offer(struct ck_peer *peer, struct ck_channel *ch,
			   bool withdraw)
{
	struct ck_dev *ck = peer->ck;
	struct sk_buff *skb;
	void *hdr;

	if (!ck->helper)
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &family, 0, COKEEPER_CMD_OFFER_NTF);
	if (!hdr || put_offer(skb, peer, ch, withdraw)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_unicast(dev_net(ck->dev), skb, ck->helper);
}

static const struct genl_ops ops[] = {
	{
		.cmd	= COKEEPER_CMD_DEV_GET,
		.doit	= dev_get,
		.dumpit	= dev_dump,
	}, {
		.cmd	= COKEEPER_CMD_PEER_GET,
		.doit	= peer_get,
		.dumpit	= peer_dump,
	}, {
		.cmd	= COKEEPER_CMD_HELPER_BIND,
		.flags	= GENL_ADMIN_PERM,
		.doit	= helper_bind,
	}, {
		.cmd	= COKEEPER_CMD_ROSTER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= roster_set,
	}, {
		.cmd	= COKEEPER_CMD_PEER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= peer_set,
	}, {
		.cmd	= COKEEPER_CMD_PEER_DEL,
		.flags	= GENL_ADMIN_PERM,
		.doit	= peer_del,
	}, {
		.cmd	= COKEEPER_CMD_OFFER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= offer_set,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= COKEEPER_FAMILY_NAME,
	.version	= COKEEPER_FAMILY_VERSION,
	.maxattr	= COKEEPER_A_MAX,
	.policy		= policy,
	.netnsok	= true,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.resv_start_op	= COKEEPER_CMD_DEV_GET,
	.mcgrps		= mcgrps,
	.n_mcgrps	= ARRAY_SIZE(mcgrps),
	.pre_doit	= pre_doit,
	.post_doit	= post_doit,
};

/**
 * ck_netlink_init() - register the family
 *
 * Return: 0 or a negative errno.
 */
int ck_netlink_init(void)
{
	return genl_register_family(&family);
}

/**
 * ck_netlink_exit() - unregister the family
 */
void ck_netlink_exit(void)
{
	genl_unregister_family(&family);
}
