// SPDX-License-Identifier: GPL-2.0
/* Sockets for the cases of check-parity: says in words what arrived, and how. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For an answer; for those that are on their way already, on a busy machine, longer. */
#define WAIT_MS 2000
#define STREAM_WAIT_S 20

static const char usage[] =
"probe serve [-d DEVICE] [-t] tcp|sctp|udp PORT    answers each request with what it knows of it\n"
"  -t  also for addresses that are not local\n"
"probe ask [OPTION...] tcp|sctp|udp ADDRESS PORT [BYTES]    asks it and prints the answer\n"
"  -d DEVICE  bound to a device        -s ADDRESS  from this source\n"
"  -q TOS     type of service          -t TTL      time to live\n"
"  -m MARK    mark of the socket       -g BYTES    UDP_SEGMENT\n"
"  -n N       datagrams, answers are counted\n"
"  -T         print the software time stamp of sending, not the answer\n"
"  -z         with MSG_ZEROCOPY; print its notification, not the answer\n"
"probe sniff DEVICE PORT    counts frames from or to a port until SIGTERM\n"
"probe inject DEVICE MAC SOURCE DESTINATION PORT    sends a UDP packet as a raw frame\n"
"probe tun NAME NAME    joins two new tun devices, and on SIGTERM says what passed\n"
"probe drop DEVICE generic|native    attaches an XDP program that drops all, until SIGTERM\n";

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static int number(const char *text)
{
	char *rest;
	long n = strtol(text, &rest, 0);

	if (*rest || rest == text) {
		fprintf(stderr, "'%s' is no number\n", text);
		exit(2);
	}
	return n;
}

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail("socket option %d %d", level, name);
}

static void bind_device(int fd, const char *device)
{
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)))
		fail("cannot bind to %s", device);
}

/* An address as users write it: IPv4 also where it came by an IPv6 socket. */
static const char *address(const struct sockaddr_in6 *sa)
{
	static char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &sa->sin6_addr, text, sizeof(text));
	return strncmp(text, "::ffff:", 7) ? text : text + 7;
}

static unsigned char pattern(size_t i)
{
	return i * 7 + i / 251;
}

static int protocol(const char *name)
{
	return strcmp(name, "sctp") ? 0 : IPPROTO_SCTP;
}

/* --- serve */

/* Of TCP all until the other end is done, of SCTP, which has no half-closed state, a message. */
static void serve_stream(int fd, bool message)
{
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);
		unsigned char buf[65536];
		size_t total = 0;
		bool same = true;
		ssize_t n, i;
		int c = accept(fd, (struct sockaddr *)&from, &len);

		if (c < 0)
			fail("accept");
		while ((n = read(c, buf, sizeof(buf))) > 0) {
			for (i = 0; i < n; i++)
				same &= buf[i] == pattern(total++);
			if (message)
				break;
		}
		dprintf(c, "from %s %zu bytes%s\n", address(&from), total, same ? "" : ", changed");
		close(c);
	}
}

static void serve_datagrams(int fd)
{
	set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	set(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
	set(fd, SOL_IPV6, IPV6_RECVTCLASS, 1);
	set(fd, SOL_IP, IP_RECVTTL, 1);
	set(fd, SOL_IP, IP_RECVTOS, 1);
	set(fd, SOL_IP, IP_PKTINFO, 1);
	for (;;) {
		struct sockaddr_in6 from;
		static unsigned char buf[65536];
		char control[256], name[IF_NAMESIZE] = "?", answer[256];
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from),
				      .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, 0), i;
		int ttl = -1, tos = 0;
		struct cmsghdr *c;
		bool same = true;

		if (n < 0)
			continue;
		for (i = 0; i < n; i++)
			same &= buf[i] == pattern(i);
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			void *data = CMSG_DATA(c);

			if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO)
				if_indextoname(((struct in_pktinfo *)data)->ipi_ifindex, name);
			else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO)
				if_indextoname(((struct in6_pktinfo *)data)->ipi6_ifindex, name);
			else if (c->cmsg_type == (c->cmsg_level == SOL_IP ? IP_TTL : IPV6_HOPLIMIT))
				ttl = *(int *)data;
			else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS)
				tos = *(unsigned char *)data;
			else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS)
				tos = *(int *)data;
		}
		snprintf(answer, sizeof(answer), "from %s by %s ttl %d tos %d %zd bytes%s\n",
			 address(&from), name, ttl, tos, n, same ? "" : ", changed");
		/* From the address that was asked. */
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO)
				break;
		msg.msg_control = c;
		msg.msg_controllen = c ? CMSG_SPACE(sizeof(struct in6_pktinfo)) : 0;
		if (c)
			((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
		iov = (struct iovec){ answer, strlen(answer) };
		sendmsg(fd, &msg, 0);
	}
}

