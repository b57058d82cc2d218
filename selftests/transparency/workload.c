// SPDX-License-Identifier: GPL-2.0
/* Traffic that lasts while something happens, for check-transparency: every byte is verified,
 * and at the end one line of JSON says how it fared.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
"workload serve [PORT]            sends all that comes by TCP and UDP back, until SIGTERM\n"
"workload echo ADDRESS [PORT]     a stream by TCP, of which each byte is to come back\n"
"workload connect ADDRESS [PORT]  many short connections, of which each is such a stream\n"
"workload udp ADDRESS [PORT]      numbered datagrams, of which each is to come back\n"
"workload lines KEY COMMAND...    a command of which each line of output has a number after KEY\n"
"workload run COMMAND...          runs a command over and over, which is to succeed\n"
"workload fill BYTES SEED         prints bytes that look random\n"
"\n"
"With PACE_MS in the environment that is the time between two chunks, connections or datagrams.\n"
"\n"
"All but serve and fill print 'ready' when answers come. After SIGUSR1 they print 'again' once\n"
"more of them have come. SIGUSR2 says that the other end is a new one: what is under way is\n"
"given up and begun anew, which counts as an error. At SIGTERM they print a line of JSON:\n"
"  stall_ms       longest time between two answers, or runs that succeeded\n"
"  received       answers, or runs that succeeded\n"
"  lost           datagrams without an answer; connections and runs that failed\n"
"  longest_loss   of datagrams, the most in a row\n"
"  reordered      datagrams that came after a later one; of TCP, what the sender noticed\n"
"  duplicated     datagrams that came more than once\n"
"  retransmitted  segments of TCP\n"
"  wrong          answers that are not what was sent\n"
"  errors         connections and runs that failed, and what the kernel told of datagrams\n"
"  error          the first of these\n";

#define NSEC		1000000000ull
#define MSEC		1000000ull
#define SEED		1
#define PORT		"7100"
/* Between two chunks of a stream, two datagrams, two connections; two runs of a command. */
#define ECHO_PACE	(40 * MSEC)
#define UDP_PACE	(20 * MSEC)
#define CONNECT_PACE	(100 * MSEC)
#define RUN_PACE	(200 * MSEC)
/* Before something that failed is tried again. */
#define RETRY_PACE	(100 * MSEC)
/* For what is on its way at the end. */
#define LAST_WAIT	(2 * NSEC)
/* Of a stream that may be on its way. */
#define IN_FLIGHT_MAX	262144
#define CHUNK_MAX	65536
#define DATAGRAM_MAX	1400
#define SHORT_MAX	2048
#define SEQ_MAX		(1 << 22)

static struct {
	uint64_t received, lost, longest_loss, reordered, duplicated, retransmitted, wrong, errors;
	uint64_t stall, last;
	char error[160];
	/* Answers until 'ready' or 'again'; for none, nothing is to be said. */
	int missing;
	const char *word;
} fig;

static int signals = -1;
static bool ended, abandoned;
/* Answers that show that all is well. */
static int enough = 20;
/* If another one is asked for. */
static uint64_t other_pace;

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static uint64_t pace(uint64_t usual)
{
	return other_pace ? other_pace : usual;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Writes the bytes of a stream from @pos on. */
static void fill(uint64_t stream, uint64_t pos, void *to, size_t len)
{
	unsigned char *p = to;
	uint64_t word = 0;
	size_t i;

	for (i = 0; i < len; i++, pos++) {
		if (!i || pos % 8 == 0)
			word = mix((stream << 40) + pos / 8 + 0x9e3779b97f4a7c15);
		p[i] = word >> pos % 8 * 8;
	}
}

static uint32_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15;
	return mix(*state) >> 32;
}

static void failed(const char *format, ...)
{
	va_list args;

	fig.errors++;
	if (fig.error[0])
		return;
	va_start(args, format);
	vsnprintf(fig.error, sizeof(fig.error), format, args);
	va_end(args);
}

static void answered(void)
{
	uint64_t t = now();

	if (fig.last && t - fig.last > fig.stall)
		fig.stall = t - fig.last;
	fig.last = t;
	fig.received++;
	if (fig.missing && !--fig.missing) {
		puts(fig.word);
		fflush(stdout);
	}
}

