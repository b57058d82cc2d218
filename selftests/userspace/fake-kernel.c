// SPDX-License-Identifier: GPL-2.0
/* A kernel with one cokeeper device, in place of common/nl.c and its sockets: cokeeperd is
 * linked with it for helper-test, which tells it what happens and is told what it gets, by
 * lines on the socket that FAKE_KERNEL names.
 */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "genl.h"
#include "names.h"

#define FAMILY		40
#define IFINDEX		7
#define LOWER		3

static const struct ck_mac own = { { 0, 0x16, 0x3e, 0, 0, 1 } };

static struct {
	bool exists;
	uint64_t instance;
	uint32_t inactive;
	uint32_t helper;
} dev = { .instance = 0xaa };

/* The next requests of a command that fail, and how. */
static struct {
	unsigned int n;
	int err;
} failing[COKEEPER_CMD_MAX + 1];

static struct ck_nl *rtnl_events, *bound, *events;
static int control = -1, overflow = -1, silent[2];

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(control, fmt, ap);
	va_end(ap);
}

static void connect_control(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", getenv("FAKE_KERNEL"));
	control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(control, (struct sockaddr *)&addr, sizeof(addr)))
		abort();
	overflow = eventfd(0, EFD_NONBLOCK);
	if (overflow < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, silent))
		abort();
}

/* Sockets are opened in this order: rtnl, rtnl_events, and then bound and events in turn. */
int ck_nl_open(struct ck_nl *nl, int bus)
{
	static bool first = true;

	memset(nl, 0, sizeof(*nl));
	if (control < 0)
		connect_control();
	if (bus == NETLINK_ROUTE)
		rtnl_events = nl;
	else if (first)
		bound = nl;
	else
		events = nl;
	if (bus != NETLINK_ROUTE)
		first = !first;
	return 0;
}

void ck_nl_close(struct ck_nl *nl)
{
	if (nl == bound && dev.helper) {
		dev.helper = 0;
		say("unbind\n");
	}
}

int ck_nl_fd(const struct ck_nl *nl)
{
	return nl == rtnl_events ? control : nl == events ? overflow :
	       nl == bound ? silent[0] : silent[1];
}

int mnl_socket_setsockopt(const struct mnl_socket *sk, int type, void *buf, socklen_t len)
{
	(void)sk;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *sk)
{
	(void)sk;
	return 1;
}

unsigned int if_nametoindex(const char *name)
{
	errno = ENODEV;
	return dev.exists && !strcmp(name, "cokeeper0") ? IFINDEX : 0;
}

char *if_indextoname(unsigned int ifindex, char name[IF_NAMESIZE])
{
	return strcpy(name, ifindex == LOWER ? "eth0" : "cokeeper0");
}

static struct nlmsghdr *message(void *buf, uint8_t cmd)
{
	const struct ck_genl genl = { .family = FAMILY };
	struct nlmsghdr *nlh = ck_genl_put(&genl, buf, cmd);

	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, IFINDEX);
	return nlh;
}

static struct nlmsghdr *describe(void *buf, uint8_t cmd)
{
	struct nlmsghdr *nlh = message(buf, cmd);

	mnl_attr_put_u32(nlh, COKEEPER_A_LOWER, LOWER);
	mnl_attr_put(nlh, COKEEPER_A_MAC, sizeof(own), &own);
	mnl_attr_put_u64(nlh, COKEEPER_A_INSTANCE, dev.instance);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_INTERCEPT);
	if (dev.inactive)
		mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, dev.inactive);
	return nlh;
}

/* All sources among the attributes of a message, or of a nest. */
static void say_sources(const void *attrs, size_t len, uint16_t type)
{
	const struct nlattr *attr, *field;
	char addr[INET6_ADDRSTRLEN];

	mnl_attr_for_each_payload(attrs, len) {
		if (mnl_attr_get_type(attr) != type)
			continue;
		mnl_attr_for_each_nested(field, attr) {
			if (mnl_attr_get_type(field) == COKEEPER_A_SOURCE_ADDRESS)
				say(",%s", inet_ntop(AF_INET6, mnl_attr_get_payload(field),
						     addr, sizeof(addr)));
			else
				say("/%u", mnl_attr_get_u8(field));
		}
	}
}

static void say_peers(const struct nlmsghdr *nlh, const char *what, uint32_t cause)
{
	const struct nlattr *attr, *nested;
	char buf[CK_NL_REQUEST_SIZE], mac[CK_MAC_STRLEN];
	struct ck_message peer;
	struct nlmsghdr *one;

	say("%s %s", what, ck_cause_name(cause));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != COKEEPER_A_PEER)
			continue;
		/* ck_genl_parse() knows only one peer in a message. */
		one = message(buf, COKEEPER_CMD_PEER_SET);
		nested = attr;
		mnl_attr_put(one, COKEEPER_A_PEER | NLA_F_NESTED,
			     mnl_attr_get_payload_len(nested),
			     mnl_attr_get_payload(nested));
		ck_genl_parse(one, &peer);
		say(" %s,%" PRIu32 ",%" PRIx64, ck_mac_format_node(&peer.peer.mac, mac),
		    peer.peer.domid, peer.peer.instance);
		say_sources(mnl_attr_get_payload(nested), mnl_attr_get_payload_len(nested),
			    COKEEPER_A_PEER_SOURCE);
	}
	say("\n");
}

