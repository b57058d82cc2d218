// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the ring core, from both ends and against a hostile peer. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "area.h"

#define SIZE CK_RING_MIN

static int setup(void **state)
{
	*state = area_new(SIZE);
	return 0;
}

static int teardown(void **state)
{
	area_free(*state);
	return 0;
}

static unsigned char data[CK_FRAME_MAX], got[CK_FRAME_MAX];

static void send_len(struct area *a, __u32 len, __u8 tag)
{
	struct ck_frame frame = { .len = len, .vnet_hdr = { tag } };

	memset(data, tag, len);
	assert_int_equal(ck_ring_reserve(&a->tx, len), 0);
	area_write(&a->tx, &frame, data);
}

static void expect_len(struct area *a, __u32 len, __u8 tag)
{
	struct ck_frame frame;

	memset(data, tag, len);
	assert_int_equal(ck_ring_peek(&a->rx, &frame), 1);
	assert_int_equal(frame.len, len);
	assert_int_equal(frame.vnet_hdr[0], tag);
	area_read(&a->rx, len, got);
	assert_memory_equal(got, data, len);
	ck_ring_consume(&a->rx, len);
}

static void test_empty(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	assert_int_equal(ck_ring_peek(&a->rx, &frame), 0);
	assert_true(ck_ring_drained(&a->tx));
}

static void test_frames_in_order(void **state)
{
	static const __u32 len[] = { 1, 15, 16, 17, 20, 4080, 4096, 9000, 65536 };
	struct area *a = *state;
	unsigned int i;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		send_len(a, len[i], i + 1);
	ck_ring_publish(&a->tx);
	assert_false(ck_ring_drained(&a->tx));
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		expect_len(a, len[i], i + 1);
	ck_ring_release(&a->rx);
	assert_true(ck_ring_drained(&a->tx));
}

/* Pages that follow each other are one piece, to the end of the ring at most. */
static void test_span(void **state)
{
	char *run = area_alloc(CK_RING_PAGE, SIZE + CK_RING_PAGE);
	void *page[SIZE / CK_RING_PAGE];
	struct ck_ring_shared shared;
	struct ck_ring ring;
	__u32 i, n;

	(void)state;
	for (i = 0; i < SIZE / CK_RING_PAGE; i++)
		page[i] = run + i * CK_RING_PAGE;
	ck_ring_init(&ring, &shared, page, SIZE);

	n = 3 * CK_RING_PAGE;
	assert_ptr_equal(ck_ring_span(&ring, SIZE + 100, &n), run + 100);
	assert_int_equal(n, 3 * CK_RING_PAGE);
	n = 3 * CK_RING_PAGE;
	assert_ptr_equal(ck_ring_span(&ring, SIZE - CK_RING_PAGE - 16, &n),
			 run + SIZE - CK_RING_PAGE - 16);
	assert_int_equal(n, CK_RING_PAGE + 16);

	page[2] = run + SIZE;
	ck_ring_init(&ring, &shared, page, SIZE);
	n = 3 * CK_RING_PAGE;
	ck_ring_span(&ring, 16, &n);
	assert_int_equal(n, 2 * CK_RING_PAGE - 16);
	n = 3 * CK_RING_PAGE;
	assert_ptr_equal(ck_ring_span(&ring, 2 * CK_RING_PAGE, &n), run + SIZE);
	assert_int_equal(n, CK_RING_PAGE);
	free(run);
}

static void test_unpublished_is_invisible(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	send_len(a, 100, 1);
	assert_int_equal(ck_ring_peek(&a->rx, &frame), 0);
	ck_ring_publish(&a->tx);
	expect_len(a, 100, 1);
}

static void test_full_then_space(void **state)
{
	struct area *a = *state;
	unsigned int n = 0;

	while (!ck_ring_reserve(&a->tx, 1000))
		send_len(a, 1000, ++n);
	ck_ring_publish(&a->tx);
	assert_int_equal(n, SIZE / ck_frame_room(1000));

	/* Nothing was taken: wait. One frame taken: an event, and space. */
	assert_false(ck_ring_wait_space(&a->tx, 1000, true));
	expect_len(a, 1000, 1);
	assert_true(ck_ring_release(&a->rx));
	assert_int_equal(ck_ring_reserve(&a->tx, 1000), 0);
	expect_len(a, 1000, 2);
	assert_false(ck_ring_release(&a->rx));
	/* Space by now: no waiting. */
	assert_true(ck_ring_wait_space(&a->tx, 1000, true));
}

