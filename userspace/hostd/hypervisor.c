// SPDX-License-Identifier: GPL-2.0
/* What the hypervisor says of a domain.
 *
 * XenStore does not tell why a domain ended, nor that one that crashed is kept.
 * No stable library does: libxenmanage, since Xen 4.20, knows neither the reason of
 * a shutdown nor whether a domain is paused. So it is libxenctrl, by the one call
 * that all its versions have, and cokeeper-host is built for each release.
 */
#include "hypervisor.h"

#include <errno.h>
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

static uint32_t cause_of_end(uint32_t flags)
{
	if (flags & XEN_DOMINF_dying)
		return COKEEPER_CAUSE_DESTROYED;
	if (!(flags & XEN_DOMINF_shutdown))
		return COKEEPER_CAUSE_NONE;
	switch (flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) {
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

/**
 * hypervisor_domain() - has a domain ended, and why?
 * @domid: the domain
 * @ended: result: COKEEPER_CAUSE_NONE if it runs or may run again, else why it does not
 * @paused: result: somebody stopped its processors for now; may be NULL
 *
 * Return: 0, or a negative errno if that is not known.
 */
int hypervisor_domain(uint32_t domid, uint32_t *ended, bool *paused)
{
	xc_domaininfo_t info = { 0 };
	bool there;
	int n;

	errno = 0;
	n = xc_domain_getinfolist(xc, domid, 1, &info);
	if (n < 0 && errno != ESRCH)
		return errno ? -errno : -EIO;
	/* The call tells of the next domain if there is no such one. */
	there = n == 1 && info.domain == domid;
	*ended = there ? cause_of_end(info.flags) : COKEEPER_CAUSE_DESTROYED;
	if (paused)
		*paused = there && info.flags & XEN_DOMINF_paused;
	return 0;
}
