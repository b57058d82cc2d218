// SPDX-License-Identifier: GPL-2.0
/* cokeeperd: carries membership and ring offers between XenStore and kernel. */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "helper.h"
#include "log.h"

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

static int take_events(struct helper *h)
{
	char path[CK_EVENT_SIZE];
	int ret;

	while ((ret = ck_xs_next_event(h->xs, path)) > 0) {
		ck_debug("event %s", path);
		if (h->attached)
			peers_event(h, path);
	}
	if (ret)
		ck_err("XenStore: %s", strerror(-ret));
	return ret;
}

static int react(struct helper *h)
{
	int err;

	if (h->dev_changed || h->links_changed) {
		err = device_check(h);
		if (err)
			return err;
	}
	if (!h->attached)
		return 0;
	announce_orders(h);
	if (h->roster_changed) {
		h->roster_changed = false;
		peers_read_all(h);
	}
	if (h->announce_changed)
		announce_sync(h);
	if (h->routes_changed)
		routes_sync(h);
	return 0;
}

/* What the events of one round add up to. Some of XenStore's come only while an
 * answer is awaited.
 */
static int settle(void *arg)
{
	struct helper *h = arg;
	int err;

	do {
		err = take_events(h) ?: react(h);
	} while (!err && ck_xs_pending(h->xs));
	return err;
}

static int serve_period(void *arg)
{
	struct helper *h = arg;

	h->roster_changed = true;
	return 0;
}

static int open_sources(struct helper *h)
{
	int err;

	err = ck_loop_init(&h->loop, NULL, NULL);
	if (!err)
		err = ck_loop_add(&h->loop, ck_xs_fd(h->xs), NULL, NULL);
	if (!err && h->poll)
		err = ck_loop_add_period(&h->loop, h->poll, serve_period, h);
	if (!err)
		err = routes_open(h);
	if (err)
		ck_err("set up: %s", strerror(-err));
	return err;
}

static int run(struct helper *h)
{
	int err;

	err = device_attach(h);
	if (err)
		return err;
	sd_notify(0, "READY=1");
	err = settle(h) ?: ck_loop_run(&h->loop, settle, h);
	sd_notify(0, "STOPPING=1");
	device_stop(h);
	return err;
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
	struct helper helper = { .device = "cokeeper0" };
	bool verbose = false;
	int c, err;

	while ((c = getopt_long(argc, argv, "d:p:vhV", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			helper.device = optarg;
			break;
		case 'p':
			if (!ck_u32_parse(optarg, 1, CK_POLL_MAX,
					  &helper.poll)) {
				fprintf(stderr, "cokeeperd: --poll takes 1 to %u seconds\n",
					CK_POLL_MAX);
				return 2;
			}
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
	if (optind != argc) {
		fprintf(stderr, "cokeeperd: unexpected argument '%s'\n",
			argv[optind]);
		return 2;
	}
	if (!*helper.device || strlen(helper.device) >= IF_NAMESIZE) {
		fprintf(stderr, "cokeeperd: '%s' is no device name\n",
			helper.device);
		return 2;
	}

	ck_log_init("cokeeperd", verbose);
	TAILQ_INIT(&helper.peers);
	STAILQ_INIT(&helper.orders);
	STAILQ_INIT(&helper.route_changes);
	err = ck_xs_open(&helper.xs);
	if (err) {
		ck_err("XenStore: %s", strerror(-err));
		return 1;
	}
	err = open_sources(&helper);
	if (!err)
		err = run(&helper);
	routes_close(&helper);
	ck_xs_close(helper.xs);
	return err ? 1 : 0;
}
