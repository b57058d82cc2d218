// SPDX-License-Identifier: GPL-2.0
/* Single-producer single-consumer byte ring over pages shared with a peer. */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/prefetch.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include "ring.h"

/* Virtio's vring_need_event(), for indices that count bytes. */
static bool passes(__u32 event, __u32 old, __u32 new)
{
	return new - event - 1 < new - old;
}

/**
 * ck_ring_init() - set up one end's view of a ring
 * @ring: the view
 * @shared: zeroed indices in shared memory
 * @page: addresses of @size / CK_RING_PAGE pages; kept, not copied
 * @size: a power of two from CK_RING_MIN to CK_RING_MAX
 */
void ck_ring_init(struct ck_ring *ring, struct ck_ring_shared *shared,
		  void **page, __u32 size)
{
	unsigned int i;

	ring->shared = shared;
	ring->page = page;
	ring->size = size;
	ring->base = page[0];
	for (i = 1; i < size / CK_RING_PAGE; i++)
		if (page[i] != page[i - 1] + CK_RING_PAGE)
			ring->base = NULL;
	ring->prod = 0;
	ring->cons = 0;
	ring->published = 0;
}

/* Update the producer's view of how far the consumer is. */
static int refresh_cons(struct ck_ring *ring)
{
	__u32 cons;

	/* Pairs with ck_ring_release(): bytes up to here are no longer read. */
	cons = virt_load_acquire(&ring->shared->cons);

	if (cons - ring->cons > ring->prod - ring->cons)
		return -EPROTO;
	ring->cons = cons;
	return 0;
}

/**
 * ck_ring_reserve() - make sure that a frame fits
 * @ring: the ring, of which the caller is the only producer
 * @len: bytes of payload, at most CK_FRAME_MAX
 * Return: 0, -ENOSPC if the ring is too full now, or -EPROTO if the consumer's
 * index lies outside what was produced.
 */
int ck_ring_reserve(struct ck_ring *ring, __u32 len)
{
	__u32 room = ck_frame_room(len);
	int err;

	if (ring->size - (ring->prod - ring->cons) >= room)
		return 0;
	err = refresh_cons(ring);
	if (err)
		return err;
	return ring->size - (ring->prod - ring->cons) >= room ? 0 : -ENOSPC;
}

/**
 * ck_ring_frame() - start the frame that was reserved
 * @ring: the ring
 * @frame: its header
 *
 * The caller fills the payload by ck_ring_write() and then publishes.
 *
 * Return: the index of the first byte of payload.
 */
__u32 ck_ring_frame(struct ck_ring *ring, const struct ck_frame *frame)
{
	__u32 pos = ring->prod, n = sizeof(*frame);

	memcpy(ck_ring_span(ring, pos, &n), frame, sizeof(*frame));
	ring->prod += ck_frame_room(frame->len);
	return pos + sizeof(*frame);
}

/* Get the cache lines that the next frames will fill, a page ahead, from the
 * consumer's processor into this one: as many as @len, which was just filled.
 * Stores alone would get theirs almost one after the other, and the barrier in
 * ck_ring_publish() waits for the last. Frames of a page or more gain nothing.
 */
static void prefetch_ahead(const struct ck_ring *ring, __u32 len)
{
	__u32 pos, n, i;

	if (len >= CK_RING_PAGE)
		return;
	for (pos = ring->prod + CK_RING_PAGE - len; len; pos += n, len -= n) {
		__u8 *line;

		n = len;
		line = ck_ring_span(ring, pos, &n);
		for (i = 0; i < n; i += L1_CACHE_BYTES)
			prefetchw(line + i);
	}
}

/**
 * ck_ring_publish() - let the consumer see all frames written so far
 * @ring: the ring
 * Return: true if the consumer asked for an event.
 */
bool ck_ring_publish(struct ck_ring *ring)
{
	struct ck_ring_shared *shared = ring->shared;
	__u32 old = ring->published;

	ring->published = ring->prod;
	/* The frames come before the index. Pairs with ck_ring_peek(). */
	virt_store_release(&shared->prod, ring->prod);
	prefetch_ahead(ring, ring->prod - old);
	/* Pairs with ck_ring_wait_data() and ck_ring_enable_event(): either they
	 * see the new index, or we see the event that they ask for.
	 */
	virt_mb();
	return passes(READ_ONCE(shared->prod_event), old, ring->prod) &&
	       !READ_ONCE(shared->no_event);
}

