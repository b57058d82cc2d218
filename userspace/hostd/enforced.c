// SPDX-License-Identifier: GPL-2.0
/* What dom0 enforces on an interface, and rings would pass by: its names. */
#include "enforced.h"

#include <string.h>

static const char *const names[ENFORCED_COUNT] = {
	[ENFORCED_SCRIPT_ROUTE] = "script-route",
	[ENFORCED_SCRIPT_NAT] = "script-nat",
	[ENFORCED_OPENVSWITCH] = "openvswitch",
	[ENFORCED_SCRIPT_CUSTOM] = "script-custom",
	[ENFORCED_LOCKING_MODE] = "locking-mode",
	[ENFORCED_RATE_LIMITED] = "rate-limited",
	[ENFORCED_ISOLATED] = "isolated",
	[ENFORCED_PORT_LOCKED] = "port-locked",
	[ENFORCED_TC_FILTER] = "tc-filter",
	[ENFORCED_TC_QDISC] = "tc-qdisc",
	[ENFORCED_XDP] = "xdp",
	[ENFORCED_NETDEV_FILTER] = "netdev-filter",
	[ENFORCED_BRIDGE_FILTER] = "bridge-filter",
};

const char *enforced_name(enum enforced e)
{
	return names[e];
}

/**
 * enforced_parse() - find what a word of the configuration names
 * @text: the word
 * @e: result, set only on success
 *
 * Return: whether it names something that dom0 enforces.
 */
bool enforced_parse(const char *text, enum enforced *e)
{
	unsigned int i;

	for (i = 0; i < ENFORCED_COUNT && strcmp(text, names[i]); i++)
		;
	if (i == ENFORCED_COUNT)
		return false;
	*e = i;
	return true;
}

/* Return: the name of the first one in a set, or NULL if there is none. */
const char *enforced_first(uint32_t set)
{
	return set ? names[__builtin_ctz(set)] : NULL;
}
