// SPDX-License-Identifier: GPL-2.0
/* Receiving no faster than readers read.
 *
 * A ring brings datagrams faster than a process on the same CPU reads them: a softirq that
 * takes all there is fills the socket's buffer, and the rest is lost. Left in the ring, they
 * hold the sender back. So where the busy poller goes on as soon as the CPU is idle, a poll
 * that took its budget lets others run first.
 */

#include <linux/sched.h>
#include <linux/sched/stat.h>

#include "polldefer.h"

/* The most that others get at a time. */
#define DEFER_TIME	ns_to_ktime(NSEC_PER_MSEC)

/**
 * ck_others_wait() - is there anything else to run on this CPU?
 * @poller: the busy poller's thread. The scheduler may have chosen it although another task
 *	could run, and then does not ask it to make room before the next tick
 *
 * Return: true if there is.
 */
bool ck_others_wait(const struct task_struct *poller)
{
	if (need_resched())
		return true;
	return current == poller ? !single_task_running() : !is_idle_task(current);
}

static enum hrtimer_restart ck_poll_defer_timeout(struct hrtimer *timer)
{
	napi_schedule(container_of(timer, struct ck_poll_defer, timer)->napi);
	return HRTIMER_NORESTART;
}

/**
 * ck_poll_defer() - a poll took its budget: do others run before the next?
 * @defer: of its context
 * @poller: the busy poller's thread, which polls once the CPU is idle
 *
 * Return: true if they do; the poll is to end, and there is another one in a while.
 */
bool ck_poll_defer(struct ck_poll_defer *defer, const struct task_struct *poller)
{
	if (!ck_others_wait(poller))
		return false;
	hrtimer_start(&defer->timer, DEFER_TIME, HRTIMER_MODE_REL_SOFT);
	return true;
}

/**
 * ck_poll_defer_init() - set up
 * @defer: to be set up
 * @napi: the context that it is for
 */
void ck_poll_defer_init(struct ck_poll_defer *defer, struct napi_struct *napi)
{
	defer->napi = napi;
	hrtimer_setup(&defer->timer, ck_poll_defer_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
}

/**
 * ck_poll_defer_stop() - have nothing polled any more
 * @defer: of a context that is disabled; may sleep
 */
void ck_poll_defer_stop(struct ck_poll_defer *defer)
{
	hrtimer_cancel(&defer->timer);
}
