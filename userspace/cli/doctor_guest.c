// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in a guest: kernel, module, devices and their helpers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"
#include "finding.h"
#include "names.h"

#define UNIT_SIZE	(QUOTED_SIZE + 64)

/* The instance of the unit that cares for a device on this one, or NULL without systemd. */
static const char *unit_of(const char *lower, char buf[UNIT_SIZE])
{
	char quoted[QUOTED_SIZE];

	if (!system_has("/run/systemd/system") ||
	    (!system_has("/lib/systemd/system/cokeeper@.service") &&
	     !system_has("/etc/systemd/system/cokeeper@.service")))
		return NULL;
	if (found_plain(lower, "_.:"))
		snprintf(buf, UNIT_SIZE, "cokeeper@%s", lower);
	else
		snprintf(buf, UNIT_SIZE, "\"$(systemd-escape --template=cokeeper@.service %s)\"",
			 found_quote(lower, quoted));
	return buf;
}

/* What the module and all ways to steer need. */
static void check_kernel(const struct doctor *doctor)
{
	static const struct {
		const char *option;
		const char *what;
	} needs[] = {
		{ "CONFIG_XEN", "grants and event channels" },
		{ "CONFIG_XEN_NETDEV_FRONTEND", "netfront, which a cokeeper device is made on" },
		{ "CONFIG_NETFILTER_EGRESS", "the egress hook of 'steer intercept'" },
		{ "CONFIG_NETFILTER_SKIP_EGRESS",
		  "the way past that hook (with CONFIG_NET_CLS_ACT)" },
		{ "CONFIG_IP_MULTIPLE_TABLES", "the rule of 'steer route'" },
	};
	bool set, known = true, all = true;
	unsigned int i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		known = system_config(doctor->release, needs[i].option, &set);
		if (!known || set)
			continue;
		all = false;
		if (!i)
			found_fail("kernel", needs[i].option, "Linux %s lacks it: %s",
				   doctor->release, needs[i].what);
		else
			found_warn("kernel", needs[i].option, "Linux %s lacks it: %s",
				   doctor->release, needs[i].what);
	}
	if (!known)
		found_ok("kernel", NULL, "Linux %s; no file tells its options", doctor->release);
	else if (all)
		found_ok("kernel", NULL, "Linux %s has all that CoKeeper needs", doctor->release);
}

/* It is not loaded. Is it there? */
static void find_module(const struct doctor *doctor)
{
	if (system_finds("/cokeeper.ko", "/lib/modules/%s/modules.dep", doctor->release)) {
		found_fail("module", NULL, "it is not loaded");
		found_mend("modprobe cokeeper");
	} else if (system_has("/usr/sbin/dkms")) {
		found_fail("module", NULL, "it is not built for Linux %s", doctor->release);
		found_mend("dkms autoinstall -k %s && modprobe cokeeper", doctor->release);
	} else {
		found_fail("module", NULL, "it is not installed for Linux %s", doctor->release);
		found_mend("apt-get install cokeeper-dkms linux-headers-%s && modprobe cokeeper",
			   doctor->release);
	}
}

static bool check_module(struct doctor *doctor)
{
	int err = ck_genl_open(&doctor->genl);

	if (!err)
		found_ok("module", NULL, "it is loaded");
	else if (err == -ENOENT)
		find_module(doctor);
	else
		found_fail("module", NULL, "netlink: %s", strerror(-err));
	return !err;
}

/* On each netfront there could be one. */
static void no_device(const struct doctor *doctor)
{
	char unit[UNIT_SIZE], quoted[QUOTED_SIZE];
	const struct cli_link *link, *end = doctor->links.link + doctor->links.n;

	for (link = doctor->links.link; link < end && doctor_vif(link->name) < 0; link++)
		;
	if (link == end) {
		found_fail("device", NULL,
			   "there is no cokeeper device, and no netfront to make one on");
		return;
	}
	found_fail("device", NULL, "there is no cokeeper device");
	if (unit_of(link->name, unit))
		found_mend("systemctl enable --now %s", unit);
	else
		found_mend("ip link add cokeeper0 up link %s type cokeeper && cokeeperd",
			   found_quote(link->name, quoted));
}

static void check_active(const struct patient *patient)
{
	char quoted[QUOTED_SIZE];
	uint32_t why = patient->dev->inactive;

	if (!why) {
		found_ok("device", patient->name, "active on %s, steer %s", patient->lower_name,
			 ck_steer_name(patient->dev->steer));
		return;
	}
	found_fail("device", patient->name, "inactive, so all packets take %s: %s",
		   patient->lower_name, ck_reason_name(why));
	if (why == COKEEPER_REASON_LINK_DOWN)
		found_mend("ip link set dev %s up", found_quote(patient->name, quoted));
	else if (why == COKEEPER_REASON_LOWER_DOWN)
		found_mend("ip link set dev %s up", found_quote(patient->lower_name, quoted));
	else if (why == COKEEPER_REASON_XDP)
		found_mend("ip link set dev %s xdpdrv off",
			   found_quote(patient->lower_name, quoted));
}

static void check_helper(const struct patient *patient)
{
	char unit[UNIT_SIZE], quoted[QUOTED_SIZE];

	if (patient->dev->helper) {
		found_ok("helper", patient->name, "one is bound, by netlink port %" PRIu32,
			 patient->dev->helper);
		return;
	}
	found_fail("helper", patient->name, "none is bound, so dom0 and the peers do not know it");
	if (unit_of(patient->lower_name, unit))
		found_mend("systemctl restart %s", unit);
	else
		found_mend("cokeeperd --device %s", found_quote(patient->name, quoted));
}

static void examine(struct doctor *doctor, const struct ck_dev *dev)
{
	struct patient patient = {
		.dev = dev,
		.link = cli_link_find(&doctor->links, dev->ifindex),
		.lower = cli_link_find(&doctor->links, dev->lower),
	};

	cli_ifname(dev->ifindex, patient.name);
	cli_ifname(dev->lower, patient.lower_name);
	patient.vif = doctor_vif(patient.lower_name);
	check_active(&patient);
	check_helper(&patient);
	doctor_group(doctor, &patient);
	doctor_lower(doctor, &patient);
	if (dev->steer == COKEEPER_STEER_ROUTE)
		doctor_route(doctor, &patient);
	doctor_traffic(doctor, &patient);
}

static void check_devices(struct doctor *doctor)
{
	unsigned int i;

	if (cli_dump_devices(&doctor->genl, &doctor->devices))
		found_fail("device", NULL, "the module does not list its devices");
	else if (!doctor->devices.n)
		no_device(doctor);
	for (i = 0; i < doctor->devices.n; i++)
		examine(doctor, &doctor->devices.msg[i].dev);
	free(doctor->devices.msg);
}

/* What cannot be looked at without the module is not. */
void doctor_guest(struct doctor *doctor)
{
	check_kernel(doctor);
	doctor_store(doctor);
	if (!check_module(doctor))
		return;
	check_devices(doctor);
	ck_genl_close(&doctor->genl);
}
