/* SPDX-License-Identifier: GPL-2.0 */
/* User space's stand-in for the kernel's header of this name. */
#include <string.h>
