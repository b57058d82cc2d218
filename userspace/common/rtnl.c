// SPDX-License-Identifier: GPL-2.0
/* rtnetlink: addresses, host routes, rules, and link settings. */
#include "rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "alloc.h"
#include "attr.h"
#include "log.h"

#define DUMP_TRIES	8

/* Our rule holds for each user id that there can be. A lookup in the name of this
 * one, which nobody has, passes it over and tells of the way without us.
 */
#define NOBODY		UINT32_MAX

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
	const struct ifaddrmsg *ifa = ck_attr_header(nlh, sizeof(*ifa));
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
			flags = ck_attr_u32(attr);
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
	const struct rtmsg *rtm = ck_attr_header(nlh, sizeof(*rtm));
	struct answer *answer = arg;
	const struct nlattr *attr;
	bool direct = true;
	uint32_t oif = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_family != answer->route->dst.family)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
		case RTA_VIA:
		case RTA_MULTIPATH:
		case RTA_ENCAP:
			direct = false;
			break;
		case RTA_OIF:
			oif = ck_attr_u32(attr);
			break;
		case RTA_PREFSRC:
			get_addr(attr, rtm->rtm_family, &answer->route->src);
			break;
		}
	}
	answer->onlink = rtm->rtm_type == RTN_UNICAST && direct &&
			 oif == answer->ifindex;
	return MNL_CB_OK;
}

/**
 * rtnl_onlink() - would an address be reached through a device and without a gateway,
 *		   if our table were not there?
 * @nl: a socket for requests
 * @ifindex: the device
 * @route: @route->dst is the address; @route->src becomes the address that
 *	   we would reach it from
 *
 * Return: whether it would.
 */
bool rtnl_onlink(struct ck_nl *nl, uint32_t ifindex, struct ck_route *route)
{
	struct answer answer = { .ifindex = ifindex, .route = route };
	const struct rtmsg rtm = {
		.rtm_family = route->dst.family,
		.rtm_dst_len = 8 * ck_addr_len(&route->dst),
	};
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	nlh = put_request(buf, RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	put_addr(nlh, RTA_DST, &route->dst);
	mnl_attr_put_u32(nlh, RTA_UID, NOBODY);
	return !ck_nl_request(nl, nlh, store_answer, &answer) &&
	       answer.onlink && route->src.family;
}

struct route_dump {
	uint32_t ifindex;
	struct ck_routes *routes;
};

static bool parse_route(const struct nlmsghdr *nlh, uint32_t ifindex,
			struct ck_route *route)
{
	const struct rtmsg *rtm = ck_attr_header(nlh, sizeof(*rtm));
	uint32_t oif = 0, table = rtm->rtm_table;
	const struct nlattr *attr;

	memset(route, 0, sizeof(*route));
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_TABLE:
			table = ck_attr_u32(attr);
			break;
		case RTA_OIF:
			oif = ck_attr_u32(attr);
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
		/* So that no route's gateway is looked for behind it. */
		.rtm_scope = RT_SCOPE_UNIVERSE,
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
 * rtnl_route_covers() - is a route one to an address?
 * @nlh: an RTM_NEWROUTE or RTM_DELROUTE message
 * @addr: the address
 *
 * Return: whether it is, or could be if there were no better one.
 */
bool rtnl_route_covers(const struct nlmsghdr *nlh, const struct ck_addr *addr)
{
	const struct rtmsg *rtm = ck_attr_header(nlh, sizeof(*rtm));
	unsigned int bytes = rtm->rtm_dst_len / 8, bits = rtm->rtm_dst_len % 8;
	const struct nlattr *attr;
	struct ck_addr dst = { 0 };

	if (rtm->rtm_family != addr->family ||
	    rtm->rtm_dst_len > 8 * ck_addr_len(addr))
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(attr) == RTA_DST)
			get_addr(attr, rtm->rtm_family, &dst);
	return !memcmp(dst.b, addr->b, bytes) &&
	       (!bits || !((dst.b[bytes] ^ addr->b[bytes]) >> (8 - bits)));
}

/**
 * rtnl_rule_parse() - read a rule
 * @nlh: a message
 * @rule: what it says
 *
 * Return: whether it is a rule.
 */
bool rtnl_rule_parse(const struct nlmsghdr *nlh, struct ck_rule *rule)
{
	const struct fib_rule_hdr *frh = ck_attr_header(nlh, sizeof(*frh));
	const struct nlattr *attr;

	*rule = (struct ck_rule){
		.table = frh->table,
		.looks_up = frh->action == FR_ACT_TO_TBL,
		.sent = true,
	};
	mnl_attr_for_each(attr, nlh, sizeof(*frh)) {
		switch (mnl_attr_get_type(attr)) {
		case FRA_TABLE:
			rule->table = ck_attr_u32(attr);
			break;
		case FRA_PRIORITY:
			rule->pref = ck_attr_u32(attr);
			break;
		case FRA_IIFNAME:
			rule->local = !strcmp(ck_attr_str(attr), "lo");
			rule->sent = rule->local;
			break;
		}
	}
	return nlh->nlmsg_type == RTM_NEWRULE;
}

/* Return: whether it is the rule that looks our table up. */
bool rtnl_rule_is_ours(const struct ck_rule *rule)
{
	return rule->looks_up && rule->table == CK_RT_TABLE && rule->pref == CK_RULE_PREF &&
	       rule->local;
}

/**
 * rtnl_rules() - list the rules
 * @nl: a socket for requests
 * @family: AF_INET or AF_INET6
 * @cb: called for each message of the answer
 * @arg: its argument
 *
 * Return: 0, -EAFNOSUPPORT where the kernel has no such rules, or another negative errno.
 */
int rtnl_rules(struct ck_nl *nl, int family, mnl_cb_t cb, void *arg)
{
	const struct fib_rule_hdr frh = { .family = family };
	char buf[CK_NL_REQUEST_SIZE];

	return ck_nl_request(nl, put_request(buf, RTM_GETRULE, NLM_F_DUMP, &frh, sizeof(frh)), cb,
			     arg);
}

static int find_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_rule rule;

	if (rtnl_rule_parse(nlh, &rule) && rtnl_rule_is_ours(&rule))
		*(bool *)arg = true;
	return MNL_CB_OK;
}

