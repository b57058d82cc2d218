// SPDX-License-Identifier: GPL-2.0
/* cokeeper-hostd: tells co-located guests of each other, by XenStore events. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <sysexits.h>
#include <unistd.h>

#include "check.h"
#include "hypervisor.h"
#include "links.h"
#include "log.h"
#include "membership.h"
#include "policy.h"
#include "publish.h"
#include "roster.h"
#include "scan.h"
#include "status.h"
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
"      --status          print what the one that runs knows and does: each domain\n"
"                        and interface, its group or why it is in none; and exit\n"
"  -j, --json            with --status: as JSON\n"
"  -l, --lock-file FILE  do not run twice (default " LOCK_FILE ")\n"
"  -p, --poll SECONDS    look for changes that often, where XenStore's watches fail\n"
"  -v, --verbose         log events, of each domain up to 10 a second\n"
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
"  join = bridge         all others, by bridge (the default), or none\n"
"\n"
"What has the form of a UUID means the guest that has it, not one of that name.\n"
"Names are told apart by case; [exclude] alone takes them in any case, so that a\n"
"slip leaves nobody in.\n"
"\n"
"What dom0 enforces on an interface would not be enforced in rings, so such an\n"
"interface is in no group. 'allow = REASON' in [group NAME], [unlisted] or\n"
"[guest NAME] lets it be in one nevertheless. Reasons are script-route, script-nat,\n"
"openvswitch, script-custom, locking-mode, rate-limited, isolated,\n"
"port-locked, tc-filter, tc-qdisc, xdp, netdev-filter and bridge-filter:\n"
"\n"
"  [guest web1]\n"
"  allow = rate-limited\n"
"\n"
"Each key and each comment has a line of its own. A file with a mistake changes\n"
"nothing: what was in force stays so, for a successor as well, until the host boots.\n"
"Nor does a file that is gone, or an empty one, which may be what a full disk has\n"
"left; one that is to say nothing has a comment in it.\n";

struct options {
	const char *config;
	const char *lock_file;
	bool check;
	bool status;
	bool json;
	bool verbose;
	uint32_t poll;
};

/* The lock is held until the process ends. */
static int lock(const char *path)
{
	int fd;

	/* Whoever may open it may hold it. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
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

/* It is quiet when nothing happens for so long, in which those who are told of a member hear of
 * it, or taken to be after so many rounds.
 */
#define QUIET		(2 * BUCKET_SECOND / 1000)
#define QUIET_ROUNDS	32
#define EVENTS_A_ROUND	256

/**
 * struct publisher - what the loop works with
 * @last_event: when something happened; 0: in this round
 * @rounds: since something was left for later
 * @next_poll: when to look for changes, BUCKET_NEVER if watches tell of them
 * @mistaken: the configuration has a mistake, and the one before it is in force
 * @status: what systemd was told last
 */
struct publisher {
	struct ck_xs *xs;
	const struct options *options;
	sd_event *event;
	uint64_t last_event;
	unsigned int rounds;
	uint64_t next_poll;
	bool mistaken;
	char status[96];
};

/* What systemd shows of the service. */
static void tell_status(struct publisher *publisher)
{
	char text[sizeof(publisher->status)];

	snprintf(text, sizeof(text), "members: %u%s", membership_count(),
		 publisher->mistaken ?
		 "; the configuration has a mistake, the one before is in force" : "");
	if (!strcmp(text, publisher->status))
		return;
	strcpy(publisher->status, text);
	sd_notifyf(0, "STATUS=%s", text);
}

/* What was in force is kept there, beside the lock file, until the host boots. */
static const char *saved_policy(const struct options *options)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.conf", options->lock_file);
	return path;
}

/* A file that was in force, be it for a predecessor, is not optional any more. */
static bool load_policy(const struct options *options)
{
	return policy_load(options->config ? options->config : CK_POLICY_FILE,
			   !options->config && access(saved_policy(options), F_OK));
}

/* What a predecessor had in force holds if the file is gone or has a mistake meanwhile.
 * Return: whether there is anything that holds.
 */
static bool first_policy(const struct options *options, bool *mistaken)
{
	*mistaken = !load_policy(options);
	if (!*mistaken)
		return true;
	if (access(saved_policy(options), F_OK) || !policy_load(saved_policy(options), false))
		return false;
	ck_err("%s: what was in force before is in force", saved_policy(options));
	return true;
}

static void save_policy(const struct options *options)
{
	int err = policy_save(saved_policy(options));

	if (err)
		ck_warn("%s: %s; a start with a mistake in the configuration would fail",
			saved_policy(options), strerror(-err));
}

