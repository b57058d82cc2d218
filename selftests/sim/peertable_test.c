// SPDX-License-Identifier: GPL-2.0
/* The table of peers: what a helper may tell of them. */

#include <linux/mm.h>

#include "hostile.h"

/* Case 24. */
#define MANY	10000

/* Peers that differ in the last bytes of their MAC. */
static struct ck_peer_id *ids(struct kunit *test, unsigned int nr)
{
	struct ck_peer_id *id = kunit_kzalloc(test, nr * sizeof(*id), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, id);
	for (i = 0; i < nr; i++) {
		id[i] = (struct ck_peer_id){
			.mac = { 0x02, 0x16, 0x3e, i >> 16, i >> 8, i },
			.domid = 1 + i % 30000,
			.instance = i + 1,
		};
	}
	return id;
}

static int set(struct hostile *h, const struct ck_peer_id *id)
{
	int err;

	mutex_lock(&h->ck->lock);
	err = ck_peertable_set(h->ck, id, hostile_any, COKEEPER_CAUSE_ANNOUNCED, NULL);
	mutex_unlock(&h->ck->lock);
	return err;
}

static int replace(struct hostile *h, const struct ck_peer_id *id, unsigned int nr)
{
	int err;

	mutex_lock(&h->ck->lock);
	err = ck_peertable_replace(h->ck, id, hostile_any, nr, COKEEPER_CAUSE_RESYNC, NULL);
	mutex_unlock(&h->ck->lock);
	return err;
}

static int del(struct hostile *h, const u8 *mac)
{
	int err;

	mutex_lock(&h->ck->lock);
	err = ck_peertable_del(h->ck, mac, COKEEPER_CAUSE_POLICY, NULL);
	mutex_unlock(&h->ck->lock);
	return err;
}

/* Are these the peers, and no others? */
static bool holds(struct hostile *h, const struct ck_peer_id *id, unsigned int nr)
{
	bool all = true;
	unsigned int i;

	mutex_lock(&h->ck->lock);
	for (i = 0; i < nr; i++) {
		struct ck_peer *peer = ck_peer_lookup(h->ck, id[i].mac);

		all &= peer && peer->id.domid == id[i].domid &&
		       peer->id.instance == id[i].instance;
	}
	all &= h->ck->nr_peers == nr;
	mutex_unlock(&h->ck->lock);
	return all;
}

static void test_set(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id *id = ids(test, 3);
	u32 generation = h->ck->generation;

	KUNIT_EXPECT_EQ(test, set(h, &id[0]), 0);
	KUNIT_EXPECT_EQ(test, set(h, &id[1]), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 2));
	KUNIT_EXPECT_EQ(test, h->ck->generation, generation + 2);
	/* Nothing new. */
	KUNIT_EXPECT_EQ(test, set(h, &id[1]), 0);
	KUNIT_EXPECT_EQ(test, h->ck->generation, generation + 2);
	/* Another instance, and another domain. */
	id[1].instance += 100;
	id[0].domid += 100;
	KUNIT_EXPECT_EQ(test, set(h, &id[1]), 0);
	KUNIT_EXPECT_EQ(test, set(h, &id[0]), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 2));
	KUNIT_EXPECT_EQ(test, h->ck->generation, generation + 4);
	KUNIT_EXPECT_EQ(test, del(h, id[2].mac), -ENOENT);
	KUNIT_EXPECT_EQ(test, del(h, id[1].mac), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 1));
}

static void test_bad_mac(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id *id = ids(test, 2);

	KUNIT_ASSERT_EQ(test, replace(h, id, 1), 0);
	ether_addr_copy(id[1].mac, h->ck->lower->dev_addr);
	KUNIT_EXPECT_EQ(test, set(h, &id[1]), -EINVAL);
	KUNIT_EXPECT_EQ(test, replace(h, id, 2), -EINVAL);
	eth_zero_addr(id[1].mac);
	KUNIT_EXPECT_EQ(test, set(h, &id[1]), -EINVAL);
	eth_broadcast_addr(id[1].mac);
	KUNIT_EXPECT_EQ(test, replace(h, id, 2), -EINVAL);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 1));
}

/* Case 25: refused whole. */
static void test_duplicate(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id *id = ids(test, 100), *old = ids(test, 3);

	KUNIT_ASSERT_EQ(test, replace(h, old, 3), 0);
	ether_addr_copy(id[99].mac, id[17].mac);
	KUNIT_EXPECT_EQ(test, replace(h, id, 100), -EEXIST);
	KUNIT_EXPECT_TRUE(test, holds(h, old, 3));
}

static void test_replace(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id *id = ids(test, 20);
	struct ck_peer *stays;

	KUNIT_EXPECT_EQ(test, replace(h, id, 10), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 10));
	mutex_lock(&h->ck->lock);
	stays = ck_peer_lookup(h->ck, id[7].mac);
	mutex_unlock(&h->ck->lock);
	id[8].instance++;
	KUNIT_EXPECT_EQ(test, replace(h, id + 5, 10), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id + 5, 10));
	mutex_lock(&h->ck->lock);
	KUNIT_EXPECT_PTR_EQ(test, ck_peer_lookup(h->ck, id[7].mac), stays);
	mutex_unlock(&h->ck->lock);
	KUNIT_EXPECT_EQ(test, replace(h, NULL, 0), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, NULL, 0));
}

/* Case 24: up to the limit, and not one more. */
static void test_many(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id *id = ids(test, MANY);

	KUNIT_ASSERT_EQ(test, replace(h, id, 10), 0);
	KUNIT_EXPECT_EQ(test, replace(h, id, MANY), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, holds(h, id, 10));
	KUNIT_EXPECT_EQ(test, replace(h, id, COKEEPER_MAX_PEERS), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id, COKEEPER_MAX_PEERS));
	KUNIT_EXPECT_EQ(test, set(h, &id[COKEEPER_MAX_PEERS]), -ENOSPC);
	KUNIT_EXPECT_EQ(test, set(h, &id[COKEEPER_MAX_PEERS - 1]), 0);
	KUNIT_EXPECT_EQ(test, replace(h, id + 5000, COKEEPER_MAX_PEERS), 0);
	KUNIT_EXPECT_TRUE(test, holds(h, id + 5000, COKEEPER_MAX_PEERS));
}

/* A channel ends with its peer's membership (case 28), or instance. */
static void test_leaves(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_open(h);
	KUNIT_EXPECT_GT(test, xen_sim.maps, 0u);
	KUNIT_EXPECT_EQ(test, replace(h, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
	KUNIT_EXPECT_EQ(test, READ_ONCE(h->control->end[CK_ACCEPTOR].state), (u32)CK_END_CLOSED);
}

static void test_renewed(struct kunit *test)
{
	struct hostile *h = test->priv;

	hostile_open(h);
	h->id.instance++;
	KUNIT_EXPECT_EQ(test, set(h, &h->id), 0);
	KUNIT_EXPECT_EQ(test, hostile_peer(h)->state, COKEEPER_STATE_IDLE);
	KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_set),
	KUNIT_CASE(test_bad_mac),
	KUNIT_CASE(test_duplicate),
	KUNIT_CASE(test_replace),
	KUNIT_CASE(test_many),
	KUNIT_CASE(test_leaves),
	KUNIT_CASE(test_renewed),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-peertable",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
