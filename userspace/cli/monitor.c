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

/**
 * struct filter - which events are printed
 * @dev: those of the device of this name, NULL for any
 * @ifindex: the last device that had it
 * @have_peer: only those of one peer
 * @peer: its MAC
 * @events: a bit for each COKEEPER_EVENT_*; 0: all of them
 */
struct filter {
	const char *dev;
	uint32_t ifindex;
	bool have_peer;
	struct ck_mac peer;
	uint32_t events;
};

/**
 * struct monitor - a monitor
 * @genl: its socket
 * @filter: what it prints
 * @write_error: why the last event could not be written: a negative errno, or 0
 */
struct monitor {
	struct ck_genl genl;
	struct filter filter;
	int write_error;
};

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

/* The last events of a device come when it has no name any more, and another one may get it
 * then.
 */
static bool is_device(struct filter *filter, uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	if (!filter->dev)
		return true;
	if (!if_indextoname(ifindex, name))
		return ifindex == filter->ifindex;
	if (strcmp(name, filter->dev))
		return false;
	filter->ifindex = ifindex;
	return true;
}

static bool wanted(struct filter *filter, const struct ck_message *msg)
{
	if (filter->events && (msg->event > 31 || !(filter->events & 1u << msg->event)))
		return false;
	/* An event of a device has no peer: its MAC is zero, and no peer's is. */
	if (filter->have_peer && ck_mac_cmp(&msg->peer.mac, &filter->peer))
		return false;
	return is_device(filter, msg->dev.ifindex);
}

static int print_event(const struct nlmsghdr *nlh, void *arg)
{
	char time[TIME_SIZE], name[IF_NAMESIZE];
	struct monitor *monitor = arg;
	struct ck_message msg;

	if (nlh->nlmsg_type != monitor->genl.family || !ck_genl_parse(nlh, &msg) ||
	    !msg.have_event || !wanted(&monitor->filter, &msg))
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
	monitor->write_error = out_flush();
	return MNL_CB_OK;
}

/* Print events until a signal asks for an end, or nobody reads them any more. Return:
 * the exit status.
 */
static int print_events(struct monitor *monitor, int signals)
{
	struct ck_nl *nl = &monitor->genl.nl;
	struct pollfd pfd[] = {
		{ .fd = ck_nl_fd(nl), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO },	/* its reader is gone: POLLERR */
	};
	int err;

	for (;;) {
		if (poll(pfd, 3, -1) < 0) {
			cli_error("poll: %s", strerror(errno));
			return CLI_FAILED;
		}
		if (pfd[1].revents || pfd[2].revents & (POLLERR | POLLHUP))
			return 0;
		err = ck_nl_drain(nl);
		if (err == -ENOBUFS) {
			cli_error("some events were lost");
		} else if (err) {
			cli_error("netlink: %s", strerror(-err));
			return CLI_FAILED;
		}
		if (monitor->write_error == -EPIPE)
			return 0;
		if (monitor->write_error) {
			cli_error("standard output: %s", strerror(-monitor->write_error));
			return CLI_FAILED;
		}
	}
}

static int run(struct monitor *monitor)
{
	struct ck_genl *genl = &monitor->genl;
	int err, signals, ret;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		cli_error("signalfd: %s", strerror(errno));
		return CLI_FAILED;
	}
	genl->nl.ntf = print_event;
	genl->nl.ntf_arg = monitor;
	err = ck_genl_join(genl, genl->monitor);
	if (err) {
		cli_error("join the monitor group: %s", strerror(-err));
		ret = CLI_FAILED;
	} else {
		ret = print_events(monitor, signals);
	}
	close(signals);
	return ret;
}

/* Each of these takes the word behind a keyword. Return: 0, or the exit status. */
static int take_dev(struct filter *filter, const char *name)
{
	if (filter->dev)
		return cli_misuse("'dev' is given twice");
	filter->ifindex = if_nametoindex(name);
	if (!filter->ifindex) {
		cli_error("there is no device '%s'", name);
		return CLI_MISUSE;
	}
	filter->dev = name;
	return 0;
}

static int take_peer(struct filter *filter, const char *mac)
{
	if (filter->have_peer)
		return cli_misuse("'peer' is given twice");
	filter->have_peer = ck_mac_parse(mac, &filter->peer);
	return filter->have_peer ? 0 : cli_misuse("'%s' is no MAC address", mac);
}

static int take_event(struct filter *filter, const char *name)
{
	uint32_t event;

	if (!ck_event_parse(name, &event))
		return cli_misuse("there is no event '%s'", name);
	filter->events |= 1u << event;
	return 0;
}

static const struct {
	const char *keyword;
	const char *needs;
	int (*take)(struct filter *filter, const char *word);
} keywords[] = {
	{ "dev", "the name of a device", take_dev },
	{ "peer", "a MAC address", take_peer },
	{ "event", "the name of an event", take_event },
};

/* Return: 0, or the exit status. */
static int parse_filter(int argc, char **argv, struct filter *filter)
{
	const unsigned int n = sizeof(keywords) / sizeof(keywords[0]);
	int ret = 0;
	unsigned int i;

	for (; argc && !ret; argc -= 2, argv += 2) {
		for (i = 0; i < n && strcmp(argv[0], keywords[i].keyword); i++)
			;
		if (i == n)
			return cli_misuse("unexpected argument '%s'", argv[0]);
		if (argc == 1)
			return cli_misuse("'%s' needs %s", argv[0], keywords[i].needs);
		ret = keywords[i].take(filter, argv[1]);
	}
	if (!ret && filter->have_peer && filter->events == 1u << COKEEPER_EVENT_DEVICE)
		return cli_misuse("events of a device concern no peer");
	return ret;
}

int cmd_monitor(int argc, char **argv)
{
	struct monitor monitor = { 0 };
	int ret;

	ret = parse_filter(argc, argv, &monitor.filter);
	if (!ret)
		ret = cli_open(&monitor.genl);
	if (ret)
		return ret;
	ret = run(&monitor);
	ck_genl_close(&monitor.genl);
	return ret;
}
