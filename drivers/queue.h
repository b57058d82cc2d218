/* SPDX-License-Identifier: GPL-2.0 */
/* A NAPI context that serves a lane of each channel in turn, and who looks after them. */
#ifndef CK_QUEUE_H
#define CK_QUEUE_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct ck_lane;
struct page_pool;
struct task_struct;

/* Microseconds that a processor with nothing else to do looks for packets. */
#define CK_LOOK_USECS		50
#define CK_LOOK_USECS_MAX	1000

/* Pages for large packets: a zeroed page costs as much as a copy, a recycled one
 * nothing.
 */
#define CK_PAGES_ORDER		3
#define CK_PAGES_BYTES		(PAGE_SIZE << CK_PAGES_ORDER)

/* What went through lanes. */
struct ck_traffic {
	u64 tx_packets;
	u64 tx_bytes;
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_dropped;
};

/**
 * struct ck_queue - NAPI context and the lanes that have work for it
 * @index: which of the device's queues it is
 * @napi: polls the lanes, a few frames each, so that none starves another
 * @heads: recycles the linear memory of packets; used by the poll alone
 * @pages: recycles what large packets are copied to; used by the poll alone
 * @frag: where the rest of them is; used by the poll alone
 * @timer: polls again where others were given way, or packets are kept
 * @gave_way: how often others were given way since the last poll
 * @gave_way_to: the task that ran then; only compared
 * @gave_way_at: how often it had been switched away from
 * @kept: packets that were sent, and that TCP is to take for not sent yet; its lock
 *	protects all of that
 * @kept_bytes: memory that they hold
 * @lock: protects the lists and what the lanes keep for them; taken in hard
 *	interrupts
 * @ready: lanes with something to do
 * @warm: lanes that had traffic of late, which the watcher looks at
 * @watcher: thread of the lowest priority that looks for packets after traffic, in
 *	place of an idle processor that an event would have to wake
 * @look_usecs: how long it does so after the last packet; 0: it never does
 * @awake: it is at work; changed under @lock
 * @traffic: a packet came or went since it last looked at the clock
 * @futile: times in a row that it was woken and nothing came; bounded
 * @skip: next times that it is not woken because of that
 * @past: traffic of lanes that have ended; protected by the device's lock
 */
struct ck_queue {
	unsigned int index;
	struct napi_struct napi;
	struct page_pool *heads;
	struct page_pool *pages;
	struct page_frag frag;
	struct hrtimer timer;
	unsigned int gave_way;
	const struct task_struct *gave_way_to;
	unsigned long gave_way_at;
	struct sk_buff_head kept;
	unsigned int kept_bytes;
	spinlock_t lock; /* see above */
	struct list_head ready;
	struct list_head warm;
	struct task_struct *watcher;
	unsigned int look_usecs;
	bool awake;
	bool traffic;
	unsigned int futile;
	unsigned int skip;
	struct ck_traffic past;
};

/**
 * ck_consume_all() - free packets that were sent
 * @list: of them; empty in the end
 */
static inline void ck_consume_all(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		consume_skb(skb);
}

void ck_queue_init(struct ck_queue *queue, struct net_device *dev,
		   unsigned int index);
unsigned int ck_queue_cpu(const struct ck_queue *queue);
void ck_queue_destroy(struct ck_queue *queue);
int ck_queue_start(struct ck_queue *queue);
void ck_queue_stop(struct ck_queue *queue);
void ck_queue_add(struct ck_queue *queue, struct ck_lane *lane);
void ck_queue_traffic(struct ck_queue *queue, struct ck_lane *lane);
void ck_queue_keep(struct ck_queue *queue, struct sk_buff *skb,
		   struct sk_buff_head *done);
void ck_queue_remove(struct ck_queue *queue, struct ck_lane *lane);

#endif /* CK_QUEUE_H */
