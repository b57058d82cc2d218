// SPDX-License-Identifier: GPL-2.0
/* What the module calls of Xen, within one kernel: all domains are here, so grant references
 * and ports are numbered once for all of them, and say whose they are.
 * What is held, limits and faults are in debugfs/xen_sim (xen_sim.h).
 */

#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/preempt.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "xen_sim.h"

#define GRANTS_MAX	32768u
#define MAPS_MAX	65536u
#define PORTS_MAX	1024u
/* An interrupt has its port's number, and this beyond. */
#define IRQ_BASE	100000u
/* As Xen's driver: how often it looks whether a page that was in use is free. */
#define DEFERRED_TIME	HZ

/* A page of one domain that another one may map. */
struct grant {
	struct page *page;
	u16 domid;
	u16 maps;
	bool deferred;
};

/* A mapping; @keep: the peer's kernel unmapped it, but Xen was never asked to. */
struct map {
	struct grant *grant;
	bool keep;
};

struct port {
	u8 status;
	u16 remote_domid;
	u16 remote_port;
	bool pending;
	bool masked;
	irq_handler_t handler;
	void *arg;
};

static struct grant *grants;
static struct map *maps;
static struct port ports[PORTS_MAX];
/* Numbers are not used again soon, so that one that is used too late is found out. */
static u32 last_grant, last_map, last_port;
static DEFINE_SPINLOCK(lock);

struct xen_sim xen_sim = {
	.grants_max = GRANTS_MAX,
	.maps_max = MAPS_MAX,
	.ports_max = PORTS_MAX,
	.irqs_max = PORTS_MAX,
};
EXPORT_SYMBOL_GPL(xen_sim);

static struct dentry *dir;

u8 xen_features[XENFEAT_NR_SUBMAPS * 32];
EXPORT_SYMBOL_GPL(xen_features);

bool xen_sim_domain(void)
{
	return !xen_sim.native;
}
EXPORT_SYMBOL_GPL(xen_sim_domain);

/* The next number that is not 0 and not in use; 0 if there is none. */
static u32 next_free(u32 *last, u32 max, bool (*used)(u32 nr))
{
	u32 n;

	for (n = 1; n < max; n++) {
		if (++*last >= max)
			*last = 1;
		if (!used(*last))
			return *last;
	}
	return 0;
}

static bool grant_used(u32 ref)
{
	return grants[ref].page;
}

static bool map_used(u32 handle)
{
	return maps[handle].grant;
}

static bool port_used(u32 port)
{
	return ports[port].status != EVTCHNSTAT_closed;
}

unsigned int gnttab_max_grant_frames(void)
{
	return GRANTS_MAX / (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));
}
EXPORT_SYMBOL_GPL(gnttab_max_grant_frames);

int gnttab_grant_foreign_access(domid_t domid, unsigned long frame, int readonly)
{
	unsigned long flags;
	u32 ref = 0;

	spin_lock_irqsave(&lock, flags);
	if (xen_sim.grants < xen_sim.grants_max)
		ref = next_free(&last_grant, GRANTS_MAX, grant_used);
	if (ref) {
		grants[ref] = (struct grant){ .page = pfn_to_page(frame), .domid = domid };
		xen_sim.grants++;
	}
	spin_unlock_irqrestore(&lock, flags);
	return ref ?: -ENOSPC;
}
EXPORT_SYMBOL_GPL(gnttab_grant_foreign_access);

int gnttab_try_end_foreign_access(grant_ref_t ref)
{
	unsigned long flags;
	bool ended;

	spin_lock_irqsave(&lock, flags);
	if (WARN_ON(!ref || ref >= GRANTS_MAX || !grants[ref].page)) {
		spin_unlock_irqrestore(&lock, flags);
		return 1;
	}
	ended = !grants[ref].maps;
	if (ended) {
		grants[ref].page = NULL;
		xen_sim.grants--;
	}
	spin_unlock_irqrestore(&lock, flags);
	return ended;
}
EXPORT_SYMBOL_GPL(gnttab_try_end_foreign_access);

static void end_deferred(struct work_struct *work);
static DECLARE_DELAYED_WORK(deferred_work, end_deferred);

static void end_deferred(struct work_struct *work)
{
	u32 ref;

	for (ref = 1; ref < GRANTS_MAX; ref++) {
		struct page *page = grants[ref].page;

		if (!page || !grants[ref].deferred || !gnttab_try_end_foreign_access(ref))
			continue;
		xen_sim.deferred--;
		put_page(page);
	}
	if (xen_sim.deferred)
		schedule_delayed_work(&deferred_work, DEFERRED_TIME);
}

