// SPDX-License-Identifier: GPL-2.0
/* cokeeper(8): what it prints of devices, peers and events, as text and as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli_fakes.h"
#include "output.h"

#define HEAD	"cokeeper/00163e000001/roster"
#define MEMBER	"/tool/cokeeper/roster/7/0/"

static void put_event(struct nlmsghdr *nlh, uint32_t event, uint32_t cause)
{
	mnl_attr_put_u32(nlh, COKEEPER_A_EVENT, event);
	mnl_attr_put_u64(nlh, COKEEPER_A_TIME, 1700000000123456789);
	if (cause)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
}

static int reset(void **state)
{
	fakes_reset(state);
	store_set(HEAD, "v=1 state=member group=xenbr0 roster=7");
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

#define SHARES	"    at most 117 grants (118 a domain), 119 ports (120 a domain)\n"
#define SHARES_JSON	"\"max_grants\":117,\"max_peer_grants\":118,\"max_ports\":119,\"max_peer_ports\":120,"

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
	store_set(MEMBER "00163e000002-0000000000000009-102-fedcba9876543210-address-0a00000c-fd00000000000000000000000000000c-0a000000_24", "");
	store_set(MEMBER "00163e000002-0000000000000008-102-fedcba9876543210-created-0a000063", "");
	store_set(MEMBER "00163e000003-0000000000000007-103-fedcba9876543210-created", "");
	assert_prints(cmd_show,
		"lo: lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper 77 steer intercept\n"
		"    group xenbr0\n"
		SHARES
		"    peer 00:16:3e:00:00:02 domid 102 instance fedcba9876543210 state connected reason none\n"
		"        addr 10.0.0.12 fd00::c\n"
		"        may send from 10.0.0.0/24\n"
		"        tx 2006 packets 2007 bytes, rx 2008 packets 2009 bytes, fallback 2010, rx dropped 2011\n"
		"        holds 2014 grants (2015 late), 2016 mapped pages, 2017 ports\n"
		"    peer 00:16:3e:00:00:03 domid 103 instance fedcba9876543210 state idle reason no-traffic\n"
		"        tx 3006 packets 3007 bytes, rx 3008 packets 3009 bytes, fallback 3010, rx dropped 3011\n"
		"        holds 3014 grants (3015 late), 3016 mapped pages, 3017 ports\n",
		"[{\"device\":\"lo\",\"lower\":\"if999999\",\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\","
		"\"generation\":5,\"helper\":77,\"steer\":\"intercept\",\"inactive\":null,"
		"\"group\":\"xenbr0\",\"group_reason\":null," SHARES_JSON "\"peers\":["
		"{\"mac\":\"00:16:3e:00:00:02\",\"domid\":102,\"instance\":\"fedcba9876543210\",\"state\":\"connected\","
		"\"reason\":\"none\",\"addresses\":[\"10.0.0.12\",\"fd00::c\"],\"may_send_from\":[\"10.0.0.0/24\"],"
		"\"tx_packets\":2006,\"tx_bytes\":2007,"
		"\"rx_packets\":2008,\"rx_bytes\":2009,\"fallback_packets\":2010,\"rx_dropped\":2011,"
		"\"grants\":2014,\"late_grants\":2015,\"mapped\":2016,\"ports\":2017},"
		"{\"mac\":\"00:16:3e:00:00:03\",\"domid\":103,\"instance\":\"fedcba9876543210\",\"state\":\"idle\","
		"\"reason\":\"no-traffic\",\"addresses\":[],\"may_send_from\":[],"
		"\"tx_packets\":3006,\"tx_bytes\":3007,"
		"\"rx_packets\":3008,\"rx_bytes\":3009,\"fallback_packets\":3010,\"rx_dropped\":3011,"
		"\"grants\":3014,\"late_grants\":3015,\"mapped\":3016,\"ports\":3017}]}]\n");
}

static void test_show_inactive(void **state)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	(void)state;
	store_set(HEAD, NULL);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_ROUTE);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, COKEEPER_REASON_LINK_DOWN);
	assert_prints(cmd_show,
		"lo: lower if999999 mac 00:16:3e:00:00:01 instance 0000000000000abc generation 5 helper none steer route inactive link-down\n"
		"    group none reason inactive\n"
		SHARES,
		"[{\"device\":\"lo\",\"lower\":\"if999999\",\"mac\":\"00:16:3e:00:00:01\",\"instance\":\"0000000000000abc\","
		"\"generation\":5,\"helper\":null,\"steer\":\"route\",\"inactive\":\"link-down\","
		"\"group\":null,\"group_reason\":\"inactive\"," SHARES_JSON "\"peers\":[]}]\n");
}

/* Whoever may rename a device cannot have root's terminal obey. */
static void test_show_name(void **state)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	(void)state;
	name_device(1, "\033[2J");
	name_device(999999, "\303\251th0");
	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, 77);
	run(cmd_show);
	assert_non_null(strstr(out, "if1: lower if999999 mac"));
	name_device(1, "e!~");
	run(cmd_show);
	assert_non_null(strstr(out, "e!~: lower if999999 mac"));
}