static void await_answers(const char *word)
{
	fig.missing = enough;
	fig.word = word;
}

static void report(void)
{
	char *c;

	if (fig.last && now() - fig.last > fig.stall)
		fig.stall = now() - fig.last;
	for (c = fig.error; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = ' ';
	printf("{\"stall_ms\":%.3f,\"received\":%lu,\"lost\":%lu,\"longest_loss\":%lu,"
	       "\"reordered\":%lu,\"duplicated\":%lu,\"retransmitted\":%lu,\"wrong\":%lu,"
	       "\"errors\":%lu,\"error\":\"%s\"}\n",
	       fig.stall / 1e6, fig.received, fig.lost, fig.longest_loss, fig.reordered,
	       fig.duplicated, fig.retransmitted, fig.wrong, fig.errors, fig.error);
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			await_answers("again");
		else if (info.ssi_signo == SIGUSR2)
			abandoned = true;
		else if (info.ssi_signo != SIGCHLD)
			ended = true;
	}
}

static void catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		die("sigprocmask");
	signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals < 0)
		die("signalfd");
}

/* Waits for @events at @fd, a signal, or until @until. Returns the events. */
static int wait_for(int fd, int events, uint64_t until)
{
	struct pollfd pfd[2] = { { signals, POLLIN, 0 }, { fd, events, 0 } };
	struct timespec ts = { 0, 0 };
	uint64_t t = now();

	if (until > t)
		ts = (struct timespec){ (until - t) / NSEC, (until - t) % NSEC };
	if (ppoll(pfd, 2, &ts, NULL) < 0)
		return 0;
	if (pfd[0].revents)
		take_signals();
	return pfd[1].revents;
}

static void pause_for(uint64_t time)
{
	uint64_t until = now() + time;

	while (!ended && now() < until)
		wait_for(-1, 0, until);
}

/* --- the server */

struct connection {
	int fd;
	size_t len, done;
	char buf[CHUNK_MAX];
};

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt");
}

static int server_socket(int type, const char *port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ||
	    (type == SOCK_STREAM && listen(fd, 128)))
		die("bind");
	return fd;
}

static void watch(int epoll, int op, int fd, struct connection *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(epoll, op, fd, &ev))
		die("epoll_ctl");
}

static void echo_datagrams(int fd)
{
	static char buf[CHUNK_MAX];
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) >= 0) {
		sendto(fd, buf, n, 0, (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
}

/* Returns false when the connection is over. */
static bool echo_stream(struct connection *c)
{
	ssize_t n;

	for (;;) {
		while (c->done < c->len) {
			n = send(c->fd, c->buf + c->done, c->len - c->done, 0);
			if (n < 0)
				return errno == EAGAIN;
			c->done += n;
		}
		n = recv(c->fd, c->buf, sizeof(c->buf), 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		c->len = n;
		c->done = 0;
	}
}

static void serve(const char *port)
{
	static struct connection listener, datagrams, told;
	int epoll = epoll_create1(0), fd;
	struct epoll_event ev;
	struct connection *c;

	listener.fd = server_socket(SOCK_STREAM, port);
	datagrams.fd = server_socket(SOCK_DGRAM, port);
	set(datagrams.fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	watch(epoll, EPOLL_CTL_ADD, listener.fd, &listener, EPOLLIN);
	watch(epoll, EPOLL_CTL_ADD, datagrams.fd, &datagrams, EPOLLIN);
	watch(epoll, EPOLL_CTL_ADD, signals, &told, EPOLLIN);
	puts("ready");
	fflush(stdout);
	while (!ended) {
		if (epoll_wait(epoll, &ev, 1, -1) != 1)
			continue;
		c = ev.data.ptr;
		if (c == &told) {
			take_signals();
		} else if (c == &datagrams) {
			echo_datagrams(c->fd);
		} else if (c == &listener) {
			fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK);
			if (fd < 0)
				continue;
			c = calloc(1, sizeof(*c));
			if (!c)
				die("calloc");
			c->fd = fd;
			set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
			watch(epoll, EPOLL_CTL_ADD, fd, c, EPOLLIN | EPOLLOUT | EPOLLET);
		} else if (!echo_stream(c)) {
			close(c->fd);
			free(c);
		}
	}
}

/* --- TCP */

static int open_socket(const char *address, const char *port, int type)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	bool v6 = strchr(address, ':');
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		die("socket");
	if (inet_pton(v6 ? AF_INET6 : AF_INET, address,
		      v6 ? (void *)&sin6.sin6_addr : (void *)&sin.sin_addr) != 1) {
		errno = EINVAL;
		die(address);
	}
	if (type == SOCK_STREAM)
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	status = v6 ? connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)) :
		      connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	if (!status || errno == EINPROGRESS)
		return fd;
	failed("connect: %s", strerror(errno));
	close(fd);
	return -1;
}

