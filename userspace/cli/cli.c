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

static void print_error(const char *fmt, va_list ap, const char *hint)
{
	fputs("cokeeper: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs(hint, stderr);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, "\n");
	va_end(ap);
}

/* The command line is wrong. Return: the exit status. */
int cli_misuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, ", try \"cokeeper help\"\n");
	va_end(ap);
	return CLI_MISUSE;
}

/* Open a socket of the family, or say why not. Return: the exit status. */
int cli_open(struct ck_genl *genl)
{
	int err = ck_genl_open(genl);

	if (err == -ENOENT)
		cli_error("the kernel module is not loaded, try \"modprobe cokeeper\"");
	else if (err)
		cli_error("netlink: %s", strerror(-err));
	return err ? CLI_FAILED : 0;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* Return: the device's name; its number, as ip(8) has it, if it has none here, or one that a
 * terminal might obey.
 */
const char *cli_ifname(uint32_t ifindex, char name[IF_NAMESIZE])
{
	if (!if_indextoname(ifindex, name) || !printable(name))
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