static void test_show_nothing(void **state)
{
	(void)state;
	assert_prints(cmd_show, "", "[]\n");
}

/* The text has this line on the group and no addresses of a peer, the JSON these, and
 * @error says why.
 */
static void check_no_addresses(const char *group, const char *json,
			       const char *error)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, 77);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_IDLE,
		 COKEEPER_REASON_NO_TRAFFIC);
	run(cmd_show);
	assert_string_equal(err, error);
	assert_null(strstr(out, "addr"));
	assert_non_null(strstr(out, group));
	out_use_json(true);
	run(cmd_show);
	assert_string_equal(err, error);
	assert_non_null(strstr(out, json));
	assert_non_null(strstr(out, strcmp(error, "") ? "\"addresses\":null,\"may_send_from\":null," :
							 "\"addresses\":[],\"may_send_from\":[],"));
}

#define NOT_SHOWN	"cokeeper: group and addresses are not shown, since XenStore cannot be read: "
#define UNKNOWN		"\n    group none reason unknown\n", \
			"\"group\":null,\"group_reason\":\"unknown\""

static void test_show_no_access(void **state)
{
	(void)state;
	store_fail(-EACCES);
	check_no_addresses(UNKNOWN, NOT_SHOWN "Permission denied; root may\n");
}

static void test_show_no_store(void **state)
{
	(void)state;
	store_fail(-ECONNREFUSED);
	check_no_addresses(UNKNOWN, NOT_SHOWN "Connection refused\n");
}

static void test_show_no_answer(void **state)
{
	(void)state;
	store_set(HEAD, NULL);
	check_no_addresses("\n    group none reason no-answer\n",
			   "\"group\":null,\"group_reason\":\"no-answer\"", "");
}

static void test_show_refused(void **state)
{
	(void)state;
	store_set(HEAD, "v=1 state=refused reason=excluded roster=0");
	check_no_addresses("\n    group none reason excluded\n",
			   "\"group\":null,\"group_reason\":\"excluded\"", "");
}

/* What was accepted before holds. */
static void test_show_refused_member(void **state)
{
	(void)state;
	store_set(HEAD, "v=1 state=refused reason=version roster=7");
	store_set("/tool/cokeeper/roster/7", "web@xenbr0");
	store_set(MEMBER "00163e000002-0000000000000009-102-fedcba9876543210-created", "");
	check_no_addresses("\n    group web@xenbr0 reason version\n",
			   "\"group\":\"web@xenbr0\",\"group_reason\":\"version\"", "");
}

/* Its roster goes away while it is read. */
static void test_show_refused_no_roster(void **state)
{
	(void)state;
	store_set(HEAD, "v=1 state=refused reason=version roster=7");
	store_set(MEMBER "00163e000002-0000000000000009-102-fedcba9876543210-created", "");
	check_no_addresses(UNKNOWN, NOT_SHOWN
			"the roster is being replaced: Resource temporarily unavailable\n");
}

static void test_show_refused_bad_roster(void **state)
{
	(void)state;
	store_set(HEAD, "v=1 state=refused reason=version roster=7");
	store_set(MEMBER "00163e000002-0000000000000009-102-fedcba9876543210-created", "");
	store_set("/tool/cokeeper/roster/7", "\033[2J");
	check_no_addresses(UNKNOWN, NOT_SHOWN "roster: Bad message\n");
}

