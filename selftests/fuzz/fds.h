/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors that are numbers and nothing else; all of them are always readable, but for
 * timers, which are when they are set. The Makefile has sources call these functions for those
 * of the C library.
 */
#ifndef CK_FUZZ_FDS_H
#define CK_FUZZ_FDS_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>

void fd_start(void);
int fd_new(void);

int fd_epoll_create1(int flags);
int fd_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int fd_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int fd_timerfd_create(int clock, int flags);
int fd_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int fd_inotify_init1(int flags);
int fd_inotify_add_watch(int fd, const char *path, uint32_t mask);
int fd_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t fd_read(int fd, void *buf, size_t size);
int fd_close(int fd);

#endif /* CK_FUZZ_FDS_H */
