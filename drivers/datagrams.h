/* SPDX-License-Identifier: GPL-2.0 */
/* Datagrams of a flow that follow each other, as one packet. */
#ifndef CK_DATAGRAMS_H
#define CK_DATAGRAMS_H

#include <linux/skbuff.h>

#include "ring.h"

/**
 * struct ck_datagrams - datagrams of a flow, all of the same length
 * @first: the first one, whose fragment list has the others; NULL: there is none
 * @last: the last one
 * @count: how many there are
 * @frame: that each of them came in
 */
struct ck_datagrams {
	struct sk_buff *first;
	struct sk_buff *last;
	unsigned int count;
	struct ck_frame frame;
};

bool ck_datagrams_start(struct ck_datagrams *list, struct sk_buff *skb,
			const struct ck_frame *frame);
bool ck_datagrams_add(struct ck_datagrams *list, struct sk_buff *skb,
		      const struct ck_frame *frame);
struct sk_buff *ck_datagrams_take(struct ck_datagrams *list);

#endif /* CK_DATAGRAMS_H */
