// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor: what guests and dom0 have of Xen. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "finding.h"

/* Where Xen's own file system is not mounted, the UUID of dom0 still tells it. */
static bool is_dom0(void)
{
	char uuid[SYSTEM_LINE];

	return system_finds("control_d", "/proc/xen/capabilities") ||
	       (system_read(uuid, "/sys/hypervisor/uuid") && !uuid[strspn(uuid, "0-")]);
}

static void say_xen(bool dom0)
{
	char type[SYSTEM_LINE];

	if (!system_read(type, "/sys/hypervisor/guest_type"))
		strcpy(type, "");
	if (dom0)
		found_ok("xen", NULL, "this is dom0");
	else
		found_ok("xen", NULL, "this is a guest of Xen%s%s", type[0] ? ", type " : "",
			 type);
	if (!system_has("/proc/xen"))
		found_warn("xen", NULL,
			   "there is no /proc/xen (CONFIG_XEN_COMPAT_XENFS), so CoKeeper's units do not start");
}

static bool on_xen(void)
{
	char type[SYSTEM_LINE];

	if (system_read(type, "/sys/hypervisor/type"))
		return !strcmp(type, "xen");
	return system_has("/proc/xen");
}

/**
 * doctor_xen() - does this run on Xen?
 * @dom0: result: whether it is dom0
 *
 * Return: whether it does.
 */
bool doctor_xen(bool *dom0)
{
	bool xen = on_xen();

	*dom0 = is_dom0();
	if (xen)
		say_xen(*dom0);
	else
		found_fail("xen", NULL,
			   "this kernel does not run on Xen, and CoKeeper is for Xen's guests");
	return xen;
}

/* Connect to XenStore, which knows what nobody else does. */
void doctor_store(struct doctor *doctor)
{
	struct ck_xs_value value;
	uint32_t domid;
	int err;

	err = ck_xs_open(&doctor->xs);
	if (err) {
		doctor->xs = NULL;
		if (err == -EACCES || err == -EPERM) {
			found_warn("xenstore", NULL,
				   "only root may ask XenStore, so not all can be looked at");
			found_mend("sudo cokeeper doctor");
		} else {
			found_fail("xenstore", NULL, "XenStore cannot be reached: %s",
				   strerror(-err));
		}
		return;
	}
	err = ck_xs_read(doctor->xs, CK_XS_NULL, "domid", &value);
	if (err || !ck_u32_parse(value.data, 0, CK_DOMID_MAX, &domid)) {
		found_fail("xenstore", NULL, "XenStore does not say which domain this is: %s",
			   strerror(err ? -err : EBADMSG));
		return;
	}
	snprintf(doctor->domid, sizeof(doctor->domid), "%" PRIu32, domid);
	found_ok("xenstore", NULL, "it answers; this is domain %s", doctor->domid);
}

/* Return: the number of the netfront that a link is, or -1. */
int doctor_vif(const char *link)
{
	static const char netfront[] = "device/vif/";
	char node[SYSTEM_LINE];
	uint32_t vif;

	if (!system_read(node, "/sys/class/net/%s/device/nodename", link) ||
	    strncmp(node, netfront, strlen(netfront)) ||
	    !ck_u32_parse(node + strlen(netfront), 0, UINT16_MAX, &vif))
		return -1;
	return vif;
}
