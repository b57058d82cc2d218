/* SPDX-License-Identifier: GPL-2.0 */
/* A lane of a channel: a pair of rings and an event channel. */
#ifndef CK_LANE_H
#define CK_LANE_H

#include <linux/skbuff.h>
#include <linux/wait.h>

#include "protocol.h"
#include "queue.h"
#include "xen.h"

struct ck_peer;

/* A peer that takes nothing out of a ring for this long has stalled. */
#define CK_STALL_TIME	(HZ / 5)

/**
 * struct ck_lane - one end of a lane
 * @peer: at the other end; the channel holds a reference
 * @queue: that polls this lane
 * @me: CK_OFFERER or CK_ACCEPTOR
 * @control: the control page, NULL before it is there
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
 */
struct ck_lane {
	struct ck_peer *peer;
	struct ck_queue *queue;
	unsigned int me;
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
};

void ck_lane_init(struct ck_lane *lane, struct ck_peer *peer,
		  struct ck_queue *queue, unsigned int me);
int ck_lane_offer(struct ck_lane *lane);
int ck_lane_accept(struct ck_lane *lane, u32 gref, u32 port);
void ck_lane_open(struct ck_lane *lane);
u32 ck_lane_peer_state(const struct ck_lane *lane);
void ck_lane_goodbye(struct ck_lane *lane);
long ck_lane_drain(struct ck_lane *lane, long time);
unsigned int ck_lane_close(struct ck_lane *lane);
void ck_lane_count(const struct ck_lane *lane, struct ck_traffic *sum);
bool ck_lane_check_pending(struct ck_lane *lane);
void ck_lane_xmit(struct ck_lane *lane, struct sk_buff *skb);
int ck_lane_poll(struct ck_lane *lane, int quota);

#endif /* CK_LANE_H */
