// SPDX-License-Identifier: GPL-2.0
/* A NAPI context that serves a lane of each channel in turn, and who looks after them. */

#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>
#include <net/page_pool/helpers.h>
#include <uapi/linux/sched/types.h>

#include "lane.h"
#include "queue.h"

/* Free pages that each pool keeps. Those for large packets are as many as a ring fills
 * several times.
 */
#define POOL_SIZE	64
/* How long a poll that took its budget gives way to others at most. */
#define GIVE_WAY	ns_to_ktime(NSEC_PER_MSEC)
/* How often it does so if no other task has had the processor since. */
#define GIVE_WAY_MAX	3
/* Packets are kept for one to two of these. */
#define KEEP		ns_to_ktime(2 * NSEC_PER_MSEC)
/* The newest ones are, as many as take this much memory. TCP collects into the next packet
 * until that takes as much as all that are kept do; it does not get larger than this.
 */
#define KEPT_BYTES	0x20000u
/* The watcher looks this often before it looks at the clock. */
#define LOOKS	64
/* It is not woken the next 2^n times at most after nothing came of it. */
#define FUTILE_MAX	8

static struct ck_lane *next_ready(struct ck_queue *queue)
{
	struct ck_lane *lane;

	spin_lock_irq(&queue->lock);
	lane = list_first_entry_or_null(&queue->ready, struct ck_lane, ready);
	if (lane) {
		list_del_init(&lane->ready);
		lane->queued = false;
	}
	spin_unlock_irq(&queue->lock);
	return lane;
}

static void add_ready(struct ck_queue *queue, struct ck_lane *lane)
{
	lockdep_assert_held(&queue->lock);
	if (!lane->queued) {
		lane->queued = true;
		list_add_tail(&lane->ready, &queue->ready);
	}
}

static void make_ready(struct ck_queue *queue, struct ck_lane *lane)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	add_ready(queue, lane);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/* Is there anything else to run? The scheduler does not ask the watcher at once to make
 * room for what could run already when it was chosen.
 */
static bool others_wait(const struct ck_queue *queue)
{
	if (need_resched())
		return true;
	return current == queue->watcher ? !single_task_running() :
					   !is_idle_task(current);
}

/* A kept packet, seen by let_go() once already; its control block is ours. */
static bool *aged(struct sk_buff *skb)
{
	return (bool *)skb->cb;
}

static void unkeep(struct ck_queue *queue, struct sk_buff *skb,
		   struct sk_buff_head *done)
{
	lockdep_assert_held(&queue->kept.lock);
	__skb_unlink(skb, &queue->kept);
	queue->kept_bytes -= skb->truesize;
	__skb_queue_tail(done, skb);
}

/* Count the packets that were kept as sent: all of them if this processor has nothing else
 * to do, else those that were there the last time.
 */
static void let_go(struct ck_queue *queue)
{
	struct sk_buff *skb, *next;
	struct sk_buff_head done;

	if (skb_queue_empty_lockless(&queue->kept))
		return;
	__skb_queue_head_init(&done);
	spin_lock(&queue->kept.lock);
	skb_queue_walk_safe(&queue->kept, skb, next) {
		if (*aged(skb) || current == queue->watcher)
			unkeep(queue, skb, &done);
		else
			*aged(skb) = true;
	}
	if (!skb_queue_empty(&queue->kept))
		hrtimer_start(&queue->timer, KEEP, HRTIMER_MODE_REL);
	spin_unlock(&queue->kept.lock);
	ck_consume_all(&done);
}

/* How often the task that runs here was switched away from. */
static unsigned long switches(void)
{
	return current->nvcsw + current->nivcsw;
}

static void give_way(struct ck_queue *queue)
{
	queue->gave_way++;
	queue->gave_way_to = current;
	queue->gave_way_at = switches();
	hrtimer_start(&queue->timer, GIVE_WAY, HRTIMER_MODE_REL);
}