/**
 * ck_ring_wait_space() - wait until a frame fits
 * @ring: the ring, in which ck_ring_reserve() found no space
 * @len: bytes of payload
 * @event: ask for an event then; else the caller polls with ck_ring_has_space()
 * Return: true if there is space (or the peer broke the rules) already, so that
 * the caller must try again instead of waiting.
 */
bool ck_ring_wait_space(struct ck_ring *ring, __u32 len, bool event)
{
	__u32 needed = ring->prod + ck_frame_room(len) - ring->size;

	WRITE_ONCE(ring->cons_needed, needed);
	/* Cons reaches @needed when it passes the byte before. */
	if (event)
		WRITE_ONCE(ring->shared->cons_event, needed - 1);
	/* Pairs with ck_ring_release(). */
	virt_mb();
	return ck_ring_reserve(ring, len) != -ENOSPC;
}

/**
 * ck_ring_drained() - has the consumer taken all that was produced?
 * @ring: the ring, seen by its producer
 * Return: true also if the consumer broke the rules: nothing is to be waited for.
 */
bool ck_ring_drained(struct ck_ring *ring)
{
	return refresh_cons(ring) || ring->cons == ring->prod;
}

/**
 * ck_ring_peek() - read the next frame's header
 * @ring: the ring, of which the caller is the only consumer
 * @frame: a private copy of the header; its length is checked only to lie
 *	within what was produced, the caller judges the rest
 *
 * The payload starts at ring->cons + sizeof(struct ck_frame).
 *
 * Return: 1 if there is a frame, 0 if the ring is empty, -EPROTO if the
 * producer broke the rules.
 */
int ck_ring_peek(struct ck_ring *ring, struct ck_frame *frame)
{
	__u32 n = sizeof(*frame);
	__u32 avail = ring->prod - ring->cons;

	if (!avail) {
		__u32 prod;

		/* Pairs with ck_ring_publish(). */
		prod = virt_load_acquire(&ring->shared->prod);
		/* The ring is empty, so any step forward within its size is in
		 * order; one backward is a huge step forward.
		 */
		avail = prod - ring->cons;
		if (!avail)
			return 0;
		if (avail > ring->size || avail % CK_FRAME_ALIGN)
			return -EPROTO;
		ring->prod = prod;
	}

	memcpy(frame, ck_ring_span(ring, ring->cons, &n), sizeof(*frame));
	/* From here on only the copy counts. */
	barrier();
	if (frame->len > avail - sizeof(*frame))
		return -EPROTO;
	return 1;
}

/**
 * ck_ring_release() - give the space of the frames consumed so far back
 * @ring: the ring
 * Return: true if the producer asked for an event.
 */
bool ck_ring_release(struct ck_ring *ring)
{
	struct ck_ring_shared *shared = ring->shared;
	__u32 old = ring->published;

	if (old == ring->cons)
		return 0;
	ring->published = ring->cons;
	/* Reading comes before the index. Pairs with refresh_cons(). */
	virt_store_release(&shared->cons, ring->cons);
	/* Pairs with ck_ring_wait_space(). */
	virt_mb();
	return passes(READ_ONCE(shared->cons_event), old, ring->cons);
}

/**
 * ck_ring_wait_data() - ask for an event at the next frame
 * @ring: the ring, which ck_ring_peek() found empty
 * Return: true if there is something already (also a broken index), so that the
 * caller must try again instead of waiting.
 */
bool ck_ring_wait_data(struct ck_ring *ring)
{
	WRITE_ONCE(ring->shared->prod_event, ring->cons);
	/* Pairs with ck_ring_publish(). */
	virt_mb();
	return READ_ONCE(ring->shared->prod) != ring->cons;
}

/**
 * ck_ring_enable_event() - undo ck_ring_disable_event()
 * @ring: the ring
 *
 * An event that was asked for, and that the producer kept back, does not come.
 *
 * Return: true if there is something that was not consumed.
 */
bool ck_ring_enable_event(struct ck_ring *ring)
{
	WRITE_ONCE(ring->shared->no_event, 0);
	/* Pairs with ck_ring_publish(). */
	virt_mb();
	return ck_ring_has_data(ring);
}
