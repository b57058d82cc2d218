// SPDX-License-Identifier: GPL-2.0
/* A peer that does what it likes, for tests. The device under test is "cokeeper0" in the
 * initial network namespace, up, and without a helper of its own.
 */

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/ip.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <xen/page.h>
#include <asm/xen/hypercall.h>

#include "hostile.h"

/* Netlink port of a helper that hears nothing. */
#define HELPER	0x7fffffff

struct ck_sources *hostile_any[HOSTILE_PEERS];

static u16 domid = HOSTILE_DOMID;
static const u8 mac[ETH_ALEN] = { 0x00, 0x16, 0x3e, 0xff, 0xff, 0x01 };

/**
 * hostile_init() - KUnit's init: find the device, and become its helper
 * @test: its priv is the peer, in no table yet
 */
int hostile_init(struct kunit *test)
{
	struct hostile *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	struct net_device *dev = dev_get_by_name(&init_net, "cokeeper0");
	int err;

	if (!h || !dev || !ck_is_device(dev))
		return -ENODEV;
	h->test = test;
	h->ck = netdev_priv(dev);
	ether_addr_copy(h->id.mac, mac);
	/* Each test has a domain of its own, which has attempted no channel yet. */
	h->id.domid = domid++;
	h->id.instance = HOSTILE_INSTANCE;
	test->priv = h;
	mutex_lock(&h->ck->lock);
	err = ck_device_bind_helper(h->ck, HELPER, NULL);
	mutex_unlock(&h->ck->lock);
	return err;
}

/**
 * hostile_exit() - KUnit's exit: forget the peer, and see that nothing of it is left
 * @test: the test
 */
void hostile_exit(struct kunit *test)
{
	struct hostile *h = test->priv;
	unsigned int i;

	if (!h)
		return;
	mutex_lock(&h->ck->lock);
	ck_peertable_forget_all(h->ck, COKEEPER_CAUSE_RESYNC);
	mutex_unlock(&h->ck->lock);
	hostile_settle(h);
	if (h->irq)
		unbind_from_irqhandler(h->irq, h);
	for (i = 0; i < h->nr_granted; i++)
		if (h->ref[i])
			KUNIT_EXPECT_TRUE(test, gnttab_try_end_foreign_access(h->ref[i]));
	for (i = 0; i < ARRAY_SIZE(h->page); i++)
		if (h->page[i])
			__free_page(h->page[i]);
	KUNIT_EXPECT_EQ(test, xen_sim.maps, 0);
	KUNIT_EXPECT_EQ(test, xen_sim.pages, 0);
	KUNIT_EXPECT_EQ(test, xen_sim.grants, 0);
	KUNIT_EXPECT_EQ(test, xen_sim.ports, 0);
	KUNIT_EXPECT_EQ(test, xen_sim.irqs, 0);
	dev_put(h->ck->dev);
}

/* The device is told of the peer. */
void hostile_join(struct hostile *h)
{
	int err;

	mutex_lock(&h->ck->lock);
	err = ck_peertable_set(h->ck, &h->id, hostile_any, COKEEPER_CAUSE_ANNOUNCED, NULL);
	mutex_unlock(&h->ck->lock);
	KUNIT_ASSERT_EQ(h->test, err, 0);
}

/* The peer in the device's table; it stays until that changes. */
struct ck_peer *hostile_peer(struct hostile *h)
{
	struct ck_peer *peer;

	mutex_lock(&h->ck->lock);
	peer = ck_peer_lookup(h->ck, h->id.mac);
	mutex_unlock(&h->ck->lock);
	return peer;
}

static irqreturn_t on_event(int irq, void *arg)
{
	struct hostile *h = arg;

	h->events++;
	xen_irq_lateeoi(irq, 0);
	return IRQ_HANDLED;
}

static void bind(struct hostile *h, u32 port)
{
	h->port = port;
	h->irq = bind_evtchn_to_irq_lateeoi(port);
	KUNIT_ASSERT_GT(h->test, h->irq, 0);
	KUNIT_ASSERT_EQ(h->test, request_irq(h->irq, on_event, 0, "hostile", h), 0);
}

/* Make all that a good offer consists of; the test may then spoil it. */
void hostile_prepare(struct hostile *h)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 0 };
	unsigned int i;
	int ref;

	for (i = 0; i < ARRAY_SIZE(h->page); i++) {
		h->page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(h->test, h->page[i]);
		ref = gnttab_grant_foreign_access(0, xen_page_to_gfn(h->page[i]), 0);
		KUNIT_ASSERT_GT(h->test, ref, 0);
		h->ref[i] = ref;
		h->nr_granted++;
		if (i)
			h->addr[i - 1] = page_address(h->page[i]);
	}
	KUNIT_ASSERT_EQ(h->test, HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0);
	bind(h, op.port);

	h->control = page_address(h->page[0]);
	h->control->magic = CK_CONTROL_MAGIC;
	h->control->version = CK_PROTOCOL_VERSION;
	h->control->from = h->id.instance;
	h->control->to = h->ck->instance;
	h->control->ring_size = CK_RING_MIN;
	memcpy(h->control->ref, &h->ref[1], HOSTILE_PAGES * sizeof(u32));
	h->control->end[CK_OFFERER].state = CK_END_OPEN;
	h->control->end[CK_OFFERER].mtu = HOSTILE_MTU;
	ck_ring_init(&h->tx, &h->control->ring[CK_OFFERER], h->addr, CK_RING_MIN);
	ck_ring_init(&h->rx, &h->control->ring[CK_ACCEPTOR], h->addr + HOSTILE_PAGES / 2,
		     CK_RING_MIN);
}

