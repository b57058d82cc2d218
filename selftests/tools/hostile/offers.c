// SPDX-License-Identifier: GPL-2.0
/* Modes: offers that are no good. */
#include "hostile.h"

/* No grant reference of a guest is that high, nor a port. */
#define NO_REF	0x7ffffff
#define NO_PORT	1000

static void bad_magic(struct offer *offer)
{
	offer->lane->control->magic = 0;
}

static void bad_version(struct offer *offer)
{
	offer->lane->control->version = 77;
}

static void bad_size(struct offer *offer)
{
	offer->lane->control->ring_size = 0x7fffffff;
}

static void bad_empty(struct offer *offer)
{
	offer->lane->control->ring_size = 0;
}

static void bad_gref(struct offer *offer)
{
	offer->lane->control->ref[5] = NO_REF;
}

static void bad_instance(struct offer *offer)
{
	offer->lane->control->from = 1;
}

static void bad_port(struct offer *offer)
{
	*offer->port = NO_PORT;
}

static void bad_control(struct offer *offer)
{
	*offer->ref = NO_REF;
}

/* The second lane is the first one once more. */
static void bad_loop(struct offer *offer)
{
	*offer->ref = offer->first->ref;
	*offer->port = offer->first->port;
}

/**
 * offer_modes - the victim takes none of these
 */
const struct mode offer_modes[] = {
	{ .name = "bad-magic", .spoil = bad_magic },
	{ .name = "bad-version", .spoil = bad_version },
	{ .name = "bad-size", .spoil = bad_size },
	{ .name = "bad-empty", .spoil = bad_empty },
	{ .name = "bad-gref", .spoil = bad_gref },
	{ .name = "bad-instance", .spoil = bad_instance },
	{ .name = "bad-port", .spoil = bad_port },
	{ .name = "bad-control", .spoil = bad_control },
	{ .name = "bad-loop", .spoil = bad_loop },
	{ }
};
