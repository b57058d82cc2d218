// SPDX-License-Identifier: GPL-2.0
/* What a hostile peer writes into a ring that the device receives from. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "hostile.h"

#define DATA_SIZE	2048

static u8 data[CK_FRAME_MAX];

/* A frame of @len bytes, with nothing special. */
static struct ck_frame frame_of(u32 len)
{
	return (struct ck_frame){ .len = len };
}

static struct virtio_net_hdr *hdr_of(struct ck_frame *frame)
{
	return (struct virtio_net_hdr *)frame->vnet_hdr;
}

/* A TCP segment of @len bytes. */
static void put_tcp(u32 len)
{
	struct iphdr *ip = (struct iphdr *)data;
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);

	memset(data, 0, len);
	hostile_ping(data, len);
	ip->protocol = IPPROTO_TCP;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
}

static void put_tcp6(u32 len)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)data;
	struct tcphdr *tcp = (struct tcphdr *)(ip6 + 1);

	memset(data, 0, len);
	ip6->version = 6;
	ip6->payload_len = htons(len - sizeof(*ip6));
	ip6->nexthdr = IPPROTO_TCP;
	ip6->hop_limit = 64;
	ip6->saddr.s6_addr[15] = 1;
	ip6->daddr.s6_addr[15] = 2;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
}

static void open_with_ping(struct hostile *h)
{
	hostile_open(h);
	hostile_ping(data, DATA_SIZE);
}

static void test_good(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(84);
	u64 before;

	open_with_ping(h);
	hostile_ping(data, 84);
	before = hostile_received(h);
	hostile_send(h, &frame, data, 84);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 1);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

/* Case 1, and one that is not aligned. */
static void test_producer_beyond(struct kunit *test)
{
	struct hostile *h = test->priv;

	open_with_ping(h);
	WRITE_ONCE(h->tx.shared->prod, CK_RING_MIN + CK_FRAME_ALIGN);
	hostile_notify(h);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

static void test_producer_odd(struct kunit *test)
{
	struct hostile *h = test->priv;

	open_with_ping(h);
	WRITE_ONCE(h->tx.shared->prod, CK_FRAME_ALIGN / 2);
	hostile_notify(h);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

/* Case 2. */
static void test_producer_backwards(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(84);

	open_with_ping(h);
	hostile_send(h, &frame, data, 84);
	KUNIT_ASSERT_FALSE(test, hostile_quarantined(h));
	WRITE_ONCE(h->tx.shared->prod, h->tx.prod - CK_FRAME_ALIGN);
	hostile_notify(h);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

static void describe_number(const u32 *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *nr);
}

/* Case 5: a length beyond what was produced. */
static const u32 wraps[] = { 49, 128, CK_RING_MIN, 0x80000000u, U32_MAX - 15, U32_MAX };

KUNIT_ARRAY_PARAM(wrap, wraps, describe_number);

static void test_length_wraps(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(*(const u32 *)test->param_value);

	open_with_ping(h);
	memcpy(h->addr[0], &frame, sizeof(frame));
	WRITE_ONCE(h->tx.shared->prod, 64);
	hostile_notify(h);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
}

/* Cases 5 and 9: a length that is within the ring, and of no good packet. */
static const u32 lengths[] = { 0, 1, 19, HOSTILE_MTU + 1, CK_FRAME_MAX + 1 };

KUNIT_ARRAY_PARAM(length, lengths, describe_number);

static void test_bad_length(struct kunit *test)
{
	struct hostile *h = test->priv;
	u32 len = *(const u32 *)test->param_value;
	struct ck_frame frame = frame_of(len), good = frame_of(84);
	unsigned long dropped;
	u64 before;

	open_with_ping(h);
	dropped = hostile_count(h, CK_RX_DROPPED_LENGTH);
	before = hostile_received(h);
	/* Not from data: it is shorter than the longest. */
	hostile_send(h, &frame, data, 0);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_RX_DROPPED_LENGTH), dropped + 1);
	hostile_send(h, &good, data, 84);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 1);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

/* Case 5: once too often. */
static void test_many_bad(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(4);
	unsigned int i;

	open_with_ping(h);
	for (i = 0; i < 64; i++)
		hostile_send(h, &frame, data, 4);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
	hostile_send(h, &frame, data, 4);
	KUNIT_EXPECT_TRUE(test, hostile_quarantined(h));
	/* No offer of it is taken. */
	KUNIT_EXPECT_EQ(test, hostile_offer(h), -EAGAIN);
}

/* Case 7. */
struct gso_case {
	const char *name;
	u8 type;
	u16 size;
	bool ipv6;
};

static const struct gso_case gso_cases[] = {
	{ "unknown", 9, 1000 },
	{ "udp", VIRTIO_NET_HDR_GSO_UDP, 1000 },
	{ "tcp4_size_zero", VIRTIO_NET_HDR_GSO_TCPV4, 0 },
	{ "tcp4_size_by_frags", VIRTIO_NET_HDR_GSO_TCPV4, 0xffff },
	{ "tcp6_in_tcp4", VIRTIO_NET_HDR_GSO_TCPV6, 1000 },
	{ "tcp4_in_tcp6", VIRTIO_NET_HDR_GSO_TCPV4, 1000, true },
	{ "all_bits", 0xff, 1000 },
};

