/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel side of the generic-netlink family "cokeeper": requests. */
#ifndef CK_NETLINK_H
#define CK_NETLINK_H

int ck_netlink_init(void);
void ck_netlink_exit(void);

#endif /* CK_NETLINK_H */
