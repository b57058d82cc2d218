// SPDX-License-Identifier: GPL-2.0
/* Memory that received packets are copied to. */

#include <linux/etherdevice.h>
#include <net/page_pool/helpers.h>

#include "ring.h"
#include "rxmem.h"

/* Free pages that each pool keeps: large ones as many as a ring fills several times. */
#define POOL_SIZE	64
#define PAGES_ORDER	3
#define PAGES_BYTES	(PAGE_SIZE << PAGES_ORDER)
/* A large page is taken for what fills it to this extent. */
#define PAGES_WORTH	(PAGES_BYTES * 3 / 4)
/* Room for an Ethernet header and what a forwarding stack puts before it. */
#define HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN + ALIGN(ETH_HLEN, 16))

/**
 * ck_rx_mem_init() - set up
 * @mem: zeroed; may sleep
 * Return: 0 or a negative errno; in any case ck_rx_mem_destroy() undoes it.
 */
int ck_rx_mem_init(struct ck_rx_mem *mem)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_PAGE_FRAG,
		.pool_size = POOL_SIZE,
		.nid = NUMA_NO_NODE,
	};

	mem->heads = page_pool_create(&params);
	if (IS_ERR(mem->heads))
		return PTR_ERR(mem->heads);
	params.flags = 0;
	params.order = PAGES_ORDER;
	mem->pages = page_pool_create(&params);
	return PTR_ERR_OR_ZERO(mem->pages);
}

/**
 * ck_rx_mem_destroy() - undo ck_rx_mem_init()
 * @mem: set up as far as it went; what packets still hold is freed with them
 */
void ck_rx_mem_destroy(struct ck_rx_mem *mem)
{
	if (mem->frag.page)
		put_page(mem->frag.page);
	if (!IS_ERR(mem->pages))
		page_pool_destroy(mem->pages);
	if (!IS_ERR(mem->heads))
		page_pool_destroy(mem->heads);
}

/* A packet with room for @len bytes of linear memory. NULL if there is none. */
static struct sk_buff *new_skb(struct ck_rx_mem *mem, u32 len)
{
	u32 size = SKB_HEAD_ALIGN(HEADROOM + len);
	struct sk_buff *skb;
	struct page *page;
	u32 off;

	page = page_pool_dev_alloc_frag(mem->heads, &off, size);
	if (unlikely(!page))
		return NULL;
	skb = napi_build_skb(page_address(page) + off, size);
	if (unlikely(!skb)) {
		page_pool_put_full_page(mem->heads, page, true);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, HEADROOM);
	return skb;
}

/* Read @len bytes at most to a page fragment; returns how many, 0 if there is no memory. */
static u32 read_frag(struct ck_rx_mem *mem, const struct ck_ring *ring, u32 pos, u32 len,
		     struct sk_buff *skb)
{
	struct page_frag *frag = &mem->frag;

	/* At least a page at a time, so the frags of a packet suffice. */
	if (!skb_page_frag_refill(min_t(u32, len, PAGE_SIZE), frag, GFP_ATOMIC | __GFP_NOWARN))
		return 0;
	len = min(len, frag->size - frag->offset);
	ck_ring_read(ring, pos, page_address(frag->page) + frag->offset, len);
	get_page(frag->page);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, frag->page, frag->offset, len, len);
	frag->offset += len;
	return len;
}

/**
 * ck_rx_mem_read() - copy bytes of a ring to a new packet
 * @mem: in a NAPI poll
 * @ring: the ring
 * @pos: index of the first byte
 * @len: how many, CK_FRAME_MAX at most
 * @head: how many of them go to linear memory
 * Return: the packet, the caller's, with room for an Ethernet header; NULL if there is no
 * memory.
 */
struct sk_buff *ck_rx_mem_read(struct ck_rx_mem *mem, const struct ck_ring *ring, u32 pos,
			       u32 len, u32 head)
{
	struct sk_buff *skb = new_skb(mem, head);
	struct page *page;
	u32 off, n;

	if (unlikely(!skb))
		return NULL;
	ck_ring_read(ring, pos, __skb_put(skb, head), head);
	for (off = head; off < len; off += n) {
		n = len - off;
		page = n < PAGES_WORTH ? NULL : page_pool_dev_alloc_pages(mem->pages);
		if (page) {
			n = min_t(u32, n, PAGES_BYTES);
			ck_ring_read(ring, pos + off, page_address(page), n);
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, n,
					PAGES_BYTES);
			continue;
		}
		n = read_frag(mem, ring, pos + off, n, skb);
		if (unlikely(!n)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
			return NULL;
		}
	}
	return skb;
}
