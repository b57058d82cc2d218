// SPDX-License-Identifier: GPL-2.0
/* cokeeper: shows cokeeper devices, their peers, and what happens to them. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

#ifndef CK_VERSION
#define CK_VERSION "0"
#endif

static const char usage[] =
"Usage: cokeeper [-j] [COMMAND]\n"
"\n"
"  show [dev NAME]  devices and their peers (default)\n"
"  monitor          one line for each event, as it happens\n"
"  help             this help\n"
"\n"
"  -j, --json       print JSON\n"
"  -V, --version    show the version and exit\n";

static int cmd_help(int argc, char **argv, bool json)
{
	(void)argc;
	(void)argv;
	(void)json;
	fputs(usage, stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv, bool json);
} commands[] = {
	{ "show", cmd_show },
	{ "monitor", cmd_monitor },
	{ "help", cmd_help },
};

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

void cli_json_str(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

void cli_json_hex(struct json_object *obj, const char *key, uint64_t value)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	cli_json_str(obj, key, text);
}

void cli_json_u64(struct json_object *obj, const char *key, uint64_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

int main(int argc, char **argv)
{
	bool json = false;
	unsigned int i;

	for (argc--, argv++; argc && argv[0][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[0], "-j") || !strcmp(argv[0], "--json")) {
			json = true;
		} else if (!strcmp(argv[0], "-h") ||
			   !strcmp(argv[0], "--help")) {
			return cmd_help(0, NULL, false);
		} else if (!strcmp(argv[0], "-V") ||
			   !strcmp(argv[0], "--version")) {
			puts("cokeeper " CK_VERSION);
			return 0;
		} else {
			cli_error("unknown option '%s'", argv[0]);
			fputs(usage, stderr);
			return 2;
		}
	}
	if (!argc)
		return cmd_show(0, NULL, json);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1, json);
	cli_error("unknown command '%s'", argv[0]);
	fputs(usage, stderr);
	return 2;
}
