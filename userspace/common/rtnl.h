/* SPDX-License-Identifier: GPL-2.0 */
/* rtnetlink: addresses, host routes, rules, and link settings. */
#ifndef CK_RTNL_H
#define CK_RTNL_H

#include <stdbool.h>

#include "addr.h"
#include "nl.h"

#define CK_RT_TABLE	25451
#define CK_RT_PROTOCOL	107
#define CK_RULE_PREF	32765	/* after the user's rules, before table main */

/**
 * struct ck_route - a host route to a member
 * @dst: the member
 * @src: our address that it knows
 */
struct ck_route {
	struct ck_addr dst;
	struct ck_addr src;
};

struct ck_routes {
	struct ck_route *r;
	unsigned int n;
	unsigned int size;
};

/**
 * struct ck_rule - a rule of policy routing
 * @pref: which one comes first
 * @table: that it looks up
 * @looks_up: it looks a table up
 * @sent: it may hold for what is sent from here
 * @local: it holds for that alone
 */
struct ck_rule {
	uint32_t pref;
	uint32_t table;
	bool looks_up;
	bool sent;
	bool local;
};

void ck_routes_add(struct ck_routes *routes, const struct ck_route *route);
void ck_routes_sort(struct ck_routes *routes);
void ck_routes_free(struct ck_routes *routes);

int rtnl_addresses(struct ck_nl *nl, uint32_t ifindex, struct ck_addrs *addrs);
bool rtnl_onlink(struct ck_nl *nl, uint32_t ifindex, struct ck_route *route);
int rtnl_routes(struct ck_nl *nl, uint32_t ifindex, struct ck_routes *routes);
int rtnl_route_set(struct ck_nl *nl, uint32_t ifindex,
		   const struct ck_route *route);
int rtnl_route_del(struct ck_nl *nl, uint32_t ifindex,
		   const struct ck_addr *dst);
int rtnl_rules(struct ck_nl *nl, int family, mnl_cb_t cb, void *arg);
bool rtnl_rule_parse(const struct nlmsghdr *nlh, struct ck_rule *rule);
bool rtnl_rule_is_ours(const struct ck_rule *rule);
bool rtnl_rule_present(struct ck_nl *nl, int family);
int rtnl_rule_set(struct ck_nl *nl, int family, bool present);
bool rtnl_route_covers(const struct nlmsghdr *nlh, const struct ck_addr *addr);
uint32_t rtnl_vrf(struct ck_nl *nl, uint32_t ifindex);
bool rtnl_rp_filter_strict(struct ck_nl *nl, uint32_t ifindex);

#endif /* CK_RTNL_H */
