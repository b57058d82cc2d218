// SPDX-License-Identifier: GPL-2.0
/* cokeeper(8): what it prints of devices, peers and events, as text and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/genetlink.h>

#include "cli.h"
#include "output.h"
#include "xs.h"

#define FAMILY		40
#define MESSAGES_MAX	8

/* What the kernel answers and tells. */
static char messages[MESSAGES_MAX][1024];
static unsigned int nmessages;

/* What XenStore has. */
static int xs_error;
static const char *head;
static const char *members[4];

static int always_readable[2];

int ck_nl_open(struct ck_nl *nl, int bus)
{
	(void)bus;
	memset(nl, 0, sizeof(*nl));
	return 0;
}

void ck_nl_close(struct ck_nl *nl)
{
	(void)nl;
}

int ck_nl_fd(const struct ck_nl *nl)
{
	(void)nl;
	return always_readable[0];
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf,
			  socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

/* Return: message @i if it has command @cmd, else NULL. */
static const struct nlmsghdr *message(unsigned int i, uint8_t cmd)
{
	const struct nlmsghdr *nlh = (void *)messages[i];
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

	return g->cmd == cmd ? nlh : NULL;
}

int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *arg)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);
	char buf[256] __attribute__((aligned(8)));
	unsigned int i;

	(void)nl;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		nlh = mnl_nlmsg_put_header(buf);
		mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
		cb(nlh, arg);
		return 0;
	}
	for (i = 0; i < nmessages; i++)
		if (message(i, g->cmd))
			cb(message(i, g->cmd), arg);
	return 0;
}

/* Tell all there is, and have the listener end. */
int ck_nl_drain(struct ck_nl *nl)
{
	unsigned int i;

	for (i = 0; i < nmessages; i++)
		nl->ntf((void *)messages[i], nl->ntf_arg);
	raise(SIGTERM);
	return 0;
}

int ck_xs_open(struct ck_xs **xs)
{
	*xs = xs_error ? NULL : (void *)messages;
	return xs_error;
}

void ck_xs_close(struct ck_xs *xs)
{
	(void)xs;
}

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path,
	       struct ck_xs_value *value)
{
	(void)xs;
	(void)t;
	if (!head || strcmp(path, "cokeeper/00163e000001/roster"))
		return -ENOENT;
	strcpy(value->data, head);
	value->len = strlen(head);
	return 0;
}

int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path, char ***names,
	       unsigned int *n)
{
	(void)xs;
	(void)t;
	*names = NULL;
	*n = 0;
	if (strcmp(path, "/tool/cokeeper/roster/7"))
		return 0;
	*names = malloc(sizeof(members));
	memcpy(*names, members, sizeof(members));
	while (*n < 4 && members[*n])
		++*n;
	return 0;
}

static struct nlmsghdr *add_message(uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(messages[nmessages++]);
	struct genlmsghdr *g;

	nlh->nlmsg_type = FAMILY;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = cmd;
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, 1);
	return nlh;
}

static void put_mac(struct nlmsghdr *nlh, uint16_t type, uint8_t last)
{
	const uint8_t mac[] = { 0, 0x16, 0x3e, 0, 0, last };

	mnl_attr_put(nlh, type, sizeof(mac), mac);
}

/* The lower device has no name here, the device that of the loopback. */
static struct nlmsghdr *add_dev(uint8_t cmd)
{
	struct nlmsghdr *nlh = add_message(cmd);

	mnl_attr_put_u32(nlh, COKEEPER_A_LOWER, 999999);
	mnl_attr_put_u64(nlh, COKEEPER_A_INSTANCE, 0xabc);
	mnl_attr_put_u32(nlh, COKEEPER_A_GENERATION, 5);
	put_mac(nlh, COKEEPER_A_MAC, 1);
	return nlh;
}

static struct nlmsghdr *add_peer(uint8_t cmd, uint8_t last, uint32_t state,
				 uint32_t reason)
{
	struct nlmsghdr *nlh = add_message(cmd);
	struct nlattr *nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);
	unsigned int i;

	put_mac(nlh, COKEEPER_A_PEER_MAC, last);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_DOMID, 100 + last);
	mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE, 0xfedcba9876543210);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_STATE, state);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_REASON, reason);
	for (i = COKEEPER_A_PEER_TX_PACKETS; i <= COKEEPER_A_PEER_RX_DROPPED;
	     i++)
		mnl_attr_put_u64(nlh, i, 1000 * last + i);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static void put_event(struct nlmsghdr *nlh, uint32_t event, uint32_t cause)
{
	mnl_attr_put_u32(nlh, COKEEPER_A_EVENT, event);
	mnl_attr_put_u64(nlh, COKEEPER_A_TIME, 1700000000123456789);
	if (cause)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
}

/* What the last command printed. */
static char out[4096], err[4096];

