// SPDX-License-Identifier: GPL-2.0
/* Causes membership events in a guest and tells when: NS CAUSE for each. */
#include <net/if.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <xenstore.h>

#include "nl.h"
#include "paths.h"
#include "probe.h"

static const char usage[] =
"Usage: probe-cause announce MAC COUNT GAP SPREAD\n"
"           COUNT times: remove the announcement of the interface MAC (as XenStore\n"
"           spells it), write it again\n"
"       probe-cause address DEVICE ADDRESS COUNT GAP SPREAD\n"
"           COUNT times: add an IPv4 address to DEVICE, remove it\n"
"       probe-cause up|down DEVICE\n"
"           set DEVICE up or down\n"
"Each event follows GAP to GAP + SPREAD ms after the last.\n";

static int announce(const char *mac, unsigned int count, unsigned int gap, unsigned int spread)
{
	struct xs_handle *xs = xs_open(0);
	unsigned int i, len;
	char path[CK_PATH_SIZE], *value;
	struct ck_mac own;

	if (!xs)
		err(1, "XenStore");
	if (!ck_mac_parse_node(mac, &own))
		errx(1, "'%s': not twelve lower-case hexadecimal digits", mac);
	ck_path_announce(path, CK_DOMID_SELF, &own);
	value = xs_read(xs, XBT_NULL, path, &len);
	if (!value)
		err(1, "%s", path);
	for (i = 0; i < count; i++) {
		wait_gap(gap, spread);
		printf("%" PRIu64 " leave\n", now_ns());
		if (!xs_rm(xs, XBT_NULL, path))
			err(1, "remove %s", path);
		wait_gap(gap, spread);
		printf("%" PRIu64 " join\n", now_ns());
		if (!xs_write(xs, XBT_NULL, path, value, len))
			err(1, "write %s", path);
	}
	wait_gap(gap, spread);
	return 0;
}

static void change_address(struct ck_nl *nl, int type, unsigned int ifindex, struct in_addr addr)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_index = ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, sizeof(addr), &addr);
	if (ck_nl_request(nl, nlh, NULL, NULL))
		errx(1, "address: %s", nl->error);
}

static int address(const char *device, const char *text, unsigned int count, unsigned int gap,
		   unsigned int spread)
{
	unsigned int ifindex = if_nametoindex(device), i;
	struct in_addr addr;
	struct ck_nl nl;

	if (!ifindex || inet_pton(AF_INET, text, &addr) != 1 || ck_nl_open(&nl, NETLINK_ROUTE))
		errx(1, "'%s', '%s': no such device, no address, or no netlink", device, text);
	for (i = 0; i < count; i++) {
		wait_gap(gap, spread);
		printf("%" PRIu64 " route-add\n", now_ns());
		change_address(&nl, RTM_NEWADDR, ifindex, addr);
		wait_gap(gap, spread);
		printf("%" PRIu64 " route-del\n", now_ns());
		change_address(&nl, RTM_DELADDR, ifindex, addr);
	}
	wait_gap(gap, spread);
	return 0;
}

static int set_up(const char *device, bool up)
{
	struct ifreq ifr = { 0 };
	int fd;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	strncpy(ifr.ifr_name, device, sizeof(ifr.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr))
		err(1, "%s", device);
	ifr.ifr_flags = up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP;
	printf("%" PRIu64 " %s\n", now_ns(), up ? "up" : "disconnect");
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		err(1, "%s", device);
	wait_gap(20, 0);
	return 0;
}

int main(int argc, char **argv)
{
	buffer_output();
	srandom(1);
	if (argc == 6 && !strcmp(argv[1], "announce"))
		return announce(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	if (argc == 7 && !strcmp(argv[1], "address"))
		return address(argv[2], argv[3], number(argv[4]), number(argv[5]),
			       number(argv[6]));
	if (argc == 3 && (!strcmp(argv[1], "up") || !strcmp(argv[1], "down")))
		return set_up(argv[2], !strcmp(argv[1], "up"));
	fputs(usage, stderr);
	return 2;
}
