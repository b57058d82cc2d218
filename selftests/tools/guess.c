// SPDX-License-Identifier: GPL-2.0
/* Can a guest get at what another domain granted, by guessing?
 *
 * usage: guess DOMID REFS PORTS
 *
 * Tries to map each grant reference of that domain below REFS, and to bind to each of its
 * event channels below PORTS. Prints how many it got: "grants N ports M".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenevtchn.h>
#include <xengnttab.h>

int main(int argc, char **argv)
{
	xengnttab_handle *gnttab = xengnttab_open(NULL, 0);
	xenevtchn_handle *evtchn = xenevtchn_open(NULL, 0);
	unsigned int domid, refs, ports, i, grants = 0, bound = 0;

	if (argc != 4 || !gnttab || !evtchn) {
		fprintf(stderr, "usage: guess DOMID REFS PORTS, with gntdev and evtchn (%s)\n",
			strerror(errno));
		return 2;
	}
	domid = atoi(argv[1]);
	refs = atoi(argv[2]);
	ports = atoi(argv[3]);
	/* The library says of each that it failed. */
	if (!freopen("/dev/null", "w", stderr))
		return 2;

	for (i = 1; i < refs; i++) {
		void *page = xengnttab_map_grant_ref(gnttab, domid, i, PROT_READ);

		if (page) {
			grants++;
			xengnttab_unmap(gnttab, page, 1);
		}
	}
	for (i = 1; i < ports; i++) {
		xenevtchn_port_or_error_t port = xenevtchn_bind_interdomain(evtchn, domid, i);

		if (port >= 0) {
			bound++;
			xenevtchn_unbind(evtchn, port);
		}
	}
	printf("grants %u ports %u\n", grants, bound);
	return 0;
}
