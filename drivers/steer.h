/* SPDX-License-Identifier: GPL-2.0 */
/* How packets get to the rings: at the lower device's egress hook, or by a route. */
#ifndef CK_STEER_H
#define CK_STEER_H

#include <linux/netdevice.h>

struct ck_dev;
struct netlink_ext_ack;

/* Does this kernel have the egress hook, and a way past it? */
#if IS_ENABLED(CONFIG_NETFILTER_EGRESS) && IS_ENABLED(CONFIG_NETFILTER_SKIP_EGRESS)
#define CK_CAN_INTERCEPT	1
#else
#define CK_CAN_INTERCEPT	0
#endif

#if CK_CAN_INTERCEPT
int ck_intercept_start(struct ck_dev *ck, struct netlink_ext_ack *extack);
void ck_intercept_stop(struct ck_dev *ck);
#else
static inline int ck_intercept_start(struct ck_dev *ck, struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline void ck_intercept_stop(struct ck_dev *ck)
{
}
#endif

netdev_tx_t ck_route_xmit(struct sk_buff *skb, struct net_device *dev);

#endif /* CK_STEER_H */
