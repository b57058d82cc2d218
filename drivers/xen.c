// SPDX-License-Identifier: GPL-2.0
/* Pages shared with another domain, and the event channel to it. */

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <xen/page.h>
#include <asm/xen/hypercall.h>

#include "xen.h"

static int area_alloc(struct ck_area *area, u16 domid, unsigned int nr)
{
	area->domid = domid;
	area->nr = 0;
	area->page = kvcalloc(nr, sizeof(*area->page), GFP_KERNEL);
	area->addr = kvcalloc(nr, sizeof(*area->addr), GFP_KERNEL);
	area->ref = kvcalloc(nr, sizeof(*area->ref), GFP_KERNEL);
	if (area->page && area->addr && area->ref)
		return 0;
	ck_area_release(area);
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
 * ck_area_grant() - allocate zeroed pages and grant them to a domain
 * @area: to be set up
 * @domid: who may map them, for reading and writing
 * @nr: number of pages
 *
 * The pages hold nothing else, so nothing else is exposed (XSA-403). Process
 * context; undone by ck_area_release().
 *
 * Return: 0, -ENOMEM, or -ENOSPC if the grant table is full.
 */
int ck_area_grant(struct ck_area *area, u16 domid, unsigned int nr)
{
	unsigned int got, n, i;
	struct page *page;
	int ref, err;

	err = area_alloc(area, domid, nr);
	if (err)
		return err;
	area->foreign = false;

	for (got = 0; got < nr; got += n) {
		n = nr - got;
		page = alloc_run(&n);
		if (!page) {
			err = -ENOMEM;
			break;
		}
		for (i = 0; i < n; i++)
			area->page[got + i] = page + i;
	}
	while (!err && area->nr < nr) {
		page = area->page[area->nr];
		ref = gnttab_grant_foreign_access(domid, xen_page_to_gfn(page), 0);
		if (ref < 0) {
			err = ref;
			break;
		}
		area->addr[area->nr] = page_address(page);
		area->ref[area->nr++] = ref;
	}
	if (err) {
		while (got > area->nr)
			__free_page(area->page[--got]);
		ck_area_release(area);
	}
	return err;
}

static void unmap_pages(struct ck_area *area, unsigned int nr_pages)
{
	struct gnttab_unmap_grant_ref *op;
	unsigned int i, nr = 0;
	/* Freeing must not depend on an allocation. */
	op = kvcalloc(area->nr, sizeof(*op), GFP_KERNEL | __GFP_NOFAIL);

	for (i = 0; i < area->nr; i++) {
		gnttab_set_unmap_op(&op[nr++], (unsigned long)area->addr[i],
				    GNTMAP_host_map, area->ref[i]);
	}
	if (nr && gnttab_unmap_refs(op, NULL, area->page, nr))
		pr_err("cokeeper: cannot unmap pages of domain %u\n", area->domid);
	kvfree(op);
	gnttab_free_pages(nr_pages, area->page);
}

static int cmp_page(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page **)a);
	unsigned long y = page_to_pfn(*(struct page **)b);

	return (x > y) - (x < y);
}

/**
 * ck_area_map() - map pages that another domain granted
 * @area: to be set up
 * @domid: the domain that granted them
 * @ref: its grant references; read once
 * @nr: number of pages
 *
 * All are mapped, or none. Process context; undone by ck_area_release().
 *
 * Return: 0, -ENOMEM, or -EINVAL if a reference is bad.
 */
int ck_area_map(struct ck_area *area, u16 domid, const u32 *ref,
		unsigned int nr)
{
	struct gnttab_map_grant_ref *op;
	unsigned int i, mapped = 0;
	struct page **page;
	int err;

	err = area_alloc(area, domid, nr);
	if (err)
		return err;
	area->foreign = true;

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
	 * stand come first in the area, so that all can be undone by it.
	 */
	for (i = 0; i < nr; i++) {
		if (op[i].status != GNTST_okay) {
			area->page[nr - 1 - (i - mapped)] = page[i];
			continue;
		}
		area->page[mapped] = page[i];
		area->addr[mapped] = page_address(page[i]);
		area->ref[mapped++] = op[i].handle;
	}
	area->nr = mapped;
	if (!err && mapped < nr)
		err = -EINVAL;
	if (err) {
		unmap_pages(area, nr);
		area->nr = 0;
	}
free:
	kvfree(page);
	kvfree(op);
	if (err)
		ck_area_release(area);
	return err;
}

