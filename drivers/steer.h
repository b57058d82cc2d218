/* SPDX-License-Identifier: GPL-2.0 */
/* How packets get to the rings: at the lower device's egress hook, or by a route; and back. */
#ifndef CK_STEER_H
#define CK_STEER_H

#include <linux/netdevice.h>

struct ck_dev;
struct neighbour;
struct netlink_ext_ack;

/* Are there an egress hook and a way past it? Else ck_intercept_*() are not built. */
#define CK_CAN_INTERCEPT \
	(IS_ENABLED(CONFIG_NETFILTER_EGRESS) && IS_ENABLED(CONFIG_NETFILTER_SKIP_EGRESS))

int ck_intercept_start(struct ck_dev *ck, struct netlink_ext_ack *extack);
void ck_intercept_stop(struct ck_dev *ck);
netdev_tx_t ck_route_xmit(struct sk_buff *skb, struct net_device *dev);

struct neighbour *ck_next_hop(struct ck_dev *ck, struct sk_buff *skb);
void ck_fallback(struct ck_dev *ck, struct sk_buff *skb);

#endif /* CK_STEER_H */
