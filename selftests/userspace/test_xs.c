// SPDX-License-Identifier: GPL-2.0
/* A connection by the kernel's device, which refuses messages in a way of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include <cmocka.h>

#include "xs.h"

#define FD	77

/* The device: it answers each message with "OK", or write() fails. */
static char answers[1024];
static size_t n_answers;
static int refused_type, refusal, over;
static unsigned int messages;
static struct ck_xs *xs;

int __wrap_open(const char *path, int flags, ...);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_open(const char *path, int flags, ...)
{
	(void)flags;
	assert_string_equal(path, "/dev/xen/xenbus");
	return FD;
}

int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd;
	(void)addr;
	(void)len;
	errno = ENOENT;
	return -1;
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	const struct xsd_sockmsg *in = buf;
	struct xsd_sockmsg out;

	assert_int_equal(fd, FD);
	memcpy(&out, in, sizeof(out));
	assert_int_equal(len, sizeof(out) + out.len);
	messages++;
	if ((int)out.type == refused_type) {
		errno = refusal;
		return -1;
	}
	out.len = 3;
	memcpy(answers + n_answers, &out, sizeof(out));
	memcpy(answers + n_answers + sizeof(out), "OK", 3);
	n_answers += sizeof(out) + 3;
	return len;
}

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
	size_t n = n_answers < len ? n_answers : len;

	assert_int_equal(fd, FD);
	if (!n && !over) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(buf, answers, n);
	memmove(answers, answers + n, n_answers - n);
	n_answers -= n;
	return n;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	(void)timeout;
	return 1;
}

static int setup(void **state)
{
	(void)state;
	unsetenv("XENSTORED_PATH");
	refused_type = -1;
	over = 0;
	n_answers = 0;
	messages = 0;
	return ck_xs_open(&xs);
}

/* What is said to have been closed is only a number. */
static int teardown(void **state)
{
	(void)state;
	ck_xs_close(xs);
	return 0;
}

/* Nothing else is refused with it, and nothing is waited for. */
static void test_refused_watch(void **state)
{
	static const int errors[] = { E2BIG, ENOMEM, EINVAL, EIO };
	struct ck_xs_value value;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		refused_type = XS_WATCH;
		refusal = errors[i];
		assert_int_equal(ck_xs_watch(xs, "/a", true), -errors[i]);
		assert_int_equal(ck_xs_error(xs), 0);
		assert_int_equal(ck_xs_read(xs, CK_XS_NULL, "/a", &value), 0);
		assert_string_equal(value.data, "OK");
		refused_type = -1;
		assert_int_equal(ck_xs_watch(xs, "/a", true), 0);
	}
	assert_int_equal(messages, 12);
}

static void result(void *arg, int err)
{
	*(int *)arg = err;
}

/* Requests before and behind the one that is refused get their answers. */
static void test_refused_among_others(void **state)
{
	int first = 1, second = 1, third = 1;

	(void)state;
	refused_type = XS_RM;
	refusal = ENOMEM;
	ck_xs_post_write(xs, CK_XS_NULL, "/a", "1", result, &first);
	ck_xs_post_rm(xs, CK_XS_NULL, "/odd/length", result, &second);
	ck_xs_post_write(xs, CK_XS_NULL, "/b", "1", result, &third);
	assert_int_equal(ck_xs_flush(xs), 0);
	assert_int_equal(second, -ENOMEM);
	assert_int_equal(ck_xs_receive(xs, 16), 0);
	assert_int_equal(first, 0);
	assert_int_equal(third, 0);
	assert_int_equal(messages, 3);
}

/* It is known from then on, whoever noticed. */
static void test_end_of_the_connection(void **state)
{
	char path[CK_EVENT_SIZE];

	(void)state;
	over = 1;
	assert_int_equal(ck_xs_next_event(xs, path), -EPIPE);
	assert_int_equal(ck_xs_error(xs), -EPIPE);
	assert_int_equal(ck_xs_rm(xs, CK_XS_NULL, "/a"), -EPIPE);
	assert_int_equal(messages, 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused_watch),
		TEST(test_refused_among_others),
		TEST(test_end_of_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