static void test_look_for_space(void **state)
{
	struct area *a = *state;

	while (!ck_ring_reserve(&a->tx, 1000))
		send_len(a, 1000, 1);
	ck_ring_publish(&a->tx);
	/* The first one taken is an event in a new ring. */
	expect_len(a, 1000, 1);
	ck_ring_release(&a->rx);
	send_len(a, 1000, 1);
	ck_ring_publish(&a->tx);

	/* One frame taken: space, and no event. */
	assert_false(ck_ring_wait_space(&a->tx, 1000, false));
	assert_false(ck_ring_has_space(&a->tx));
	expect_len(a, 1000, 1);
	assert_false(ck_ring_release(&a->rx));
	assert_true(ck_ring_has_space(&a->tx));
	assert_int_equal(ck_ring_reserve(&a->tx, 1000), 0);
}

static void test_event_only_when_asked(void **state)
{
	struct area *a = *state;

	assert_false(ck_ring_wait_data(&a->rx));
	send_len(a, 10, 1);
	assert_true(ck_ring_publish(&a->tx));
	send_len(a, 10, 2);
	assert_false(ck_ring_publish(&a->tx));
	/* Something came meanwhile. */
	assert_true(ck_ring_wait_data(&a->rx));
	expect_len(a, 10, 1);
	expect_len(a, 10, 2);
	assert_false(ck_ring_wait_data(&a->rx));
	send_len(a, 10, 3);
	assert_true(ck_ring_publish(&a->tx));
}

/* No event while the consumer looks; it learns of what came when it looks away. */
static void test_no_event_while_looking(void **state)
{
	struct area *a = *state;

	assert_false(ck_ring_wait_data(&a->rx));
	ck_ring_disable_event(&a->rx);
	assert_false(ck_ring_has_data(&a->rx));
	send_len(a, 10, 1);
	assert_false(ck_ring_publish(&a->tx));
	assert_true(ck_ring_has_data(&a->rx));
	assert_true(ck_ring_enable_event(&a->rx));
	expect_len(a, 10, 1);
	assert_false(ck_ring_wait_data(&a->rx));
	ck_ring_disable_event(&a->rx);
	assert_false(ck_ring_enable_event(&a->rx));
	send_len(a, 10, 2);
	assert_true(ck_ring_publish(&a->tx));
}

/* Random sizes through many turns of the ring and the wrap of the indices. */
static void test_wrap_around(void **state)
{
	struct area *a = *state;
	unsigned int seed = 1, in = 0, out = 0, i;
	__u32 len[4096];

	area_start_at(a, (__u32)-3 * SIZE);
	for (i = 0; i < 4096; i++) {
		len[in] = rand_r(&seed) % 9000 + 1;
		while (ck_ring_reserve(&a->tx, len[in]) == -ENOSPC) {
			expect_len(a, len[out], (__u8)(out + 1));
			out++;
			ck_ring_release(&a->rx);
		}
		send_len(a, len[in], (__u8)(in + 1));
		in++;
		ck_ring_publish(&a->tx);
	}
	while (out < in) {
		expect_len(a, len[out], (__u8)(out + 1));
		out++;
	}
}

/* Fault case 1: the producer's index lies beyond the ring. */
static void test_prod_beyond_ring(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	a->shared.prod = SIZE + CK_FRAME_ALIGN;
	assert_int_equal(ck_ring_peek(&a->rx, &frame), -EPROTO);
	a->shared.prod = 0x80000000;
	assert_int_equal(ck_ring_peek(&a->rx, &frame), -EPROTO);
}

static void test_prod_unaligned(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	a->shared.prod = 8;
	assert_int_equal(ck_ring_peek(&a->rx, &frame), -EPROTO);
}

