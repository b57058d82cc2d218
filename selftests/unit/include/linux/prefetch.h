/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#ifndef CK_UNIT_LINUX_PREFETCH_H
#define CK_UNIT_LINUX_PREFETCH_H

#ifdef __x86_64__
/* The compiler's would fetch for reading, unless told what processor it is for. */
#define prefetchw(p)	__asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define prefetchw(p)	__builtin_prefetch((p), 1)
#endif

#endif /* CK_UNIT_LINUX_PREFETCH_H */