static void test_show_bad_head(void **state)
{
	(void)state;
	store_set(HEAD, "v=2 state=member");
	check_no_addresses(UNKNOWN, NOT_SHOWN
			"cokeeper/00163e000001/roster: v=2: only version 1 is known\n");
}

/* It tells of the reader at least, so it is about to be replaced. */
static void test_show_empty_roster(void **state)
{
	(void)state;
	check_no_addresses("\n    group xenbr0 reason unknown\n",
			"\"group\":\"xenbr0\",\"group_reason\":\"unknown\"", NOT_SHOWN
			"the roster is being replaced: Resource temporarily unavailable\n");
}

static void test_misuse(void **state)
{
	char *args[] = { "dev", "nosuch", "more" };

	(void)state;
	check_misuse(cmd_show, 1, args,
		"cokeeper: 'dev' needs the name of a device, try \"cokeeper help\"\n");
	check_misuse(cmd_show, 2, args,
		"cokeeper: there is no device 'nosuch'\n");
	check_misuse(cmd_show, 1, args + 1,
		"cokeeper: there is no device 'nosuch'\n");
	check_misuse(cmd_show, 3, args,
		"cokeeper: unexpected argument 'more', try \"cokeeper help\"\n");
}

/* Nobody reads what is printed any more. */
static void test_monitor_reader(void **state)
{
	int saved = dup(1), fds[2], status;

	(void)state;
	put_event(add_peer(COKEEPER_CMD_PEER_NTF, 2, COKEEPER_STATE_IDLE,
			   COKEEPER_REASON_NO_TRAFFIC),
		  COKEEPER_EVENT_JOIN, COKEEPER_CAUSE_CREATED);
	fflush(stdout);
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], 1);
	close(fds[0]);
	close(fds[1]);
	status = cmd_monitor(0, NULL);
	dup2(saved, 1);
	close(saved);
	assert_int_equal(status, 0);
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

/* Both devices have an event of their own, and two of peers. */
static void add_events(void)
{
	struct nlmsghdr *nlh;
	uint32_t ifindex;

	for (ifindex = 1; ifindex <= 2; ifindex++) {
		message_ifindex(ifindex);
		nlh = add_dev(COKEEPER_CMD_DEV_NTF);
		put_event(nlh, COKEEPER_EVENT_DEVICE, COKEEPER_CAUSE_NONE);
		nlh = add_peer(COKEEPER_CMD_PEER_NTF, 2, COKEEPER_STATE_IDLE,
			       COKEEPER_REASON_NO_TRAFFIC);
		put_event(nlh, COKEEPER_EVENT_JOIN, COKEEPER_CAUSE_CREATED);
		nlh = add_peer(COKEEPER_CMD_PEER_NTF, 3, COKEEPER_STATE_CONNECTED,
			       COKEEPER_REASON_NONE);
		put_event(nlh, COKEEPER_EVENT_CONNECT, COKEEPER_CAUSE_NONE);
	}
	/* One that is not known here. */
	nlh = add_peer(COKEEPER_CMD_PEER_NTF, 3, COKEEPER_STATE_IDLE, COKEEPER_REASON_NONE);
	put_event(nlh, 32, COKEEPER_CAUSE_NONE);
}

/* With these arguments, "EVENT DEVICE LAST-DIGIT-OF-MAC;" is told of so many. */
static void check_monitor(const char *want, int argc, char **argv)
{
	char have[512] = "", event[16], device[16], word[16], mac[32], *line, *rest = out;

	assert_int_equal(run_args(cmd_monitor, argc, argv), 0);
	assert_string_equal(err, "");
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_int_equal(sscanf(line, "%*s %15s %15s %15s %31s", event, device, word,
					mac), 4);
		sprintf(have + strlen(have), "%s %s%s;", event, device,
			strcmp(word, "peer") ? "" : mac + strlen("00:16:3e:00:00:0"));
	}
	assert_string_equal(have, want);
}

#define MONITOR(want, ...) do {							\
		char *args[] = { __VA_ARGS__ };					\
		check_monitor(want, sizeof(args) / sizeof(args[0]), args);	\
	} while (0)