/* Fault case 2: the producer's index goes backwards. */
static void test_prod_backwards(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	send_len(a, 100, 1);
	ck_ring_publish(&a->tx);
	expect_len(a, 100, 1);
	a->shared.prod -= CK_FRAME_ALIGN;
	assert_int_equal(ck_ring_peek(&a->rx, &frame), -EPROTO);
}

/* Fault case 3: the consumer's index is ahead of what was produced, or goes
 * backwards.
 */
static void test_cons_bad(void **state)
{
	struct area *a = *state;

	while (!ck_ring_reserve(&a->tx, 1000))
		send_len(a, 1000, 1);
	ck_ring_publish(&a->tx);
	a->shared.cons = a->tx.prod + CK_FRAME_ALIGN;
	assert_int_equal(ck_ring_reserve(&a->tx, 1000), -EPROTO);
	a->shared.cons = (__u32)-CK_FRAME_ALIGN;
	assert_int_equal(ck_ring_reserve(&a->tx, 1000), -EPROTO);
	/* Waiting for such a peer would be for ever. */
	assert_true(ck_ring_wait_space(&a->tx, 1000, true));
	assert_true(ck_ring_drained(&a->tx));
}

/* Fault case 4: the header changes after it was looked at. */
static void test_header_changes(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;

	send_len(a, 100, 1);
	ck_ring_publish(&a->tx);
	assert_int_equal(ck_ring_peek(&a->rx, &frame), 1);
	((struct ck_frame *)a->page[0])->len = 0xffffffff;
	assert_int_equal(frame.len, 100);
	ck_ring_consume(&a->rx, frame.len);
	assert_int_equal(ck_ring_peek(&a->rx, &frame), 0);
}

/* Fault case 5: a length that reaches beyond what was produced. */
static void test_length_wraps(void **state)
{
	static const __u32 bad[] = { 113, CK_FRAME_MAX, SIZE, 0x7fffffff,
				     0xfffffff0, 0xffffffff };
	struct area *a = *state;
	struct ck_frame frame;
	unsigned int i;

	send_len(a, 100, 1);
	ck_ring_publish(&a->tx);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		((struct ck_frame *)a->page[0])->len = bad[i];
		assert_int_equal(ck_ring_peek(&a->rx, &frame), -EPROTO);
	}
	/* Zero is for the caller to judge, and can be stepped over. */
	((struct ck_frame *)a->page[0])->len = 0;
	assert_int_equal(ck_ring_peek(&a->rx, &frame), 1);
	ck_ring_consume(&a->rx, 0);
}

/* The peer writes anything anywhere: no step outside the pages, no endless turn. */
static void test_garbage(void **state)
{
	struct area *a = *state;
	struct ck_frame frame;
	unsigned int seed = 7, round, i;

	for (round = 0; round < 2000; round++) {
		ck_ring_init(&a->rx, &a->shared, a->page, SIZE);
		ck_ring_init(&a->tx, &a->shared, a->page, SIZE);
		memset(&a->shared, 0, sizeof(a->shared));
		for (i = 0; i < CK_RING_PAGE / 4; i++)
			((__u32 *)a->page[round % a->nr])[i] =
				rand_r(&seed) % (round % 2 ? 3000 : 0xffffffff);
		a->shared.prod = rand_r(&seed) % (SIZE + 1) & ~15u;
		for (i = 0; ck_ring_peek(&a->rx, &frame) > 0; i++) {
			if (frame.len && frame.len <= CK_FRAME_MAX)
				area_read(&a->rx, frame.len, got);
			ck_ring_consume(&a->rx, frame.len);
			assert_true(i <= SIZE / CK_FRAME_ALIGN);
		}
		a->shared.cons = rand_r(&seed);
		if (!ck_ring_reserve(&a->tx, 500))
			send_len(a, 500, 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_frames_in_order),
		TEST(test_span),
		TEST(test_unpublished_is_invisible),
		TEST(test_full_then_space),
		TEST(test_look_for_space),
		TEST(test_event_only_when_asked),
		TEST(test_no_event_while_looking),
		TEST(test_wrap_around),
		TEST(test_prod_beyond_ring),
		TEST(test_prod_unaligned),
		TEST(test_prod_backwards),
		TEST(test_cons_bad),
		TEST(test_header_changes),
		TEST(test_length_wraps),
		TEST(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
