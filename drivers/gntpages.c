// SPDX-License-Identifier: GPL-2.0
/* Pages shared with another domain by grants. */

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "account.h"
#include "gntpages.h"

/* Pages that the other domain still maps, and how long (jiffies) until they are tried again. */
static LIST_HEAD(late);
static unsigned long late_wait;
/* Protects both. */
static DEFINE_MUTEX(late_lock);

/* While there are such pages they are tried again, ever less often up to this. */
#define LATE_WAIT_MAX	HZ

static void gntpages_free(struct ck_gntpages *pages)
{
	kvfree(pages->page);
	kvfree(pages->addr);
	kvfree(pages->ref);
	kfree(pages);
}

/* Room for @nr pages, which are charged to the account, and none yet. */
static struct ck_gntpages *gntpages_alloc(struct ck_account *account, unsigned int nr,
					  bool foreign)
{
	struct ck_gntpages *pages = kzalloc(sizeof(*pages), GFP_KERNEL);
	int err = -ENOMEM;

	if (!pages)
		return ERR_PTR(-ENOMEM);
	pages->account = account;
	pages->foreign = foreign;
	pages->page = kvcalloc(nr, sizeof(*pages->page), GFP_KERNEL);
	pages->addr = kvcalloc(nr, sizeof(*pages->addr), GFP_KERNEL);
	pages->ref = kvcalloc(nr, sizeof(*pages->ref), GFP_KERNEL);
	if (pages->page && pages->addr && pages->ref)
		err = ck_account_charge(account, foreign ? CK_MAPPED : CK_GRANTS, nr);
	if (!err)
		return pages;
	gntpages_free(pages);
	return ERR_PTR(err);
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

/* Give the pages back that the other domain does not map any more; the others come first
 * from here on. A page is reused only once its grant has ended (XSA-396).
 */
static void revoke(struct ck_gntpages *pages)
{
	unsigned int i, left = 0;

	for (i = 0; i < pages->nr; i++) {
		if (gnttab_try_end_foreign_access(pages->ref[i])) {
			__free_page(pages->page[i]);
			continue;
		}
		pages->page[left] = pages->page[i];
		pages->ref[left++] = pages->ref[i];
	}
	ck_account_uncharge(pages->account, CK_GRANTS, pages->nr - left);
	pages->nr = left;
}

static void ck_gntpages_late_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(late_work, ck_gntpages_late_work);

static void ck_gntpages_late_work(struct work_struct *work)
{
	struct ck_gntpages *pages, *next;
	unsigned int nr;

	mutex_lock(&late_lock);
	list_for_each_entry_safe(pages, next, &late, late) {
		nr = pages->nr;
		revoke(pages);
		ck_account_uncharge(pages->account, CK_LATE, nr - pages->nr);
		if (pages->nr)
			continue;
		list_del(&pages->late);
		gntpages_free(pages);
	}
	if (!list_empty(&late)) {
		late_wait = min(2 * late_wait, (unsigned long)LATE_WAIT_MAX);
		schedule_delayed_work(&late_work, late_wait);
	}
	mutex_unlock(&late_lock);
}

static void keep_late(struct ck_gntpages *pages)
{
	ck_account_late(pages->account, pages->nr);
	mutex_lock(&late_lock);
	list_add_tail(&pages->late, &late);
	/* A peer that has said goodbye unmaps within microseconds. */
	late_wait = 1;
	mod_delayed_work(system_wq, &late_work, late_wait);
	mutex_unlock(&late_lock);
}

/* Allocate and grant all pages, or as many as can be had. */
static int grant_pages(struct ck_gntpages *pages, unsigned int nr)
{
	unsigned int got, n, i;
	struct page *page;
	int ref, err = 0;

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
		ref = gnttab_grant_foreign_access(ck_account_domid(pages->account),
						  xen_page_to_gfn(page), 0);
		if (ref < 0) {
			err = ref;
			break;
		}
		pages->addr[pages->nr] = page_address(page);
		pages->ref[pages->nr++] = ref;
	}
	if (err)
		while (got > pages->nr)
			__free_page(pages->page[--got]);
	return err;
}

/**
 * ck_gntpages_grant() - allocate zeroed pages and grant them to a domain
 * @account: of the domain that may map them, for reading and writing
 * @nr: number of pages
 *
 * The pages hold nothing else, so nothing else is exposed (XSA-403). Process
 * context; undone by ck_gntpages_release().
 *
 * Return: the pages, or an ERR_PTR(): -ENOMEM, -ENOSPC if the grant table is full, or what
 * ck_account_charge() says.
 */
struct ck_gntpages *ck_gntpages_grant(struct ck_account *account, unsigned int nr)
{
	struct ck_gntpages *pages = gntpages_alloc(account, nr, false);
	int err;

