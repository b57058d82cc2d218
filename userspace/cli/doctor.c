// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor: looks at all that CoKeeper needs, and says what mends what is not so. */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "finding.h"
#include "output.h"

static void examine(struct doctor *doctor)
{
	bool dom0;
	int err;

	if (!doctor_xen(&dom0))
		return;
	err = ck_nl_open(&doctor->rtnl, NETLINK_ROUTE);
	if (!err)
		err = cli_links_read(&doctor->rtnl, &doctor->links);
	if (err)
		found_fail("links", NULL, "rtnetlink: %s", strerror(-err));
	else if (dom0)
		doctor_host(doctor);
	else
		doctor_guest(doctor);
	ck_nl_close(&doctor->rtnl);
	free(doctor->links.link);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor doctor = { 0 };

	if (argc)
		return cli_misuse("unexpected argument '%s'", argv[0]);
	if (!system_read(doctor.release, "/proc/sys/kernel/osrelease"))
		strcpy(doctor.release, "?");
	found_start();
	examine(&doctor);
	if (doctor.xs)
		ck_xs_close(doctor.xs);
	return found_end() ? 0 : CLI_UNWELL;
}
