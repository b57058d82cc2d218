/* SPDX-License-Identifier: GPL-2.0 */
/* The receiving side of a lane. */
#ifndef CK_RX_H
#define CK_RX_H

#include "evtchn.h"
#include "peer.h"
#include "queue.h"
#include "ring.h"

/**
 * struct ck_rx - the receiving side of a lane; written by the poll alone, but for @mtu
 * @peer: at the other end
 * @queue: polls this lane
 * @evtchn: tells the peer of space
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
	struct ck_peer *peer;
	struct ck_queue *queue;
	struct ck_evtchn *evtchn;
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

int ck_rx_poll(struct ck_rx *rx, int quota);

#endif /* CK_RX_H */
