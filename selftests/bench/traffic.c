// SPDX-License-Identifier: GPL-2.0
/* Generates traffic and measures it, for scripts/bench.
 *
 * usage: traffic serve
 *        traffic ping HOST SIZE COUNT
 *        traffic tcp_rr|udp_rr HOST SIZE COUNT
 *        traffic tcp_stream HOST SIZE WARM_MS MS [FLOWS [bidir]]
 *        traffic tcp_send HOST SIZE BYTES
 *        traffic udp_stream|udp_flood HOST SIZE MS
 *
 * All but serve talk to a server at HOST and print one line: ping and rr the mean
 * and the median round trip in ns, and ping before these the time of its first
 * request in us since 1970; tcp_stream the bytes per second received; tcp_send
 * nothing; udp_stream the highest bytes per second that arrived without loss, and
 * those that arrived of a flood; udp_flood these alone.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bisect.h"

#define PORT		7000
#define BUF_SIZE	(256 * 1024)
#define BATCH		32
/* The lull after which nothing more of a burst is expected. */
#define QUIET_US	20000
#define NSEC		1000000000ull

enum mode { SINK, SOURCE, TCP_RR, UDP_RR, UDP_SINK };

/* What a client asks of the server at the start of a connection. */
struct request {
	uint32_t mode;
	uint32_t size;
	uint32_t warm_ms;
	uint32_t ms;
};

/* What was received, and the time from the first to the last of it. */
struct result {
	uint64_t bytes;
	uint64_t ns;
};

static char buf[BUF_SIZE];

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static void read_all(int fd, void *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	for (; got < len; got += n) {
		n = recv(fd, (char *)to + got, len - got, 0);
		if (n <= 0)
			die("read");
	}
}

static void write_all(int fd, const void *from, size_t len)
{
	size_t put = 0;
	ssize_t n;

	for (; put < len; put += n) {
		n = send(fd, (const char *)from + put, len - put, MSG_NOSIGNAL);
		if (n <= 0)
			die("write");
	}
}

static void no_delay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("TCP_NODELAY");
}

static struct sockaddr_in address(const char *host, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
		fprintf(stderr, "traffic: '%s' is no IPv4 address\n", host);
		exit(2);
	}
	return sin;
}

/* A request that is lost is an error, not a wait for ever. */
static void expect_answer(int fd)
{
	struct timeval limit = { .tv_sec = 2 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die("SO_RCVTIMEO");
}

static int connect_to(int type, const struct sockaddr_in *sin)
{
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)sin, sizeof(*sin)))
		die("connect");
	return fd;
}

static int ask(const char *host, enum mode mode, uint32_t size, uint32_t warm_ms,
	       uint32_t ms)
{
	struct request request = { mode, size, warm_ms, ms };
	struct sockaddr_in sin = address(host, PORT);
	int fd = connect_to(SOCK_STREAM, &sin);

	write_all(fd, &request, sizeof(request));
	return fd;
}

/* The clock interrupts what is measured just twice, so it costs nothing. */
static struct {
	volatile sig_atomic_t step;
	uint64_t start, end;
	uint64_t bytes_at_start, bytes_at_end;
	uint32_t ms;
} window;
static volatile uint64_t bytes;

static void alarm_in(uint32_t ms)
{
	struct itimerval it = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	if (!ms)
		it.it_value.tv_usec = 1;
	setitimer(ITIMER_REAL, &it, NULL);
}

static void on_alarm(int sig)
{
	(void)sig;
	if (!window.step++) {
		window.start = now();
		window.bytes_at_start = bytes;
		alarm_in(window.ms);
	} else {
		window.end = now();
		window.bytes_at_end = bytes;
	}
}

static void open_window(uint32_t warm_ms, uint32_t ms)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	window.ms = ms;
	sigaction(SIGALRM, &sa, NULL);
	alarm_in(warm_ms);
}

/* Send until the window closes; a little more, so that the other end's does too. */
static void send_stream(int fd, uint32_t size, uint32_t warm_ms, uint32_t ms)
{
	open_window(warm_ms, ms + 10);
	while (window.step < 2)
		write_all(fd, buf, size);
	shutdown(fd, SHUT_WR);
}

