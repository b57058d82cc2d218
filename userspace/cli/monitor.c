// SPDX-License-Identifier: GPL-2.0
/* cokeeper monitor: one line, or one JSON object, for each event. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "names.h"

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

static void print_text(const struct ck_message *msg)
{
	char time[TIME_SIZE], name[IF_NAMESIZE], mac[CK_MAC_STRLEN];

	format_time(time, msg->time);
	printf("%s %s %s", time, ck_event_name(msg->event),
	       cli_ifname(msg->dev.ifindex, name));
	if (msg->have_peer)
		printf(" peer %s domid %" PRIu32 " instance %016" PRIx64
		       " state %s cause %s\n",
		       ck_mac_format(&msg->peer.mac, mac), msg->peer.domid,
		       msg->peer.instance, ck_state_name(msg->peer.state),
		       cause(msg));
	else if (msg->dev.helper)
		printf(" mac %s instance %016" PRIx64 " helper %" PRIu32 "\n",
		       ck_mac_format(&msg->dev.mac, mac), msg->dev.instance,
		       msg->dev.helper);
	else
		printf(" mac %s instance %016" PRIx64 " helper none\n",
		       ck_mac_format(&msg->dev.mac, mac), msg->dev.instance);
}

static void print_json(const struct ck_message *msg)
{
	char time[TIME_SIZE], name[IF_NAMESIZE], mac[CK_MAC_STRLEN];
	struct json_object *obj = json_object_new_object();

	format_time(time, msg->time);
	cli_json_str(obj, "time", time);
	cli_json_str(obj, "event", ck_event_name(msg->event));
	cli_json_str(obj, "device", cli_ifname(msg->dev.ifindex, name));
	if (msg->have_peer) {
		cli_json_str(obj, "mac", ck_mac_format(&msg->peer.mac, mac));
		cli_json_u64(obj, "domid", msg->peer.domid);
		cli_json_hex(obj, "instance", msg->peer.instance);
		cli_json_str(obj, "state", ck_state_name(msg->peer.state));
		cli_json_str(obj, "cause", cause(msg));
	} else {
		cli_json_str(obj, "mac", ck_mac_format(&msg->dev.mac, mac));
		cli_json_hex(obj, "instance", msg->dev.instance);
		if (msg->dev.helper)
			cli_json_u64(obj, "helper", msg->dev.helper);
		else
			json_object_object_add(obj, "helper", NULL);
	}
	puts(json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN));
	json_object_put(obj);
}

struct monitor {
	struct ck_genl genl;
	bool json;
};

static int print_event(const struct nlmsghdr *nlh, void *arg)
{
	struct monitor *monitor = arg;
	struct ck_message msg;

	if (nlh->nlmsg_type != monitor->genl.family ||
	    !ck_genl_parse(nlh, &msg))
		return MNL_CB_OK;
	if (!msg.have_event)
		msg.event = COKEEPER_EVENT_DEVICE;
	if (monitor->json)
		print_json(&msg);
	else
		print_text(&msg);
	fflush(stdout);
	return MNL_CB_OK;
}

static int monitor_run(struct monitor *monitor)
{
	struct pollfd pfd = { .events = POLLIN };
	int err;

	err = ck_genl_join(&monitor->genl, monitor->genl.monitor);
	if (err) {
		cli_error("join the monitor group: %s", strerror(-err));
		return 1;
	}
	pfd.fd = ck_nl_fd(&monitor->genl.nl);
	monitor->genl.nl.ntf = print_event;
	monitor->genl.nl.ntf_arg = monitor;
	while (!ferror(stdout)) {
		if (poll(&pfd, 1, -1) < 0)
			break;
		err = ck_nl_drain(&monitor->genl.nl);
		if (err == -ENOBUFS) {
			cli_error("some events were lost");
		} else if (err) {
			cli_error("netlink: %s", strerror(-err));
			break;
		}
	}
	return 1;
}

int cmd_monitor(int argc, char **argv, bool json)
{
	struct monitor monitor = { .json = json };
	int ret;

	if (argc) {
		cli_error("unexpected argument '%s'", argv[0]);
		return 2;
	}
	ret = cli_open(&monitor.genl);
	if (ret)
		return ret;
	ret = monitor_run(&monitor);
	ck_genl_close(&monitor.genl);
	return ret;
}