/* A peer that has said goodbye unmaps within microseconds; an area is given this
 * many milliseconds before its pages are left to the grant table's own timer.
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
 * ck_area_release() - revoke or unmap the pages of an area
 * @area: set up, or zeroed, or left by a failure
 *
 * A page is reused only once its grant has ended (XSA-396); pages that the other
 * domain still maps are freed by the grant table when that ends.
 *
 * Return: the number of pages left to the grant table.
 */
unsigned int ck_area_release(struct ck_area *area)
{
	unsigned int i, wait = REVOKE_MS, kept = 0;

	if (area->foreign && area->nr) {
		unmap_pages(area, area->nr);
		area->nr = 0;
	}
	for (i = 0; i < area->nr; i++) {
		if (revoke(area->ref[i], &wait)) {
			__free_page(area->page[i]);
		} else {
			gnttab_end_foreign_access(area->ref[i], area->page[i]);
			kept++;
		}
	}
	kvfree(area->page);
	kvfree(area->addr);
	kvfree(area->ref);
	memset(area, 0, sizeof(*area));
	return kept;
}

static void close_port(u32 port)
{
	struct evtchn_close close = { .port = port };

	if (HYPERVISOR_event_channel_op(EVTCHNOP_close, &close))
		pr_err("cokeeper: cannot close event channel %u\n", port);
}

static int bind_irq(struct ck_bell *bell, unsigned int cpu,
		    irq_handler_t handler, const char *name, void *arg)
{
	int irq = bind_evtchn_to_irqhandler_lateeoi(bell->port, handler, 0,
						    name, arg);

	if (irq < 0) {
		close_port(bell->port);
		return irq;
	}
	bell->irq = irq;
	/* Only better, not needed. */
	irq_set_affinity(irq, cpumask_of(cpu));
	return 0;
}

/**
 * ck_bell_alloc() - make an event channel for a domain to bind to
 * @bell: to be set up; @bell->port is what that domain needs to know
 * @domid: that domain
 * @cpu: processor to handle the events
 * @handler: called in hard interrupt context; its event stays masked until
 *	ck_bell_done()
 * @name: of the interrupt, kept
 * @arg: for @handler
 *
 * Return: 0 or a negative errno.
 */
int ck_bell_alloc(struct ck_bell *bell, u16 domid, unsigned int cpu,
		  irq_handler_t handler, const char *name, void *arg)
{
	struct evtchn_alloc_unbound alloc = {
		.dom = DOMID_SELF,
		.remote_dom = domid,
	};
	int err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

	if (err)
		return err;
	bell->port = alloc.port;
	return bind_irq(bell, cpu, handler, name, arg);
}

/**
 * ck_bell_bind() - bind to an event channel that another domain made for us
 * @bell: to be set up
 * @domid: that domain
 * @remote_port: the port there
 * @cpu: as for ck_bell_alloc()
 * @handler: as for ck_bell_alloc()
 * @name: as for ck_bell_alloc()
 * @arg: as for ck_bell_alloc()
 *
 * Return: 0 or a negative errno.
 */
int ck_bell_bind(struct ck_bell *bell, u16 domid, u32 remote_port,
		 unsigned int cpu, irq_handler_t handler, const char *name,
		 void *arg)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = domid,
		.remote_port = remote_port,
	};
	int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

	if (err)
		return err;
	bell->port = bind.local_port;
	return bind_irq(bell, cpu, handler, name, arg);
}

/**
 * ck_bell_ring() - send the other domain an event
 * @bell: set up; any context
 */
void ck_bell_ring(struct ck_bell *bell)
{
	notify_remote_via_irq(bell->irq);
}

/**
 * ck_bell_done() - the event that the handler was called for has been served
 * @bell: set up; any context
 * @spurious: there was nothing to do (XSA-332)
 */
void ck_bell_done(struct ck_bell *bell, bool spurious)
{
	xen_irq_lateeoi(bell->irq, spurious ? XEN_EOI_FLAG_SPURIOUS : 0);
}

/**
 * ck_bell_connected() - is the other domain's end still there?
 * @bell: set up
 *
 * No event tells when it goes.
 */
bool ck_bell_connected(const struct ck_bell *bell)
{
	struct evtchn_status status = {
		.dom = DOMID_SELF,
		.port = bell->port,
	};

	return !HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) &&
	       status.status == EVTCHNSTAT_interdomain;
}

/**
 * ck_bell_release() - close the event channel
 * @bell: set up or zeroed
 * @arg: as given to the handler, which is not called any more after this
 *
 * Process context, no lock of the interrupt path held (XSA-441).
 */
void ck_bell_release(struct ck_bell *bell, void *arg)
{
	if (bell->irq)
		unbind_from_irqhandler(bell->irq, arg);
	bell->irq = 0;
}
