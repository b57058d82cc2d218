/* SPDX-License-Identifier: GPL-2.0 */
/* A NAPI context that serves many channels in turn. */
#ifndef CK_QUEUE_H
#define CK_QUEUE_H

#include <linux/netdevice.h>

struct ck_channel;

/**
 * struct ck_queue - NAPI context and the channels that have work for it
 * @napi: polls the channels, a few frames each, so that none starves another
 * @frag: where large packets are copied to; used by the poll alone
 * @lock: protects @ready and the channels' queued flag; taken in hard interrupts
 * @ready: channels with something to do
 */
struct ck_queue {
	struct napi_struct napi;
	struct page_frag frag;
	spinlock_t lock; /* see above */
	struct list_head ready;
};

void ck_queue_init(struct ck_queue *queue, struct net_device *dev);
void ck_queue_destroy(struct ck_queue *queue);
void ck_queue_start(struct ck_queue *queue);
void ck_queue_stop(struct ck_queue *queue);
void ck_queue_add(struct ck_queue *queue, struct ck_channel *ch);
void ck_queue_remove(struct ck_queue *queue, struct ck_channel *ch);

#endif /* CK_QUEUE_H */
