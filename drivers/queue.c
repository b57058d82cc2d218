// SPDX-License-Identifier: GPL-2.0
/* A queue of the device: a NAPI context that polls a lane of each channel in turn. */

#include <linux/cpumask.h>
#include <linux/sched/isolation.h>
#include <linux/sched/stat.h>

#include "queue.h"

/* Packets that a source may take in its turn, so that none starves another. */
#define QUOTA	16
/* The most that others get at a time. */
#define DEFER_TIME	ns_to_ktime(NSEC_PER_MSEC)

static struct ck_source *next_ready(struct ck_queue *queue)
{
	struct ck_source *source;

	spin_lock_irq(&queue->lock);
	source = list_first_entry_or_null(&queue->ready, struct ck_source, ready);
	if (source)
		list_del_init(&source->ready);
	spin_unlock_irq(&queue->lock);
	return source;
}

/**
 * ck_queue_mark_ready() - have the next poll serve a source
 * @queue: its queue; the caller sees to it that there is a poll
 * @source: the source; any context
 * Return: true if it is polled then, false if it was removed.
 */
bool ck_queue_mark_ready(struct ck_queue *queue, struct ck_source *source)
{
	unsigned long flags;
	bool ready;

	spin_lock_irqsave(&queue->lock, flags);
	ready = !source->removed;
	if (ready && list_empty(&source->ready))
		list_add_tail(&source->ready, &queue->ready);
	spin_unlock_irqrestore(&queue->lock, flags);
	return ready;
}

/**
 * ck_queue_others_wait() - is there anything to run on this CPU but a queue's poller?
 * @queue: started. The scheduler may have chosen its poller although another task could
 *	run, and then does not ask it to make room before the next tick
 * Return: true if there is.
 */
bool ck_queue_others_wait(const struct ck_queue *queue)
{
	if (need_resched())
		return true;
	return current == queue->busypoll.thread ? !single_task_running() :
						   !is_idle_task(current);
}

static enum hrtimer_restart ck_queue_defer_timeout(struct hrtimer *timer)
{
	napi_schedule(&container_of(timer, struct ck_queue, defer)->napi);
	return HRTIMER_NORESTART;
}

/* Do others run before the next poll?
 *
 * A ring brings datagrams faster than a process on the same CPU reads them: a softirq that
 * takes all there is fills the socket's buffer, and the rest is lost. Left in the ring, they
 * hold the sender back. So where the busy poller goes on as soon as the CPU is idle, a poll
 * that took its budget lets others run first.
 */
static bool defer_poll(struct ck_queue *queue)
{
	if (!READ_ONCE(queue->busypoll.polling) || !ck_queue_others_wait(queue))
		return false;
	hrtimer_start(&queue->defer, DEFER_TIME, HRTIMER_MODE_REL_SOFT);
	return true;
}

static int ck_queue_poll(struct napi_struct *napi, int budget)
{
	struct ck_queue *queue = container_of(napi, struct ck_queue, napi);
	struct ck_source *source;
	int done = 0;

	while (done < budget && (source = next_ready(queue))) {
		int quota = min(budget - done, QUOTA);
		int n = source->ops->poll(source, quota);

		done += n;
		if (n == quota)
			ck_queue_mark_ready(queue, source);
	}
	if (done == budget) {
		if (!defer_poll(queue))
			return done;
		done--;
	}
	/* It notices if a source became ready meanwhile and scheduled us again. */
	napi_complete_done(napi, done);
	return done;
}

/**
 * ck_queue_poll_now() - poll from a thread, without the detour by way of a softirq
 * @queue: the queue, enabled or not
 */
void ck_queue_poll_now(struct ck_queue *queue)
{
	struct napi_struct *napi = &queue->napi;

	local_bh_disable();
	if (napi_schedule_prep(napi) &&
	    ck_queue_poll(napi, NAPI_POLL_WEIGHT) == NAPI_POLL_WEIGHT)
		__napi_schedule(napi);
	local_bh_enable();
}

/**
 * ck_queue_remove() - make sure that a source is not polled any more
 * @queue: its queue, enabled; may sleep
 * @source: the source, not the poller's any more
 */
void ck_queue_remove(struct ck_queue *queue, struct ck_source *source)
{
	spin_lock_irq(&queue->lock);
	source->removed = true;
	list_del_init(&source->ready);
	spin_unlock_irq(&queue->lock);
	/* A poll that had it already ends before this returns. */
	napi_disable(&queue->napi);
	napi_enable(&queue->napi);
	/* The others may have become ready meanwhile. */
	ck_queue_poll_now(queue);
}

/**
 * ck_queue_cpu() - where to work for a queue
 * @queue: set up; any context
 *
 * CPUs that are isolated from the scheduler are left alone.
 *
 * Return: the number of a CPU that is online; another one for each queue as far as they
 * go.
 */
unsigned int ck_queue_cpu(const struct ck_queue *queue)
{
	const struct cpumask *mask = housekeeping_cpumask(HK_TYPE_DOMAIN);
	unsigned int cpu, nr = 0, n = 0;

	for_each_cpu_and(cpu, mask, cpu_online_mask)
		nr++;
	if (nr)
		for_each_cpu_and(cpu, mask, cpu_online_mask)
			if (n++ == queue->index % nr)
				return cpu;
	/* None, or one has just gone offline, and who is told of that asks again. */
	return cpumask_first(cpu_online_mask);
}

/**
 * ck_queue_init() - set a queue up, disabled
 * @queue: zeroed
 * @dev: the device, about to be registered; RTNL is held
 * @index: which of its queues this is
 * Return: 0 or a negative errno; in any case ck_queue_destroy() undoes it.
 */
int ck_queue_init(struct ck_queue *queue, struct net_device *dev, unsigned int index)
{
	queue->index = index;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->ready);
	spin_lock_init(&queue->busypoll.lock);
	INIT_LIST_HEAD(&queue->busypoll.active);
	ck_tx_defer_init(&queue->tx_defer);
	netif_napi_add(dev, &queue->napi, ck_queue_poll);
	hrtimer_setup(&queue->defer, ck_queue_defer_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
	return ck_rx_mem_init(&queue->rx_mem);
}

/**
 * ck_queue_destroy() - undo ck_queue_init()
 * @queue: disabled, with no sources left; RTNL is held
 */
void ck_queue_destroy(struct ck_queue *queue)
{
	netif_napi_del(&queue->napi);
	ck_rx_mem_destroy(&queue->rx_mem);
}
