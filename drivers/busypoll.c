// SPDX-License-Identifier: GPL-2.0
/* Polling in place of the idle loop.
 *
 * Of a small message's instructions, most are the hypervisor's: the event, and waking a
 * CPU that idles. So after traffic a thread of the idle scheduling class polls the rings
 * for some microseconds, and the other ends are told to send no events. It does no more
 * than an idle CPU would: before anything else runs there, events are enabled again.
 *
 * The thread polls with preemption off, as vhost_net's busy polling does. On PREEMPT_RT,
 * where what it calls may sleep, it never polls.
 */

#include <linux/sched/clock.h>
#include <uapi/linux/sched/types.h>

#include "busypoll.h"

/* Rounds between two readings of the clock; and rounds with traffic, with preemption off. */
#define ROUNDS		64
/* After nothing came of a wake-up, the next 2^n are skipped at most. */
#define IDLE_MAX	8

static u32 poll_usecs(const struct ck_queue *queue)
{
	const struct ck_dev *ck = netdev_priv(queue->napi.dev);

	return READ_ONCE(ck->poll_usecs);
}

/* Mark the sources that have work ready, and disable events of those that are new. */
static bool poll_sources(struct ck_queue *queue)
{
	struct ck_source *source;
	/* What made room for others goes on, too. */
	bool found = !list_empty_careful(&queue->ready);

	spin_lock_bh(&queue->busypoll.lock);
	list_for_each_entry(source, &queue->busypoll.active, active) {
		if (!source->no_event) {
			WRITE_ONCE(source->no_event, true);
			source->ops->disable_event(source);
		}
		if (source->ops->has_work(source))
			found |= ck_queue_mark_ready(queue, source);
	}
	spin_unlock_bh(&queue->busypoll.lock);
	return found;
}

/* Have the other ends send events again; @rest: and forget the sources. */
static void enable_events(struct ck_queue *queue, bool rest)
{
	struct ck_busypoll *busypoll = &queue->busypoll;
	struct ck_source *source, *next;
	bool found = false;

	spin_lock_bh(&busypoll->lock);
	/* What made room for others is taken before there is a rest. */
	rest = rest && list_empty_careful(&queue->ready);
	list_for_each_entry_safe(source, next, &busypoll->active, active) {
		if (source->no_event) {
			WRITE_ONCE(source->no_event, false);
			if (source->ops->enable_event(source))
				found |= ck_queue_mark_ready(queue, source);
		}
		if (rest) {
			source->polled = false;
			list_del_init(&source->active);
		}
	}
	if (rest)
		busypoll->polling = false;
	spin_unlock_bh(&busypoll->lock);
	if (found)
		ck_queue_poll_now(queue);
}

/* Has nothing come or gone for as long as it polls? @end is when that is so. */
static bool time_over(struct ck_queue *queue, u64 *end)
{
	struct ck_busypoll *busypoll = &queue->busypoll;
	u64 now = local_clock();

	if (READ_ONCE(busypoll->traffic) || !*end) {
		WRITE_ONCE(busypoll->traffic, false);
		*end = now + poll_usecs(queue) * NSEC_PER_USEC;
	}
	return now >= *end;
}

static void busy_poll(struct ck_queue *queue)
{
	struct ck_busypoll *busypoll = &queue->busypoll;
	unsigned int rounds = 0, busy = 0;
	bool useful = false;
	u64 end = 0;

	do {
		preempt_disable();
		while (!ck_queue_others_wait(queue)) {
			bool found = poll_sources(queue);

			if (found)
				ck_queue_poll_now(queue);
			if (ck_tx_defer_complete(&queue->tx_defer) || found) {
				useful = true;
				/* RCU is not to wait for the end of the traffic. */
				if (++busy % ROUNDS == 0)
					break;
				continue;
			}
			cpu_relax();
			if (++rounds % ROUNDS == 0 && time_over(queue, &end))
				break;
		}
		/* Others that wait may be threads like this one, so the time ends
		 * for this one all the same.
		 */
		enable_events(queue, time_over(queue, &end));
		preempt_enable();
		schedule();
	} while (READ_ONCE(busypoll->polling) && !kthread_should_stop());

	busypoll->idle_wakeups = useful ? 0 : min(busypoll->idle_wakeups + 1, IDLE_MAX);
	WRITE_ONCE(busypoll->wakeups_to_skip, (1u << busypoll->idle_wakeups) - 1);
}

static int ck_busypoll_thread(void *arg)
{
	struct ck_queue *queue = arg;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (!READ_ONCE(queue->busypoll.polling)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		busy_poll(queue);
	}
	__set_current_state(TASK_RUNNING);
	enable_events(queue, true);
	return 0;
}

/**
 * ck_busypoll_traffic() - a packet came or went; more, or an answer, is likely soon
 * @queue: started
 * @source: where; bottom halves are off
 */
void ck_busypoll_traffic(struct ck_queue *queue, struct ck_source *source)
{
	struct ck_busypoll *busypoll = &queue->busypoll;
	unsigned int skip;
	bool wake;

	if (!READ_ONCE(busypoll->traffic))
		WRITE_ONCE(busypoll->traffic, true);
	if (READ_ONCE(source->polled) || !poll_usecs(queue))
		return;
	skip = READ_ONCE(busypoll->wakeups_to_skip);
	if (!READ_ONCE(busypoll->polling) && skip) {
		WRITE_ONCE(busypoll->wakeups_to_skip, skip - 1);
		return;
	}

	spin_lock(&busypoll->lock);
	wake = !busypoll->polling;
	busypoll->polling = true;
	if (!source->polled) {
		source->polled = true;
		list_add_tail(&source->active, &busypoll->active);
	}
	spin_unlock(&busypoll->lock);
	if (wake)
		wake_up_process(busypoll->thread);
}

/**
 * ck_busypoll_remove() - make sure that a source is not the poller's any more
 * @queue: started
 * @source: the source; process context
 */
void ck_busypoll_remove(struct ck_queue *queue, struct ck_source *source)
{
	spin_lock_bh(&queue->busypoll.lock);
	list_del_init(&source->active);
	/* Traffic does not list it again. */
	source->polled = true;
	spin_unlock_bh(&queue->busypoll.lock);
}

/**
 * ck_busypoll_start() - start the thread, in place of the idle loop of the queue's CPU
 * @queue: set up; may sleep
 * Return: 0 or a negative errno.
 */
int ck_busypoll_start(struct ck_queue *queue)
{
	const struct sched_attr attr = { .sched_policy = SCHED_IDLE };
	struct task_struct *task;

	task = kthread_create(ck_busypoll_thread, queue, "cokeeper/%s", queue->napi.dev->name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, ck_queue_cpu(queue));
	sched_setattr_nocheck(task, &attr);
	queue->busypoll.thread = task;
	wake_up_process(task);
	return 0;
}
