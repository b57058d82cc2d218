// SPDX-License-Identifier: GPL-2.0
/* IP addresses, as members announce them. */
#include "addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

/* Return: length of the address in bytes. */
unsigned int ck_addr_len(const struct ck_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

/**
 * ck_addr_map() - write an address of either family as an IPv6 address
 * @addr: the address
 * @ip6: result; an IPv4 address is mapped (RFC 4291, 2.5.5.2)
 *
 * Return: the bits that this put before the address.
 */
unsigned int ck_addr_map(const struct ck_addr *addr, uint8_t ip6[16])
{
	unsigned int before = 16 - ck_addr_len(addr);

	memset(ip6, 0, 16);
	if (before)
		memset(ip6 + before - 2, 0xff, 2);
	memcpy(ip6 + before, addr->b, 16 - before);
	return 8 * before;
}

void ck_addr_set(struct ck_addr *addr, int family, const void *bytes)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = family;
	memcpy(addr->b, bytes, ck_addr_len(addr));
}

static bool usable_v4(const uint8_t *b)
{
	return b[0] != 0 && b[0] != 127 && b[0] < 224 &&
	       !(b[0] == 169 && b[1] == 254);
}

static bool usable_v6(const uint8_t *b)
{
	struct in6_addr in6;

	memcpy(&in6, b, sizeof(in6));
	return !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_LOOPBACK(&in6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&in6) && !IN6_IS_ADDR_MULTICAST(&in6) &&
	       !IN6_IS_ADDR_V4MAPPED(&in6);
}

/**
 * ck_addr_usable() - may this address be announced?
 * @addr: the address
 *
 * Return: true for unicast that is neither link-local nor loopback.
 */
bool ck_addr_usable(const struct ck_addr *addr)
{
	return addr->family == AF_INET ? usable_v4(addr->b) :
					 usable_v6(addr->b);
}

/**
 * ck_addr_parse() - read an address of either family
 * @text: the whole string
 * @addr: result, valid only on success
 *
 * Return: whether @text is an address that may be announced.
 */
bool ck_addr_parse(const char *text, struct ck_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->b) == 1)
		addr->family = AF_INET;
	else if (inet_pton(AF_INET6, text, addr->b) == 1)
		addr->family = AF_INET6;
	else
		return false;
	return ck_addr_usable(addr);
}

const char *ck_addr_format(const struct ck_addr *addr,
			   char buf[CK_ADDR_STRLEN])
{
	return inet_ntop(addr->family, addr->b, buf, CK_ADDR_STRLEN);
}

int ck_addr_cmp(const struct ck_addr *a, const struct ck_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ck_addrs_have(const struct ck_addrs *set, const struct ck_addr *addr)
{
	unsigned int i;

	for (i = 0; i < set->n; i++)
		if (!ck_addr_cmp(&set->a[i], addr))
			return true;
	return false;
}

/* Return: whether both have the same addresses in the same order. */
bool ck_addrs_equal(const struct ck_addrs *a, const struct ck_addrs *b)
{
	unsigned int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (ck_addr_cmp(&a->a[i], &b->a[i]))
			return false;
	return true;
}

/* The bits behind the prefix are zero. */
static void mask(struct ck_source *source)
{
	unsigned int i = source->len / 8;

	if (i < ck_addr_len(&source->addr))
		source->addr.b[i++] &= 0xff00 >> source->len % 8;
	for (; i < sizeof(source->addr.b); i++)
		source->addr.b[i] = 0;
}

/**
 * ck_source_parse() - read an address, or a network with the length of its prefix
 * @text: the whole string: "10.0.0.1", "10.0.0.0/24", "fd00::1"
 * @source: result, valid only on success
 *
 * Return: whether @text is one.
 */
bool ck_source_parse(const char *text, struct ck_source *source)
{
	char addr[CK_ADDR_STRLEN];
	size_t n = strcspn(text, "/"), digits;
	unsigned long len;

	memset(source, 0, sizeof(*source));
	if (n >= sizeof(addr))
		return false;
	memcpy(addr, text, n);
	addr[n] = 0;
	if (inet_pton(AF_INET, addr, source->addr.b) == 1)
		source->addr.family = AF_INET;
	else if (inet_pton(AF_INET6, addr, source->addr.b) == 1)
		source->addr.family = AF_INET6;
	else
		return false;
	len = 8 * ck_addr_len(&source->addr);
	if (text[n]) {
		digits = strspn(text + n + 1, "0123456789");
		if (!digits || digits > 3 || text[n + 1 + digits] ||
		    strtoul(text + n + 1, NULL, 10) > len)
			return false;
		len = strtoul(text + n + 1, NULL, 10);
	}
	source->len = len;
	mask(source);
	return true;
}

/* Return: whether an address is among those that may be sent from. */
bool ck_sources_allow(const struct ck_sources *sources,
		      const struct ck_addr *addr)
{
	struct ck_source part = { .addr = *addr };
	unsigned int i;

	for (i = 0; i < sources->n; i++) {
		part.addr = *addr;
		part.len = sources->s[i].len;
		mask(&part);
		if (!ck_addr_cmp(&part.addr, &sources->s[i].addr))
			return true;
	}
	return !sources->n;
}

/* Return: whether both have the same addresses in the same order. */
bool ck_sources_equal(const struct ck_sources *a, const struct ck_sources *b)
{
	unsigned int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->s[i].len != b->s[i].len ||
		    ck_addr_cmp(&a->s[i].addr, &b->s[i].addr))
			return false;
	return true;
}
