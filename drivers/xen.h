/* SPDX-License-Identifier: GPL-2.0 */
/* Pages shared with another domain, and the event channel to it. */
#ifndef CK_XEN_H
#define CK_XEN_H

#include <linux/interrupt.h>
#include <linux/types.h>

struct page;

/**
 * struct ck_area - pages that two domains share
 * @domid: the other domain
 * @foreign: the pages are the other domain's and mapped here
 * @nr: number of pages, 0 for an area that is not set up
 * @page: the pages
 * @addr: their addresses
 * @ref: grant references if they are ours, else handles of the mappings
 */
struct ck_area {
	u16 domid;
	bool foreign;
	unsigned int nr;
	struct page **page;
	void **addr;
	u32 *ref;
};

/**
 * struct ck_bell - an event channel to the other domain
 * @irq: its interrupt, 0 if it is not set up
 * @port: the port here
 */
struct ck_bell {
	int irq;
	u32 port;
};

int ck_area_grant(struct ck_area *area, u16 domid, unsigned int nr);
int ck_area_map(struct ck_area *area, u16 domid, const u32 *ref,
		unsigned int nr);
unsigned int ck_area_release(struct ck_area *area);

int ck_bell_alloc(struct ck_bell *bell, u16 domid, unsigned int cpu,
		  irq_handler_t handler, const char *name, void *arg);
int ck_bell_bind(struct ck_bell *bell, u16 domid, u32 remote_port,
		 unsigned int cpu, irq_handler_t handler, const char *name,
		 void *arg);
void ck_bell_ring(struct ck_bell *bell);
void ck_bell_done(struct ck_bell *bell, bool spurious);
bool ck_bell_connected(const struct ck_bell *bell);
void ck_bell_release(struct ck_bell *bell, void *arg);

#endif /* CK_XEN_H */
