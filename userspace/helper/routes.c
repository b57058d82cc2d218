// SPDX-License-Identifier: GPL-2.0
/* Host routes to the peers' addresses, in a table of our own. */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "alloc.h"
#include "attr.h"
#include "helper.h"
#include "log.h"

/* The longest time for which a rule that was deleted is not added again, in seconds. */
#define RULE_PAUSE_MAX	64

static const int families[] = { AF_INET, AF_INET6 };

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void changed(struct helper *h)
{
	if (h->routing)
		h->todo |= WORK_ROUTES;
}

static void link_event(struct helper *h, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = ck_attr_header(nlh, sizeof(*ifi));
	uint32_t ifindex = ifi->ifi_index;
	const struct nlattr *attr;

	/* With a device the kernel silently drops the IPv4 routes by it. */
	changed(h);
	if (h->attached &&
	    (ifindex == h->dev.ifindex || ifindex == h->dev.lower)) {
		h->todo |= WORK_DEVICE;
		return;
	}
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    !strcmp(ck_attr_str(attr), h->device))
			h->todo |= WORK_DEVICE;
}

/* Each route to a peer's address matters: it is one of ours, or says whether there
 * should be one.
 */
static bool concerns_peer(struct helper *h, const struct nlmsghdr *nlh)
{
	struct peer *peer;
	unsigned int i;

	TAILQ_FOREACH(peer, &h->peers, next)
		for (i = 0; peer->member && i < peer->value.addrs.n; i++)
			if (rtnl_route_covers(nlh, &peer->value.addrs.a[i]))
				return true;
	return false;
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
		ifa = ck_attr_header(nlh, sizeof(*ifa));
		if (h->attached && ifa->ifa_index == h->dev.lower)
			h->todo |= WORK_ANNOUNCE;
		/* With an address the kernel silently drops the IPv4 routes
		 * that have it for their source, even if it comes back.
		 */
		changed(h);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (h->routing && concerns_peer(h, nlh))
			h->todo |= WORK_ROUTES;
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		changed(h);
		break;
	case RTM_NEWNETCONF:
		h->todo |= h->attached ? WORK_DEVICE : 0;
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
		h->todo |= WORK_DEVICE | WORK_ANNOUNCE | WORK_ROUTES;
		err = 0;
	}
	return err;
}

/* Our own changes need not wake us. */
static int filter_events(int fd, uint32_t own_port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 0, 1),
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

static int join(struct helper *h, const int *groups, unsigned int n, bool on)
{
	unsigned int i;
	int group;

	for (i = 0; i < n; i++) {
		group = groups[i];
		if (mnl_socket_setsockopt(h->rtnl_events.sk,
					  on ? NETLINK_ADD_MEMBERSHIP :
					       NETLINK_DROP_MEMBERSHIP,
					  &group, sizeof(group)))
			return -errno;
	}
	return 0;
}

/* Whoever keeps no routes is not woken by those of others. */
static void follow_routes(struct helper *h, bool on)
{
	static const int groups[] = {
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,
	};
	int err = join(h, groups, sizeof(groups) / sizeof(groups[0]), on);

	if (err)
		ck_limited(ck_err, "changes of routes: %s", strerror(-err));
}

static int serve_rule_timer(void *arg)
{
	struct helper *h = arg;
	uint64_t expired;

	if (read(h->rule_timer, &expired, sizeof(expired)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	h->todo |= WORK_ROUTES;
	return 0;
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
		RTNLGRP_IPV4_NETCONF,
	};
	int one = 1, err;

	h->rule_timer = timerfd_create(CLOCK_MONOTONIC,
				       TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->rule_timer < 0)
		return -errno;
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
	return filter_events(ck_nl_fd(&h->rtnl_events),
			     mnl_socket_get_portid(h->rtnl.sk)) ?:
	       join(h, groups, sizeof(groups) / sizeof(groups[0]), true) ?:
	       ck_loop_add(&h->loop, h->rule_timer, serve_rule_timer, h) ?:
	       ck_loop_add(&h->loop, ck_nl_fd(&h->rtnl_events), serve_rtnl, h);
}

void routes_close(struct helper *h)
{
	ck_nl_close(&h->rtnl);
	ck_nl_close(&h->rtnl_events);
	close(h->rule_timer);
}

/**
 * routes_hindrance() - would what peers send to the device be taken?
 * @h: the helper, attached
 *
 * Return: NULL if so, or why not.
 */
const char *routes_hindrance(struct helper *h)
{
	if (rtnl_vrf(&h->rtnl, h->dev.lower) !=
	    rtnl_vrf(&h->rtnl, h->dev.ifindex))
		return "steer route, but not in the VRF of the lower device";
	if (rtnl_rp_filter_strict(&h->rtnl, h->dev.lower))
		return "steer route, but the lower device's rp_filter is 1 (strict)";
	return NULL;
}

static void set_rule_timer(struct helper *h, time_t seconds)
{
	const struct itimerspec its = { .it_value.tv_sec = seconds };

	timerfd_settime(h->rule_timer, 0, &its, NULL);
}

/* Have the rules that make our table count. Whoever deletes them again and again has
 * them back ever more slowly.
 */
static int sync_rules(struct helper *h)
{
	bool present[2], again = h->rule_time;
	struct timespec now;
	int i, err, ret = 0;

	for (i = 0; i < 2; i++)
		present[i] = rtnl_rule_present(&h->rtnl, families[i]);
	if (present[0] && present[1])
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < h->rule_time) {
		set_rule_timer(h, h->rule_time - now.tv_sec);
		return 0;
	}
	if (now.tv_sec - h->rule_time > RULE_PAUSE_MAX)
		h->rule_pause = 0;
	h->rule_pause = h->rule_pause ? 2 * h->rule_pause : 1;
	if (h->rule_pause > RULE_PAUSE_MAX)
		h->rule_pause = RULE_PAUSE_MAX;
	h->rule_time = now.tv_sec + h->rule_pause;

	for (i = 0; i < 2; i++) {
		if (present[i])
			continue;
		err = rtnl_rule_set(&h->rtnl, families[i], true);
		ret = ret ?: err;
		if (err)
			ck_limited(ck_err, "%s rule: %s", family_name(families[i]),
				   h->rtnl.error);
		else if (again)
			ck_info("%s: the rule for table %u was deleted, and is back; 'ip link set %s down' turns the device off",
				family_name(families[i]), CK_RT_TABLE,
				h->device);
	}
	return ret;
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
	char text[CK_ADDR_STRLEN];

	ck_addr_format(addr, text);
	if (ck_addrs_have(&h->addrs, addr))
		ck_limited(ck_warn, "a peer claims our own address %s: ignored", text);
	else if (claims(h, addr) > 1)
		ck_limited(ck_warn, "several peers claim the address %s", text);
}

