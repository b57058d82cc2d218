/* SPDX-License-Identifier: GPL-2.0 */
/* A channel: a pair of rings and an event channel to one peer. */
#ifndef CK_CHANNEL_H
#define CK_CHANNEL_H

#include <linux/skbuff.h>
#include <linux/wait.h>

#include "protocol.h"
#include "xen.h"

struct ck_peer;

/* A peer that takes nothing out of a ring for this long has stalled. */
#define CK_STALL_TIME	(HZ / 5)

/**
 * struct ck_channel - one end of a channel
 * @peer: at the other end; the channel holds a reference
 * @queue: that polls this channel
 * @me: CK_OFFERER or CK_ACCEPTOR
 * @id: of the offer that made it
 * @control: the control page
 * @control_area: holds the control page
 * @ring_area: holds the pages of both rings
 * @bell: the event channel
 *
 * @tx_lock: protects all of the transmitting side
 * @tx: the ring that this end produces
 * @closing: nothing more is put into @tx
 * @stalled: the peer takes nothing out of the ring
 * @progress_at: when (jiffies) it was last seen to, or to have nothing to take
 * @progress_cons: how far it was then
 * @pending: packets that wait for space in @tx, in order
 * @pending_bytes: memory that they hold
 * @tx_packets: put into @tx
 * @tx_bytes: put into @tx
 *
 * @rx: the ring that this end consumes; the poll's, as all that follow
 * @seen: state of the other end, as the poll saw it last
 * @broken: the peer broke the rules; the ring is not looked at again
 * @bad_frames: malformed frames so far
 * @rx_packets: taken from @rx
 * @rx_bytes: taken from @rx
 * @rx_dropped: taken from @rx and dropped
 *
 * @used: when (jiffies) a packet last went or came; written by either side
 * @event: the event channel is masked until its event has been served
 * @ready: in the queue's list; protected by its lock, as all that follow
 * @queued: is it there?
 * @warm: in the queue's list of those
 * @is_warm: is it there?
 * @looked_at: the peer was told that it need not send events
 * @progress: wakes who waits for @rx to be empty and for the peer's goodbye
 * @rcu: senders may hold the channel until a grace period after its end
 */
struct ck_channel {
	struct ck_peer *peer;
	struct ck_queue *queue;
	unsigned int me;
	u32 id;
	struct ck_control *control;
	struct ck_area control_area;
	struct ck_area ring_area;
	struct ck_bell bell;

	spinlock_t tx_lock ____cacheline_aligned_in_smp;
	struct ck_ring tx;
	bool closing;
	bool stalled;
	unsigned long progress_at;
	u32 progress_cons;
	struct sk_buff_head pending;
	u32 pending_bytes;
	u64 tx_packets;
	u64 tx_bytes;

	struct ck_ring rx ____cacheline_aligned_in_smp;
	u32 seen;
	bool broken;
	u16 bad_frames;
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_dropped;

	unsigned long used;
	bool event;

	struct list_head ready;
	bool queued;
	struct list_head warm;
	bool is_warm;
	bool looked_at;
	wait_queue_head_t progress;
	struct rcu_head rcu;
};

struct ck_channel *ck_channel_offer(struct ck_peer *peer, u32 id);
struct ck_channel *ck_channel_accept(struct ck_peer *peer, u32 id, u32 gref,
				     u32 port);
u32 ck_channel_peer_state(const struct ck_channel *ch);
void ck_channel_goodbye(struct ck_channel *ch);
unsigned int ck_channel_close(struct ck_channel *ch, bool drain);
bool ck_channel_check_pending(struct ck_channel *ch);
void ck_channel_xmit(struct ck_channel *ch, struct sk_buff *skb);
int ck_channel_poll(struct ck_channel *ch, int quota);

#endif /* CK_CHANNEL_H */
