// SPDX-License-Identifier: GPL-2.0
/* The helper's routes and rule, in a network namespace of their own.
 *
 *   lower (10.0.0.1/24, fd00::1/64)   peers: 10.0.0.2, fd00::2, ...
 *   ck0   (stands for the cokeeper device)
 *   lower1 and ck1 stand for another pair
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper.h"
#include "log.h"

static struct helper h;

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

/* What "ip route" and the like print, for comparing. */
static void expect(const char *command, const char *want)
{
	char text[4096];
	FILE *pipe;
	size_t n;

	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(text, 1, sizeof(text) - 1, pipe);
	text[n] = 0;
	pclose(pipe);
	assert_string_equal(text, want);
}

#define ROUTES	"ip -4 route show table 25451 2>/dev/null | sed 's/ *$//'; ip -6 route show table 25451 2>/dev/null | sed 's/ *$//'"
#define RULES	"{ ip -4 rule show; ip -6 rule show; }"
#define RULE	"32765: from all iif lo uidrange 0-4294967294 lookup 25451 proto 107\n"

static void expect_routes(const char *want)
{
	expect(ROUTES, want);
}

static void expect_rules(void)
{
	expect(RULES " | grep 32765 | tr '\\t' ' '", RULE RULE);
}

/* What arrived on the event socket. */
static void drain(void)
{
	assert_int_equal(ck_nl_drain(&h.rtnl_events), 0);
}

/* A change by others; whether it made us look at the routes again. */
static bool looks_after(const char *command)
{
	drain();
	h.todo &= ~WORK_ROUTES;
	run(command);
	drain();
	return (h.todo & WORK_ROUTES);
}

/* The same, and looks again. */
static void change(const char *command)
{
	assert_true(looks_after(command));
	routes_sync(&h);
}

static void add_member(struct helper *helper, uint8_t n, const char *first,
		       const char *second)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	peer->mac.b[5] = n;
	peer->member = true;
	if (first)
		assert_true(ck_addr_parse(first, &peer->value.addrs.a[0]));
	if (second)
		assert_true(ck_addr_parse(second, &peer->value.addrs.a[1]));
	peer->value.addrs.n = !!first + !!second;
	TAILQ_INSERT_TAIL(&helper->peers, peer, next);
}

static void member(uint8_t n, const char *first, const char *second)
{
	add_member(&h, n, first, second);
}

static void clear_members(struct helper *helper)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&helper->peers))) {
		TAILQ_REMOVE(&helper->peers, peer, next);
		free(peer);
	}
}

static void clear(void)
{
	clear_members(&h);
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	run("ip link set lo up; ip link add lower type veth peer name lower1; ip link add ck0 type veth peer name ck1");
	run("for l in lower lower1 ck0 ck1; do ip link set $l addrgenmode none up; done");
	run("ip addr add 10.0.0.1/24 dev lower; ip addr add fd00::1/64 nodad dev lower");
	memset(&h, 0, sizeof(h));
	h.device = "ck0";
	TAILQ_INIT(&h.peers);
	STAILQ_INIT(&h.route_changes);
	if (ck_loop_init(&h.loop) || routes_open(&h))
		return -1;
	h.dev.ifindex = if_nametoindex("ck0");
	h.dev.lower = if_nametoindex("lower");
	h.dev.steer = COKEEPER_STEER_ROUTE;
	h.attached = true;
	h.active = true;
	if (rtnl_addresses(&h.rtnl, h.dev.lower, &h.addrs))
		return -1;
	routes_sync(&h);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clear();
	routes_close(&h);
	close(h.loop.epfd);
	close(h.loop.sigfd);
	return 0;
}

#define R2	"10.0.0.2 dev ck0 proto 107 src 10.0.0.1\n"
#define R3	"10.0.0.3 dev ck0 proto 107 src 10.0.0.1\n"
#define V2	"fd00::2 dev ck0 proto 107 src fd00::1 metric 1024 pref medium\n"

