/* SPDX-License-Identifier: GPL-2.0 */
/* Late completion of small TCP packets. */
#ifndef CK_TXDEFER_H
#define CK_TXDEFER_H

#include <linux/hrtimer.h>
#include <linux/skbuff.h>

/**
 * struct ck_tx_defer - packets that were sent, and that TCP takes for not sent yet
 * @skbs: the packets, oldest first; its lock protects all of this
 * @bytes: memory that they hold
 * @timer: completes them
 */
struct ck_tx_defer {
	struct sk_buff_head skbs;
	unsigned int bytes;
	struct hrtimer timer;
};

/* Free packets that were sent. */
static inline void ck_consume_all(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		consume_skb(skb);
}

void ck_tx_defer_init(struct ck_tx_defer *defer);
bool ck_tx_defer_add(struct ck_tx_defer *defer, struct sk_buff *skb,
		     struct sk_buff_head *done);
bool ck_tx_defer_complete(struct ck_tx_defer *defer);

/* Complete all packets, for good: nothing adds to them any more. May sleep. */
static inline void ck_tx_defer_stop(struct ck_tx_defer *defer)
{
	hrtimer_cancel(&defer->timer);
	ck_tx_defer_complete(defer);
}

#endif /* CK_TXDEFER_H */
