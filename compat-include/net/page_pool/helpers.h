/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <net/page_pool/helpers.h> of Linux 6.6 and later. */
#ifndef CK_COMPAT_NET_PAGE_POOL_HELPERS_H
#define CK_COMPAT_NET_PAGE_POOL_HELPERS_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include_next <net/page_pool/helpers.h>
/* Since 6.7 each pool has fragments. */
#ifndef PP_FLAG_PAGE_FRAG
#define PP_FLAG_PAGE_FRAG	0
#endif
#else
#include <net/page_pool.h>
#endif

#endif /* CK_COMPAT_NET_PAGE_POOL_HELPERS_H */
