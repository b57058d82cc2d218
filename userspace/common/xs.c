// SPDX-License-Identifier: GPL-2.0
/* A client of XenStore that need not wait for each answer.
 *
 * It speaks the wire protocol (docs/misc/xenstore.txt in Xen's source), by the
 * socket of xenstored or by the kernel's device. libxenstore waits for each
 * answer by itself and hands every message through a thread and a pipe: telling
 * many guests of an event takes twice as long with it (make bench-membership).
 */
#include "xs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "alloc.h"

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DEFAULT_SOCKET		"/run/xenstored/socket"
#define DEVICE			"/dev/xen/xenbus"
#define TRANSACTION_TRIES	64
#define IN_SIZE			(sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
#define LOOK_MS			200	/* while we wait, signals are looked for so often */

/**
 * struct request - a request that has not been answered
 * @posted: when, in milliseconds
 * @done: told of the result, may be NULL
 * @answer: gets the answer, for one that is waited for; else NULL
 */
struct request {
	STAILQ_ENTRY(request) next;
	uint32_t id;
	uint64_t posted;
	ck_xs_done_fn done;
	void *arg;
	struct answer *answer;
};

/* @data has a NUL behind its @len bytes. */
struct answer {
	bool here;
	int err;
	size_t len;
	char data[XENSTORE_PAYLOAD_MAX + 1];
};

struct event {
	STAILQ_ENTRY(event) next;
	char path[];
};

/**
 * struct ck_xs - a connection
 * @device: it is the kernel's device, which takes one message at a time
 * @requests: not yet answered, in their order, which is that of the answers
 * @out: messages that are still to be sent
 * @in: what was received; messages before @in_pos were taken
 * @skip: bytes of an answer that is too large, which are still to come
 * @drained: the last read got all there was
 * @broken: why the connection is of no use any more, a negative errno
 * @event: told of each event at once; NULL: ck_xs_next_event() gives them
 */
struct ck_xs {
	int fd;
	bool device;
	uint32_t last_id;
	STAILQ_HEAD(, request) requests;
	STAILQ_HEAD(, event) events;
	char *out;
	size_t out_len;
	size_t out_size;
	char in[IN_SIZE];
	size_t in_pos;
	size_t in_len;
	size_t skip;
	bool drained;
	int broken;
	ck_xs_event_fn event;
	void *event_arg;
	struct answer answer;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static int open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/**
 * ck_xs_open() - connect to XenStore
 * @xs: result
 *
 * By the socket that XENSTORED_PATH names or that xenstored has by default, else
 * by the kernel.
 *
 * Return: 0 or a negative errno.
 */
int ck_xs_open(struct ck_xs **xs)
{
	const char *path = getenv("XENSTORED_PATH");
	bool device = false;
	int fd;

	fd = open_socket(path ? path : DEFAULT_SOCKET);
	if (fd < 0 && !path) {
		device = true;
		fd = open(DEVICE, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	*xs = ck_alloc(sizeof(**xs));
	(*xs)->fd = fd;
	(*xs)->device = device;
	STAILQ_INIT(&(*xs)->requests);
	STAILQ_INIT(&(*xs)->events);
	return 0;
}

void ck_xs_close(struct ck_xs *xs)
{
	struct request *request;
	struct event *event;

	while ((request = STAILQ_FIRST(&xs->requests))) {
		STAILQ_REMOVE_HEAD(&xs->requests, next);
		if (request->done)
			request->done(request->arg, -ECANCELED);
		free(request);
	}
	while ((event = STAILQ_FIRST(&xs->events))) {
		STAILQ_REMOVE_HEAD(&xs->events, next);
		free(event);
	}
	close(xs->fd);
	free(xs->out);
	free(xs);
}

/* Return: 0, or why the connection is of no use any more, a negative errno. */
int ck_xs_error(const struct ck_xs *xs)
{
	return xs->broken;
}

/* The descriptor to wait on; see ck_xs_next_event(). */
int ck_xs_fd(const struct ck_xs *xs)
{
	return xs->fd;
}

/* Was the process asked to end? Whoever serves signals one by one has them blocked. */
static bool to_end(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT);
}

/* Whatever xenstored has to do for us, it does within this time, or not at all; nor does a
 * process that is to end wait for it.
 */
static int wait_for(struct ck_xs *xs, short events, uint64_t since)
{
	struct pollfd pfd = { .fd = xs->fd, .events = events };
	uint64_t now = now_ms(), end = since + CK_XS_DEADLINE;
	int n;

	for (; now < end; now = now_ms()) {
		n = poll(&pfd, 1, end - now < LOOK_MS ? end - now : LOOK_MS);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return 0;
		if (to_end())
			return -ECANCELED;
	}
	return -ETIMEDOUT;
}

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(xsd_errors); i++)
		if (!strcmp(name, xsd_errors[i].errstring))
			return -xsd_errors[i].errnum;
	/* oxenstored's word for a guest that has used up what it may have. */
	return strcmp(name, "EQUOTA") ? -EINVAL : -ENOSPC;
}