static void test_addresses(void **state)
{
	char text[CK_ADDR_STRLEN];
	struct ck_addrs addrs;

	(void)state;
	run("ip addr add 169.254.1.1/16 dev lower; ip addr add 10.0.0.9/24 dev lower");
	run("ip addr add 10.9.9.9/32 scope link dev lower; ip addr add fd00::99/64 dadfailed dev lower 2>/dev/null || true");
	run("ip addr add 10.8.8.8/24 dev ck0");
	assert_int_equal(rtnl_addresses(&h.rtnl, h.dev.lower, &addrs), 0);
	assert_in_range(addrs.n, 3, 4);
	assert_string_equal(ck_addr_format(&addrs.a[0], text), "10.0.0.1");
	assert_string_equal(ck_addr_format(&addrs.a[1], text), "10.0.0.9");
	assert_string_equal(ck_addr_format(&addrs.a[2], text), "fd00::1");
}

static void test_sync(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	member(3, "10.0.0.3", NULL);
	routes_sync(&h);
	expect_routes(R2 R3 V2);
	routes_sync(&h);
	expect_routes(R2 R3 V2);
	clear();
	member(2, "10.0.0.2", NULL);
	routes_sync(&h);
	expect_routes(R2);
}

static int hear(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	*(bool *)arg = true;
	return MNL_CB_OK;
}

/* A second sync must not touch what is right. */
static void test_sync_is_quiet(void **state)
{
	struct ck_nl listener;
	int group = RTNLGRP_IPV4_ROUTE;
	bool heard = false;

	(void)state;
	member(2, "10.0.0.2", NULL);
	assert_int_equal(ck_nl_open(&listener, NETLINK_ROUTE), 0);
	mnl_socket_setsockopt(listener.sk, NETLINK_ADD_MEMBERSHIP, &group,
			      sizeof(group));
	listener.ntf = hear;
	listener.ntf_arg = &heard;
	routes_sync(&h);
	ck_nl_drain(&listener);
	assert_true(heard);
	heard = false;
	routes_sync(&h);
	ck_nl_drain(&listener);
	assert_false(heard);
	ck_nl_close(&listener);
}

static void test_only_onlink(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "192.0.2.1");	/* no route to the second */
	member(3, "fd99::1", "10.0.0.1");	/* the second is our own */
	routes_sync(&h);
	expect_routes(R2);
	/* Of no concern to us. */
	assert_false(looks_after("ip route add 198.51.100.0/24 via 10.0.0.254 dev lower"));
	assert_false(looks_after("ip -6 route add fd44::/64 via fd00::fe dev lower"));
	change("ip route add default via 10.0.0.254 dev lower");
	expect_routes(R2);
	change("ip -6 route add default via fd00::fe dev lower");
	expect_routes(R2);
	change("ip route add 192.0.2.0/24 dev lower src 10.0.0.1");
	expect_routes(R2 "192.0.2.1 dev ck0 proto 107 src 10.0.0.1\n");
}

/* What leads elsewhere without us is not ours, and is when that ends. */
static void test_the_users_route_wins(void **state)
{
	static const char *const routes[] = {
		"route %s 10.0.0.2 via 10.0.0.254",
		"route %s 10.0.0.2/31 via 10.0.0.254",
		"route %s 10.0.0.0/29 dev ck1",
		"route %s unreachable 10.0.0.2",
		"route %s blackhole 10.0.0.2",
		"route %s prohibit 10.0.0.2",
		"rule %s to 10.0.0.2 prohibit",
		"rule %s pref 32765 to 10.0.0.2 lookup 77",
		"-6 route %s fd00::2 via fd00::fe dev lower",
		"-6 route %s fd00::2/127 dev ck1",
		"-6 route %s unreachable fd00::2",
		"-6 route %s blackhole fd00::2",
		"-6 rule %s to fd00::2 prohibit",
	};
	const char *left;
	char command[128];
	unsigned int i;

	(void)state;
	run("ip route add 10.0.0.2 via 10.0.0.254 table 77");
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	expect_routes(R2 V2);
	strcpy(command, "ip ");
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		left = strstr(routes[i], "fd00") ? R2 : V2;
		sprintf(command + 3, routes[i], "add");
		change(command);
		expect_routes(left);
		sprintf(command + 3, routes[i], "del");
		change(command);
		expect_routes(R2 V2);
	}
}

