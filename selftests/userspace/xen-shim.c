// SPDX-License-Identifier: GPL-2.0
/* Stands in for the hypervisor below a real xenstored (LD_PRELOAD), so that
 * the publisher can be tested against the real store on a machine without Xen.
 *
 * XEN_SHIM names a directory. A domain N exists while the file "N" is in it, which
 * holds the domain's flags (XEN_DOMINF_*), if any; a domain that ended is noticed when four bytes are written into the fifo
 * "virq", as VIRQ_DOM_EXC would. While there is a file "fail", hypercalls of the publisher
 * fail. Rings are pages that nobody writes to: tests speak to xenstored through its
 * socket, which oxenstored makes in the same directory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define VIRQ_PORT	1

static int virq = -1;
static evtchn_port_t last_port = VIRQ_PORT;

static const char *shim_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", getenv("XEN_SHIM"), name);
	return path;
}

/* xenstored asks these for domain 0's event channel port and ring. */
int open(const char *path, int flags, ...)
{
	static int (*real)(const char *path, int flags, ...);
	va_list ap;
	int mode;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "open");
	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (strstr(path, "/xsd_port"))
		path = shim_path("xsd_port");
	else if (strstr(path, "/xsd_kva"))
		path = shim_path("xsd_kva");
	return real(path, flags, mode);
}

/* oxenstored has its socket's directory built in. */
#define OXENSTORED_DIR	"/var/run/xenstored"

int mkdir(const char *path, mode_t mode)
{
	static int (*real)(const char *path, mode_t mode);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "mkdir");
	return strcmp(path, OXENSTORED_DIR) ? real(path, mode) : 0;
}

int unlink(const char *path)
{
	static int (*real)(const char *path);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "unlink");
	return real(strcmp(path, OXENSTORED_DIR "/socket") ? path : shim_path("socket"));
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	static int (*real)(int fd, const struct sockaddr *addr, socklen_t len);
	struct sockaddr_un own = { .sun_family = AF_UNIX };

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "bind");
	if (addr->sa_family != AF_UNIX ||
	    strcmp(((const struct sockaddr_un *)addr)->sun_path, OXENSTORED_DIR "/socket"))
		return real(fd, addr, len);
	strncpy(own.sun_path, shim_path("socket"), sizeof(own.sun_path) - 1);
	return real(fd, (struct sockaddr *)&own, sizeof(own));
}

/* oxenstored asks for as many files as there may be, and insists. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	(void)resource;
	(void)limit;
	return 0;
}

xc_interface *xc_interface_open(struct xentoollog_logger *logger,
				struct xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	(void)logger;
	(void)dombuild_logger;
	(void)open_flags;
	return (xc_interface *)&virq;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

/* Return: whether the domain exists. */
static bool read_flags(uint32_t domid, uint32_t *flags)
{
	char name[16];
	FILE *f;

	*flags = 0;
	snprintf(name, sizeof(name), "%u", domid);
	f = fopen(shim_path(name), "r");
	if (!f)
		return !domid;
	if (fscanf(f, "%u", flags) != 1)
		*flags = 0;
	fclose(f);
	return true;
}

/* xenstored asks by this one, oxenstored and the publisher by the next. */
int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max,
		      xc_dominfo_t *info)
{
	uint32_t flags;

	(void)xch;
	(void)max;
	if (!read_flags(first, &flags))
		return 0;
	memset(info, 0, sizeof(*info));
	info->domid = first;
	info->shutdown = !!(flags & XEN_DOMINF_shutdown);
	return 1;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int max,
			  xc_domaininfo_t *info)
{
	(void)xch;
	(void)max;
	memset(info, 0, sizeof(*info));
	info->domain = first;
	/* oxenstored takes a domain for dead of which it is told nothing. */
	if (strcmp(program_invocation_short_name, "oxenstored") &&
	    !access(shim_path("fail"), F_OK)) {
		errno = ENOMEM;
		return -1;
	}
	return read_flags(first, &info->flags);
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size, int prot,
			   unsigned long mfn)
{
	void *page;

	(void)xch;
	(void)domid;
	(void)mfn;
	page = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
				 unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return (xengnttab_handle *)&virq;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	(void)xgt;
	(void)nr_grants;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
			      uint32_t ref, int prot)
{
	void *page;

	(void)xgt;
	(void)domid;
	(void)ref;
	page = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
	(void)xgt;
	return munmap(start, 4096 * count);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
				 unsigned int flags)
{
	(void)logger;
	(void)flags;
	virq = open(shim_path("virq"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return virq < 0 ? NULL : (xenevtchn_handle *)&virq;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd,
				   unsigned int open_flags)
{
	(void)logger;
	(void)fd;
	(void)open_flags;
	errno = ENOTSUP;
	return NULL;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return virq;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
						     uint32_t domid,
						     evtchn_port_t remote_port)
{
	(void)xce;
	(void)domid;
	(void)remote_port;
	return ++last_port;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
					      unsigned int which)
{
	(void)xce;
	(void)which;
	return VIRQ_PORT;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t event;

	(void)xce;
	if (read(virq, &event, sizeof(event)) != sizeof(event))
		return -1;
	return VIRQ_PORT;
}
