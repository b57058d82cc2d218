// SPDX-License-Identifier: GPL-2.0
/* When the kernel's table of peers changed, and its routes to them.
 *
 * The kernel stamps its own events: they wait in a large buffer until the end, so
 * that looking on takes no time from what is measured. Routes are stamped here.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include <arpa/inet.h>
#include <sys/signalfd.h>

#include "addr.h"
#include "genl.h"
#include "names.h"
#include "probe.h"

static const char usage[] =
"Usage: probe-events [routes]\n"
"Takes note of the events of all cokeeper devices (or of IPv4 routes that come and\n"
"go), says 'ready' on standard error, and when SIGTERM ends it prints\n"
"  NS EVENT MAC CAUSE        (or: NS route-add|route-del ADDRESS -)\n";

#define BUFFER	(16 << 20)

static const char *cause(const struct ck_message *msg)
{
	return msg->cause ? ck_cause_name(msg->cause) : ck_reason_name(msg->peer.reason);
}

static int print_event(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_genl *genl = arg;
	char mac[CK_MAC_STRLEN];
	struct ck_message msg;

	if (nlh->nlmsg_type != genl->family || !ck_genl_parse(nlh, &msg) ||
	    !msg.have_event || !msg.have_peer)
		return MNL_CB_OK;
	printf("%" PRIu64 " %s %s %s\n", msg.time, ck_event_name(msg.event),
	       ck_mac_format(&msg.peer.mac, mac), cause(&msg));
	return MNL_CB_OK;
}

static int print_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	char text[INET_ADDRSTRLEN];
	const struct nlattr *attr;

	(void)arg;
	if (nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(attr) == RTA_DST)
			printf("%" PRIu64 " route-%s %s -\n", now_ns(),
			       nlh->nlmsg_type == RTM_NEWROUTE ? "add" : "del",
			       inet_ntop(AF_INET, mnl_attr_get_payload(attr), text,
					 sizeof(text)));
	return MNL_CB_OK;
}

static void join(struct ck_nl *nl, int group)
{
	int size = BUFFER;

	if (setsockopt(ck_nl_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    mnl_socket_setsockopt(nl->sk, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		err(1, "netlink");
}

int main(int argc, char **argv)
{
	bool routes = argc == 2 && !strcmp(argv[1], "routes");
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct ck_genl genl;
	sigset_t mask;
	int ret;

	if (argc != 1 && !routes) {
		fputs(usage, stderr);
		return 2;
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fds[0].fd = signalfd(-1, &mask, 0);

	ret = routes ? ck_nl_open(&genl.nl, NETLINK_ROUTE) : ck_genl_open(&genl);
	if (ret)
		errx(1, "netlink: %s", strerror(-ret));
	join(&genl.nl, routes ? (int)RTNLGRP_IPV4_ROUTE : (int)genl.monitor);
	genl.nl.ntf = routes ? print_route : print_event;
	genl.nl.ntf_arg = &genl;
	fds[1].fd = ck_nl_fd(&genl.nl);

	buffer_output();
	fputs("ready\n", stderr);
	do {
		if (poll(fds, routes ? 2 : 1, -1) < 0)
			err(1, "poll");
		ret = ck_nl_drain(&genl.nl);
		if (ret)
			errx(1, "events were lost: %s", strerror(-ret));
	} while (!fds[0].revents);
	return 0;
}
