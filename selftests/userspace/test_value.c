// SPDX-License-Identifier: GPL-2.0
/* The values of XenStore nodes: what is accepted, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cokeeper.h"
#include "value.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define GOOD		"v=1 instance=0123456789abcdef"

static bool announce(const char *text, size_t len, struct ck_announce *a,
		     struct ck_value_error *err)
{
	/* Of its exact size, so that reading beyond it is noticed. */
	char *copy = malloc(len);
	bool ok;

	memset(err, 0, sizeof(*err));
	memcpy(copy, text, len);
	ok = ck_announce_parse(copy, len, a, err);
	free(copy);
	if (!ok) {
		assert_non_null(err->reason);
		assert_true(strlen(err->text) > 0);
	}
	return ok;
}

static void test_announce(void **state)
{
	static const char *const good[] = {
		GOOD,
		GOOD " addr=10.0.0.1",
		GOOD " addr=10.0.0.1 addr=fd00::1",
	};
	char buf[CK_VALUE_SIZE];
	struct ck_value_error err;
	struct ck_announce a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(announce(good[i], strlen(good[i]), &a, &err));
		assert_int_equal(a.instance, 0x0123456789abcdef);
		assert_int_equal(a.addrs.n, i);
		ck_announce_format(&a, buf);
		assert_string_equal(buf, good[i]);
	}
}

static void test_any_order_and_unknown_keys(void **state)
{
	static const char text[] =
		" later=x addr=10.0.0.1 instance=0000000000000001  v=1 later=y ";
	struct ck_value_error err;
	struct ck_announce a;

	(void)state;
	assert_true(announce(text, strlen(text), &a, &err));
	assert_int_equal(a.instance, 1);
	assert_int_equal(a.addrs.n, 1);
}

static void test_bad_announce(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{ "", "empty" },
		{ " ", "v= is missing" },
		{ "garbage", "garbage: no key=value" },
		{ "v", "no key=value" },
		{ "v=", "v=: not a number" },
		{ "v=1", "instance= is missing" },
		{ "instance=0123456789abcdef", "v= is missing" },
		{ "v=1 " GOOD, "v: given twice" },
		{ "v=1x instance=0123456789abcdef", "v=1x: not a number" },
		{ "v=-1 instance=0123456789abcdef", "v=-1: not a number" },
		{ "v=4294967297 instance=0123456789abcdef", "not a number" },
		{ "v=1 instance=", "not 16" },
		{ "v=1 instance=0123456789abcde", "not 16" },
		{ "v=1 instance=0123456789abcdef0", "not 16" },
		{ "v=1 instance=0123456789ABCDEF", "not 16" },
		{ "v=1 instance=0x23456789abcdef", "not 16" },
		{ "v=1 instance=0000000000000000", "zero" },
		{ GOOD " instance=0123456789abcdef", "instance: given twice" },
		{ GOOD " addr=", "addr=: not a usable" },
		{ GOOD " addr=10.0.0", "addr=10.0.0: not a usable" },
		{ GOOD " addr=10.0.0.1/24", "not a usable" },
		{ GOOD " addr=10.0.0.01x", "not a usable" },
		{ GOOD " addr=0.0.0.0", "not a usable" },
		{ GOOD " addr=0.1.2.3", "not a usable" },
		{ GOOD " addr=127.0.0.1", "not a usable" },
		{ GOOD " addr=169.254.1.1", "not a usable" },
		{ GOOD " addr=224.0.0.1", "not a usable" },
		{ GOOD " addr=255.255.255.255", "not a usable" },
		{ GOOD " addr=::", "not a usable" },
		{ GOOD " addr=::1", "not a usable" },
		{ GOOD " addr=fe80::1", "not a usable" },
		{ GOOD " addr=ff02::1", "not a usable" },
		{ GOOD " addr=::ffff:10.0.0.1", "not a usable" },
		{ GOOD " addr=fd00::1%eth0", "not a usable" },
		{ GOOD " addr=10.0.0.1 addr=10.0.0.1", "given twice" },
		{ GOOD " addr=fd00::1 addr=fd00:0::1", "given twice" },
		{ GOOD "\n", "0x0a" },
		{ GOOD "\t", "0x09" },
		{ GOOD " x=\x7f", "0x7f" },
		{ GOOD " x=\xc3\xa9", "0xc3" },
		{ GOOD " =", NULL },
	};
	struct ck_value_error err;
	struct ck_announce a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		bool ok = announce(bad[i].text, strlen(bad[i].text), &a, &err);

		if (!bad[i].why) {
			assert_true(ok);
			continue;
		}
		if (ok || !strstr(err.text, bad[i].why))
			fail_msg("'%s': %s", bad[i].text,
				 ok ? "accepted" : err.text);
		assert_string_equal(err.reason, "malformed");
	}
}

