// SPDX-License-Identifier: GPL-2.0
/* A peer that breaks the rules, or is greedy: in a guest without the module, it announces
 * itself, offers a real channel to a victim or takes the victim's, and then does MODE.
 *
 * usage: hostile [-2] [-t SECONDS] OWN_MAC VICTIM_MAC MODE
 * Macs are twelve hexadecimal digits. With -2 the channel has two lanes, and it does so in
 * the second one. What takes a time takes 2 seconds, or SECONDS.
 *
 * Prints what became of the channel: "refused", "open", or "closed". Greedy modes, and those
 * of life.c, print that at once and go on until SIGTERM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"

/* Until it offers again, as often as the publisher tells of that. */
#define OFFER_MS	600
/* The victim takes nothing while it has us in quarantine, nor while its own offer stands. */
#define OPEN_MS		90000

static const struct mode *find_mode(const char *name)
{
	static const struct mode *const tables[] = {
		offer_modes, ring_modes, packet_modes, greedy_modes, life_modes,
	};
	const struct mode *mode;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (mode = tables[i]; mode->name; mode++)
			if (!strcmp(mode->name, name))
				return mode;
	return NULL;
}

/* Offers a channel, and does to it what the mode is about. */
static void offer_channel(const struct mode *mode, bool second)
{
	struct lane lane[2];
	struct offer offer = {
		.lane = &lane[0], .ref = &lane[0].ref, .port = &lane[0].port, .first = &lane[0],
	};
	bool to_open = mode->act || mode->manners, open;
	uint64_t end = now_ms() + OPEN_MS;

	peer_make_lane(&lane[0]);
	if (second) {
		struct ck_control *control = lane[0].control;

		peer_make_lane(&lane[1]);
		control->next_ref = lane[1].ref;
		control->next_port = lane[1].port;
		offer.lane = &lane[1];
		offer.ref = &control->next_ref;
		offer.port = &control->next_port;
	}
	if (mode->spoil)
		mode->spoil(&offer);

	do {
		peer_offer(&lane[0]);
		lane_await(offer.lane, CK_END_OPEN, to_open ? OFFER_MS : SETTLE_MS);
		/* One that it refuses late, it closes. */
		open = lane_victim_state(offer.lane) == CK_END_OPEN;
	} while (!open && to_open && now_ms() < end && !ended);

	if (!open) {
		puts("refused");
	} else if (mode->manners) {
		be_greedy(offer.lane, mode->manners);
	} else {
		if (mode->act)
			mode->act(offer.lane);
		puts(lane_await(offer.lane, CK_END_CLOSING, SETTLE_MS) ? "closed" : "open");
	}
}

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;
	bool second = false;
	int c;

	while ((c = getopt(argc, argv, "2t:")) != -1) {
		if (c == '2')
			second = true;
		else if (c == 't')
			duration_ms = atoi(optarg) * 1000;
		else
			return 2;
	}
	if (optind == argc - 3)
		mode = find_mode(argv[optind + 2]);
	if (!mode || !ck_mac_parse_node(argv[optind], &own) ||
	    !ck_mac_parse_node(argv[optind + 1], &victim)) {
		fputs("usage: hostile [-2] [-t SECONDS] OWN_MAC VICTIM_MAC MODE\n", stderr);
		return 2;
	}
	heed_signals();

	peer_open();
	peer_announce();
	peer_await_victim();
	if (mode->live)
		mode->live();
	else
		offer_channel(mode, second);
	peer_leave();
	return 0;
}
