/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/genetlink.h> of Linux 6.1 to 6.12. */
#ifndef CK_COMPAT_NET_GENETLINK_H
#define CK_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>

#include <linux/version.h>

/* What pre_doit and post_doit are given since 6.2. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops genl_ops
#endif

/* The attributes of a dump's request, in a struct genl_info since 6.6. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define genl_info_dump genl_dumpit_info
#endif

#endif /* CK_COMPAT_NET_GENETLINK_H */
