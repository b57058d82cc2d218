/* SPDX-License-Identifier: GPL-2.0 */
/* What a ring does not carry goes on by the lower device. */
#ifndef CK_FALLBACK_H
#define CK_FALLBACK_H

#include <linux/skbuff.h>

struct ck_dev;
struct neighbour;

struct neighbour *ck_next_hop(struct ck_dev *ck, struct sk_buff *skb);
void ck_fallback(struct ck_dev *ck, struct sk_buff *skb);

#endif /* CK_FALLBACK_H */
