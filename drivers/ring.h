/* SPDX-License-Identifier: GPL-2.0 */
/* Single-producer single-consumer byte ring over pages shared with a peer.
 *
 * Plain C: compiles in the kernel and, over selftests/unit/include, in user
 * space. The other end may be hostile: what it writes is read once, checked,
 * and never read back (XSA-155).
 */
#ifndef CK_RING_H
#define CK_RING_H

#include <linux/types.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/string.h>

#define CK_RING_PAGE		4096u
/* Frames start at multiples of this, so no frame header straddles a page. */
#define CK_FRAME_ALIGN		16u
/* Longest payload of a frame: a whole GSO packet. */
#define CK_FRAME_MAX		65536u
#define CK_RING_MIN		(2 * CK_FRAME_MAX)
#define CK_RING_MAX		0x100000u

/**
 * struct ck_ring_shared - indices of one ring, in shared memory
 * @prod: bytes ever written to the ring; written by the producer alone
 * @cons_event: the producer wants an event once @cons passes this
 * @pad0: zero
 * @cons: bytes ever taken from the ring; written by the consumer alone
 * @prod_event: the consumer wants an event once @prod passes this
 * @no_event: not 0 while the consumer polls and wants no event
 * @pad1: zero
 *
 * Each side writes one cache line of its own. All count modulo 2^32.
 */
struct ck_ring_shared {
	__u32 prod;
	__u32 cons_event;
	__u8 pad0[56];
	__u32 cons;
	__u32 prod_event;
	__u32 no_event;
	__u8 pad1[52];
};

/**
 * struct ck_frame - header before the payload of each frame in a ring
 * @len: bytes of payload, without the header and the padding to CK_FRAME_ALIGN
 * @vnet_hdr: opaque to the ring; a struct virtio_net_hdr and two zero bytes
 */
struct ck_frame {
	__u32 len;
	__u8 vnet_hdr[12];
};

/**
 * struct ck_ring - one end's private view of a ring
 * @shared: the indices
 * @page: addresses of the ring's pages
 * @base: address of the first page if the others follow it in memory, else NULL
 * @size: bytes in the ring, a power of two
 * @prod: the producer's own index, or the last value that the consumer accepted
 * @cons: the consumer's own index, or the last value that the producer accepted
 * @published: the own index as the other end sees it
 * @cons_needed: where the consumer's index is once the frame fits that waits for space
 */
struct ck_ring {
	struct ck_ring_shared *shared;
	void **page;
	void *base;
	__u32 size;
	__u32 prod;
	__u32 cons;
	__u32 published;
	__u32 cons_needed;
};

void ck_ring_init(struct ck_ring *ring, struct ck_ring_shared *shared,
		  void **page, __u32 size);

static inline __u32 ck_frame_room(__u32 len)
{
	return (sizeof(struct ck_frame) + len + CK_FRAME_ALIGN - 1) &
	       ~(CK_FRAME_ALIGN - 1);
}

/**
 * ck_ring_span() - the contiguous piece of a ring at an index
 * @ring: the ring
 * @pos: index of its first byte
 * @len: in: bytes wanted; out: bytes up to the first page that does not follow the
 *	one before in memory, at most
 * Return: the address of that piece.
 */
static inline void *ck_ring_span(const struct ck_ring *ring, __u32 pos,
				 __u32 *len)
{
	__u32 off = pos & (ring->size - 1);
	__u32 n = ring->size - off;
	__u8 *start = ring->base;
	void **page;

	if (start) {
		start += off;
	} else {
		n = CK_RING_PAGE - (off & (CK_RING_PAGE - 1));
		page = &ring->page[off / CK_RING_PAGE];
		start = (__u8 *)*page + CK_RING_PAGE - n;
		while (n < *len && off + n < ring->size && *++page == start + n)
			n += CK_RING_PAGE;
	}
	if (*len > n)
		*len = n;
	return start;
}

/**
 * ck_ring_write() - copy bytes into a ring
 * @ring: the ring
 * @pos: index of the first byte
 * @from: the bytes
 * @len: how many, not more than there was reserved from @pos on
 * Return: the index after them.
 */
static inline __u32 ck_ring_write(const struct ck_ring *ring, __u32 pos,
				  const void *from, __u32 len)
{
	__u32 n;

	for (; len; len -= n, pos += n, from += n) {
		void *to;

		n = len;
		to = ck_ring_span(ring, pos, &n);
		memcpy(to, from, n);
	}
	return pos;
}

/**
 * ck_ring_read() - copy bytes out of a ring
 * @ring: the ring
 * @pos: index of the first byte
 * @to: where to
 * @len: how many, not more than the frame has from @pos on
 */
static inline void ck_ring_read(const struct ck_ring *ring, __u32 pos, void *to,
				__u32 len)
{
	__u32 n;

	for (; len; len -= n, pos += n, to += n) {
		void *from;

		n = len;
		from = ck_ring_span(ring, pos, &n);
		memcpy(to, from, n);
	}
}

/* Beside the producer: did the consumer take what a frame waits for, or break the rules? */
static inline bool ck_ring_has_space(const struct ck_ring *ring)
{
	return (__s32)(READ_ONCE(ring->shared->cons) - READ_ONCE(ring->cons_needed)) >= 0;
}

/* Beside the consumer: is there something that was not consumed (also a broken index)? */
static inline bool ck_ring_has_data(const struct ck_ring *ring)
{
	return READ_ONCE(ring->shared->prod) != READ_ONCE(ring->cons);
}

/* Step over a frame whose header, with this length, ck_ring_peek() copied. */
static inline void ck_ring_consume(struct ck_ring *ring, __u32 len)
{
	ring->cons += ck_frame_room(len);
}

/* Tell the producer that the consumer polls with ck_ring_has_data() and needs no event. */
static inline void ck_ring_disable_event(struct ck_ring *ring)
{
	WRITE_ONCE(ring->shared->no_event, 1);
}

int ck_ring_reserve(struct ck_ring *ring, __u32 len);
__u32 ck_ring_frame(struct ck_ring *ring, const struct ck_frame *frame);
bool ck_ring_publish(struct ck_ring *ring);
bool ck_ring_wait_space(struct ck_ring *ring, __u32 len, bool event);
bool ck_ring_drained(struct ck_ring *ring);

int ck_ring_peek(struct ck_ring *ring, struct ck_frame *frame);
bool ck_ring_release(struct ck_ring *ring);
bool ck_ring_wait_data(struct ck_ring *ring);
bool ck_ring_enable_event(struct ck_ring *ring);

#endif /* CK_RING_H */
