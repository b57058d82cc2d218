// SPDX-License-Identifier: GPL-2.0
/* Host routes to the peers' addresses, in a table of our own. */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "alloc.h"
#include "helper.h"
#include "log.h"

static const int families[] = { AF_INET, AF_INET6 };

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void link_event(struct helper *h, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (h->attached && (uint32_t)ifi->ifi_index == h->dev.ifindex) {
		h->links_changed = true;
		return;
	}
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    !strcmp(mnl_attr_get_str(attr), h->device))
			h->links_changed = true;
}

static void rule_event(struct helper *h, const struct nlmsghdr *nlh)
{
	bool deleted = nlh->nlmsg_type == RTM_DELRULE;
	int family, i;

	if (!rtnl_rule_ours(nlh, &family))
		return;
	i = family == AF_INET6;
	if (h->rule_off[i] == deleted)
		return;
	h->rule_off[i] = deleted;
	if (deleted)
		ck_info("%s: the rule for table %u was deleted; traffic takes the lower device until it is added again",
			family_name(family), CK_RT_TABLE);
	else
		ck_info("%s: the rule for table %u is back",
			family_name(family), CK_RT_TABLE);
}

static int rtnl_event(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa;
	struct helper *h = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_event(h, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		ifa = mnl_nlmsg_get_payload(nlh);
		if (!h->attached || ifa->ifa_index != h->dev.lower)
			break;
		h->addrs_changed = true;
		/* With an address the kernel silently drops the IPv4 routes
		 * that have it for their source, even if it comes back.
		 */
		if (nlh->nlmsg_type == RTM_DELADDR)
			h->routes_changed = true;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (h->attached && rtnl_route_relevant(nlh, h->dev.ifindex,
						       h->dev.lower))
			h->routes_changed = true;
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		rule_event(h, nlh);
		break;
	}
	return MNL_CB_OK;
}

static int serve_rtnl(void *arg)
{
	struct helper *h = arg;
	int err;

	err = ck_nl_drain(&h->rtnl_events);
	if (err == -ENOBUFS) {
		/* Something was missed: look at everything. */
		h->links_changed = true;
		h->addrs_changed = true;
		h->routes_changed = true;
		err = 0;
	}
	return err;
}

/* Our own changes need not wake us. Nor do routes with a gateway, of which a
 * router may change thousands: they do not say what is on-link.
 */
static int filter_events(int fd, uint32_t own_port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 7, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 5),
		BPF_STMT(BPF_LDX | BPF_IMM, RTA_GATEWAY),
		BPF_STMT(BPF_LD | BPF_IMM,
			 NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtmsg))),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 SKF_AD_OFF + SKF_AD_NLATTR),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

/**
 * routes_open() - open the rtnetlink sockets
 * @h: the helper
 *
 * Return: 0 or a negative errno.
 */
int routes_open(struct helper *h)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,
	};
	int one = 1, group, err;
	unsigned int i;

	err = ck_nl_open(&h->rtnl, NETLINK_ROUTE);
	if (err)
		return err;
	mnl_socket_setsockopt(h->rtnl.sk, NETLINK_GET_STRICT_CHK, &one,
			      sizeof(one));
	err = ck_nl_open(&h->rtnl_events, NETLINK_ROUTE);
	if (err)
		return err;
	h->rtnl_events.ntf = rtnl_event;
	h->rtnl_events.ntf_arg = h;
	err = filter_events(ck_nl_fd(&h->rtnl_events),
			    mnl_socket_get_portid(h->rtnl.sk));
	if (err)
		return err;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		group = groups[i];
		if (mnl_socket_setsockopt(h->rtnl_events.sk,
					  NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)))
			return -errno;
	}
	return ck_loop_add(&h->loop, ck_nl_fd(&h->rtnl_events), serve_rtnl, h);
}

void routes_close(struct helper *h)
{
	ck_nl_close(&h->rtnl);
	ck_nl_close(&h->rtnl_events);
}

/* Have the rule that makes our table count. */
void routes_attach(struct helper *h)
{
	int i;

	for (i = 0; i < 2; i++) {
		h->rule_off[i] = false;
		if (rtnl_rule_present(&h->rtnl, families[i]))
			continue;
		if (rtnl_rule_set(&h->rtnl, families[i], true))
			ck_err("%s rule: %s", family_name(families[i]),
			       h->rtnl.error);
	}
}

/* Return: how many peers claim an address. */
static unsigned int claims(struct helper *h, const struct ck_addr *addr)
{
	unsigned int n = 0;
	struct peer *peer;

	TAILQ_FOREACH(peer, &h->peers, next)
		n += peer->member && ck_addrs_have(&peer->value.addrs, addr);
	return n;
}

/* Tell of a claim that cannot be right; any peer can make us do that. */
static void report_claim(struct helper *h, const struct ck_addr *addr)
{
	static struct ck_ratelimit limit;
	char text[CK_ADDR_STRLEN];
	unsigned int suppressed;

	ck_addr_format(addr, text);
	if (ck_addrs_have(&h->addrs, addr)) {
		if (ck_ratelimit(&limit, &suppressed))
			ck_warn("a peer claims our own address %s: ignored",
				text);
	} else if (claims(h, addr) > 1) {
		if (ck_ratelimit(&limit, &suppressed))
			ck_warn("several peers claim the address %s", text);
	}
}

