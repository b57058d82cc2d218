// SPDX-License-Identifier: GPL-2.0
/* Modes: a peer that breaks no rule, but takes what the victim sends as it likes.
 *
 * It behaves well from SIGUSR1 on, and then prints how many frames it took before. It hands
 * them to the tun device "rings", if there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#include "hostile.h"

static const struct manners good = { .frames = -1 };
static const struct manners hold = { .frames = 0, .pause_ms = 100 };
static const struct manners drip = { .frames = 1, .pause_ms = 150 };
static const struct manners burst = { .frames = -1, .pause_ms = 25 };
static const struct manners mute = { .frames = -1, .mute = true };
static const struct manners mute_poll = {
	.frames = -1, .pause_ms = 25, .mute = true, .no_event = true,
};

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

/**
 * be_greedy() - take what the victim sends until SIGTERM, or its end
 * @lane: the lane, which it has opened
 * @manners: how, until SIGUSR1
 */
void be_greedy(struct lane *lane, const struct manners *manners)
{
	struct ck_ring *ring = &lane->rx;
	unsigned int n, before = 0;
	int tun = open_tun();

	puts("open");
	fflush(stdout);
	while (!ended) {
		const struct manners *m = behaves ? &good : manners;

		ring->shared->no_event = m->no_event;
		n = take(ring, m->frames, tun);
		if (m != &good)
			before += n;
		if (ck_ring_release(ring) && !m->mute)
			lane_notify(lane);
		if (m->pause_ms)
			usleep(m->pause_ms * 1000);
		else if (!ck_ring_wait_data(ring))
			lane_await_event(100);
	}
	printf("taken %u\n", before);
}

/**
 * greedy_modes - the victim bears them, at no cost for others
 */
const struct mode greedy_modes[] = {
	{ .name = "hold", .manners = &hold },
	{ .name = "drip", .manners = &drip },
	{ .name = "burst", .manners = &burst },
	{ .name = "mute", .manners = &mute },
	{ .name = "mute-poll", .manners = &mute_poll },
	{ }
};