	if (IS_ERR(pages))
		return pages;
	err = grant_pages(pages, nr);
	if (!err)
		return pages;
	ck_account_uncharge(account, CK_GRANTS, nr - pages->nr);
	ck_gntpages_release(pages);
	return ERR_PTR(err);
}

/* Unmap those that are mapped, and free all, of which there are more. */
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
		pr_err("cokeeper: cannot unmap pages of domain %u\n",
		       ck_account_domid(pages->account));
	kvfree(op);
	gnttab_free_pages(nr_pages, pages->page);
	ck_account_uncharge(pages->account, CK_MAPPED, nr_pages);
	gntpages_free(pages);
}

static int cmp_page(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page **)a);
	unsigned long y = page_to_pfn(*(struct page **)b);

	return (x > y) - (x < y);
}

/* Map all pages, or as many as can be, of which there are as many as are charged. */
static int map_pages(struct ck_gntpages *pages, struct gnttab_map_grant_ref *op,
		     struct page **page, const u32 *ref, unsigned int nr)
{
	u16 domid = ck_account_domid(pages->account);
	bool full = false;
	unsigned int i;
	int err;

	sort(page, nr, sizeof(*page), cmp_page, NULL);
	for (i = 0; i < nr; i++) {
		gnttab_set_map_op(&op[i], (unsigned long)page_address(page[i]),
				  GNTMAP_host_map, READ_ONCE(ref[i]), domid);
		/* Unless the call says otherwise; it may fail as a whole. */
		op[i].status = GNTST_general_error;
	}
	err = gnttab_map_refs(op, NULL, page, nr);

	/* Success of the call says nothing of the single mappings. Those that
	 * stand come first, so that all can be undone by it.
	 */
	for (i = 0; i < nr; i++) {
		if (op[i].status != GNTST_okay) {
			full |= op[i].status == GNTST_no_space;
			pages->page[nr - 1 - (i - pages->nr)] = page[i];
			continue;
		}
		pages->page[pages->nr] = page[i];
		pages->addr[pages->nr] = page_address(page[i]);
		pages->ref[pages->nr++] = op[i].handle;
	}
	if (!err && pages->nr < nr)
		err = full ? -ENOSPC : -EINVAL;
	return err;
}

/**
 * ck_gntpages_map() - map pages that another domain granted
 * @account: of the domain that granted them
 * @ref: its grant references; read once
 * @nr: number of pages
 *
 * All are mapped, or none. Process context; undone by ck_gntpages_release().
 *
 * Return: the pages, or an ERR_PTR(): -ENOMEM, -ENOSPC if there is no room for mappings,
 * -EINVAL if a reference is bad, or what ck_account_charge() says.
 */
struct ck_gntpages *ck_gntpages_map(struct ck_account *account, const u32 *ref, unsigned int nr)
{
	struct ck_gntpages *pages = gntpages_alloc(account, nr, true);
	struct gnttab_map_grant_ref *op;
	struct page **page;
	int err = -ENOMEM;

	if (IS_ERR(pages))
		return pages;
	op = kvcalloc(nr, sizeof(*op), GFP_KERNEL);
	page = kvcalloc(nr, sizeof(*page), GFP_KERNEL);
	if (op && page)
		err = gnttab_alloc_pages(nr, page);
	if (!err) {
		err = map_pages(pages, op, page, ref, nr);
		if (err)
			unmap_pages(pages, nr);
	} else {
		ck_account_uncharge(account, CK_MAPPED, nr);
		gntpages_free(pages);
	}
	kvfree(page);
	kvfree(op);
	return err ? ERR_PTR(err) : pages;
}

/**
 * ck_gntpages_release() - revoke or unmap the pages
 * @pages: set up, or NULL; may sleep, but does not wait for the other domain
 *
 * What the other domain still maps stays charged to it, and is freed once it does not.
 */
void ck_gntpages_release(struct ck_gntpages *pages)
{
	if (!pages)
		return;
	if (pages->foreign) {
		unmap_pages(pages, pages->nr);
		return;
	}
	revoke(pages);
	if (pages->nr)
		keep_late(pages);
	else
		gntpages_free(pages);
}

/**
 * ck_gntpages_exit() - leave pages that another domain still maps to the grant table
 *
 * It frees each of them once that ends.
 */
void ck_gntpages_exit(void)
{
	struct ck_gntpages *pages, *next;
	unsigned int i;

	cancel_delayed_work_sync(&late_work);
	list_for_each_entry_safe(pages, next, &late, late) {
		for (i = 0; i < pages->nr; i++)
			gnttab_end_foreign_access(pages->ref[i], pages->page[i]);
		ck_account_uncharge(pages->account, CK_LATE, pages->nr);
		ck_account_uncharge(pages->account, CK_GRANTS, pages->nr);
		list_del(&pages->late);
		gntpages_free(pages);
	}
}