static void describe_gso(const struct gso_case *it, char *desc)
{
	strscpy(desc, it->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gso, gso_cases, describe_gso);

static void test_bad_gso(struct kunit *test)
{
	const struct gso_case *it = test->param_value;
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(DATA_SIZE);
	unsigned long dropped;
	u64 before;

	hostile_open(h);
	if (it->ipv6)
		put_tcp6(DATA_SIZE);
	else
		put_tcp(DATA_SIZE);
	hdr_of(&frame)->gso_type = it->type;
	hdr_of(&frame)->gso_size = it->size;
	dropped = hostile_count(h, CK_RX_DROPPED_HEADER);
	before = hostile_received(h);
	hostile_send(h, &frame, data, DATA_SIZE);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_RX_DROPPED_HEADER), dropped + 1);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

/* Case 6: the largest, by both protocols, and header lengths that are nonsense. */
static void test_good_gso(struct kunit *test)
{
	static const u16 hdr_len[] = { 0, 40, 60, 255, 0xffff };
	struct hostile *h = test->priv;
	struct ck_frame frame;
	unsigned int i;
	u64 before;

	hostile_open(h);
	before = hostile_received(h);
	for (i = 0; i < 2 * ARRAY_SIZE(hdr_len); i++) {
		u32 len = i % 2 ? 65535 : CK_FRAME_MAX;

		frame = frame_of(len);
		if (i % 2)
			put_tcp(len);
		else
			put_tcp6(len);
		hdr_of(&frame)->gso_type = (i % 2 ? VIRTIO_NET_HDR_GSO_TCPV4 :
				VIRTIO_NET_HDR_GSO_TCPV6) | VIRTIO_NET_HDR_GSO_ECN;
		hdr_of(&frame)->gso_size = 1448;
		hdr_of(&frame)->hdr_len = hdr_len[i / 2];
		hostile_send(h, &frame, data, len);
	}
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + i);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));
}

/* Case 7: what is neither IPv4 nor IPv6, and IPv6 without all of its header. */
static void test_bad_version(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(84), cut = frame_of(24);
	unsigned long dropped;
	u64 before;

	hostile_open(h);
	dropped = hostile_count(h, CK_RX_DROPPED_HEADER);
	before = hostile_received(h);
	memset(data, 0xff, 84);
	hostile_send(h, &frame, data, 84);
	put_tcp6(84);
	hostile_send(h, &cut, data, 24);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_RX_DROPPED_HEADER), dropped + 2);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before);
}

/* Case 8: the offsets are not believed, and what has no place for a checksum is dropped; a
 * process of the peer could have sent it, so there is no quarantine for it.
 */
static void test_checksum(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(100), cut = frame_of(24);
	unsigned long dropped;
	unsigned int i;
	u64 before;

	hostile_open(h);
	put_tcp(100);
	hdr_of(&frame)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr_of(&frame)->csum_start = 0xffff;
	hdr_of(&frame)->csum_offset = 0xffff;
	before = hostile_received(h);
	hostile_send(h, &frame, data, 100);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 1);

	hdr_of(&cut)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	dropped = hostile_count(h, CK_RX_DROPPED_HEADER);
	for (i = 0; i < 100; i++)
		hostile_send(h, &cut, data, 24);
	KUNIT_EXPECT_EQ(test, hostile_count(h, CK_RX_DROPPED_HEADER), dropped + 100);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 1);
	KUNIT_EXPECT_FALSE(test, hostile_quarantined(h));

	hdr_of(&frame)->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	hostile_send(h, &frame, data, 100);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 2);
}

/* Case 10: the lane is still served. */
static void test_event_storm(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct ck_frame frame = frame_of(84);
	u32 spurious = xen_sim.spurious;
	unsigned int i;
	u64 before;

	open_with_ping(h);
	for (i = 0; i < 1000; i++)
		hostile_notify(h);
	KUNIT_EXPECT_GT(test, xen_sim.spurious, spurious + 900);
	before = hostile_received(h);
	hostile_send(h, &frame, data, 84);
	KUNIT_EXPECT_EQ(test, hostile_received(h), before + 1);
}

/* All values of all bytes of a frame's header: nothing but frames that count as dropped or
 * received, or quarantine.
 */
static void test_random(struct kunit *test)
{
	struct hostile *h = test->priv;
	struct rnd_state rnd;
	struct ck_frame frame;
	unsigned int i;
	u32 len;

	prandom_seed_state(&rnd, 7);
	hostile_open(h);
	for (i = 0; i < 3000; i++) {
		/* A peer that is in quarantine comes back as another. */
		if (hostile_quarantined(h)) {
			KUNIT_EXPECT_GT(test, i, 64u);
			break;
		}
		len = prandom_u32_state(&rnd) % 3000;
		prandom_bytes_state(&rnd, data, len);
		prandom_bytes_state(&rnd, frame.vnet_hdr, sizeof(frame.vnet_hdr));
		data[0] = i % 2 ? 0x45 : 0x60;
		frame.len = len;
		if (i % 4 == 0)
			frame.vnet_hdr[1] = VIRTIO_NET_HDR_GSO_TCPV4;
		hostile_send(h, &frame, data, len);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_good),
	KUNIT_CASE(test_producer_beyond),
	KUNIT_CASE(test_producer_odd),
	KUNIT_CASE(test_producer_backwards),
	KUNIT_CASE_PARAM(test_length_wraps, wrap_gen_params),
	KUNIT_CASE_PARAM(test_bad_length, length_gen_params),
	KUNIT_CASE(test_many_bad),
	KUNIT_CASE_PARAM(test_bad_gso, gso_gen_params),
	KUNIT_CASE(test_good_gso),
	KUNIT_CASE(test_bad_version),
	KUNIT_CASE(test_checksum),
	KUNIT_CASE(test_event_storm),
	KUNIT_CASE(test_random),
	{ }
};

static struct kunit_suite suite = {
	.name = "cokeeper-receive",
	.init = hostile_init,
	.exit = hostile_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