static void test_version(void **state)
{
	static const char text[] = "v=2 instance=whatever";
	struct ck_value_error err;
	struct ck_announce a;

	(void)state;
	assert_false(announce(text, strlen(text), &a, &err));
	assert_string_equal(err.reason, "version");
}

static void test_nul(void **state)
{
	static const char text[] = GOOD "\0 addr=10.0.0.1";
	struct ck_value_error err;
	struct ck_announce a;

	(void)state;
	assert_false(announce(text, sizeof(text) - 1, &a, &err));
	assert_non_null(strstr(err.text, "0x00"));
}

static void test_length(void **state)
{
	char text[CK_VALUE_MAX + 1];
	struct ck_value_error err;
	struct ck_announce a;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, GOOD, strlen(GOOD));
	assert_true(announce(text, CK_VALUE_MAX, &a, &err));
	assert_false(announce(text, CK_VALUE_MAX + 1, &a, &err));
	memset(text, 'x', sizeof(text));
	assert_false(announce(text, CK_VALUE_MAX, &a, &err));
	memset(text, '=', sizeof(text));
	assert_false(announce(text, CK_VALUE_MAX, &a, &err));
}

static void test_most_addresses(void **state)
{
	char text[CK_VALUE_SIZE] = GOOD, buf[CK_VALUE_SIZE];
	struct ck_value_error err;
	struct ck_announce a;
	int i;

	(void)state;
	for (i = 0; i < CK_ADDRS_MAX; i++)
		sprintf(text + strlen(text),
			" addr=fd00:1111:2222:3333:4444:5555:6666:%x",
			0x7770 + i);
	assert_true(announce(text, strlen(text), &a, &err));
	assert_int_equal(a.addrs.n, CK_ADDRS_MAX);
	ck_announce_format(&a, buf);
	assert_string_equal(buf, text);
	strcat(text, " addr=10.0.0.1");
	assert_false(announce(text, strlen(text), &a, &err));
	assert_non_null(strstr(err.text, "more than 16"));
}