/**
 * rtnl_rule_present() - is the rule there that looks our table up?
 * @nl: a socket for requests
 * @family: AF_INET or AF_INET6
 *
 * Return: whether it is; true also where the kernel has no such rules.
 */
bool rtnl_rule_present(struct ck_nl *nl, int family)
{
	bool present = false;
	int err = rtnl_rules(nl, family, find_rule, &present);

	return present || err == -EAFNOSUPPORT;
}

/**
 * rtnl_rule_set() - add the rule that looks our table up, or take it away
 * @nl: a socket for requests
 * @family: AF_INET or AF_INET6
 * @present: whether it is to be there
 *
 * It holds for what is sent from here, not for what is forwarded.
 *
 * Return: 0, also when there is nothing to do, or a negative errno.
 */
int rtnl_rule_set(struct ck_nl *nl, int family, bool present)
{
	const struct fib_rule_uid_range everybody = { 0, NOBODY - 1 };
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
	mnl_attr_put_strz(nlh, FRA_IIFNAME, "lo");
	mnl_attr_put(nlh, FRA_UID_RANGE, sizeof(everybody), &everybody);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, CK_RT_PROTOCOL);
	err = ck_nl_request(nl, nlh, NULL, NULL);
	return err == -EEXIST || err == -ENOENT || err == -EAFNOSUPPORT ? 0 :
									  err;
}

static bool slave_of_vrf(const struct nlattr *linkinfo)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, linkinfo)
		if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
			return !strcmp(ck_attr_str(attr), "vrf");
	return false;
}

static int store_vrf(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	uint32_t master = 0;
	bool vrf = false;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_MASTER)
			master = ck_attr_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			vrf = slave_of_vrf(attr);
	}
	*(uint32_t *)arg = vrf ? master : 0;
	return MNL_CB_OK;
}

/* Return: the VRF that a device is in, or 0. */
uint32_t rtnl_vrf(struct ck_nl *nl, uint32_t ifindex)
{
	const struct ifinfomsg ifi = { .ifi_index = ifindex };
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	uint32_t vrf = 0;

	nlh = put_request(buf, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	ck_nl_request(nl, nlh, store_vrf, &vrf);
	return vrf;
}

static int store_rp_filter(const struct nlmsghdr *nlh, void *arg)
{
	uint32_t *max = arg, value;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct netconfmsg)) {
		if (mnl_attr_get_type(attr) != NETCONFA_RP_FILTER)
			continue;
		value = ck_attr_u32(attr);
		if (value > *max)
			*max = value;
	}
	return MNL_CB_OK;
}

/* Is IPv4's reverse path filter strict at a device? The larger of its own setting
 * and that of all devices counts; 1 is strict, 2 is loose.
 */
bool rtnl_rp_filter_strict(struct ck_nl *nl, uint32_t ifindex)
{
	const uint32_t of[] = { ifindex, (uint32_t)NETCONFA_IFINDEX_ALL };
	const struct netconfmsg ncm = { .ncm_family = AF_INET };
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	uint32_t max = 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		nlh = put_request(buf, RTM_GETNETCONF, 0, &ncm, sizeof(ncm));
		mnl_attr_put_u32(nlh, NETCONFA_IFINDEX, of[i]);
		ck_nl_request(nl, nlh, store_rp_filter, &max);
	}
	return max == 1;
}