static int serve(int argc, char **argv)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	const char *device = NULL;
	bool transparent = false, stream;
	int fd, opt;

	while ((opt = getopt(argc, argv, "d:t")) != -1) {
		switch (opt) {
		case 'd': device = optarg; break;
		case 't': transparent = true; break;
		default: return 2;
		}
	}
	if (argc - optind != 2)
		return 2;
	stream = strcmp(argv[optind], "udp");
	sa.sin6_port = htons(number(argv[optind + 1]));
	fd = socket(AF_INET6, stream ? SOCK_STREAM : SOCK_DGRAM, protocol(argv[optind]));
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_IPV6, IPV6_V6ONLY, 0);
	/* What comes at once is not lost for want of memory. */
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22);
	if (transparent)
		set(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
	bind_device(fd, device);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || (stream && listen(fd, 16)))
		fail("cannot listen at port %s", argv[optind + 1]);
	puts("ready");
	if (stream)
		serve_stream(fd, protocol(argv[optind]));
	else
		serve_datagrams(fd);
	return 0;
}

/* --- ask */

static void error_queue(int fd, bool stamps)
{
	struct pollfd p = { .fd = fd };
	char control[512], buf[2048];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (poll(&p, 1, WAIT_MS) < 1 || recvmsg(fd, &msg, MSG_ERRQUEUE) < 0) {
		puts(stamps ? "no time stamp" : "no notification");
		return;
	}
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err *e = (void *)CMSG_DATA(c);
		struct scm_timestamping *t = (void *)CMSG_DATA(c);

		if (stamps && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
			puts(t->ts[0].tv_sec ? "software time stamp" : "no software time stamp");
		else if (!stamps && c->cmsg_type == IP_RECVERR)
			puts(e->ee_origin == SO_EE_ORIGIN_ZEROCOPY ? "sent" : strerror(e->ee_errno));
	}
}

static int ask(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *to, *from;
	const char *device = NULL, *source = NULL;
	int tos = -1, ttl = -1, mark = 0, segment = 0, wanted = 1, flags = 0;
	struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
	bool stamps = false, zerocopy = false;
	int fd, opt, i, answers = 0;
	static char buf[1 << 26];
	size_t bytes, sent = 0;
	ssize_t n;

	while ((opt = getopt(argc, argv, "d:s:q:t:m:g:n:Tz")) != -1) {
		switch (opt) {
		case 'd': device = optarg; break;
		case 's': source = optarg; break;
		case 'q': tos = number(optarg); break;
		case 't': ttl = number(optarg); break;
		case 'm': mark = number(optarg); break;
		case 'g': segment = number(optarg); break;
		case 'n': wanted = number(optarg); break;
		case 'T': stamps = true; break;
		case 'z': zerocopy = true; break;
		default: return 2;
		}
	}
	if (argc - optind < 3 || argc - optind > 4)
		return 2;
	hints.ai_socktype = strcmp(argv[optind], "udp") ? SOCK_STREAM : SOCK_DGRAM;
	bytes = argc - optind == 4 ? number(argv[optind + 3]) : 1;
	if (bytes > sizeof(buf) || getaddrinfo(argv[optind + 1], argv[optind + 2], &hints, &to))
		return 2;
	for (sent = 0; sent < bytes; sent++)
		buf[sent] = pattern(segment ? sent % segment : sent);
	fd = socket(to->ai_family, to->ai_socktype, protocol(argv[optind]));
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22);
	bind_device(fd, device);
	if (mark)
		set(fd, SOL_SOCKET, SO_MARK, mark);
	if (tos >= 0)
		set(fd, to->ai_family == AF_INET ? SOL_IP : SOL_IPV6,
		    to->ai_family == AF_INET ? IP_TOS : IPV6_TCLASS, tos);
	if (ttl >= 0)
		set(fd, to->ai_family == AF_INET ? SOL_IP : SOL_IPV6,
		    to->ai_family == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS, ttl);
	if (segment)
		set(fd, SOL_UDP, UDP_SEGMENT, segment);
	if (stamps)
		set(fd, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	if (zerocopy) {
		set(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
		flags = MSG_ZEROCOPY;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (source && (getaddrinfo(source, NULL, &hints, &from) || bind(fd, from->ai_addr, from->ai_addrlen)))
		fail("cannot bind to %s", source);
	if (connect(fd, to->ai_addr, to->ai_addrlen)) {
		puts(errno == EINPROGRESS ? "no answer" : strerror(errno));
		return 0;
	}
	if (to->ai_socktype == SOCK_STREAM)
		wait.tv_sec = STREAM_WAIT_S;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	for (i = 0; i < (segment || to->ai_socktype == SOCK_STREAM ? 1 : wanted); i++) {
		sent = 0;
		do {
			n = send(fd, buf + sent, bytes - sent, flags);
			if (n < 0) {
				puts(errno == EAGAIN ? "no answer" : strerror(errno));
				return 0;
			}
			sent += n;
		} while (sent < bytes);
	}
	if (stamps || zerocopy) {
		error_queue(fd, stamps);
		return 0;
	}
	if (to->ai_socktype == SOCK_STREAM && !protocol(argv[optind]))
		shutdown(fd, SHUT_WR);
	while (answers < wanted) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0) {
			if (wanted == 1)
				puts(n == 0 ? "no more" : errno == EAGAIN ? "no answer" : strerror(errno));
			break;
		}
		answers++;
		if (wanted == 1)
			printf("%.*s", (int)n, buf);
	}
	if (wanted > 1)
		printf("%d of %d answers\n", answers, wanted);
	return 0;
}