static int serve(const struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct ck_message msg;

	ck_genl_parse(nlh, &msg);
	if (failing[msg.cmd].n) {
		failing[msg.cmd].n--;
		return -failing[msg.cmd].err;
	}
	if (!dev.exists)
		return -ENODEV;
	switch (msg.cmd) {
	case COKEEPER_CMD_DEV_GET:
		cb(describe(buf, COKEEPER_CMD_DEV_GET), arg);
		break;
	case COKEEPER_CMD_HELPER_BIND:
		dev.helper = 1;
		say("bind\n");
		break;
	case COKEEPER_CMD_ROSTER_SET:
		say_peers(nlh, "roster", msg.cause);
		break;
	case COKEEPER_CMD_PEER_SET:
		say_peers(nlh, "set", msg.cause);
		break;
	case COKEEPER_CMD_PEER_DEL:
		say_peers(nlh, "del", msg.cause);
		break;
	case COKEEPER_CMD_DEV_SET:
		say("own ");
		say_sources(mnl_nlmsg_get_payload_offset(nlh, sizeof(struct genlmsghdr)),
			    mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(struct genlmsghdr)),
			    COKEEPER_A_SOURCE);
		say("\n");
		break;
	case COKEEPER_CMD_OFFER_SET:
		say("offer %" PRIu32 "\n", msg.offer.id);
		break;
	}
	return 0;
}

int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *answer;
	int err = 0;

	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		answer = mnl_nlmsg_put_header(buf);
		mnl_nlmsg_put_extra_header(answer, sizeof(struct genlmsghdr));
		mnl_attr_put_u16(answer, CTRL_ATTR_FAMILY_ID, FAMILY);
		cb(answer, arg);
	} else if (nlh->nlmsg_type == FAMILY) {
		err = serve(nlh, cb, arg);
	}
	snprintf(nl->error, sizeof(nl->error), "%s", strerror(-err));
	return err;
}

static void notify_link(void)
{
	char buf[256] __attribute__((aligned(8)));
	const struct ifinfomsg ifi = { .ifi_index = IFINDEX };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_NEWLINK;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(ifi)), &ifi, sizeof(ifi));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "cokeeper0");
	rtnl_events->ntf(nlh, rtnl_events->ntf_arg);
}

static void notify_dev(uint32_t cause)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = describe(buf, COKEEPER_CMD_DEV_NTF);

	mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
	events->ntf(nlh, events->ntf_arg);
}

/* Have the helper publish or withdraw offer @id to guest 2. */
static void notify_offer(uint32_t id, bool withdraw)
{
	const struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 2 } };
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = message(buf, COKEEPER_CMD_OFFER_NTF);
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);
	mnl_attr_put(nlh, COKEEPER_A_PEER_MAC, sizeof(mac), &mac);
	mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE, 0xbb);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, COKEEPER_A_OFFER);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_ID, id);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_GREF, 8);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_PORT, 1);
	if (withdraw)
		mnl_attr_put(nlh, COKEEPER_A_OFFER_WITHDRAW, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
	bound->ntf(nlh, bound->ntf_arg);
}

static void obey(const char *line)
{
	unsigned int cmd, n, reason;
	uint64_t one = 1;
	int err;

	if (sscanf(line, "fail %u %d %u", &cmd, &err, &n) == 3) {
		failing[cmd].n = n;
		failing[cmd].err = err;
	} else if (sscanf(line, "instance %" SCNx64, &dev.instance) == 1) {
		;
	} else if (sscanf(line, "inactive %u", &reason) == 1) {
		dev.inactive = reason;
		notify_dev(COKEEPER_CAUSE_NONE);
	} else if (sscanf(line, "offer %u", &n) == 1) {
		notify_offer(n, false);
	} else if (sscanf(line, "withdraw %u", &n) == 1) {
		notify_offer(n, true);
	} else if (!strcmp(line, "resumed")) {
		notify_dev(COKEEPER_CAUSE_RESUMED);
	} else if (!strcmp(line, "changed")) {
		notify_dev(COKEEPER_CAUSE_NONE);
	} else if (!strcmp(line, "overflow")) {
		if (write(overflow, &one, sizeof(one)) < 0)
			abort();
	} else {
		dev.exists = !strcmp(line, "device");
		notify_link();
	}
	say("done\n");
}

int ck_nl_drain(struct ck_nl *nl)
{
	char text[256], *line, *save;
	uint64_t lost;
	ssize_t len;

	if (nl == events && read(overflow, &lost, sizeof(lost)) > 0)
		return -ENOBUFS;
	if (nl != rtnl_events)
		return 0;
	len = recv(control, text, sizeof(text) - 1, 0);
	if (len <= 0)
		exit(3);
	text[len] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		obey(line);
	return 0;
}
