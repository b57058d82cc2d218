/* SPDX-License-Identifier: GPL-2.0 */
/* The cokeeper net devices, and how they get through a suspend. */
#ifndef CK_DEVICE_H
#define CK_DEVICE_H

#include <linux/types.h>

struct net_device;

int ck_device_init(void);
void ck_device_exit(void);
bool ck_is_device(const struct net_device *dev);
void ck_device_suspend_all(void);
void ck_device_resume_all(bool elsewhere);
int ck_suspend_init(void);
void ck_suspend_exit(void);

#endif /* CK_DEVICE_H */
