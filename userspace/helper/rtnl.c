// SPDX-License-Identifier: GPL-2.0
/* rtnetlink: addresses, host routes and the rule that looks them up. */
#include "rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "alloc.h"
#include "log.h"

#define DUMP_TRIES	8

void ck_routes_add(struct ck_routes *routes, const struct ck_route *route)
{
	if (routes->n == routes->size) {
		routes->size = routes->size ? 2 * routes->size : 64;
		routes->r = ck_realloc(routes->r, routes->size * sizeof(*routes->r));
	}
	routes->r[routes->n++] = *route;
}

static int compare(const void *a, const void *b)
{
	const struct ck_route *ra = a, *rb = b;

	return ck_addr_cmp(&ra->dst, &rb->dst);
}

/* Order by destination, and keep one of each. */
void ck_routes_sort(struct ck_routes *routes)
{
	unsigned int i, n = 0;

	if (routes->n)
		qsort(routes->r, routes->n, sizeof(*routes->r), compare);
	for (i = 0; i < routes->n; i++)
		if (!n || compare(&routes->r[n - 1], &routes->r[i]))
			routes->r[n++] = routes->r[i];
	routes->n = n;
}

void ck_routes_free(struct ck_routes *routes)
{
	free(routes->r);
	memset(routes, 0, sizeof(*routes));
}

static bool get_addr(const struct nlattr *attr, int family,
		     struct ck_addr *addr)
{
	if (mnl_attr_get_payload_len(attr) != (family == AF_INET ? 4 : 16))
		return false;
	ck_addr_set(addr, family, mnl_attr_get_payload(attr));
	return true;
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type,
		     const struct ck_addr *addr)
{
	mnl_attr_put(nlh, type, ck_addr_len(addr), addr->b);
}

struct address_dump {
	uint32_t ifindex;
	struct ck_addrs *addrs;
	unsigned int skipped;
};

static int store_address(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct address_dump *dump = arg;
	uint32_t flags = ifa->ifa_flags;
	const struct nlattr *attr;
	struct ck_addr addr = { 0 };
	bool local = false;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_index != dump->ifindex ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			local = get_addr(attr, ifa->ifa_family, &addr);
			break;
		case IFA_ADDRESS:
			if (!local)
				get_addr(attr, ifa->ifa_family, &addr);
			break;
		case IFA_FLAGS:
			flags = mnl_attr_get_u32(attr);
			break;
		}
	}
	if (ifa->ifa_scope != RT_SCOPE_UNIVERSE || !addr.family ||
	    !ck_addr_usable(&addr) || ck_addrs_have(dump->addrs, &addr) ||
	    (flags & IFA_F_DADFAILED) ||
	    ((flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC)))
		return MNL_CB_OK;
	if (dump->addrs->n == CK_ADDRS_MAX)
		dump->skipped++;
	else
		dump->addrs->a[dump->addrs->n++] = addr;
	return MNL_CB_OK;
}

static struct nlmsghdr *put_request(void *buf, uint16_t type, uint16_t flags,
				    const void *header, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	return nlh;
}

static int compare_addr(const void *a, const void *b)
{
	return ck_addr_cmp(a, b);
}

/**
 * rtnl_addresses() - the addresses of a device that may be announced
 * @nl: a socket for requests
 * @ifindex: the device
 * @addrs: at most CK_ADDRS_MAX of them, sorted
 *
 * Return: 0 or a negative errno.
 */
int rtnl_addresses(struct ck_nl *nl, uint32_t ifindex, struct ck_addrs *addrs)
{
	struct address_dump dump = { .ifindex = ifindex, .addrs = addrs };
	const struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		memset(addrs, 0, sizeof(*addrs));
		dump.skipped = 0;
		nlh = put_request(buf, RTM_GETADDR, NLM_F_DUMP, &ifa,
				  sizeof(ifa));
		err = ck_nl_request(nl, nlh, store_address, &dump);
	}
	if (dump.skipped)
		ck_warn("%u addresses beyond the first %u are not announced",
			dump.skipped, CK_ADDRS_MAX);
	qsort(addrs->a, addrs->n, sizeof(addrs->a[0]), compare_addr);
	return err;
}

struct answer {
	uint32_t ifindex;
	struct ck_route *route;
	bool onlink;
};

