// SPDX-License-Identifier: GPL-2.0
/* The addresses that a guest may send from, as dom0's toolstack has it (ip=).
 *
 * Where dom0 filters by them (vif-bridge's antispoofing), packets in rings would pass its
 * filter by. So who receives them does the same, and who sends them leaves what is not
 * allowed to netfront, where dom0 decides.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "cokeeper.h"
#include "sources.h"

/**
 * ck_sources_have() - is a packet's source among these?
 * @sources: what a guest may send from
 * @skb: an IP packet with its header in linear memory
 * Return: true if it is.
 */
bool ck_sources_have(const struct ck_sources *sources, const struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct in6_addr addr;
	unsigned int i;

	if (ip->version == 4)
		ipv6_addr_set_v4mapped(ip->saddr, &addr);
	else
		addr = ipv6_hdr(skb)->saddr;
	for (i = 0; i < sources->nr; i++)
		if (ipv6_prefix_equal(&addr, &sources->prefix[i].addr, sources->prefix[i].len))
			return true;
	return false;
}

/**
 * ck_sources_set() - replace what a guest may send from
 * @where: read by packets; what was there before is freed
 * @sources: taken over; NULL: anything
 *
 * The caller sees to it that nobody else does the same at a time. Any context.
 */
void ck_sources_set(struct ck_sources __rcu **where, struct ck_sources *sources)
{
	struct ck_sources *old = rcu_replace_pointer(*where, sources, true);

	if (old)
		kfree_rcu(old, rcu);
}
