/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#ifndef CK_UNIT_LINUX_TYPES_H
#define CK_UNIT_LINUX_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>

#endif /* CK_UNIT_LINUX_TYPES_H */
