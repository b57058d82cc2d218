/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <linux/netdevice.h> of Linux 6.1 to 7.2. */
#ifndef CK_COMPAT_LINUX_NETDEVICE_H
#define CK_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>

#include <linux/version.h>

/* The device does its own locking and stays in its network namespace. Since 6.12
 * these are fields, before they were features; a stable release renamed one (Kbuild).
 */
static inline void ck_netdev_set_lockless(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	dev->lltx = true;
#ifdef CK_HAVE_NETNS_IMMUTABLE
	dev->netns_immutable = true;
#else
	dev->netns_local = true;
#endif
#else
	dev->features |= NETIF_F_LLTX | NETIF_F_NETNS_LOCAL;
#endif
}

/* Since 6.8 the netdev family tells which NAPI context serves a queue. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
enum netdev_queue_type {
	NETDEV_QUEUE_TYPE_RX,
	NETDEV_QUEUE_TYPE_TX,
};

static inline void netif_queue_set_napi(struct net_device *dev, unsigned int queue_index,
					enum netdev_queue_type type, struct napi_struct *napi)
{
}
#endif

/* Does anything of tc look at what leaves by the device? Since 6.6 clsact and programs
 * that are attached without it are in one place.
 */
static inline bool ck_netdev_has_tc_egress(const struct net_device *dev)
{
#if defined(CONFIG_NET_XGRESS)
	return rcu_access_pointer(dev->tcx_egress);
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_egress);
#else
	return false;
#endif
}

#endif /* CK_COMPAT_LINUX_NETDEVICE_H */
