// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in a guest: the lower device, and what is configured on it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "doctor.h"
#include "ethtool.h"
#include "finding.h"
#include "qdisc.h"

static void check_link(const struct doctor *doctor, const struct patient *patient)
{
	const struct cli_link *lower = patient->lower;
	char quoted[QUOTED_SIZE];

	if (!(lower->flags & IFF_UP)) {
		found_fail("lower", lower->name, "down");
		found_mend("ip link set dev %s up", found_quote(lower->name, quoted));
	} else if (!(lower->flags & IFF_RUNNING)) {
		found_fail("lower", lower->name, "up, but without a carrier");
		if (patient->vif >= 0 && doctor->domid[0])
			found_mend_in_dom0("ip link set dev vif%s.%d up", doctor->domid,
					   patient->vif);
	} else if (patient->vif < 0) {
		found_warn("lower", lower->name, "up, but no netfront: dom0 does not know its MAC");
	} else {
		found_ok("lower", lower->name, "up, netfront %d", patient->vif);
	}
}

/* The module has the device follow the lower one's MTU; somebody may have changed it since. */
static void check_mtu(const struct patient *patient)
{
	const struct cli_link *link = patient->link, *lower = patient->lower;
	char quoted[QUOTED_SIZE];

	if (!link)
		return;
	if (link->mtu == lower->mtu) {
		found_ok("mtu", link->name, "%u, as %s", link->mtu, lower->name);
		return;
	}
	found_warn("mtu", link->name, "%u, but %s has %u", link->mtu, lower->name, lower->mtu);
	found_mend("ip link set dev %s mtu %u", found_quote(link->name, quoted), lower->mtu);
}

static void check_xdp(const struct cli_link *lower)
{
	char quoted[QUOTED_SIZE];

	if (lower->native_xdp) {
		found_fail("xdp", lower->name,
			   "a native program, which would not see what rings bring, so they are not used");
		found_mend("ip link set dev %s xdpdrv off", found_quote(lower->name, quoted));
	} else if (lower->generic_xdp) {
		found_ok("xdp", lower->name, "a generic program, which sees what rings bring, too");
	} else {
		found_ok("xdp", lower->name, "no program");
	}
}

/**
 * struct tc - what traffic control does with what leaves a device
 * @ifindex: the device
 * @shapes: a discipline that does more than queue; empty for none
 * @shared: it has filters that are told of without it
 * @clsact: it has a place for filters at its egress
 * @handle: disciplines that only queue, unless they have filters; to be freed
 * @n: their number
 */
struct tc {
	uint32_t ifindex;
	char shapes[LINK_KIND_SIZE];
	bool shared;
	bool clsact;
	uint32_t *handle;
	unsigned int n;
};

/* As the module sees it: those let packets pass by while they are empty (TCQ_F_CAN_BYPASS), or
 * have no queue, or are there for the disciplines below them.
 */
