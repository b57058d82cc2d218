// SPDX-License-Identifier: GPL-2.0
/* Netlink requests with the kernel's own error text, for rtnetlink and genl. */
#include "nl.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>

#define RECEIVE_SIZE	65536
#define SOCKET_BUFFER	(1 << 20)
/* The kernel answers at once, but for a request that waits for channels to end. */
#define ANSWER_MS	10000
/* Notifications taken at a time: more than the buffer holds, so that what is read from the
 * kernel afterwards is newer than all that was there; but there is an end, whoever causes them.
 */
#define DRAIN_MAX	4096
#define ERRNO_MAX	4095

/**
 * ck_nl_open() - open a netlink socket
 * @nl: the socket
 * @bus: NETLINK_GENERIC or NETLINK_ROUTE
 *
 * Return: 0 or a negative errno.
 */
int ck_nl_open(struct ck_nl *nl, int bus)
{
	int one = 1, size = SOCKET_BUFFER, err;

	memset(nl, 0, sizeof(*nl));
	nl->sk = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl->sk)
		return -errno;
	nl->seq = time(NULL);
	mnl_socket_setsockopt(nl->sk, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sk, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(ck_nl_fd(nl), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(ck_nl_fd(nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(nl->sk, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		ck_nl_close(nl);
		return err;
	}
	return 0;
}

void ck_nl_close(struct ck_nl *nl)
{
	if (nl->sk)
		mnl_socket_close(nl->sk);
	nl->sk = NULL;
}

int ck_nl_fd(const struct ck_nl *nl)
{
	return mnl_socket_get_fd(nl->sk);
}

static int fail(struct ck_nl *nl, int err)
{
	snprintf(nl->error, sizeof(nl->error), "%s",
		 err == -ETIME ? "the kernel does not answer" : strerror(-err));
	return err;
}

static int extack_attr(const struct nlattr *attr, void *data)
{
	const char **text = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* What a result can be: 0, or an errno as the kernel has them. */
static bool is_errno(int err)
{
	return err <= 0 && err >= -ERRNO_MAX;
}

/* With NETLINK_CAP_ACK the request is not echoed: attributes follow at once. */
static int decode_error(struct ck_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const char *text = NULL;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) || !is_errno(e->error))
		return fail(nl, -EBADMSG);
	if (!e->error)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(*e), extack_attr, &text);
	snprintf(nl->error, sizeof(nl->error), "%s%s%s",
		 text ? text : strerror(-e->error), text ? ": " : "",
		 text ? strerror(-e->error) : "");
	return e->error;
}

/**
 * struct answer - what a request has brought
 * @interrupted: the kernel's data changed meanwhile
 * @done: it is over, with the result @err
 */
struct answer {
	mnl_cb_t cb;
	void *arg;
	bool interrupted;
	bool done;
	int err;
};

static void handle(struct ck_nl *nl, const struct nlmsghdr *nlh,
		  struct answer *answer)
{
	/* rtnetlink's notifications bear the number of the request that caused
	 * them, so that only a socket without requests can tell them apart.
	 */
	if (!answer || answer->done || nlh->nlmsg_seq != nl->seq) {
		if (nl->ntf && (!answer || !nlh->nlmsg_seq))
			nl->ntf(nlh, nl->ntf_arg);
		return;
	}
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		answer->done = true;
		answer->err = decode_error(nl, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		answer->done = true;
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(answer->err))
			memcpy(&answer->err, mnl_nlmsg_get_payload(nlh),
			       sizeof(answer->err));
		if (!is_errno(answer->err))
			answer->err = -EBADMSG;
		if (!answer->err && answer->interrupted)
			answer->err = -EINTR;
		if (answer->err)
			fail(nl, answer->err);
	} else if (answer->cb) {
		answer->cb(nlh, answer->arg);
	}
}

/* Read once from the socket. Return: 0 or a negative errno, -EAGAIN if there is nothing. */
static int receive(struct ck_nl *nl, struct answer *answer)
{
	char buf[RECEIVE_SIZE] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	int len;

	len = recv(ck_nl_fd(nl), buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	/* libmnl takes a length of 2 GiB or more for a negative one, and never gets past it. */
	for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
	     nlh = mnl_nlmsg_next(nlh, &len))
		handle(nl, nlh, answer);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/**
 * ck_nl_request() - send a request and wait for the end of its answer
 * @nl: the socket
 * @nlh: the request; flags other than NLM_F_DUMP are set here
 * @cb: called for each message of the answer, may be NULL
 * @arg: its argument
 *
 * Return: 0 or a negative errno, explained in @nl->error; -EINTR means that
 * what a dump told is not consistent, and that it is to be asked for again;
 * -ENOBUFS that the answer or a notification may have been lost; -ETIME that
 * there was no answer in time. Then the request may still be carried out.
 */
int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *arg)
{
	struct answer answer = { .cb = cb, .arg = arg };
	struct pollfd pfd = { .fd = ck_nl_fd(nl), .events = POLLIN };
	uint64_t now, end = now_ms() + ANSWER_MS;
	int ret;

	nlh->nlmsg_flags |= NLM_F_REQUEST;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sk, nlh, nlh->nlmsg_len) < 0)
		return fail(nl, -errno);
	while (!answer.done) {
		now = now_ms();
		if (now >= end)
			return fail(nl, -ETIME);
		ret = receive(nl, &answer);
		if (ret == -EAGAIN)
			poll(&pfd, 1, end - now);
		else if (ret)
			return fail(nl, ret);
	}
	return answer.err;
}

/**
 * ck_nl_drain() - pass all notifications that have arrived to @nl->ntf
 * @nl: the socket; it stays readable if more come meanwhile than are taken at once
 *
 * Return: 0, -ENOBUFS when some were lost, or another negative errno.
 */
int ck_nl_drain(struct ck_nl *nl)
{
	int i, ret = 0;

	for (i = 0; i < DRAIN_MAX && !ret; i++)
		ret = receive(nl, NULL);
	return ret == -EAGAIN ? 0 : ret;
}
