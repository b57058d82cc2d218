/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/rtnetlink.h> of Linux 6.1 to 6.14. */
#ifndef CK_COMPAT_NET_RTNETLINK_H
#define CK_COMPAT_NET_RTNETLINK_H

#include_next <net/rtnetlink.h>

#include <linux/version.h>

/* The head of an rtnl_link_ops.newlink, which is given its parameters as a struct since
 * 6.15.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

static inline struct net *rtnl_newlink_link_net(const struct rtnl_newlink_params *p)
{
	return p->src_net;
}

#define CK_NEWLINK(name, dev, params, extack)						\
	static int name##_params(struct net_device *dev,				\
				 struct rtnl_newlink_params *params,			\
				 struct netlink_ext_ack *extack);			\
	static int name(struct net *src_net, struct net_device *dev, struct nlattr *tb[],	\
			struct nlattr *data[], struct netlink_ext_ack *extack)		\
	{										\
		struct rtnl_newlink_params p = {					\
			.src_net = src_net, .tb = tb, .data = data,			\
		};									\
											\
		return name##_params(dev, &p, extack);					\
	}										\
	static int name##_params(struct net_device *dev,				\
				 struct rtnl_newlink_params *params,			\
				 struct netlink_ext_ack *extack)
#else
#define CK_NEWLINK(name, dev, params, extack)						\
	static int name(struct net_device *dev, struct rtnl_newlink_params *params,	\
			struct netlink_ext_ack *extack)
#endif

#endif /* CK_COMPAT_NET_RTNETLINK_H */
