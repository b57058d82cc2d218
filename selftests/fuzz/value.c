// SPDX-License-Identifier: GPL-2.0
/* The values and names in XenStore that another domain wrote. Each parser gets each input;
 * what it accepts is the same when it is formatted and parsed again.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fuzz.h"
#include "value.h"

/* People read it, in a log or on a terminal. */
static void check_error(const struct ck_value_error *why)
{
	assert(!strcmp(why->reason, "malformed") || !strcmp(why->reason, "version"));
	assert(why->text[0]);
	check_printable(why->text);
}

static void announce(const char *value, size_t len)
{
	struct ck_announce first, second;
	struct ck_value_error why;
	char text[CK_VALUE_SIZE];
	unsigned int i;

	if (!ck_announce_parse(value, len, &first, &why))
		return check_error(&why);
	assert(first.instance && first.addrs.n <= CK_ADDRS_MAX);
	for (i = 0; i < first.addrs.n; i++)
		assert(ck_addr_usable(&first.addrs.a[i]));
	ck_announce_format(&first, text);
	assert(ck_announce_parse(text, strlen(text), &second, &why));
	assert(!memcmp(&first, &second, sizeof(first)));
}

static void offer(const char *value, size_t len)
{
	struct ck_offer first, second;
	struct ck_value_error why;
	char text[CK_VALUE_SIZE];

	if (!ck_offer_parse(value, len, &first, &why))
		return check_error(&why);
	assert(first.from && first.to && first.gref && first.port);
	assert(first.port <= CK_PORT_MAX);
	ck_offer_format(&first, text);
	assert(ck_offer_parse(text, strlen(text), &second, &why));
	assert(!memcmp(&first, &second, sizeof(first)));
}

static void roster(const char *value, size_t len)
{
	struct ck_roster first, second;
	struct ck_value_error why;
	char text[CK_VALUE_SIZE];

	if (!ck_roster_parse(value, len, &first, &why))
		return check_error(&why);
	ck_roster_format(&first, text);
	assert(ck_roster_parse(text, strlen(text), &second, &why));
	assert(first.member == second.member && first.roster == second.roster);
	assert(!strcmp(first.member ? first.group : first.reason,
		       second.member ? second.group : second.reason));
}

static void member(const char *name)
{
	struct ck_member first, second;
	char text[CK_MEMBER_SIZE];

	if (!ck_member_parse(name, &first))
		return;
	assert(first.addrs.n <= CK_ADDRS_MAX && first.sources.n <= CK_SOURCES_MAX);
	assert(first.left || (first.instance && first.domid <= CK_DOMID_MAX));
	ck_member_format(&first, text);
	assert(ck_member_parse(text, &second));
	assert(!memcmp(&first, &second, sizeof(first)));
}

static void mac(const char *text)
{
	char buf[CK_MAC_STRLEN];
	struct ck_mac first, second;

	if (ck_mac_parse(text, &first)) {
		assert(ck_mac_parse(ck_mac_format(&first, buf), &second));
		assert(!ck_mac_cmp(&first, &second));
	}
	if (ck_mac_parse_node(text, &first))
		assert(!strcmp(ck_mac_format_node(&first, buf), text));
}

static void address(const char *text)
{
	char buf[CK_ADDR_STRLEN], network[CK_ADDR_STRLEN + 4];
	struct ck_source source, again;
	struct ck_addr first, second;
	struct ck_sources one;

	if (ck_addr_parse(text, &first)) {
		assert(ck_addr_parse(ck_addr_format(&first, buf), &second));
		assert(!ck_addr_cmp(&first, &second));
	}
	if (!ck_source_parse(text, &source))
		return;
	assert(source.len <= 8 * ck_addr_len(&source.addr));
	snprintf(network, sizeof(network), "%s/%u", ck_addr_format(&source.addr, buf),
		 source.len);
	assert(ck_source_parse(network, &again));
	assert(!memcmp(&source, &again, sizeof(source)));
	one = (struct ck_sources){ .n = 1, .s = { source } };
	assert(ck_sources_allow(&one, &source.addr));
}

static void number(const char *text)
{
	uint32_t n;

	if (ck_u32_parse(text, 1, CK_PORT_MAX, &n))
		assert(n >= 1 && n <= CK_PORT_MAX && n == strtoull(text, NULL, 10));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size);

	announce((const char *)data, size);
	offer((const char *)data, size);
	roster((const char *)data, size);
	member(text);
	mac(text);
	address(text);
	number(text);
	if (ck_word_valid(text))
		assert(strlen(text) < CK_WORD_SIZE);
	free(text);
	return 0;
}
