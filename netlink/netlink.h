/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel side of the generic-netlink family "cokeeper". */
#ifndef CK_NETLINK_H
#define CK_NETLINK_H

#include "cokeeper.h"

struct ck_channel;
struct ck_dev;
struct ck_peer;

int ck_netlink_init(void);
void ck_netlink_exit(void);
void ck_netlink_notify_dev(struct ck_dev *ck, enum cokeeper_cause cause);
void ck_netlink_notify_peer(struct ck_peer *peer, enum cokeeper_event event,
			    enum cokeeper_cause cause);
void ck_netlink_send_offer(struct ck_peer *peer, struct ck_channel *ch,
			   bool withdraw);

#endif /* CK_NETLINK_H */