static void take_event(struct ck_xs *xs, const char *path, size_t len)
{
	struct event *event;

	/* The token follows the path. */
	if (xs->event) {
		if (memchr(path, 0, len))
			xs->event(xs->event_arg, path);
		return;
	}
	event = ck_alloc(sizeof(*event) + len + 1);
	memcpy(event->path, path, len);
	STAILQ_INSERT_TAIL(&xs->events, event, next);
}

/* @request, which is not among the others any more, has this answer. */
static void complete(struct request *request, int err, const char *body, size_t len)
{
	struct answer *answer = request->answer;

	if (answer) {
		answer->here = true;
		answer->err = err;
		answer->len = len;
		memcpy(answer->data, body, len);
		answer->data[len] = 0;
	}
	if (request->done)
		request->done(request->arg, err);
	free(request);
}

/* @body is NULL for an answer that is too large. */
static int take_answer(struct ck_xs *xs, const struct xsd_sockmsg *head,
		       const char *body)
{
	struct request *request = STAILQ_FIRST(&xs->requests);
	char error[16];
	int err = 0;

	if (!request || request->id != head->req_id)
		return -EPROTO;
	STAILQ_REMOVE_HEAD(&xs->requests, next);
	if (!body) {
		err = -E2BIG;
	} else if (head->type == XS_ERROR) {
		snprintf(error, sizeof(error), "%.*s", (int)head->len, body);
		err = error_number(error);
	}
	complete(request, err, body ? body : "", body ? head->len : 0);
	return 0;
}

static bool whole_message(const struct ck_xs *xs)
{
	size_t left = xs->in_len - xs->in_pos;
	struct xsd_sockmsg head;

	if (left < sizeof(head))
		return false;
	memcpy(&head, xs->in + xs->in_pos, sizeof(head));
	return left >= sizeof(head) + head.len;
}

/* oxenstored sends the names of a large directory in one message, whose size a guest may
 * choose.
 */
static int skip_answer(struct ck_xs *xs, const struct xsd_sockmsg *head)
{
	size_t here = xs->in_len - xs->in_pos - sizeof(*head);

	if (head->type == XS_WATCH_EVENT || head->len > CK_XS_ANSWER_MAX)
		return -EPROTO;
	if (here > head->len)
		here = head->len;
	xs->in_pos += sizeof(*head) + here;
	xs->skip = head->len - here;
	return take_answer(xs, head, NULL) ?: 1;
}

/* Take a message that was received. Return: 1, 0 if there is no whole one, or a
 * negative errno.
 */
static int take(struct ck_xs *xs)
{
	const char *at = xs->in + xs->in_pos;
	struct xsd_sockmsg head = { 0 };

	if (xs->in_len - xs->in_pos >= sizeof(head))
		memcpy(&head, at, sizeof(head));
	if (head.len > XENSTORE_PAYLOAD_MAX)
		return skip_answer(xs, &head);
	if (!whole_message(xs))
		return 0;
	xs->in_pos += sizeof(head) + head.len;
	if (head.type != XS_WATCH_EVENT)
		return take_answer(xs, &head, at + sizeof(head)) ?: 1;
	take_event(xs, at + sizeof(head), head.len);
	return 1;
}

static void skip_received(struct ck_xs *xs)
{
	size_t n = xs->in_len - xs->in_pos;

	if (n > xs->skip)
		n = xs->skip;
	xs->in_pos += n;
	xs->skip -= n;
}

