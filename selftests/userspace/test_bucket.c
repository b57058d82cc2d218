// SPDX-License-Identifier: GPL-2.0
/* Token buckets: so many at once, then at a rate, and never more in any second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bucket.h"

static const struct bucket_rate rate = { BUCKET_SECOND / 6, 8 };

static void test_burst_then_rate(void **state)
{
	struct bucket bucket = { 0 };
	uint64_t now = 1000 * BUCKET_SECOND;
	int i;

	(void)state;
	for (i = 8; i; i--) {
		assert_int_equal(bucket_tokens(&bucket, &rate, now), i);
		assert_true(bucket_take(&bucket, &rate, now));
	}
	assert_int_equal(bucket_tokens(&bucket, &rate, now), 0);
	assert_false(bucket_take(&bucket, &rate, now));
	assert_int_equal(bucket_ready(&bucket, &rate), now + rate.interval);
	assert_false(bucket_take(&bucket, &rate, now + rate.interval - 1));
	assert_true(bucket_take(&bucket, &rate, now + rate.interval));
	assert_false(bucket_take(&bucket, &rate, now + rate.interval));
	/* It does not overflow. */
	now += 3600 * BUCKET_SECOND;
	for (i = 0; i < 8; i++)
		assert_true(bucket_take(&bucket, &rate, now));
	assert_false(bucket_take(&bucket, &rate, now));
}

static void test_any_second(void **state)
{
	struct bucket bucket = { 0 };
	uint64_t taken[10000], now = BUCKET_SECOND;
	unsigned int n = 0, i;

	(void)state;
	srand(1);
	while (n < 10000) {
		if (bucket_take(&bucket, &rate, now))
			taken[n++] = now;
		else if (rand() % 1000 == 0)
			now += rand() % 8 * BUCKET_SECOND;
		else
			now += rand() % (BUCKET_SECOND / 50);
	}
	for (i = 14; i < n; i++)
		assert_true(taken[i] - taken[i - 14] >= BUCKET_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_any_second),
	};

	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
