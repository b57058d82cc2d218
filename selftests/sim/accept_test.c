// SPDX-License-Identifier: GPL-2.0
/* Offers, good and bad ones, that the device is to accept (cases 14 to 16). */

#include <linux/delay.h>

#include "hostile.h"

struct offer_case {
	const char *name;
	void (*spoil)(struct hostile *h);
	int err;
	enum cokeeper_reason reason;
};

static void spoil_gref(struct hostile *h)
{
	h->ref[0] = 4242;
}

static void spoil_port(struct hostile *h)
{
	h->port += 10;
}

static void spoil_magic(struct hostile *h)
{
	h->control->magic++;
}

static void spoil_version(struct hostile *h)
{
	h->control->version++;
}

static void spoil_from(struct hostile *h)
{
	h->control->from++;
}

static void spoil_to(struct hostile *h)
{
	h->control->to++;
}

static void no_ring(struct hostile *h)
{
	h->control->ring_size = 0;
}

static void small_ring(struct hostile *h)
{
	h->control->ring_size = CK_RING_MIN / 2;
}

static void odd_ring(struct hostile *h)
{
	h->control->ring_size = CK_RING_MIN + CK_RING_PAGE;
}

static void large_ring(struct hostile *h)
{
	h->control->ring_size = 2 * CK_RING_MAX;
}

static void endless_ring(struct hostile *h)
{
	h->control->ring_size = 0x80000000u;
}

/* The first, the last and some of the rings' pages. */
static void no_first_page(struct hostile *h)
{
	h->control->ref[0] = 4242;
}

static void no_last_page(struct hostile *h)
{
	h->control->ref[HOSTILE_PAGES - 1] = 0xffffffff;
}

static void some_pages(struct hostile *h)
{
	unsigned int i;

	for (i = 0; i < HOSTILE_PAGES; i += 3)
		h->control->ref[i] = i % 2 ? 0 : 4242 + i;
}

static const struct offer_case offer_cases[] = {
	{ "gref", spoil_gref, -EINVAL, COKEEPER_REASON_BAD_OFFER },
	{ "port", spoil_port, -EINVAL, COKEEPER_REASON_BAD_OFFER },
	{ "magic", spoil_magic, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "version", spoil_version, -EPROTONOSUPPORT, COKEEPER_REASON_VERSION },
	{ "from", spoil_from, -ESTALE, COKEEPER_REASON_BAD_OFFER },
	{ "to", spoil_to, -ESTALE, COKEEPER_REASON_BAD_OFFER },
	{ "no_ring", no_ring, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "small_ring", small_ring, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "odd_ring", odd_ring, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "large_ring", large_ring, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "endless_ring", endless_ring, -EBADMSG, COKEEPER_REASON_BAD_OFFER },
	{ "no_first_page", no_first_page, -EINVAL, COKEEPER_REASON_BAD_OFFER },
	{ "no_last_page", no_last_page, -EINVAL, COKEEPER_REASON_BAD_OFFER },
	{ "some_pages", some_pages, -EINVAL, COKEEPER_REASON_BAD_OFFER },
};

static void describe_offer(const struct offer_case *it, char *desc)
{
	strscpy(desc, it->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(offer, offer_cases, describe_offer);

/* Refused with a reason, all undone, and nothing written to a page that is no control page. */
static void test_bad_offer(struct kunit *test)
{
	const struct offer_case *it = test->param_value;
	u8 *before = kunit_kzalloc(test, CK_RING_PAGE, GFP_KERNEL);
	struct hostile *h = test->priv;
	u32 gref, port;

	hostile_join(h);
	hostile_prepare(h);
	gref = h->ref[0];
	port = h->port;
	it->spoil(h);
	memcpy(before, h->control, CK_RING_PAGE);
	KUNIT_EXPECT_EQ(test, hostile_offer(h), it->err);
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->state, COKEEPER_STATE_BACKOFF);
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->reason, it->reason);
	KUNIT_EXPECT_NULL(test, hostile_peer(h)->channel);
	KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
	KUNIT_EXPECT_EQ(test, xen_sim.ports, 1u);
	/* Where the page is in order but for the port, the device says that it is off. */
	if (it->spoil != spoil_port)
		KUNIT_EXPECT_EQ(test, memcmp(before, h->control, CK_RING_PAGE), 0);
	h->ref[0] = gref;
	h->port = port;
}

