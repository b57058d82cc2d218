/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/netdev_queues.h> of Linux 6.10 and later. */
#ifndef CK_COMPAT_NET_NETDEV_QUEUES_H
#define CK_COMPAT_NET_NETDEV_QUEUES_H

#include <linux/netdevice.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include_next <net/netdev_queues.h>

static inline void ck_netdev_set_stat_ops(struct net_device *dev,
					  const struct netdev_stat_ops *ops)
{
	dev->stat_ops = ops;
}
#else
/* Nobody asks; what is counted of a queue here. */
struct netdev_queue_stats_rx {
	u64 bytes;
	u64 packets;
	u64 hw_drops;
};

struct netdev_queue_stats_tx {
	u64 bytes;
	u64 packets;
};

struct netdev_stat_ops {
	void (*get_queue_stats_rx)(struct net_device *dev, int idx,
				   struct netdev_queue_stats_rx *stats);
	void (*get_queue_stats_tx)(struct net_device *dev, int idx,
				   struct netdev_queue_stats_tx *stats);
	void (*get_base_stats)(struct net_device *dev,
			       struct netdev_queue_stats_rx *rx,
			       struct netdev_queue_stats_tx *tx);
};

static inline void ck_netdev_set_stat_ops(struct net_device *dev,
					  const struct netdev_stat_ops *ops)
{
}
#endif

#endif /* CK_COMPAT_NET_NETDEV_QUEUES_H */
