// SPDX-License-Identifier: GPL-2.0
/* What becomes of the channel to a peer that answers well, badly or not at all. */

#include <linux/delay.h>

#include "hostile.h"

#define PACKET	100
/* An offer stands for less than this. */
#define OFFER_MS	5500

static enum cokeeper_state state(struct hostile *h)
{
	return hostile_peer(h)->state;
}

static enum cokeeper_reason reason(struct hostile *h)
{
	return hostile_peer(h)->reason;
}

/* A packet for the peer has the device make an offer. */
static void make_offer(struct hostile *h)
{
	hostile_join(h);
	KUNIT_ASSERT_EQ(h->test, state(h), COKEEPER_STATE_IDLE);
	hostile_xmit(h, PACKET);
	hostile_settle(h);
	KUNIT_ASSERT_EQ(h->test, state(h), COKEEPER_STATE_OFFERED);
}

static void test_accepted(struct kunit *test)
{
	struct hostile *h = test->priv;

	make_offer(h);
	hostile_accept(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_CONNECTED);
	KUNIT_EXPECT_EQ(test, h->control->magic, CK_CONTROL_MAGIC);
	KUNIT_EXPECT_EQ(test, h->control->from, h->ck->instance);
	KUNIT_EXPECT_EQ(test, h->control->to, h->id.instance);
	hostile_xmit(h, PACKET);
	KUNIT_EXPECT_EQ(test, READ_ONCE(h->control->ring[CK_OFFERER].prod), ck_frame_room(PACKET));
}

/* Nobody answers: the next offer has to wait. */
static void test_timeout(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned long retry_at;
	unsigned int i;

	make_offer(h);
	msleep(OFFER_MS);
	hostile_settle(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_BACKOFF);
	KUNIT_EXPECT_EQ(test, reason(h), COKEEPER_REASON_OFFER_TIMEOUT);
	KUNIT_EXPECT_EQ(test, xen_sim.grants, 0u);
	retry_at = hostile_peer(h)->retry_at;
	hostile_xmit(h, PACKET);
	hostile_settle(h);
	/* The machine may have stood still meanwhile. */
	if (time_before(jiffies, retry_at))
		KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_BACKOFF);
	/* After the first failures some seconds are enough. */
	for (i = 1; i <= 4; i++) {
		msleep((1000 << i) + 100);
		hostile_xmit(h, PACKET);
		hostile_settle(h);
		KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_OFFERED);
		msleep(OFFER_MS);
		hostile_settle(h);
	}
	/* It was heard of again. */
	hostile_join(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_IDLE);
}

/* The acceptor says what makes no sense. */
static const u32 states[] = { CK_END_CLOSING, CK_END_CLOSED, 4, U32_MAX };

static void describe_state(const u32 *it, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *it);
}

KUNIT_ARRAY_PARAM(state, states, describe_state);

static void test_bad_answer(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_lane *lane;

	make_offer(h);
	lane = &hostile_peer(h)->channel->lane[0];
	WRITE_ONCE(lane->control->end[CK_ACCEPTOR].state, *(const u32 *)test->param_value);
	ck_peer_kick(hostile_peer(h));
	hostile_settle(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_BACKOFF);
	KUNIT_EXPECT_EQ(test, reason(h), COKEEPER_REASON_BAD_OFFER);
	KUNIT_EXPECT_EQ(test, xen_sim.grants, 0u);
}

/* An open end says something else: the channel is over. */
static void test_bad_end(struct kunit *test)
{
	struct hostile *h = test->priv;
	u32 to = *(const u32 *)test->param_value;

	hostile_open(h);
	WRITE_ONCE(h->control->end[CK_OFFERER].state, to);
	hostile_notify(h);
	hostile_settle(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_IDLE);
	KUNIT_EXPECT_EQ(test, reason(h), COKEEPER_REASON_PEER_CLOSED);
	KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
}

/* Case 18: the port goes without a word. */
static void test_port_gone(struct kunit *test)
{
	struct hostile *h = test->priv;
	int irq;

	hostile_open(h);
	irq = h->irq;
	h->irq = 0;
	unbind_from_irqhandler(irq, h);
	ck_peer_kick(hostile_peer(h));
	hostile_settle(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_IDLE);
	KUNIT_EXPECT_EQ(test, xen_sim.ports, 0u);
}

/* Case 22: of two offers that cross, that of the lower MAC stands. */
static void test_both_offer(struct kunit *test)
{
	struct hostile *h = test->priv;
	bool device_wins;

	make_offer(h);
	hostile_prepare(h);
	device_wins = memcmp(h->ck->lower->dev_addr, h->id.mac, ETH_ALEN) < 0;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
	KUNIT_EXPECT_EQ(test, state(h), device_wins ? COKEEPER_STATE_OFFERED :
						      COKEEPER_STATE_CONNECTED);
	hostile_settle(h);
}

