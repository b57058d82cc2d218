// SPDX-License-Identifier: GPL-2.0
/* cokeeper: shows cokeeper devices, their peers, and what happens to them. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"

#ifndef CK_VERSION
#define CK_VERSION "0"
#endif

static const char usage[] =
"Usage: cokeeper [OPTION...] [COMMAND]\n"
"\n"
"  show [[dev] NAME]  devices and their peers (default)\n"
"  monitor            one line for each event, as it happens\n"
"  help               this help\n"
"\n"
"  -j, --json         print JSON\n"
"  -V, --version      show the version and exit\n"
"  -h, --help         this help\n";

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(usage, stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "show", cmd_show },
	{ "monitor", cmd_monitor },
	{ "help", cmd_help },
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

int main(int argc, char **argv)
{
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "jVh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			out_use_json(true);
			break;
		case 'V':
			puts("cokeeper " CK_VERSION);
			return 0;
		case 'h':
			return cmd_help(0, NULL);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		return cmd_show(0, NULL);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	cli_error("unknown command '%s'", argv[0]);
	fputs(usage, stderr);
	return 2;
}
