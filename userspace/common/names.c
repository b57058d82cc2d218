// SPDX-License-Identifier: GPL-2.0
/* Names of the netlink family's enumerations, as in its specification.
 * selftests/userspace/check-spec compares them.
 */
#include "names.h"

#include <stddef.h>

#include "cokeeper.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const state_names[] = {
	[COKEEPER_STATE_IDLE] = "idle",
	[COKEEPER_STATE_OFFERED] = "offered",
	[COKEEPER_STATE_CONNECTED] = "connected",
	[COKEEPER_STATE_BACKOFF] = "backoff",
};

static const char *const reason_names[] = {
	[COKEEPER_REASON_NONE] = "none",
	[COKEEPER_REASON_NO_TRAFFIC] = "no-traffic",
	[COKEEPER_REASON_CONNECTING] = "connecting",
	[COKEEPER_REASON_NO_HELPER] = "no-helper",
	[COKEEPER_REASON_OFFER_TIMEOUT] = "offer-timeout",
	[COKEEPER_REASON_NO_RESOURCES] = "no-resources",
	[COKEEPER_REASON_BAD_OFFER] = "bad-offer",
	[COKEEPER_REASON_VERSION] = "version",
	[COKEEPER_REASON_PROTOCOL_ERROR] = "protocol-error",
	[COKEEPER_REASON_PEER_CLOSED] = "peer-closed",
	[COKEEPER_REASON_PEER_LEFT] = "peer-left",
	[COKEEPER_REASON_STALLED] = "stalled",
	[COKEEPER_REASON_LINK_DOWN] = "link-down",
};

static const char *const event_names[] = {
	[COKEEPER_EVENT_JOIN] = "join",
	[COKEEPER_EVENT_LEAVE] = "leave",
	[COKEEPER_EVENT_CONNECT] = "connect",
	[COKEEPER_EVENT_DISCONNECT] = "disconnect",
	[COKEEPER_EVENT_QUARANTINE] = "quarantine",
	[COKEEPER_EVENT_DEVICE] = "device",
};

static const char *name(const char *const *names, size_t n, uint32_t i)
{
	return i < n ? names[i] : "unknown";
}

const char *ck_state_name(uint32_t state)
{
	return name(state_names, ARRAY_SIZE(state_names), state);
}

const char *ck_reason_name(uint32_t reason)
{
	return name(reason_names, ARRAY_SIZE(reason_names), reason);
}

const char *ck_event_name(uint32_t event)
{
	return name(event_names, ARRAY_SIZE(event_names), event);
}
