// SPDX-License-Identifier: GPL-2.0
/* Sends datagrams in runs that change in one thing or another, and sees whether each arrives
 * as it was sent: at its socket, in order, with its own bytes, length, type of service and
 * hop limit.
 *
 * usage: datagrams serve DEVICE [gro]
 *        datagrams send HOST COUNT [gso]
 *
 * The server ends with its one client, and prints how many datagrams came, how many of
 * DEVICE's packets held several, and how many datagrams a read gave at most. With gro it
 * reads several at once, with gso the client sends several at once, where they are alike.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* And the next ones, one for each flow. */
#define PORT		7002
#define FLOWS		3
/* Runs until an answer is awaited; a socket's buffer has room for all of them. */
#define RUNS		4
#define RUN_MAX		12
#define FILL_MAX	1400
#define BUF_SIZE	65536
#define SEED		1

struct datagram {
	uint32_t number;
	uint32_t seed;
	uint16_t size;
	uint8_t flow;
	uint8_t tos;
	uint8_t ttl;
	uint8_t fill[FILL_MAX];
};

#define HEAD	offsetof(struct datagram, fill)

static void die(const char *what)
{
	fprintf(stderr, "datagrams: %s: %s\n", what, errno ? strerror(errno) : "wrong");
	exit(1);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void fill(struct datagram *d)
{
	uint32_t state = d->seed ^ d->number;
	int i;

	for (i = 0; i < d->size; i++)
		d->fill[i] = next_random(&state);
}

/* @next: the number that the next datagram of @flow has */
static void check(const struct datagram *d, size_t len, int flow, uint32_t next, int tos,
		  int ttl)
{
	static struct datagram expected;

	errno = 0;
	if (len < HEAD || d->size > FILL_MAX || len != HEAD + d->size)
		die("the length of a datagram");
	if (d->flow != flow)
		die("the socket that got a datagram");
	if (d->number != next)
		die("the order of datagrams");
	if (d->tos != tos || d->ttl != ttl)
		die("the type of service or the hop limit of a datagram");
	memcpy(&expected, d, HEAD);
	fill(&expected);
	if (memcmp(d->fill, expected.fill, d->size))
		die("the bytes of a datagram");
}

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt");
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));

	sll.sll_ifindex = if_nametoindex(device);
	if (fd < 0 || !sll.sll_ifindex || bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		die(device);
	return fd;
}

/* The packets that held more than any datagram does. */
static unsigned int count_lists(int fd)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	unsigned int n = 0;
	ssize_t size;
	char byte;

	while ((size = recvfrom(fd, &byte, 1, MSG_TRUNC | MSG_DONTWAIT,
				(struct sockaddr *)&from, &len)) > 0) {
		n += from.sll_pkttype != PACKET_OUTGOING &&
		     size > (ssize_t)sizeof(struct datagram) + 28;
		len = sizeof(from);
	}
	return n;
}

/* Takes what there is at a flow's socket, or waits. Returns the number of datagrams; 0 for
 * an empty one, which asks for an answer; -1 for one of a byte, which is the last.
 */
static int take(int fd, int flow, uint32_t *next)
{
	static char buf[BUF_SIZE], control[128];
	struct sockaddr_in from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	uint16_t gro_size = 0;
	int tos = -1, ttl = -1, n = 0;
	ssize_t len, pos, each;
	struct cmsghdr *c;

	len = recvmsg(fd, &msg, 0);
	if (len < 0)
		die("recvmsg");
	if (len == 1)
		return -1;
	if (!len) {
		sendto(fd, "", 1, 0, (struct sockaddr *)&from, sizeof(from));
		return 0;
	}
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			tos = *(uint8_t *)CMSG_DATA(c);
		else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
		else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&gro_size, CMSG_DATA(c), sizeof(gro_size));
	}
	for (pos = 0; pos < len; pos += each, n++) {
		each = gro_size && gro_size < len - pos ? gro_size : len - pos;
		check((struct datagram *)(buf + pos), each, flow, (*next)++, tos, ttl);
	}
	return n;
}

static int server_socket(uint16_t port, bool gro)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("bind");
	set(fd, IPPROTO_IP, IP_RECVTOS, 1);
	set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	set(fd, IPPROTO_UDP, UDP_GRO, gro);
	return fd;
}

static void serve(const char *device, bool gro)
{
	int packets = packet_socket(device), total = 0, lists = 0, most = 0, n = 0, i;
	uint32_t next[FLOWS] = { 0 };
	struct pollfd pfd[FLOWS];

	for (i = 0; i < FLOWS; i++)
		pfd[i] = (struct pollfd){ server_socket(PORT + i, gro), POLLIN, 0 };
	while (n >= 0) {
		if (poll(pfd, FLOWS, -1) < 0)
			die("poll");
		for (i = 0; i < FLOWS && n >= 0; i++) {
			if (!pfd[i].revents)
				continue;
			n = take(pfd[i].fd, i, &next[i]);
			if (n > 0)
				total += n;
			most = n > most ? n : most;
		}
		lists += count_lists(packets);
	}
	printf("datagrams %d lists %d most %d\n", total, lists, most);
}

