// SPDX-License-Identifier: GPL-2.0
/* iproute2's plugin: which attributes options become, and how these are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cokeeper.h"
#include "if_link.h"
#include "iproute2.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

extern struct link_util cokeeper_link_util;

/* What ip was asked to do, and where to go on when it would exit. */
static char done[512];
static jmp_buf exited;

__attribute__((format(printf, 1, 2)))
static void note(const char *fmt, ...)
{
	size_t len = strlen(done);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(done + len, sizeof(done) - len, fmt, ap);
	va_end(ap);
}

int addattr32(struct nlmsghdr *n, int maxlen, int type, uint32_t data)
{
	(void)n;
	assert_int_equal(maxlen, 1024);
	note("%d=%u ", type, data);
	return 0;
}

int get_u32(uint32_t *val, const char *arg, int base)
{
	char *end;

	*val = strtoul(arg, &end, base);
	return !*arg || *end ? -1 : 0;
}

void invarg(const char *msg, const char *arg)
{
	note("'%s' is wrong: %s", arg, msg);
	longjmp(exited, 1);
}

void duparg(const char *key, const char *arg)
{
	note("duplicate %s: %s", key, arg);
	longjmp(exited, 1);
}

int print_color_uint(enum output_type type, enum color_attr color,
		     const char *key, const char *fmt, unsigned int value)
{
	(void)fmt;
	assert_int_equal(type, PRINT_ANY);
	assert_int_equal(color, COLOR_NONE);
	note("%s %u ", key, value);
	return 0;
}

int print_color_string(enum output_type type, enum color_attr color,
		       const char *key, const char *fmt, const char *value)
{
	(void)fmt;
	assert_int_equal(type, PRINT_ANY);
	assert_int_equal(color, COLOR_NONE);
	note("%s %s ", key, value);
	return 0;
}

static void parse(int argc, char **argv)
{
	struct nlmsghdr n;

	if (!setjmp(exited) &&
	    cokeeper_link_util.parse_opt(&cokeeper_link_util, argc, argv, &n))
		note("error");
}

static void assert_parse(const char *options, const char *expected)
{
	char text[256], *argv[16], *save;
	int argc = 0;

	done[0] = 0;
	strcpy(text, options);
	for (argv[0] = strtok_r(text, " ", &save); argv[argc];
	     argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	parse(argc, argv);
	assert_string_equal(done, expected);
}

static void test_parse(void **state)
{
	(void)state;
	assert_parse("", "");
	assert_parse("steer intercept", "1=0 ");
	assert_parse("steer route", "1=1 ");
	assert_parse("memory_share 25 ring_size 0x40000 poll_usecs 0 steer route",
		     "4=25 2=262144 3=0 1=1 ");
}

static void test_parse_bad(void **state)
{
	(void)state;
	assert_parse("steer", "'' is wrong: steer takes intercept or route");
	assert_parse("steer routes",
		     "'routes' is wrong: steer takes intercept or route");
	assert_parse("ring_size big",
		     "'big' is wrong: ring_size takes a number of bytes");
	assert_parse("poll_usecs 1us",
		     "'1us' is wrong: poll_usecs takes a number of microseconds");
	assert_parse("steer route memory_share 5%",
		     "1=1 '5%' is wrong: memory_share takes a number of per cent");
	assert_parse("steer route steer route", "1=1 duplicate steer: route");
}

struct attr {
	struct rtattr head;
	uint32_t value;
};

static void test_print(void **state)
{
	static const uint32_t values[] = { 0, COKEEPER_STEER_ROUTE, 262144, 0, 25 };
	struct attr attrs[ARRAY_SIZE(values)];
	struct rtattr *tb[IFLA_COKEEPER_MAX + 1] = { 0 };
	unsigned int i;

	(void)state;
	assert_int_equal(cokeeper_link_util.maxattr, IFLA_COKEEPER_MAX);
	assert_int_equal(ARRAY_SIZE(values), IFLA_COKEEPER_MAX + 1);
	done[0] = 0;
	cokeeper_link_util.print_opt(&cokeeper_link_util, stdout, NULL);
	cokeeper_link_util.print_opt(&cokeeper_link_util, stdout, tb);
	assert_string_equal(done, "");

	for (i = 1; i <= IFLA_COKEEPER_MAX; i++) {
		attrs[i].head.rta_len = RTA_LENGTH(sizeof(uint32_t));
		attrs[i].head.rta_type = i;
		attrs[i].value = values[i];
		tb[i] = &attrs[i].head;
	}
	cokeeper_link_util.print_opt(&cokeeper_link_util, stdout, tb);
	assert_string_equal(done,
			    "steer route ring_size 262144 poll_usecs 0 memory_share 25 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
