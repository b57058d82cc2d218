// SPDX-License-Identifier: GPL-2.0
/* The live state of dom0's links, in a network namespace of its own.
 *
 *   vif1.0, vif2.0   ports of br0, as netback's would be; far1, far2 are their other ends
 *   br1              another bridge
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "enforced.h"
#include "links.h"
#include "nl.h"

#define DEADLINE_MS	5000
#define ANSWERS_MAX	4
#define VIF1_HANDLE	0x10000	/* 1: of tc */

static unsigned int told;	/* how often vif1.0 was told of */
static bool failing;

/* Answers that the kernel would give if it had what is asked for; its own come first. */
static struct {
	uint16_t request;
	uint32_t parent;	/* whose filters are asked for */
	char buf[256] __attribute__((aligned(8)));
} answers[ANSWERS_MAX];

static unsigned int nanswers;

int __real_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
			 void *arg);
int __wrap_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
			 void *arg);

int __wrap_ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
			 void *arg)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	unsigned int i;
	int err;

	if (failing)
		return -EIO;
	err = __real_ck_nl_request(nl, nlh, cb, arg);
	for (i = 0; i < nanswers; i++) {
		if (nlh->nlmsg_type != answers[i].request ||
		    (nlh->nlmsg_type == RTM_GETTFILTER && tcm->tcm_parent != answers[i].parent))
			continue;
		cb((void *)answers[i].buf, arg);
		err = 0;
	}
	return err;
}

/* Return: an answer with a header of some size, to be filled in. */
static struct nlmsghdr *add_answer(uint16_t request, uint16_t type, uint32_t parent)
{
	struct nlmsghdr *nlh;

	assert_true(nanswers < ANSWERS_MAX);
	answers[nanswers].request = request;
	answers[nanswers].parent = parent;
	nlh = mnl_nlmsg_put_header(answers[nanswers++].buf);
	nlh->nlmsg_type = type;
	return nlh;
}

static void add_qdisc(const char *kind, uint32_t handle, uint32_t max_rate)
{
	struct nlmsghdr *nlh = add_answer(RTM_GETQDISC, RTM_NEWQDISC, 0);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	struct nlattr *options;

	tcm->tcm_ifindex = if_nametoindex("vif1.0");
	tcm->tcm_handle = handle;
	tcm->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_FQ_FLOW_MAX_RATE, max_rate);
	mnl_attr_nest_end(nlh, options);
}

static void add_filter(uint32_t parent)
{
	struct nlmsghdr *nlh = add_answer(RTM_GETTFILTER, RTM_NEWTFILTER, parent);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	tcm->tcm_ifindex = if_nametoindex("vif1.0");
	tcm->tcm_parent = parent;
}

/* The switches of br_netfilter, which this kernel need not have; and calls that fail. */
static struct {
	bool module;		/* br_netfilter is loaded */
	bool files;		/* they are a file of our own */
	int open_error;
	int watch_error;
	int read_error;
	int ebtables_error;
} filters;

static bool is_switch(const char *path)
{
	return !strncmp(path, "/proc/sys/net/bridge/", 21);
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
ssize_t __real_pread(int fd, void *buf, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t offset);

int __wrap_access(const char *path, int mode)
{
	if (filters.ebtables_error && strstr(path, "ebtable"))
		return fail_with(filters.ebtables_error);
	if (filters.module && strstr(path, "br_netfilter"))
		return 0;
	return __real_access(path, mode);
}

int __wrap_open(const char *path, int flags, ...)
{
	if (filters.open_error && is_switch(path))
		return fail_with(filters.open_error);
	return __real_open(filters.files && is_switch(path) ? "/dev/zero" : path, flags);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (filters.watch_error)
		return fail_with(filters.watch_error);
	return filters.files ? 1 : __real_inotify_add_watch(fd, path, mask);
}

ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t offset)
{
	if (filters.read_error)
		return fail_with(filters.read_error);
	if (!filters.files)
		return __real_pread(fd, buf, len, offset);
	memset(buf, '0', len);
	return len;
}

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