/* Receive without waiting. Return: 1 for a message, 0 if there is none, or a
 * negative errno. What came since the last read makes the descriptor readable.
 */
static int receive(struct ck_xs *xs)
{
	ssize_t n;
	int ret;

	while (!(ret = take(xs))) {
		if (xs->drained) {
			xs->drained = false;
			return 0;
		}
		memmove(xs->in, xs->in + xs->in_pos, xs->in_len - xs->in_pos);
		xs->in_len -= xs->in_pos;
		xs->in_pos = 0;
		n = read(xs->fd, xs->in + xs->in_len, IN_SIZE - xs->in_len);
		if (!n)
			return -EPIPE;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			xs->in_len += n;
		xs->drained = xs->in_len < IN_SIZE;
		skip_received(xs);
	}
	return ret;
}

/* Queue a request whose payload is @n pieces in a row. */
static struct request *post(struct ck_xs *xs, uint32_t type, uint32_t t,
			    const struct iovec *piece, unsigned int n)
{
	struct request *request = ck_alloc(sizeof(*request));
	struct xsd_sockmsg head = {
		.type = type,
		.req_id = ++xs->last_id,
		.tx_id = t,
	};
	unsigned int i;
	char *to;

	for (i = 0; i < n; i++)
		head.len += piece[i].iov_len;
	if (xs->out_len + sizeof(head) + head.len > xs->out_size) {
		xs->out_size = 2 * (xs->out_len + sizeof(head) + head.len);
		xs->out = ck_realloc(xs->out, xs->out_size);
	}
	to = xs->out + xs->out_len;
	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	for (i = 0; i < n; i++) {
		memcpy(to, piece[i].iov_base, piece[i].iov_len);
		to += piece[i].iov_len;
	}
	xs->out_len = to - xs->out;
	request->id = head.req_id;
	request->posted = now_ms();
	STAILQ_INSERT_TAIL(&xs->requests, request, next);
	return request;
}

/* The kernel did not take a message, and no answer will come to it. It does so for want of
 * memory, or where a watch cannot be set, which it waits for.
 */
static void refuse(struct ck_xs *xs, uint32_t id, int err)
{
	struct request *request;

	STAILQ_FOREACH(request, &xs->requests, next)
		if (request->id == id)
			break;
	STAILQ_REMOVE(&xs->requests, request, request, next);
	complete(request, err, "", 0);
}

/**
 * ck_xs_flush() - send what was posted
 * @xs: the connection
 *
 * Return: 0 or a negative errno.
 */
int ck_xs_flush(struct ck_xs *xs)
{
	uint64_t since = now_ms();
	struct xsd_sockmsg head;
	size_t off = 0, len;
	ssize_t n;
	int err;

	if (xs->broken)
		return xs->broken;
	while (off < xs->out_len) {
		memcpy(&head, xs->out + off, sizeof(head));
		len = xs->device ? sizeof(head) + head.len : xs->out_len - off;
		n = write(xs->fd, xs->out + off, len);
		if (n >= 0) {
			off += n;
			continue;
		}
		if (xs->device && errno != EAGAIN && errno != EINTR) {
			refuse(xs, head.req_id, -errno);
			off += len;
			continue;
		}
		err = errno == EAGAIN ? wait_for(xs, POLLOUT, since) :
		      errno == EINTR ? 0 : -errno;
		if (err)
			return xs->broken = err;
	}
	xs->out_len = 0;
	return 0;
}

/* Send all that is queued and wait for the answer to the last of it. */
static int finish(struct ck_xs *xs, struct request *request)
{
	int ret;

	request->answer = &xs->answer;
	xs->answer.here = false;
	ret = ck_xs_flush(xs);
	while (ret >= 0 && !xs->answer.here) {
		ret = receive(xs);
		if (!ret)
			ret = wait_for(xs, POLLIN, request->posted);
		else if (!xs->answer.here && now_ms() >= request->posted + CK_XS_DEADLINE)
			ret = -ETIMEDOUT;
	}
	if (ret < 0)
		return xs->broken = ret;
	return xs->answer.err;
}

