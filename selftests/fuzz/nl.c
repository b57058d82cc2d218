// SPDX-License-Identifier: GPL-2.0
/* What a netlink socket gives: answers, errors with their text, notifications. What is said at
 * one time is what is received at once; an input without more of it does not answer.
 */
#include <errno.h>
#include <poll.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "fuzz.h"
#include "messages.h"
#include "nl.h"

static char *rest;
static uint64_t clock_ms;
static unsigned int taken;

/* What is behind the bytes that were received is not to be read, until the buffer is gone. */
static struct {
	void *start;
	size_t len;
} beyond;

static void forget_beyond(void)
{
	if (beyond.start)
		__asan_unpoison_memory_region(beyond.start, beyond.len);
	beyond.start = NULL;
}

__attribute__((no_sanitize("address")))
ssize_t receive_input(int fd, void *buf, size_t len, int flags)
{
	static struct messages m;

	(void)fd;
	(void)flags;
	forget_beyond();
	if (!messages_read(&m, &rest)) {
		errno = EAGAIN;
		return -1;
	}
	if (m.nerrors) {
		errno = -m.error[0];
		return -1;
	}
	assert(m.len <= len);
	memcpy(buf, m.buf, m.len);
	beyond.start = (char *)buf + m.len;
	beyond.len = len - m.len;
	__asan_poison_memory_region(beyond.start, beyond.len);
	return m.len;
}

__attribute__((no_sanitize("address")))
int wait_for_input(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	forget_beyond();
	assert(timeout > 0);
	clock_ms += timeout;
	return 0;
}

__attribute__((no_sanitize("address")))
int read_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	forget_beyond();
	now->tv_sec = clock_ms / 1000;
	now->tv_nsec = clock_ms % 1000 * 1000000;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	(void)nl;
	(void)req;
	return size;
}

static int take(const struct nlmsghdr *nlh, void *arg)
{
	(void)arg;
	assert(nlh->nlmsg_len >= sizeof(*nlh));
	taken++;
	return MNL_CB_OK;
}

/* It ends in time, and says why it failed. */
static void request(struct ck_nl *nl)
{
	char buf[CK_NL_REQUEST_SIZE];
	uint64_t start = clock_ms;
	int err;

	nl->error[0] = 0;
	err = ck_nl_request(nl, mnl_nlmsg_put_header(buf), take, NULL);
	forget_beyond();
	assert(err <= 0 && err >= -4095);
	assert(!err == !nl->error[0]);
	assert(strlen(nl->error) < sizeof(nl->error));
	assert(clock_ms - start <= 10000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ck_nl nl = { .ntf = take };
	char *text = input_text(data, size);
	int err;

	rest = text;
	request(&nl);
	request(&nl);
	err = ck_nl_drain(&nl);
	forget_beyond();
	assert(err <= 0);
	free(text);
	return 0;
}