static bool guest_runs(const char *text, bool any_case, void *arg)
{
	const struct domain *domain;

	(void)arg;
	TAILQ_FOREACH(domain, &domains, next)
		if (policy_means(text, any_case, domain->name, domain->uuid))
			return true;
	return false;
}

/* A configuration with a mistake is reported, and the last one kept. */
static int reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct publisher *publisher = arg;

	(void)source;
	(void)info;
	publisher->last_event = 0;
	publisher->mistaken = !load_policy(publisher->options);
	if (!publisher->mistaken) {
		save_policy(publisher->options);
		scan_policy_changed();
		policy_warn_unknown(guest_runs, NULL);
		ck_info("configuration read again, %u members",
			membership_count());
	}
	return 0;
}

/* Nobody else writes rosters, unless something is wrong. */
static bool is_own(const struct ck_path *path)
{
	return path->kind == CK_PATH_ROSTER || path->kind == CK_PATH_PART ||
	       path->kind == CK_PATH_MEMBER;
}

static void xs_event(void *arg, const char *text)
{
	struct publisher *publisher = arg;
	struct ck_path path;

	ck_path_parse(text, &path);
	if (!is_own(&path))
		publisher->last_event = 0;
	scan_event(&path, text);
	publish_event(&path, text);
}

/* What was received is taken in each round, whatever woke us. */
static int xs_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	(void)source;
	(void)fd;
	(void)revents;
	(void)arg;
	return 0;
}

static void link_changed(const char *name, void *arg)
{
	(void)arg;
	scan_link_changed(name);
}

/* A failure has been logged; what was known holds, and another attempt follows. */
static int links_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct publisher *publisher = arg;

	(void)source;
	(void)fd;
	(void)revents;
	publisher->last_event = 0;
	links_process();
	return 0;
}

/* When is there something to do? */
static uint64_t next_round(struct publisher *publisher, uint64_t now)
{
	uint64_t due = scan_due(), at, quiet;

	if (ck_xs_pending(publisher->xs))
		return 0;
	if (publisher->next_poll < due)
		due = publisher->next_poll;
	at = ck_xs_deadline(publisher->xs);
	if (at != UINT64_MAX && at * 1000000 < due)
		due = at * 1000000;
	at = publish_due();
	if (at <= now) {
		quiet = publisher->last_event + QUIET;
		at = publisher->rounds >= QUIET_ROUNDS ? now : quiet;
	}
	return at < due ? at : due;
}

static void serve_later(struct publisher *publisher, uint64_t now)
{
	if (publish_due() > now) {
		publisher->rounds = 0;
		return;
	}
	if (now < publisher->last_event + QUIET && ++publisher->rounds < QUIET_ROUNDS)
		return;
	publisher->rounds = 0;
	publish_step(now);
	publish_now();
}

/* Signals were served before; then come the ends of domains, and all others in turn. */
static int serve_round(struct publisher *publisher)
{
	uint64_t now = bucket_now();
	int err;

	err = ck_xs_receive(publisher->xs, EVENTS_A_ROUND);
	if (err)
		return err;
	if (publisher->next_poll <= now) {
		publisher->next_poll = now + publisher->options->poll * BUCKET_SECOND;
		scan_all();
		roster_check(0);
	}
	if (!publisher->last_event)
		publisher->last_event = now;
	if (scan_due() <= now)
		scan_step(now);
	publish_now();
	serve_later(publisher, now);
	return ck_xs_flush(publisher->xs);
}

static int serve(struct publisher *publisher)
{
	uint64_t now, next, wait;
	int err = 0;

	while (!err && sd_event_get_state(publisher->event) != SD_EVENT_FINISHED) {
		now = bucket_now();
		next = next_round(publisher, now);
		wait = next == BUCKET_NEVER ? UINT64_MAX :
		       next <= now ? 0 : (next - now + 999) / 1000;
		err = sd_event_run(publisher->event, wait);
		if (err >= 0)
			err = serve_round(publisher);
		tell_status(publisher);
	}
	return err;
}

static int open_events(struct publisher *publisher)
{
	sd_event *event;
	int err;

	err = sd_event_new(&event);
	if (err < 0)
		return err;
	publisher->event = event;
	err = sd_event_add_signal(event, NULL, SIGHUP, reload, publisher);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_io(event, NULL, ck_xs_fd(publisher->xs), EPOLLIN, xs_readable,
				      publisher);
	if (err >= 0)
		err = sd_event_add_io(event, NULL, links_fd(), EPOLLIN, links_readable, publisher);
	return err;
}