static void read_all(FILE *file, int fd, int saved, char text[4096])
{
	dup2(saved, fd);
	close(saved);
	rewind(file);
	text[fread(text, 1, 4095, file)] = 0;
	fclose(file);
}

static void run(int (*command)(int, char **))
{
	FILE *files[] = { tmpfile(), tmpfile() };
	int saved[] = { dup(1), dup(2) }, status;
	const struct timespec now = { 0 };
	sigset_t set;

	fflush(stdout);
	dup2(fileno(files[0]), 1);
	dup2(fileno(files[1]), 2);
	status = command(0, NULL);
	fflush(stdout);
	read_all(files[0], 1, saved[0], out);
	read_all(files[1], 2, saved[1], err);
	assert_int_equal(status, 0);

	/* The one that ended a monitor. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigtimedwait(&set, NULL, &now);
}

static int reset(void **state)
{
	(void)state;
	memset(messages, 0, sizeof(messages));
	memset(members, 0, sizeof(members));
	nmessages = 0;
	xs_error = 0;
	head = "v=1 state=member group=xenbr0 roster=7";
	out_use_json(false);
	return 0;
}

/* Text first, then JSON. */
static void assert_prints(int (*command)(int, char **), const char *text,
			  const char *json)
{
	run(command);
	assert_string_equal(out, text);
	assert_string_equal(err, "");
	out_use_json(true);
	run(command);
	assert_string_equal(out, json);
}

static void test_show(void **state)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	(void)state;
	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, 77);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_INTERCEPT);
	add_peer(COKEEPER_CMD_PEER_GET, 3, COKEEPER_STATE_IDLE,
		 COKEEPER_REASON_NO_TRAFFIC);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_CONNECTED,
		 COKEEPER_REASON_NONE);
	/* The last word on a peer counts, in whatever order they come. */
	members[0] = "00163e000002-0000000000000009-102-fedcba9876543210-address-0a00000c-fd00000000000000000000000000000c";
	members[1] = "00163e000002-0000000000000008-102-fedcba9876543210-created-0a000063";
	members[2] = "00163e000003-0000000000000007-103-fedcba9876543210-created";
	assert_prints(cmd_show,
		"lo: lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper 77 steer intercept\n"
		"    peer 00:16:3e:00:00:02 domid 102 instance fedcba9876543210 state connected reason none\n"
		"        addr 10.0.0.12 fd00::c\n"
		"        tx 2006 packets 2007 bytes, rx 2008 packets 2009 bytes, fallback 2010, rx dropped 2011\n"
		"    peer 00:16:3e:00:00:03 domid 103 instance fedcba9876543210 state idle reason no-traffic\n"
		"        tx 3006 packets 3007 bytes, rx 3008 packets 3009 bytes, fallback 3010, rx dropped 3011\n",
		"[{\"device\":\"lo\",\"lower\":\"if999999\",\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\","
		"\"generation\":5,\"helper\":77,\"steer\":\"intercept\",\"inactive\":null,\"peers\":["
		"{\"mac\":\"00:16:3e:00:00:02\",\"domid\":102,\"instance\":\"fedcba9876543210\",\"state\":\"connected\","
		"\"reason\":\"none\",\"addresses\":[\"10.0.0.12\",\"fd00::c\"],\"tx_packets\":2006,\"tx_bytes\":2007,"
		"\"rx_packets\":2008,\"rx_bytes\":2009,\"fallback_packets\":2010,\"rx_dropped\":2011},"
		"{\"mac\":\"00:16:3e:00:00:03\",\"domid\":103,\"instance\":\"fedcba9876543210\",\"state\":\"idle\","
		"\"reason\":\"no-traffic\",\"addresses\":[],\"tx_packets\":3006,\"tx_bytes\":3007,"
		"\"rx_packets\":3008,\"rx_bytes\":3009,\"fallback_packets\":3010,\"rx_dropped\":3011}]}]\n");
}

static void test_show_inactive(void **state)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	(void)state;
	head = NULL;
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_ROUTE);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, COKEEPER_REASON_LINK_DOWN);
	assert_prints(cmd_show,
		"lo: lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper none steer route inactive link-down\n",
		"[{\"device\":\"lo\",\"lower\":\"if999999\",\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\","
		"\"generation\":5,\"helper\":null,\"steer\":\"route\",\"inactive\":\"link-down\",\"peers\":[]}]\n");
}

static void test_show_nothing(void **state)
{
	(void)state;
	assert_prints(cmd_show, "", "[]\n");
}

/* The text has no addresses of a peer, the JSON these, and @error says why. */
static void check_no_addresses(const char *json, const char *error)
{
	add_dev(COKEEPER_CMD_DEV_GET);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_IDLE,
		 COKEEPER_REASON_NO_TRAFFIC);
	run(cmd_show);
	assert_string_equal(err, error);
	assert_null(strstr(out, "addr"));
	out_use_json(true);
	run(cmd_show);
	assert_string_equal(err, error);
	assert_non_null(strstr(out, json));
}

