// SPDX-License-Identifier: GPL-2.0
/* A kernel that says over netlink what an input spells out, in place of common/nl.c and its
 * sockets. Whatever it is asked, it gives all messages there are at this time: those who ask
 * are to know what concerns them. Each message has a piece of memory of its exact size.
 */
#include "kernel.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fds.h"
#include "messages.h"
#include "nl.h"

static char *rest;
static struct messages now;
static unsigned int requests;

/* From now on, this is the input. */
void kernel_start(char *text)
{
	rest = text;
	fd_start();
}

/* Return: whether there is something more to be said; from now on this is what counts. */
bool kernel_next(void)
{
	requests = 0;
	return messages_read(&now, &rest);
}

/* Return: how often it was asked since then. */
unsigned int kernel_requests(void)
{
	return requests;
}

/* Give all messages that there are now. */
void kernel_tell(mnl_cb_t cb, void *arg)
{
	const struct nlmsghdr *nlh = (void *)now.buf;
	int left = now.len;
	void *copy;

	for (; mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left;
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		/* With its padding, which libmnl takes for a part of it. */
		copy = calloc(1, MNL_ALIGN(nlh->nlmsg_len));
		assert(copy);
		memcpy(copy, nlh, nlh->nlmsg_len);
		cb(copy, arg);
		free(copy);
	}
}

/* A socket of libmnl is an address in this; what is there says which protocol it has. */
static char sockets[1024];

int ck_nl_open(struct ck_nl *nl, int bus)
{
	int fd = fd_new();

	memset(nl, 0, sizeof(*nl));
	if (fd < 0)
		return -EMFILE;
	sockets[fd] = bus;
	nl->sk = (void *)(sockets + fd);
	return 0;
}

void ck_nl_close(struct ck_nl *nl)
{
	nl->sk = NULL;
}

int ck_nl_fd(const struct ck_nl *nl)
{
	return mnl_socket_get_fd(nl->sk);
}

/* What a request of generic netlink's controller gets names the family; nothing else of that
 * protocol does.
 */
struct answer {
	mnl_cb_t cb;
	void *arg;
	bool generic;
	bool control;
};

static int give(const struct nlmsghdr *nlh, void *arg)
{
	const struct answer *answer = arg;

	bool control = nlh->nlmsg_type == GENL_ID_CTRL;

	if (!answer->generic || control == answer->control)
		answer->cb(nlh, answer->arg);
	return MNL_CB_OK;
}

int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	bool control = nlh->nlmsg_type == GENL_ID_CTRL;
	struct answer answer = { cb, arg, sockets[ck_nl_fd(nl)] == NETLINK_GENERIC, control };
	int err = requests < now.nerrors ? now.error[requests] : 0;

	assert(nlh->nlmsg_len >= MNL_NLMSG_HDRLEN);
	requests++;
	if (cb)
		kernel_tell(give, &answer);
	snprintf(nl->error, sizeof(nl->error), "%s", strerror(-err));
	return err;
}

int ck_nl_drain(struct ck_nl *nl)
{
	if (nl->ntf)
		kernel_tell(nl->ntf, nl->ntf_arg);
	return 0;
}

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	int fd = fd_new();

	(void)bus;
	(void)flags;
	return fd < 0 ? NULL : (void *)(sockets + fd);
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return (const char *)nl - sockets;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return 1;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}