static void close_tcp(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (!getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len)) {
		fig.retransmitted += info.tcpi_total_retrans;
		fig.reordered += info.tcpi_reord_seen;
	}
	close(fd);
}

struct stream {
	uint64_t number, limit, sent, received, next_at;
	/* A chunk that was begun. */
	uint64_t chunk;
};

/* Sends what is due. Returns false if the connection failed. */
static bool send_due(int fd, struct stream *s, uint64_t *random)
{
	static unsigned char buf[CHUNK_MAX];
	ssize_t n;

	if (!s->chunk && now() >= s->next_at && s->sent < s->limit &&
	    s->sent - s->received < IN_FLIGHT_MAX) {
		/* Most are small, and some are larger than any packet. */
		s->chunk = 1 + next_random(random) % (next_random(random) % 16 ? 1400 : CHUNK_MAX);
		if (s->chunk > s->limit - s->sent)
			s->chunk = s->limit - s->sent;
		s->next_at = now() + pace(ECHO_PACE);
	}
	while (s->chunk) {
		fill(s->number, s->sent, buf, s->chunk);
		n = send(fd, buf, s->chunk, 0);
		if (n < 0 && errno != EAGAIN)
			failed("send: %s", strerror(errno));
		if (n < 0)
			return errno == EAGAIN;
		s->sent += n;
		s->chunk -= n;
	}
	return true;
}

/* Takes what came back. Returns false if the connection failed. */
static bool receive_some(int fd, struct stream *s)
{
	static unsigned char buf[CHUNK_MAX], expected[CHUNK_MAX];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0) {
		failed("receive: %s", n ? strerror(errno) : "the other end closed");
		return false;
	}
	fill(s->number, s->received, expected, n);
	if (s->received + n > s->sent || memcmp(buf, expected, n)) {
		fig.wrong++;
		failed("a wrong byte after %lu of stream %lu", s->received, s->number);
		return false;
	}
	s->received += n;
	answered();
	return true;
}

/* One connection, until @limit bytes have come back, or it fails, or the end. */
static bool converse(const char *address, const char *port, uint64_t number, uint64_t limit,
		     uint64_t *random)
{
	struct stream s = { .number = number, .limit = limit };
	int fd = open_socket(address, port, SOCK_STREAM), events;
	bool connected = false, well = fd >= 0;
	uint64_t until;

	abandoned = false;
	while (well && !ended && s.received < s.limit) {
		events = connected ? POLLIN | (s.chunk ? POLLOUT : 0) : POLLOUT;
		/* Without anything to do, a signal wakes it. */
		until = now() + NSEC;
		if (connected && !s.chunk && s.sent < s.limit &&
		    s.sent - s.received < IN_FLIGHT_MAX)
			until = s.next_at;
		events = wait_for(fd, events, until);
		if (abandoned) {
			failed("given up");
			well = false;
		} else if (!connected && events) {
			int error = 0;
			socklen_t len = sizeof(error);

			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
			if (error)
				failed("connect: %s", strerror(error));
			well = !error;
			connected = true;
		} else if (connected) {
			if (events & (POLLIN | POLLERR | POLLHUP))
				well = receive_some(fd, &s);
			well = well && send_due(fd, &s, random);
		}
		abandoned = false;
	}
	if (fd >= 0)
		close_tcp(fd);
	return well;
}

