// SPDX-License-Identifier: GPL-2.0
/* cokeeper monitor: one line, or one JSON object, for each event. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "names.h"
#include "output.h"

#define TIME_SIZE	64

/* When it happened, says the kernel: our own clock would be late. */
static void format_time(char buf[TIME_SIZE], uint64_t ns)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	char zone[8];
	size_t len;

	localtime_r(&seconds, &tm);
	len = strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(buf + len, TIME_SIZE - len, ".%06u%.3s:%.2s",
		 (unsigned int)(ns % 1000000000 / 1000), zone, zone + 3);
}

/* A channel's end has a reason; what happens to the roster has a cause. */
static const char *cause(const struct ck_message *msg)
{
	return msg->cause ? ck_cause_name(msg->cause) :
			    ck_reason_name(msg->peer.reason);
}

static void print_peer(const struct ck_message *msg)
{
	char mac[CK_MAC_STRLEN];

	out_string("mac", " peer %s", ck_mac_format(&msg->peer.mac, mac));
	out_u64("domid", " domid %" PRIu64, msg->peer.domid);
	out_hex("instance", " instance %s", msg->peer.instance);
	out_string("state", " state %s", ck_state_name(msg->peer.state));
	out_string("cause", " cause %s", cause(msg));
}

static void print_dev(const struct ck_message *msg)
{
	cli_print_dev(&msg->dev);
	if (msg->cause)
		out_string("cause", " cause %s", ck_cause_name(msg->cause));
	else
		out_null("cause", "");
}

static int print_event(const struct nlmsghdr *nlh, void *arg)
{
	const struct ck_genl *genl = arg;
	char time[TIME_SIZE], name[IF_NAMESIZE];
	struct ck_message msg;

	if (nlh->nlmsg_type != genl->family || !ck_genl_parse(nlh, &msg) ||
	    !msg.have_event)
		return MNL_CB_OK;
	format_time(time, msg.time);
	out_open_object(NULL);
	out_string("time", "%s", time);
	out_string("event", " %s", ck_event_name(msg.event));
	out_string("device", " %s", cli_ifname(msg.dev.ifindex, name));
	if (msg.have_peer)
		print_peer(&msg);
	else
		print_dev(&msg);
	out_text("\n");
	out_close();
	fflush(stdout);
	return MNL_CB_OK;
}

/* Print events until a signal asks for an end. Return: the exit status. */
static int print_events(struct ck_genl *genl, int signals)
{
	struct pollfd pfd[] = {
		{ .fd = ck_nl_fd(&genl->nl), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int err;

	while (!ferror(stdout)) {
		if (poll(pfd, 2, -1) < 0)
			break;
		if (pfd[1].revents)
			return 0;
		err = ck_nl_drain(&genl->nl);
		if (err == -ENOBUFS) {
			cli_error("some events were lost");
		} else if (err) {
			cli_error("netlink: %s", strerror(-err));
			break;
		}
	}
	return 1;
}

static int monitor(struct ck_genl *genl)
{
	int err, signals, ret;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		cli_error("signalfd: %s", strerror(errno));
		return 1;
	}
	genl->nl.ntf = print_event;
	genl->nl.ntf_arg = genl;
	err = ck_genl_join(genl, genl->monitor);
	if (err) {
		cli_error("join the monitor group: %s", strerror(-err));
		ret = 1;
	} else {
		ret = print_events(genl, signals);
	}
	close(signals);
	return ret;
}

int cmd_monitor(int argc, char **argv)
{
	struct ck_genl genl;
	int ret;

	if (argc) {
		cli_error("unexpected argument '%s'", argv[0]);
		return 2;
	}
	ret = cli_open(&genl);
	if (ret)
		return ret;
	ret = monitor(&genl);
	ck_genl_close(&genl);
	return ret;
}
