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

static bool parse_hex(const char *text, size_t digits, struct ck_addr *addr)
{
	unsigned int byte;
	size_t i;

	if ((digits != 8 && digits != 32) ||
	    strspn(text, "0123456789abcdef") < digits)
		return false;
	memset(addr, 0, sizeof(*addr));
	addr->family = digits == 8 ? AF_INET : AF_INET6;
	for (i = 0; i < digits / 2; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		addr->b[i] = byte;
	}
	return true;
}

static bool parse_addr(const char *text, struct ck_addrs *addrs)
{
	struct ck_addr *addr = &addrs->a[addrs->n];

	if (addrs->n == CK_ADDRS_MAX || !parse_hex(text, strlen(text), addr) ||
	    !ck_addr_usable(addr) || ck_addrs_have(addrs, addr))
		return false;
	addrs->n++;
	return true;
}

/* An address with the length of a prefix behind it. */
static bool parse_source(const char *text, const char *len,
			 struct ck_sources *sources)
{
	struct ck_source *source = &sources->s[sources->n];
	uint32_t bits;

	if (sources->n == CK_SOURCES_MAX ||
	    !parse_hex(text, len - text, &source->addr) ||
	    !ck_u32_parse(len + 1, 0, 8 * ck_addr_len(&source->addr), &bits))
		return false;
	source->len = bits;
	sources->n++;
	return true;
}

static bool parse_field(const char *text, struct ck_member *m)
{
	const char *len = strchr(text, '_');

	return len ? parse_source(text, len, &m->sources) :
		     parse_addr(text, &m->addrs);
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
	unsigned int n;

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
	while (rest)
		if (!parse_field(strsep(&rest, "-"), m))
			return false;
	return m->instance != 0;
}

static char *format_hex(char *to, const struct ck_addr *addr)
{
	unsigned int i;

	*to++ = '-';
	for (i = 0; i < ck_addr_len(addr); i++)
		to += sprintf(to, "%02x", addr->b[i]);
	return to;
}

/**
 * ck_member_format() - write the name of a member's node
 * @m: what to say
 * @buf: result
 */
void ck_member_format(const struct ck_member *m, char buf[CK_MEMBER_SIZE])
{
	char mac[CK_MAC_STRLEN], *to = buf;
	unsigned int i;

	to += sprintf(to, "%s-%016" PRIx64 "-", ck_mac_format_node(&m->mac, mac),
		      m->seq);
	if (m->left) {
		sprintf(to, "left-%s", ck_cause_name(m->cause));
		return;
	}
	to += sprintf(to, "%" PRIu32 "-%016" PRIx64 "-%s", m->domid,
		      m->instance, ck_cause_name(m->cause));
	for (i = 0; i < m->addrs.n; i++)
		to = format_hex(to, &m->addrs.a[i]);
	for (i = 0; i < m->sources.n; i++) {
		to = format_hex(to, &m->sources.s[i].addr);
		to += sprintf(to, "_%u", m->sources.s[i].len);
	}
	*to = 0;
}