static int poll(struct napi_struct *napi, int budget)
{
	struct ck_queue *queue = container_of(napi, struct ck_queue, napi);
	struct ck_lane *lane;
	int done = 0;

	if (current == queue->watcher || !hrtimer_is_queued(&queue->timer))
		let_go(queue);
	queue->gave_way = 0;
	while (done < budget && (lane = next_ready(queue))) {
		int quota = budget - done;
		int n = ck_lane_poll(lane, quota);

		done += n;
		if (n == quota)
			make_ready(queue, lane);
	}
	if (done == budget) {
		/* Those whom the packets are for must get to read before more comes
		 * than their sockets take. The watcher goes on once they have nothing
		 * to do, or the timer does if that lasts.
		 */
		if (!READ_ONCE(queue->awake) || !others_wait(queue))
			return done;
		give_way(queue);
		done--;
	}
	/* A lane that becomes ready from here on schedules us again, which
	 * napi_complete_done() notices.
	 */
	napi_complete_done(napi, done);
	return done;
}

static enum hrtimer_restart timeout(struct hrtimer *timer)
{
	struct ck_queue *queue = container_of(timer, struct ck_queue, timer);

	/* The same task as then, without a switch in between: nobody has come to read. A
	 * processor may have stood still all that time, as the hypervisor's scheduler, or
	 * an emulator's, had something else to do.
	 */
	if (queue->gave_way && queue->gave_way < GIVE_WAY_MAX &&
	    queue->gave_way_to == current && queue->gave_way_at == switches())
		give_way(queue);
	else
		napi_schedule(&queue->napi);
	return HRTIMER_NORESTART;
}

/* Poll from a thread, without the detour by way of a softirq. */
static void poll_now(struct ck_queue *queue)
{
	struct napi_struct *napi = &queue->napi;

	local_bh_disable();
	if (napi_schedule_prep(napi) &&
	    poll(napi, NAPI_POLL_WEIGHT) == NAPI_POLL_WEIGHT)
		__napi_schedule(napi);
	local_bh_enable();
}

/* Is there anything to take, or space for what waits? */
static bool has_work(const struct ck_lane *lane)
{
	return (ck_ring_has_data(&lane->rx) ||
		(READ_ONCE(lane->pending_bytes) && ck_ring_has_space(&lane->tx))) &&
	       !READ_ONCE(lane->broken);
}

/* Look at all warm lanes once. */
static bool look(struct ck_queue *queue)
{
	struct ck_lane *lane;
	bool found;

	spin_lock_irq(&queue->lock);
	found = !list_empty(&queue->ready) ||
		!skb_queue_empty_lockless(&queue->kept);
	list_for_each_entry(lane, &queue->warm, warm) {
		if (!lane->looked_at) {
			WRITE_ONCE(lane->looked_at, true);
			ck_ring_look(&lane->rx);
		}
		if (has_work(lane)) {
			add_ready(queue, lane);
			found = true;
		}
	}
	spin_unlock_irq(&queue->lock);
	return found;
}

/* From here on, the peers are to send events again. */
static void look_away(struct ck_queue *queue, bool rest)
{
	struct ck_lane *lane, *next;
	bool found = false;

	spin_lock_irq(&queue->lock);
	/* What gave way is taken before there is a rest. */
	rest = rest && list_empty(&queue->ready);
	list_for_each_entry_safe(lane, next, &queue->warm, warm) {
		if (lane->looked_at) {
			WRITE_ONCE(lane->looked_at, false);
			/* With a barrier, which pairs with flush(). The poll asks for
			 * an event if packets still wait.
			 */
			if ((ck_ring_look_away(&lane->rx) ||
			     READ_ONCE(lane->pending_bytes)) && !lane->queued) {
				add_ready(queue, lane);
				found = true;
			}
		}
		if (rest) {
			lane->is_warm = false;
			list_del_init(&lane->warm);
		}
	}
	if (rest)
		queue->awake = false;
	spin_unlock_irq(&queue->lock);
	if (found)
		poll_now(queue);
}

/* Has nothing come or gone for as long as it looks? @end is when that is over. */
static bool time_over(struct ck_queue *queue, u64 *end)
{
	u64 now = local_clock();

	if (READ_ONCE(queue->traffic) || !*end) {
		WRITE_ONCE(queue->traffic, false);
		*end = now + READ_ONCE(queue->look_usecs) * NSEC_PER_USEC;
	}
	return now >= *end;
}

