/* SPDX-License-Identifier: GPL-2.0 */
/* The sending side of a lane. */
#ifndef CK_TX_H
#define CK_TX_H

#include <linux/hrtimer.h>
#include <linux/skbuff.h>

#include "evtchn.h"
#include "peer.h"
#include "protocol.h"
#include "queue.h"
#include "ring.h"

/**
 * struct ck_tx - the sending side of a lane
 * @peer: at the other end
 * @queue: of this lane
 * @evtchn: tells the peer of packets
 * @source: what the queue polls of this lane
 * @peer_end: what the other end says of itself, in shared memory
 * @lock: protects all below; taken with bottom halves off
 * @ring: the ring that this end produces
 * @closing: nothing more is put into @ring
 * @broken: the peer broke the rules
 * @stalled: packets have waited in vain: none enters before the peer has taken all
 * @pending: packets that wait for space in @ring, in order
 * @pending_bytes: memory that they hold; read without the lock
 * @timer: runs while packets wait, and maybe a while longer; due when the first one's time
 *	is over, or before
 * @last_used: when (jiffies) a packet was last sent
 * @packets: put into @ring
 * @bytes: put into @ring
 */
struct ck_tx {
	struct ck_peer *peer;
	struct ck_queue *queue;
	struct ck_evtchn *evtchn;
	struct ck_source *source;
	const struct ck_end *peer_end;

	spinlock_t lock; /* see above */
	struct ck_ring ring;
	bool closing;
	bool broken;
	bool stalled;
	struct sk_buff_head pending;
	u32 pending_bytes;
	struct hrtimer timer;
	unsigned long last_used;
	u64 packets;
	u64 bytes;
};

void ck_tx_init(struct ck_tx *tx, struct ck_peer *peer, struct ck_queue *queue,
		struct ck_evtchn *evtchn, struct ck_source *source);
void ck_tx_xmit(struct ck_tx *tx, struct sk_buff *skb);
bool ck_tx_flush(struct ck_tx *tx);
bool ck_tx_goodbye(struct ck_tx *tx);

#endif /* CK_TX_H */
