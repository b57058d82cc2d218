/* SPDX-License-Identifier: GPL-2.0 */
/* What becomes of the channel to a peer. */
#ifndef CK_CONNECT_H
#define CK_CONNECT_H

#include "peer.h"

void ck_connect_work(struct work_struct *work);
void ck_connect_reclaim(struct work_struct *work);
void ck_connect_drain(struct work_struct *work);
void ck_connect_wait_drained(struct ck_dev *ck);
int ck_connect_offered(struct ck_dev *ck, const struct ck_peer_id *id, u32 offer, u32 gref,
		       u32 port, struct netlink_ext_ack *extack);
void ck_connect_helper_bound(struct ck_dev *ck);
void ck_connect_sign_of_life(struct ck_peer *peer);
void ck_connect_renewed(struct ck_peer *peer, const struct ck_peer_id *id);
void ck_connect_peer_left(struct ck_peer *peer, enum cokeeper_cause cause, bool drain);
void ck_connect_goodbye_all(struct ck_dev *ck);
void ck_connect_close_all(struct ck_dev *ck, enum cokeeper_reason reason);
void ck_connect_update_lanes(struct ck_dev *ck);

#endif /* CK_CONNECT_H */