/* Without it all else goes on. */
static void open_status(struct publisher *publisher)
{
	int err = status_open(publisher->event, publisher->options->lock_file);

	if (err)
		ck_warn("--status will get no answer: %s", strerror(-err));
}

/* They are served one by one, from the first moment on: none ends us before. */
static void block_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

static int run(struct ck_xs *xs, const struct options *options, bool mistaken)
{
	struct publisher publisher = {
		.xs = xs, .options = options, .next_poll = BUCKET_NEVER, .mistaken = mistaken,
	};
	int err;

	err = open_events(&publisher);
	if (err < 0) {
		ck_err("event loop: %s", strerror(-err));
		return err;
	}
	if (options->poll)
		publisher.next_poll = bucket_now() + options->poll * BUCKET_SECOND;
	ck_xs_on_event(xs, xs_event, &publisher);
	/* Nothing may happen for long, so what was posted is sent before we wait. */
	err = scan_start(xs, !options->poll) ?: publish_start(xs) ?: ck_xs_flush(xs);
	if (!err) {
		open_status(&publisher);
		/* None runs yet when the host has just booted. */
		if (!TAILQ_EMPTY(&domains))
			policy_warn_unknown(guest_runs, NULL);
		ck_info("ready, %u members", membership_count());
		sd_notify(0, "READY=1");
		tell_status(&publisher);
		err = serve(&publisher);
	}
	/* Asked to end while XenStore did not answer. */
	if (err == -ECANCELED)
		err = 0;
	if (err)
		ck_err("XenStore: %s", strerror(-err));
	sd_notify(0, "STOPPING=1");
	status_close();
	sd_event_unref(publisher.event);
	return err;
}

/* Return: the exit status of a command that ends here, or -1. */
static int parse_option(int c, struct options *opt)
{
	switch (c) {
	case 'c':
		opt->config = optarg;
		return -1;
	case 'C':
		opt->check = true;
		return -1;
	case 'S':
		opt->status = true;
		return -1;
	case 'j':
		opt->json = true;
		return -1;
	case 'l':
		opt->lock_file = optarg;
		return -1;
	case 'p':
		if (ck_u32_parse(optarg, 1, CK_POLL_MAX, &opt->poll))
			return -1;
		fprintf(stderr, "cokeeper-hostd: --poll takes 1 to %u seconds\n",
			CK_POLL_MAX);
		return 2;
	case 'v':
		opt->verbose = true;
		return -1;
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

static int parse_options(int argc, char **argv, struct options *opt)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'C' },
		{ "status", no_argument, NULL, 'S' },
		{ "json", no_argument, NULL, 'j' },
		{ "lock-file", required_argument, NULL, 'l' },
		{ "poll", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = -1;

	while (status < 0 &&
	       (c = getopt_long(argc, argv, "c:jl:p:vhV", options, NULL)) != -1)
		status = parse_option(c, opt);
	if (status >= 0)
		return status;
	if (optind != argc) {
		fprintf(stderr, "cokeeper-hostd: unexpected argument '%s'\n",
			argv[optind]);
		return 2;
	}
	if (opt->json && !opt->status) {
		fputs("cokeeper-hostd: -j goes with --status\n", stderr);
		return 2;
	}
	return -1;
}

static int publish(const struct options *opt, bool mistaken)
{
	struct ck_xs *xs;
	int err;

	if (lock(opt->lock_file))
		return -EBUSY;
	if (!mistaken)
		save_policy(opt);
	if (!hypervisor_open()) {
		err = -errno;
		ck_err("no access to the hypervisor: %s; is this dom0?", strerror(-err));
		return err;
	}
	err = ck_xs_open(&xs);
	if (err) {
		ck_err("XenStore: %s", strerror(-err));
		return err;
	}
	err = links_open(link_changed, NULL);
	if (err)
		ck_err("no view of dom0's network: %s", strerror(-err));
	else
		err = run(xs, opt, mistaken);
	links_close();
	ck_xs_close(xs);
	hypervisor_close();
	return err;
}

int main(int argc, char **argv)
{
	struct options opt = { .lock_file = LOCK_FILE };
	bool mistaken;
	int status;

	status = parse_options(argc, argv, &opt);
	if (status >= 0)
		return status;
	ck_log_init("cokeeper-hostd", opt.verbose);
	if (opt.status)
		return status_ask(opt.lock_file, opt.json) ? 1 : 0;
	if (opt.check) {
		if (!load_policy(&opt))
			return 1;
		check_guests();
		return 0;
	}
	block_signals();
	if (!first_policy(&opt, &mistaken))
		return EX_CONFIG;
	return publish(&opt, mistaken) ? 1 : 0;
}