static void route_set(struct helper *h, const struct ck_route *route)
{
	char dst[CK_ADDR_STRLEN];
	int err;

	err = rtnl_route_set(&h->rtnl, h->dev.ifindex, route);
	if (err && err != -ENETDOWN)
		ck_err("route to %s: %s", ck_addr_format(&route->dst, dst),
		       h->rtnl.error);
}

static void route_del(struct helper *h, const struct ck_addr *addr)
{
	char dst[CK_ADDR_STRLEN];

	if (rtnl_route_del(&h->rtnl, h->dev.ifindex, addr))
		ck_err("route to %s: %s", ck_addr_format(addr, dst),
		       h->rtnl.error);
}

static bool wanted(struct helper *h, const struct ck_addr *addr,
		   struct ck_route *route)
{
	memset(route, 0, sizeof(*route));
	route->dst = *addr;
	return !ck_addrs_have(&h->addrs, addr) &&
	       rtnl_onlink(&h->rtnl, h->dev.lower, route);
}

/* Several peers may claim one address. All of them mean the same route, and the
 * driver finds the true owner, so it stays as long as one of them does.
 */
static void change_routes(struct helper *h, const struct ck_addrs *old,
			  const struct ck_addrs *new)
{
	struct ck_route route;
	unsigned int i;

	if (!h->up)
		return;
	for (i = 0; i < old->n; i++)
		if (!ck_addrs_have(new, &old->a[i]) &&
		    !claims(h, &old->a[i]))
			route_del(h, &old->a[i]);
	for (i = 0; i < new->n; i++) {
		if (ck_addrs_have(old, &new->a[i]))
			continue;
		report_claim(h, &new->a[i]);
		if (wanted(h, &new->a[i], &route))
			route_set(h, &route);
	}
}

static void forget_changes(struct helper *h)
{
	struct route_change *change;

	while ((change = STAILQ_FIRST(&h->route_changes))) {
		STAILQ_REMOVE_HEAD(&h->route_changes, next);
		free(change);
	}
}

static int make_changes(void *arg)
{
	struct route_change *change;
	struct helper *h = arg;

	while ((change = STAILQ_FIRST(&h->route_changes))) {
		STAILQ_REMOVE_HEAD(&h->route_changes, next);
		change_routes(h, &change->old, &change->new);
		free(change);
	}
	return 0;
}

/**
 * routes_peer_changed() - a peer's addresses changed
 * @h: the helper
 * @old: what they were
 * @new: what they are
 *
 * Its routes follow when it is quiet: they cost more than all else that an event
 * brings, and until then packets take the lower device.
 */
void routes_peer_changed(struct helper *h, const struct ck_addrs *old,
			 const struct ck_addrs *new)
{
	struct route_change *change;

	if (ck_addrs_equal(old, new))
		return;
	change = ck_alloc(sizeof(*change));
	change->old = *old;
	change->new = *new;
	STAILQ_INSERT_TAIL(&h->route_changes, change, next);
	ck_loop_when_quiet(&h->loop, make_changes, h);
}

/**
 * routes_sync() - make the kernel's routes what they should be
 * @h: the helper
 *
 * A route that is right is left alone.
 */
void routes_sync(struct helper *h)
{
	struct ck_routes have = { 0 }, want = { 0 };
	unsigned int i, k = 0, n;
	struct ck_route route;
	struct peer *peer;
	int cmp;

	h->routes_changed = false;
	forget_changes(h);
	if (!h->up)
		return;
	if (rtnl_routes(&h->rtnl, h->dev.ifindex, &have)) {
		ck_err("list routes: %s", h->rtnl.error);
		goto out;
	}
	TAILQ_FOREACH(peer, &h->peers, next) {
		n = peer->member ? peer->value.addrs.n : 0;
		for (i = 0; i < n; i++)
			if (wanted(h, &peer->value.addrs.a[i], &route))
				ck_routes_add(&want, &route);
	}
	ck_routes_sort(&have);
	ck_routes_sort(&want);
	for (i = 0; i < have.n; i++) {
		while (k < want.n &&
		       ck_addr_cmp(&want.r[k].dst, &have.r[i].dst) < 0)
			route_set(h, &want.r[k++]);
		cmp = k < want.n ?
		      ck_addr_cmp(&want.r[k].dst, &have.r[i].dst) : 1;
		if (cmp)
			route_del(h, &have.r[i].dst);
		else if (ck_addr_cmp(&want.r[k].src, &have.r[i].src))
			route_set(h, &want.r[k++]);
		else
			k++;
	}
	while (k < want.n)
		route_set(h, &want.r[k++]);
out:
	ck_routes_free(&have);
	ck_routes_free(&want);
}

/**
 * routes_flush() - take our routes away, and the rule if nobody needs it
 * @h: the helper
 */
void routes_flush(struct helper *h)
{
	struct ck_routes routes = { 0 };
	unsigned int i;
	int f;

	forget_changes(h);
	rtnl_routes(&h->rtnl, h->dev.ifindex, &routes);
	for (i = 0; i < routes.n; i++)
		route_del(h, &routes.r[i].dst);
	routes.n = 0;

	/* The rule serves the other devices' helpers too. */
	if (!rtnl_routes(&h->rtnl, 0, &routes) && !routes.n)
		for (f = 0; f < 2; f++)
			rtnl_rule_set(&h->rtnl, families[f], false);
	ck_routes_free(&routes);
}
