// SPDX-License-Identifier: GPL-2.0
/* What XenStore answers, with values and names that guests have chosen. An input is answers
 * and events: for each two bytes of length, one of type, and the bytes themselves. What has no
 * answer in it fails.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "fuzz.h"
#include "xs.h"

static struct {
	const uint8_t *data;
	size_t left;
} in;

/* The message that is being received, and the number of the last request. */
static struct {
	struct xsd_sockmsg head;
	size_t pos;
	size_t left;
} message;

static uint32_t last_id;
static uint64_t clock_ms;
static unsigned int done;

/* The lower half of the types are the usual ones. */
static void next_message(void)
{
	uint8_t type = in.data[2];

	message.head = (struct xsd_sockmsg){
		.type = type & 0x80 ? XS_WATCH_EVENT : type & 0x40 ? XS_ERROR : XS_READ,
		.req_id = last_id + (type & 1),
		.len = in.data[0] | in.data[1] << 8,
	};
	/* Some are too large. */
	if (type & 0x20)
		message.head.len <<= 8;
	in.data += 3;
	in.left -= 3;
	message.pos = 0;
	message.left = sizeof(message.head) + message.head.len;
}

/* In pieces of any size; what an input lacks is zero. */
ssize_t read_input(int fd, void *buf, size_t size)
{
	size_t n, k;

	(void)fd;
	if (!message.left) {
		if (in.left < 3) {
			errno = EAGAIN;
			return -1;
		}
		next_message();
	}
	if (size > message.left)
		size = message.left;
	for (n = 0; n < size && message.pos < sizeof(message.head); n++)
		((uint8_t *)buf)[n] = ((uint8_t *)&message.head)[message.pos++];
	k = size - n < in.left ? size - n : in.left;
	memset((uint8_t *)buf + n, 0, size - n);
	memcpy((uint8_t *)buf + n, in.data, k);
	in.data += k;
	in.left -= k;
	message.left -= size;
	return size;
}

ssize_t write_request(int fd, const void *buf, size_t size)
{
	const struct xsd_sockmsg *head = buf;

	(void)fd;
	assert(size >= sizeof(*head) && head->len <= size - sizeof(*head));
	last_id = head->req_id;
	return size;
}

/* A connection that is broken does not wait. */
int wait_for_input(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	assert(timeout > 0);
	if (in.left < 3 && !message.left)
		clock_ms += timeout;
	return 1;
}

int read_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	now->tv_sec = clock_ms / 1000;
	now->tv_nsec = clock_ms % 1000 * 1000000;
	return 0;
}

int open_connection(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd;
	(void)addr;
	(void)len;
	return 0;
}

static void posted(void *arg, int err)
{
	(void)arg;
	assert(err <= 0);
	done++;
}

static void event(void *arg, const char *path)
{
	(void)arg;
	assert(strlen(path) <= XENSTORE_PAYLOAD_MAX);
}

static void list(struct ck_xs *xs)
{
	unsigned int i, n;
	char **names;
	int err;

	err = ck_xs_list(xs, CK_XS_NULL, "/a", &names, &n);
	assert(err <= 0 && (!err || !n));
	for (i = 0; i < n; i++)
		assert(strlen(names[i]) <= XENSTORE_PAYLOAD_MAX);
	free(names);
}

static void read_value(struct ck_xs *xs)
{
	struct ck_xs_value value;

	if (ck_xs_read(xs, CK_XS_NULL, "/a", &value))
		return;
	assert(value.len <= XENSTORE_PAYLOAD_MAX);
	assert(strlen(value.data) <= value.len);
}

static void readers(struct ck_xs *xs)
{
	uint32_t reader[4];
	unsigned int i, n;

	if (ck_xs_readers(xs, "/a", reader, 4, &n))
		return;
	assert(n <= 4);
	for (i = 0; i < n; i++)
		assert(reader[i] <= CK_DOMID_MAX);
}

static int in_transaction(struct ck_xs *xs, uint32_t t, void *arg)
{
	(void)arg;
	return ck_xs_write(xs, t, "/a", "b");
}

/* Events come one by one, or to whoever waits for something else. */
static void events(struct ck_xs *xs)
{
	char path[CK_EVENT_SIZE];

	while (ck_xs_next_event(xs, path) > 0)
		assert(strlen(path) < sizeof(path));
	ck_xs_on_event(xs, event, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i, asked = 0;
	bool introduced;
	struct ck_xs *xs;

	in.data = data;
	in.left = size;
	memset(&message, 0, sizeof(message));
	last_id = 0;
	done = 0;
	if (ck_xs_open(&xs))
		abort();
	for (i = 0; i < 4 && in.left >= 3; i++) {
		list(xs);
		read_value(xs);
		readers(xs);
		ck_xs_introduced(xs, 5, &introduced);
		ck_xs_transaction(xs, in_transaction, NULL);
		ck_xs_post_write(xs, CK_XS_NULL, "/a", "b", posted, NULL);
		asked++;
		ck_xs_flush(xs);
		ck_xs_receive(xs, 4);
		events(xs);
	}
	ck_xs_close(xs);
	/* All are told what became of what they wanted. */
	assert(done == asked);
	return 0;
}