/* Look for packets while there is traffic. It is no more than an idle processor
 * would do: whenever there is anything else to run, the peers are told to send
 * events before that runs. What else there is may be other watchers, so the time
 * ends for this one all the same.
 */
static void watch(struct ck_queue *queue)
{
	unsigned int looks = 0;
	bool useful = false;
	u64 end = 0;

	do {
		preempt_disable();
		while (!others_wait(queue)) {
			if (look(queue)) {
				useful = true;
				poll_now(queue);
				continue;
			}
			cpu_relax();
			if (++looks % LOOKS == 0 && time_over(queue, &end))
				break;
		}
		look_away(queue, time_over(queue, &end));
		preempt_enable();
		schedule();
	} while (READ_ONCE(queue->awake) && !kthread_should_stop());

	queue->futile = useful ? 0 : min(queue->futile + 1, FUTILE_MAX);
	WRITE_ONCE(queue->skip, (1u << queue->futile) - 1);
}

static int watcher(void *arg)
{
	struct ck_queue *queue = arg;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (!READ_ONCE(queue->awake)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		watch(queue);
	}
	__set_current_state(TASK_RUNNING);
	look_away(queue, true);
	return 0;
}

/**
 * ck_queue_traffic() - a packet came or went
 * @queue: started
 * @lane: the lane; bottom halves are off
 *
 * An answer, or more, is likely to come soon.
 */
