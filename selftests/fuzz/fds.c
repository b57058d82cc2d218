// SPDX-License-Identifier: GPL-2.0
/* Descriptors that are numbers and nothing else. */
#include "fds.h"

#include <errno.h>
#include <string.h>

#define FDS		32
#define FIRST		100

static struct {
	bool timer;
	bool set;		/* the timer */
	bool watched;		/* by epoll */
	bool empty;		/* was just read */
} fds[FDS];

static int nfds;

/* There is none from now on. */
void fd_start(void)
{
	memset(fds, 0, sizeof(fds));
	nfds = 0;
}

/* Return: one more, or -1. */
int fd_new(void)
{
	errno = EMFILE;
	return nfds < FDS ? FIRST + nfds++ : -1;
}

int fd_epoll_create1(int flags)
{
	(void)flags;
	return fd_new();
}

int fd_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	(void)epfd;
	(void)event;
	fds[fd - FIRST].watched = op == EPOLL_CTL_ADD;
	return 0;
}

int fd_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	int i, n = 0;

	(void)epfd;
	(void)timeout;
	for (i = 0; i < nfds && n < max; i++) {
		fds[i].empty = false;
		if (!fds[i].watched || (fds[i].timer && !fds[i].set))
			continue;
		events[n].events = EPOLLIN;
		events[n++].data.fd = FIRST + i;
	}
	return n;
}

int fd_timerfd_create(int clock, int flags)
{
	int fd = fd_new();

	(void)clock;
	(void)flags;
	if (fd >= 0)
		fds[fd - FIRST].timer = true;
	return fd;
}

int fd_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	(void)flags;
	(void)old;
	fds[fd - FIRST].set = new->it_value.tv_sec || new->it_value.tv_nsec;
	return 0;
}

int fd_inotify_init1(int flags)
{
	(void)flags;
	return fd_new();
}

int fd_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	(void)fd;
	(void)path;
	(void)mask;
	return 1;
}

int fd_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

ssize_t fd_read(int fd, void *buf, size_t size)
{
	bool ready = fds[fd - FIRST].timer ? fds[fd - FIRST].set : !fds[fd - FIRST].empty;

	errno = EAGAIN;
	if (!ready)
		return -1;
	fds[fd - FIRST].set = false;
	fds[fd - FIRST].empty = true;
	memset(buf, 0, size);
	return size;
}

int fd_close(int fd)
{
	(void)fd;
	return 0;
}
