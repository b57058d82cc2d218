/* SPDX-License-Identifier: GPL-2.0 */
/* What the module tells netlink's listeners and the helper of its own accord. */
#ifndef CK_NOTIFY_H
#define CK_NOTIFY_H

#include "cokeeper.h"

struct ck_dev;
struct ck_peer;
struct genl_family;
struct sk_buff;

/* Multicast groups of the family, by their places in it. */
enum { CK_MCGRP_MONITOR, CK_MCGRP_DEVICE };

void ck_notify_init(const struct genl_family *family);
int ck_put_dev(struct sk_buff *skb, const struct ck_dev *ck);
int ck_put_peer(struct sk_buff *skb, const struct ck_peer *peer);
void ck_notify_dev(struct ck_dev *ck, enum cokeeper_cause cause);
void ck_notify_peer(const struct ck_peer *peer, enum cokeeper_event event,
		    enum cokeeper_cause cause);
void ck_notify_offer(const struct ck_peer *peer, bool withdraw);

#endif /* CK_NOTIFY_H */
