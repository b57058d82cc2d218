// SPDX-License-Identifier: GPL-2.0
/* Preloaded into a program: in each netlink message that it sends, and each module that it
 * loads, the kernel's allocation number $FAIL_NTH fails. Makes the file $FAIL_HIT if there was
 * one.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void arm(int fd)
{
	const char *nth = getenv("FAIL_NTH");

	if (nth && pwrite(fd, nth, __builtin_strlen(nth), 0) < 0)
		perror("fail-nth");
}

/* A number that is left says that there were fewer allocations. */
static void disarm(int fd)
{
	const char *hit = getenv("FAIL_HIT");
	char left[16] = "";

	if (pread(fd, left, sizeof(left) - 1, 0) > 0 && !atoi(left) && hit)
		close(open(hit, O_CREAT | O_WRONLY, 0600));
	if (pwrite(fd, "0", 1, 0) < 0)
		perror("fail-nth");
}

/* The call, with the file open already. */
#define INJECT(call) ({						\
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);	\
	long ret;						\
								\
	arm(fd);						\
	ret = (call);						\
	disarm(fd);						\
	close(fd);						\
	ret;							\
})

ssize_t sendmsg(int sk, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");

	return INJECT(real(sk, msg, flags));
}

ssize_t sendto(int sk, const void *data, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
		dlsym(RTLD_NEXT, "sendto");

	return INJECT(real(sk, data, len, flags, to, to_len));
}

long syscall(long nr, ...)
{
	long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall");
	long arg[6];
	va_list ap;
	int i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr != SYS_finit_module && nr != SYS_init_module)
		return real(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	return INJECT(real(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]));
}
