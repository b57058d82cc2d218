/* SPDX-License-Identifier: GPL-2.0 */
/* What the stand-ins for Xen count, and what they can be told. */
#ifndef XEN_SIM_H
#define XEN_SIM_H

#include <linux/types.h>

/**
 * struct xen_sim - each field is a file in debugfs/xen_sim
 * @grants: that have not ended
 * @maps: of granted pages
 * @kept: pages that peers keep mapped, see @keep_mapped
 * @deferred: grants that were in use when they were to end
 * @pages: that others are mapped to
 * @ports: event channels
 * @irqs: bound to event channels
 * @events: that were delivered
 * @spurious: events for nothing, as their receivers said
 * @removed: nodes removed from XenStore
 * @grants_max: most grants
 * @maps_max: most mappings, what is kept included
 * @ports_max: most event channels
 * @irqs_max: most interrupts
 * @map_fail_nth: this mapping from now on fails; 0: none does
 * @lose_events: so many events get lost from now on
 * @xenbus_error: what XenStore answers, as a positive errno
 * @keep_mapped: whoever unmaps a page keeps its grant in use, until debugfs/xen_sim/unmap_kept
 *	is written to
 * @native: there is no Xen
 */
struct xen_sim {
	u32 grants;
	u32 maps;
	u32 kept;
	u32 deferred;
	u32 pages;
	u32 ports;
	u32 irqs;
	u32 events;
	u32 spurious;
	u32 removed;
	u32 grants_max;
	u32 maps_max;
	u32 ports_max;
	u32 irqs_max;
	u32 map_fail_nth;
	u32 lose_events;
	u32 xenbus_error;
	u32 keep_mapped;
	u32 native;
};

extern struct xen_sim xen_sim;

#endif /* XEN_SIM_H */
