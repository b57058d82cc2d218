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
"  monitor [dev NAME] [peer MAC] [event NAME]...\n"
"                     one line for each event, as it happens; of one device, of one\n"
"                     peer, or of the events named: join, leave, connect, disconnect,\n"
"                     quarantine, device, update\n"
"  metrics            devices, peers and counters in Prometheus' text format\n"
"  doctor             what CoKeeper needs: what is wrong, and the command that mends it\n"
"  help               this help\n"
"\n"
"  -j, --json         print JSON, but for metrics\n"
"  -V, --version      show the version and exit\n"
"  -h, --help         this help\n"
"\n"
"Options may stand anywhere. The status is 0; 1 if the command line is wrong; 2 if the\n"
"kernel reports an error, or what is printed cannot be written; 3 if doctor finds\n"
"something that fails.\n";

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
	{ "metrics", cmd_metrics },
	{ "doctor", cmd_doctor },
	{ "help", cmd_help },
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int run_command(int argc, char **argv)
{
	unsigned int i;

	if (!argc)
		return cmd_show(0, NULL);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return cli_misuse("unknown command '%s'", argv[0]);
}

int main(int argc, char **argv)
{
	int c, err, ret;

	opterr = 0;
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
			if (optopt)
				return cli_misuse("unknown option '-%c'", optopt);
			return cli_misuse("unknown option '%s'", argv[optind - 1]);
		}
	}
	ret = run_command(argc - optind, argv + optind);
	err = out_flush();
	if (err && !ret) {
		cli_error("standard output: %s", strerror(-err));
		ret = CLI_FAILED;
	}
	return ret;
}
