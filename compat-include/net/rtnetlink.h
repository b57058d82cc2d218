/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/rtnetlink.h> of Linux 6.15 and later. */
#ifndef CK_COMPAT_NET_RTNETLINK_H
#define CK_COMPAT_NET_RTNETLINK_H

#include_next <net/rtnetlink.h>

#include <linux/version.h>

/* CK_NEWLINK() heads a function that is for rtnl_link_ops.newlink. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define CK_NEWLINK(name, dev, params, extack)					\
	static int name(struct net_device *dev, struct rtnl_newlink_params *params, \
			struct netlink_ext_ack *extack)
#else
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

static inline struct net *rtnl_newlink_link_net(struct rtnl_newlink_params *p)
{
	return p->src_net;
}

#define CK_NEWLINK(name, dev, params, extack)					\
	static int name##_params(struct net_device *dev,			\
				 struct rtnl_newlink_params *params,		\
				 struct netlink_ext_ack *extack);		\
	static int name(struct net *src_net, struct net_device *dev,		\
			struct nlattr *tb[], struct nlattr *data[],		\
			struct netlink_ext_ack *extack)				\
	{									\
		struct rtnl_newlink_params p = { src_net, tb, data };		\
										\
		return name##_params(dev, &p, extack);				\
	}									\
	static int name##_params(struct net_device *dev,			\
				 struct rtnl_newlink_params *params,		\
				 struct netlink_ext_ack *extack)
#endif

#endif /* CK_COMPAT_NET_RTNETLINK_H */
