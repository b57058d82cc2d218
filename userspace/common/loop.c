// SPDX-License-Identifier: GPL-2.0
/* A loop over file descriptors, ended by SIGTERM or SIGINT. */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOP_FDS	64
/* It is quiet when nothing happens for so long, or taken to be after so many rounds. */
#define QUIET_MS	5
#define QUIET_ROUNDS	32

static struct {
	ck_loop_fn fn;
	void *arg;
} sources[LOOP_FDS];

static struct {
	int fd;
	ck_loop_fn fn;
	void *arg;
} period;

/**
 * ck_loop_init() - set the loop up and take SIGTERM and SIGINT over
 * @loop: the loop; a process has one
 *
 * Return: 0 or a negative errno.
 */
int ck_loop_init(struct ck_loop *loop)
{
	sigset_t mask;

	loop->quiet = NULL;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	if (sigprocmask(SIG_BLOCK, &mask, NULL))
		return -errno;
	loop->sigfd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->sigfd < 0)
		return -errno;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0)
		return -errno;
	return ck_loop_add(loop, loop->sigfd, NULL, NULL);
}

/**
 * ck_loop_add() - call a function whenever a descriptor is readable
 * @loop: the loop
 * @fd: the descriptor
 * @fn: the function; a result other than 0 ends the loop. NULL: what is called
 *	after each round does the work
 * @arg: its argument
 *
 * Return: 0 or a negative errno.
 */
int ck_loop_add(struct ck_loop *loop, int fd, ck_loop_fn fn, void *arg)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= LOOP_FDS)
		return -EMFILE;
	sources[fd].fn = fn;
	sources[fd].arg = arg;
	return epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int serve_period(void *arg)
{
	uint64_t expired;

	(void)arg;
	if (read(period.fd, &expired, sizeof(expired)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return period.fn(period.arg);
}

/**
 * ck_loop_add_period() - call a function again and again
 * @loop: the loop; it has one period
 * @seconds: how long after the last call
 * @fn: the function; a result other than 0 ends the loop
 * @arg: its argument
 *
 * Return: 0 or a negative errno.
 */
int ck_loop_add_period(struct ck_loop *loop, unsigned int seconds,
		       ck_loop_fn fn, void *arg)
{
	struct itimerspec its = {
		.it_interval.tv_sec = seconds,
		.it_value.tv_sec = seconds,
	};

	period.fn = fn;
	period.arg = arg;
	period.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (period.fd < 0 || timerfd_settime(period.fd, 0, &its, NULL))
		return -errno;
	return ck_loop_add(loop, period.fd, serve_period, NULL);
}

/**
 * ck_loop_when_quiet() - call a function once, when there is nothing else to do
 * @loop: the loop; it remembers the last such function
 * @fn: the function; a result other than 0 ends the loop
 * @arg: its argument
 */
void ck_loop_when_quiet(struct ck_loop *loop, ck_loop_fn fn, void *arg)
{
	if (!loop->quiet)
		loop->rounds = 0;
	loop->quiet = fn;
	loop->quiet_arg = arg;
}

void ck_loop_del(struct ck_loop *loop, int fd)
{
	epoll_ctl(loop->epfd, EPOLL_CTL_DEL, fd, NULL);
	sources[fd].fn = NULL;
}

static int call_quiet(struct ck_loop *loop)
{
	ck_loop_fn fn = loop->quiet;

	loop->quiet = NULL;
	return fn(loop->quiet_arg);
}

/**
 * ck_loop_run() - serve the descriptors until told to stop
 * @loop: the loop
 * @after: called after each round of events, may be NULL
 * @arg: its argument
 *
 * Return: 0 after a signal, else what a called function returned.
 */
int ck_loop_run(struct ck_loop *loop, ck_loop_fn after, void *arg)
{
	struct epoll_event ev[8];
	int i, n, fd, ret;

	for (;;) {
		n = epoll_wait(loop->epfd, ev, 8, loop->quiet ? QUIET_MS : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		ret = 0;
		if (loop->quiet && (!n || ++loop->rounds == QUIET_ROUNDS))
			ret = call_quiet(loop);
		if (ret)
			return ret;
		for (i = 0; i < n; i++) {
			fd = ev[i].data.fd;
			if (fd == loop->sigfd)
				return 0;
			/* An earlier handler may have dropped this one. */
			if (!sources[fd].fn)
				continue;
			ret = sources[fd].fn(sources[fd].arg);
			if (ret)
				return ret;
		}
		ret = after ? after(arg) : 0;
		if (ret)
			return ret;
	}
}
