// SPDX-License-Identifier: GPL-2.0
/* A NAPI context that serves many channels in turn. */

#include "channel.h"
#include "queue.h"

/* Frames from one channel before the next one gets its turn. */
#define TURN	16

static struct ck_channel *next_ready(struct ck_queue *queue)
{
	struct ck_channel *ch;

	spin_lock_irq(&queue->lock);
	ch = list_first_entry_or_null(&queue->ready, struct ck_channel, ready);
	if (ch) {
		list_del_init(&ch->ready);
		ch->queued = false;
	}
	spin_unlock_irq(&queue->lock);
	return ch;
}

static void make_ready(struct ck_queue *queue, struct ck_channel *ch)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (!ch->queued) {
		ch->queued = true;
		list_add_tail(&ch->ready, &queue->ready);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

static int poll(struct napi_struct *napi, int budget)
{
	struct ck_queue *queue = container_of(napi, struct ck_queue, napi);
	struct ck_channel *ch;
	int done = 0;

	while (done < budget && (ch = next_ready(queue))) {
		int quota = min(budget - done, TURN);
		int n = ck_channel_poll(ch, quota);

		done += n;
		if (n == quota)
			make_ready(queue, ch);
	}
	/* A channel that becomes ready from here on schedules us again, which
	 * napi_complete_done() notices.
	 */
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/**
 * ck_queue_init() - set a queue up, stopped
 * @queue: to be set up
 * @dev: the device that receives; RTNL is held
 */
void ck_queue_init(struct ck_queue *queue, struct net_device *dev)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->ready);
	netif_napi_add(dev, &queue->napi, poll);
}

/**
 * ck_queue_destroy() - undo ck_queue_init()
 * @queue: stopped, with no channels left; RTNL is held
 */
void ck_queue_destroy(struct ck_queue *queue)
{
	netif_napi_del(&queue->napi);
	if (queue->frag.page)
		put_page(queue->frag.page);
}

/**
 * ck_queue_start() - start polling
 * @queue: stopped
 */
void ck_queue_start(struct ck_queue *queue)
{
	napi_enable(&queue->napi);
}

/**
 * ck_queue_stop() - stop polling
 * @queue: started, with no channels left; may sleep
 */
void ck_queue_stop(struct ck_queue *queue)
{
	napi_disable(&queue->napi);
}

/**
 * ck_queue_add() - a channel has work
 * @queue: started
 * @ch: the channel; any context
 */
void ck_queue_add(struct ck_queue *queue, struct ck_channel *ch)
{
	make_ready(queue, ch);
	napi_schedule(&queue->napi);
}

/**
 * ck_queue_remove() - make sure that a channel is not polled any more
 * @queue: started
 * @ch: a channel that nothing adds any more; may sleep
 */
void ck_queue_remove(struct ck_queue *queue, struct ck_channel *ch)
{
	/* While NAPI is disabled no poll runs, so the channel is at most in
	 * the list. Whatever else is there is served after the restart.
	 */
	napi_disable(&queue->napi);
	spin_lock_irq(&queue->lock);
	if (ch->queued) {
		list_del_init(&ch->ready);
		ch->queued = false;
	}
	spin_unlock_irq(&queue->lock);
	napi_enable(&queue->napi);

	local_bh_disable();
	napi_schedule(&queue->napi);
	local_bh_enable();
}
