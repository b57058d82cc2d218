// SPDX-License-Identifier: GPL-2.0
/* A peer that breaks the rules, or is greedy: in a guest without the module, it announces
 * itself, offers a real channel to a victim, and then does MODE to it.
 *
 * usage: hostile OWN_MAC VICTIM_MAC [second] MODE    (macs as twelve hexadecimal digits)
 * With "second" the channel has two lanes, and it does so in the second one.
 * Prints what became of the channel: "refused", "open", or "closed".
 *
 * Greedy modes break no rule; they say how it takes what the victim sends. Such a peer
 * behaves well from SIGUSR1 on, ends with SIGTERM, and then prints how many frames it took
 * before it behaved. It hands them to the tun device "rings", if there is one.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "../../drivers/protocol.h"

/* Since Linux 6.2. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define RING_SIZE	(2 * CK_FRAME_MAX)
#define NR_PAGES	(2 * RING_SIZE / CK_RING_PAGE)
#define INSTANCE	0x1badc0de1badc0deull
#define MTU		1500
#define DEADLINE_S	10
/* Until a greedy peer offers again. */
#define OFFER_MS	300
/* Long enough for the victim to notice, and to close. */
#define SETTLE_MS	1000

static struct ck_control *control;
static unsigned char *rings;
static uint32_t control_ref;
static xenevtchn_handle *evtchn;
static evtchn_port_t port;

