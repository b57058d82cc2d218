// SPDX-License-Identifier: GPL-2.0
/* The kernel side of the generic-netlink family "cokeeper". */

#include <linux/slab.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include <xen/interface/xen.h>

#include "../drivers/connect.h"
#include "../drivers/device.h"
#include "../drivers/peertable.h"
#include "../drivers/sources.h"
#include "netlink.h"
#include "notify.h"

static struct genl_family family;

static const struct genl_multicast_group mcgrps[] = {
	[CK_MCGRP_MONITOR] = { .name = COKEEPER_MCGRP_MONITOR },
	[CK_MCGRP_DEVICE] = { .name = COKEEPER_MCGRP_DEVICE },
};

static const struct nla_policy source_policy[COKEEPER_A_SOURCE_MAX + 1] = {
	[COKEEPER_A_SOURCE_ADDRESS]	= NLA_POLICY_EXACT_LEN(16),
	[COKEEPER_A_SOURCE_PREFIX_LEN]	= NLA_POLICY_MAX(NLA_U8, 128),
};

static const struct nla_policy peer_policy[COKEEPER_A_PEER_MAX + 1] = {
	[COKEEPER_A_PEER_MAC]		= NLA_POLICY_ETH_ADDR,
	[COKEEPER_A_PEER_DOMID]		= NLA_POLICY_MAX(NLA_U32, DOMID_FIRST_RESERVED - 1),
	[COKEEPER_A_PEER_INSTANCE]	= { .type = NLA_U64 },
	[COKEEPER_A_PEER_SOURCE]	= NLA_POLICY_NESTED(source_policy),
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
	[COKEEPER_A_SOURCE]		= NLA_POLICY_NESTED(source_policy),
};

/* Find the device that a request names; gives a reference. */
static struct ck_dev *device_get(struct net *net, const struct nlattr *ifindex,
				 struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	if (!ifindex)
		return ERR_PTR(ck_refuse(extack, -EINVAL, "an ifindex is needed"));
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
	       cmd == COKEEPER_CMD_PEER_DEL || cmd == COKEEPER_CMD_OFFER_SET ||
	       cmd == COKEEPER_CMD_DEV_SET;
}

/* Resolve and lock the device, for all operations alike. */
static int ck_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
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
		err = ck_refuse(info->extack, -ENODEV, "no such cokeeper device");
		goto unlock;
	}
	if (by_helper_only(ops->cmd) && ck->helper != info->snd_portid) {
		err = ck_refuse(info->extack, -EPERM, "only the bound helper may do this");
		goto unlock;
	}
	info->user_ptr[0] = ck;
	return 0;

unlock:
	mutex_unlock(&ck->lock);
	device_put(ck);
	return err;
}

static void ck_nl_post_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
			    struct genl_info *info)
{
	struct ck_dev *ck = info->user_ptr[0];

	mutex_unlock(&ck->lock);
	device_put(ck);
}

static int ck_nl_dev_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &family, 0, COKEEPER_CMD_DEV_GET);
	if (!hdr || ck_put_dev(skb, info->user_ptr[0])) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int put_dev_part(struct sk_buff *skb, struct netlink_callback *cb, struct ck_dev *ck)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
			  NLM_F_MULTI, COKEEPER_CMD_DEV_GET);
	if (!hdr)
		return -EMSGSIZE;
	mutex_lock(&ck->lock);
	err = ck_put_dev(skb, ck);
	mutex_unlock(&ck->lock);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* The cokeeper device with the lowest number beyond @ifindex; RTNL is held. */
static struct net_device *next_device(struct net *net, int ifindex)
{
	struct net_device *dev, *next = NULL;

	for_each_netdev(net, dev)
		if (ck_is_device(dev) && dev->ifindex > ifindex &&
		    (!next || dev->ifindex < next->ifindex))
			next = dev;
	return next;
}

/* cb->args[0]: ifindex of the last device that was dumped. */
static int ck_nl_dev_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct net_device *dev;
	int err = 0;

	rtnl_lock();
	while (!err && (dev = next_device(net, cb->args[0]))) {
		err = put_dev_part(skb, cb, netdev_priv(dev));
		if (!err)
			cb->args[0] = dev->ifindex;
	}
	rtnl_unlock();
	return err && !skb->len ? err : skb->len;
}

