// SPDX-License-Identifier: GPL-2.0
/* What the subcommands of cokeeper(8) share. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "output.h"

void cli_error(const char *fmt, ...)
{
	va_list ap;

	fputs("cokeeper: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Open a socket of the family, or say why not. Return: 0 or 1. */
int cli_open(struct ck_genl *genl)
{
	int err = ck_genl_open(genl);

	if (err == -ENOENT)
		cli_error("the kernel module is not loaded");
	else if (err)
		cli_error("netlink: %s", strerror(-err));
	return err ? 1 : 0;
}

/* Return: the device's name, or its number if it has none here. */
const char *cli_ifname(uint32_t ifindex, char name[IF_NAMESIZE])
{
	if (!if_indextoname(ifindex, name))
		snprintf(name, IF_NAMESIZE, "if%" PRIu32, ifindex);
	return name;
}

/* Print what a device is, but for its name. */
void cli_print_dev(const struct ck_dev *dev)
{
	char name[IF_NAMESIZE], mac[CK_MAC_STRLEN];

	out_string("lower", " lower %s", cli_ifname(dev->lower, name));
	out_string("mac", " mac %s", ck_mac_format(&dev->mac, mac));
	out_hex("instance", " instance %s", dev->instance);
	out_u64("generation", " generation %" PRIu64, dev->generation);
	if (dev->helper)
		out_u64("helper", " helper %" PRIu64, dev->helper);
	else
		out_null("helper", " helper none");
	out_string("steer", " steer %s", ck_steer_name(dev->steer));
	if (dev->inactive)
		out_string("inactive", " inactive %s",
			   ck_reason_name(dev->inactive));
	else
		out_null("inactive", "");
}
