/* SPDX-License-Identifier: GPL-2.0 */
/* A lane of a channel: a pair of rings and an event channel.
 *
 * ethtool calls a device's queues channels; here a channel is to a peer, and what each
 * queue serves of it is a lane.
 */
#ifndef CK_LANE_H
#define CK_LANE_H

#include <linux/hrtimer.h>
#include <linux/skbuff.h>

#include "evtchn.h"
#include "gntpages.h"
#include "peer.h"
#include "protocol.h"
#include "queue.h"

/**
 * struct ck_tx - the sending side of a lane
 * @lock: protects all of it; taken with bottom halves off
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

/**
 * struct ck_rx - the receiving side of a lane; written by the poll alone, but for @mtu
 * @ring: the ring that this end consumes
 * @mtu: the most that the peer was told of since the lane was opened; written under the
 *	device's lock
 * @broken: the peer broke the rules, the ring is not read again
 * @bad_frames: malformed frames; halved by time, see BAD_FRAMES_MAX
 * @bad_since: when (jiffies) it was last halved
 * @last_used: when (jiffies) a packet was last taken
 * @packets: taken from @ring
 * @bytes: taken from @ring
 * @dropped: taken from @ring and dropped
 */
struct ck_rx {
	struct ck_ring ring;
	u32 mtu;
	bool broken;
	u16 bad_frames;
	unsigned long bad_since;
	unsigned long last_used;
	u64 packets;
	u64 bytes;
	u64 dropped;
};

/**
 * struct ck_lane - one end of a lane
 * @peer: at the other end; the channel holds a reference
 * @queue: serves this lane
 * @control: the control page, NULL until it was checked
 * @role: CK_OFFERER or CK_ACCEPTOR
 * @evtchn: the event channel
 * @control_pages: holds the control page; NULL until it is there
 * @ring_pages: holds the pages of both rings; NULL until they are there
 * @source: what the queue polls
 * @tx: the sending side
 * @rx: the receiving side
 * @peer_state: state of the other end, as the poll saw it last
 * @eoi_pending: an event came and the next is not let in yet
 * @worked: the poll did something since then
 */
struct ck_lane {
	struct ck_peer *peer;
	struct ck_queue *queue;
	struct ck_control *control;
	unsigned int role;
	struct ck_evtchn evtchn;
	struct ck_gntpages *control_pages;
	struct ck_gntpages *ring_pages;
	struct ck_source source;

	struct ck_tx tx ____cacheline_aligned_in_smp;

	struct ck_rx rx ____cacheline_aligned_in_smp;
	u32 peer_state;
	bool eoi_pending;
	bool worked;
};

/* Did the peer break the rules? */
static inline bool ck_lane_broken(const struct ck_lane *lane)
{
	return READ_ONCE(lane->rx.broken) || READ_ONCE(lane->tx.broken);
}

/* Do packets take the lower device until the peer has taken more? Not of a closed lane. */
static inline bool ck_lane_stalled(const struct ck_lane *lane)
{
	return READ_ONCE(lane->tx.stalled) &&
	       READ_ONCE(lane->tx.ring.shared->cons) != READ_ONCE(lane->tx.ring.prod);
}

/* What the other end says of itself: an enum ck_end_state. What is none counts as its end. */
static inline u32 ck_lane_peer_state(const struct ck_lane *lane)
{
	/* Pairs with the peer's lane_set_state(). */
	u32 state = virt_load_acquire(&lane->control->end[!lane->role].state);

	return min_t(u32, state, CK_END_CLOSED);
}

/* Add what went through a lane, which is in any state. */
static inline void ck_lane_add_stats(const struct ck_lane *lane, struct ck_traffic *sum)
{
	sum->tx_packets += READ_ONCE(lane->tx.packets);
	sum->tx_bytes += READ_ONCE(lane->tx.bytes);
	sum->rx_packets += READ_ONCE(lane->rx.packets);
	sum->rx_bytes += READ_ONCE(lane->rx.bytes);
	sum->rx_dropped += READ_ONCE(lane->rx.dropped);
}

void ck_tx_init(struct ck_lane *lane);
void ck_tx_xmit(struct ck_lane *lane, struct sk_buff *skb);
bool ck_tx_flush(struct ck_lane *lane);
bool ck_tx_goodbye(struct ck_lane *lane);
int ck_rx_poll(struct ck_lane *lane, int quota);

#endif /* CK_LANE_H */