static int parse_peer(const struct nlattr *attr, struct ck_peer_id *id,
		      bool need_domid, bool need_instance,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[COKEEPER_A_PEER_MAX + 1];
	int err;

	if (!attr)
		return ck_refuse(extack, -EINVAL, "a peer is needed");
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

static int parse_source(const struct nlattr *attr, struct ck_prefix *source,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[COKEEPER_A_SOURCE_MAX + 1];
	int err = nla_parse_nested(tb, COKEEPER_A_SOURCE_MAX, attr, source_policy, extack);

	if (err)
		return err;
	if (!tb[COKEEPER_A_SOURCE_ADDRESS] || !tb[COKEEPER_A_SOURCE_PREFIX_LEN]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a source needs an address and a prefix-len");
		return -EINVAL;
	}
	source->addr = nla_get_in6_addr(tb[COKEEPER_A_SOURCE_ADDRESS]);
	source->len = nla_get_u8(tb[COKEEPER_A_SOURCE_PREFIX_LEN]);
	return 0;
}

/* Read all attributes of a type that are sources; NULL if there is none. */
static int parse_sources(const struct nlattr *head, int len, int type,
			 struct ck_sources **result, struct netlink_ext_ack *extack)
{
	struct ck_sources *sources;
	const struct nlattr *attr;
	unsigned int nr = 0;
	int rem, err;

	nla_for_each_attr(attr, head, len, rem)
		nr += nla_type(attr) == type;
	*result = NULL;
	if (!nr)
		return 0;
	if (nr > COKEEPER_MAX_SOURCES)
		return ck_refuse(extack, -ENOSPC, "more sources than a guest may have");
	sources = kzalloc(struct_size(sources, prefix, nr), GFP_KERNEL);
	if (!sources)
		return -ENOMEM;
	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != type)
			continue;
		err = parse_source(attr, &sources->prefix[sources->nr++], extack);
		if (err) {
			kfree(sources);
			return err;
		}
	}
	*result = sources;
	return 0;
}

static int ck_nl_peer_get(struct sk_buff *request, struct genl_info *info)
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
	if (!peer)
		return ck_refuse(info->extack, -ENOENT, "no such peer");

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &family, 0, COKEEPER_CMD_PEER_GET);
	if (!hdr || ck_put_peer(skb, peer)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* cb->args[0]: bucket, cb->args[1]: peers of it that were dumped. */
static int ck_nl_peer_dump(struct sk_buff *skb, struct netlink_callback *cb)
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
			err = ck_put_peer(skb, peer);
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

static int ck_nl_helper_bind(struct sk_buff *request, struct genl_info *info)
{
	return ck_device_bind_helper(info->user_ptr[0], info->snd_portid, info->extack);
}

static u32 get_cause(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[COKEEPER_A_CAUSE];

	return attr ? nla_get_u32(attr) : COKEEPER_CAUSE_NONE;
}

static int ck_nl_roster_set(struct sk_buff *request, struct genl_info *info)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct ck_dev *ck = info->user_ptr[0];
	struct ck_sources **sources;
	unsigned int nr = 0, i = 0;
	struct ck_peer_id *id;
	struct nlattr *attr;
	int rem, err = 0;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem)
		if (nla_type(attr) == COKEEPER_A_PEER)
			nr++;
	if (nr > COKEEPER_MAX_PEERS)
		return ck_refuse(info->extack, -ENOSPC, "more peers than the table takes");
	id = kvcalloc(nr, sizeof(*id), GFP_KERNEL);
	sources = kvcalloc(nr, sizeof(*sources), GFP_KERNEL);
	if (nr && (!id || !sources)) {
		err = -ENOMEM;
		goto free;
	}
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) != COKEEPER_A_PEER)
			continue;
		err = parse_peer(attr, &id[i], true, true, info->extack) ?:
		      parse_sources(nla_data(attr), nla_len(attr), COKEEPER_A_PEER_SOURCE,
				    &sources[i], info->extack);
		if (err)
			goto free;
		i++;
	}
	err = ck_peertable_replace(ck, id, sources, nr,
				   get_cause(info) ?: COKEEPER_CAUSE_RESYNC, info->extack);