void ck_queue_traffic(struct ck_queue *queue, struct ck_lane *lane)
{
	unsigned long flags;
	unsigned int skip;
	bool wake;

	WRITE_ONCE(lane->used, jiffies);
	if (!READ_ONCE(queue->traffic))
		WRITE_ONCE(queue->traffic, true);
	if (READ_ONCE(lane->is_warm) || !READ_ONCE(queue->look_usecs))
		return;
	skip = READ_ONCE(queue->skip);
	if (!READ_ONCE(queue->awake) && skip) {
		WRITE_ONCE(queue->skip, skip - 1);
		return;
	}

	spin_lock_irqsave(&queue->lock, flags);
	wake = !queue->awake;
	queue->awake = true;
	if (!lane->is_warm) {
		lane->is_warm = true;
		list_add_tail(&lane->warm, &queue->warm);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	if (wake)
		wake_up_process(queue->watcher);
}

/**
 * ck_queue_keep() - let a packet that was sent count as not sent for a little while
 * @queue: started
 * @skb: a packet of a local TCP socket; bottom halves are off, and the lock is held
 *	under which a lane of the queue is closed
 * @done: gets those that count as sent from now on, to be freed without that lock
 *
 * The ring takes a packet at once, and so TCP would send each small write by itself.
 * While it takes a packet to be in the device's queue, it collects what is written
 * into the next one (tcp_autocorking). That ends once enough others were sent, this
 * processor has nothing else to do, or some milliseconds have passed.
 */
void ck_queue_keep(struct ck_queue *queue, struct sk_buff *skb,
		   struct sk_buff_head *done)
{
	struct sk_buff *old;

	*aged(skb) = false;
	spin_lock(&queue->kept.lock);
	__skb_queue_tail(&queue->kept, skb);
	queue->kept_bytes += skb->truesize;
	while ((old = skb_peek(&queue->kept)) != skb &&
	       queue->kept_bytes - old->truesize >= KEPT_BYTES)
		unkeep(queue, old, done);
	spin_unlock(&queue->kept.lock);

	/* Either the timer is still to come, or its poll sees the packet. */
	smp_mb();
	if (!hrtimer_is_queued(&queue->timer))
		hrtimer_start(&queue->timer, KEEP, HRTIMER_MODE_REL);
}

/**
 * ck_queue_init() - set a queue up, stopped
 * @queue: to be set up
 * @dev: the device that receives; RTNL is held
 * @index: which of its queues this is
 */
void ck_queue_init(struct ck_queue *queue, struct net_device *dev,
		   unsigned int index)
{
	queue->index = index;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->ready);
	INIT_LIST_HEAD(&queue->warm);
	skb_queue_head_init(&queue->kept);
	queue->look_usecs = CK_LOOK_USECS;
	hrtimer_init(&queue->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	queue->timer.function = timeout;
	netif_napi_add(dev, &queue->napi, poll);
}

/**
 * ck_queue_destroy() - undo ck_queue_init()
 * @queue: stopped, with no lanes left; RTNL is held
 */
void ck_queue_destroy(struct ck_queue *queue)
{
	netif_napi_del(&queue->napi);
	if (queue->frag.page)
		put_page(queue->frag.page);
}

/**
 * ck_queue_cpu() - where to work for a queue
 * @queue: set up; may sleep
 *
 * Return: the number of a processor that is online; another one for each queue as
 * far as they go.
 */
unsigned int ck_queue_cpu(const struct ck_queue *queue)
{
	unsigned int cpu;

	/* It counts the processors, and then looks for one of them. */
	cpus_read_lock();
	cpu = cpumask_local_spread(queue->index, NUMA_NO_NODE);
	cpus_read_unlock();
	return cpu;
}

/**
 * ck_queue_start() - start polling
 * @queue: stopped
 *
 * Return: 0 or a negative errno.
 */
int ck_queue_start(struct ck_queue *queue)
{
	const struct sched_attr attr = { .sched_policy = SCHED_IDLE };
	struct page_pool_params params = {
		.flags = PP_FLAG_PAGE_FRAG,
		.pool_size = POOL_SIZE,
		.nid = NUMA_NO_NODE,
	};
	struct task_struct *task;
	int err;

	queue->heads = page_pool_create(&params);
	if (IS_ERR(queue->heads))
		return PTR_ERR(queue->heads);
	params.flags = 0;
	params.order = CK_PAGES_ORDER;
	queue->pages = page_pool_create(&params);
	if (IS_ERR(queue->pages)) {
		err = PTR_ERR(queue->pages);
		goto destroy_heads;
	}
	task = kthread_create(watcher, queue, "cokeeper/%s", queue->napi.dev->name);
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto destroy_pages;
	}
	/* It stands in for the idle loop of the processor that gets the events. */
	kthread_bind(task, ck_queue_cpu(queue));
	sched_setattr_nocheck(task, &attr);
	queue->watcher = task;
	wake_up_process(task);
	napi_enable(&queue->napi);
	return 0;

destroy_pages:
	page_pool_destroy(queue->pages);
destroy_heads:
	page_pool_destroy(queue->heads);
	return err;
}

/**
 * ck_queue_stop() - stop polling
 * @queue: started, with no lanes left; may sleep
 */
void ck_queue_stop(struct ck_queue *queue)
{
	kthread_stop(queue->watcher);
	napi_disable(&queue->napi);
	hrtimer_cancel(&queue->timer);
	ck_consume_all(&queue->kept);
	queue->kept_bytes = 0;
	page_pool_destroy(queue->pages);
	page_pool_destroy(queue->heads);
}

/**
 * ck_queue_add() - a lane has work
 * @queue: started
 * @lane: the lane; any context
 */
void ck_queue_add(struct ck_queue *queue, struct ck_lane *lane)
{
	make_ready(queue, lane);
	napi_schedule(&queue->napi);
}

/**
 * ck_queue_remove() - make sure that a lane is not polled any more
 * @queue: started
 * @lane: a lane that nothing adds any more; may sleep
 */
void ck_queue_remove(struct ck_queue *queue, struct ck_lane *lane)
{
	/* While NAPI is disabled no poll runs, so the lane is at most in
	 * the list. Whatever else is there is served after the restart.
	 */
	napi_disable(&queue->napi);
	spin_lock_irq(&queue->lock);
	if (lane->queued) {
		list_del_init(&lane->ready);
		lane->queued = false;
	}
	list_del_init(&lane->warm);
	/* Traffic does not make it warm again. */
	lane->is_warm = true;
	spin_unlock_irq(&queue->lock);
	napi_enable(&queue->napi);
	poll_now(queue);
}
