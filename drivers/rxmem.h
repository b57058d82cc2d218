/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that received packets are copied to. */
#ifndef CK_RXMEM_H
#define CK_RXMEM_H

#include <linux/skbuff.h>

struct ck_ring;
struct page_pool;

/**
 * struct ck_rx_mem - recycles the memory of received packets: a zeroed page costs as much
 *	as a copy, a recycled one nothing. Used by one poll at a time
 * @heads: for linear parts
 * @pages: large pages, for what large packets have beyond
 * @frag: for the rest of them
 */
struct ck_rx_mem {
	struct page_pool *heads;
	struct page_pool *pages;
	struct page_frag frag;
};

int ck_rx_mem_init(struct ck_rx_mem *mem);
void ck_rx_mem_destroy(struct ck_rx_mem *mem);
struct sk_buff *ck_rx_mem_read(struct ck_rx_mem *mem, const struct ck_ring *ring, u32 pos,
			       u32 len, u32 head);

#endif /* CK_RXMEM_H */