/* A request with one or two strings. */
static struct request *post_strings(struct ck_xs *xs, uint32_t type, uint32_t t,
				    const char *first, const char *second)
{
	struct iovec piece[2] = {
		{ (void *)first, strlen(first) + 1 },
		{ (void *)second, second ? strlen(second) + 1 : 0 },
	};

	return post(xs, type, t, piece, second ? 2 : 1);
}

/* Only a value has no NUL at its end. */
static struct request *post_write(struct ck_xs *xs, uint32_t t,
				  const char *path, const char *value)
{
	struct iovec piece[2] = {
		{ (void *)path, strlen(path) + 1 },
		{ (void *)value, strlen(value) },
	};

	return post(xs, XS_WRITE, t, piece, 2);
}

/**
 * ck_xs_read() - read a node
 * @xs: the connection
 * @t: transaction, or CK_XS_NULL
 * @path: the node
 * @value: its bytes; an oversize value keeps its first CK_VALUE_MAX bytes but
 *	   its true length, so that parsing it fails
 *
 * Return: 0, -ENOENT or another negative errno.
 */
int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path,
	       struct ck_xs_value *value)
{
	size_t len;
	int err;

	err = finish(xs, post_strings(xs, XS_READ, t, path, NULL));
	if (err)
		return err;
	len = xs->answer.len;
	value->len = len;
	if (len > CK_VALUE_MAX)
		len = CK_VALUE_MAX;
	memcpy(value->data, xs->answer.data, len);
	value->data[len] = 0;
	return 0;
}

int ck_xs_write(struct ck_xs *xs, uint32_t t, const char *path,
		const char *value)
{
	return finish(xs, post_write(xs, t, path, value));
}

/* Remove a node and what is below it; one that is not there is no error. */
int ck_xs_rm(struct ck_xs *xs, uint32_t t, const char *path)
{
	int err = finish(xs, post_strings(xs, XS_RM, t, path, NULL));

	return err == -ENOENT ? 0 : err;
}

/* Collect the names of a directory too large for one answer. Each part begins with
 * the directory's generation: if that changed, what was collected is outdated.
 */
static int list_parts(struct ck_xs *xs, uint32_t t, const char *path,
		      char **text, size_t *len)
{
	char generation[32] = "", offset[16];
	size_t head, n;
	int err;

	*text = NULL;
	*len = 0;
	do {
		snprintf(offset, sizeof(offset), "%zu", *len);
		err = finish(xs, post_strings(xs, XS_DIRECTORY_PART, t, path,
					      offset));
		if (err)
			return err;
		head = strlen(xs->answer.data) + 1;
		if (head > sizeof(generation) || head >= xs->answer.len)
			return -EPROTO;
		if (*len && strcmp(generation, xs->answer.data)) {
			*len = 0;
			continue;
		}
		strcpy(generation, xs->answer.data);
		n = xs->answer.len - head;
		*text = ck_realloc(*text, *len + n);
		memcpy(*text + *len, xs->answer.data + head, n);
		*len += n;
		/* An empty name ends the last part. */
	} while (*len < 2 || (*text)[*len - 1] || (*text)[*len - 2]);
	--*len;
	return 0;
}

/* Return: the names in @text, and a copy of it, in one piece of memory. */
static char **split(const char *text, size_t len, unsigned int *n)
{
	char **names, *copy;
	size_t i;

	*n = 0;
	for (i = 0; i < len; i++)
		*n += !text[i];
	names = ck_alloc(*n * sizeof(*names) + len + 1);
	copy = (char *)(names + *n);
	memcpy(copy, text, len);
	for (i = 0; i < *n; i++, copy += strlen(copy) + 1)
		names[i] = copy;
	return names;
}

/**
 * ck_xs_list() - names of a node's children
 * @xs: the connection
 * @t: transaction, or CK_XS_NULL
 * @path: the node; if it is absent, it has no children
 * @names: the names at one moment, to be freed by one free()
 * @n: their number
 *
 * Return: 0, -E2BIG if they are too many for this XenStore, or another negative errno.
 */