static void run_echo(const char *address, const char *port)
{
	uint64_t random = SEED, number = SEED;

	while (!ended)
		if (!converse(address, port, number++, UINT64_MAX, &random))
			pause_for(RETRY_PACE);
	fig.lost = fig.errors;
}

static void run_connect(const char *address, const char *port)
{
	uint64_t random = SEED, number = SEED;

	while (!ended) {
		bool well = converse(address, port, number++,
				     1 + next_random(&random) % SHORT_MAX, &random);

		pause_for(well ? pace(CONNECT_PACE) : RETRY_PACE);
	}
	fig.lost = fig.errors;
}

/* --- what is numbered */

static unsigned char seen[SEQ_MAX];
static uint64_t first_seq = UINT64_MAX, last_seq;

static void numbered(uint64_t seq)
{
	if (seq >= SEQ_MAX)
		return;
	if (first_seq == UINT64_MAX)
		first_seq = seq;
	else if (seq < last_seq)
		fig.reordered++;
	if (seq > last_seq)
		last_seq = seq;
	if (seen[seq])
		fig.duplicated++;
	else
		seen[seq] = 1;
	answered();
}

/* Those from @first on, and before @end, that never came are lost. */
static void count_lost(uint64_t first, uint64_t end)
{
	uint64_t seq, row = 0;

	for (seq = first; seq < end; seq++) {
		row = seen[seq] ? 0 : row + 1;
		fig.lost += !seen[seq];
		if (row > fig.longest_loss)
			fig.longest_loss = row;
	}
}

/* --- UDP */

struct datagram {
	uint64_t seq;
	unsigned char bytes[DATAGRAM_MAX];
};

static size_t make_datagram(struct datagram *d, uint64_t seq)
{
	uint64_t random = seq;
	size_t len = next_random(&random) % (DATAGRAM_MAX + 1);

	d->seq = seq;
	fill(SEED, seq * DATAGRAM_MAX, d->bytes, len);
	return sizeof(d->seq) + len;
}

static void take_datagrams(int fd, uint64_t sent)
{
	struct datagram d, expected;
	size_t len;
	ssize_t n;

	while ((n = recv(fd, &d, sizeof(d), 0)) >= 0) {
		if ((size_t)n < sizeof(d.seq) || d.seq >= sent) {
			fig.wrong++;
			continue;
		}
		len = make_datagram(&expected, d.seq);
		if ((size_t)n != len || memcmp(&d, &expected, len)) {
			fig.wrong++;
			failed("datagram %lu is wrong", d.seq);
		} else {
			numbered(d.seq);
		}
	}
	if (errno != EAGAIN)
		failed("receive: %s", strerror(errno));
}

static void run_udp(const char *address, const char *port)
{
	uint64_t sent = 0, next_at = now(), end;
	struct datagram d;
	size_t len;
	int fd;

	fd = open_socket(address, port, SOCK_DGRAM);
	if (fd < 0)
		die("connect");
	while (!ended && sent < SEQ_MAX) {
		if (now() >= next_at) {
			len = make_datagram(&d, sent);
			if (send(fd, &d, len, 0) >= 0)
				sent++;
			else if (errno != EAGAIN)
				failed("send: %s", strerror(errno));
			next_at = now() + pace(UDP_PACE);
		}
		if (wait_for(fd, POLLIN, next_at))
			take_datagrams(fd, sent);
	}
	end = now() + LAST_WAIT;
	while (last_seq + 1 < sent && now() < end)
		if (wait_for(fd, POLLIN, end))
			take_datagrams(fd, sent);
	count_lost(0, sent);
}

/* --- other programs */

