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

static void format_time(char buf[TIME_SIZE])
{
	struct timespec now;
	struct tm tm;
	char zone[8];
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	len = strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(buf + len, TIME_SIZE - len, ".%06ld%.3s:%.2s",
		 now.tv_nsec / 1000, zone, zone + 3);
}

static void print_text(const struct ck_message *msg)
{
	char time[TIME_SIZE], name[IF_NAMESIZE], mac[CK_MAC_STRLEN];

	format_time(time);
	printf("%s %s %s", time, ck_event_name(msg->event),
	       cli_ifname(msg->dev.ifindex, name));
	if (msg->have_peer)
		printf(" peer %s domid %" PRIu32 " instance %016" PRIx64
		       " state %s reason %s\n",
		       ck_mac_format(&msg->peer.mac, mac), msg->peer.domid,
		       msg->peer.instance, ck_state_name(msg->peer.state),
		       ck_reason_name(msg->peer.reason));
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

	format_time(time);
	cli_json_str(obj, "time", time);
	cli_json_str(obj, "event", ck_event_name(msg->event));
	cli_json_str(obj, "device", cli_ifname(msg->dev.ifindex, name));
	if (msg->have_peer) {
		cli_json_str(obj, "mac", ck_mac_format(&msg->peer.mac, mac));
		cli_json_u64(obj, "domid", msg->peer.domid);
		cli_json_hex(obj, "instance", msg->peer.instance);
		cli_json_str(obj, "state", ck_state_name(msg->peer.state));
		cli_json_str(obj, "reason", ck_reason_name(msg->peer.reason));
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

	err = ck_genl_join_monitor(&monitor->genl);
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