/* --- packets as they are */

static unsigned int sum(const void *data, size_t len, unsigned int s)
{
	const unsigned char *p = data;

	for (; len > 1; len -= 2, p += 2)
		s += p[0] << 8 | p[1];
	if (len)
		s += p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

struct packet {
	const char *protocol;
	size_t len;			/* of the IP packet */
	bool valid;			/* all checksums */
	int sport, dport;
};

/* Takes an IP packet apart; false for what is neither TCP nor UDP, and for fragments. */
static bool parse(const unsigned char *p, size_t len, struct packet *k)
{
	unsigned int proto, pseudo, l4;

	if (len < 20)
		return false;
	if (p[0] >> 4 == 4) {
		if ((p[6] & 0x3f) || p[7])
			return false;
		l4 = (p[0] & 15) * 4;
		k->len = p[2] << 8 | p[3];
		proto = p[9];
		k->valid = sum(p, l4, 0) == 0xffff;
		pseudo = sum(p + 12, 8, proto + k->len - l4);
	} else if (p[0] >> 4 == 6 && len >= 40) {
		l4 = 40;
		k->len = 40 + (p[4] << 8 | p[5]);
		proto = p[6];
		k->valid = true;
		pseudo = sum(p + 8, 32, proto + k->len - l4);
	} else {
		return false;
	}
	if ((proto != IPPROTO_TCP && proto != IPPROTO_UDP) || len < k->len || k->len < l4 + 8)
		return false;
	k->protocol = proto == IPPROTO_TCP ? "tcp" : "udp";
	k->valid &= sum(p + l4, k->len - l4, pseudo) == 0xffff;
	k->sport = p[l4] << 8 | p[l4 + 1];
	k->dport = p[l4 + 2] << 8 | p[l4 + 3];
	return true;
}

/* What came in order of kind; of TCP only that it came, since its packets vary. */
static struct kind {
	char text[64];
	unsigned int count;
} kinds[16];

static void count(const char *text)
{
	struct kind *k = kinds;

	while (k->count && strcmp(k->text, text))
		k++;
	if (k < kinds + 15) {
		snprintf(k->text, sizeof(k->text), "%s", text);
		k->count++;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((struct kind *)a)->text, ((struct kind *)b)->text);
}

static void print_counts(void)
{
	struct kind *k = kinds;

	while (k->count)
		k++;
	qsort(kinds, k - kinds, sizeof(*k), by_text);
	if (k == kinds)
		puts("nothing");
	for (k = kinds; k->count; k++) {
		if (strstr(k->text, "tcp"))
			puts(k->text);
		else
			printf("%s %u\n", k->text, k->count);
	}
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (!sll.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		fail("no packet socket at %s", device);
	return fd;
}

static int sniff(int argc, char **argv)
{
	int fd, port;

	if (argc != 3)
		return 2;
	fd = packet_socket(argv[1]);
	port = number(argv[2]);
	set(fd, SOL_PACKET, PACKET_AUXDATA, 1);
	puts("ready");
	for (;;) {
		static unsigned char buf[1 << 17];
		char control[128], text[64];
		struct sockaddr_ll from;
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from),
				      .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, ended ? MSG_DONTWAIT : 0);
		struct tpacket_auxdata *aux = NULL;
		struct cmsghdr *c;
		struct packet k;

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < ETH_HLEN || !parse(buf + ETH_HLEN, n - ETH_HLEN, &k) ||
		    (k.sport != port && k.dport != port))
			continue;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
				aux = (void *)CMSG_DATA(c);
		snprintf(text, sizeof(text), "%s %s checksum %s",
			 from.sll_pkttype == PACKET_OUTGOING ? "out" : "in", k.protocol,
			 k.valid ? "valid" :
			 aux && aux->tp_status & TP_STATUS_CSUMNOTREADY ? "not ready" : "wrong");
		count(text);
	}
	print_counts();
	return 0;
}

