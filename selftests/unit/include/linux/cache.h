/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#ifndef CK_UNIT_LINUX_CACHE_H
#define CK_UNIT_LINUX_CACHE_H

#define L1_CACHE_BYTES		64
#define ____cacheline_aligned	__attribute__((aligned(L1_CACHE_BYTES)))

#endif /* CK_UNIT_LINUX_CACHE_H */
