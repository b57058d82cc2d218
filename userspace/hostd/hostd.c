// SPDX-License-Identifier: GPL-2.0
/* cokeeper-hostd: tells co-located guests of each other, by XenStore events. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "membership.h"
#include "roster.h"
#include "scan.h"
#include "xs.h"

#ifndef CK_VERSION
#define CK_VERSION "0"
#endif

#define LOCK_FILE	"/run/cokeeper-hostd.pid"

static const char usage[] =
"Usage: cokeeper-hostd [OPTION]...\n"
"Tell the guests of this host of each other, so that cokeeper devices find\n"
"their peers.\n"
"\n"
"  -l, --lock-file FILE  do not run twice (default " LOCK_FILE ")\n"
"  -p, --poll SECONDS    look for changes that often, where XenStore's watches fail\n"
"  -v, --verbose         log each event\n"
"  -h, --help            show this help and exit\n"
"  -V, --version         show the version and exit\n";

/* The lock is held until the process ends. */
static int lock(const char *path)
{
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		ck_err("%s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			ck_err("%s: another cokeeper-hostd is running", path);
		else
			ck_err("%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0)
		ck_warn("%s: %s", path, strerror(errno));
	return 0;
}

static int serve_events(void *arg)
{
	struct xs_handle *xs = arg;
	char path[CK_PATH_SIZE];
	int ret;

	while ((ret = ck_xs_next_event(xs, path)) > 0)
		scan_event(path);
	if (ret) {
		ck_err("XenStore: %s", strerror(-ret));
		return ret;
	}
	scan_pending();
	return 0;
}

static int serve_period(void *arg)
{
	(void)arg;
	scan_all();
	return 0;
}

static int run(struct xs_handle *xs, uint32_t poll)
{
	struct ck_loop loop;
	int err;

	err = ck_loop_init(&loop);
	if (!err && poll)
		err = ck_loop_add_period(&loop, poll, serve_period, NULL);
	else if (!err)
		err = ck_loop_add(&loop, xs_fileno(xs), serve_events, xs);
	if (err) {
		ck_err("event loop: %s", strerror(-err));
		return err;
	}
	if (!scan_start(xs, !poll))
		return -EIO;
	ck_info("ready, %u members", membership_count());
	sd_notify(0, "READY=1");
	err = ck_loop_run(&loop, NULL, NULL);
	sd_notify(0, "STOPPING=1");
	ck_loop_close(&loop);
	return err;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "lock-file", required_argument, NULL, 'l' },
		{ "poll", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *lock_file = LOCK_FILE;
	struct xs_handle *xs;
	bool verbose = false;
	uint32_t poll = 0;
	int c, err;

	while ((c = getopt_long(argc, argv, "l:p:vhV", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			lock_file = optarg;
			break;
		case 'p':
			if (!ck_u32_parse(optarg, 1, CK_POLL_MAX, &poll)) {
				fprintf(stderr, "cokeeper-hostd: --poll takes 1 to %u seconds\n",
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
			puts("cokeeper-hostd " CK_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "cokeeper-hostd: unexpected argument '%s'\n",
			argv[optind]);
		return 2;
	}

	ck_log_init("cokeeper-hostd", verbose);
	if (lock(lock_file))
		return 1;
	xs = xs_open(0);
	if (!xs) {
		ck_err("XenStore: %s", strerror(errno));
		return 1;
	}
	err = run(xs, poll);
	xs_close(xs);
	return err ? 1 : 0;
}
