/* SPDX-License-Identifier: GPL-2.0 */
/* What the two ends of a channel share: the layout of its control pages. */
#ifndef CK_PROTOCOL_H
#define CK_PROTOCOL_H

#include <linux/types.h>

#include "ring.h"

#define CK_CONTROL_MAGIC	0x436b5031u
#define CK_PROTOCOL_VERSION	2

/* The side that granted the pages, and the side that maps them. */
#define CK_OFFERER	0
#define CK_ACCEPTOR	1

/**
 * enum ck_end_state - what an end of a lane says of itself
 * @CK_END_INIT: not there yet
 * @CK_END_OPEN: sends and receives
 * @CK_END_CLOSING: sends nothing more, still receives; the other end does the same
 * @CK_END_CLOSED: does not touch the shared pages any more
 */
enum ck_end_state {
	CK_END_INIT,
	CK_END_OPEN,
	CK_END_CLOSING,
	CK_END_CLOSED,
};

/**
 * struct ck_end - written by one end alone, in a cache line of its own
 * @state: an enum ck_end_state
 * @mtu: the longest IP packet without GSO that this end receives; it may change
 * @pad: zero
 */
struct ck_end {
	__u32 state;
	__u32 mtu;
	__u8 pad[56];
};

/**
 * struct ck_control - the control page of a lane
 * @magic: CK_CONTROL_MAGIC
 * @version: CK_PROTOCOL_VERSION
 * @from: instance of the offerer
 * @to: instance of the acceptor
 * @ring_size: bytes in each of the two rings
 * @next_ref: grant reference of the next lane's control page, 0 after the last lane
 * @next_port: the offerer's event channel port for that lane
 * @pad: zero
 * @end: CK_OFFERER's and CK_ACCEPTOR's
 * @ring: indices of the ring that the offerer, and that the acceptor, produces
 * @ref: grant references of the pages of the first ring, then of the second
 *
 * All but @end and @ring is written by the offerer before it makes the offer, which
 * names the first lane. The acceptor maps as many lanes as it likes, from the first one
 * on, and marks lane 0 open last. Once lane 0 is open, any lane still in CK_END_INIT
 * was declined.
 */
struct ck_control {
	__u32 magic;
	__u32 version;
	__u64 from;
	__u64 to;
	__u32 ring_size;
	__u32 next_ref;
	__u32 next_port;
	__u8 pad[28];
	struct ck_end end[2];
	struct ck_ring_shared ring[2];
	__u32 ref[];
};

#endif /* CK_PROTOCOL_H */