static struct result receive_stream(int fd, uint32_t warm_ms, uint32_t ms)
{
	ssize_t n;

	open_window(warm_ms, ms);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		bytes += n;
	if (n < 0)
		die("read");
	if (window.step < 2) {
		/* A fixed number of bytes, or a sender that gave up. */
		window.end = now();
		window.bytes_at_end = bytes;
	}
	return (struct result){ window.bytes_at_end - window.bytes_at_start,
				window.end - window.start };
}

static void serve_rr(int fd, uint32_t size)
{
	no_delay(fd);
	while (recv(fd, buf, size, MSG_WAITALL) == (ssize_t)size)
		write_all(fd, buf, size);
}

/* Answers come from the address that the client asked, be it one of lo. */
static int udp_socket(int control)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || getsockname(control, (struct sockaddr *)&sin, &len))
		die("udp socket");
	sin.sin_port = 0;
	if (bind(fd, (struct sockaddr *)&sin, len) ||
	    getsockname(fd, (struct sockaddr *)&sin, &len))
		die("udp socket");
	write_all(control, &sin.sin_port, sizeof(sin.sin_port));
	return fd;
}

static void serve_udp_rr(int control, uint32_t size)
{
	struct pollfd pfd[2] = { { control, POLLIN, 0 } };
	struct sockaddr_in from;
	socklen_t len;

	pfd[1] = (struct pollfd){ udp_socket(control), POLLIN, 0 };
	for (;;) {
		len = sizeof(from);
		if (recvfrom(pfd[1].fd, buf, size, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len) >= 0) {
			sendto(pfd[1].fd, buf, size, 0, (struct sockaddr *)&from, len);
			continue;
		}
		poll(pfd, 2, -1);
		if (pfd[0].revents)
			return;
	}
}

/* Bursts of datagrams; each ends with a message on the control connection, and is
 * over when then nothing comes any more.
 */
static void serve_udp_sink(int control, uint32_t size)
{
	struct timeval quiet = { .tv_usec = QUIET_US };
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov = { buf, sizeof(buf) };
	int fd = udp_socket(control), i, n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof(quiet));
	for (i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		struct result result = { 0 };
		uint64_t first = 0, last = 0;
		char end;

		for (;;) {
			n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
			if (n > 0) {
				last = now();
				/* What the first call took came before it. */
				if (!first)
					first = last;
				result.bytes += (uint64_t)n * size;
				continue;
			}
			n = recv(control, &end, 1, MSG_DONTWAIT);
			if (!n)
				return;
			if (n == 1)
				break;
		}
		result.ns = last - first;
		write_all(control, &result, sizeof(result));
	}
}

static void serve_one(int fd)
{
	struct request request;
	struct result result;

	read_all(fd, &request, sizeof(request));
	if (request.size > sizeof(buf))
		exit(1);
	switch (request.mode) {
	case SINK:
		result = receive_stream(fd, request.warm_ms, request.ms);
		write_all(fd, &result, sizeof(result));
		break;
	case SOURCE:
		send_stream(fd, request.size, request.warm_ms, request.ms);
		break;
	case TCP_RR:
		serve_rr(fd, request.size);
		break;
	case UDP_RR:
		serve_udp_rr(fd, request.size);
		break;
	case UDP_SINK:
		serve_udp_sink(fd, request.size);
		break;
	}
}

static int serve(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	signal(SIGCHLD, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 64))
		die("listen");
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			die("accept");
		if (!fork()) {
			close(fd);
			serve_one(client);
			exit(0);
		}
		close(client);
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_times(uint64_t *stamp, unsigned int count)
{
	double mean = (double)(stamp[count] - stamp[0]) / count;
	unsigned int i;

	for (i = 0; i < count; i++)
		stamp[i] = stamp[i + 1] - stamp[i];
	qsort(stamp, count, sizeof(*stamp), by_value);
	printf("%.1f %llu\n", mean, (unsigned long long)stamp[count / 2]);
}

