/* SPDX-License-Identifier: GPL-2.0 */
/* Pages shared with another domain by grants. */
#ifndef CK_GNTPAGES_H
#define CK_GNTPAGES_H

#include <linux/types.h>

struct ck_account;
struct page;

/**
 * struct ck_gntpages - pages that two domains share
 * @account: the other domain's
 * @foreign: the pages are the other domain's and mapped here
 * @nr: number of pages
 * @page: the pages
 * @addr: their addresses
 * @ref: grant references if they are ours, else handles of the mappings
 * @late: in the list of those that the other domain has not unmapped yet (gntpages.c)
 */
struct ck_gntpages {
	struct ck_account *account;
	bool foreign;
	unsigned int nr;
	struct page **page;
	void **addr;
	u32 *ref;
	struct list_head late;
};

struct ck_gntpages *ck_gntpages_grant(struct ck_account *account, unsigned int nr);
struct ck_gntpages *ck_gntpages_map(struct ck_account *account, const u32 *ref, unsigned int nr);
void ck_gntpages_release(struct ck_gntpages *pages);
void ck_gntpages_exit(void);

#endif /* CK_GNTPAGES_H */
