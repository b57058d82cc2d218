// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in a guest: what dom0 says of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"
#include "finding.h"
#include "refusal.h"
#include "roster_read.h"

/* Did the helper announce the device? */
static bool announced(struct doctor *doctor, const struct patient *patient)
{
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];

	ck_path_announce(path, CK_DOMID_SELF, &patient->dev->mac);
	return !ck_xs_read(doctor->xs, CK_XS_NULL, path, &value);
}

/* Dom0 says nothing. */
static void no_answer(struct doctor *doctor, const struct patient *patient)
{
	if (patient->dev->inactive || !patient->dev->helper) {
		found_warn("group", patient->name,
			   "in none, since nobody announces it; see the lines above");
	} else if (!announced(doctor, patient)) {
		found_fail("group", patient->name,
			   "the helper has not announced it; its log says why");
		found_mend("journalctl -u 'cokeeper@*'");
	} else {
		found_fail("group", patient->name, "announced, but nobody in dom0 answers");
		found_mend_in_dom0("systemctl enable --now cokeeper-hostd");
	}
}

/* Return: the MAC that the toolstack gave to the interface, or NULL. */
static const char *given_mac(struct doctor *doctor, const struct patient *patient,
			     char mac[CK_MAC_STRLEN])
{
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	struct ck_mac given;

	snprintf(path, sizeof(path), "device/vif/%d/mac", patient->vif);
	if (patient->vif < 0 || ck_xs_read(doctor->xs, CK_XS_NULL, path, &value) ||
	    !ck_mac_parse(value.data, &given) || !ck_mac_cmp(&given, &patient->dev->mac))
		return NULL;
	return ck_mac_format(&given, mac);
}

/* The configuration takes a guest's UUID as well as its name. A member stays one. */
static void refused(struct doctor *doctor, const struct patient *patient,
		    const struct ck_roster *head)
{
	const char *reason = head->reason;
	char uuid[SYSTEM_LINE], index[12], vif[32], buf[1024], mac[CK_MAC_STRLEN],
	     own[CK_MAC_STRLEN], quoted[QUOTED_SIZE];
	struct refused who = { .mac = ck_mac_format(&patient->dev->mac, own) };

	if (head->group[0])
		found_warn("group", patient->name, "member of %s by an earlier announcement; dom0 says of the last one %s: %s",
			   head->group, reason, refusal_text(reason));
	else
		found_fail("group", patient->name, "dom0 says %s: %s", reason,
			   refusal_text(reason));
	if (!strcmp(reason, "not-your-mac") && given_mac(doctor, patient, mac)) {
		found_mend("ip link set dev %s address %s",
			   found_quote(patient->lower_name, quoted), mac);
		return;
	}
	if (system_read(uuid, "/sys/hypervisor/uuid") && found_plain(uuid, "-"))
		who.guest = uuid;
	if (doctor->domid[0])
		who.domid = doctor->domid;
	if (patient->vif >= 0) {
		snprintf(index, sizeof(index), "%d", patient->vif);
		who.index = index;
	}
	if (who.domid && who.index) {
		snprintf(vif, sizeof(vif), "vif%s.%s", who.domid, who.index);
		who.vif = vif;
	}
	if (refusal_mend(reason, &who, buf))
		found_mend_in_dom0("%s", buf);
}

/* Which group is a device in, or why in none? */
void doctor_group(struct doctor *doctor, const struct patient *patient)
{
	struct ck_value_error why;
	struct ck_member *members;
	struct ck_roster head;
	unsigned int n;
	int err;

	if (!doctor->xs)
		return;
	err = ck_roster_read(doctor->xs, &patient->dev->mac, &head, &members, &n, &why);
	if (err)
		found_fail("group", patient->name, "what dom0 says cannot be read: %s", why.text);
	else if (head.reason[0])
		refused(doctor, patient, &head);
	else if (head.member)
		found_ok("group", patient->name, "member of %s", head.group);
	else
		no_answer(doctor, patient);
	free(members);
}
