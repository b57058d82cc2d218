// SPDX-License-Identifier: GPL-2.0
/* Pages shared with another domain by grants. */

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "gntpages.h"

static int gntpages_alloc(struct ck_gntpages *pages, u16 domid, unsigned int nr)
{
	pages->domid = domid;
	pages->nr = 0;
	pages->page = kvcalloc(nr, sizeof(*pages->page), GFP_KERNEL);
	pages->addr = kvcalloc(nr, sizeof(*pages->addr), GFP_KERNEL);
	pages->ref = kvcalloc(nr, sizeof(*pages->ref), GFP_KERNEL);
	if (pages->page && pages->addr && pages->ref)
		return 0;
	ck_gntpages_release(pages);
	return -ENOMEM;
}

/* Allocate zeroed pages that follow each other in memory, to be freed one by one: as
 * many of @nr as there are in one piece, which is 1 at least. NULL if there is none.
 */
static struct page *alloc_run(unsigned int *nr)
{
	const gfp_t gfp = __GFP_ZERO | __GFP_NOWARN;
	unsigned int order = ilog2(*nr);
	struct page *page;

	/* What is there, without making it: single pages serve as well. */
	for (; order; order--) {
		page = alloc_pages(GFP_NOWAIT | gfp, order);
		if (page) {
			split_page(page, order);
			break;
		}
	}
	*nr = 1 << order;
	return order ? page : alloc_page(GFP_KERNEL | gfp);
}

/**
 * ck_gntpages_grant() - allocate zeroed pages and grant them to a domain
 * @pages: to be set up
 * @domid: who may map them, for reading and writing
 * @nr: number of pages
 *
 * The pages hold nothing else, so nothing else is exposed (XSA-403). Process
 * context; undone by ck_gntpages_release().
 *
 * Return: 0, -ENOMEM, or -ENOSPC if the grant table is full.
 */
int ck_gntpages_grant(struct ck_gntpages *pages, u16 domid, unsigned int nr)
{
	unsigned int got, n, i;
	struct page *page;
	int ref, err;

	err = gntpages_alloc(pages, domid, nr);
	if (err)
		return err;
	pages->foreign = false;

	for (got = 0; got < nr; got += n) {
		n = nr - got;
		page = alloc_run(&n);
		if (!page) {
			err = -ENOMEM;
			break;
		}
		for (i = 0; i < n; i++)
			pages->page[got + i] = page + i;
	}
	while (!err && pages->nr < nr) {
		page = pages->page[pages->nr];
		ref = gnttab_grant_foreign_access(domid, xen_page_to_gfn(page), 0);
		if (ref < 0) {
			err = ref;
			break;
		}
		pages->addr[pages->nr] = page_address(page);
		pages->ref[pages->nr++] = ref;
	}
	if (err) {
		while (got > pages->nr)
			__free_page(pages->page[--got]);
		ck_gntpages_release(pages);
	}
	return err;
}

static void unmap_pages(struct ck_gntpages *pages, unsigned int nr_pages)
{
	struct gnttab_unmap_grant_ref *op;
	unsigned int i;

	/* Freeing must not depend on an allocation. */
	op = kvcalloc(pages->nr, sizeof(*op), GFP_KERNEL | __GFP_NOFAIL);

	for (i = 0; i < pages->nr; i++)
		gnttab_set_unmap_op(&op[i], (unsigned long)pages->addr[i],
				    GNTMAP_host_map, pages->ref[i]);
	if (pages->nr && gnttab_unmap_refs(op, NULL, pages->page, pages->nr))
		pr_err("cokeeper: cannot unmap pages of domain %u\n", pages->domid);
	kvfree(op);
	gnttab_free_pages(nr_pages, pages->page);
}

static int cmp_page(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page **)a);
	unsigned long y = page_to_pfn(*(struct page **)b);

	return (x > y) - (x < y);
}

/**
 * ck_gntpages_map() - map pages that another domain granted
 * @pages: to be set up
 * @domid: the domain that granted them
 * @ref: its grant references; read once
 * @nr: number of pages
 *
 * All are mapped, or none. Process context; undone by ck_gntpages_release().
 *
 * Return: 0, -ENOMEM, -ENOSPC if there is no room for mappings, or -EINVAL if a reference
 * is bad.
 */
int ck_gntpages_map(struct ck_gntpages *pages, u16 domid, const u32 *ref, unsigned int nr)
{
	struct gnttab_map_grant_ref *op;
	unsigned int i, mapped = 0;
	struct page **page;
	bool full = false;
	int err;

	err = gntpages_alloc(pages, domid, nr);
	if (err)
		return err;
	pages->foreign = true;

	err = -ENOMEM;
	op = kvcalloc(nr, sizeof(*op), GFP_KERNEL);
	page = kvcalloc(nr, sizeof(*page), GFP_KERNEL);
	if (!op || !page)
		goto free;
	err = gnttab_alloc_pages(nr, page);
	if (err)
		goto free;
	sort(page, nr, sizeof(*page), cmp_page, NULL);

	for (i = 0; i < nr; i++)
		gnttab_set_map_op(&op[i], (unsigned long)page_address(page[i]),
				  GNTMAP_host_map, READ_ONCE(ref[i]), domid);
	err = gnttab_map_refs(op, NULL, page, nr);

	/* Success of the call says nothing of the single mappings. Those that
	 * stand come first, so that all can be undone by it.
	 */
	for (i = 0; i < nr; i++) {
		if (op[i].status != GNTST_okay) {
			full |= op[i].status == GNTST_no_space;
			pages->page[nr - 1 - (i - mapped)] = page[i];
			continue;
		}
		pages->page[mapped] = page[i];
		pages->addr[mapped] = page_address(page[i]);
		pages->ref[mapped++] = op[i].handle;
	}
	pages->nr = mapped;
	if (!err && mapped < nr)
		err = full ? -ENOSPC : -EINVAL;
	if (err) {
		unmap_pages(pages, nr);
		pages->nr = 0;
	}
free:
	kvfree(page);
	kvfree(op);
	if (err)
		ck_gntpages_release(pages);
	return err;
}

/* A peer that has said goodbye unmaps within microseconds; the pages are given this
 * many milliseconds before they are left to the grant table's own timer.
 */
#define REVOKE_MS	10

static bool revoke(u32 ref, unsigned int *wait)
{
	while (!gnttab_try_end_foreign_access(ref)) {
		if (!*wait)
			return false;
		--*wait;
		usleep_range(1000, 2000);
	}
	return true;
}

/**
 * ck_gntpages_release() - revoke or unmap the pages
 * @pages: set up, or zeroed, or left by a failure
 *
 * A page is reused only once its grant has ended (XSA-396); pages that the other
 * domain still maps are freed by the grant table when that ends.
 *
 * Return: the number of pages left to the grant table.
 */
unsigned int ck_gntpages_release(struct ck_gntpages *pages)
{
	unsigned int i, wait = REVOKE_MS, kept = 0;

	if (pages->foreign && pages->nr) {
		unmap_pages(pages, pages->nr);
		pages->nr = 0;
	}
	for (i = 0; i < pages->nr; i++) {
		if (revoke(pages->ref[i], &wait)) {
			__free_page(pages->page[i]);
		} else {
			gnttab_end_foreign_access(pages->ref[i], pages->page[i]);
			kept++;
		}
	}
	kvfree(pages->page);
	kvfree(pages->addr);
	kvfree(pages->ref);
	memset(pages, 0, sizeof(*pages));
	return kept;
}
