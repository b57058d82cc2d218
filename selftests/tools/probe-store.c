// SPDX-License-Identifier: GPL-2.0
/* The bare XenStore: round trips between a guest and domain 0, and watches. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "probe.h"
#include "xs.h"

static const char usage[] =
"Usage: probe-store [--own] ping COUNT GAP\n"
"           in a guest: COUNT round trips, each GAP ms after the last; their times\n"
"           in ns; with --own by CoKeeper's own client in place of libxenstore\n"
"       probe-store [--own] pong DOMID\n"
"           in domain 0: the other end\n"
"       probe-store write PATH VALUE\n"
"           writes, and prints when, in ns\n"
"       probe-store watch PATH...\n"
"           says 'ready' on standard error; prints the time in ns and the path of each\n"
"           event when SIGTERM ends it\n";

/* A client of XenStore, of which there are two. */
struct client {
	void (*watch)(const char *path);
	void (*wait_event)(void);
	bool (*read)(const char *path, char *value, size_t size);
	void (*write)(const char *path, const char *value);
};

static struct xs_handle *xs;
static struct ck_xs *own;

static void watch(const char *path)
{
	if (!xs_watch(xs, path, ""))
		err(1, "watch %s", path);
}

static void wait_event(void)
{
	unsigned int n;
	char **event;

	event = xs_read_watch(xs, &n);
	if (!event)
		err(1, "next event");
	free(event);
}

static bool read_value(const char *path, char *value, size_t size)
{
	unsigned int len;
	char *text;

	text = xs_read(xs, XBT_NULL, path, &len);
	if (text)
		snprintf(value, size, "%s", text);
	free(text);
	return text;
}

static void write_value(const char *path, const char *value)
{
	if (!xs_write(xs, XBT_NULL, path, value, strlen(value)))
		err(1, "write %s", path);
}

static void own_watch(const char *path)
{
	if (ck_xs_watch(own, path, true))
		errx(1, "watch %s", path);
}

static void own_wait_event(void)
{
	struct pollfd pfd = { .fd = ck_xs_fd(own), .events = POLLIN };
	char path[CK_EVENT_SIZE];
	int ret;

	while (!(ret = ck_xs_next_event(own, path)))
		poll(&pfd, 1, -1);
	if (ret < 0)
		errx(1, "next event: %s", strerror(-ret));
}

static bool own_read_value(const char *path, char *value, size_t size)
{
	struct ck_xs_value text;

	if (ck_xs_read(own, CK_XS_NULL, path, &text))
		return false;
	snprintf(value, size, "%s", text.data);
	return true;
}

static void own_write_value(const char *path, const char *value)
{
	if (ck_xs_write(own, CK_XS_NULL, path, value))
		errx(1, "write %s", path);
}

static const struct client libxenstore = { watch, wait_event, read_value, write_value };
static const struct client own_client = {
	own_watch, own_wait_event, own_read_value, own_write_value
};

static int ping(const struct client *client, unsigned int count, unsigned int gap)
{
	char text[16], answer[16];
	unsigned int i;
	uint64_t start;

	client->write("data/probe/pong", "");
	client->watch("data/probe/pong");
	client->wait_event();
	for (i = 1; i <= count; i++) {
		wait_gap(gap, 0);
		snprintf(text, sizeof(text), "%u", i);
		start = now_ns();
		client->write("data/probe/ping", text);
		do
			client->wait_event();
		while (!client->read("data/probe/pong", answer, sizeof(answer)) ||
		       strcmp(answer, text));
		printf("%" PRIu64 "\n", now_ns() - start);
	}
	return 0;
}

static void __attribute__((noreturn)) pong(const struct client *client, unsigned int domid)
{
	char in[64], out[64], text[16];

	snprintf(in, sizeof(in), "/local/domain/%u/data/probe/ping", domid);
	snprintf(out, sizeof(out), "/local/domain/%u/data/probe/pong", domid);
	client->watch(in);
	client->wait_event();
	for (;;) {
		client->wait_event();
		if (client->read(in, text, sizeof(text)))
			client->write(out, text);
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
	const struct client *client = &libxenstore;

	if (argc > 1 && !strcmp(argv[1], "--own")) {
		client = &own_client;
		argc--;
		argv++;
	}
	if (argc < 3)
		goto bad;
	if (client == &libxenstore)
		xs = xs_open(0);
	if (client == &own_client ? ck_xs_open(&own) < 0 : !xs)
		err(1, "XenStore");
	buffer_output();
	if (!strcmp(argv[1], "ping") && argc == 4)
		return ping(client, number(argv[2]), number(argv[3]));
	if (!strcmp(argv[1], "pong") && argc == 3)
		pong(client, number(argv[2]));
	if (!strcmp(argv[1], "write") && argc == 4) {
		printf("%" PRIu64 "\n", now_ns());
		write_value(argv[2], argv[3]);
		wait_gap(20, 0);	/* its end would take time from the effect */
		return 0;
	}
	if (!strcmp(argv[1], "watch"))
		return watch_paths(argv + 2);
bad:
	fputs(usage, stderr);
	return 2;
}
