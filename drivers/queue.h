/* SPDX-License-Identifier: GPL-2.0 */
/* A queue of the device: a NAPI context that polls a lane of each channel in turn. */
#ifndef CK_QUEUE_H
#define CK_QUEUE_H

#include <linux/hrtimer.h>
#include <linux/list.h>

#include "cokeeper.h"
#include "rxmem.h"
#include "txdefer.h"

struct ck_source;
struct task_struct;

/**
 * struct ck_source_ops - what a queue does with a source
 * @poll: take at most so many packets; returns how many, the quota if there may be more.
 *	Called with bottom halves off, and never twice at once
 * @has_work: is there anything to take, or space for what waits?
 * @disable_event: tell the other end that it need not send events
 * @enable_event: undo that; true if there is something to do already
 */
struct ck_source_ops {
	int (*poll)(struct ck_source *source, int quota);
	bool (*has_work)(struct ck_source *source);
	void (*disable_event)(struct ck_source *source);
	bool (*enable_event)(struct ck_source *source);
};

/**
 * struct ck_source - what a queue polls
 * @ops: how
 * @ready: in the queue's list of those with work, whose lock protects what follows
 * @removed: it is not polled any more
 * @active: in the poller's list (busypoll.c), whose lock protects what follows
 * @polled: is it there? Set for good once the source was removed
 * @no_event: the other end was told that it need not send events
 */
struct ck_source {
	const struct ck_source_ops *ops;
	struct list_head ready;
	bool removed;
	struct list_head active;
	bool polled;
	bool no_event;
};

/**
 * struct ck_busypoll - a thread that polls instead of its CPU's idle loop (busypoll.c)
 * @thread: of the idle scheduling class
 * @lock: protects @active, @polling and the sources' fields
 * @active: sources that had traffic of late
 * @polling: the thread is at work; changed under @lock
 * @traffic: a packet came or went since the thread last read the clock
 * @idle_wakeups: times in a row that it was woken and nothing came; bounded
 * @wakeups_to_skip: next times that it is not woken because of that
 */
struct ck_busypoll {
	struct task_struct *thread;
	spinlock_t lock; /* see above */
	struct list_head active;
	bool polling;
	bool traffic;
	unsigned int idle_wakeups;
	unsigned int wakeups_to_skip;
};

/**
 * struct ck_queue - what serves one lane of each channel
 * @index: which of the device's queues this is
 * @napi: polls the lanes
 * @lock: protects @ready and the sources' fields; taken in hard interrupts
 * @ready: sources with something to do
 * @defer: polls again after others ran
 * @busypoll: polls in place of the idle loop
 * @tx_defer: late completion of what the lanes have sent
 * @rx_mem: memory of what they receive; the poll's alone
 * @closed_stats: traffic of lanes that have ended; protected by the device's lock
 */
struct ck_queue {
	unsigned int index;
	struct napi_struct napi;
	spinlock_t lock; /* see above */
	struct list_head ready;
	struct hrtimer defer;
	struct ck_busypoll busypoll;
	struct ck_tx_defer tx_defer;
	struct ck_rx_mem rx_mem;
	struct ck_traffic closed_stats;
};

int ck_queue_init(struct ck_queue *queue, struct net_device *dev, unsigned int index);
void ck_queue_destroy(struct ck_queue *queue);
bool ck_queue_others_wait(const struct ck_queue *queue);
unsigned int ck_queue_cpu(const struct ck_queue *queue);
bool ck_queue_mark_ready(struct ck_queue *queue, struct ck_source *source);
void ck_queue_remove(struct ck_queue *queue, struct ck_source *source);
void ck_queue_poll_now(struct ck_queue *queue);

/* Set a source up, zeroed. */
static inline void ck_source_init(struct ck_source *source, const struct ck_source_ops *ops)
{
	source->ops = ops;
	INIT_LIST_HEAD(&source->ready);
	INIT_LIST_HEAD(&source->active);
}

/* A source of an enabled queue has work; any context. */
static inline void ck_queue_schedule(struct ck_queue *queue, struct ck_source *source)
{
	if (ck_queue_mark_ready(queue, source))
		napi_schedule(&queue->napi);
}

#endif /* CK_QUEUE_H */
