// SPDX-License-Identifier: GPL-2.0
/* All links of this network namespace, as the doctor looks at them. */
#include "link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "alloc.h"
#include "attr.h"
#include "cli.h"

#define DUMP_TRIES	8

static void parse_xdp(const struct nlattr *nest, struct cli_link *link)
{
	const struct nlattr *attr;
	uint8_t mode;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_XDP_ATTACHED:
			mode = ck_attr_u8(attr);
			link->native_xdp |= mode == XDP_ATTACHED_DRV || mode == XDP_ATTACHED_HW;
			link->generic_xdp |= mode == XDP_ATTACHED_SKB;
			break;
		case IFLA_XDP_DRV_PROG_ID:	/* one of several */
			link->native_xdp = true;
			break;
		}
	}
}

static void parse_info(const struct nlattr *nest, struct cli_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			snprintf(link->kind, sizeof(link->kind), "%s", ck_attr_str(attr));
}

static void parse_link(const struct nlattr *attr, struct cli_link *link, bool *elsewhere)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_MTU:
		link->mtu = ck_attr_u32(attr);
		break;
	case IFLA_MASTER:
		link->master = ck_attr_u32(attr);
		break;
	case IFLA_LINK:
		link->below = ck_attr_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		*elsewhere = true;
		break;
	case IFLA_XDP:
		parse_xdp(attr, link);
		break;
	case IFLA_LINKINFO:
		parse_info(attr, link);
		break;
	}
}

/* What a link is stacked on in another network namespace has a number of that. */
static int store_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = ck_attr_header(nlh, sizeof(*ifi));
	struct cli_links *links = arg;
	const struct nlattr *attr;
	struct cli_link *link;
	bool elsewhere = false;

	if (nlh->nlmsg_type != RTM_NEWLINK || ifi->ifi_index <= 0)
		return MNL_CB_OK;
	links->link = ck_realloc(links->link, (links->n + 1) * sizeof(*link));
	link = &links->link[links->n++];
	*link = (struct cli_link){ .ifindex = ifi->ifi_index, .flags = ifi->ifi_flags };
	cli_ifname(link->ifindex, link->name);
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		parse_link(attr, link, &elsewhere);
	if (elsewhere)
		link->below = 0;
	return MNL_CB_OK;
}

/**
 * cli_links_read() - list all links
 * @nl: a socket of rtnetlink
 * @links: result
 *
 * Return: 0 or a negative errno, explained in @nl->error.
 */
int cli_links_read(struct ck_nl *nl, struct cli_links *links)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	int err = -EINTR, i;

	*links = (struct cli_links){ .link = ck_alloc(sizeof(*links->link)) };
	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		links->n = 0;
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = RTM_GETLINK;
		nlh->nlmsg_flags = NLM_F_DUMP;
		ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
		ifi->ifi_family = AF_UNSPEC;
		mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		err = ck_nl_request(nl, nlh, store_link, links);
	}
	return err;
}

/* Return: a link, or NULL. */
const struct cli_link *cli_link_find(const struct cli_links *links, uint32_t ifindex)
{
	unsigned int i;

	for (i = 0; i < links->n; i++)
		if (links->link[i].ifindex == ifindex)
			return &links->link[i];
	return NULL;
}
