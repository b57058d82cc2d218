// SPDX-License-Identifier: GPL-2.0
/* Netlink requests with the kernel's own error text, for rtnetlink and genl. */
#include "nl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>

#define RECEIVE_SIZE	65536
#define SOCKET_BUFFER	(1 << 20)

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

static int extack_attr(const struct nlattr *attr, void *data)
{
	const char **text = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* With NETLINK_CAP_ACK the request is not echoed: attributes follow at once. */
static int decode_error(struct ck_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const char *text = NULL;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
		return -EBADMSG;
	if (!e->error)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(*e), extack_attr, &text);
	snprintf(nl->error, sizeof(nl->error), "%s%s%s",
		 text ? text : strerror(-e->error), text ? ": " : "",
		 text ? strerror(-e->error) : "");
	return e->error;
}

struct answer {
	mnl_cb_t cb;
	void *arg;
	int interrupted;
};

/* Return: 1 at the end of the answer, 0 if more is to come, or an error. */
static int handle(struct ck_nl *nl, const struct nlmsghdr *nlh,
		  struct answer *answer)
{
	int err = 0;

	/* rtnetlink's notifications bear the number of the request that caused
	 * them, so that only a socket without requests can tell them apart.
	 */
	if (!answer || nlh->nlmsg_seq != nl->seq) {
		if (nl->ntf && (!answer || !nlh->nlmsg_seq))
			nl->ntf(nlh, nl->ntf_arg);
		return 0;
	}
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = -EINTR;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		err = decode_error(nl, nlh);
		return err ? err : 1;
	}
	if (nlh->nlmsg_type == NLMSG_DONE) {
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
			memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
		if (!err)
			err = answer->interrupted;
		if (err)
			snprintf(nl->error, sizeof(nl->error), "%s",
				 strerror(-err));
		return err ? err : 1;
	}
	if (answer->cb)
		answer->cb(nlh, answer->arg);
	return 0;
}

/* Read once from the socket. Return: as handle(). */
static int receive(struct ck_nl *nl, struct answer *answer)
{
	char buf[RECEIVE_SIZE] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	int len, ret, result = 0;

	len = recv(ck_nl_fd(nl), buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		ret = handle(nl, nlh, answer);
		if (ret)
			result = ret;
	}
	return result;
}

/**
 * ck_nl_request() - send a request and wait for the end of its answer
 * @nl: the socket
 * @nlh: the request; flags other than NLM_F_DUMP are set here
 * @cb: called for each message of the answer, may be NULL
 * @arg: its argument
 *
 * Return: 0 or a negative errno, explained in @nl->error; -EINTR means that
 * what a dump told is not consistent, and that it is to be asked for again.
 */
int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *arg)
{
	struct answer answer = { .cb = cb, .arg = arg };
	struct pollfd pfd = { .fd = ck_nl_fd(nl), .events = POLLIN };
	int ret;

	nlh->nlmsg_flags |= NLM_F_REQUEST;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sk, nlh, nlh->nlmsg_len) < 0) {
		ret = -errno;
		snprintf(nl->error, sizeof(nl->error), "%s", strerror(-ret));
		return ret;
	}
	for (;;) {
		ret = receive(nl, &answer);
		if (ret > 0)
			return 0;
		if (!ret || ret == -ENOBUFS)
			continue;
		if (ret != -EAGAIN)
			return ret;
		poll(&pfd, 1, -1);
	}
}

/**
 * ck_nl_drain() - pass all notifications that have arrived to @nl->ntf
 * @nl: the socket
 *
 * Return: 0, -ENOBUFS when some were lost, or another negative errno.
 */
int ck_nl_drain(struct ck_nl *nl)
{
	int ret;

	do {
		ret = receive(nl, NULL);
	} while (!ret);
	return ret == -EAGAIN ? 0 : ret;
}
