// SPDX-License-Identifier: GPL-2.0
/* MAC addresses, and their two spellings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mac.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void test_good(void **state)
{
	static const struct ck_mac want = { { 0, 0x16, 0x3e, 0xab, 0xcd, 1 } };
	char buf[CK_MAC_STRLEN];
	struct ck_mac mac;

	(void)state;
	assert_true(ck_mac_parse("00:16:3e:ab:cd:01", &mac));
	assert_memory_equal(&mac, &want, sizeof(mac));
	assert_true(ck_mac_parse("00:16:3E:AB:CD:01", &mac));
	assert_memory_equal(&mac, &want, sizeof(mac));
	assert_true(ck_mac_parse_node("00163eabcd01", &mac));
	assert_memory_equal(&mac, &want, sizeof(mac));
	assert_string_equal(ck_mac_format(&mac, buf), "00:16:3e:ab:cd:01");
	assert_string_equal(ck_mac_format_node(&mac, buf), "00163eabcd01");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", ":", "00", "00:16:3e:ab:cd", "00:16:3e:ab:cd:",
		"00:16:3e:ab:cd:0", "00:16:3e:ab:cd:011", "00:16:3e:ab:cd:01:",
		"00-16-3e-ab-cd-01", "0:16:3e:ab:cd:01", " 00:16:3e:ab:cd:01",
		"00:16:3e:ab:cd:01 ", "0g:16:3e:ab:cd:01",
		"00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff",
	};
	struct ck_mac mac;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(ck_mac_parse(bad[i], &mac));
}

static void test_bad_node(void **state)
{
	static const char *const bad[] = {
		"", "0", "00163eabcd0", "00163eabcd011", "00163EABCD01",
		"00:16:3e:ab:cd:01", "00163eabcd0g", "00163eabcd0 ",
		"000000000000", "ffffffffffff", "01005e000001", "..",
	};
	struct ck_mac mac;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(ck_mac_parse_node(bad[i], &mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bad_node),
	};

	return cmocka_run_group_tests_name("mac", tests, NULL, NULL);
}