/* Rules without a preference come before ours, whichever was first. */
static void test_the_users_rules_win(void **state)
{
	(void)state;
	run("ip rule del lookup 25451 && ip rule add from 10.0.0.1 lookup 77");
	run("ip route add 10.0.0.2 via 10.0.0.254 table 77");
	h.rule_time = 0;
	member(2, "10.0.0.2", NULL);
	routes_sync(&h);
	expect_routes(R2);
	run("ip rule add from 10.0.0.9 lookup 77; ip addr add 10.0.0.9/24 dev lower");
	expect("for a in 10.0.0.1 10.0.0.9; do ip route get 10.0.0.2 from $a; done | grep -c 'via 10.0.0.254'",
	       "2\n");
}

/* Nobody else's packets or gateways go by the table. */
static void test_only_what_is_sent_from_here(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	expect("ip route get 10.0.0.2 | grep -o 'dev [a-z0-9]*'", "dev ck0\n");
	expect("ip -6 route get fd00::2 | grep -o 'dev [a-z0-9]*'", "dev ck0\n");
	run("ip link add in type veth peer name in1; ip link set in addrgenmode none up; ip link set in1 up");
	run("ip addr add 10.7.0.1/24 dev in; ip addr add fd07::1/64 nodad dev in");
	run("echo 1 | tee /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv6/conf/all/forwarding");
	expect("ip route get 10.0.0.2 from 10.7.0.2 iif in | grep -o 'dev [a-z0-9]*'",
	       "dev lower\n");
	expect("ip -6 route get fd00::2 from fd07::2 iif in | grep -o 'dev [a-z0-9]*'",
	       "dev lower\n");
	run("ip route add 10.9.0.0/24 via 10.0.0.2; ip -6 route add fd09::/64 via fd00::2");
	run("ip route add 10.9.0.0/24 via 10.0.0.2 table 77; ip -6 route add fd09::/64 via fd00::2 table 77");
	expect("for t in main 77; do ip route show 10.9.0.0/24 table $t; ip -6 route show fd09::/64 table $t; done | grep -o 'dev [a-z0-9]*' | uniq -c | tr -s ' '",
	       " 4 dev lower\n");
}

/* Routes follow when it is quiet. */
static void peer_changed(const struct ck_addrs *old, const struct ck_addrs *new)
{
	routes_peer_changed(&h, old, new);
	assert_non_null(h.loop.quiet);
	assert_int_equal(h.loop.quiet(h.loop.quiet_arg), 0);
}

static void test_single(void **state)
{
	struct ck_addrs none = { 0 }, addrs;

	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	addrs = TAILQ_FIRST(&h.peers)->value.addrs;
	peer_changed(&none, &addrs);
	expect_routes(R2 V2);
	member(3, "10.0.0.2", NULL);		/* claims it too */
	TAILQ_FIRST(&h.peers)->member = false;
	peer_changed(&addrs, &none);
	expect_routes(R2);
	clear();
	addrs.n = 1;
	peer_changed(&addrs, &none);
	expect_routes("");
	peer_changed(&addrs, &none);
	expect_routes("");
}

int __real_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);
int __wrap_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

/* The kernel has no memory for requests of this type. */
static uint16_t failing;

int __wrap_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	return nlh->nlmsg_type == failing ? -ENOMEM : __real_ck_nl_request(nl, nlh, cb, arg);
}

