/* SPDX-License-Identifier: GPL-2.0 */
/* The cokeeper net devices, and how they get through a suspend. */
#ifndef CK_DEVICE_H
#define CK_DEVICE_H

#include <linux/types.h>

struct ck_dev;
struct net_device;
struct netlink_ext_ack;

int ck_device_init(void);
void ck_device_exit(void);
bool ck_is_device(const struct net_device *dev);
int ck_device_set_options(struct ck_dev *ck, u32 ring_size, u32 poll_usecs,
			  struct netlink_ext_ack *extack);
int ck_device_bind_helper(struct ck_dev *ck, u32 portid, struct netlink_ext_ack *extack);
void ck_device_suspend_all(void);
void ck_device_resume_all(bool elsewhere);
int ck_suspend_init(void);
void ck_suspend_exit(void);

#endif /* CK_DEVICE_H */
