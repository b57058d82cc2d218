// SPDX-License-Identifier: GPL-2.0
/* cokeeperd: carries membership and ring offers between XenStore and kernel. */
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "helper.h"
#include "log.h"
#include "names.h"

#ifndef CK_VERSION
#define CK_VERSION "0"
#endif

static const char usage[] =
"Usage: cokeeperd [OPTION]...\n"
"Tell a cokeeper device of its peers on this host, and route to them.\n"
"\n"
"  -d, --device NAME  the device (default cokeeper0)\n"
"  -p, --poll SECONDS look for changes that often, where XenStore's watches fail\n"
"  -v, --verbose      log each event\n"
"  -h, --help         show this help and exit\n"
"  -V, --version      show the version and exit\n";

static int serve_period(void *arg)
{
	struct helper *h = arg;

	h->todo |= WORK_ROSTER;
	return 0;
}

static int open_sources(struct helper *h)
{
	int err;

	err = ck_loop_init(&h->loop);
	if (!err && h->poll)
		err = ck_loop_add_period(&h->loop, h->poll, serve_period, h);
	if (!err)
		err = routes_open(h) ?: reconcile_open(h);
	if (err)
		ck_err("set up: %s", strerror(-err));
	return err;
}

static unsigned int count_peers(const struct helper *h)
{
	const struct peer *peer;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &h->peers, next)
		n += peer->member;
	return n;
}

/* What systemd shows of the service. */
static void format_status(const struct helper *h, char *text, size_t size)
{
	if (!h->attached)
		snprintf(text, size, "%s: waiting for the device", h->device);
	else if (h->dev.inactive)
		snprintf(text, size, "%s: inactive: %s", h->device,
			 ck_reason_name(h->dev.inactive));
	else if (!h->active)
		snprintf(text, size, "%s: inactive", h->device);
	else if (!h->xs)
		snprintf(text, size, "%s: no connection to XenStore", h->device);
	else if (h->group[0])
		snprintf(text, size, "%s: group %s, peers: %u%s%s", h->device, h->group,
			 count_peers(h), h->refusal[0] ? "; refused: " : "", h->refusal);
	else if (h->refusal[0])
		snprintf(text, size, "%s: in no group: %s", h->device, h->refusal);
	else
		snprintf(text, size, "%s: no answer of the host yet", h->device);
}

static int serve(void *arg)
{
	static char told[2 * CK_WORD_SIZE + 64];
	char text[sizeof(told)];
	struct helper *h = arg;
	int err = reconcile(h);

	if (err)
		return err;
	format_status(h, text, sizeof(text));
	if (strcmp(text, told)) {
		strcpy(told, text);
		sd_notifyf(0, "STATUS=%s", text);
	}
	return 0;
}

static int run(struct helper *h)
{
	int err;

	err = serve(h);
	if (err)
		return err;
	sd_notify(0, "READY=1");
	err = ck_loop_run(&h->loop, serve, h);
	sd_notify(0, "STOPPING=1");
	device_stop(h);
	return err;
}

/* The command line is wrong. Return: the exit status. */
static int misuse(const char *fmt, const char *argument)
{
	fputs("cokeeperd: ", stderr);
	fprintf(stderr, fmt, argument);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "poll", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct helper helper = {
		.device = "cokeeper0",
		.peers = TAILQ_HEAD_INITIALIZER(helper.peers),
		.orders = STAILQ_HEAD_INITIALIZER(helper.orders),
		.route_changes = STAILQ_HEAD_INITIALIZER(helper.route_changes),
	};
	bool verbose = false;
	int c, err;

	while ((c = getopt_long(argc, argv, "d:p:vhV", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			helper.device = optarg;
			break;
		case 'p':
			if (!ck_u32_parse(optarg, 1, CK_POLL_MAX,
					  &helper.poll))
				return misuse("--poll takes 1 to 3600 seconds, not '%s'",
					      optarg);
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("cokeeperd " CK_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc)
		return misuse("unexpected argument '%s'", argv[optind]);
	if (!*helper.device || strlen(helper.device) >= IF_NAMESIZE)
		return misuse("'%s' is no device name", helper.device);

	ck_log_init("cokeeperd", verbose);
	err = open_sources(&helper);
	if (!err)
		err = run(&helper);
	reconcile_close(&helper);
	routes_close(&helper);
	return err ? 1 : 0;
}
