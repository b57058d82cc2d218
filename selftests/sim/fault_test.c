// SPDX-License-Identifier: GPL-2.0
/* Each allocation of what is done for peers fails once (case 36). */

#include "hostile.h"

#define NTH_MAX	5000

/* Did the allocation number that was set not come? */
static bool none_left(void)
{
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	return left;
}

static void forget(struct hostile *h)
{
	mutex_lock(&h->ck->lock);
	ck_peertable_forget_all(h->ck, COKEEPER_CAUSE_RESYNC);
	mutex_unlock(&h->ck->lock);
	hostile_settle(h);
	/* The next one has attempted no channel yet. */
	h->id.domid++;
}

static void test_set(struct kunit *test)
{
	struct hostile *h = test->priv;
	bool done = false;
	int nth, err;

	mutex_lock(&h->ck->lock);
	for (nth = 1; nth < NTH_MAX && !done; nth++) {
		current->fail_nth = nth;
		err = ck_peertable_set(h->ck, &h->id, hostile_any, COKEEPER_CAUSE_ANNOUNCED, NULL);
		done = none_left();
		if (err)
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, h->ck->nr_peers, err ? 0 : 1);
		ck_peertable_forget_all(h->ck, COKEEPER_CAUSE_RESYNC);
	}
	mutex_unlock(&h->ck->lock);
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_EQ(test, err, 0);
}

/* All of the new peers, or all of the old ones. */
static void test_replace(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_peer_id id[20];
	bool done = false;
	int nth, err, i;

	for (i = 0; i < ARRAY_SIZE(id); i++) {
		id[i] = h->id;
		id[i].mac[4] = i;
	}
	mutex_lock(&h->ck->lock);
	for (nth = 1; nth < NTH_MAX && !done; nth++) {
		KUNIT_ASSERT_EQ(test, ck_peertable_replace(h->ck, id, hostile_any, 3,
							   COKEEPER_CAUSE_RESYNC, NULL), 0);
		current->fail_nth = nth;
		err = ck_peertable_replace(h->ck, id + 1, hostile_any, ARRAY_SIZE(id) - 1,
					   COKEEPER_CAUSE_RESYNC, NULL);
		done = none_left();
		KUNIT_EXPECT_EQ(test, h->ck->nr_peers, err ? 3 : ARRAY_SIZE(id) - 1);
	}
	mutex_unlock(&h->ck->lock);
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_EQ(test, err, 0);
}

static void test_accept(struct kunit *test)
{
	struct hostile *h = test->priv;
	int nth, err = 0, failures = 0;
	bool done = false;

	hostile_prepare(h);
	for (nth = 1; nth < NTH_MAX && !done; nth++) {
		hostile_join(h);
		current->fail_nth = nth;
		err = hostile_offer(h);
		done = none_left();
		if (err)
			KUNIT_EXPECT_TRUE(test, err == -ENOMEM || err == -ENOSPC);
		failures += !!err;
		forget(h);
		KUNIT_EXPECT_EQ(test, xen_sim.maps, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.pages, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.ports, 1u);
	}
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_EQ(test, err, 0);
	/* At least each page that is mapped. */
	KUNIT_EXPECT_GT(test, failures, HOSTILE_PAGES);
}

/* Run the peer's work here, where its allocations can be made to fail. */
static void run_work(struct hostile *h, int nth)
{
	struct ck_peer *peer = hostile_peer(h);

	kref_get(&peer->ref);
	WRITE_ONCE(peer->wanted, true);
	current->fail_nth = nth;
	ck_connect_work(&peer->work.work);
}

static void test_offer(struct kunit *test)
{
	struct hostile *h = test->priv;
	bool done = false;
	int nth;

	for (nth = 1; nth < NTH_MAX && !done; nth++) {
		hostile_join(h);
		run_work(h, nth);
		done = none_left();
		if (hostile_peer(h)->state != COKEEPER_STATE_OFFERED)
			KUNIT_EXPECT_EQ(test, hostile_peer(h)->reason,
					COKEEPER_REASON_NO_RESOURCES);
		forget(h);
		KUNIT_EXPECT_EQ(test, xen_sim.grants, 0u);
		KUNIT_EXPECT_EQ(test, xen_sim.ports, 0u);
	}
	KUNIT_EXPECT_TRUE(test, done);
}

/* A frame for which there is no memory is dropped, and the next ones are taken. */
static void test_receive(struct kunit *test)
{
	static u8 data[CK_FRAME_MAX];
	struct hostile *h = test->priv;
	struct ck_frame frame = { .len = CK_FRAME_MAX };
	struct virtio_net_hdr *hdr = (struct virtio_net_hdr *)frame.vnet_hdr;
	struct ck_lane *lane;
	bool done = false;
	unsigned long dropped;
	int nth;

	hostile_open(h);
	hostile_ping(data, CK_FRAME_MAX);
	/* Not received in the end, but that takes memory for all of it. */
	hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	hdr->gso_size = 1448;
	lane = &hostile_peer(h)->channel->lane[0];
	dropped = hostile_count(h, CK_RX_DROPPED_MEMORY);
	for (nth = 1; nth < NTH_MAX && !done; nth++) {
		if (nth % 50 == 0) {
			/* Frames with a wrong header end a channel, if there are many. */
			mutex_lock(&h->ck->lock);
			lane->rx.bad_frames = 0;
			mutex_unlock(&h->ck->lock);
		}
		hostile_put(h, &frame, data, CK_FRAME_MAX);
		ck_ring_publish(&h->tx);
		local_bh_disable();
		ck_queue_mark_ready(lane->queue, &lane->source);
		current->fail_nth = nth;
		ck_queue_poll_now(lane->queue);
		done = none_left();
		local_bh_enable();
		hostile_settle(h);
		KUNIT_EXPECT_EQ(test, READ_ONCE(h->tx.shared->cons), h->tx.prod);
	}
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_GT(test, hostile_count(h, CK_RX_DROPPED_MEMORY), dropped);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_set),
	KUNIT_CASE(test_replace),
	KUNIT_CASE(test_accept),
	KUNIT_CASE(test_offer),
	KUNIT_CASE(test_receive),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-faults",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