static void test_offer(void **state)
{
	static const char good[] =
		"v=1 id=4294967295 from=0000000000000001 to=0000000000000002 gref=8 port=131071";
	static const char *const bad[] = {
		"v=1 id=1 from=0000000000000001 to=0000000000000002 gref=8",
		"v=1 id=1 from=0000000000000001 to=0000000000000002 port=8",
		"v=1 id=1 from=0000000000000001 gref=8 port=1",
		"v=1 id=1 to=0000000000000001 gref=8 port=1",
		"v=1 from=0000000000000001 to=0000000000000002 gref=8 port=1",
		"v=1 id=4294967296 from=0000000000000001 to=0000000000000002 gref=8 port=1",
		"v=1 id=99999999999999999999 from=0000000000000001 to=0000000000000002 gref=8 port=1",
		"v=1 id=-1 from=0000000000000001 to=0000000000000002 gref=8 port=1",
		"v=1 id=0x1 from=0000000000000001 to=0000000000000002 gref=8 port=1",
		"v=1 id=1 from=0000000000000000 to=0000000000000002 gref=8 port=1",
		"v=1 id=1 from=0000000000000001 to=0000000000000000 gref=8 port=1",
		"v=1 id=1 from=0000000000000001 to=0000000000000002 gref=0 port=1",
		"v=1 id=1 from=0000000000000001 to=0000000000000002 gref=8 port=0",
		"v=1 id=1 from=0000000000000001 to=0000000000000002 gref=8 port=131072",
		"v=1 id=1 id=1 from=0000000000000001 to=0000000000000002 gref=8 port=1",
	};
	char buf[CK_VALUE_SIZE];
	struct ck_value_error err;
	struct ck_offer o;
	size_t i;

	(void)state;
	assert_true(ck_offer_parse(good, strlen(good), &o, &err));
	assert_int_equal(o.id, 4294967295u);
	assert_int_equal(o.from, 1);
	assert_int_equal(o.to, 2);
	assert_int_equal(o.gref, 8);
	assert_int_equal(o.port, 131071);
	ck_offer_format(&o, buf);
	assert_string_equal(buf, good);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (ck_offer_parse(bad[i], strlen(bad[i]), &o, &err))
			fail_msg("'%s' accepted", bad[i]);
}

static void test_member(void **state)
{
	static const char *const good[] = {
		"00163e000001-00000000000000ff-32751-0000000000000001-created-0a000001",
		"00163e000001-0000000000000001-0-ffffffffffffffff-none",
		"00163e000001-0000000000000001-1-0000000000000001-address"
		"-0a000001-fd000000000000000000000000000001",
		"00163e000001-0000000000000001-1-0000000000000001-address"
		"-0a000001-0a000000_24-fe800000000000000000000000000000_10-00000000_0",
		"00163e000001-0000000000000001-left-destroyed",
	};
	static const char *const bad[] = {
		"", "-", "00163e000001", "00163e000001-0000000000000001",
		"00163e000001-0000000000000001-left",
		"00163e000001-0000000000000001-left-destroyed-0a000001",
		"00163e000001-1-1-0000000000000001-none",
		"00163e00000-0000000000000001-1-0000000000000001-none",
		"00163E000001-0000000000000001-1-0000000000000001-none",
		"00163e000001-0000000000000001-32752-0000000000000001-none",
		"00163e000001-0000000000000001-1-0000000000000000-none",
		"00163e000001-0000000000000001-1-1-none",
		"00163e000001-0000000000000001-1-0000000000000001",
		"00163e000001-0000000000000001-1-0000000000000001-none-",
		"00163e000001-0000000000000001-1-0000000000000001-none-7f000001",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a0000",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a00000x",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a000001-0a000001",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a000001_",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a000001_33",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a0001_8",
		"00163e000001-0000000000000001-1-0000000000000001-none-_8",
		"00163e000001-0000000000000001-1-0000000000000001-none-0a000001_8_8",
	};
	struct ck_member m = { .mac.b[5] = 2, .addrs.n = CK_ADDRS_MAX,
			       .sources.n = CK_SOURCES_MAX };
	char buf[2 * CK_MEMBER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < CK_ADDRS_MAX; i++) {
		m.addrs.a[i].family = AF_INET6;
		m.addrs.a[i].b[0] = 0xfd;
		m.addrs.a[i].b[15] = i;
	}
	for (i = 0; i < CK_SOURCES_MAX; i++) {
		m.sources.s[i].addr = m.addrs.a[i];
		m.sources.s[i].len = 128;
	}
	m.instance = UINT64_MAX;
	m.domid = CK_DOMID_MAX;
	ck_member_format(&m, buf);
	assert_true(strlen(buf) < CK_MEMBER_SIZE);
	assert_true(ck_member_parse(buf, &m));
	assert_int_equal(m.addrs.n, CK_ADDRS_MAX);
	assert_int_equal(m.sources.n, CK_SOURCES_MAX);
	ck_member_format(&m, buf);
	strcat(buf, "-0a000001");
	assert_false(ck_member_parse(buf, &m));
	ck_member_format(&m, buf);
	strcat(buf, "-0a000001_32");
	assert_false(ck_member_parse(buf, &m));

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(ck_member_parse(good[i], &m));
		ck_member_format(&m, buf);
		assert_string_equal(buf, good[i]);
	}
	assert_true(m.left);
	assert_int_equal(m.cause, COKEEPER_CAUSE_DESTROYED);
	/* A cause that a later version knows. */
	assert_true(ck_member_parse("00163e000001-0000000000000001-left-moon", &m));
	assert_int_equal(m.cause, COKEEPER_CAUSE_NONE);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (ck_member_parse(bad[i], &m))
			fail_msg("'%s' accepted", bad[i]);
}

