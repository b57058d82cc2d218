// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the search for the highest rate without loss. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bisect.h"

/* A path that loses what comes faster than @path, and a sender with a limit. */
struct model {
	double path;
	double sender;
	unsigned int tries;
};

static struct probe send_at(void *arg, double rate)
{
	struct model *m = arg;
	struct probe probe = { .offered = rate && rate < m->sender ? rate : m->sender };

	m->tries++;
	probe.lost = probe.offered > m->path;
	probe.received = probe.lost ? m->path : probe.offered;
	return probe;
}

static double search(struct model *m)
{
	struct probe flood = send_at(m, 0);

	return highest_lossless(send_at, m, &flood);
}

static void finds_where_loss_begins(void **state)
{
	struct model m = { .path = 1234, .sender = 100000 };
	double rate = search(&m);

	(void)state;
	assert_true(rate <= m.path);
	assert_true(rate * BISECT_CLOSE >= m.path);
	assert_true(m.tries <= 13);
}

static void needs_one_try_if_a_flood_loses_nothing(void **state)
{
	struct model m = { .path = 1000, .sender = 900 };

	(void)state;
	assert_true(search(&m) == 900);
	assert_int_equal(m.tries, 1);
}

static void gives_zero_if_all_is_lost(void **state)
{
	struct model m = { .path = 0, .sender = 900 };

	(void)state;
	assert_true(search(&m) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_where_loss_begins),
		cmocka_unit_test(needs_one_try_if_a_flood_loses_nothing),
		cmocka_unit_test(gives_zero_if_all_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