static void changed(const char *name, void *arg)
{
	(void)arg;
	told += !strcmp(name, "vif1.0");
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A word for each thing that stands in the way. */
static const char *describe(const char *name)
{
	static char text[256];
	struct links_vif vif;
	enum enforced e;

	links_vif(name, &vif);
	if (!vif.exists)
		return "no link";
	snprintf(text, sizeof(text), "%s", vif.bridge[0] ? vif.bridge : "no bridge");
	if (vif.vlan)
		sprintf(text + strlen(text), " vlan %u", vif.vlan);
	if (!vif.up)
		strcat(text, " down");
	if (vif.bridge[0] && !vif.untagged)
		strcat(text, " tagged");
	for (e = 0; e < ENFORCED_COUNT; e++)
		if (vif.enforced & ENFORCED_BIT(e)) {
			strcat(text, " ");
			strcat(text, enforced_name(e));
		}
	return text;
}

/* The events bring it about, and tell so. */
static void expect_of(const char *name, const char *want)
{
	struct pollfd pfd = { .fd = links_fd(), .events = POLLIN };
	uint64_t end = now_ms() + DEADLINE_MS;
	int ret;

	while (strcmp(describe(name), want)) {
		if (now_ms() >= end || !poll(&pfd, 1, DEADLINE_MS))
			fail_msg("%s is '%s', not '%s'", name, describe(name),
				 want);
		ret = links_process();
		assert_true(!ret || (failing && ret == -EIO));
	}
}

static void expect(const char *want)
{
	expect_of("vif1.0", want);
}

/* A change that ends what was, and its undoing; each is told once or more. */
static void follow(const char *command, const char *want, const char *undo)
{
	expect("br0");
	told = 0;
	run(command);
	expect(want);
	assert_true(told > 0);
	told = 0;
	run(undo);
	expect("br0");
	assert_true(told > 0);
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	run("for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done");
	run("ip link add br0 type bridge; ip link add br1 type bridge; ip link set br0 up; ip link set br1 up");
	run("ip link add vif1.0 type veth peer name far1; ip link add vif2.0 type veth peer name far2");
	run("for l in far1 far2 vif1.0 vif2.0; do ip link set $l up; done; ip link set vif1.0 master br0; ip link set vif2.0 master br0");
	if (links_open(changed, NULL))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	links_close();
	return 0;
}

static void test_read_at_start(void **state)
{
	(void)state;
	expect_of("vif1.0", "br0");
	expect_of("vif2.0", "br0");
	expect_of("far1", "no bridge");
	expect_of("vif9.0", "no link");
}

static void test_comes_and_goes(void **state)
{
	(void)state;
	run("ip link add vif3.0 type veth peer name far3");
	expect_of("vif3.0", "no bridge down");
	run("ip link set vif3.0 master br0; ip link set far3 up; ip link set vif3.0 up");
	expect_of("vif3.0", "br0");
	run("ip link del vif3.0");
	expect_of("vif3.0", "no link");
}

static void test_renamed(void **state)
{
	(void)state;
	run("ip link set vif1.0 down; ip link set vif1.0 name other; ip link set other up");
	expect_of("other", "br0");
	expect("no link");
	run("ip link set other down; ip link set other name vif1.0; ip link set vif1.0 up");
	expect("br0");
}

static void test_down(void **state)
{
	(void)state;
	follow("ip link set vif1.0 down", "br0 down", "ip link set vif1.0 up");
	follow("ip link set br0 down", "br0 down", "ip link set br0 up");
}

/* A guest can make it come and go. */
static void test_carrier(void **state)
{
	(void)state;
	expect("br0");
	told = 0;
	run("ip link set far1 down; ip link set far1 up; ip link set far1 down");
	run("ip link set vif2.0 down");
	expect_of("vif2.0", "br0 down");
	run("ip link set far1 up; ip link set vif2.0 up");
	expect_of("vif2.0", "br0");
	expect("br0");
	assert_int_equal(told, 0);
}

/* dom0 says so, by the operational state or by the mode, which counts once there is a carrier. */
static void test_dormant(void **state)
{
	static const char flap[] =
		"ip link set far1 down; "
		"until ip link show vif1.0 | grep -q 'state LOWERLAYERDOWN'; do :; done; "
		"ip link set far1 up; "
		"while ip link show vif1.0 | grep -q 'state LOWERLAYERDOWN'; do :; done";

	(void)state;
	follow("ip link set vif1.0 state dormant", "br0 down", "ip link set vif1.0 state up");
	follow("ip link set far1 down; ip link set vif1.0 mode dormant", "br0 down",
	       "ip link set vif1.0 mode default; ip link set far1 up");
	run("ip link set vif1.0 mode dormant");
	run(flap);
	expect("br0 down");
	/* The guest does not end that. */
	told = 0;
	run(flap);
	run("ip link set vif2.0 down");
	expect_of("vif2.0", "br0 down");
	run("ip link set vif2.0 up");
	expect_of("vif2.0", "br0");
	assert_int_equal(told, 0);
	run("ip link set vif1.0 state up");
	expect("br0");
	run("ip link set vif1.0 mode default");
	run(flap);
	expect("br0");
}

static void test_master(void **state)
{
	(void)state;
	follow("ip link set vif1.0 nomaster", "no bridge",
	       "ip link set vif1.0 master br0");
	follow("ip link set vif1.0 master br1", "br1",
	       "ip link set vif1.0 master br0");
}

static void test_port_options(void **state)
{
	(void)state;
	follow("bridge link set dev vif1.0 isolated on", "br0 isolated",
	       "bridge link set dev vif1.0 isolated off");
	follow("ip link set vif1.0 type bridge_slave isolated on", "br0 isolated",
	       "ip link set vif1.0 type bridge_slave isolated off");
	follow("bridge link set dev vif1.0 learning off locked on",
	       "br0 port-locked",
	       "bridge link set dev vif1.0 learning on locked off");
	/* A port that leaves and comes again has none of it. */
	run("bridge link set dev vif1.0 isolated on");
	expect("br0 isolated");
	run("ip link set vif1.0 nomaster; ip link set vif1.0 master br0");
	expect("br0");
}

/* A bridge with VLANs, or even with MSTP. */
static void add_bridge(bool mst)
{
	struct nlmsghdr *nlh = add_answer(RTM_GETLINK, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct br_boolopt_multi options = { mst << BR_BOOLOPT_MST_ENABLE, UINT32_MAX };
	struct nlattr *info, *data;

	ifi->ifi_index = if_nametoindex("br0");
	ifi->ifi_flags = IFF_UP;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, IFLA_BR_VLAN_FILTERING, 1);
	mnl_attr_put(nlh, IFLA_BR_MULTI_BOOLOPT, sizeof(options), &options);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* Its port, with an untagged VLAN. */
static void add_port(uint16_t vid)
{
	struct nlmsghdr *nlh = add_answer(RTM_GETLINK, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct bridge_vlan_info vlan = { BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, vid };
	struct nlattr *spec;

	ifi->ifi_family = AF_BRIDGE;
	ifi->ifi_index = if_nametoindex("vif1.0");
	ifi->ifi_flags = IFF_UP;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	mnl_attr_put(nlh, IFLA_BRIDGE_VLAN_INFO, sizeof(vlan), &vlan);
	mnl_attr_nest_end(nlh, spec);
}

static void add_vlan(uint16_t vid, uint16_t flags, uint8_t vlan_state)
{
	struct nlmsghdr *nlh = add_answer(RTM_GETVLAN, RTM_NEWVLAN, 0);
	struct br_vlan_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	struct bridge_vlan_info vlan = { flags, vid };
	struct nlattr *entry;

	msg->family = AF_BRIDGE;
	msg->ifindex = if_nametoindex("vif1.0");
	entry = mnl_attr_nest_start(nlh, BRIDGE_VLANDB_ENTRY);
	mnl_attr_put(nlh, BRIDGE_VLANDB_ENTRY_INFO, sizeof(vlan), &vlan);
	mnl_attr_put_u8(nlh, BRIDGE_VLANDB_ENTRY_STATE, vlan_state);
	mnl_attr_nest_end(nlh, entry);
}

/* After a failure all is read. */
static void read_all(const char *want)
{
	failing = true;
	run("tc qdisc add dev vif2.0 clsact; tc qdisc del dev vif2.0 clsact");
	while (!links_process())
		;
	failing = false;
	expect(want);
}

/* Only that of the VLAN counts that untagged frames are in. */
static void test_state_of_a_vlan(void **state)
{
	static const struct {
		uint8_t own;
		uint8_t other;
		bool mst;
		const char *want;
	} cases[] = {
		{ BR_STATE_FORWARDING, BR_STATE_BLOCKING, false, "br0 vlan 10" },
		{ BR_STATE_BLOCKING, BR_STATE_FORWARDING, false, "br0 vlan 11 down" },
		{ BR_STATE_LEARNING, BR_STATE_FORWARDING, false, "br0 vlan 12 down" },
		{ BR_STATE_FORWARDING, BR_STATE_FORWARDING, true, "br0 vlan 13 down" },
		{ BR_STATE_FORWARDING, BR_STATE_FORWARDING, false, "br0 vlan 14" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nanswers = 0;
		add_bridge(cases[i].mst);
		add_port(10 + i);
		add_vlan(10 + i, BRIDGE_VLAN_INFO_PVID, cases[i].own);
		add_vlan(8, 0, cases[i].other);
		read_all(cases[i].want);
	}
	nanswers = 0;
	read_all("br0");
}

static void test_vlans(void **state)
{
	(void)state;
	if (system("ip link set br0 type bridge vlan_filtering 1")) {
		print_message("no VLANs in bridges: not tested\n");
		return;
	}
	expect("br0 vlan 1");
	run("bridge vlan add dev vif1.0 vid 10 pvid untagged");
	expect("br0 vlan 10");
	run("bridge vlan add dev vif1.0 vid 20-30");
	run("bridge vlan add dev vif1.0 vid 10 pvid");
	expect("br0 vlan 10 tagged");
	run("bridge vlan del dev vif1.0 vid 10");
	expect("br0 tagged");
	run("bridge vlan add dev vif1.0 vid 7 pvid untagged");
	expect("br0 vlan 7");
	run("bridge vlan set dev vif1.0 vid 7 state blocking");
	expect("br0 vlan 7 down");
	run("bridge vlan set dev vif1.0 vid 20-30 state blocking; bridge vlan set dev vif1.0 vid 7 state forwarding");
	expect("br0 vlan 7");
	expect_of("vif2.0", "br0 vlan 1");
	run("ip link set br0 type bridge vlan_default_pvid 5");
	expect_of("vif2.0", "br0 vlan 5");
	run("ip link set br0 type bridge vlan_filtering 0");
	expect("br0");
}

static void test_tc(void **state)
{
	(void)state;
	follow("tc qdisc add dev vif1.0 clsact; tc filter add dev vif1.0 ingress protocol ip u32 match u32 0 0 flowid 1:1",
	       "br0 tc-filter", "tc filter del dev vif1.0 ingress");
	follow("tc filter add dev vif1.0 egress protocol ip u32 match u32 0 0 flowid 1:1",
	       "br0 tc-filter", "tc qdisc del dev vif1.0 clsact");
	follow("tc qdisc add dev vif1.0 ingress; tc filter add dev vif1.0 parent ffff: protocol ip u32 match u32 0 0 flowid 1:1",
	       "br0 tc-filter", "tc qdisc del dev vif1.0 ingress");
	follow("tc qdisc add dev vif1.0 root tbf rate 1mbit burst 10k latency 1ms",
	       "br0 tc-qdisc", "tc qdisc del dev vif1.0 root");
	follow("tc qdisc add dev vif1.0 ingress_block 3 clsact",
	       "br0 tc-filter", "tc qdisc del dev vif1.0 clsact");
	/* What only queues, or has a place for filters and none in it, is none. */
	told = 0;
	run("tc qdisc add dev vif1.0 root pfifo limit 10; tc qdisc add dev vif1.0 clsact");
	run("tc qdisc add dev vif2.0 root tbf rate 1mbit burst 10k latency 1ms");
	expect_of("vif2.0", "br0 tc-qdisc");
	expect("br0");
	assert_int_equal(told, 0);
	run("tc qdisc del dev vif1.0 root; tc qdisc del dev vif1.0 clsact; tc qdisc del dev vif2.0 root");
	expect_of("vif2.0", "br0");
}

/* What the answers say is read, since something else changes. */
static void expect_answers(const char *want)
{
	run("tc qdisc add dev vif2.0 root tbf rate 1mbit burst 10k latency 1ms");
	expect_of("vif2.0", "br0 tc-qdisc");
	expect(want);
	nanswers = 0;
	run("tc qdisc del dev vif2.0 root");
	expect_of("vif2.0", "br0");
	expect("br0");
}

/* Filters of one that else only queues, at its handle; the root may have none. */
static void test_tc_filter_of_a_queue(void **state)
{
	static const char *const kinds[] = { "fq_codel", "sfq" };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		add_qdisc(kinds[i], VIF1_HANDLE, UINT32_MAX);
		expect_answers("br0");
		add_qdisc(kinds[i], VIF1_HANDLE, UINT32_MAX);
		add_filter(VIF1_HANDLE);
		expect_answers("br0 tc-filter");
		add_qdisc(kinds[i], 0, UINT32_MAX);
		add_filter(0);
		expect_answers("br0 tc-filter");
	}
}

static void test_tc_fq_maxrate(void **state)
{
	(void)state;
	add_qdisc("fq", VIF1_HANDLE, UINT32_MAX);
	expect_answers("br0");
	add_qdisc("fq", VIF1_HANDLE, 125000);
	expect_answers("br0 tc-qdisc");
	add_qdisc("pfifo", VIF1_HANDLE, 125000);
	expect_answers("br0");
}

/* One with next to no room is there to drop what comes. */
static void test_tc_short_fifo(void **state)
{
	(void)state;
	follow("tc qdisc add dev vif1.0 root pfifo limit 0", "br0 tc-qdisc",
	       "tc qdisc replace dev vif1.0 root pfifo limit 100");
	follow("tc qdisc replace dev vif1.0 root bfifo limit 1", "br0 tc-qdisc",
	       "tc qdisc replace dev vif1.0 root bfifo limit 100000");
	run("tc qdisc del dev vif1.0 root");
}

/* The same, if this kernel has them. */
static void test_tc_of_this_kernel(void **state)
{
	static const char filter[] =
		"tc filter add dev vif1.0 parent 1: protocol ip u32 match u32 0 0 flowid 1:1";
	static const char *const kinds[] = { "fq_codel", "sfq", "fq" };
	char command[128];
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(command, sizeof(command),
			 "tc qdisc add dev vif1.0 root handle 1: %s 2>/dev/null", kinds[i]);
		if (system(command)) {
			print_message("no %s: not tested\n", kinds[i]);
			continue;
		}
		if (!strcmp(kinds[i], "fq"))
			follow("tc qdisc change dev vif1.0 root fq maxrate 1mbit", "br0 tc-qdisc",
			       "tc qdisc replace dev vif1.0 root pfifo");
		else
			follow(filter, "br0 tc-filter", "tc filter del dev vif1.0 parent 1:");
		run("tc qdisc del dev vif1.0 root");
	}
}

static void test_nftables(void **state)
{
	(void)state;
	run("nft 'table bridge t { chain c { type filter hook forward priority 0; }; chain in { type filter hook input priority 0; counter; }; chain other { }; }'");
	run("ip link set vif2.0 down");
	expect_of("vif2.0", "br0 down");
	run("ip link set vif2.0 up");
	follow("nft add rule bridge t c counter", "br0 bridge-filter",
	       "nft flush chain bridge t c");
	follow("nft 'add chain bridge t d { type filter hook prerouting priority 0; policy drop; }'",
	       "br0 bridge-filter", "nft delete table bridge t");
	follow("nft 'table netdev t { chain c { type filter hook ingress device vif1.0 priority 0; counter; }; }'",
	       "br0 netdev-filter", "nft delete table netdev t");
	follow("nft 'table inet t { chain c { type filter hook ingress device vif1.0 priority 0; counter; }; chain f { type filter hook forward priority 0; counter; }; }'",
	       "br0 netdev-filter", "nft delete table inet t");
	expect_of("vif2.0", "br0");
}

static void test_br_netfilter(void **state)
{
	(void)state;
	follow("ip link set br0 type bridge nf_call_iptables 1",
	       "br0 bridge-filter", "ip link set br0 type bridge nf_call_iptables 0");
	if (access("/proc/sys/net/bridge/bridge-nf-call-iptables", W_OK)) {
		print_message("no br_netfilter: its sysctls are not tested\n");
		return;
	}
	follow("echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables",
	       "br0 bridge-filter",
	       "echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables");
	follow("echo 1 >/proc/sys/net/bridge/bridge-nf-call-arptables",
	       "br0 bridge-filter",
	       "echo 0 >/proc/sys/net/bridge/bridge-nf-call-arptables");
}

static void read_filters(void)
{
	run("nft add table bridge t; nft delete table bridge t");
}

/* The module's files go first, and then the module. */
static void unload_filters(void)
{
	memset(&filters, 0, sizeof(filters));
	filters.module = true;
	filters.read_error = ENOENT;
	filters.open_error = ENOENT;
	read_filters();
	expect("br0 bridge-filter");
	filters.module = false;
	read_filters();
	expect("br0");
}

/* What cannot be looked at counts as a filter, until it can be. */
static void test_filters_unknown(void **state)
{
	int *const errors[] = {
		&filters.ebtables_error, &filters.open_error, &filters.watch_error,
		&filters.read_error,
	};
	static const int error[] = { EACCES, EMFILE, ENOSPC, EIO };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(error) / sizeof(error[0]); i++) {
		unload_filters();
		filters.files = true;
		filters.read_error = 0;
		filters.open_error = 0;
		*errors[i] = error[i];
		read_filters();
		expect("br0 bridge-filter");
		*errors[i] = 0;
		expect("br0");
	}
	unload_filters();
	memset(&filters, 0, sizeof(filters));
}

/* More events than the socket holds: all is read again. */
static void test_lost_events(void **state)
{
	(void)state;
	run("for i in $(seq 3000); do echo link set vif2.0 mtu $((1400 + i % 50)); done | ip -batch -");
	run("ip link set vif1.0 nomaster; tc qdisc add dev vif2.0 root tbf rate 1mbit burst 10k latency 1ms");
	expect("no bridge");
	expect_of("vif2.0", "br0 tc-qdisc");
	run("ip link set vif1.0 master br0; tc qdisc del dev vif2.0 root");
	expect("br0");
	expect_of("vif2.0", "br0");
}

/* A failed call neither opens nor closes anything, and is repeated. */
static void test_failed_call(void **state)
{
	struct pollfd pfd = { .fd = links_fd(), .events = POLLIN };
	int i;

	(void)state;
	expect("br0");
	failing = true;
	told = 0;
	run("tc qdisc add dev vif1.0 root tbf rate 1mbit burst 10k latency 1ms");
	/* First what the event itself says, then the attempt to read. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(poll(&pfd, 1, DEADLINE_MS), 1);
		assert_int_equal(links_process(), i ? -EIO : 0);
	}
	expect("br0");
	assert_int_equal(told, 0);
	run("ip link add vif3.0 type veth peer name far3; ip link set vif1.0 down");
	expect("br0 down");
	run("ip link set vif1.0 up; bridge link set dev vif2.0 isolated on");
	expect_of("vif2.0", "br0 isolated");
	expect("br0 down");
	expect_of("vif3.0", "no link");
	failing = false;
	expect("br0 tc-qdisc");
	expect_of("vif3.0", "no bridge down");
	run("tc qdisc del dev vif1.0 root; bridge link set dev vif2.0 isolated off; ip link del vif3.0");
	expect("br0");
	expect_of("vif2.0", "br0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_at_start),
		cmocka_unit_test(test_comes_and_goes),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_carrier),
		cmocka_unit_test(test_dormant),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_port_options),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_state_of_a_vlan),
		cmocka_unit_test(test_tc),
		cmocka_unit_test(test_tc_filter_of_a_queue),
		cmocka_unit_test(test_tc_fq_maxrate),
		cmocka_unit_test(test_tc_short_fifo),
		cmocka_unit_test(test_tc_of_this_kernel),
		cmocka_unit_test(test_nftables),
		cmocka_unit_test(test_br_netfilter),
		cmocka_unit_test(test_filters_unknown),
		cmocka_unit_test(test_lost_events),
		cmocka_unit_test(test_failed_call),
	};

	return cmocka_run_group_tests_name("links", tests, setup, teardown);
}
