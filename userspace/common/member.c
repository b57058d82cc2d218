// SPDX-License-Identifier: GPL-2.0
/* The nodes that tell of a member, by their names alone.
 *
 * A watch event carries a path and nothing else: so the path says it all, and
 * whoever is told of a peer need not ask.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cokeeper.h"
#include "names.h"
#include "value.h"

static bool hex(const char *text, size_t digits)
{
	return strlen(text) == digits &&
	       strspn(text, "0123456789abcdef") == digits;
}

static bool parse_addr(const char *text, struct ck_addrs *addrs)
{
	struct ck_addr *addr = &addrs->a[addrs->n];
	size_t i, len = strlen(text) / 2;
	unsigned int byte;

	if (addrs->n == CK_ADDRS_MAX || (len != 4 && len != 16) ||
	    !hex(text, 2 * len))
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->family = len == 4 ? AF_INET : AF_INET6;
	for (i = 0; i < len; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		addr->b[i] = byte;
	}
	if (!ck_addr_usable(addr) || ck_addrs_have(addrs, addr))
		return false;
	addrs->n++;
	return true;
}

/**
 * ck_member_parse() - read the name of a member's node
 * @name: the name
 * @m: result, valid only on success
 *
 * Return: whether it is well-formed.
 */
bool ck_member_parse(const char *name, struct ck_member *m)
{
	char text[CK_MEMBER_SIZE], *rest = text, *field[5];
	unsigned int i, n;

	memset(m, 0, sizeof(*m));
	if (strlen(name) >= sizeof(text))
		return false;
	strcpy(text, name);
	for (n = 0; n < 5 && rest; n++)
		field[n] = strsep(&rest, "-");
	if (n < 4 || !ck_mac_parse_node(field[0], &m->mac) ||
	    !hex(field[1], 16))
		return false;
	m->seq = strtoull(field[1], NULL, 16);
	m->left = !strcmp(field[2], "left");
	m->cause = ck_cause_parse(field[m->left ? 3 : n - 1]);
	if (m->left)
		return n == 4;
	if (n != 5 || !ck_u32_parse(field[2], 0, CK_DOMID_MAX, &m->domid) ||
	    !hex(field[3], 16))
		return false;
	m->instance = strtoull(field[3], NULL, 16);
	for (i = 0; rest; i++)
		if (!parse_addr(strsep(&rest, "-"), &m->addrs))
			return false;
	return m->instance != 0;
}

/**
 * ck_member_format() - write the name of a member's node
 * @m: what to say
 * @buf: result
 */
void ck_member_format(const struct ck_member *m, char buf[CK_MEMBER_SIZE])
{
	char mac[CK_MAC_STRLEN], *to = buf;
	unsigned int i, k;

	to += sprintf(to, "%s-%016" PRIx64 "-", ck_mac_format_node(&m->mac, mac),
		      m->seq);
	if (m->left) {
		sprintf(to, "left-%s", ck_cause_name(m->cause));
		return;
	}
	to += sprintf(to, "%" PRIu32 "-%016" PRIx64 "-%s", m->domid,
		      m->instance, ck_cause_name(m->cause));
	for (i = 0; i < m->addrs.n; i++) {
		*to++ = '-';
		for (k = 0; k < ck_addr_len(&m->addrs.a[i]); k++)
			to += sprintf(to, "%02x", m->addrs.a[i].b[k]);
	}
	*to = 0;
}
