// SPDX-License-Identifier: GPL-2.0
/* Sends the kernel netlink messages about cokeeper devices: good ones, changed at random in one
 * place or many, and random ones.
 *
 * usage: fuzz SEED SECONDS DEVICE LOWER
 *
 * Prints how many were sent, and how many of them the kernel took. DEVICE is a cokeeper device,
 * LOWER one that others may be stacked on.
 */

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "../../netlink/cokeeper.h"
#include "../../netlink/if_link.h"

#define SIZE		4096
#define CHANGES_MAX	8

static uint64_t state;
static uint16_t family;
static uint32_t device, lower;
static unsigned long sent, taken;

/* xorshift64*, so that a seed gives the same messages everywhere. */
static uint32_t rnd(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 32) % below;
}

static uint32_t value(void)
{
	static const uint32_t edges[] = { 0, 1, 2, 7, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff };

	return rnd(2) ? edges[rnd(8)] : rnd(0xffffffff);
}

static int on_family(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family = mnl_attr_get_u16(attr);
	(void)data;
	return MNL_CB_OK;
}

static void put_peer(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);
	uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0, 0, rnd(4) };

	mnl_attr_put(nlh, COKEEPER_A_PEER_MAC, sizeof(mac), mac);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_DOMID, rnd(4) ? rnd(0x7ff0) : value());
	mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE, 1 + rnd(3));
	mnl_attr_nest_end(nlh, nest);
}

static void put_offer(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, COKEEPER_A_OFFER);

	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_ID, rnd(4));
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_GREF, value());
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_PORT, value());
	mnl_attr_nest_end(nlh, nest);
}

/* A request of the family that is in order. */
static void genl_message(struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl;
	unsigned int n;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = 1 + rnd(COKEEPER_CMD_MAX + 1);
	genl->version = COKEEPER_FAMILY_VERSION;
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, rnd(16) ? device : value());
	if (rnd(4) == 0)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, rnd(COKEEPER_CAUSE_DEVICE + 2));
	for (n = rnd(4); n; n--)
		put_peer(nlh);
	if (rnd(2))
		put_offer(nlh);
	if (genl->cmd <= COKEEPER_CMD_PEER_NTF && rnd(2))
		nlh->nlmsg_flags |= NLM_F_DUMP;
}

/* A request about links that is in order; only of cokeeper devices, and of LOWER. */
static void link_message(struct nlmsghdr *nlh)
{
	static const uint16_t types[] = {
		RTM_NEWLINK, RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK,
	};
	struct nlattr *info, *data;
	struct ifinfomsg *ifi;
	unsigned int n;

	nlh->nlmsg_type = types[rnd(5)];
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (rnd(2) ? NLM_F_CREATE : 0) |
			   (rnd(4) ? 0 : NLM_F_EXCL);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = nlh->nlmsg_type != RTM_DELLINK && rnd(2) ? device : 0;
	if (rnd(8) == 0) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = rnd(2) ? IFF_UP : 0;
	}
	mnl_attr_put_strz(nlh, IFLA_IFNAME, rnd(2) ? "fuzz0" : "fuzz1");
	mnl_attr_put_u32(nlh, IFLA_LINK, rnd(8) ? lower : value());
	if (rnd(8) == 0)
		mnl_attr_put_u32(nlh, IFLA_MTU, value());
	if (rnd(8) == 0)
		mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, rnd(20));
	if (rnd(8) == 0)
		mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, rnd(20));
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "cokeeper");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	for (n = rnd(5); n; n--)
		mnl_attr_put_u32(nlh, 1 + rnd(IFLA_COKEEPER_MAX + 1),
				 rnd(2) ? rnd(60) : rnd(2) ? 0x20000u << rnd(5) : value());
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* Change bytes behind the message's headers; lengths of attributes are among them. */
static void change(struct nlmsghdr *nlh, unsigned int head)
{
	uint8_t *at = (uint8_t *)nlh;
	unsigned int n, i;

	if (nlh->nlmsg_len <= head)
		return;
	for (n = 1 + rnd(CHANGES_MAX); n; n--) {
		i = head + rnd(nlh->nlmsg_len - head);
		switch (rnd(4)) {
		case 0:
			at[i] ^= 1 << rnd(8);
			break;
		case 1:
			at[i] = value();
			break;
		case 2:
			/* Cut short. */
			nlh->nlmsg_len = i;
			if (i <= head)
				return;
			break;
		case 3:
			/* More of the same. */
			if (nlh->nlmsg_len + i < SIZE) {
				memcpy(at + nlh->nlmsg_len, at + head, i - head);
				nlh->nlmsg_len += i - head;
			}
			break;
		}
	}
}

static void drain(struct mnl_socket *nl)
{
	static char in[1 << 16];
	const struct nlmsghdr *nlh;
	const struct nlmsgerr *err;
	int len;

	while ((len = recv(mnl_socket_get_fd(nl), in, sizeof(in), MSG_DONTWAIT)) > 0 ||
	       (len < 0 && errno == ENOBUFS))
		for (nlh = (void *)in; len > 0 && mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			err = mnl_nlmsg_get_payload(nlh);
			taken += nlh->nlmsg_type == NLMSG_ERROR && !err->error;
		}
}

static struct mnl_socket *open_socket(int bus)
{
	struct mnl_socket *nl = mnl_socket_open(bus);
	int one = 1;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		perror("socket");
		exit(1);
	}
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	return nl;
}

static void find_family(struct mnl_socket *nl)
{
	char buf[SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	int len;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	genl->cmd = CTRL_CMD_GETFAMILY;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, COKEEPER_FAMILY_NAME);
	mnl_socket_sendto(nl, nlh, nlh->nlmsg_len);
	len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (len > 0)
		mnl_attr_parse((void *)buf, sizeof(*genl), on_family, NULL);
	if (!family) {
		fprintf(stderr, "fuzz: there is no family %s\n", COKEEPER_FAMILY_NAME);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static char buf[2 * SIZE] __attribute__((aligned(8)));
	struct mnl_socket *genl, *rtnl;
	time_t end;

	if (argc != 5)
		return 2;
	state = strtoull(argv[1], NULL, 10) * 2 + 1;
	end = time(NULL) + strtoul(argv[2], NULL, 10);
	device = if_nametoindex(argv[3]);
	lower = if_nametoindex(argv[4]);
	genl = open_socket(NETLINK_GENERIC);
	rtnl = open_socket(NETLINK_ROUTE);
	find_family(genl);

	while (time(NULL) < end) {
		bool link = rnd(4) == 0;
		struct mnl_socket *nl = link ? rtnl : genl;
		struct nlmsghdr *nlh;

		memset(buf, 0, sizeof(buf));
		nlh = mnl_nlmsg_put_header(buf);
		if (link)
			link_message(nlh);
		else
			genl_message(nlh);
		/* What begins as a request about a cokeeper device stays one. */
		if (rnd(4))
			change(nlh, link ? NLMSG_HDRLEN + sizeof(struct ifinfomsg) :
					   NLMSG_HDRLEN + (rnd(8) ? GENL_HDRLEN : 0));
		mnl_socket_sendto(nl, nlh, nlh->nlmsg_len);
		sent++;
		drain(nl);
	}
	printf("%lu sent, %lu taken\n", sent, taken);
	return 0;
}
