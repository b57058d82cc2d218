/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <linux/timer.h> of Linux 6.16 and later. */
#ifndef CK_COMPAT_LINUX_TIMER_H
#define CK_COMPAT_LINUX_TIMER_H

#include_next <linux/timer.h>

#ifndef timer_container_of
#define timer_container_of from_timer
#endif

#endif /* CK_COMPAT_LINUX_TIMER_H */
