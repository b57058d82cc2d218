// SPDX-License-Identifier: GPL-2.0
/* Modes: what a peer writes to the control page and the rings of an open channel. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include "hostile.h"

/* More than any victim bears. */
#define MANY	100

/* Writes a frame at @pos; returns the position after it. */
static uint32_t frame(struct lane *lane, uint32_t pos, uint32_t len,
		      const struct virtio_net_hdr *hdr, unsigned char version)
{
	struct ck_frame *f = (struct ck_frame *)(lane->rings + pos % RING_SIZE);

	memset(f, 0, sizeof(*f));
	f->len = len;
	if (hdr)
		memcpy(f->vnet_hdr, hdr, sizeof(*hdr));
	((unsigned char *)(f + 1))[0] = version << 4 | 5;
	return pos + ck_frame_room(len);
}

static void repeat_frames(struct lane *lane, unsigned int n, uint32_t len,
			  const struct virtio_net_hdr *hdr, unsigned char version)
{
	uint32_t pos = 0;

	while (n--)
		pos = frame(lane, pos, len, hdr, version);
	lane_produce(lane, pos);
}

static void prod_beyond(struct lane *lane)
{
	lane_produce(lane, 0x7ffffff0);
}

static void prod_backwards(struct lane *lane)
{
	uint32_t pos = frame(lane, 0, 64, NULL, 4);

	lane_produce(lane, pos);
	/* The victim has seen it once it has taken it. */
	lane->tx.prod = pos;
	lane_drained(lane, SETTLE_MS);
	lane_produce(lane, -16);
}

static void prod_unaligned(struct lane *lane)
{
	lane_produce(lane, frame(lane, 0, 64, NULL, 4) + 4);
}

/* The victim looks where its ring ends only once it seems full. */
static void bad_cons(struct lane *lane, uint32_t cons)
{
	__atomic_store_n(&lane->rx.shared->cons, cons, __ATOMIC_RELEASE);
	peer_elicit(false, 2 * RING_SIZE / 1400, 1400);
}

static void cons_ahead(struct lane *lane)
{
	bad_cons(lane, 0x40000000);
}

static void cons_backwards(struct lane *lane)
{
	bad_cons(lane, -16);
}

static void length_zero(struct lane *lane)
{
	repeat_frames(lane, MANY, 0, NULL, 4);
}

static void length_short(struct lane *lane)
{
	repeat_frames(lane, MANY, 19, NULL, 4);
}

static void length_wrap(struct lane *lane)
{
	uint32_t pos = frame(lane, 0, 64, NULL, 4);

	((struct ck_frame *)lane->rings)->len = 0xfffffff0;
	lane_produce(lane, pos);
}

static void length_mtu(struct lane *lane)
{
	repeat_frames(lane, 70, MTU + 100, NULL, 4);
}

/* One of a length that even a GSO packet never has. */
static void length_max(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1000,
	};
	uint32_t pos = 0, i;

	for (i = 0; i < MANY && lane_victim_state(lane) == CK_END_OPEN; i++) {
		pos = frame(lane, pos, CK_FRAME_MAX + 16, &hdr, 4);
		lane_produce(lane, pos);
		lane->tx.prod = pos;
		lane_drained(lane, SETTLE_MS);
	}
}

static void not_ip(struct lane *lane)
{
	repeat_frames(lane, MANY, 100, NULL, 9);
}

/* The length of the first frame of a window changes while the victim looks at it; either is
 * right, and what follows in the window fits to both.
 */
#define FLIP_SHORT	112u
#define FLIP_LONG	60016u
#define FLIP_WINDOW	65536u
static_assert(CK_RING_MIN == 2 * FLIP_WINDOW, "two windows fill a ring");
static uint32_t *volatile flips;

static void *flip(void *arg)
{
	uint32_t *len, value = FLIP_LONG;

	/* Each of them for as long as the other. */
	for (; (len = flips); value ^= FLIP_LONG ^ FLIP_SHORT)
		__atomic_store_n(len, value, __ATOMIC_RELAXED);
	return arg;
}

static void length_flips(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1000,
	};
	uint64_t end = now_ms() + duration_ms;
	uint32_t pos, start = 0;
	pthread_t thread;

	flips = (uint32_t *)lane->rings;
	if (pthread_create(&thread, NULL, flip, NULL))
		die("thread");
	while (now_ms() < end && !ended && lane_victim_state(lane) == CK_END_OPEN) {
		for (pos = start; pos < start + FLIP_WINDOW;)
			pos = frame(lane, pos, FLIP_SHORT, &hdr, 4);
		flips = (uint32_t *)(lane->rings + start % RING_SIZE);
		lane_produce(lane, pos);
		lane->tx.prod = pos;
		if (!lane_drained(lane, SETTLE_MS))
			break;
		start = pos;
	}
	flips = NULL;
	pthread_join(thread, NULL);
}

static void states(struct lane *lane)
{
	lane->control->end[CK_OFFERER].state = 77;
	lane_notify(lane);
}

/* What counted once does not count again. */
static void rewrite(struct lane *lane)
{
	struct ck_control *control = lane->control;

	control->magic = 0;
	control->version = 77;
	control->from = 1;
	control->to = 1;
	control->ring_size = 0x7fffffff;
	control->next_ref = 1;
	control->next_port = 1;
	memset(control->ref, 0xff, 2 * RING_PAGES * sizeof(control->ref[0]));
	lane_notify(lane);
}

static void mtus(struct lane *lane)
{
	static const uint32_t mtu[] = { 0, 1, 19, 20, 68, 1499, 65535, 0x7fffffff, -1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mtu); i++) {
		lane->control->end[CK_OFFERER].mtu = mtu[i];
		lane_notify(lane);
		peer_elicit(false, 5, 1400);
	}
}

/* All pages of the rings are the control page. */
static void alias(struct offer *offer)
{
	unsigned int i;

	for (i = 0; i < 2 * RING_PAGES; i++)
		offer->lane->control->ref[i] = offer->lane->ref;
}

/* So whatever the victim sends is written there. */
static void send_into_control(struct lane *lane)
{
	(void)lane;
	peer_elicit(false, 5, 1000);
}

static void storm(struct lane *lane)
{
	uint64_t end = now_ms() + duration_ms;

	while (now_ms() < end && !ended)
		lane_notify(lane);
}

/**
 * ring_modes - the victim ends the channel, or bears it
 */
const struct mode ring_modes[] = {
	{ .name = "prod-beyond", .act = prod_beyond },
	{ .name = "prod-backwards", .act = prod_backwards },
	{ .name = "prod-unaligned", .act = prod_unaligned },
	{ .name = "cons-ahead", .act = cons_ahead },
	{ .name = "cons-backwards", .act = cons_backwards },
	{ .name = "length-zero", .act = length_zero },
	{ .name = "length-short", .act = length_short },
	{ .name = "length-wrap", .act = length_wrap },
	{ .name = "length-mtu", .act = length_mtu },
	{ .name = "length-max", .act = length_max },
	{ .name = "length-flips", .act = length_flips },
	{ .name = "not-ip", .act = not_ip },
	{ .name = "states", .act = states },
	{ .name = "rewrite", .act = rewrite },
	{ .name = "mtus", .act = mtus },
	{ .name = "alias", .spoil = alias, .act = send_into_control },
	{ .name = "storm", .act = storm },
	{ }
};
