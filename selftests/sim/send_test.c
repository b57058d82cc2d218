// SPDX-License-Identifier: GPL-2.0
/* What a hostile peer does to a ring that the device sends into. */

#include <linux/delay.h>

#include "hostile.h"

#define PACKET	1000
/* More than the ring and what waits for space hold. */
#define MANY	(2 * CK_RING_MIN / PACKET)
/* Packets wait for space no longer than a fraction of this. */
#define WAIT_MS	200
/* After a timeout nothing waits for less than this. */
#define AGAIN_MS	4500

/* Frames of the device's that the peer has not taken. */
static u32 in_ring(struct hostile *h)
{
	return READ_ONCE(h->rx.shared->prod) - READ_ONCE(h->rx.shared->cons);
}

static void take_all(struct hostile *h)
{
	WRITE_ONCE(h->rx.shared->cons, READ_ONCE(h->rx.shared->prod));
}

static unsigned long sent_by_lower(struct hostile *h)
{
	struct rtnl_link_stats64 stats;

	dev_get_stats(h->ck->lower, &stats);
	return stats.tx_packets;
}

static void fill_ring(struct hostile *h)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		hostile_xmit(h, PACKET);
}

static void test_good(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned long lower;

	hostile_open(h);
	lower = sent_by_lower(h);
	hostile_xmit(h, PACKET);
	KUNIT_EXPECT_EQ(test, in_ring(h), ck_frame_room(PACKET));
	KUNIT_EXPECT_EQ(test, sent_by_lower(h), lower);
	KUNIT_EXPECT_GT(test, h->events, 0u);
}

/* Case 9: no packet beyond what the peer receives. */
static void test_mtu(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned long too_long, lower;

	hostile_open(h);
	WRITE_ONCE(h->control->end[CK_OFFERER].mtu, PACKET - 1);
	too_long = hostile_count(h, CK_TX_FALLBACK_SIZE);
	lower = sent_by_lower(h);
	hostile_xmit(h, PACKET);
	KUNIT_EXPECT_EQ(test, in_ring(h), 0u);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_TX_FALLBACK_SIZE), too_long + 1);
	KUNIT_EXPECT_EQ(test, sent_by_lower(h), lower + 1);
}

static const u32 steps[] = { 16, CK_RING_MIN, 0x80000000u };

static void describe_step(const u32 *step, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *step);
}

KUNIT_ARRAY_PARAM(step, steps, describe_step);

/* The peer says that it took so much, and the device looks, since it needs space. */
static void claim(struct hostile *h, u32 cons)
{
	WRITE_ONCE(h->rx.shared->cons, cons);
	hostile_notify(h);
}

/* Case 3. */
static void test_consumer_ahead(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_open(h);
	fill_ring(h);
	claim(h, READ_ONCE(h->rx.shared->prod) + *(const u32 *)test->param_value);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

static void test_consumer_backwards(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_open(h);
	fill_ring(h);
	claim(h, ck_frame_room(PACKET));
	KUNIT_ASSERT_FALSE(test, hostile_quarantined(h));
	claim(h, 0);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

/* Case 11: what waits takes the lower device soon, and all that comes after it. */
static void test_never_consumes(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned long lower, stalled;

	hostile_open(h);
	lower = sent_by_lower(h);
	fill_ring(h);
	msleep(WAIT_MS);
	KUNIT_EXPECT_EQ(test, sent_by_lower(h) - lower + in_ring(h) / ck_frame_room(PACKET), MANY);
	KUNIT_EXPECT_GT(test, hostile_count(h, CK_TX_FALLBACK_TIMEOUT), 0u);
	stalled = hostile_count(h, CK_TX_FALLBACK_STALLED);
	hostile_xmit(h, PACKET);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_TX_FALLBACK_STALLED), stalled + 1);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
	/* Once the peer has taken all, the ring is used again. */
	take_all(h);
	hostile_xmit(h, PACKET);
	KUNIT_EXPECT_EQ(test, in_ring(h), ck_frame_room(PACKET));
}

/* Case 12: the peer takes what there is, and says nothing. */
static void test_never_notifies(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned int tries = 5;
	unsigned long late;
	u32 sent;

	hostile_open(h);
	do {
		late = hostile_count(h, CK_TX_FALLBACK_TIMEOUT);
		fill_ring(h);
		sent = READ_ONCE(h->rx.shared->prod);
		take_all(h);
		if (hostile_count(h, CK_TX_FALLBACK_TIMEOUT) == late)
			break;
		/* The machine stood still: nothing waits any more, for a while. */
		msleep(AGAIN_MS);
	} while (--tries);
	msleep(WAIT_MS);
	KUNIT_EXPECT_GT(test, READ_ONCE(h->rx.shared->prod), sent);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

/* The peer makes space and says so: what waits goes into the ring. */
static void test_space(struct kunit *test)
{
	struct hostile *h = test->priv;
	u32 sent;

	hostile_open(h);
	fill_ring(h);
	sent = READ_ONCE(h->rx.shared->prod);
	take_all(h);
	hostile_notify(h);
	KUNIT_EXPECT_GT(test, READ_ONCE(h->rx.shared->prod), sent);
}

/* A channel ends with packets that wait: all of them take the lower device. */
static void test_end_while_waiting(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned long lower;

	hostile_open(h);
	lower = sent_by_lower(h);
	fill_ring(h);
	mutex_lock(&h->ck->lock);
	ck_peertable_del(h->ck, h->id.mac, COKEEPER_CAUSE_POLICY, NULL);
	mutex_unlock(&h->ck->lock);
	KUNIT_EXPECT_EQ(test, sent_by_lower(h) - lower + in_ring(h) / ck_frame_room(PACKET), MANY);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_good),
	KUNIT_CASE(test_mtu),
	KUNIT_CASE_PARAM(test_consumer_ahead, step_gen_params),
	KUNIT_CASE(test_consumer_backwards),
	KUNIT_CASE(test_never_consumes),
	KUNIT_CASE(test_never_notifies),
	KUNIT_CASE(test_space),
	KUNIT_CASE(test_end_while_waiting),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-send",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