static uint64_t *new_stamps(unsigned int count)
{
	uint64_t *stamp = calloc(count + 1, sizeof(*stamp));

	if (!stamp)
		die("memory");
	return stamp;
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void ping(const char *host, uint32_t size, unsigned int count)
{
	struct sockaddr_in sin = address(host, 0);
	struct icmphdr *icmp = (struct icmphdr *)buf, *answer;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	uint64_t *stamp = new_stamps(count);
	struct timespec wall;
	unsigned int i;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("icmp socket");
	expect_answer(fd);
	size = (size + sizeof(*icmp) + 1) & ~1u;
	clock_gettime(CLOCK_REALTIME, &wall);
	stamp[0] = now();
	for (i = 0; i < count; i++) {
		*icmp = (struct icmphdr){ .type = ICMP_ECHO };
		icmp->un.echo.id = htons(getpid());
		icmp->un.echo.sequence = htons(i);
		icmp->checksum = checksum(buf, size);
		if (send(fd, buf, size, 0) < 0)
			die("ping");
		do {
			if (recv(fd, buf, sizeof(buf), 0) < 0)
				die("ping");
			answer = (struct icmphdr *)(buf + (buf[0] & 0xf) * 4);
		} while (answer->type != ICMP_ECHOREPLY ||
			 answer->un.echo.id != htons(getpid()) ||
			 answer->un.echo.sequence != htons(i));
		stamp[i + 1] = now();
	}
	printf("%llu ", wall.tv_sec * 1000000ull + wall.tv_nsec / 1000);
	print_times(stamp, count);
}

/* Some requests go before, so that no handshake is measured. */
static void rr(int fd, uint32_t size, unsigned int count)
{
	uint64_t *stamp = new_stamps(count);
	int i, before = 8;

	expect_answer(fd);
	for (i = -before; i <= (int)count; i++) {
		if (i >= 0)
			stamp[i] = now();
		if (i < (int)count &&
		    (send(fd, buf, size, 0) != (ssize_t)size ||
		     recv(fd, buf, size, MSG_WAITALL) != (ssize_t)size))
			die("request");
	}
	print_times(stamp, count);
}

static void tcp_rr(const char *host, uint32_t size, unsigned int count)
{
	int fd = ask(host, TCP_RR, size, 0, 0);

	no_delay(fd);
	rr(fd, size, count);
}

static int udp_to(const char *host, int control)
{
	struct sockaddr_in sin = address(host, 0);

	read_all(control, &sin.sin_port, sizeof(sin.sin_port));
	return connect_to(SOCK_DGRAM, &sin);
}

static void udp_rr(const char *host, uint32_t size, unsigned int count)
{
	int control = ask(host, UDP_RR, size, 0, 0);

	rr(udp_to(host, control), size, count);
}

static void one_flow(const char *host, bool send, uint32_t size, uint32_t warm_ms,
		     uint32_t ms, int out)
{
	int fd = ask(host, send ? SINK : SOURCE, size, warm_ms, ms);
	struct result result;

	if (send) {
		send_stream(fd, size, warm_ms, ms);
		read_all(fd, &result, sizeof(result));
	} else {
		result = receive_stream(fd, warm_ms, ms);
	}
	if (write(out, &result, sizeof(result)) != sizeof(result))
		die("write");
}

/* Each flow is a process of its own; with @bidir every other one comes back. */
static void tcp_stream(const char *host, uint32_t size, uint32_t warm_ms,
		       uint32_t ms, unsigned int flows, bool bidir)
{
	struct result result;
	double rate = 0;
	unsigned int i;
	int out[2];

	if (pipe(out))
		die("pipe");
	for (i = 0; i < flows; i++) {
		if (!fork()) {
			close(out[0]);
			one_flow(host, !bidir || i % 2 == 0, size, warm_ms, ms, out[1]);
			exit(0);
		}
	}
	close(out[1]);
	for (i = 0; i < flows; i++) {
		if (read(out[0], &result, sizeof(result)) != sizeof(result) || !result.ns)
			die("a flow");
		rate += result.bytes * (double)NSEC / result.ns;
	}
	printf("%.0f\n", rate);
}

static void tcp_send(const char *host, uint32_t size, uint64_t total)
{
	int fd = ask(host, SINK, size, 1 << 20, 0);
	struct result result;
	uint64_t sent;

	for (sent = 0; sent < total; sent += size)
		write_all(fd, buf, size);
	shutdown(fd, SHUT_WR);
	read_all(fd, &result, sizeof(result));
}

struct burst {
	const char *host;
	int control;
	int fd;
	uint32_t size;
	uint32_t ms;
};

static void sleep_until(uint64_t t)
{
	struct timespec ts = { t / NSEC, t % NSEC };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Send one burst at @rate datagrams a second, 0 for as fast as can be. Sleeps
 * between batches: spinning would take the receiver's time where one thread
 * emulates all processors.
 */
static struct probe send_burst(void *arg, double rate)
{
	struct burst *b = arg;
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov = { buf, b->size };
	unsigned int batch = BATCH, i;
	uint64_t start, end, sent = 0;
	struct probe probe = { 0 };
	struct result result;
	int n;

	for (i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	if (rate && rate / 5000 < BATCH)
		batch = rate < 5000 ? 1 : rate / 5000;
	start = now();
	end = start + b->ms * 1000000ull;
	while (now() < end) {
		n = sendmmsg(b->fd, msg, batch, 0);
		if (n < 0)
			die("sendmmsg");
		sent += n;
		if (rate)
			sleep_until(start + sent / rate * NSEC);
	}
	probe.offered = (double)sent * NSEC / (now() - start);
	write_all(b->control, "", 1);
	read_all(b->control, &result, sizeof(result));
	probe.lost = sent * b->size - result.bytes;
	if (result.ns)
		probe.received = (double)result.bytes / b->size * NSEC / result.ns;
	return probe;
}

static void udp_stream(const char *host, uint32_t size, uint32_t ms, bool flood_only)
{
	struct burst burst = { .host = host, .size = size, .ms = ms };
	struct probe flood;

	prctl(PR_SET_TIMERSLACK, 1);
	burst.control = ask(host, UDP_SINK, size, 0, 0);
	burst.fd = udp_to(host, burst.control);
	flood = send_burst(&burst, 0);
	if (!flood_only)
		printf("%.0f ", highest_lossless(send_burst, &burst, &flood) * size);
	printf("%.0f\n", flood.received * size);
}

static unsigned long number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*end || !n) {
		fprintf(stderr, "traffic: '%s' is no number\n", s);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *host = argv[2];
	unsigned long n[4] = { 0, 0, 0, 1 };
	int i;

	for (i = 3; i < argc && i < 7; i++)
		n[i - 3] = number(argv[i]);
	if (n[0] > sizeof(buf)) {
		fprintf(stderr, "traffic: at most %zu bytes\n", sizeof(buf));
		return 2;
	}
	if (!strcmp(what, "serve") && argc == 2)
		return serve();
	else if (!strcmp(what, "ping") && argc == 5)
		ping(host, n[0], n[1]);
	else if (!strcmp(what, "tcp_rr") && argc == 5)
		tcp_rr(host, n[0], n[1]);
	else if (!strcmp(what, "udp_rr") && argc == 5)
		udp_rr(host, n[0], n[1]);
	else if (!strcmp(what, "tcp_stream") && argc >= 6 && argc <= 8)
		tcp_stream(host, n[0], n[1], n[2], n[3], argc == 8);
	else if (!strcmp(what, "tcp_send") && argc == 5)
		tcp_send(host, n[0], n[1]);
	else if (!strcmp(what, "udp_stream") && argc == 5)
		udp_stream(host, n[0], n[1], false);
	else if (!strcmp(what, "udp_flood") && argc == 5)
		udp_stream(host, n[0], n[1], true);
	else {
		fputs("usage: see the head of selftests/bench/traffic.c\n", stderr);
		return 2;
	}
	return 0;
}
