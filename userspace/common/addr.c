// SPDX-License-Identifier: GPL-2.0
/* IP addresses, as members announce them. */
#include "addr.h"

#include <string.h>

#include <netinet/in.h>

/* Return: length of the address in bytes. */
unsigned int ck_addr_len(const struct ck_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
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