/* Which addresses there are is up to the peers. */
static void report_route(struct helper *h, const struct ck_addr *addr)
{
	char dst[CK_ADDR_STRLEN];

	ck_limited(ck_err, "route to %s: %s", ck_addr_format(addr, dst), h->rtnl.error);
}

/* A device that is down has no routes. */
static int route_set(struct helper *h, const struct ck_route *route)
{
	int err = rtnl_route_set(&h->rtnl, h->dev.ifindex, route);

	if (!err || err == -ENETDOWN)
		return 0;
	report_route(h, &route->dst);
	return err;
}

static int route_del(struct helper *h, const struct ck_addr *addr)
{
	int err = rtnl_route_del(&h->rtnl, h->dev.ifindex, addr);

	if (err)
		report_route(h, addr);
	return err;
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
static int change_routes(struct helper *h, const struct ck_addrs *old,
			 const struct ck_addrs *new)
{
	struct ck_route route;
	unsigned int i;
	int err = 0;

	if (!h->routing)
		return 0;
	for (i = 0; i < old->n; i++)
		if (!ck_addrs_have(new, &old->a[i]) &&
		    !claims(h, &old->a[i]))
			err = route_del(h, &old->a[i]) ?: err;
	for (i = 0; i < new->n; i++) {
		if (ck_addrs_have(old, &new->a[i]))
			continue;
		report_claim(h, &new->a[i]);
		if (wanted(h, &new->a[i], &route))
			err = route_set(h, &route) ?: err;
	}
	return err;
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
		/* Then all of them are looked at, until they are right. */
		if (change_routes(h, &change->old, &change->new))
			h->todo |= WORK_ROUTES;
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

/* A route that is right is left alone. */
static int sync_routes(struct helper *h)
{
	struct ck_routes have = { 0 }, want = { 0 };
	unsigned int i, k = 0, n;
	struct ck_route route;
	struct peer *peer;
	int cmp, err;

	err = rtnl_routes(&h->rtnl, h->dev.ifindex, &have);
	if (err) {
		ck_limited(ck_err, "list routes: %s", h->rtnl.error);
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
			err = route_set(h, &want.r[k++]) ?: err;
		cmp = k < want.n ?
		      ck_addr_cmp(&want.r[k].dst, &have.r[i].dst) : 1;
		if (cmp)
			err = route_del(h, &have.r[i].dst) ?: err;
		else if (ck_addr_cmp(&want.r[k].src, &have.r[i].src))
			err = route_set(h, &want.r[k++]) ?: err;
		else
			k++;
	}
	while (k < want.n)
		err = route_set(h, &want.r[k++]) ?: err;
out:
	ck_routes_free(&have);
	ck_routes_free(&want);
	return err;
}

/**
 * routes_sync() - make the kernel's routes and rules what they should be
 * @h: the helper
 *
 * Return: 0 or a negative errno. What can be done is done nevertheless.
 */
int routes_sync(struct helper *h)
{
	int err;

	if (!h->active || h->dev.steer != COKEEPER_STEER_ROUTE) {
		routes_stop(h);
		return 0;
	}
	h->routing = true;
	forget_changes(h);
	follow_routes(h, true);
	err = sync_rules(h);
	return sync_routes(h) ?: err;
}

/**
 * routes_stop() - take our routes away, and the rules if nobody needs them
 * @h: the helper
 */
void routes_stop(struct helper *h)
{
	struct ck_routes routes = { 0 };
	unsigned int i;
	int f;

	forget_changes(h);
	if (!h->routing)
		return;
	h->routing = false;
	h->rule_time = 0;
	h->rule_pause = 0;
	set_rule_timer(h, 0);
	follow_routes(h, false);
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
