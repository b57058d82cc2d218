// SPDX-License-Identifier: GPL-2.0
/* Modes: peers that come, go, and keep what is not theirs. All last until SIGTERM. */
#include <stdio.h>
#include <string.h>

#include "hostile.h"

/* The publisher lets a guest announce itself some six times a second. */
#define RENEW_MS	100
/* It tells of an offer twice a second. */
#define OFFER_MS	600

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

/* Waits for what the victim offers, and takes it; returns the number of its pages. */
static unsigned int take_offer(unsigned int ms)
{
	uint64_t end = now_ms() + ms;
	unsigned int pages;

	do {
		pages = peer_accept();
		if (pages)
			break;
		peer_await(50);
	} while (now_ms() < end && !ended);
	return pages;
}

/* Maps all that the victim grants it, never unmaps it, and comes again as another instance. */
static void pin_renew(void)
{
	unsigned int pages = 0, channels = 0, n;

	peer_elicit(true, 0, 56);
	while (!ended) {
		n = take_offer(SETTLE_MS);
		pages += n;
		channels += !!n;
		if (channels == 1 && n)
			say("open");
		peer_announce();
	}
	printf("holds %u pages of %u channels\n", pages, channels);
}

/* Comes as another instance all the time, without a channel. */
static void renew(void)
{
	unsigned int n;

	peer_elicit(true, 0, 56);
	say("open");
	for (n = 0; !ended; n++) {
		peer_announce();
		peer_await(RENEW_MS);
	}
	printf("announced %u times\n", n);
}

/* Offers, and closes what the victim takes, for no reason. */
static void flap(void)
{
	unsigned int n = 0;
	struct lane lane;

	peer_make_lane(&lane);
	while (!ended) {
		lane_reset(&lane);
		peer_offer(&lane);
		if (!lane_await(&lane, CK_END_OPEN, OFFER_MS))
			continue;
		if (!n++)
			say("open");
		lane.control->end[CK_OFFERER].state = CK_END_CLOSED;
		lane_notify(&lane);
		lane_await(&lane, CK_END_CLOSED, SETTLE_MS);
	}
	printf("closed %u channels\n", n);
}

/* Is there, and takes no offer. */
static void silent(void)
{
	bool told = false;

	peer_elicit(true, 0, 56);
	while (!ended) {
		if (!told && peer_offered()) {
			told = true;
			say("offered");
		}
		peer_await(100);
	}
}

/* Offers while the victim does, then takes the victim's, and keeps both. */
static void cross(void)
{
	uint64_t end = now_ms() + DEADLINE_MS;
	struct lane lane;
	bool lost;

	peer_make_lane(&lane);
	peer_elicit(true, 0, 56);
	while (!peer_offered() && now_ms() < end && !ended)
		peer_await(50);
	peer_offer(&lane);
	lost = !lane_await(&lane, CK_END_OPEN, SETTLE_MS);
	if (take_offer(SETTLE_MS) && lost)
		say("open");
	else
		say(lost ? "none" : "own");
	while (!ended)
		peer_await(100);
	say(lane_victim_state(&lane) == CK_END_INIT ? "one channel" : "two channels");
}

/**
 * life_modes - the victim bounds them
 */
const struct mode life_modes[] = {
	{ .name = "pin-renew", .live = pin_renew },
	{ .name = "renew", .live = renew },
	{ .name = "flap", .live = flap },
	{ .name = "silent", .live = silent },
	{ .name = "cross", .live = cross },
	{ }
};