static bool only_queues(const char *kind)
{
	static const char *const kinds[] = {
		"noqueue", "mq", "mqprio", "pfifo", "bfifo", "pfifo_fast", "pfifo_head_drop",
		"codel", "fq_codel", "sfq",
	};
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static void take_kind(const struct ck_qdisc *qdisc, struct tc *tc)
{
	if (!only_queues(qdisc->kind)) {
		if (!tc->shapes[0])
			snprintf(tc->shapes, sizeof(tc->shapes), "%s", qdisc->kind);
	} else if (ck_qdisc_takes_filters(qdisc)) {
		tc->handle = ck_realloc(tc->handle, (tc->n + 1) * sizeof(*tc->handle));
		tc->handle[tc->n++] = qdisc->handle;
	}
}

static int take_qdisc(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_qdisc qdisc;
	struct tc *tc = arg;

	if (!ck_qdisc_parse(nlh, &qdisc) || qdisc.ifindex != tc->ifindex)
		return MNL_CB_OK;
	if (!strcmp(qdisc.kind, "clsact")) {
		tc->clsact = true;
		tc->shared |= qdisc.egress_block;
	} else if (strcmp(qdisc.kind, "ingress")) {
		take_kind(&qdisc, tc);
	}
	return MNL_CB_OK;
}

/* Are there filters at the egress of a device, or in what only queues? Return: 0 or a negative
 * errno.
 */
static int find_filters(struct ck_nl *nl, const struct tc *tc, bool *egress, bool *queue)
{
	unsigned int i;
	int err = 0;

	*egress = tc->shared;
	*queue = false;
	if (tc->clsact)
		err = ck_tc_has_filters(nl, tc->ifindex, CK_TC_EGRESS, egress);
	for (i = 0; i < tc->n && !err; i++)
		err = ck_tc_has_filters(nl, tc->ifindex, tc->handle[i], queue);
	return err;
}

static void say_tc(const struct cli_link *lower, const struct tc *tc, bool egress, bool queue)
{
	char quoted[QUOTED_SIZE];
	const char *name = found_quote(lower->name, quoted);

	if (egress) {
		found_warn("tc", lower->name,
			   "filters at its egress see all packets, so none takes a ring");
		found_mend("tc filter del dev %s egress", name);
	} else {
		found_ok("tc", lower->name, "no filters at its egress");
	}
	if (tc->shapes[0]) {
		found_warn("qdisc", lower->name,
			   "%s does more than queue, so no packet takes a ring", tc->shapes);
		found_mend("tc qdisc replace dev %s root fq_codel", name);
	} else if (queue) {
		found_warn("qdisc", lower->name,
			   "it has filters, which see all packets, so none takes a ring");
		found_mend("tc qdisc replace dev %s root pfifo && "
			   "tc qdisc replace dev %s root fq_codel", name, name);
	} else {
		found_ok("qdisc", lower->name, "it only queues");
	}
}

static void check_tc(struct doctor *doctor, const struct cli_link *lower)
{
	struct tc tc = { .ifindex = lower->ifindex };
	bool egress, queue;
	int err;

	err = ck_qdisc_dump(&doctor->rtnl, take_qdisc, &tc);
	if (!err)
		err = find_filters(&doctor->rtnl, &tc, &egress, &queue);
	if (err)
		found_warn("tc", lower->name, "it cannot be looked at: %s", strerror(-err));
	else
		say_tc(lower, &tc, egress, queue);
	free(tc.handle);
}

/**
 * struct offload - what a device may do in place of the guest's CPUs
 * @feature: as ethtool -k has it
 * @or: another one that does as much, or NULL
 * @option: of ethtool -K
 * @what: what is done for each packet without it, whatever the peer needs
 */
struct offload {
	const char *feature;
	const char *or;
	const char *option;
	const char *what;
};

/* Return: the feature that is off and had better be on, or NULL. */
static const char *missing(const struct cli_link *lower, const struct offload *offload, bool *can)
{
	const char *const names[] = { offload->feature, offload->or };
	const char *which = NULL;
	bool on, switchable;
	unsigned int i;

	*can = false;
	for (i = 0; i < 2 && names[i]; i++) {
		if (cli_ethtool_feature(lower->ifindex, names[i], &on, &switchable))
			continue;
		if (on)
			return NULL;
		if (!which || switchable)
			which = names[i];
		*can |= switchable;
	}
	return which;
}

static void check_offloads(const struct cli_link *lower)
{
	static const struct offload offloads[] = {
		{ "tx-scatter-gather", NULL, "sg", "packets of several pages are copied first" },
		{ "tx-tcp-segmentation", NULL, "tso", "large packets are cut first" },
		{ "tx-checksum-ipv4", "tx-checksum-ip-generic", "tx",
		  "checksums are computed first" },
	};
	char quoted[QUOTED_SIZE];
	bool can, all = true;
	const char *feature;
	unsigned int i;

	for (i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		feature = missing(lower, &offloads[i], &can);
		if (!feature)
			continue;
		all = false;
		found_warn("offload", lower->name, "%s is off%s: %s", feature,
			   can ? "" : ", since dom0 does not offer it", offloads[i].what);
		if (can)
			found_mend("ethtool -K %s %s on", found_quote(lower->name, quoted),
				   offloads[i].option);
	}
	if (all)
		found_ok("offload", lower->name, "scatter-gather, segmentation and checksums");
}

/* Return: the VRF that the lower device is in and the device is not, or NULL. */
const struct cli_link *doctor_foreign_vrf(const struct doctor *doctor,
					  const struct patient *patient)
{
	const struct cli_link *master = NULL;

	if (patient->link && patient->lower && patient->lower->master &&
	    patient->lower->master != patient->link->master)
		master = cli_link_find(&doctor->links, patient->lower->master);
	return master && !strcmp(master->kind, "vrf") ? master : NULL;
}

/* What it is a part of. In 'steer route' the routes of that count, not those of the device. */
static void check_master(const struct doctor *doctor, const struct patient *patient,
			 const struct cli_link *master)
{
	const struct cli_link *lower = patient->lower;
	char quoted[QUOTED_SIZE], other[QUOTED_SIZE];

	if (patient->dev->steer != COKEEPER_STEER_ROUTE) {
		found_ok("upper", lower->name, "in %s (%s), as without CoKeeper", master->name,
			 master->kind);
	} else if (doctor_foreign_vrf(doctor, patient)) {
		found_fail("upper", lower->name,
			   "in VRF %s, but %s is not, which 'steer route' needs", master->name,
			   patient->name);
		found_mend("ip link set dev %s master %s", found_quote(patient->name, quoted),
			   found_quote(master->name, other));
	} else if (strcmp(master->kind, "vrf")) {
		found_warn("upper", lower->name,
			   "in %s (%s), so peers are not reached by %s in 'steer route'",
			   master->name, master->kind, patient->name);
		found_mend("ip link set dev %s type cokeeper steer intercept",
			   found_quote(patient->name, quoted));
	} else {
		found_ok("upper", lower->name, "in VRF %s, as is %s", master->name, patient->name);
	}
}

static void check_uppers(const struct doctor *doctor, const struct patient *patient)
{
	const struct cli_link *link, *lower = patient->lower, *master;

	master = lower->master ? cli_link_find(&doctor->links, lower->master) : NULL;
	if (master)
		check_master(doctor, patient, master);
	for (link = doctor->links.link; link < doctor->links.link + doctor->links.n; link++)
		if (link->below == lower->ifindex && strcmp(link->kind, "cokeeper"))
			found_ok("upper", lower->name, "below %s (%s), whose packets take %s",
				 link->name, link->kind, lower->name);
}

void doctor_lower(struct doctor *doctor, const struct patient *patient)
{
	if (!patient->lower) {
		found_fail("lower", patient->lower_name, "it is not there");
		return;
	}
	check_link(doctor, patient);
	check_mtu(patient);
	check_xdp(patient->lower);
	if (patient->dev->steer == COKEEPER_STEER_INTERCEPT)
		check_tc(doctor, patient->lower);
	check_offloads(patient->lower);
	check_uppers(doctor, patient);
}
