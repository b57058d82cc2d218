// SPDX-License-Identifier: GPL-2.0
/* Can a peer hold what a socket sends, and so the socket and its other peers?
 *
 * usage: hold sink
 *        hold feed HOST [SNDBUF]
 *        hold ask HOST COUNT
 *        hold charge HOST ROUNDS [SNDBUF]
 *
 * A feed answers who asks it, and from the first question on sends datagrams to HOST's sink by
 * the same socket, some
 * thousand a second, until there are no more questions; then it prints how many it sent and how
 * long one call took at most. A sink prints how many it got when SIGTERM comes. To ask prints
 * how long the answers took. A charge sends until its socket is full, in each round, and prints in how many it was,
 * and how long it took at most until the socket was charged for nothing any more. Times are in
 * microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FEED_PORT	7100
#define SINK_PORT	7101
#define SIZE		1400
/* How many datagrams a feed sends at once, and how often. */
#define FEED		10
#define FEED_US		2000
/* Between two questions, and between two rounds of charging. */
#define ASK_US		2000
#define ROUND_US	40000
/* More than a socket can be charged for. */
#define CHARGE_MAX	2000
#define LOST_US		1000000

static volatile sig_atomic_t ended;

static void on_signal(int nr)
{
	(void)nr;
	ended = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

static int udp_socket(uint16_t port, int sndbuf)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    (sndbuf && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf))))
		die("socket");
	return fd;
}

static struct sockaddr_in address(const char *host, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		die(host);
	return sin;
}

static bool send_one(int fd, const struct sockaddr_in *to, int flags)
{
	static char buf[SIZE];

	if (sendto(fd, buf, SIZE, flags, (const struct sockaddr *)to, sizeof(*to)) == SIZE)
		return true;
	if (errno != EAGAIN && errno != EINTR)
		die("send");
	return false;
}

static void sink(void)
{
	int fd = udp_socket(SINK_PORT, 0);
	unsigned long n = 0;
	char buf[SIZE];

	while (!ended)
		n += recv(fd, buf, sizeof(buf), 0) == SIZE;
	printf("received %lu\n", n);
}

/* Answers a question, if one comes in time. An empty one is the last. */
static void answer(int fd, int wait_us)
{
	struct timespec wait = { .tv_nsec = wait_us * 1000l };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint32_t number;
	ssize_t size;

	if (ppoll(&pfd, 1, wait_us < 0 ? NULL : &wait, NULL) != 1)
		return;
	size = recvfrom(fd, &number, sizeof(number), 0, (struct sockaddr *)&from, &len);
	if (!size)
		ended = 1;
	else if (size == sizeof(number) &&
		 sendto(fd, &number, size, 0, (struct sockaddr *)&from, len) < 0)
		die("answer");
}

static void feed(const char *host, int sndbuf)
{
	struct sockaddr_in to = address(host, SINK_PORT);
	int fd = udp_socket(FEED_PORT, sndbuf), i;
	uint64_t start, now, longest = 0;
	unsigned long n = 0;

	answer(fd, -1);
	while (!ended) {
		uint64_t next = now_us() + FEED_US;

		for (i = 0; i < FEED && !ended; i++) {
			start = now_us();
			n += send_one(fd, &to, 0);
			now = now_us();
			if (now - start > longest)
				longest = now - start;
			answer(fd, 0);
		}
		while ((now = now_us()) < next && !ended)
			answer(fd, next - now);
	}
	printf("sent %lu longest %" PRIu64 "\n", n, longest);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void ask(const char *host, uint32_t count)
{
	struct sockaddr_in to = address(host, FEED_PORT);
	uint32_t number, got, lost = 0, *time = calloc(count, sizeof(*time));
	int fd = udp_socket(0, 0);

	if (!count || !time || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("count");
	for (number = 0; number < count; number++) {
		uint64_t start = now_us(), passed = 0;
		bool answered = false;

		if (send(fd, &number, sizeof(number), 0) < 0)
			die("ask");
		while (!answered && passed < LOST_US) {
			struct pollfd pfd = { .fd = fd, .events = POLLIN };

			answered = poll(&pfd, 1, LOST_US / 1000) == 1 &&
				   recv(fd, &got, sizeof(got), MSG_DONTWAIT) == sizeof(got) &&
				   got == number;
			passed = now_us() - start;
		}
		lost += !answered;
		time[number] = passed;
		usleep(ASK_US);
	}
	if (send(fd, "", 0, 0))
		die("the last question");
	qsort(time, count, sizeof(*time), compare);
	printf("median %u p99 %u longest %u lost %u\n", time[count / 2],
	       time[count - 1 - count / 100], time[count - 1], lost);
}

static int charged(int fd)
{
	int bytes;

	if (ioctl(fd, SIOCOUTQ, &bytes))
		die("SIOCOUTQ");
	return bytes;
}

static void charge(const char *host, unsigned int rounds, int sndbuf)
{
	struct sockaddr_in to = address(host, SINK_PORT);
	int fd = udp_socket(0, sndbuf), i;
	unsigned int full = 0;
	uint64_t longest = 0;

	while (rounds--) {
		uint64_t since = 0, time;

		for (i = 0; i < CHARGE_MAX && send_one(fd, &to, MSG_DONTWAIT); i++)
			if (!charged(fd))
				since = 0;
			else if (!since)
				since = now_us();
		full += i < CHARGE_MAX;
		while (charged(fd))
			usleep(100);
		time = since ? now_us() - since : 0;
		if (time > longest)
			longest = time;
		usleep(ROUND_US);
	}
	printf("full %u longest %" PRIu64 "\n", full, longest);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	/* Does not restart what it interrupts. */
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	if (!strcmp(mode, "sink")) {
		sink();
	} else if (argc > 2 && !strcmp(mode, "feed")) {
		feed(argv[2], argc > 3 ? atoi(argv[3]) : 0);
	} else if (argc > 3 && !strcmp(mode, "ask")) {
		ask(argv[2], atoi(argv[3]));
	} else if (argc > 3 && !strcmp(mode, "charge")) {
		charge(argv[2], atoi(argv[3]), argc > 4 ? atoi(argv[4]) : 0);
	} else {
		fprintf(stderr, "usage: hold sink\n"
				"       hold feed HOST [SNDBUF]\n"
				"       hold ask HOST COUNT\n"
				"       hold charge HOST ROUNDS [SNDBUF]\n");
		return 2;
	}
	return 0;
}
