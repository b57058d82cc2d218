// SPDX-License-Identifier: GPL-2.0
/* By how much the clocks of two hosts differ: the quickest of many exchanges. */
#include <inttypes.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"

#define PORT	"7123"

static const char usage[] =
"Usage: probe-clock serve            tell others the time\n"
"       probe-clock ask HOST COUNT   prints by how many ns HOST's clock is ahead\n"
"                                    of ours, and the quickest exchange's time\n";

static int open_socket(const char *host, struct addrinfo **ai)
{
	struct addrinfo hints = {
		.ai_family = AF_INET,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = host ? 0 : AI_PASSIVE,
	};
	int fd;

	if (getaddrinfo(host, PORT, &hints, ai))
		errx(1, "unknown host");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		err(1, "socket");
	return fd;
}

static int serve(void)
{
	struct sockaddr_storage from;
	struct addrinfo *ai;
	socklen_t len;
	uint64_t now;
	int fd;

	fd = open_socket(NULL, &ai);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		err(1, "bind");
	for (;;) {
		len = sizeof(from);
		if (recvfrom(fd, &now, sizeof(now), 0, (void *)&from, &len) < 0)
			err(1, "receive");
		now = now_ns();
		sendto(fd, &now, sizeof(now), 0, (void *)&from, len);
	}
}

static int ask(const char *host, unsigned int count)
{
	struct timeval limit = { .tv_sec = 1 };
	uint64_t start, theirs, end, best = UINT64_MAX;
	struct addrinfo *ai;
	int64_t offset = 0;
	unsigned int i;
	int fd;

	fd = open_socket(host, &ai);
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		err(1, "connect");
	for (i = 0; i < count; i++) {
		start = now_ns();
		if (send(fd, &start, sizeof(start), 0) < 0 ||
		    recv(fd, &theirs, sizeof(theirs), 0) != sizeof(theirs))
			continue;
		end = now_ns();
		if (end - start < best) {
			best = end - start;
			offset = theirs - (start + best / 2);
		}
		wait_gap(3, 5);
	}
	if (best == UINT64_MAX)
		errx(1, "%s does not answer", host);
	printf("%" PRId64 " %" PRIu64 "\n", offset, best);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], number(argv[3]));
	fputs(usage, stderr);
	return 2;
}
