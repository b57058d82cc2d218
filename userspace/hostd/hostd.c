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

#include "hypervisor.h"
#include "log.h"
#include "loop.h"
#include "membership.h"
#include "policy.h"
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
"  -c, --config FILE     who may see whom (default " CK_POLICY_FILE ",\n"
"                        if there is one)\n"
"      --check           say what is wrong with the configuration, and exit\n"
"  -l, --lock-file FILE  do not run twice (default " LOCK_FILE ")\n"
"  -p, --poll SECONDS    look for changes that often, where XenStore's watches fail\n"
"  -v, --verbose         log each event\n"
"  -h, --help            show this help and exit\n"
"  -V, --version         show the version and exit\n"
"\n"
"Guests whose interfaces share a bridge see each other, unless the configuration\n"
"says otherwise. Guests go by name or UUID; SIGHUP has the file read again:\n"
"\n"
"  [group web]           these guests see each other alone\n"
"  guest = web1\n"
"  guest = 5b25ff66-61ea-4bba-a91d-50aa8ef68f1c\n"
"\n"
"  [exclude]             these see nobody\n"
"  guest = firewall\n"
"\n"
"  [unlisted]\n"
"  join = bridge         all others, by bridge (the default), or none\n";

struct options {
	const char *config;
	const char *lock_file;
	bool check;
	uint32_t poll;
};

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

struct publisher {
	struct ck_xs *xs;
	struct ck_loop loop;
};

static int tidy(void *arg)
{
	struct ck_xs *xs = arg;

	do {
		membership_tidy();
	} while (membership_untidy() && !ck_xs_pending(xs));
	return 0;
}

/* Events are taken after each round: some come while an answer is awaited. */
static int settle(void *arg)
{
	struct publisher *publisher = arg;
	struct ck_xs *xs = publisher->xs;
	char path[CK_EVENT_SIZE];
	int ret;

	do {
		while ((ret = ck_xs_next_event(xs, path)) > 0)
			scan_event(path);
		if (!ret) {
			scan_pending();
			ret = ck_xs_flush(xs);
		}
	} while (!ret && ck_xs_pending(xs));
	if (ret)
		ck_err("XenStore: %s", strerror(-ret));
	else if (membership_untidy())
		ck_loop_when_quiet(&publisher->loop, tidy, xs);
	return ret;
}

static bool load_policy(const struct options *options)
{
	return policy_load(options->config ? options->config : CK_POLICY_FILE,
			   !options->config);
}

/* A configuration with a mistake is reported, and the last one kept. */
static int reload(void *arg)
{
	const struct options *options = arg;

	if (load_policy(options)) {
		scan_policy_changed();
		ck_info("configuration read again, %u members",
			membership_count());
	}
	return 0;
}

static int serve_period(void *arg)
{
	(void)arg;
	scan_all();
	return 0;
}

static int run(struct ck_xs *xs, struct options *options)
{
	struct publisher publisher = { .xs = xs };
	struct ck_loop *loop = &publisher.loop;
	int err;

	err = ck_loop_init(loop, reload, options);
	if (!err)
		err = ck_loop_add(loop, ck_xs_fd(xs), NULL, NULL);
	if (!err && options->poll)
		err = ck_loop_add_period(loop, options->poll, serve_period,
					 NULL);
	if (err) {
		ck_err("event loop: %s", strerror(-err));
		return err;
	}
	if (!scan_start(xs, !options->poll))
		return -EIO;
	ck_info("ready, %u members", membership_count());
	sd_notify(0, "READY=1");
	err = settle(&publisher) ?: ck_loop_run(loop, settle, &publisher);
	sd_notify(0, "STOPPING=1");
	ck_loop_close(loop);
	return err;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'C' },
		{ "lock-file", required_argument, NULL, 'l' },
		{ "poll", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = { .lock_file = LOCK_FILE };
	struct ck_xs *xs;
	bool verbose = false;
	int c, err;

	while ((c = getopt_long(argc, argv, "c:l:p:vhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt.config = optarg;
			break;
		case 'C':
			opt.check = true;
			break;
		case 'l':
			opt.lock_file = optarg;
			break;
		case 'p':
			if (!ck_u32_parse(optarg, 1, CK_POLL_MAX, &opt.poll)) {
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
	if (!load_policy(&opt))
		return 1;
	if (opt.check)
		return 0;
	if (lock(opt.lock_file))
		return 1;
	if (!hypervisor_open()) {
		ck_err("no access to the hypervisor: %s; is this dom0?",
		       strerror(errno));
		return 1;
	}
	err = ck_xs_open(&xs);
	if (err) {
		ck_err("XenStore: %s", strerror(-err));
		return 1;
	}
	err = run(xs, &opt);
	ck_xs_close(xs);
	hypervisor_close();
	return err ? 1 : 0;
}
