// SPDX-License-Identifier: GPL-2.0
/* Modes: whole packets that lie: of their checksum, of GSO, of where they come from.
 *
 * The addresses are those of the lab: 10.0.0.(10 + N) and fd00::(10 + N).
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>

#include <linux/virtio_net.h>

#include "hostile.h"

/* What 'hold sink' counts. */
#define SINK_PORT	7101
#define SINK_SIZE	1400
#define FROM_PORT	7000
/* Packets of each kind. */
#define SOME		10
/* Room before the packet's payload. */
#define HEADERS		64

/* Since Linux 6.2. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

static const struct virtio_net_hdr plain;
static unsigned char packet[CK_FRAME_MAX];

struct address {
	int family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

static struct address address(const char *text)
{
	struct address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(a.family, text, &a.v6) != 1)
		die(text);
	return a;
}

/* The address of a guest of the lab. */
static struct address guest(unsigned int number, int family)
{
	char text[32];

	snprintf(text, sizeof(text), family == AF_INET ? "10.0.0.%u" : "fd00::%u", 10 + number);
	return address(text);
}

static struct address own_address(int family)
{
	return guest(own.b[5], family);
}

static struct address victim_address(int family)
{
	return guest(victim.b[5], family);
}

/* One that is neither ours nor the victim's. */
static struct address other_address(int family)
{
	unsigned int n = 1;

	while (n == own.b[5] || n == victim.b[5])
		n++;
	return guest(n, family);
}

static uint32_t sum(uint32_t before, const void *data, unsigned int len)
{
	const unsigned char *b = data;
	unsigned int i;

	for (i = 0; i < len; i++)
		before += i % 2 ? b[i] : b[i] << 8;
	return before;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s);
}

/* Puts an IP header before @len bytes; returns the place for these. */
static unsigned char *put_ip(struct address from, struct address to, uint8_t protocol,
			     uint8_t hops, unsigned int len)
{
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;
	struct iphdr *ip = (struct iphdr *)packet;

	memset(packet, 0, HEADERS + len);
	if (to.family == AF_INET) {
		ip->version = 4;
		ip->ihl = 5;
		ip->tot_len = htons(sizeof(*ip) + len);
		ip->ttl = hops;
		ip->protocol = protocol;
		ip->saddr = from.v4.s_addr;
		ip->daddr = to.v4.s_addr;
		ip->check = fold(sum(0, ip, sizeof(*ip)));
		return (unsigned char *)(ip + 1);
	}
	ip6->ip6_vfc = 6 << 4;
	ip6->ip6_plen = htons(len);
	ip6->ip6_nxt = protocol;
	ip6->ip6_hlim = hops;
	ip6->ip6_src = from.v6;
	ip6->ip6_dst = to.v6;
	return (unsigned char *)(ip6 + 1);
}

static unsigned int ip_len(int family)
{
	return family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
}

/* The checksum of what follows an IPv6 header. */
static uint16_t check6(const void *payload, unsigned int len, uint8_t protocol)
{
	const struct ip6_hdr *ip6 = (const struct ip6_hdr *)packet;

	return fold(sum(sum(len + protocol, &ip6->ip6_src, 32), payload, len));
}

static unsigned int put_udp(struct address from, struct address to, uint16_t from_port,
			    uint16_t to_port, unsigned int size)
{
	unsigned int len = sizeof(struct udphdr) + size;
	struct udphdr *udp = (struct udphdr *)put_ip(from, to, IPPROTO_UDP, 64, len);

	udp->source = htons(from_port);
	udp->dest = htons(to_port);
	udp->len = htons(len);
	if (to.family == AF_INET6)
		udp->check = check6(udp, len, IPPROTO_UDP);
	return ip_len(to.family) + len;
}

/* Sends datagrams from addresses most of which are not its own. */
static void spoof(struct lane *lane)
{
	const struct address from[] = {
		own_address(AF_INET), victim_address(AF_INET), other_address(AF_INET),
		address("10.0.0.1"), address("8.8.8.8"), address("127.0.0.1"), address("0.0.0.0"),
		address("224.0.0.1"), address("255.255.255.255"), address("10.0.0.255"),
		own_address(AF_INET6), victim_address(AF_INET6), other_address(AF_INET6),
		address("::1"), address("::"), address("ff02::1"), address("::ffff:10.0.0.12"),
	};
	unsigned int i, n, len;

	for (i = 0; i < ARRAY_SIZE(from); i++)
		for (n = 0; n < SOME; n++) {
			len = put_udp(from[i], victim_address(from[i].family), FROM_PORT, SINK_PORT,
				      SINK_SIZE);
			if (!lane_send(lane, &plain, packet, len))
				return;
		}
	lane_drained(lane, SETTLE_MS);
}