static int inject(int argc, char **argv)
{
	unsigned char f[ETH_HLEN + 20 + 8 + 1] = { 0 }, *ip = f + ETH_HLEN, *udp = ip + 20;
	struct ifreq ifr = { 0 };
	unsigned int s;
	int fd, port;

	if (argc != 6 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", f, f + 1, f + 2, f + 3, f + 4, f + 5) != 6)
		return 2;
	fd = packet_socket(argv[1]);
	port = number(argv[5]);
	strncpy(ifr.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		fail("no hardware address");
	memcpy(f + 6, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	f[12] = ETH_P_IP >> 8;
	memcpy(ip, "\x45\0\0\x1d\0\0\0\0\x40\x11", 10);
	if (inet_pton(AF_INET, argv[3], ip + 12) != 1 || inet_pton(AF_INET, argv[4], ip + 16) != 1)
		return 2;
	s = ~sum(ip, 20, 0);
	ip[10] = s >> 8;
	ip[11] = s;
	udp[0] = udp[2] = port >> 8;
	udp[1] = udp[3] = port;
	udp[5] = 9;
	s = ~sum(udp, 9, sum(ip + 12, 8, IPPROTO_UDP + 9));
	udp[6] = s >> 8;
	udp[7] = s;
	if (send(fd, f, sizeof(f), 0) < 0)
		fail("cannot send");
	return 0;
}

static int open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		fail("no tun device");
	return fd;
}

static int tun(int argc, char **argv)
{
	struct pollfd p[2];
	int i;

	if (argc != 3)
		return 2;
	for (i = 0; i < 2; i++)
		p[i] = (struct pollfd){ .fd = open_tun(argv[i + 1]), .events = POLLIN };
	puts("ready");
	while (!ended) {
		static unsigned char buf[1 << 17];
		struct packet k;
		char text[64];
		ssize_t n;

		if (poll(p, 2, -1) < 1)
			continue;
		for (i = 0; i < 2; i++) {
			if (!(p[i].revents & POLLIN))
				continue;
			n = read(p[i].fd, buf, sizeof(buf));
			if (n > 0 && parse(buf, n, &k)) {
				snprintf(text, sizeof(text), "%s checksum %s%s", k.protocol,
					 k.valid ? "valid" : "wrong", n > 1500 ? ", too long" : "");
				count(text);
			}
			if (n > 0 && write(p[!i].fd, buf, n) < 0)
				continue;
		}
	}
	print_counts();
	return 0;
}

/* --- XDP */

static int drop(int argc, char **argv)
{
	const struct bpf_insn insns[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = sizeof(insns) / sizeof(*insns),
				.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL" };
	int program;

	if (argc != 3)
		return 2;
	program = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		fail("cannot load the program");
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = program;
	attr.link_create.target_ifindex = if_nametoindex(argv[1]);
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = strcmp(argv[2], "native") ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	if (syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) < 0)
		fail("cannot attach the program");
	puts("ready");
	while (!ended)
		pause();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "serve", serve }, { "ask", ask }, { "sniff", sniff },
		{ "inject", inject }, { "tun", tun }, { "drop", drop },
	};
	const struct sigaction action = { .sa_handler = end };
	int status = 2;
	size_t i;

	setlinebuf(stdout);
	sigaction(SIGTERM, &action, NULL);
	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			status = commands[i].run(argc - 1, argv + 1);
	if (status == 2)
		fputs(usage, stderr);
	return status;
}
