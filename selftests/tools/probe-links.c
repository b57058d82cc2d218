// SPDX-License-Identifier: GPL-2.0
/* Changes a guest's interface in dom0, as ip, bridge and tc do, and tells when. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "nl.h"
#include "probe.h"

static const char usage[] =
"Usage: probe-links VIF BRIDGE OTHER COUNT GAP\n"
"COUNT times: sets VIF down, takes it from BRIDGE, puts it into the bridge OTHER,\n"
"isolates it, gives its clsact qdisc a filter; undoes each. Prints 'NS CHANGE' and\n"
"'NS CHANGE-undone', each GAP ms after the last.\n";

static struct ck_nl nl;
static unsigned int vif, bridge, other;
static char buf[CK_NL_REQUEST_SIZE];

static struct nlmsghdr *link_request(int type, int family, unsigned int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = family;
	ifi->ifi_index = vif;
	ifi->ifi_flags = flags;
	return nlh;
}

static struct nlmsghdr *down(bool on)
{
	struct nlmsghdr *nlh = link_request(RTM_NEWLINK, AF_UNSPEC, on ? 0 : IFF_UP);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_change = IFF_UP;
	return nlh;
}

static struct nlmsghdr *set_master(unsigned int master)
{
	struct nlmsghdr *nlh = link_request(RTM_NEWLINK, AF_UNSPEC, 0);

	mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	return nlh;
}

static struct nlmsghdr *no_master(bool on)
{
	return set_master(on ? 0 : bridge);
}

static struct nlmsghdr *other_master(bool on)
{
	return set_master(on ? other : bridge);
}

static struct nlmsghdr *isolated(bool on)
{
	struct nlmsghdr *nlh = link_request(RTM_SETLINK, AF_BRIDGE, 0);
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_PROTINFO);

	mnl_attr_put_u8(nlh, IFLA_BRPORT_ISOLATED, on);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static struct nlmsghdr *tc_filter(bool on)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *nest;
	struct tcmsg *tcm;

	nlh->nlmsg_type = on ? RTM_NEWTFILTER : RTM_DELTFILTER;
	nlh->nlmsg_flags = on ? NLM_F_CREATE | NLM_F_EXCL : 0;
	tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	tcm->tcm_ifindex = vif;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	tcm->tcm_info = TC_H_MAKE(1 << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nlh, TCA_KIND, "matchall");
	nest = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

/* The kernel waits some 15 ms for readers before a port of one bridge may be another's:
 * that is done before the time is taken.
 */
static const struct {
	const char *name;
	struct nlmsghdr *(*request)(bool on);
	bool leave_first;
} changes[] = {
	{ "down", down, false },
	{ "nomaster", no_master, false },
	{ "other-master", other_master, true },
	{ "isolated", isolated, false },
	{ "tc-filter", tc_filter, false },
};

static void change_link(struct nlmsghdr *nlh, const char *what)
{
	if (ck_nl_request(&nl, nlh, NULL, NULL))
		errx(1, "%s: %s", what, nl.error);
}

static void change(unsigned int i, bool on, unsigned int gap)
{
	const char *name = changes[i].name;
	struct nlmsghdr *nlh;

	wait_gap(gap, 0);
	if (changes[i].leave_first && !on) {
		change_link(no_master(true), name);
		wait_gap(gap, 0);
	}
	nlh = changes[i].request(on);
	printf("%" PRIu64 " %s%s\n", now_ns(), name, on ? "" : "-undone");
	change_link(nlh, name);
}

int main(int argc, char **argv)
{
	unsigned int count, gap, i, n;

	if (argc != 6) {
		fputs(usage, stderr);
		return 2;
	}
	vif = if_nametoindex(argv[1]);
	bridge = if_nametoindex(argv[2]);
	other = if_nametoindex(argv[3]);
	count = number(argv[4]);
	gap = number(argv[5]);
	if (!vif || !bridge || !other)
		errx(1, "'%s', '%s', '%s': not all of them are devices", argv[1], argv[2], argv[3]);
	if (ck_nl_open(&nl, NETLINK_ROUTE))
		errx(1, "no netlink");
	buffer_output();
	for (n = 0; n < count; n++) {
		for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
			change(i, true, gap);
			change(i, false, gap);
		}
	}
	wait_gap(gap, 0);
	return 0;
}
