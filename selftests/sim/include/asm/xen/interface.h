/* SPDX-License-Identifier: GPL-2.0 */
/* The types of Xen's interface; those of Arm suit any machine that has no Xen. */
#include <xen/arm/interface.h>