int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path,
	       char ***names, unsigned int *n)
{
	char *text = NULL;
	size_t len;
	int err;

	*names = NULL;
	*n = 0;
	err = finish(xs, post_strings(xs, XS_DIRECTORY, t, path, NULL));
	if (!err)
		*names = split(xs->answer.data, xs->answer.len, n);
	if (err == -E2BIG) {
		err = list_parts(xs, t, path, &text, &len);
		if (!err)
			*names = split(text, len, n);
		/* oxenstored has no parts. */
		if (err == -EINVAL || err == -ENOSYS)
			err = -E2BIG;
		free(text);
	}
	return err == -ENOENT ? 0 : err;
}

/* Only domain 0 and @readers may read a node. */
static struct request *post_readers(struct ck_xs *xs, uint32_t t,
				    const char *path, const uint32_t *readers,
				    unsigned int n)
{
	char *text = ck_alloc(n * sizeof("r4294967295") + 1), *to = text;
	struct iovec piece[3] = {
		{ (void *)path, strlen(path) + 1 },
		{ "n0", 3 },
		{ text, 0 },
	};
	struct request *request;
	unsigned int i;

	for (i = 0; i < n; i++)
		to += sprintf(to, "r%" PRIu32, readers[i]) + 1;
	piece[2].iov_len = to - text;
	request = post(xs, XS_SET_PERMS, t, piece, 3);
	free(text);
	return request;
}

/* Make a node that domain 0 owns and that one domain may read. What is made below
 * it inherits that.
 */
int ck_xs_share(struct ck_xs *xs, uint32_t t, const char *path,
		uint32_t reader)
{
	return finish(xs, post_strings(xs, XS_MKDIR, t, path, NULL)) ?:
	       finish(xs, post_readers(xs, t, path, &reader, 1));
}

/**
 * ck_xs_readers() - who else may read a node of domain 0?
 * @xs: the connection
 * @path: the node
 * @readers: result: the domains
 * @max: the most that there is space for
 * @n: their number
 *
 * Return: 0, -ERANGE if other rights are given as well or there are more readers, or
 * another negative errno.
 */
int ck_xs_readers(struct ck_xs *xs, const char *path, uint32_t *readers,
		  unsigned int max, unsigned int *n)
{
	const char *text, *end;
	int err;

	*n = 0;
	err = finish(xs, post_strings(xs, XS_GET_PERMS, CK_XS_NULL, path, NULL));
	if (err)
		return err;
	text = xs->answer.data;
	end = text + xs->answer.len;
	if (strcmp(text, "n0"))
		return -ERANGE;
	for (text += 3; text < end; text += strlen(text) + 1)
		if (*n == max || *text != 'r' ||
		    !ck_u32_parse(text + 1, 0, CK_DOMID_MAX, &readers[(*n)++]))
			return -ERANGE;
	return 0;
}

/* Begin or cease to be told of changes of a node and what is below it. */
int ck_xs_watch(struct ck_xs *xs, const char *path, bool on)
{
	return finish(xs, post_strings(xs, on ? XS_WATCH : XS_UNWATCH,
				       CK_XS_NULL, path, ""));
}

/* Has the toolstack introduced a domain? Return: 0 or a negative errno. */
int ck_xs_introduced(struct ck_xs *xs, uint32_t domid, bool *introduced)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%u", domid);
	err = finish(xs, post_strings(xs, XS_IS_DOMAIN_INTRODUCED, CK_XS_NULL, text, NULL));
	*introduced = !err && !strcmp(xs->answer.data, "T");
	return err;
}

/**
 * ck_xs_transaction() - run a function in a transaction
 * @xs: the connection
 * @fn: the function; it is called again when somebody else interfered
 * @arg: its argument
 *
 * Return: 0, what @fn returned, or -EAGAIN when there was no end to it.
 */
