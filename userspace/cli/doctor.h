/* SPDX-License-Identifier: GPL-2.0 */
/* cokeeper doctor: what its parts share. */
#ifndef CK_CLI_DOCTOR_H
#define CK_CLI_DOCTOR_H

#include "dump.h"
#include "genl.h"
#include "link.h"
#include "system.h"
#include "xs.h"

/**
 * struct doctor - what is known of the machine
 * @release: of the kernel
 * @genl: a socket of the family, once the module is known to be loaded
 * @rtnl: a socket of rtnetlink
 * @links: all links
 * @devices: all cokeeper devices
 * @xs: a connection to XenStore, or NULL
 * @domid: the domain that this is, in digits; empty if it is not known
 */
struct doctor {
	char release[SYSTEM_LINE];
	struct ck_genl genl;
	struct ck_nl rtnl;
	struct cli_links links;
	struct cli_dump devices;
	struct ck_xs *xs;
	char domid[8];
};

/**
 * struct patient - a device, and what it is stacked on
 * @dev: the device
 * @name: its name
 * @link: its link, or NULL
 * @lower: the lower device's, or NULL
 * @lower_name: the lower device's name
 * @vif: number of the netfront that the lower device is, or -1
 */
struct patient {
	const struct ck_dev *dev;
	char name[IF_NAMESIZE];
	const struct cli_link *link;
	const struct cli_link *lower;
	char lower_name[IF_NAMESIZE];
	int vif;
};

bool doctor_xen(bool *dom0);
void doctor_store(struct doctor *doctor);
int doctor_vif(const char *link);
const struct cli_link *doctor_foreign_vrf(const struct doctor *doctor,
					  const struct patient *patient);

void doctor_guest(struct doctor *doctor);
void doctor_group(struct doctor *doctor, const struct patient *patient);
void doctor_lower(struct doctor *doctor, const struct patient *patient);
void doctor_route(struct doctor *doctor, const struct patient *patient);
void doctor_traffic(struct doctor *doctor, const struct patient *patient);
void doctor_host(struct doctor *doctor);

#endif /* CK_CLI_DOCTOR_H */