free:
	/* Those that were not taken over. */
	while (i--)
		kfree(sources[i]);
	kvfree(sources);
	kvfree(id);
	return err;
}

static int ck_nl_peer_set(struct sk_buff *request, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[COKEEPER_A_PEER];
	struct ck_sources *sources;
	struct ck_peer_id id;
	int err;

	err = parse_peer(attr, &id, true, true, info->extack) ?:
	      parse_sources(nla_data(attr), nla_len(attr), COKEEPER_A_PEER_SOURCE, &sources,
			    info->extack);
	if (err)
		return err;
	err = ck_peertable_set(info->user_ptr[0], &id, &sources, get_cause(info), info->extack);
	kfree(sources);
	return err;
}

static int ck_nl_peer_del(struct sk_buff *request, struct genl_info *info)
{
	struct ck_peer_id id;
	int err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, false, false,
			     info->extack);

	return err ?: ck_peertable_del(info->user_ptr[0], id.mac, get_cause(info),
				  info->extack);
}

static int ck_nl_offer_set(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *tb[COKEEPER_A_OFFER_MAX + 1];
	struct nlattr *attr = info->attrs[COKEEPER_A_OFFER];
	struct ck_peer_id id;
	int err;

	err = parse_peer(info->attrs[COKEEPER_A_PEER], &id, false, true,
			 info->extack);
	if (err)
		return err;
	if (!attr)
		return ck_refuse(info->extack, -EINVAL, "an offer is needed");
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
	return ck_connect_offered(info->user_ptr[0], &id, nla_get_u32(tb[COKEEPER_A_OFFER_ID]),
				  nla_get_u32(tb[COKEEPER_A_OFFER_GREF]),
				  nla_get_u32(tb[COKEEPER_A_OFFER_PORT]), info->extack);
}

static int ck_nl_dev_set(struct sk_buff *request, struct genl_info *info)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct ck_dev *ck = info->user_ptr[0];
	struct ck_sources *sources;
	int err;

	err = parse_sources(nlmsg_attrdata(nlh, GENL_HDRLEN), nlmsg_attrlen(nlh, GENL_HDRLEN),
			    COKEEPER_A_SOURCE, &sources, info->extack);
	if (!err)
		ck_sources_set(&ck->sources, sources);
	return err;
}

static const struct genl_ops ops[] = {
	{
		.cmd	= COKEEPER_CMD_DEV_GET,
		.doit	= ck_nl_dev_get,
		.dumpit	= ck_nl_dev_dump,
	}, {
		.cmd	= COKEEPER_CMD_PEER_GET,
		.doit	= ck_nl_peer_get,
		.dumpit	= ck_nl_peer_dump,
	}, {
		.cmd	= COKEEPER_CMD_HELPER_BIND,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_helper_bind,
	}, {
		.cmd	= COKEEPER_CMD_ROSTER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_roster_set,
	}, {
		.cmd	= COKEEPER_CMD_PEER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_peer_set,
	}, {
		.cmd	= COKEEPER_CMD_PEER_DEL,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_peer_del,
	}, {
		.cmd	= COKEEPER_CMD_OFFER_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_offer_set,
	}, {
		.cmd	= COKEEPER_CMD_DEV_SET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= ck_nl_dev_set,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= COKEEPER_FAMILY_NAME,
	.version	= COKEEPER_FAMILY_VERSION,
	.maxattr	= COKEEPER_A_MAX,
	.policy		= policy,
	.netnsok	= true,
	/* pre_doit locks the device. */
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.resv_start_op	= COKEEPER_CMD_DEV_GET,
	.mcgrps		= mcgrps,
	.n_mcgrps	= ARRAY_SIZE(mcgrps),
	.pre_doit	= ck_nl_pre_doit,
	.post_doit	= ck_nl_post_doit,
};

/**
 * ck_netlink_init() - register the family
 * Return: 0 or a negative errno.
 */
int ck_netlink_init(void)
{
	ck_notify_init(&family);
	return genl_register_family(&family);
}

/**
 * ck_netlink_exit() - unregister the family
 */
void ck_netlink_exit(void)
{
	genl_unregister_family(&family);
}
