/* SPDX-License-Identifier: GPL-2.0 */
/* The peers of a device, as the helper tells of them. */
#ifndef CK_PEERTABLE_H
#define CK_PEERTABLE_H

#include "peer.h"

int ck_peertable_set(struct ck_dev *ck, const struct ck_peer_id *id,
		     struct ck_sources **sources, enum cokeeper_cause cause,
		     struct netlink_ext_ack *extack);
int ck_peertable_del(struct ck_dev *ck, const u8 *mac, enum cokeeper_cause cause,
		     struct netlink_ext_ack *extack);
int ck_peertable_replace(struct ck_dev *ck, const struct ck_peer_id *id,
			 struct ck_sources **sources, unsigned int nr, enum cokeeper_cause cause,
			 struct netlink_ext_ack *extack);
void ck_peertable_forget_all(struct ck_dev *ck, enum cokeeper_cause cause);

#endif /* CK_PEERTABLE_H */