int ck_xs_transaction(struct ck_xs *xs, ck_xs_fn fn, void *arg)
{
	uint32_t t;
	int i, err;

	for (i = 0; i < TRANSACTION_TRIES; i++) {
		err = finish(xs, post_strings(xs, XS_TRANSACTION_START,
					      CK_XS_NULL, "", NULL));
		if (err)
			return err;
		t = strtoul(xs->answer.data, NULL, 10);
		err = fn(xs, t, arg);
		if (err) {
			finish(xs, post_strings(xs, XS_TRANSACTION_END, t, "F",
						NULL));
			if (err != -EAGAIN)
				return err;
			continue;
		}
		err = finish(xs, post_strings(xs, XS_TRANSACTION_END, t, "T",
					      NULL));
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

/**
 * ck_xs_post_write() - have a node written
 * @xs: the connection
 * @t: transaction, or CK_XS_NULL
 * @path: the node
 * @value: what to write
 * @done: told of the result, later; may be NULL
 * @arg: its argument
 *
 * It is sent by ck_xs_flush(), or with the next request that is waited for.
 * ck_xs_post_rm() is alike.
 */
void ck_xs_post_write(struct ck_xs *xs, uint32_t t, const char *path,
		      const char *value, ck_xs_done_fn done, void *arg)
{
	struct request *request = post_write(xs, t, path, value);

	request->done = done;
	request->arg = arg;
}

void ck_xs_post_rm(struct ck_xs *xs, uint32_t t, const char *path,
		   ck_xs_done_fn done, void *arg)
{
	struct request *request = post_strings(xs, XS_RM, t, path, NULL);

	request->done = done;
	request->arg = arg;
}

/**
 * ck_xs_post_readers() - have others read a node, and what is made below it later
 * @xs: the connection
 * @path: the node, domain 0's
 * @readers: the domains; nobody else may read it but domain 0
 * @n: their number
 * @done: told of the result, later; may be NULL
 * @arg: its argument
 */
void ck_xs_post_readers(struct ck_xs *xs, const char *path,
			const uint32_t *readers, unsigned int n,
			ck_xs_done_fn done, void *arg)
{
	struct request *request = post_readers(xs, CK_XS_NULL, path, readers, n);

	request->done = done;
	request->arg = arg;
}

/**
 * ck_xs_on_event() - have each watch event handed over as soon as it is received
 * @xs: the connection
 * @fn: gets the path that changed. It is called while an answer is awaited as well, so it
 *	may only take notice. None is kept, so they need no memory
 * @arg: its argument
 */
void ck_xs_on_event(struct ck_xs *xs, ck_xs_event_fn fn, void *arg)
{
	xs->event = fn;
	xs->event_arg = arg;
}

/**
 * ck_xs_receive() - take what was received, without waiting
 * @xs: the connection
 * @max: so many messages at most
 *
 * Return: 0, or a negative errno if the connection is of no use any more. That is so, too,
 * when the answer to a request has not come within CK_XS_DEADLINE.
 */
int ck_xs_receive(struct ck_xs *xs, unsigned int max)
{
	int ret = 1;

	while (!xs->broken && max-- && ret) {
		ret = receive(xs);
		if (ret < 0)
			xs->broken = ret;
	}
	/* While there is more to take, the answer may be there. */
	if (!xs->broken && !ret && ck_xs_deadline(xs) <= now_ms())
		xs->broken = -ETIMEDOUT;
	return xs->broken;
}

/* Return: when the oldest request must have been answered, in milliseconds. */
uint64_t ck_xs_deadline(const struct ck_xs *xs)
{
	const struct request *request = STAILQ_FIRST(&xs->requests);

	return request ? request->posted + CK_XS_DEADLINE : UINT64_MAX;
}

/* Is there something that the descriptor does not tell of? */
bool ck_xs_pending(const struct ck_xs *xs)
{
	return !STAILQ_EMPTY(&xs->events) || whole_message(xs);
}

/**
 * ck_xs_next_event() - take the next watch event, without waiting
 * @xs: the connection
 * @path: what changed; a path too long to be ours is passed over
 *
 * Call it until it returns 0, and again after whatever waits for an answer: events
 * that come meanwhile do not make the descriptor readable. See ck_xs_pending().
 *
 * Return: 1 for an event, 0 for none, or a negative errno.
 */
int ck_xs_next_event(struct ck_xs *xs, char path[CK_EVENT_SIZE])
{
	struct event *event;
	bool fits;
	int ret;

	for (;;) {
		while (!(event = STAILQ_FIRST(&xs->events))) {
			ret = receive(xs);
			if (ret < 0)
				xs->broken = ret;
			if (ret <= 0)
				return ret;
		}
		STAILQ_REMOVE_HEAD(&xs->events, next);
		fits = strlen(event->path) < CK_EVENT_SIZE;
		if (fits)
			strcpy(path, event->path);
		free(event);
		if (fits)
			return 1;
	}
}