/* Starts a command with its output in @out, in a process group of its own. */
static pid_t start(char **command, int out)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(out, 1);
	dup2(out, 2);
	execvp(command[0], command);
	dprintf(2, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

/* Waits until a command has ended by itself; returns its wait status, or -1 if it was ended. */
static int await_end(pid_t pid)
{
	int status;

	while (!ended && !abandoned) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		wait_for(-1, 0, now() + NSEC);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

/* The last line that a command said. */
static const char *last_line(FILE *f)
{
	static char line[160];
	char next[160];

	line[0] = 0;
	rewind(f);
	while (fgets(next, sizeof(next), f))
		if (strspn(next, " \r\n") < strlen(next))
			strcpy(line, next);
	return line;
}

static void run_run(char **command)
{
	FILE *out = tmpfile();
	int status;
	pid_t pid;

	if (!out)
		die("tmpfile");
	while (!ended) {
		abandoned = false;
		if (ftruncate(fileno(out), 0) || lseek(fileno(out), 0, SEEK_SET))
			die("tmpfile");
		pid = start(command, fileno(out));
		status = await_end(pid);
		if (ended)
			break;
		if (abandoned)
			failed("given up");
		else if (status)
			failed("status %d: %s", WEXITSTATUS(status), last_line(out));
		else
			answered();
		pause_for(status ? RETRY_PACE : RUN_PACE);
	}
	fig.lost = fig.errors;
}

/* Takes what there is of a command's output. Returns false at its end. */
static bool take_lines(int fd, const char *key, uint64_t base)
{
	static char line[512];
	static size_t len;
	char *at, *end;
	ssize_t n;

	n = read(fd, line + len, sizeof(line) - 1 - len);
	if (n <= 0) {
		len = 0;
		return false;
	}
	len += n;
	line[len] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		at = strstr(line, key);
		if (at)
			numbered(base + strtoul(at + strlen(key), NULL, 10));
		len -= end + 1 - line;
		memmove(line, end + 1, len + 1);
	}
	if (len == sizeof(line) - 1)
		len = 0;
	return true;
}

/* Runs a command, which is not to end. Begun anew, its numbers follow those that were. */
static void run_lines(const char *key, char **command)
{
	while (!ended) {
		uint64_t base = first_seq == UINT64_MAX ? 0 : last_seq + 1;
		bool lasts = true;
		pid_t pid;
		int fd[2];

		if (pipe2(fd, O_CLOEXEC))
			die("pipe");
		abandoned = false;
		pid = start(command, fd[1]);
		close(fd[1]);
		while (lasts && !ended && !abandoned)
			if (wait_for(fd[0], POLLIN, now() + NSEC))
				lasts = take_lines(fd[0], key, base);
		if (!ended)
			failed(lasts ? "given up" : "the command ended");
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(fd[0]);
		if (!ended)
			pause_for(RETRY_PACE);
	}
	/* How many more were sent the command alone knows. */
	if (first_seq != UINT64_MAX)
		count_lost(first_seq, last_seq);
}

static void print_bytes(uint64_t len, uint64_t seed)
{
	static unsigned char buf[CHUNK_MAX];
	uint64_t pos = 0;
	size_t n;

	for (; pos < len; pos += n) {
		n = len - pos < sizeof(buf) ? len - pos : sizeof(buf);
		fill(seed, pos, buf, n);
		if (fwrite(buf, n, 1, stdout) != 1)
			die("write");
	}
}

int main(int argc, char **argv)
{
	const char *mode, *port;

	if (getenv("PACE_MS"))
		other_pace = atof(getenv("PACE_MS")) * MSEC;
	mode = argc > 1 ? argv[1] : "";
	port = argc > 3 ? argv[3] : PORT;
	if (!strcmp(mode, "fill") && argc == 4) {
		print_bytes(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
		return 0;
	}
	catch_signals();
	if (!strcmp(mode, "run"))
		enough = 2;
	await_answers("ready");
	if (!strcmp(mode, "serve") && argc <= 3) {
		serve(argc > 2 ? argv[2] : PORT);
		return 0;
	} else if (!strcmp(mode, "echo") && argc > 2) {
		run_echo(argv[2], port);
	} else if (!strcmp(mode, "connect") && argc > 2) {
		run_connect(argv[2], port);
	} else if (!strcmp(mode, "udp") && argc > 2) {
		run_udp(argv[2], port);
	} else if (!strcmp(mode, "lines") && argc > 3) {
		run_lines(argv[2], argv + 3);
	} else if (!strcmp(mode, "run") && argc > 2) {
		run_run(argv + 2);
	} else {
		fputs(usage, stderr);
		return 2;
	}
	report();
	return 0;
}