/* An offer that is known or late changes nothing; one after the channel's end is taken. */
static void test_offer_again(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_channel *ch;

	hostile_open(h);
	ch = hostile_peer(h)->channel;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
	KUNIT_EXPECT_PTR_EQ(test, hostile_peer(h)->channel, ch);
	h->offer++;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
	KUNIT_EXPECT_PTR_EQ(test, hostile_peer(h)->channel, ch);
	WRITE_ONCE(h->control->end[CK_OFFERER].state, CK_END_CLOSED);
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_CONNECTED);
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->channel->id, h->offer);
}

/* Case 17, for who offers. */
static void test_no_room(struct kunit *test)
{
	u32 *max[] = { &xen_sim.grants_max, &xen_sim.ports_max, &xen_sim.irqs_max };
	struct hostile *h = test->priv;
	unsigned int i;
	u32 was;

	hostile_join(h);
	for (i = 0; i < ARRAY_SIZE(max); i++) {
		was = *max[i];
		*max[i] = i ? 0 : 100;
		hostile_xmit(h, PACKET);
		hostile_settle(h);
		KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_BACKOFF);
		KUNIT_EXPECT_EQ(test, reason(h), COKEEPER_REASON_NO_RESOURCES);
		KUNIT_EXPECT_EQ(test, xen_sim.grants, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.ports, 0u);
		*max[i] = was;
		hostile_join(h);
	}
	hostile_xmit(h, PACKET);
	hostile_settle(h);
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_OFFERED);
}

/* A packet has no channel offered, since the domain is in quarantine. */
static void expect_quarantine(struct hostile *h)
{
	hostile_xmit(h, PACKET);
	hostile_settle(h);
	KUNIT_EXPECT_EQ(h->test, state(h), COKEEPER_STATE_BACKOFF);
	KUNIT_EXPECT_EQ(h->test, reason(h), COKEEPER_REASON_PROTOCOL_ERROR);
}

/* A state that goes back breaks the protocol. Neither another instance nor leaving and coming
 * again ends the quarantine, and the next one is longer.
 */
static void test_quarantine(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_lane *lane;

	hostile_open(h);
	hostile_notify(h);
	hostile_settle(h);
	WRITE_ONCE(h->control->end[CK_OFFERER].state, CK_END_INIT);
	hostile_notify(h);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
	KUNIT_EXPECT_LE(test, ck_account_quarantine(hostile_peer(h)->account, NULL), 1ul * HZ);
	h->id.instance++;
	hostile_join(h);
	expect_quarantine(h);
	mutex_lock(&h->ck->lock);
	ck_peertable_forget_all(h->ck, COKEEPER_CAUSE_RESYNC);
	mutex_unlock(&h->ck->lock);
	hostile_join(h);
	expect_quarantine(h);
	msleep(1100);
	make_offer(h);

	/* So does a bad index, before the offer was answered. */
	lane = &hostile_peer(h)->channel->lane[0];
	WRITE_ONCE(lane->control->ring[CK_ACCEPTOR].prod, 1u << 31);
	ck_queue_schedule(lane->queue, &lane->source);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
	KUNIT_EXPECT_GT(test, ck_account_quarantine(hostile_peer(h)->account, NULL), 1ul * HZ);
	KUNIT_EXPECT_LE(test, ck_account_quarantine(hostile_peer(h)->account, NULL), 2ul * HZ);

	/* Elsewhere the number is another domain's. */
	ck_account_forgive_all();
	make_offer(h);
}

/* Where giving all idle channels back would not be enough for another, they stay. */
static void test_no_memory(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer *first;
	u32 share;

	hostile_open(h);
	first = hostile_peer(h);
	msleep(1100);
	h->id.domid ^= 1 << 14;
	h->id.mac[5]++;
	hostile_join(h);
	share = h->ck->memory_share;
	h->ck->memory_share = 0;
	hostile_xmit(h, PACKET);
	hostile_settle(h);
	h->ck->memory_share = share;
	KUNIT_EXPECT_EQ(test, state(h), COKEEPER_STATE_BACKOFF);
	KUNIT_EXPECT_EQ(test, reason(h), COKEEPER_REASON_NO_RESOURCES);
	KUNIT_EXPECT_EQ(test, first->state, COKEEPER_STATE_CONNECTED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_accepted),
	KUNIT_CASE(test_timeout),
	KUNIT_CASE_PARAM(test_bad_answer, state_gen_params),
	KUNIT_CASE_PARAM(test_bad_end, state_gen_params),
	KUNIT_CASE(test_port_gone),
	KUNIT_CASE(test_both_offer),
	KUNIT_CASE(test_offer_again),
	KUNIT_CASE(test_no_room),
	KUNIT_CASE(test_quarantine),
	KUNIT_CASE(test_no_memory),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-connect",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
