// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in a guest, for 'steer route': rules, and filters of reverse paths. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "doctor.h"
#include "finding.h"
#include "rtnl.h"

#define RULE_LOCAL_TABLE	255

/**
 * struct rules - what is known of the rules of a family, which the kernel lists in their order
 * @ours: ours is there
 * @other: so is one before it that looks another table up for what is sent from here
 * @first: preference of the first such one
 * @table: that it looks up
 */
struct rules {
	bool ours;
	bool other;
	uint32_t first;
	uint32_t table;
};

/* Table local, which has the guest's own addresses, is looked up first of all. */
static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct rules *rules = arg;
	struct ck_rule rule;

	if (!rtnl_rule_parse(nlh, &rule))
		return MNL_CB_OK;
	if (rtnl_rule_is_ours(&rule)) {
		rules->ours = true;
	} else if (rule.sent && rule.looks_up && rule.pref <= CK_RULE_PREF &&
		   rule.table != RULE_LOCAL_TABLE && !rules->other) {
		rules->other = true;
		rules->first = rule.pref;
		rules->table = rule.table;
	}
	return MNL_CB_OK;
}

static void check_rules(struct doctor *doctor, const struct patient *patient, int family)
{
	const char *name = family == AF_INET ? "IPv4" : "IPv6";
	struct rules rules = { 0 };
	char quoted[QUOTED_SIZE];
	int err;

	err = rtnl_rules(&doctor->rtnl, family, take_rule, &rules);
	if (err == -EAFNOSUPPORT)
		return;
	if (err) {
		found_warn("rules", name, "they cannot be listed: %s", doctor->rtnl.error);
		return;
	}
	if (!rules.ours) {
		found_fail("rules", name,
			   "none looks table cokeeper up, so no packet takes a ring");
		found_mend("ip -%c rule add pref %u iif lo uidrange 0-4294967294 "
			   "lookup %u protocol %u", name[3], CK_RULE_PREF, CK_RT_TABLE,
			   CK_RT_PROTOCOL);
	} else if (rules.other) {
		found_warn("rules", name,
			   "what table %u decides takes no ring, since rule %u is before CoKeeper's",
			   rules.table, rules.first);
		found_mend("ip link set dev %s type cokeeper steer intercept",
			   found_quote(patient->name, quoted));
	} else {
		found_ok("rules", name, "CoKeeper's is there, and none before it");
	}
}

/* The larger one counts of what is set for a device and for all. */
static unsigned int setting(const char *link, const char *name)
{
	const char *const of[] = { link, "all" };
	unsigned int i, max = 0;
	char text[SYSTEM_LINE];
	uint32_t value;

	for (i = 0; i < 2; i++)
		if (system_read(text, "/proc/sys/net/ipv4/conf/%s/%s", of[i], name) &&
		    ck_u32_parse(text, 0, 2, &value) && value > max)
			max = value;
	return max;
}

/* Return: whether the helper may keep routes: it does not where they would do harm. */
static bool check_rp_filter(const struct patient *patient)
{
	char quoted[QUOTED_SIZE];

	if (setting(patient->lower_name, "rp_filter") != 1) {
		found_ok("rp_filter", patient->lower_name, "not strict");
		return true;
	}
	found_fail("rp_filter", patient->lower_name,
		   "strict, which would drop what peers send by netfront, so %s is inactive",
		   patient->name);
	found_mend("sysctl -w net/ipv4/conf/%s/rp_filter=2",
		   found_quote(patient->lower_name, quoted));
	return false;
}

static void check_arp_filter(const struct patient *patient)
{
	char quoted[QUOTED_SIZE];

	if (!setting(patient->lower_name, "arp_filter")) {
		found_ok("arp_filter", patient->lower_name, "off");
		return;
	}
	found_fail("arp_filter", patient->lower_name,
		   "on, so peers get no answer to ARP, since the way to them is by %s",
		   patient->name);
	found_mend("sysctl -w net/ipv4/conf/%s/arp_filter=0 net/ipv4/conf/all/arp_filter=0",
		   found_quote(patient->lower_name, quoted));
}

/* A device without a helper has no rule, nor has one that cannot be active. */
void doctor_route(struct doctor *doctor, const struct patient *patient)
{
	if (patient->dev->inactive || !patient->dev->helper)
		return;
	check_arp_filter(patient);
	if (!check_rp_filter(patient) || doctor_foreign_vrf(doctor, patient))
		return;
	check_rules(doctor, patient, AF_INET);
	check_rules(doctor, patient, AF_INET6);
}