static void test_sources(void **state)
{
	static const char *const bad[] = {
		"", "/8", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8/8",
		"10.0.0/8", "fd00::/129", "dom0", "10.0.0.1/0008",
	};
	static const struct {
		const char *source;
		const char *addr;
		bool allowed;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "10.0.0.1/24", "10.0.0.255", true },
		{ "10.0.0.0/24", "10.0.1.0", false },
		{ "10.0.4.0/22", "10.0.7.9", true },
		{ "10.0.4.0/22", "10.0.8.9", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "fd00::1", false },
		{ "fd00::/63", "fd00::1:0:0:0:1", true },
		{ "fd00::/63", "fd00:0:0:2::1", false },
		{ "fd00::1", "fd00::2", false },
	};
	struct ck_sources sources = { 0 };
	struct ck_addr addr;
	size_t i;

	(void)state;
	assert_true(ck_addr_parse("10.0.0.1", &addr));
	assert_true(ck_sources_allow(&sources, &addr));
	sources.n = 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(ck_source_parse(cases[i].source, &sources.s[0]));
		assert_true(ck_addr_parse(cases[i].addr, &addr));
		if (ck_sources_allow(&sources, &addr) != cases[i].allowed)
			fail_msg("%s from %s", cases[i].addr, cases[i].source);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (ck_source_parse(bad[i], &sources.s[0]))
			fail_msg("'%s' accepted", bad[i]);
}

static void test_roster(void **state)
{
	static const char *const good[] = {
		"v=1 state=member group=xenbr0 roster=7",
		"v=1 state=refused reason=not-your-mac roster=0",
	};
	static const char *const bad[] = {
		"v=1", "v=1 state=", "v=1 state=perhaps",
		"v=1 state=member roster=7", "v=1 state=member reason=excluded roster=7",
		"v=1 state=refused roster=0", "v=1 state=refused group=xenbr0 roster=0",
		"v=1 state=member group=xenbr0 roster=x",
		"v=1 state=member group=xenbr0 roster=4294967296",
		"v=1 state=member group=01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012",
	};
	char buf[CK_VALUE_SIZE];
	struct ck_value_error err;
	struct ck_roster r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(ck_roster_parse(good[i], strlen(good[i]), &r,
					    &err));
		assert_int_equal(r.member, !i);
		ck_roster_format(&r, buf);
		assert_string_equal(buf, good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (ck_roster_parse(bad[i], strlen(bad[i]), &r, &err))
			fail_msg("'%s' accepted", bad[i]);
}

static void test_error_text_is_printable(void **state)
{
	struct ck_value_error err;
	struct ck_announce a;
	char text[CK_VALUE_MAX];
	size_t i, k;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		size_t len = 1 + rand() % 64;

		strcpy(text, GOOD);
		for (k = 0; k < 4; k++)
			text[rand() % strlen(GOOD)] = rand();
		for (k = strlen(GOOD); k < len; k++)
			text[k] = rand();
		if (announce(text, len, &a, &err))
			continue;
		for (k = 0; err.text[k]; k++)
			assert_in_range(err.text[k], ' ', '~');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_any_order_and_unknown_keys),
		cmocka_unit_test(test_bad_announce),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_most_addresses),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_roster),
		cmocka_unit_test(test_error_text_is_printable),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
