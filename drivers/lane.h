/* SPDX-License-Identifier: GPL-2.0 */
/* A lane of a channel: a pair of rings and an event channel.
 *
 * ethtool calls a device's queues channels; here a channel is to a peer, and what each
 * queue serves of it is a lane.
 */
#ifndef CK_LANE_H
#define CK_LANE_H

#include <linux/wait.h>

#include "evtchn.h"
#include "gntpages.h"
#include "rx.h"
#include "tx.h"

/* Bytes in each ring of a channel that we offer, unless the link says otherwise. */
#define CK_RING_SIZE	0x40000u

/**
 * struct ck_lane - one end of a lane
 * @peer: at the other end; the channel holds a reference
 * @queue: serves this lane
 * @role: CK_OFFERER or CK_ACCEPTOR
 * @control: the control page, NULL until it was checked
 * @control_pages: holds the control page
 * @ring_pages: holds the pages of both rings
 * @evtchn: the event channel
 * @source: what the queue polls
 * @tx: the sending side
 * @rx: the receiving side
 *
 * @peer_state: state of the other end, as the poll saw it last
 * @eoi_pending: an event came and the next is not let in yet
 * @worked: the poll did something since then
 * @progress: wakes who waits for @rx to be empty and for the peer's goodbye
 */
struct ck_lane {
	struct ck_peer *peer;
	struct ck_queue *queue;
	unsigned int role;
	struct ck_control *control;
	struct ck_gntpages control_pages;
	struct ck_gntpages ring_pages;
	struct ck_evtchn evtchn;
	struct ck_source source;

	struct ck_tx tx ____cacheline_aligned_in_smp;

	struct ck_rx rx ____cacheline_aligned_in_smp;
	u32 peer_state;
	bool eoi_pending;
	bool worked;
	wait_queue_head_t progress;
};

void ck_lane_init(struct ck_lane *lane, struct ck_peer *peer,
		  struct ck_queue *queue, unsigned int role);
int ck_lane_offer(struct ck_lane *lane);
int ck_lane_accept(struct ck_lane *lane, u32 gref, u32 port);
void ck_lane_open(struct ck_lane *lane);
u32 ck_lane_peer_state(const struct ck_lane *lane);
bool ck_lane_broken(const struct ck_lane *lane);
bool ck_lane_stalled(const struct ck_lane *lane);
void ck_lane_set_mtu(struct ck_lane *lane, u32 mtu);
void ck_lane_goodbye(struct ck_lane *lane);
long ck_lane_drain(struct ck_lane *lane, long time);
unsigned int ck_lane_close(struct ck_lane *lane);
unsigned long ck_lane_last_used(const struct ck_lane *lane);
void ck_lane_add_stats(const struct ck_lane *lane, struct ck_traffic *sum);

#endif /* CK_LANE_H */
