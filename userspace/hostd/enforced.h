/* SPDX-License-Identifier: GPL-2.0 */
/* What dom0 enforces on an interface, and rings would pass by. */
#ifndef CK_ENFORCED_H
#define CK_ENFORCED_H

#include <stdbool.h>
#include <stdint.h>

/* The order decides which one is named first as a reason. */
enum enforced {
	ENFORCED_SCRIPT_ROUTE,
	ENFORCED_SCRIPT_NAT,
	ENFORCED_OPENVSWITCH,
	ENFORCED_SCRIPT_CUSTOM,
	ENFORCED_LOCKING_MODE,
	ENFORCED_RATE_LIMITED,
	ENFORCED_ISOLATED,
	ENFORCED_PORT_LOCKED,
	ENFORCED_TC_FILTER,
	ENFORCED_TC_QDISC,
	ENFORCED_XDP,
	ENFORCED_NETDEV_FILTER,
	ENFORCED_BRIDGE_FILTER,
	ENFORCED_COUNT,
};

/* Sets of these are words with a bit for each. */
#define ENFORCED_BIT(e)	(1u << (e))
/* There is no bridge, so an interface needs a named group. */
#define ENFORCED_ROUTED	(ENFORCED_BIT(ENFORCED_SCRIPT_ROUTE) | ENFORCED_BIT(ENFORCED_SCRIPT_NAT))

const char *enforced_name(enum enforced e);
bool enforced_parse(const char *text, enum enforced *e);
const char *enforced_first(uint32_t set);

#endif /* CK_ENFORCED_H */
