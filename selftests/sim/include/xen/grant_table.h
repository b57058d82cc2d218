/* SPDX-License-Identifier: GPL-2.0 */
/* A page of gnttab_alloc_pages() is an alias of the granted page while that is mapped to it.
 * So it has another address then, which is gone with the mapping: KASAN sees who uses it
 * later.
 */
#ifndef SIM_XEN_GRANT_TABLE_H
#define SIM_XEN_GRANT_TABLE_H

#include <linux/mm.h>
#include_next <xen/grant_table.h>

void *xen_sim_page_address(struct page *page);

#undef page_address
#define page_address(page) xen_sim_page_address(page)

#endif /* SIM_XEN_GRANT_TABLE_H */