/* What fails is to be tried again, and the rest is done nevertheless. */
static void test_failures(void **state)
{
	static const uint16_t types[] = { RTM_NEWROUTE, RTM_GETROUTE, RTM_NEWRULE };
	struct ck_addrs none = { 0 };
	unsigned int i;

	(void)state;
	member(2, "10.0.0.2", NULL);
	for (i = 0; i < 3; i++) {
		if (types[i] == RTM_NEWRULE)
			run("ip -4 rule del pref 32765; ip -6 rule del pref 32765");
		failing = types[i];
		h.rule_time = 0;
		assert_int_equal(routes_sync(&h), -ENOMEM);
	}
	expect_routes(R2);
	failing = 0;
	h.rule_time = 0;
	assert_int_equal(routes_sync(&h), 0);
	expect_rules();
	/* So is a peer's news. */
	member(3, "10.0.0.3", NULL);
	h.todo &= ~WORK_ROUTES;
	failing = RTM_NEWROUTE;
	peer_changed(&none, &TAILQ_LAST(&h.peers, peer_list)->value.addrs);
	assert_true(h.todo & WORK_ROUTES);
	failing = 0;
	assert_int_equal(routes_sync(&h), 0);
	expect_routes(R2 R3);
}

static void test_source_changes(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	run("ip addr add 10.0.0.7/24 dev lower; ip addr del 10.0.0.1/24 dev lower 2>/dev/null");
	drain();
	assert_true((h.todo & WORK_ANNOUNCE));
	run("ip addr show dev lower | grep -q 10.0.0.7 || ip addr add 10.0.0.7/24 dev lower");
	routes_sync(&h);
	expect_routes("10.0.0.2 dev ck0 proto 107 src 10.0.0.7\n" V2);
	/* A deprecated address is no source. */
	run("ip addr add fd00::7/64 nodad dev lower");
	change("ip addr change fd00::1/64 dev lower preferred_lft 0");
	expect_routes("10.0.0.2 dev ck0 proto 107 src 10.0.0.7\n"
		      "fd00::2 dev ck0 proto 107 src fd00::7 metric 1024 pref medium\n");
}

static void test_down_and_up(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	run("ip link set ck0 down");
	expect_routes("");
	drain();
	assert_true((h.todo & WORK_DEVICE));
	h.active = false;
	routes_sync(&h);
	expect_routes("");
	expect(RULES " | grep -c 'lookup 25451'", "0\n");
	run("ip link set ck0 up");
	h.active = true;
	routes_sync(&h);
	expect_routes(R2 V2);
	expect(RULES " | grep -c 'lookup 25451'", "2\n");
}

static void test_intercept(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	h.dev.steer = COKEEPER_STEER_INTERCEPT;
	routes_sync(&h);
	expect_routes("");
	expect(RULES " | grep -c 'lookup 25451'", "0\n");
	assert_false(looks_after("ip route add 10.0.0.2 via 10.0.0.254"));
	run("ip route del 10.0.0.2");
	h.dev.steer = COKEEPER_STEER_ROUTE;
	routes_sync(&h);
	expect_routes(R2 V2);
	change("ip route add 10.0.0.2 via 10.0.0.254");
	expect_routes(V2);
}

static void test_two_devices(void **state)
{
	struct helper other = { .device = "ck1" };

	(void)state;
	run("ip addr add 10.0.0.8/24 dev lower1 metric 999");
	TAILQ_INIT(&other.peers);
	STAILQ_INIT(&other.route_changes);
	other.loop = h.loop;
	assert_int_equal(routes_open(&other), 0);
	other.dev = h.dev;
	other.dev.ifindex = if_nametoindex("ck1");
	other.dev.lower = if_nametoindex("lower1");
	other.attached = true;
	other.active = true;
	add_member(&other, 2, "10.0.0.2", NULL);
	member(2, "10.0.0.2", NULL);
	/* The one that the main table prefers has the route, whoever comes last. */
	routes_sync(&other);
	expect_routes("");
	routes_sync(&h);
	routes_sync(&other);
	expect_routes(R2);
	assert_true(looks_after("ip addr del 10.0.0.1/24 dev lower"));
	routes_sync(&other);
	routes_sync(&h);
	expect_routes("10.0.0.2 dev ck1 proto 107 src 10.0.0.8\n");
	/* The rule stays as long as one of them needs it. */
	routes_stop(&h);
	expect_rules();
	routes_stop(&other);
	expect(RULES " | grep -c 32765", "0\n");
	clear_members(&other);
	routes_close(&other);
}

