// SPDX-License-Identifier: GPL-2.0
/* Netlink attributes and headers: only what is there is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attr.h"

static struct nlattr *attr;

/* An attribute in memory of its exact size, so that a step beyond it is noticed. */
static const struct nlattr *of(const void *bytes, size_t len)
{
	free(attr);
	attr = malloc(sizeof(*attr) + len);
	attr->nla_len = sizeof(*attr) + len;
	attr->nla_type = 1;
	memcpy(attr + 1, bytes, len);
	return attr;
}

static void test_numbers(void **state)
{
	static const uint8_t bytes[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	unsigned int len;

	(void)state;
	for (len = 0; len <= sizeof(bytes); len++) {
		assert_int_equal(ck_attr_u8(of(bytes, len)), len == 1 ? 1 : 0);
		assert_int_equal(ck_attr_u16(of(bytes, len)), len == 2 ? 0x101 : 0);
		assert_int_equal(ck_attr_u32(of(bytes, len)), len == 4 ? 0x1010101 : 0);
		assert_int_equal(ck_attr_u64(of(bytes, len)),
				 len == 8 ? 0x101010101010101 : 0);
	}
}

static void test_text(void **state)
{
	(void)state;
	assert_string_equal(ck_attr_str(of("eth0", 5)), "eth0");
	assert_string_equal(ck_attr_str(of("eth0\0x", 7)), "eth0");
	assert_string_equal(ck_attr_str(of("eth0", 4)), "");
	assert_string_equal(ck_attr_str(of("", 0)), "");
}

static void test_header(void **state)
{
	static const uint8_t zero[12];
	const struct nlattr *found;
	struct nlmsghdr *nlh;
	unsigned int n = 0;

	(void)state;
	nlh = calloc(1, sizeof(*nlh) + sizeof(zero));
	nlh->nlmsg_len = sizeof(*nlh) + sizeof(zero);
	assert_ptr_equal(ck_attr_header(nlh, sizeof(zero)), mnl_nlmsg_get_payload(nlh));
	memset(mnl_nlmsg_get_payload(nlh), 0xff, sizeof(zero));
	nlh->nlmsg_len--;
	assert_memory_equal(ck_attr_header(nlh, sizeof(zero)), zero, sizeof(zero));
	mnl_attr_for_each(found, nlh, sizeof(zero))
		n++;
	assert_int_equal(n, 0);
	free(nlh);
}

static int teardown(void **state)
{
	(void)state;
	free(attr);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, teardown);
}