static void test_show_no_access(void **state)
{
	(void)state;
	xs_error = -EACCES;
	check_no_addresses("\"addresses\":null,",
			"cokeeper: addresses are not shown, since XenStore cannot be read: Permission denied\n");
}

static void test_show_no_roster(void **state)
{
	(void)state;
	head = NULL;
	check_no_addresses("\"addresses\":[],", "");
}

static void test_show_refused(void **state)
{
	(void)state;
	head = "v=1 state=refused reason=excluded roster=0";
	check_no_addresses("\"addresses\":[],", "");
}

static void test_show_bad_head(void **state)
{
	(void)state;
	head = "v=2 state=member";
	check_no_addresses("\"addresses\":null,",
			"cokeeper: addresses are not shown, since XenStore cannot be read: Bad message\n");
}

/* It tells of the reader at least, so it is about to be replaced. */
static void test_show_empty_roster(void **state)
{
	(void)state;
	check_no_addresses("\"addresses\":null,",
			"cokeeper: addresses are not shown, since XenStore cannot be read: Resource temporarily unavailable\n");
}

static void test_monitor(void **state)
{
	struct nlmsghdr *nlh;

	(void)state;
	put_event(add_peer(COKEEPER_CMD_PEER_NTF, 2, COKEEPER_STATE_IDLE,
			   COKEEPER_REASON_NO_TRAFFIC),
		  COKEEPER_EVENT_JOIN, COKEEPER_CAUSE_CREATED);
	/* The end of a channel has no cause, but a reason. */
	put_event(add_peer(COKEEPER_CMD_PEER_NTF, 2, COKEEPER_STATE_BACKOFF,
			   COKEEPER_REASON_STALLED),
		  COKEEPER_EVENT_DISCONNECT, COKEEPER_CAUSE_NONE);
	nlh = add_dev(COKEEPER_CMD_DEV_NTF);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_INTERCEPT);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, COKEEPER_REASON_XDP);
	put_event(nlh, COKEEPER_EVENT_DEVICE, COKEEPER_CAUSE_RESUMED);
	nlh = add_dev(COKEEPER_CMD_DEV_NTF);
	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, 77);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_ROUTE);
	put_event(nlh, COKEEPER_EVENT_DEVICE, COKEEPER_CAUSE_NONE);
	assert_prints(cmd_monitor,
		"2023-11-14T22:13:20.123456+00:00 join lo peer 00:16:3e:00:00:02 domid 102 instance fedcba9876543210 state idle cause created\n"
		"2023-11-14T22:13:20.123456+00:00 disconnect lo peer 00:16:3e:00:00:02 domid 102 instance fedcba9876543210 state backoff cause stalled\n"
		"2023-11-14T22:13:20.123456+00:00 device lo lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper none steer intercept inactive xdp cause resumed\n"
		"2023-11-14T22:13:20.123456+00:00 device lo lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper 77 steer route\n",
		"{\"time\":\"2023-11-14T22:13:20.123456+00:00\",\"event\":\"join\",\"device\":\"lo\",\"mac\":\"00:16:3e:00:00:02\","
		"\"domid\":102,\"instance\":\"fedcba9876543210\",\"state\":\"idle\",\"cause\":\"created\"}\n"
		"{\"time\":\"2023-11-14T22:13:20.123456+00:00\",\"event\":\"disconnect\",\"device\":\"lo\",\"mac\":\"00:16:3e:00:00:02\","
		"\"domid\":102,\"instance\":\"fedcba9876543210\",\"state\":\"backoff\",\"cause\":\"stalled\"}\n"
		"{\"time\":\"2023-11-14T22:13:20.123456+00:00\",\"event\":\"device\",\"device\":\"lo\",\"lower\":\"if999999\","
		"\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\",\"generation\":5,\"helper\":null,"
		"\"steer\":\"intercept\",\"inactive\":\"xdp\",\"cause\":\"resumed\"}\n"
		"{\"time\":\"2023-11-14T22:13:20.123456+00:00\",\"event\":\"device\",\"device\":\"lo\",\"lower\":\"if999999\","
		"\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\",\"generation\":5,\"helper\":77,"
		"\"steer\":\"route\",\"inactive\":null,\"cause\":null}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_show, reset),
		cmocka_unit_test_setup(test_show_inactive, reset),
		cmocka_unit_test_setup(test_show_nothing, reset),
		cmocka_unit_test_setup(test_show_no_access, reset),
		cmocka_unit_test_setup(test_show_no_roster, reset),
		cmocka_unit_test_setup(test_show_refused, reset),
		cmocka_unit_test_setup(test_show_bad_head, reset),
		cmocka_unit_test_setup(test_show_empty_roster, reset),
		cmocka_unit_test_setup(test_monitor, reset),
	};

	setenv("TZ", "UTC", 1);
	if (pipe(always_readable) || write(always_readable[1], "", 1) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
