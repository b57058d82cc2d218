/* SPDX-License-Identifier: GPL-2.0 */
/* Both ends of one ring in one process, for the tests of the ring core. */
#ifndef CK_UNIT_AREA_H
#define CK_UNIT_AREA_H

#include <stdlib.h>
#include <string.h>

#include "ring.h"

/* Both ends in cache lines of their own, as in the driver. */
struct area {
	struct ck_ring_shared shared ____cacheline_aligned;
	struct ck_ring tx ____cacheline_aligned;
	struct ck_ring rx ____cacheline_aligned;
	void *page[CK_RING_MAX / CK_RING_PAGE];
	unsigned int nr;
};

static inline void *area_alloc(size_t align, size_t size)
{
	void *mem = aligned_alloc(align, size);

	if (!mem)
		abort();
	return memset(mem, 0, size);
}

/* Pages are allocated one by one, so that a sanitizer sees a step beyond any. */
static inline struct area *area_new(__u32 size)
{
	struct area *area = area_alloc(_Alignof(struct area), sizeof(*area));

	for (; area->nr < size / CK_RING_PAGE; area->nr++)
		area->page[area->nr] = area_alloc(CK_RING_PAGE, CK_RING_PAGE);
	ck_ring_init(&area->tx, &area->shared, area->page, size);
	ck_ring_init(&area->rx, &area->shared, area->page, size);
	return area;
}

static inline void area_free(struct area *area)
{
	while (area->nr)
		free(area->page[--area->nr]);
	free(area);
}

/* Make both ends start at an index near the wrap-around of 32 bits. */
static inline void area_start_at(struct area *area, __u32 pos)
{
	area->tx.prod = area->tx.cons = area->tx.published = pos;
	area->rx.prod = area->rx.cons = area->rx.published = pos;
	area->shared.prod = area->shared.cons = pos;
	area->shared.prod_event = area->shared.cons_event = pos;
}

static inline void area_write(struct ck_ring *tx, const struct ck_frame *frame,
			      const void *data)
{
	ck_ring_write(tx, ck_ring_frame(tx, frame), data, frame->len);
}

static inline void area_read(struct ck_ring *rx, __u32 len, void *data)
{
	ck_ring_read(rx, rx->cons + sizeof(struct ck_frame), data, len);
}

#endif /* CK_UNIT_AREA_H */
