/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs that come and go. */
#ifndef CK_HOTPLUG_H
#define CK_HOTPLUG_H

int ck_hotplug_init(void (*changed)(void));
void ck_hotplug_exit(void);

#endif /* CK_HOTPLUG_H */