static void die(const char *what)
{
	fprintf(stderr, "hostile: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

static void write_node(struct xs_handle *xs, const char *path, const char *value)
{
	if (!xs_write(xs, XBT_NULL, path, value, strlen(value)))
		die(path);
}

/* Waits until the roster tells of the victim, by the name of a node. */
static void await_victim(struct xs_handle *xs, const char *own, const char *victim,
			 unsigned int *domid, uint64_t *instance)
{
	uint64_t end = now_ms() + DEADLINE_S * 1000;
	struct pollfd pfd = { .fd = xs_fileno(xs), .events = POLLIN };
	char path[128];

	snprintf(path, sizeof(path), "cokeeper/%s/roster", own);
	if (!xs_watch(xs, path, "t"))
		die("watch");
	while (now_ms() < end) {
		uint64_t at, newest = 0, it;
		unsigned int i, id, n = 0, roster = 0;
		char *head = xs_read(xs, XBT_NULL, path, NULL);
		char directory[64], **names;

		if (head && strstr(head, "roster="))
			sscanf(strstr(head, "roster="), "roster=%u", &roster);
		free(head);
		snprintf(directory, sizeof(directory), "/tool/cokeeper/roster/%u",
			 roster);
		names = xs_directory(xs, XBT_NULL, directory, &n);

		/* The newest of what it tells of the victim counts. */
		for (i = 0; i < n; i++)
			if (!strncmp(names[i], victim, strlen(victim)) &&
			    sscanf(names[i] + strlen(victim), "-%16" SCNx64 "-%u-%" SCNx64,
				   &at, &id, &it) == 3 && at > newest) {
				newest = at;
				*domid = id;
				*instance = it;
			}
		free(names);
		if (newest)
			return;
		poll(&pfd, 1, 100);
		free(xs_check_watch(xs));
	}
	errno = ETIMEDOUT;
	die(path);
}

static uint32_t victim_state(void)
{
	return __atomic_load_n(&control->end[CK_ACCEPTOR].state, __ATOMIC_ACQUIRE);
}

/* Waits for an event, for a while. */
static void await_event(unsigned int ms)
{
	struct pollfd pfd = { .fd = xenevtchn_fd(evtchn), .events = POLLIN };

	if (poll(&pfd, 1, ms) == 1) {
		xenevtchn_port_or_error_t p = xenevtchn_pending(evtchn);

		if (p >= 0)
			xenevtchn_unmask(evtchn, p);
	}
}

static void await_state(uint32_t state, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	while (victim_state() < state && now_ms() < end)
		await_event(20);
}

static void produce(uint32_t prod)
{
	__atomic_store_n(&control->ring[CK_OFFERER].prod, prod, __ATOMIC_RELEASE);
	xenevtchn_notify(evtchn, port);
}

/* Writes a frame at @pos; returns the position after it. */
static uint32_t frame(uint32_t pos, uint32_t len, const struct virtio_net_hdr *hdr,
		      unsigned char version)
{
	struct ck_frame *f = (struct ck_frame *)(rings + pos % RING_SIZE);

	memset(f, 0, sizeof(*f));
	f->len = len;
	if (hdr)
		memcpy(f->vnet_hdr, hdr, sizeof(*hdr));
	((unsigned char *)(f + 1))[0] = version << 4 | 5;
	return pos + ck_frame_room(len);
}

static void repeat_frames(unsigned int n, uint32_t len,
			  const struct virtio_net_hdr *hdr, unsigned char version)
{
	uint32_t pos = 0;

	while (n--)
		pos = frame(pos, len, hdr, version);
	produce(pos);
}

static void misbehave(const char *mode)
{
	struct virtio_net_hdr hdr = { 0 };
	uint32_t pos;

	if (!strcmp(mode, "prod-beyond")) {
		produce(0x7ffffff0);
	} else if (!strcmp(mode, "prod-backwards")) {
		produce(frame(0, 64, NULL, 4));
		usleep(100000);
		produce((uint32_t)-16);
	} else if (!strcmp(mode, "length-zero")) {
		repeat_frames(100, 0, NULL, 4);
	} else if (!strcmp(mode, "length-short")) {
		repeat_frames(100, 19, NULL, 4);
	} else if (!strcmp(mode, "length-wrap")) {
		pos = frame(0, 64, NULL, 4);
		((struct ck_frame *)rings)->len = 0xfffffff0;
		produce(pos);
	} else if (!strcmp(mode, "length-mtu")) {
		repeat_frames(70, MTU + 100, NULL, 4);
	} else if (!strcmp(mode, "not-ip")) {
		repeat_frames(100, 100, NULL, 9);
	} else if (!strcmp(mode, "bad-gso")) {
		hdr.gso_type = 0x7f;
		hdr.gso_size = 1;
		repeat_frames(100, 100, &hdr, 4);
	} else if (!strcmp(mode, "zero-gso")) {
		hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		repeat_frames(100, 100, &hdr, 4);
	} else if (!strcmp(mode, "wrong-family-gso")) {
		hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		hdr.gso_size = 100;
		repeat_frames(100, 100, &hdr, 4);
	} else if (!strcmp(mode, "wrong-udp-gso")) {
		hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		hdr.gso_size = 1;
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = 20;
		hdr.csum_offset = 16;
		repeat_frames(100, 100, &hdr, 4);
	} else if (!strcmp(mode, "bad-checksum")) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = 60000;
		hdr.csum_offset = 60000;
		repeat_frames(100, 100, &hdr, 4);
	} else if (!strcmp(mode, "event-storm")) {
		uint64_t end = now_ms() + 2000;

		while (now_ms() < end)
			xenevtchn_notify(evtchn, port);
	} else {
		fprintf(stderr, "hostile: unknown mode '%s'\n", mode);
		exit(2);
	}
}

/* How it takes what the victim sends. */
struct manners {
	const char *name;
	unsigned int frames;	/* that it takes in a turn, at most */
	unsigned int pause_ms;	/* between two turns; 0: until an event comes */
	bool mute;		/* sends no event */
	bool no_event;		/* wants none */
};

static const struct manners good = { .frames = -1 };
static const struct manners greedy[] = {
	{ "hold", 0, 100, false, false },
	{ "drip", 1, 150, false, false },
	{ "burst", -1, 25, false, false },
	{ "mute", -1, 0, true, false },
	{ "mute-poll", -1, 25, true, true },
};

static volatile sig_atomic_t behaves, ended;

static void on_signal(int nr)
{
	if (nr == SIGUSR1)
		behaves = 1;
	else
		ended = 1;
}

static const struct manners *find_manners(const char *mode)
{
	unsigned int i;

	for (i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++)
		if (!strcmp(mode, greedy[i].name))
			return &greedy[i];
	return NULL;
}

/* The tun device that takes frames as the victim sent them, or -1. */
static int open_tun(void)
{
	struct ifreq ifr = { .ifr_name = "rings", .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = -1;

	if (if_nametoindex(ifr.ifr_name)) {
		fd = open("/dev/net/tun", O_RDWR);
		if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
			die("the tun device");
	}
	return fd;
}

/* Takes frames from the ring; returns their number. */
static unsigned int take(struct ck_ring *ring, unsigned int max, int tun)
{
	static unsigned char packet[CK_FRAME_MAX];
	unsigned int n = 0;
	struct ck_frame frame;

	for (; n < max && ck_ring_peek(ring, &frame) == 1 && frame.len <= sizeof(packet); n++) {
		struct iovec iov[] = {
			{ frame.vnet_hdr, sizeof(struct virtio_net_hdr) },
			{ packet, frame.len },
		};

		ck_ring_read(ring, ring->cons + sizeof(frame), packet, frame.len);
		ck_ring_consume(ring, frame.len);
		/* As in any receiver, what finds no room is lost. */
		if (tun >= 0 && writev(tun, iov, 2) < 0 && errno != ENOBUFS && errno != EIO)
			die("write to the tun device");
	}
	return n;
}

static void be_greedy(const struct manners *manners)
{
	void *page[RING_SIZE / CK_RING_PAGE];
	unsigned int i, n, before = 0;
	struct ck_ring ring;
	int tun = open_tun();

	for (i = 0; i < RING_SIZE / CK_RING_PAGE; i++)
		page[i] = rings + RING_SIZE + i * CK_RING_PAGE;
	ck_ring_init(&ring, &control->ring[CK_ACCEPTOR], page, RING_SIZE);
	puts("open");
	fflush(stdout);
	while (!ended) {
		const struct manners *m = behaves ? &good : manners;

		ring.shared->no_event = m->no_event;
		n = take(&ring, m->frames, tun);
		if (m != &good)
			before += n;
		if (ck_ring_release(&ring) && !m->mute)
			xenevtchn_notify(evtchn, port);
		if (m->pause_ms)
			usleep(m->pause_ms * 1000);
		else if (!ck_ring_wait_data(&ring))
			await_event(100);
	}
	printf("taken %u\n", before);
}

/* Makes a lane, to which control, control_ref, rings and port refer from here on. */
static void make_lane(xengntshr_handle *shr, unsigned int domid, uint64_t instance)
{
	uint32_t refs[NR_PAGES];
	xenevtchn_port_or_error_t p;

	control = xengntshr_share_pages(shr, domid, 1, &control_ref, 1);
	rings = xengntshr_share_pages(shr, domid, NR_PAGES, refs, 1);
	if (!control || !rings)
		die("share");
	p = xenevtchn_bind_unbound_port(evtchn, domid);
	if (p < 0)
		die("event channel");
	port = p;

	control->magic = CK_CONTROL_MAGIC;
	control->version = CK_PROTOCOL_VERSION;
	control->from = INSTANCE;
	control->to = instance;
	control->ring_size = RING_SIZE;
	memcpy(control->ref, refs, sizeof(refs));
	control->end[CK_OFFERER].mtu = MTU;
	control->end[CK_OFFERER].state = CK_END_OPEN;
}

int main(int argc, char **argv)
{
	struct xs_handle *xs = xs_open(0);
	xengntshr_handle *shr = xengntshr_open(NULL, 0);
	char path[128], value[256];
	unsigned int domid = 0;
	uint64_t instance = 0;
	struct ck_control *first;
	uint32_t first_ref;
	evtchn_port_t first_port;
	const struct manners *manners;
	unsigned int id = 0;
	const char *mode;

	evtchn = xenevtchn_open(NULL, 0);
	if (argc < 4 || !xs || !shr || !evtchn)
		die("usage: hostile OWN_MAC VICTIM_MAC [second] MODE; xenstore and gntalloc are needed");
	mode = argv[argc - 1];
	manners = find_manners(mode);
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);

	snprintf(path, sizeof(path), "data/cokeeper/%s/announce", argv[1]);
	snprintf(value, sizeof(value), "v=1 instance=%016llx", INSTANCE);
	write_node(xs, path, value);
	await_victim(xs, argv[1], argv[2], &domid, &instance);

	make_lane(shr, domid, instance);
	first = control;
	first_ref = control_ref;
	first_port = port;
	if (argc > 4) {
		make_lane(shr, domid, instance);
		first->next_ref = control_ref;
		first->next_port = port;
	}

	/* The way to the lane that MODE is about. */
	uint32_t *ref = argc > 4 ? &first->next_ref : &first_ref;
	evtchn_port_t *p = argc > 4 ? &first->next_port : &first_port;

	if (!strcmp(mode, "bad-magic"))
		control->magic = 0;
	else if (!strcmp(mode, "bad-version"))
		control->version = 77;
	else if (!strcmp(mode, "bad-size"))
		control->ring_size = 0x7fffffff;
	else if (!strcmp(mode, "bad-gref"))
		control->ref[5] = 0x7ffffff;
	else if (!strcmp(mode, "bad-instance"))
		control->from = 1;
	else if (!strcmp(mode, "bad-port"))
		*p = 1000;
	else if (!strcmp(mode, "bad-control"))
		*ref = 0x7ffffff;
	else if (!strcmp(mode, "bad-loop"))
		*ref = first_ref, *p = first_port;

	snprintf(path, sizeof(path), "data/cokeeper/%s/offer/%s", argv[1], argv[2]);
	/* If the victim offers at once, too, its own offer stands until it gives that up. */
	do {
		snprintf(value, sizeof(value),
			 "v=1 id=%u from=%016llx to=%016" PRIx64 " gref=%u port=%u", ++id,
			 INSTANCE, instance, first_ref, first_port);
		write_node(xs, path, value);
		await_state(CK_END_OPEN, manners ? OFFER_MS :
			    !strncmp(mode, "bad-", 4) && strcmp(mode, "bad-gso") &&
			    strcmp(mode, "bad-checksum") ? SETTLE_MS : DEADLINE_S * 1000);
	} while (manners && victim_state() < CK_END_OPEN && id * OFFER_MS < DEADLINE_S * 1000);
	if (victim_state() != CK_END_OPEN) {
		puts("refused");
	} else if (manners) {
		be_greedy(manners);
	} else {
		misbehave(mode);
		await_state(CK_END_CLOSED, SETTLE_MS);
		puts(victim_state() >= CK_END_CLOSING ? "closed" : "open");
	}

	xs_rm(xs, XBT_NULL, path);
	snprintf(path, sizeof(path), "data/cokeeper/%s", argv[1]);
	xs_rm(xs, XBT_NULL, path);
	return 0;
}