static void test_monitor_filter(void **state)
{
	(void)state;
	name_device(2, "ck1");
	add_events();
	check_monitor("device lo;join lo2;connect lo3;device ck1;join ck12;connect ck13;unknown ck13;",
		      0, NULL);
	MONITOR("device ck1;join ck12;connect ck13;unknown ck13;", "dev", "ck1");
	MONITOR("join lo2;join ck12;", "peer", "00:16:3e:00:00:02");
	MONITOR("connect lo3;connect ck13;unknown ck13;", "peer", "00:16:3E:00:00:03");
	MONITOR("device lo;device ck1;", "event", "device");
	MONITOR("join lo2;connect lo3;join ck12;connect ck13;", "event", "connect", "event", "join");
	MONITOR("connect lo3;", "event", "connect", "peer", "00:16:3e:00:00:03", "dev", "lo");
	MONITOR("", "event", "leave");
	MONITOR("", "peer", "00:16:3e:00:00:04");
	MONITOR("join lo2;join ck12;", "event", "device", "event", "join", "peer",
		"00:16:3e:00:00:02");
}

/* Of a device that goes, the last events come when it has no name any more. */
static void test_monitor_gone(void **state)
{
	(void)state;
	name_device(2, "ck1");
	add_events();
	message_ifindex(3);
	put_event(add_dev(COKEEPER_CMD_DEV_NTF), COKEEPER_EVENT_DEVICE, COKEEPER_CAUSE_NONE);
	name_until_events(2);
	MONITOR("device if2;join if22;connect if23;unknown if23;", "dev", "ck1");
}

static void test_monitor_misuse(void **state)
{
	char *dev[] = { "dev", "lo", "dev", "lo" }, *nosuch[] = { "dev", "nosuch" };
	char *peer[] = { "peer", "00:16:3e:00:00:02", "peer", "00:16:3e:00:00:02" };
	char *mac[] = { "peer", "00:16:3e" }, *event[] = { "event", "nonsense" };
	char *both[] = { "peer", "00:16:3e:00:00:02", "event", "device" }, *more[] = { "more" };

	(void)state;
	check_misuse(cmd_monitor, 1, more,
		"cokeeper: unexpected argument 'more', try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 3, dev,
		"cokeeper: 'dev' needs the name of a device, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 4, dev,
		"cokeeper: 'dev' is given twice, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 2, nosuch,
		"cokeeper: there is no device 'nosuch'\n");
	check_misuse(cmd_monitor, 1, peer,
		"cokeeper: 'peer' needs a MAC address, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 4, peer,
		"cokeeper: 'peer' is given twice, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 2, mac,
		"cokeeper: '00:16:3e' is no MAC address, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 1, event,
		"cokeeper: 'event' needs the name of an event, try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 2, event,
		"cokeeper: there is no event 'nonsense', try \"cokeeper help\"\n");
	check_misuse(cmd_monitor, 4, both,
		"cokeeper: events of a device concern no peer, try \"cokeeper help\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_show, reset),
		cmocka_unit_test_setup(test_show_inactive, reset),
		cmocka_unit_test_setup(test_show_name, reset),
		cmocka_unit_test_setup(test_show_nothing, reset),
		cmocka_unit_test_setup(test_show_no_access, reset),
		cmocka_unit_test_setup(test_show_no_store, reset),
		cmocka_unit_test_setup(test_show_no_answer, reset),
		cmocka_unit_test_setup(test_show_refused, reset),
		cmocka_unit_test_setup(test_show_refused_member, reset),
		cmocka_unit_test_setup(test_show_refused_no_roster, reset),
		cmocka_unit_test_setup(test_show_refused_bad_roster, reset),
		cmocka_unit_test_setup(test_show_bad_head, reset),
		cmocka_unit_test_setup(test_show_empty_roster, reset),
		cmocka_unit_test_setup(test_misuse, reset),
		cmocka_unit_test_setup(test_monitor, reset),
		cmocka_unit_test_setup(test_monitor_reader, reset),
		cmocka_unit_test_setup(test_monitor_filter, reset),
		cmocka_unit_test_setup(test_monitor_gone, reset),
		cmocka_unit_test_setup(test_monitor_misuse, reset),
	};

	if (!fakes_open())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
