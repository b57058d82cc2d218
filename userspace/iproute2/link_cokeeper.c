// SPDX-License-Identifier: GPL-2.0
/* iproute2's plugin for links of kind "cokeeper": the options of netlink/if_link.h. */
#include <string.h>

#include "cokeeper.h"
#include "if_link.h"
#include "iproute2.h"
#include "names.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MESSAGE_MAX	1024	/* ip's buffer for a request */

static const struct opt {
	const char *name;
	int attr;
	const char *fmt;
	const char *expected;
} opts[] = {
	{ "steer", IFLA_COKEEPER_STEER, "steer %s ",
	  "steer takes intercept or route" },
	{ "ring_size", IFLA_COKEEPER_RING_SIZE, "ring_size %u ",
	  "ring_size takes a number of bytes" },
	{ "poll_usecs", IFLA_COKEEPER_POLL_USECS, "poll_usecs %u ",
	  "poll_usecs takes a number of microseconds" },
	{ "memory_share", IFLA_COKEEPER_MEMORY_SHARE, "memory_share %u ",
	  "memory_share takes a number of per cent" },
};

static void print_help(struct link_util *lu, int argc, char **argv, FILE *f)
{
	(void)lu;
	(void)argc;
	(void)argv;
	fputs("Usage: ... cokeeper [ steer { intercept | route } ]\n"
	      "                    [ ring_size BYTES ]\n"
	      "                    [ poll_usecs USECS ]\n"
	      "                    [ memory_share PERCENT ]\n", f);
}

static const struct opt *find_opt(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opts); i++)
		if (!strcmp(name, opts[i].name))
			return &opts[i];
	return NULL;
}

static uint32_t parse_value(const struct opt *opt, const char *text)
{
	uint32_t value;

	if (opt->attr == IFLA_COKEEPER_STEER) {
		for (value = 0; value <= COKEEPER_STEER_ROUTE; value++)
			if (!strcmp(text, ck_steer_name(value)))
				return value;
	} else if (!get_u32(&value, text, 0)) {
		return value;
	}
	invarg(opt->expected, text);
}

static int parse_opt(struct link_util *lu, int argc, char **argv,
		     struct nlmsghdr *n)
{
	const struct opt *opt;
	uint32_t seen = 0;

	for (; argc > 0; argc -= 2, argv += 2) {
		if (!strcmp(argv[0], "help")) {
			print_help(lu, argc, argv, stdout);
			return -1;
		}
		opt = find_opt(argv[0]);
		if (!opt) {
			fprintf(stderr, "cokeeper: unknown option \"%s\"\n",
				argv[0]);
			print_help(lu, argc, argv, stderr);
			return -1;
		}
		if (argc == 1)
			invarg(opt->expected, "");
		if (seen & 1u << opt->attr)
			duparg(argv[0], argv[1]);
		seen |= 1u << opt->attr;
		addattr32(n, MESSAGE_MAX, opt->attr,
			  parse_value(opt, argv[1]));
	}
	return 0;
}

static uint32_t get_attr(const struct rtattr *attr)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(attr) == sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static void print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	const struct opt *opt;
	uint32_t value;

	(void)lu;
	(void)f;
	for (opt = opts; tb && opt < opts + ARRAY_SIZE(opts); opt++) {
		if (!tb[opt->attr])
			continue;
		value = get_attr(tb[opt->attr]);
		if (opt->attr == IFLA_COKEEPER_STEER)
			print_color_string(PRINT_ANY, COLOR_NONE, opt->name,
					   opt->fmt, ck_steer_name(value));
		else
			print_color_uint(PRINT_ANY, COLOR_NONE, opt->name,
					 opt->fmt, value);
	}
}

__attribute__((visibility("default")))
struct link_util cokeeper_link_util = {
	.id = "cokeeper",
	.maxattr = IFLA_COKEEPER_MAX,
	.parse_opt = parse_opt,
	.print_opt = print_opt,
	.print_help = print_help,
};
