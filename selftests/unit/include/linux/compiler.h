/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#ifndef CK_UNIT_LINUX_COMPILER_H
#define CK_UNIT_LINUX_COMPILER_H

#define barrier()		__asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val)	__atomic_store_n(&(x), (val), __ATOMIC_RELAXED)

#endif /* CK_UNIT_LINUX_COMPILER_H */
