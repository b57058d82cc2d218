// SPDX-License-Identifier: GPL-2.0
/* What the hypervisor says of a domain.
 *
 * XenStore does not tell why a domain ended, nor that one that crashed is kept.
 * No stable library does in Xen 4.17, so it is libxenctrl, by the one call that
 * all its versions have.
 */
#include "hypervisor.h"

#include <xenctrl.h>

#include "cokeeper.h"

static xc_interface *xc;

bool hypervisor_open(void)
{
	xc = xc_interface_open(NULL, NULL, 0);
	return xc;
}

void hypervisor_close(void)
{
	xc_interface_close(xc);
}

/**
 * hypervisor_ended() - has a domain ended, and why?
 * @domid: the domain
 * @paused: result: somebody stopped its processors for now; may be NULL
 *
 * Return: COKEEPER_CAUSE_NONE if it runs or may run again, else why it does not.
 */
uint32_t hypervisor_ended(uint32_t domid, bool *paused)
{
	xc_domaininfo_t info;

	if (paused)
		*paused = false;
	if (xc_domain_getinfolist(xc, domid, 1, &info) != 1 ||
	    info.domain != domid || (info.flags & XEN_DOMINF_dying))
		return COKEEPER_CAUSE_DESTROYED;
	if (paused)
		*paused = info.flags & XEN_DOMINF_paused;
	if (!(info.flags & XEN_DOMINF_shutdown))
		return COKEEPER_CAUSE_NONE;
	switch (info.flags >> XEN_DOMINF_shutdownshift &
		XEN_DOMINF_shutdownmask) {
	case SHUTDOWN_poweroff:
		return COKEEPER_CAUSE_SHUTDOWN;
	case SHUTDOWN_reboot:
		return COKEEPER_CAUSE_REBOOT;
	case SHUTDOWN_suspend:
		return COKEEPER_CAUSE_SUSPENDED;
	default:
		return COKEEPER_CAUSE_CRASHED;
	}
}
