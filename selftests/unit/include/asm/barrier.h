/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#ifndef CK_UNIT_ASM_BARRIER_H
#define CK_UNIT_ASM_BARRIER_H

#define virt_mb()		__sync_synchronize()
#define virt_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define virt_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif /* CK_UNIT_ASM_BARRIER_H */
