// SPDX-License-Identifier: GPL-2.0
/* Netlink requests: answers, errors, and a kernel that does not answer. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "nl.h"

/* What the socket has: messages, or errors of reading it. @len is 0 for the message's own. */
static struct {
	int err;
	size_t len;
	char text[256] __attribute__((aligned(8)));
} queue[8];

static unsigned int head, tail;
static uint64_t clock_ms;
static unsigned int answers, notifications;
static struct ck_nl nl;

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	const struct nlmsghdr *nlh;

	(void)fd;
	(void)flags;
	errno = head == tail ? EAGAIN : queue[head].err;
	if (head == tail || queue[head++].err)
		return -1;
	nlh = (void *)queue[head - 1].text;
	if (!queue[head - 1].len)
		queue[head - 1].len = nlh->nlmsg_len;
	assert_true(queue[head - 1].len <= len);
	memcpy(buf, nlh, queue[head - 1].len);
	return queue[head - 1].len;
}

/* Time passes only while something is waited for. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	assert_true(timeout > 0);
	clock_ms += timeout;
	return 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	(void)id;
	now->tv_sec = clock_ms / 1000;
	now->tv_nsec = clock_ms % 1000 * 1000000;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *sk)
{
	(void)sk;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *sk, const void *buf, size_t len)
{
	(void)sk;
	(void)buf;
	return len;
}

static void add_errno(int err)
{
	queue[tail++].err = err;
}

static void add(uint16_t type, uint32_t seq, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(queue[tail++].text);
	struct nlmsgerr *e;

	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = seq;
	if (type != NLMSG_ERROR)
		return;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = error;
}

static int count_answer(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	answers++;
	return MNL_CB_OK;
}

static int count_notification(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	notifications++;
	return MNL_CB_OK;
}

/* The request has number 1. */
static int request(void)
{
	char buf[CK_NL_REQUEST_SIZE];

	return ck_nl_request(&nl, mnl_nlmsg_put_header(buf), count_answer, NULL);
}

/* Put the last message behind the one before it, to be received with it. */
static void join(void)
{
	const struct nlmsghdr *nlh = (void *)queue[--tail].text;
	struct nlmsghdr *first = (void *)queue[tail - 1].text;

	memcpy(queue[tail - 1].text + first->nlmsg_len, nlh, nlh->nlmsg_len);
	queue[tail - 1].len = first->nlmsg_len + nlh->nlmsg_len;
}

static int reset(void **state)
{
	(void)state;
	memset(queue, 0, sizeof(queue));
	memset(&nl, 0, sizeof(nl));
	nl.ntf = count_notification;
	head = tail = answers = notifications = 0;
	return 0;
}

static void test_answer(void **state)
{
	(void)state;
	add(40, 0, 0);
	add(40, 1, 0);
	add(NLMSG_ERROR, 1, 0);
	assert_int_equal(request(), 0);
	assert_int_equal(answers, 1);
	assert_int_equal(notifications, 1);
}

static void test_errors_of_the_kernel(void **state)
{
	const int errors[] = { -ENODEV, -EAGAIN, -EINTR, -ENOBUFS };
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		add(NLMSG_ERROR, i + 1, errors[i]);
		assert_int_equal(request(), errors[i]);
	}
	assert_string_equal(nl.error, strerror(ENOBUFS));
}

/* What can be no result is one that is told of as well. */
static void test_malformed_errors(void **state)
{
	const int errors[] = { EPERM, -4096, INT_MIN };
	struct nlmsghdr *nlh;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		nl.error[0] = 0;
		add(NLMSG_ERROR, 2 * i + 1, errors[i]);
		assert_int_equal(request(), -EBADMSG);
		assert_string_equal(nl.error, strerror(EBADMSG));
		nl.error[0] = 0;
		add(NLMSG_DONE, 2 * i + 2, 0);
		nlh = (void *)queue[tail - 1].text;
		memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(int)), &errors[i], sizeof(int));
		assert_int_equal(request(), -EBADMSG);
		assert_string_equal(nl.error, strerror(EBADMSG));
	}
	nl.error[0] = 0;
	add(NLMSG_ERROR, 7, -EPERM);
	nlh = (void *)queue[tail - 1].text;
	nlh->nlmsg_len--;
	assert_int_equal(request(), -EBADMSG);
	assert_string_equal(nl.error, strerror(EBADMSG));
}

/* One whose length makes no sense is passed over, with what follows it. */
static void test_malformed_lengths(void **state)
{
	const uint32_t lengths[] = { 0, 15, 17, INT32_MAX, 0x80000000, 0xfffffff0, UINT32_MAX };
	struct nlmsghdr *nlh;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		reset(NULL);
		add(40, 1, 0);
		nlh = (void *)queue[0].text;
		nlh->nlmsg_len = lengths[i];
		queue[0].len = sizeof(*nlh);
		add(NLMSG_ERROR, 1, 0);
		assert_int_equal(request(), 0);
		assert_int_equal(answers, 0);
	}
}

/* What follows the end of an answer does not undo it. */
static void test_end_counts_once(void **state)
{
	(void)state;
	add(NLMSG_ERROR, 1, -EPERM);
	add(NLMSG_ERROR, 1, 0);
	join();
	assert_int_equal(request(), -EPERM);
	add(NLMSG_ERROR, 2, 0);
	add(40, 2, 0);
	join();
	assert_int_equal(request(), 0);
	assert_int_equal(answers, 0);
	add(NLMSG_ERROR, 3, 0);
	add(40, 0, 0);
	join();
	assert_int_equal(request(), 0);
	assert_int_equal(notifications, 1);
}

static void test_no_answer(void **state)
{
	uint64_t start = clock_ms;

	(void)state;
	assert_int_equal(request(), -ETIME);
	assert_true(clock_ms - start >= 10000 && clock_ms - start < 11000);
	assert_string_equal(nl.error, "the kernel does not answer");
	/* It comes after all, and is not taken for the next one's. */
	add(NLMSG_ERROR, 1, -EPERM);
	add(NLMSG_ERROR, 2, 0);
	assert_int_equal(request(), 0);
}

/* What was lost may be the answer, or something that nobody else tells of. */
static void test_lost_messages(void **state)
{
	(void)state;
	add_errno(ENOBUFS);
	assert_int_equal(request(), -ENOBUFS);
	add(40, 0, 0);
	add_errno(ENOBUFS);
	assert_int_equal(ck_nl_drain(&nl), -ENOBUFS);
	assert_int_equal(notifications, 1);
	add(40, 0, 0);
	assert_int_equal(ck_nl_drain(&nl), 0);
	assert_int_equal(notifications, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answer, reset),
		cmocka_unit_test_setup(test_errors_of_the_kernel, reset),
		cmocka_unit_test_setup(test_malformed_errors, reset),
		cmocka_unit_test_setup(test_malformed_lengths, reset),
		cmocka_unit_test_setup(test_end_counts_once, reset),
		cmocka_unit_test_setup(test_no_answer, reset),
		cmocka_unit_test_setup(test_lost_messages, reset),
	};

	return cmocka_run_group_tests_name("nl", tests, NULL, NULL);
}