static int store_answer(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = arg;
	const struct nlattr *attr;
	bool gateway = false;
	uint32_t oif = 0;

	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
		case RTA_VIA:
		case RTA_MULTIPATH:
			gateway = true;
			break;
		case RTA_OIF:
			oif = mnl_attr_get_u32(attr);
			break;
		case RTA_PREFSRC:
			get_addr(attr, rtm->rtm_family, &answer->route->src);
			break;
		}
	}
	answer->onlink = rtm->rtm_type == RTN_UNICAST && !gateway &&
			 oif == answer->ifindex;
	return MNL_CB_OK;
}

static bool route_get(struct ck_nl *nl, uint32_t ifindex, uint32_t flags,
		      struct ck_route *route)
{
	struct answer answer = { .ifindex = ifindex, .route = route };
	char buf[CK_NL_REQUEST_SIZE];
	const struct rtmsg rtm = {
		.rtm_family = route->dst.family,
		.rtm_dst_len = 8 * ck_addr_len(&route->dst),
		.rtm_flags = flags,
	};
	struct nlmsghdr *nlh;

	nlh = put_request(buf, RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	put_addr(nlh, RTA_DST, &route->dst);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	return !ck_nl_request(nl, nlh, store_answer, &answer) && answer.onlink;
}

/**
 * rtnl_onlink() - is an address reached through a device without a gateway?
 * @nl: a socket for requests
 * @ifindex: the device
 * @route: @route->dst is the address; @route->src becomes the address that
 *	   we would reach it from
 *
 * Return: whether it is.
 */
bool rtnl_onlink(struct ck_nl *nl, uint32_t ifindex, struct ck_route *route)
{
	if (!route_get(nl, ifindex, 0, route) || !route->src.family)
		return false;

	/* Without any route IPv4 takes everything for on-link; only the second
	 * form of the question says so.
	 */
	return route->dst.family != AF_INET ||
	       route_get(nl, ifindex, RTM_F_FIB_MATCH, route);
}

struct route_dump {
	uint32_t ifindex;
	struct ck_routes *routes;
};

static bool parse_route(const struct nlmsghdr *nlh, uint32_t ifindex,
			struct ck_route *route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	uint32_t oif = 0, table = rtm->rtm_table;
	const struct nlattr *attr;

	memset(route, 0, sizeof(*route));
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_TABLE:
			table = mnl_attr_get_u32(attr);
			break;
		case RTA_OIF:
			oif = mnl_attr_get_u32(attr);
			break;
		case RTA_DST:
			get_addr(attr, rtm->rtm_family, &route->dst);
			break;
		case RTA_PREFSRC:
			get_addr(attr, rtm->rtm_family, &route->src);
			break;
		}
	}
	return table == CK_RT_TABLE && rtm->rtm_protocol == CK_RT_PROTOCOL &&
	       route->dst.family && (!ifindex || oif == ifindex) &&
	       rtm->rtm_dst_len == 8 * ck_addr_len(&route->dst);
}

static int store_route(const struct nlmsghdr *nlh, void *arg)
{
	struct route_dump *dump = arg;
	struct ck_route route;

	if (nlh->nlmsg_type == RTM_NEWROUTE &&
	    parse_route(nlh, dump->ifindex, &route))
		ck_routes_add(dump->routes, &route);
	return MNL_CB_OK;
}

static int dump_routes(struct ck_nl *nl, int family, struct route_dump *dump)
{
	const struct rtmsg rtm = { .rtm_family = family };
	unsigned int n = dump->routes->n;
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		dump->routes->n = n;
		nlh = put_request(buf, RTM_GETROUTE, NLM_F_DUMP, &rtm,
				  sizeof(rtm));
		mnl_attr_put_u32(nlh, RTA_TABLE, CK_RT_TABLE);
		err = ck_nl_request(nl, nlh, store_route, dump);
	}
	/* The table comes to be with its first route. */
	return err == -ENOENT || err == -EAFNOSUPPORT ? 0 : err;
}

/**
 * rtnl_routes() - our host routes, as the kernel has them
 * @nl: a socket for requests, with NETLINK_GET_STRICT_CHK
 * @ifindex: the device that they go through, 0 for any
 * @routes: gets them added
 *
 * Return: 0 or a negative errno.
 */
int rtnl_routes(struct ck_nl *nl, uint32_t ifindex, struct ck_routes *routes)
{
	struct route_dump dump = { .ifindex = ifindex, .routes = routes };
	int err;

	err = dump_routes(nl, AF_INET, &dump);
	if (!err)
		err = dump_routes(nl, AF_INET6, &dump);
	return err;
}

