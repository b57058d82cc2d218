/* SPDX-License-Identifier: GPL-2.0 */
/* Polling in place of the idle loop. */
#ifndef CK_BUSYPOLL_H
#define CK_BUSYPOLL_H

#include <linux/kthread.h>
#include <linux/sched.h>

#include "queue.h"

/* Microseconds that an idle CPU polls after traffic: the default, and the most. */
#define CK_BUSY_POLL_USECS	(IS_ENABLED(CONFIG_PREEMPT_RT) ? 0u : 50u)
#define CK_BUSY_POLL_USECS_MAX	1000

/* Follow a queue, started, to another CPU; may sleep. */
static inline void ck_busypoll_set_cpu(struct ck_queue *queue)
{
	set_cpus_allowed_ptr(queue->busypoll.thread, cpumask_of(ck_queue_cpu(queue)));
}

/* Undo ck_busypoll_start(); may sleep. */
static inline void ck_busypoll_stop(struct ck_queue *queue)
{
	kthread_stop(queue->busypoll.thread);
}

int ck_busypoll_start(struct ck_queue *queue);
void ck_busypoll_traffic(struct ck_queue *queue, struct ck_source *source);
void ck_busypoll_remove(struct ck_queue *queue, struct ck_source *source);

#endif /* CK_BUSYPOLL_H */