void gnttab_end_foreign_access(grant_ref_t ref, struct page *page)
{
	if (gnttab_try_end_foreign_access(ref)) {
		if (page)
			put_page(page);
		return;
	}
	if (!page)
		get_page(grants[ref].page);
	grants[ref].deferred = true;
	xen_sim.deferred++;
	schedule_delayed_work(&deferred_work, DEFERRED_TIME);
}
EXPORT_SYMBOL_GPL(gnttab_end_foreign_access);

void gnttab_free_pages(int nr, struct page **page)
{
	while (nr--) {
		WARN_ON(PagePrivate(page[nr]));
		__free_page(page[nr]);
		xen_sim.pages--;
	}
}
EXPORT_SYMBOL_GPL(gnttab_free_pages);

int gnttab_alloc_pages(int nr, struct page **page)
{
	int i;

	for (i = 0; i < nr; i++) {
		page[i] = alloc_page(GFP_KERNEL);
		if (!page[i]) {
			gnttab_free_pages(i, page);
			return -ENOMEM;
		}
		xen_sim.pages++;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gnttab_alloc_pages);

void *xen_sim_page_address(struct page *page)
{
	return PagePrivate(page) ? (void *)page_private(page) : lowmem_page_address(page);
}
EXPORT_SYMBOL_GPL(xen_sim_page_address);

/* Of domains, a reference tells only to whom the page was granted: not to its owner. */
static int map_ref(struct gnttab_map_grant_ref *op)
{
	struct grant *grant = &grants[op->ref];

	if (xen_sim.map_fail_nth && !--xen_sim.map_fail_nth)
		return GNTST_general_error;
	if (!op->ref || op->ref >= GRANTS_MAX || !grant->page)
		return GNTST_bad_gntref;
	if (grant->domid == op->dom)
		return GNTST_bad_domain;
	if (xen_sim.maps + xen_sim.kept >= xen_sim.maps_max)
		return GNTST_no_space;
	op->handle = next_free(&last_map, MAPS_MAX, map_used);
	if (!op->handle)
		return GNTST_no_space;
	maps[op->handle].grant = grant;
	grant->maps++;
	xen_sim.maps++;
	return GNTST_okay;
}

static void unmap(u32 handle)
{
	maps[handle].grant->maps--;
	maps[handle] = (struct map){ };
}

int gnttab_map_refs(struct gnttab_map_grant_ref *op, struct gnttab_map_grant_ref *kmap_op,
		    struct page **page, unsigned int nr)
{
	unsigned long flags;
	unsigned int i;
	void *alias;

	for (i = 0; i < nr; i++) {
		WARN_ON(op[i].flags != GNTMAP_host_map);
		spin_lock_irqsave(&lock, flags);
		op[i].status = map_ref(&op[i]);
		spin_unlock_irqrestore(&lock, flags);
		if (op[i].status != GNTST_okay)
			continue;
		alias = vmap(&maps[op[i].handle].grant->page, 1, VM_MAP, PAGE_KERNEL);
		if (!alias) {
			spin_lock_irqsave(&lock, flags);
			unmap(op[i].handle);
			xen_sim.maps--;
			spin_unlock_irqrestore(&lock, flags);
			op[i].status = GNTST_no_space;
			continue;
		}
		set_page_private(page[i], (unsigned long)alias);
		SetPagePrivate(page[i]);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gnttab_map_refs);

int gnttab_unmap_refs(struct gnttab_unmap_grant_ref *op, struct gnttab_unmap_grant_ref *kunmap_op,
		      struct page **page, unsigned int nr)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u32 handle = op[i].handle;

		if (WARN_ON(!PagePrivate(page[i]) || handle >= MAPS_MAX ||
			    !maps[handle].grant || maps[handle].keep)) {
			op[i].status = GNTST_bad_handle;
			continue;
		}
		op[i].status = GNTST_okay;
		vunmap((void *)page_private(page[i]));
		ClearPagePrivate(page[i]);
		set_page_private(page[i], 0);
		spin_lock_irqsave(&lock, flags);
		xen_sim.maps--;
		if (xen_sim.keep_mapped) {
			maps[handle].keep = true;
			xen_sim.kept++;
		} else {
			unmap(handle);
		}
		spin_unlock_irqrestore(&lock, flags);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gnttab_unmap_refs);

/* Deliver an event as an interrupt: its handler runs now, or with the end of the last one. */
static void deliver(u32 nr)
{
	struct port *port = &ports[nr];
	unsigned long flags;

	local_irq_save(flags);
	if (port->handler && port->pending && !port->masked) {
		port->pending = false;
		port->masked = true;
		xen_sim.events++;
		__irq_enter_raw();
		port->handler(IRQ_BASE + nr, port->arg);
		__irq_exit_raw();
	}
	local_irq_restore(flags);
	/* Softirqs that it raised. */
	if (!irqs_disabled()) {
		local_bh_disable();
		local_bh_enable();
	}
}

static void send(u32 nr)
{
	struct port *port = &ports[nr];

	if (port->status != EVTCHNSTAT_interdomain)
		return;
	if (xen_sim.lose_events) {
		xen_sim.lose_events--;
		return;
	}
	ports[port->remote_port].pending = true;
	deliver(port->remote_port);
}

void notify_remote_via_irq(int irq)
{
	if (!WARN_ON(irq < IRQ_BASE || irq >= IRQ_BASE + PORTS_MAX))
		send(irq - IRQ_BASE);
}
EXPORT_SYMBOL_GPL(notify_remote_via_irq);

static int alloc_port(u16 remote_domid, u8 status)
{
	u32 port = 0;

	if (xen_sim.ports < xen_sim.ports_max)
		port = next_free(&last_port, PORTS_MAX, port_used);
	if (!port)
		return -ENOSPC;
	ports[port] = (struct port){ .status = status, .remote_domid = remote_domid };
	xen_sim.ports++;
	return port;
}

static int alloc_unbound(struct evtchn_alloc_unbound *op)
{
	int port = alloc_port(op->remote_dom, EVTCHNSTAT_unbound);

	if (port < 0)
		return port;
	op->port = port;
	return 0;
}

static int bind_interdomain(struct evtchn_bind_interdomain *op)
{
	struct port *remote;
	int port;

	if (op->remote_port >= PORTS_MAX)
		return -EINVAL;
	remote = &ports[op->remote_port];
	if (remote->status != EVTCHNSTAT_unbound || remote->remote_domid == op->remote_dom)
		return -EINVAL;
	port = alloc_port(op->remote_dom, EVTCHNSTAT_interdomain);
	if (port < 0)
		return port;
	ports[port].remote_port = op->remote_port;
	remote->status = EVTCHNSTAT_interdomain;
	remote->remote_port = port;
	/* As in Xen, whatever was sent before. */
	ports[port].pending = true;
	op->local_port = port;
	return 0;
}

static int close_port(u32 port)
{
	if (WARN_ON(!port || port >= PORTS_MAX || !port_used(port)))
		return -EINVAL;
	if (ports[port].status == EVTCHNSTAT_interdomain)
		ports[ports[port].remote_port].status = EVTCHNSTAT_unbound;
	ports[port] = (struct port){ };
	xen_sim.ports--;
	return 0;
}

static int port_status(struct evtchn_status *op)
{
	if (op->dom != DOMID_SELF || op->port >= PORTS_MAX)
		return -EINVAL;
	op->status = ports[op->port].status;
	return 0;
}

int HYPERVISOR_event_channel_op(int cmd, void *arg)
{
	unsigned long flags;
	int ret = -EOPNOTSUPP;

	spin_lock_irqsave(&lock, flags);
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		ret = alloc_unbound(arg);
		break;
	case EVTCHNOP_bind_interdomain:
		ret = bind_interdomain(arg);
		break;
	case EVTCHNOP_close:
		ret = close_port(((struct evtchn_close *)arg)->port);
		break;
	case EVTCHNOP_status:
		ret = port_status(arg);
		break;
	}
	spin_unlock_irqrestore(&lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(HYPERVISOR_event_channel_op);

int bind_evtchn_to_irq_lateeoi(evtchn_port_t port)
{
	if (WARN_ON(!port_used(port)) || xen_sim.irqs >= xen_sim.irqs_max)
		return -ENOSPC;
	xen_sim.irqs++;
	return IRQ_BASE + port;
}
EXPORT_SYMBOL_GPL(bind_evtchn_to_irq_lateeoi);

int xen_sim_request_irq(unsigned int irq, irq_handler_t handler, void *arg)
{
	struct port *port = &ports[irq - IRQ_BASE];

	port->arg = arg;
	port->handler = handler;
	deliver(irq - IRQ_BASE);
	return 0;
}
EXPORT_SYMBOL_GPL(xen_sim_request_irq);

/* Closes the port as well. */
void evtchn_put(evtchn_port_t port)
{
	struct evtchn_close close = { .port = port };

	xen_sim.irqs--;
	HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
}
EXPORT_SYMBOL_GPL(evtchn_put);

void unbind_from_irqhandler(unsigned int irq, void *arg)
{
	WARN_ON(ports[irq - IRQ_BASE].arg != arg);
	evtchn_put(irq - IRQ_BASE);
}
EXPORT_SYMBOL_GPL(unbind_from_irqhandler);

void xen_irq_lateeoi(unsigned int irq, unsigned int flags)
{
	if (flags & XEN_EOI_FLAG_SPURIOUS)
		xen_sim.spurious++;
	WARN_ON(!ports[irq - IRQ_BASE].masked);
	ports[irq - IRQ_BASE].masked = false;
	deliver(irq - IRQ_BASE);
}
EXPORT_SYMBOL_GPL(xen_irq_lateeoi);

int xenbus_rm(struct xenbus_transaction t, const char *dir, const char *node)
{
	if (xen_sim.xenbus_error)
		return -(int)xen_sim.xenbus_error;
	xen_sim.removed++;
	return 0;
}
EXPORT_SYMBOL_GPL(xenbus_rm);

/* Writing "freeze", "thaw", "restore" or "shutdown" does to the driver's platform device what
 * Xen's suspend and a shutdown do.
 */
static ssize_t suspend_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	const struct dev_pm_ops *pm;
	char what[16] = "";
	struct device *dev;
	int ret;

	if (len >= sizeof(what) || copy_from_user(what, data, len))
		return -EINVAL;
	dev = bus_find_device_by_name(&platform_bus_type, NULL, "cokeeper");
	if (!dev)
		return -ENODEV;
	pm = dev->driver->pm;
	if (sysfs_streq(what, "freeze")) {
		ret = pm->freeze(dev);
	} else if (sysfs_streq(what, "thaw")) {
		ret = pm->thaw(dev);
	} else if (sysfs_streq(what, "restore")) {
		ret = pm->restore(dev);
	} else if (sysfs_streq(what, "shutdown")) {
		to_platform_driver(dev->driver)->shutdown(to_platform_device(dev));
		ret = 0;
	} else {
		ret = -EINVAL;
	}
	put_device(dev);
	return ret ?: len;
}

static const struct file_operations suspend_fops = {
	.owner	= THIS_MODULE,
	.write	= suspend_write,
};

/* The peers give back what they kept. */
static ssize_t unmap_kept_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	unsigned long flags;
	u32 handle;

	spin_lock_irqsave(&lock, flags);
	for (handle = 1; handle < MAPS_MAX; handle++)
		if (maps[handle].keep) {
			unmap(handle);
			xen_sim.kept--;
		}
	spin_unlock_irqrestore(&lock, flags);
	return len;
}