static struct nlmsghdr *put_route(void *buf, uint16_t type, uint16_t flags,
				  uint32_t ifindex, const struct ck_addr *dst)
{
	const struct rtmsg rtm = {
		.rtm_family = dst->family,
		.rtm_dst_len = 8 * ck_addr_len(dst),
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = CK_RT_PROTOCOL,
		.rtm_scope = dst->family == AF_INET ? RT_SCOPE_LINK :
						      RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nlmsghdr *nlh = put_request(buf, type, flags, &rtm, sizeof(rtm));

	put_addr(nlh, RTA_DST, dst);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	mnl_attr_put_u32(nlh, RTA_TABLE, CK_RT_TABLE);
	return nlh;
}

/* Add a host route, or change its source. Return: 0 or a negative errno. */
int rtnl_route_set(struct ck_nl *nl, uint32_t ifindex,
		   const struct ck_route *route)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	nlh = put_route(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
			ifindex, &route->dst);
	put_addr(nlh, RTA_PREFSRC, &route->src);
	return ck_nl_request(nl, nlh, NULL, NULL);
}

/* Return: 0, also when there is no such route, or a negative errno. */
int rtnl_route_del(struct ck_nl *nl, uint32_t ifindex,
		   const struct ck_addr *dst)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	nlh = put_route(buf, RTM_DELROUTE, 0, ifindex, dst);
	err = ck_nl_request(nl, nlh, NULL, NULL);
	return err == -ESRCH || err == -ENODEV ? 0 : err;
}

/**
 * rtnl_rule_ours() - is this the rule that looks our table up?
 * @nlh: an RTM_NEWRULE or RTM_DELRULE message
 * @family: its address family
 *
 * Return: whether it is.
 */
bool rtnl_rule_ours(const struct nlmsghdr *nlh, int *family)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	uint32_t table = frh->table;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(*frh))
		if (mnl_attr_get_type(attr) == FRA_TABLE)
			table = mnl_attr_get_u32(attr);
	*family = frh->family;
	return frh->action == FR_ACT_TO_TBL && table == CK_RT_TABLE;
}

/**
 * rtnl_route_relevant() - does a change of a route matter to us?
 * @nlh: an RTM_NEWROUTE or RTM_DELROUTE message
 * @ifindex: our device
 * @lower: the device below it
 *
 * Return: true for our own routes, and for those that say which addresses are
 * on-link at the lower device.
 */
bool rtnl_route_relevant(const struct nlmsghdr *nlh, uint32_t ifindex,
			 uint32_t lower)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct ck_route route;
	uint32_t oif = 0;

	if (parse_route(nlh, ifindex, &route))
		return true;
	if (rtm->rtm_type != RTN_UNICAST || (rtm->rtm_flags & RTM_F_CLONED))
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
		case RTA_VIA:
			return false;
		case RTA_OIF:
			oif = mnl_attr_get_u32(attr);
			break;
		}
	}
	return oif == lower;
}

static int find_rule(const struct nlmsghdr *nlh, void *arg)
{
	int family;

	if (nlh->nlmsg_type == RTM_NEWRULE && rtnl_rule_ours(nlh, &family))
		*(bool *)arg = true;
	return MNL_CB_OK;
}

bool rtnl_rule_present(struct ck_nl *nl, int family)
{
	const struct fib_rule_hdr frh = { .family = family };
	char buf[CK_NL_REQUEST_SIZE];
	bool present = false;
	struct nlmsghdr *nlh;

	nlh = put_request(buf, RTM_GETRULE, NLM_F_DUMP, &frh, sizeof(frh));
	ck_nl_request(nl, nlh, find_rule, &present);
	return present;
}

/**
 * rtnl_rule_set() - add the rule that looks our table up, or take it away
 * @nl: a socket for requests
 * @family: AF_INET or AF_INET6
 * @present: whether it is to be there
 *
 * Return: 0, also when there is nothing to do, or a negative errno.
 */
int rtnl_rule_set(struct ck_nl *nl, int family, bool present)
{
	const struct fib_rule_hdr frh = {
		.family = family,
		.table = RT_TABLE_UNSPEC,
		.action = FR_ACT_TO_TBL,
	};
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	nlh = put_request(buf, present ? RTM_NEWRULE : RTM_DELRULE,
			  present ? NLM_F_CREATE | NLM_F_EXCL : 0, &frh,
			  sizeof(frh));
	mnl_attr_put_u32(nlh, FRA_TABLE, CK_RT_TABLE);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, CK_RULE_PREF);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, CK_RT_PROTOCOL);
	err = ck_nl_request(nl, nlh, NULL, NULL);
	return err == -EEXIST || err == -ENOENT || err == -EAFNOSUPPORT ? 0 :
									  err;
}