/* A router that is none: a default route, a prefix for addresses, and a way to another guest. */
static unsigned int put_router_advertisement(struct address to)
{
	static const struct nd_opt_prefix_info prefix = {
		.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
		.nd_opt_pi_len = 4,
		.nd_opt_pi_prefix_len = 64,
		.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
	};
	struct nd_opt_prefix_info *opt;
	struct nd_router_advert *ra;
	const unsigned int len = sizeof(*ra) + sizeof(*opt);

	ra = (struct nd_router_advert *)put_ip(address("fe80::bad"), to, IPPROTO_ICMPV6, 255, len);
	ra->nd_ra_type = ND_ROUTER_ADVERT;
	ra->nd_ra_router_lifetime = htons(1800);
	opt = (struct nd_opt_prefix_info *)(ra + 1);
	*opt = prefix;
	opt->nd_opt_pi_valid_time = htonl(3600);
	opt->nd_opt_pi_preferred_time = htonl(3600);
	opt->nd_opt_pi_prefix = address("2001:db8:bad::").v6;
	ra->nd_ra_cksum = check6(ra, len, IPPROTO_ICMPV6);
	return sizeof(struct ip6_hdr) + len;
}

static unsigned int put_redirect6(void)
{
	struct nd_redirect *rd;

	rd = (struct nd_redirect *)put_ip(address("fe80::bad"), victim_address(AF_INET6),
					  IPPROTO_ICMPV6, 255, sizeof(*rd));
	rd->nd_rd_type = ND_REDIRECT;
	rd->nd_rd_target = address("fe80::bad").v6;
	rd->nd_rd_dst = address("2001:db8:bad::1").v6;
	rd->nd_rd_cksum = check6(rd, sizeof(*rd), IPPROTO_ICMPV6);
	return sizeof(struct ip6_hdr) + sizeof(*rd);
}

/* "The way to the other guest is by me", in the name of dom0. */
static unsigned int put_redirect4(void)
{
	unsigned char *p = put_ip(address("10.0.0.1"), victim_address(AF_INET), IPPROTO_ICMP, 64,
				  sizeof(struct icmphdr) + sizeof(struct iphdr) + 8);
	struct iphdr *about = (struct iphdr *)(p + sizeof(struct icmphdr));
	struct icmphdr *icmp = (struct icmphdr *)p;

	icmp->type = ICMP_REDIRECT;
	icmp->code = ICMP_REDIR_HOST;
	icmp->un.gateway = own_address(AF_INET).v4.s_addr;
	about->version = 4;
	about->ihl = 5;
	about->protocol = IPPROTO_UDP;
	about->saddr = victim_address(AF_INET).v4.s_addr;
	about->daddr = other_address(AF_INET).v4.s_addr;
	icmp->checksum = fold(sum(0, icmp, sizeof(*icmp) + sizeof(*about) + 8));
	return sizeof(struct iphdr) + sizeof(*icmp) + sizeof(*about) + 8;
}

/* An answer that nobody asked for: the other guest's address is at our MAC. */
static unsigned int put_arp(void)
{
	static const unsigned char head[] = { 0, 1, 8, 0, 6, 4, 0, 2 };
	struct address other = other_address(AF_INET), to = victim_address(AF_INET);

	memcpy(packet, head, 8);
	memcpy(packet + 8, own.b, 6);
	memcpy(packet + 14, &other.v4, 4);
	memcpy(packet + 18, victim.b, 6);
	memcpy(packet + 24, &to.v4, 4);
	return 28;
}

static unsigned int put_boot_offer(void)
{
	return put_udp(address("10.0.0.1"), address("255.255.255.255"), 67, 68, 300);
}

/* Says who routes, who has which address, and where to boot from. */
static void ra(struct lane *lane)
{
	unsigned int i;

	for (i = 0; i < SOME; i++)
		if (!lane_send(lane, &plain, packet,
			       put_router_advertisement(address("ff02::1"))) ||
		    !lane_send(lane, &plain, packet,
			       put_router_advertisement(victim_address(AF_INET6))) ||
		    !lane_send(lane, &plain, packet, put_redirect6()) ||
		    !lane_send(lane, &plain, packet, put_redirect4()) ||
		    !lane_send(lane, &plain, packet, put_arp()) ||
		    !lane_send(lane, &plain, packet, put_boot_offer()))
			return;
	lane_drained(lane, SETTLE_MS);
}

static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6,
				     0, 43, 44, 60, 255 };
/* Header lengths as IP and TCP have them, right and wrong. */
static const uint8_t header_words[] = { 5, 0, 4, 15 };

