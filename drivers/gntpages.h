/* SPDX-License-Identifier: GPL-2.0 */
/* Pages shared with another domain by grants. */
#ifndef CK_GNTPAGES_H
#define CK_GNTPAGES_H

#include <linux/types.h>

struct page;

/**
 * struct ck_gntpages - pages that two domains share
 * @domid: the other domain
 * @foreign: the pages are the other domain's and mapped here
 * @nr: number of pages, 0 if they are not set up
 * @page: the pages
 * @addr: their addresses
 * @ref: grant references if they are ours, else handles of the mappings
 */
struct ck_gntpages {
	u16 domid;
	bool foreign;
	unsigned int nr;
	struct page **page;
	void **addr;
	u32 *ref;
};

int ck_gntpages_grant(struct ck_gntpages *pages, u16 domid, unsigned int nr);
int ck_gntpages_map(struct ck_gntpages *pages, u16 domid, const u32 *ref, unsigned int nr);
unsigned int ck_gntpages_release(struct ck_gntpages *pages);

#endif /* CK_GNTPAGES_H */
