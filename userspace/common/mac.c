// SPDX-License-Identifier: GPL-2.0
/* MAC addresses, and their two spellings. */
#include "mac.h"

#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool unicast(const struct ck_mac *mac)
{
	static const struct ck_mac zero;

	return !(mac->b[0] & 1) && ck_mac_cmp(mac, &zero);
}

/**
 * ck_mac_parse() - read "00:16:3e:00:00:01", in either case
 * @text: the whole string
 * @mac: result, valid only on success
 *
 * Return: whether @text is a unicast address that is not all zero.
 */
bool ck_mac_parse(const char *text, struct ck_mac *mac)
{
	int i, hi, lo;

	for (i = 0; i < CK_MAC_BYTES; i++) {
		if (i && *text++ != ':')
			return false;
		hi = hex_digit(text[0]);
		if (hi < 0)
			return false;
		lo = hex_digit(text[1]);
		if (lo < 0)
			return false;
		mac->b[i] = hi << 4 | lo;
		text += 2;
	}
	return !*text && unicast(mac);
}

/**
 * ck_mac_parse_node() - read the spelling that XenStore nodes are named by
 * @text: the whole string; "00163e000001", lower case only
 * @mac: result, valid only on success
 *
 * Return: whether @text is a unicast address that is not all zero.
 */
bool ck_mac_parse_node(const char *text, struct ck_mac *mac)
{
	int i;

	if (strlen(text) != 2 * CK_MAC_BYTES ||
	    strspn(text, "0123456789abcdef") != 2 * CK_MAC_BYTES)
		return false;
	for (i = 0; i < CK_MAC_BYTES; i++)
		mac->b[i] = hex_digit(text[2 * i]) << 4 |
			    hex_digit(text[2 * i + 1]);
	return unicast(mac);
}

const char *ck_mac_format(const struct ck_mac *mac, char buf[CK_MAC_STRLEN])
{
	snprintf(buf, CK_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac->b[0], mac->b[1], mac->b[2], mac->b[3], mac->b[4],
		 mac->b[5]);
	return buf;
}

const char *ck_mac_format_node(const struct ck_mac *mac,
			       char buf[CK_MAC_STRLEN])
{
	snprintf(buf, CK_MAC_STRLEN, "%02x%02x%02x%02x%02x%02x",
		 mac->b[0], mac->b[1], mac->b[2], mac->b[3], mac->b[4],
		 mac->b[5]);
	return buf;
}

int ck_mac_cmp(const struct ck_mac *a, const struct ck_mac *b)
{
	return memcmp(a->b, b->b, CK_MAC_BYTES);
}