/* The peer's next offer is a good one: the last failure was no quarantine. */
static void test_after_bad_offer(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_join(h);
	hostile_prepare(h);
	h->control->version++;
	KUNIT_ASSERT_EQ(test, hostile_offer(h), -EPROTONOSUPPORT);
	h->control->version--;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->state, COKEEPER_STATE_CONNECTED);
	KUNIT_EXPECT_EQ(test, READ_ONCE(h->control->end[CK_ACCEPTOR].state), (u32)CK_END_OPEN);
}

/* Case 16: each mapping fails once. */
static void test_map_fails(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned int nth;

	hostile_join(h);
	hostile_prepare(h);
	for (nth = 1; nth <= 1 + HOSTILE_PAGES; nth++) {
		/* One attempt a second may be made. */
		msleep(MSEC_PER_SEC);
		xen_sim.map_fail_nth = nth;
		KUNIT_EXPECT_EQ(test, hostile_offer(h), -EINVAL);
		KUNIT_EXPECT_EQ(test, xen_sim.map_fail_nth, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.pages, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.ports, 1u);
	}
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
}

/* Case 17, for who accepts. */
static void test_no_room(struct kunit *test)
{
	u32 *max[] = { &xen_sim.maps_max, &xen_sim.ports_max, &xen_sim.irqs_max };
	struct hostile *h = test->priv;
	unsigned int i;
	u32 was;

	hostile_join(h);
	hostile_prepare(h);
	for (i = 0; i < ARRAY_SIZE(max); i++) {
		was = *max[i];
		*max[i] = i ? 1 : HOSTILE_PAGES;
		KUNIT_EXPECT_EQ(test, hostile_offer(h), -ENOSPC);
		KUNIT_EXPECT_EQ(test, hostile_peer(h)->reason, COKEEPER_REASON_NO_RESOURCES);
		KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.ports, 1u);
		*max[i] = was;
	}
	KUNIT_EXPECT_EQ(test, hostile_offer(h), 0);
}

/* A second lane that is none: the offer is refused as a whole, or the device, which has one
 * queue, does not look.
 */
static void test_next_lane(struct kunit *test)
{
	struct hostile *h = test->priv;
	bool looks = h->ck->dev->real_num_tx_queues > 1;

	hostile_join(h);
	hostile_prepare(h);
	h->control->next_ref = 4242;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), looks ? -EINVAL : 0);
}

static void test_next_lane_is_same(struct kunit *test)
{
	struct hostile *h = test->priv;
	bool looks = h->ck->dev->real_num_tx_queues > 1;

	hostile_join(h);
	hostile_prepare(h);
	h->control->next_ref = h->ref[0];
	h->control->next_port = h->port;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), looks ? -EINVAL : 0);
}

/* Case 19: another guest has the domain id now. */
static void test_instance(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_join(h);
	hostile_prepare(h);
	h->id.instance++;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), -ESTALE);
	h->id.instance--;
	h->id.mac[5]++;
	KUNIT_EXPECT_EQ(test, hostile_offer(h), -ENOENT);
	h->id.mac[5]--;
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->state, COKEEPER_STATE_IDLE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(test_bad_offer, offer_gen_params),
	KUNIT_CASE(test_after_bad_offer),
	KUNIT_CASE(test_map_fails),
	KUNIT_CASE(test_no_room),
	KUNIT_CASE(test_next_lane),
	KUNIT_CASE(test_next_lane_is_same),
	KUNIT_CASE(test_instance),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-accept",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