/* A packet of 100 bytes whose headers may be wrong. */
static void put_nonsense(int family, uint8_t protocol, uint8_t words)
{
	unsigned char *p = put_ip(own_address(family), victim_address(family), protocol, 64,
				  100 - ip_len(family));

	((struct udphdr *)p)->dest = htons(SINK_PORT);
	/* Of TCP: an ACK. */
	p[12] = words << 4;
	p[13] = 0x10;
	if (family == AF_INET) {
		struct iphdr *ip = (struct iphdr *)packet;

		ip->ihl = words;
		ip->check = 0;
		ip->check = fold(sum(0, ip, words * 4));
	}
}

/* Counting a number up goes through all combinations of what is picked from it, one after
 * the other; something is left of it when there are no more.
 */
static unsigned int pick(unsigned int *number, unsigned int choices)
{
	unsigned int choice = *number % choices;

	*number /= choices;
	return choice;
}

#define PICK(number, array)	((array)[pick(number, ARRAY_SIZE(array))])

/* Checksums at each place where there is none. */
static bool checksums(struct lane *lane, int family)
{
	static const uint16_t places[] = {
		0, 1, 6, 16, 19, 20, 21, 40, 54, 98, 99, 100, 1400, 32768, 65535,
	};
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	unsigned int i, n;
	uint8_t protocol;

	for (i = 0;; i++) {
		n = i;
		protocol = PICK(&n, protocols);
		put_nonsense(family, protocol, PICK(&n, header_words));
		hdr.csum_start = PICK(&n, places);
		hdr.csum_offset = PICK(&n, places);
		if (n)
			return true;
		if (!lane_send(lane, &hdr, packet, 100))
			return false;
	}
}

/* GSO packets of a kind that there is, all else of which may be nonsense. */
static bool segments(struct lane *lane, int family)
{
	static const uint16_t sizes[] = { 1, 8, 100, 536, 1460, 9000, 65534 };
	static const uint16_t header_lengths[] = { 0, 54, 255, 65535 };
	static const uint16_t lengths[] = { 40, 41, 60, 100, 3000 };
	static const uint8_t flags[] = { 0, VIRTIO_NET_HDR_F_NEEDS_CSUM };
	static const uint8_t ecn[] = { 0, VIRTIO_NET_HDR_GSO_ECN };
	struct virtio_net_hdr hdr = { 0 };
	unsigned int i, n, len;
	uint8_t protocol;

	for (i = 0;; i++) {
		n = i;
		protocol = PICK(&n, protocols);
		put_nonsense(family, protocol, PICK(&n, header_words));
		hdr.gso_type = family == AF_INET ? VIRTIO_NET_HDR_GSO_TCPV4 :
						   VIRTIO_NET_HDR_GSO_TCPV6;
		hdr.gso_type |= PICK(&n, ecn);
		hdr.flags = PICK(&n, flags);
		hdr.gso_size = PICK(&n, sizes);
		hdr.hdr_len = PICK(&n, header_lengths);
		len = PICK(&n, lengths);
		if (n)
			return true;
		if (!lane_send(lane, &hdr, packet, len))
			return false;
	}
}

static void csum(struct lane *lane)
{
	if (checksums(lane, AF_INET) && checksums(lane, AF_INET6) && segments(lane, AF_INET) &&
	    segments(lane, AF_INET6))
		lane_drained(lane, SETTLE_MS);
}

/* Sends many packets that are described so. */
static void send_many(struct lane *lane, const struct virtio_net_hdr *hdr)
{
	unsigned int i;

	put_nonsense(AF_INET, IPPROTO_TCP, 5);
	for (i = 0; i < 100 && lane_send(lane, hdr, packet, 100); i++)
		;
}

static void bad_gso(struct lane *lane)
{
	send_many(lane, &(struct virtio_net_hdr){ .gso_type = 0x7f, .gso_size = 1 });
}

static void zero_gso(struct lane *lane)
{
	send_many(lane, &(struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 });
}

/* A size that means something else to the kernel, GSO_BY_FRAGS. */
static void frags_gso(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0xffff,
	};

	send_many(lane, &hdr);
}

static void wrong_family_gso(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 100,
	};

	send_many(lane, &hdr);
}

static void wrong_udp_gso(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4, .gso_size = 1,
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 16,
	};

	send_many(lane, &hdr);
}

static void bad_checksum(struct lane *lane)
{
	const struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 60000, .csum_offset = 60000,
	};

	send_many(lane, &hdr);
}

/**
 * packet_modes - the victim drops these, and ends the channel for what no peer would do
 */
const struct mode packet_modes[] = {
	{ .name = "spoof", .act = spoof },
	{ .name = "ra", .act = ra },
	{ .name = "csum", .act = csum },
	{ .name = "bad-gso", .act = bad_gso },
	{ .name = "zero-gso", .act = zero_gso },
	{ .name = "frags-gso", .act = frags_gso },
	{ .name = "wrong-family-gso", .act = wrong_family_gso },
	{ .name = "wrong-udp-gso", .act = wrong_udp_gso },
	{ .name = "bad-checksum", .act = bad_checksum },
	{ }
};