static const struct file_operations unmap_kept_fops = {
	.owner	= THIS_MODULE,
	.write	= unmap_kept_write,
};

static const struct {
	const char *name;
	u32 *value;
} files[] = {
	{ "grants", &xen_sim.grants },
	{ "maps", &xen_sim.maps },
	{ "kept", &xen_sim.kept },
	{ "deferred", &xen_sim.deferred },
	{ "pages", &xen_sim.pages },
	{ "ports", &xen_sim.ports },
	{ "irqs", &xen_sim.irqs },
	{ "events", &xen_sim.events },
	{ "spurious", &xen_sim.spurious },
	{ "removed", &xen_sim.removed },
	{ "grants_max", &xen_sim.grants_max },
	{ "maps_max", &xen_sim.maps_max },
	{ "ports_max", &xen_sim.ports_max },
	{ "irqs_max", &xen_sim.irqs_max },
	{ "map_fail_nth", &xen_sim.map_fail_nth },
	{ "lose_events", &xen_sim.lose_events },
	{ "xenbus_error", &xen_sim.xenbus_error },
	{ "keep_mapped", &xen_sim.keep_mapped },
	{ "native", &xen_sim.native },
};

static int __init xen_sim_init(void)
{
	unsigned int i;

	grants = vzalloc(array_size(GRANTS_MAX, sizeof(*grants)));
	maps = vzalloc(array_size(MAPS_MAX, sizeof(*maps)));
	if (!grants || !maps) {
		vfree(grants);
		vfree(maps);
		return -ENOMEM;
	}
	dir = debugfs_create_dir("xen_sim", NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_u32(files[i].name, 0600, dir, files[i].value);
	debugfs_create_file("suspend", 0200, dir, NULL, &suspend_fops);
	debugfs_create_file("unmap_kept", 0200, dir, NULL, &unmap_kept_fops);
	return 0;
}

static void __exit xen_sim_exit(void)
{
	debugfs_remove(dir);
	cancel_delayed_work_sync(&deferred_work);
	vfree(grants);
	vfree(maps);
}

module_init(xen_sim_init);
module_exit(xen_sim_exit);

MODULE_DESCRIPTION("Stand-ins for what the cokeeper module calls of Xen");
MODULE_LICENSE("GPL");