static void test_hindrances(void **state)
{
	(void)state;
	assert_null(routes_hindrance(&h));
	drain();
	h.todo &= ~WORK_DEVICE;
	run("echo 1 >/proc/sys/net/ipv4/conf/lower/rp_filter");
	drain();
	assert_true((h.todo & WORK_DEVICE));
	assert_non_null(strstr(routes_hindrance(&h), "rp_filter"));
	run("echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter");
	assert_null(routes_hindrance(&h));
	run("echo 0 >/proc/sys/net/ipv4/conf/lower/rp_filter");
	run("echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
	assert_non_null(strstr(routes_hindrance(&h), "rp_filter"));
}

static void test_deleted_by_others(void **state)
{
	(void)state;
	member(2, "10.0.0.2", NULL);
	routes_sync(&h);
	drain();
	assert_false((h.todo & WORK_ROUTES));		/* our own changes */
	run("ip route flush table 25451");
	drain();
	assert_true((h.todo & WORK_ROUTES));
	routes_sync(&h);
	expect_routes(R2);
}

static int until_rule_is_back(void *arg)
{
	(void)arg;
	if ((h.todo & WORK_ROUTES))
		routes_sync(&h);
	return rtnl_rule_present(&h.rtnl, AF_INET);
}

/* Whoever deletes the rule has it back at once, but not as often as he deletes it. */
static void test_rule(void **state)
{
	(void)state;
	expect_rules();
	h.rule_time -= 2;		/* it has stood for a while */
	change("ip -4 rule del pref 32765");
	expect_rules();
	change("ip -4 rule del pref 32765; ip -6 rule del pref 32765");
	expect(RULES " | grep -c 32765", "0\n");
	alarm(10);
	assert_int_equal(ck_loop_run(&h.loop, until_rule_is_back, NULL), 1);
	alarm(0);
	expect_rules();
	assert_in_range(h.rule_pause, 3, 64);
	h.rule_pause = 64;
	h.rule_time -= 64;
	change("ip -4 rule del pref 32765");
	expect_rules();
	assert_int_equal(h.rule_pause, 64);
	h.rule_time -= 200;
	change("ip -4 rule del pref 32765");
	assert_int_equal(h.rule_pause, 1);
}

static void test_flush(void **state)
{
	(void)state;
	run("ip route add 10.0.0.77 dev ck1 proto 107 table 25451");
	run("ip route add 10.0.0.88 dev ck0 table 25451");	/* not ours */
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	routes_stop(&h);
	expect_routes("10.0.0.77 dev ck1 proto 107 scope link\n"
		      "10.0.0.88 dev ck0 scope link\n");
	expect(RULES " | grep -c 'lookup 25451'", "2\n");
	run("ip route del 10.0.0.77 table 25451");
	routes_sync(&h);
	routes_stop(&h);
	expect(RULES " | grep -c 'lookup 25451'", "0\n");
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses),
		TEST(test_sync),
		TEST(test_sync_is_quiet),
		TEST(test_only_onlink),
		TEST(test_the_users_route_wins),
		TEST(test_the_users_rules_win),
		TEST(test_only_what_is_sent_from_here),
		TEST(test_single),
		TEST(test_failures),
		TEST(test_source_changes),
		TEST(test_down_and_up),
		TEST(test_intercept),
		TEST(test_two_devices),
		TEST(test_hindrances),
		TEST(test_deleted_by_others),
		TEST(test_rule),
		TEST(test_flush),
	};

	if (unshare(CLONE_NEWNET) || system("ip -V >/dev/null 2>&1")) {
		puts("routes: # SKIP needs root and iproute2");
		return 0;
	}
	ck_log_init("test_routes", false);
	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
