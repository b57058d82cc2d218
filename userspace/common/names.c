// SPDX-License-Identifier: GPL-2.0
/* Names of the netlink family's enumerations, as in its specification.
 * selftests/userspace/check-spec compares them.
 */
#include "names.h"

#include <stddef.h>
#include <string.h>

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
	[COKEEPER_REASON_SUSPENDED] = "suspended",
	[COKEEPER_REASON_LOWER_DOWN] = "lower-down",
	[COKEEPER_REASON_XDP] = "xdp",
	[COKEEPER_REASON_FLAPPING] = "flapping",
};

static const char *const steer_names[] = {
	[COKEEPER_STEER_INTERCEPT] = "intercept",
	[COKEEPER_STEER_ROUTE] = "route",
};

static const char *const event_names[] = {
	[COKEEPER_EVENT_JOIN] = "join",
	[COKEEPER_EVENT_LEAVE] = "leave",
	[COKEEPER_EVENT_CONNECT] = "connect",
	[COKEEPER_EVENT_DISCONNECT] = "disconnect",
	[COKEEPER_EVENT_QUARANTINE] = "quarantine",
	[COKEEPER_EVENT_DEVICE] = "device",
	[COKEEPER_EVENT_UPDATE] = "update",
};

static const char *const cause_names[] = {
	[COKEEPER_CAUSE_NONE] = "none",
	[COKEEPER_CAUSE_CREATED] = "created",
	[COKEEPER_CAUSE_ANNOUNCED] = "announced",
	[COKEEPER_CAUSE_RENEWED] = "renewed",
	[COKEEPER_CAUSE_RESUMED] = "resumed",
	[COKEEPER_CAUSE_ADDRESS] = "address",
	[COKEEPER_CAUSE_WITHDRAWN] = "withdrawn",
	[COKEEPER_CAUSE_DETACHED] = "detached",
	[COKEEPER_CAUSE_SHUTDOWN] = "shutdown",
	[COKEEPER_CAUSE_REBOOT] = "reboot",
	[COKEEPER_CAUSE_CRASHED] = "crashed",
	[COKEEPER_CAUSE_SUSPENDED] = "suspended",
	[COKEEPER_CAUSE_DESTROYED] = "destroyed",
	[COKEEPER_CAUSE_POLICY] = "policy",
	[COKEEPER_CAUSE_RESYNC] = "resync",
	[COKEEPER_CAUSE_HELPER] = "helper",
	[COKEEPER_CAUSE_DEVICE] = "device",
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

const char *ck_steer_name(uint32_t steer)
{
	return name(steer_names, ARRAY_SIZE(steer_names), steer);
}

const char *ck_event_name(uint32_t event)
{
	return name(event_names, ARRAY_SIZE(event_names), event);
}

const char *ck_cause_name(uint32_t cause)
{
	return name(cause_names, ARRAY_SIZE(cause_names), cause);
}

/**
 * ck_event_parse() - find an event by its name
 * @text: the name
 * @event: result, set only on success
 *
 * Return: whether there is one.
 */
bool ck_event_parse(const char *text, uint32_t *event)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(event_names); i++) {
		if (!strcmp(text, event_names[i])) {
			*event = i;
			return true;
		}
	}
	return false;
}

/* Return: the cause of that name; COKEEPER_CAUSE_NONE when there is none. */
uint32_t ck_cause_parse(const char *text)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(cause_names); i++)
		if (!strcmp(text, cause_names[i]))
			return i;
	return COKEEPER_CAUSE_NONE;
}
