/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <linux/netdevice.h> of Linux 6.1 to 6.12. */
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

/* Has an administrator put tc programs or filters behind a device's egress hooks? Under
 * RCU. Since 6.6 BPF programs may be there without a clsact qdisc.
 */
static inline bool netdev_has_tc_egress(const struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#ifdef CONFIG_NET_XGRESS
	return rcu_access_pointer(dev->tcx_egress);
#else
	return false;
#endif
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_egress);
#else
	return false;
#endif
}

#endif /* CK_COMPAT_LINUX_NETDEVICE_H */
