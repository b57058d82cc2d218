/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses that a guest may send from, as dom0's toolstack has it (ip=). */
#ifndef CK_SOURCES_H
#define CK_SOURCES_H

#include <linux/in6.h>
#include <linux/rcupdate.h>

struct sk_buff;

/**
 * struct ck_prefix - an address, or all that begin alike
 * @addr: an IPv6 address; an IPv4 address is mapped (RFC 4291, 2.5.5.2)
 * @len: bits that count
 */
struct ck_prefix {
	struct in6_addr addr;
	u8 len;
};

/**
 * struct ck_sources - all that a guest may send from; without one it may from any
 * @rcu: readers of packets may hold it a grace period longer
 * @nr: at least one
 * @prefix: what they are
 */
struct ck_sources {
	struct rcu_head rcu;
	unsigned int nr;
	struct ck_prefix prefix[];
};

bool ck_sources_have(const struct ck_sources *sources, const struct sk_buff *skb);
void ck_sources_set(struct ck_sources __rcu **where, struct ck_sources *sources);

/* May a guest send this packet? Without sources, it may send any; else see ck_sources_have(). */
static inline bool ck_sources_allow(const struct ck_sources *sources, const struct sk_buff *skb)
{
	return likely(!sources) || ck_sources_have(sources, skb);
}

#endif /* CK_SOURCES_H */