/* Make the offer. Returns what the device says. */
int hostile_offer(struct hostile *h)
{
	int err;

	mutex_lock(&h->ck->lock);
	err = ck_connect_offered(h->ck, &h->id, h->offer, h->ref[0], h->port, NULL);
	mutex_unlock(&h->ck->lock);
	return err;
}

/* A channel that the device has accepted. */
void hostile_open(struct hostile *h)
{
	hostile_join(h);
	hostile_prepare(h);
	KUNIT_ASSERT_EQ(h->test, hostile_offer(h), 0);
	KUNIT_ASSERT_EQ(h->test, hostile_peer(h)->state, COKEEPER_STATE_CONNECTED);
	hostile_settle(h);
}

/* Take what the device has offered; its pages are in this kernel. */
void hostile_accept(struct hostile *h)
{
	struct ck_peer *peer = hostile_peer(h);
	struct evtchn_bind_interdomain op = { .remote_dom = 0 };
	struct ck_lane *lane;

	KUNIT_ASSERT_EQ(h->test, peer->state, COKEEPER_STATE_OFFERED);
	lane = &peer->channel->lane[0];
	h->control = lane->control;
	op.remote_port = lane->evtchn.port;
	KUNIT_ASSERT_EQ(h->test, HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op), 0);
	bind(h, op.local_port);
	h->control->end[CK_ACCEPTOR].mtu = HOSTILE_MTU;
	/* As an honest peer: what it wrote before is there (protocol.h). */
	virt_store_release(&h->control->end[CK_ACCEPTOR].state, CK_END_OPEN);
	hostile_notify(h);
	hostile_settle(h);
}

/* Wait until the device does not poll, as it does in ksoftirqd if that is running. */
static void wait_for_poll(struct hostile *h)
{
	unsigned long end = jiffies + 5 * HZ;

	while (test_bit(NAPI_STATE_SCHED, &h->ck->queue[0].napi.state) && time_before(jiffies, end))
		msleep(20);
	KUNIT_ASSERT_FALSE(h->test, test_bit(NAPI_STATE_SCHED, &h->ck->queue[0].napi.state));
}

/* The device polls, if it does at all, before this returns. */
void hostile_notify(struct hostile *h)
{
	notify_remote_via_irq(h->irq);
	wait_for_poll(h);
}

/* Put a frame into the ring as @frame says, whatever @data has. */
void hostile_put(struct hostile *h, const struct ck_frame *frame, const void *data, u32 len)
{
	u32 pos;

	KUNIT_ASSERT_EQ(h->test, ck_ring_reserve(&h->tx, len), 0);
	pos = ck_ring_frame(&h->tx, frame);
	ck_ring_write(&h->tx, pos, data, len);
}

void hostile_send(struct hostile *h, const struct ck_frame *frame, const void *data, u32 len)
{
	hostile_put(h, frame, data, len);
	ck_ring_publish(&h->tx);
	hostile_notify(h);
}

/* Wait until the device has drawn its conclusions, and channels that are over have ended. */
void hostile_settle(struct hostile *h)
{
	wait_for_poll(h);
	flush_workqueue(ck_wq);
	ck_connect_wait_drained(h->ck);
}

bool hostile_quarantined(struct hostile *h)
{
	struct ck_peer *peer;

	hostile_settle(h);
	peer = hostile_peer(h);
	return peer->state == COKEEPER_STATE_BACKOFF &&
	       peer->reason == COKEEPER_REASON_PROTOCOL_ERROR && !peer->channel;
}

/* A counter of the device. */
unsigned long hostile_count(struct hostile *h, enum ck_stat stat)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(h->ck->stats, cpu)->value[stat]);
	return sum;
}

/* Packets that the device gave to the stack. */
u64 hostile_received(struct hostile *h)
{
	struct rtnl_link_stats64 stats;

	dev_get_stats(h->ck->dev, &stats);
	return stats.rx_packets;
}

/* Have the device's lower device send an IP packet to the peer. */
void hostile_xmit(struct hostile *h, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + len, GFP_KERNEL);
	struct ethhdr *eth;

	KUNIT_ASSERT_NOT_NULL(h->test, skb);
	skb_reserve(skb, LL_MAX_HEADER);
	hostile_ping(skb_put_zero(skb, len), len);
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	skb->dev = h->ck->lower;
	eth = skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	ether_addr_copy(eth->h_dest, h->id.mac);
	ether_addr_copy(eth->h_source, h->ck->lower->dev_addr);
	eth->h_proto = skb->protocol;
	dev_queue_xmit(skb);
}

/* Write an IP packet that is in order. Returns its length. */
u32 hostile_ping(void *data, u32 len)
{
	struct iphdr *ip = data;
	struct icmphdr *icmp = (struct icmphdr *)(ip + 1);

	*ip = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = htons(len), .ttl = 64,
		.protocol = IPPROTO_ICMP,
		.saddr = htonl(0x0a00010b), .daddr = htonl(0x0a00010a),
	};
	ip_send_check(ip);
	icmp->type = ICMP_ECHOREPLY;
	return len;
}
