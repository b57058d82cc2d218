// SPDX-License-Identifier: GPL-2.0
/* The bare XenStore: round trips between a guest and domain 0, and watches. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "probe.h"

static const char usage[] =
"Usage: probe-store ping COUNT GAP   in a guest: COUNT round trips, each GAP ms\n"
"                                    after the last; their times in ns\n"
"       probe-store pong DOMID       in domain 0: the other end\n"
"       probe-store write PATH VALUE when it was written, in ns\n"
"       probe-store watch PATH...    the time in ns and the path of each event,\n"
"                                    when SIGTERM ends it; says 'ready' on standard\n"
"                                    error first\n";

static struct xs_handle *xs;

static void watch(const char *path)
{
	if (!xs_watch(xs, path, ""))
		err(1, "watch %s", path);
}

static void next_event(char *path, size_t size)
{
	unsigned int n;
	char **event;

	event = xs_read_watch(xs, &n);
	if (!event)
		err(1, "next event");
	snprintf(path, size, "%s", event[XS_WATCH_PATH]);
	free(event);
}

static void put(const char *path, const char *value)
{
	if (!xs_write(xs, XBT_NULL, path, value, strlen(value)))
		err(1, "write %s", path);
}

static int ping(unsigned int count, unsigned int gap)
{
	char text[16], path[256], *value;
	unsigned int i, len;
	uint64_t start;

	put("data/probe/pong", "");
	watch("data/probe/pong");
	next_event(path, sizeof(path));
	for (i = 1; i <= count; i++) {
		wait_gap(gap, 0);
		snprintf(text, sizeof(text), "%u", i);
		start = now_ns();
		put("data/probe/ping", text);
		do {
			next_event(path, sizeof(path));
			value = xs_read(xs, XBT_NULL, "data/probe/pong", &len);
			if (!value)
				err(1, "read the answer");
			len = strcmp(value, text);
			free(value);
		} while (len);
		printf("%" PRIu64 "\n", now_ns() - start);
	}
	return 0;
}

static void __attribute__((noreturn)) pong(unsigned int domid)
{
	char in[64], out[64], path[256], *value;
	unsigned int len;

	snprintf(in, sizeof(in), "/local/domain/%u/data/probe/ping", domid);
	snprintf(out, sizeof(out), "/local/domain/%u/data/probe/pong", domid);
	watch(in);
	next_event(path, sizeof(path));
	for (;;) {
		next_event(path, sizeof(path));
		value = xs_read(xs, XBT_NULL, in, &len);
		if (value)
			put(out, value);
		free(value);
	}
}

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int watch_paths(char **paths)
{
	struct sigaction action = { .sa_handler = stop };
	sigset_t mask, old;
	char **event;
	fd_set fds;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	sigaction(SIGTERM, &action, NULL);
	for (; *paths; paths++)
		watch(*paths);
	fputs("ready\n", stderr);
	while (!stopped) {
		FD_ZERO(&fds);
		FD_SET(xs_fileno(xs), &fds);
		if (pselect(xs_fileno(xs) + 1, &fds, NULL, NULL, NULL, &old) < 0)
			continue;
		while ((event = xs_check_watch(xs))) {
			printf("%" PRIu64 " %s\n", now_ns(), event[XS_WATCH_PATH]);
			free(event);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		goto bad;
	xs = xs_open(0);
	if (!xs)
		err(1, "XenStore");
	buffer_output();
	if (!strcmp(argv[1], "ping") && argc == 4)
		return ping(number(argv[2]), number(argv[3]));
	if (!strcmp(argv[1], "pong") && argc == 3)
		pong(number(argv[2]));
	if (!strcmp(argv[1], "write") && argc == 4) {
		printf("%" PRIu64 "\n", now_ns());
		put(argv[2], argv[3]);
		wait_gap(20, 0);	/* its end would take time from the effect */
		return 0;
	}
	if (!strcmp(argv[1], "watch"))
		return watch_paths(argv + 2);
bad:
	fputs(usage, stderr);
	return 2;
}
