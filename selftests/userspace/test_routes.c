// SPDX-License-Identifier: GPL-2.0
/* The helper's routes and rule, in a network namespace of their own.
 *
 *   lower (10.0.0.1/24, fd00::1/64)   peers: 10.0.0.2, fd00::2, ...
 *   ck0   (stands for the cokeeper device)
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

#define ROUTES	"ip -4 route show table 25451 | sed 's/ *$//'; ip -6 route show table 25451 2>/dev/null | sed 's/ *$//'"
#define RULES	"{ ip -4 rule show; ip -6 rule show; }"

static void expect_routes(const char *want)
{
	expect(ROUTES, want);
}

/* What arrived on the event socket. */
static void drain(void)
{
	assert_int_equal(ck_nl_drain(&h.rtnl_events), 0);
}

static void member(uint8_t n, const char *first, const char *second)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	peer->mac.b[5] = n;
	peer->member = true;
	if (first)
		assert_true(ck_addr_parse(first, &peer->value.addrs.a[0]));
	if (second)
		assert_true(ck_addr_parse(second, &peer->value.addrs.a[1]));
	peer->value.addrs.n = !!first + !!second;
	TAILQ_INSERT_TAIL(&h.peers, peer, next);
}

static void clear(void)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&h.peers))) {
		TAILQ_REMOVE(&h.peers, peer, next);
		free(peer);
	}
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	run("ip link set lo up; ip link add lower type veth peer name lower1; ip link add ck0 type veth peer name ck1");
	run("for l in lower lower1 ck0 ck1; do ip link set $l up; done");
	run("ip addr add 10.0.0.1/24 dev lower; ip addr add fd00::1/64 nodad dev lower");
	memset(&h, 0, sizeof(h));
	h.device = "ck0";
	TAILQ_INIT(&h.peers);
	STAILQ_INIT(&h.route_changes);
	if (ck_loop_init(&h.loop, NULL, NULL) || routes_open(&h))
		return -1;
	h.dev.ifindex = if_nametoindex("ck0");
	h.dev.lower = if_nametoindex("lower");
	h.attached = true;
	h.up = true;
	if (rtnl_addresses(&h.rtnl, h.dev.lower, &h.addrs))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clear();
	routes_close(&h);
	ck_loop_close(&h.loop);
	return 0;
}

#define R2	"10.0.0.2 dev ck0 proto 107 scope link src 10.0.0.1\n"
#define R3	"10.0.0.3 dev ck0 proto 107 scope link src 10.0.0.1\n"
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
	char text[1];

	(void)state;
	drain();
	member(2, "10.0.0.2", "192.0.2.1");	/* no route to the second */
	member(3, "fd99::1", "10.0.0.1");	/* the second is our own */
	routes_sync(&h);
	expect_routes(R2);
	/* Of no concern to us, so that it does not even wake us. */
	run("ip route add default via 10.0.0.254 dev lower");
	run("ip -6 route add default via fd00::fe dev lower");
	assert_int_equal(recv(ck_nl_fd(&h.rtnl_events), text, 1, MSG_PEEK),
			 -1);
	assert_int_equal(errno, EAGAIN);
	routes_sync(&h);
	expect_routes(R2);
	run("ip route add 192.0.2.0/24 dev lower src 10.0.0.1");
	drain();
	assert_true(h.routes_changed);
	routes_sync(&h);
	expect_routes(R2 "192.0.2.1 dev ck0 proto 107 scope link src 10.0.0.1\n");
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

static void test_source_changes(void **state)
{
	(void)state;
	member(2, "10.0.0.2", NULL);
	routes_sync(&h);
	run("ip addr add 10.0.0.7/24 dev lower; ip addr del 10.0.0.1/24 dev lower 2>/dev/null");
	drain();
	assert_true(h.addrs_changed);
	run("ip addr show dev lower | grep -q 10.0.0.7 || ip addr add 10.0.0.7/24 dev lower");
	routes_sync(&h);
	expect_routes("10.0.0.2 dev ck0 proto 107 scope link src 10.0.0.7\n");
}

static void test_down_and_up(void **state)
{
	(void)state;
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	run("ip link set ck0 down");
	expect_routes("");
	drain();
	assert_true(h.links_changed);
	h.up = false;
	routes_sync(&h);
	expect_routes("");
	run("ip link set ck0 up");
	h.up = true;
	routes_sync(&h);
	expect_routes(R2 V2);
}

static void test_deleted_by_others(void **state)
{
	(void)state;
	member(2, "10.0.0.2", NULL);
	routes_sync(&h);
	drain();
	assert_false(h.routes_changed);		/* our own changes */
	run("ip route flush table 25451");
	drain();
	assert_true(h.routes_changed);
	routes_sync(&h);
	expect_routes(R2);
}

static void test_rule(void **state)
{
	(void)state;
	routes_attach(&h);
	routes_attach(&h);
	expect(RULES " | grep -c 'lookup 25451'", "2\n");
	expect("ip -4 rule show pref 32000 | tr -s '\\t ' '  '",
	       "32000: from all lookup 25451 proto 107\n");
	drain();
	assert_false(h.rule_off[0]);
	run("ip -4 rule del pref 32000");
	drain();
	assert_true(h.rule_off[0]);
	assert_false(h.rule_off[1]);
	run("ip -4 rule add pref 31000 lookup 25451");
	drain();
	assert_false(h.rule_off[0]);
}

static void test_flush(void **state)
{
	(void)state;
	run("ip route add 10.0.0.77 dev ck1 proto 107 table 25451");
	run("ip route add 10.0.0.88 dev ck0 table 25451");	/* not ours */
	routes_attach(&h);
	member(2, "10.0.0.2", "fd00::2");
	routes_sync(&h);
	routes_flush(&h);
	expect_routes("10.0.0.77 dev ck1 proto 107 scope link\n"
		      "10.0.0.88 dev ck0 scope link\n");
	expect(RULES " | grep -c 'lookup 25451'", "2\n");
	run("ip route del 10.0.0.77 table 25451");
	routes_flush(&h);
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
		TEST(test_single),
		TEST(test_source_changes),
		TEST(test_down_and_up),
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
