/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/gso.h> of Linux 6.5 and later. */
#ifndef CK_COMPAT_NET_GSO_H
#define CK_COMPAT_NET_GSO_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include_next <net/gso.h>
#else
#include <linux/netdevice.h>
#endif

#endif /* CK_COMPAT_NET_GSO_H */
