// SPDX-License-Identifier: GPL-2.0
/* Usage: exhaust grants | ports
 * Takes as many as this domain can have, says how many, and holds them until it is ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xen/sys/gntalloc.h>

/* For dom0. They go with the file. */
static int take_grant(int fd)
{
	struct ioctl_gntalloc_alloc_gref op = { .count = 1 };

	return ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &op);
}

static unsigned int take_grants(void)
{
	int fd = open("/dev/xen/gntalloc", O_RDWR);
	unsigned int n = 0;

	while (!take_grant(fd))
		n++;
	return n;
}

static unsigned int take_ports(void)
{
	xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
	unsigned int n = 0;

	while (handle && xenevtchn_bind_unbound_port(handle, 0) >= 0)
		n++;
	return n;
}

int main(int argc, char **argv)
{
	unsigned int n;

	if (argc == 2 && !strcmp(argv[1], "grants"))
		n = take_grants();
	else if (argc == 2 && !strcmp(argv[1], "ports"))
		n = take_ports();
	else
		return 2;
	printf("%u, until there was: %s\n", n, strerror(errno));
	fflush(stdout);
	for (;;)
		pause();
}