/* All flows have the same source port, so that little tells them apart. */
static int connect_to(const char *host, uint16_t port)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    inet_pton(AF_INET, host, &sin.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die(host);
	return fd;
}

static void send_all(int fd, struct mmsghdr *msg, unsigned int n)
{
	unsigned int sent = 0;
	int done;

	for (; sent < n; sent += done) {
		done = sendmmsg(fd, msg + sent, n - sent, 0);
		if (done <= 0)
			die("sendmmsg");
	}
}

/* Sends datagrams of one length by one call (UDP_SEGMENT). */
static void send_as_one(int fd, struct iovec *iov, unsigned int n)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(uint16_t))];
	} control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(uint16_t)),
			.cmsg_level = IPPROTO_UDP,
			.cmsg_type = UDP_SEGMENT,
		},
	};
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = n,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	uint16_t size = iov[0].iov_len;

	memcpy(CMSG_DATA(&control.header), &size, sizeof(size));
	if (sendmsg(fd, &msg, 0) <= 0)
		die("sendmsg");
}

/* Waits until all that was sent by a socket has arrived. */
static void settle(int fd)
{
	char answer;

	if (send(fd, "", 0, 0) || recv(fd, &answer, 1, 0) != 1)
		die("an answer");
}

static void send_runs(const char *host, uint32_t count, bool gso)
{
	static struct datagram datagrams[RUN_MAX];
	uint32_t state = SEED, total = 0, next[FLOWS] = { 0 };
	unsigned int runs = 0, flow;
	uint8_t tos = 0, ttl = 64;
	uint16_t size = 16;
	int fd[FLOWS], i;

	for (i = 0; i < FLOWS; i++)
		fd[i] = connect_to(host, PORT + i);
	/* Not now and then: GRO lets those without a checksum overtake the others. */
	set(fd[0], SOL_SOCKET, SO_NO_CHECK, 1);
	flow = 1;
	while (total < count) {
		unsigned int n, run = 1 + next_random(&state) % RUN_MAX;
		struct mmsghdr msg[RUN_MAX] = { 0 };
		struct iovec iov[RUN_MAX];
		bool alike = true;

		/* All but one thing is as in the run before. */
		switch (next_random(&state) % 7) {
		case 0:
			flow = next_random(&state) % FLOWS;
			break;
		case 1:
			size = next_random(&state) % (FILL_MAX + 1);
			break;
		case 2:
			size = next_random(&state) % 100;
			break;
		case 3:
			tos = next_random(&state) % 64 * 4;
			break;
		case 4:
			ttl = 2 + next_random(&state) % 60;
			break;
		case 5:
			set(fd[flow], IPPROTO_IP, IP_MTU_DISCOVER,
			    next_random(&state) % 2 ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
			break;
		}
		set(fd[flow], IPPROTO_IP, IP_TOS, tos);
		set(fd[flow], IPPROTO_IP, IP_TTL, ttl);
		for (n = 0; n < run; n++) {
			struct datagram *d = &datagrams[n];

			d->number = next[flow]++;
			d->seed = SEED;
			d->flow = flow;
			d->tos = tos;
			d->ttl = ttl;
			/* Now and then one that is shorter or longer than its neighbours. */
			d->size = next_random(&state) % 16 ? size :
				  next_random(&state) % FILL_MAX;
			fill(d);
			iov[n].iov_base = d;
			iov[n].iov_len = HEAD + d->size;
			msg[n].msg_hdr.msg_iov = &iov[n];
			msg[n].msg_hdr.msg_iovlen = 1;
			alike = alike && d->size == datagrams[0].size;
		}
		/* Those without a checksum cannot be sent as one. */
		if (gso && alike && flow)
			send_as_one(fd[flow], iov, n);
		else
			send_all(fd[flow], msg, n);
		total += n;
		if (++runs % RUNS == 0)
			settle(fd[flow]);
	}
	for (i = 0; i < FLOWS; i++)
		settle(fd[i]);
	if (send(fd[flow], "", 1, 0) != 1)
		die("send");
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "serve")) {
		serve(argv[2], argc > 3);
	} else if (argc > 3 && !strcmp(argv[1], "send")) {
		send_runs(argv[2], strtoul(argv[3], NULL, 10), argc > 4);
	} else {
		fprintf(stderr, "usage: datagrams serve DEVICE [gro]\n"
				"       datagrams send HOST COUNT [gso]\n");
		return 2;
	}
	return 0;
}
