/* SPDX-License-Identifier: GPL-2.0 */
/* A peer that breaks the rules: what its parts share. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>

#include "../../../drivers/protocol.h"
#include "paths.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define RING_SIZE	(2 * CK_FRAME_MAX)
#define RING_PAGES	(RING_SIZE / CK_RING_PAGE)
#define MTU		1500
#define DEADLINE_MS	10000
/* Long enough for the victim to notice, and to close. */
#define SETTLE_MS	1000

struct virtio_net_hdr;

/**
 * struct lane - a lane that we offer, all of it writable by both ends
 * @control: its control page
 * @ref: the reference of that page
 * @rings: the ring that we produce, and after it the victim's
 * @page: the pages of @rings
 * @tx: our view of the first ring, while we keep to the rules
 * @rx: and of the second one
 * @port: its event channel
 */
struct lane {
	struct ck_control *control;
	uint32_t ref;
	unsigned char *rings;
	void *page[2 * RING_PAGES];
	struct ck_ring tx;
	struct ck_ring rx;
	evtchn_port_t port;
};

/**
 * struct offer - what is offered, to be spoilt before the victim sees it
 * @lane: the lane that the mode is about
 * @ref: where the victim reads the reference of its control page
 * @port: where it reads its port
 * @first: the first lane, which may be that one
 */
struct offer {
	struct lane *lane;
	uint32_t *ref;
	uint32_t *port;
	struct lane *first;
};

/**
 * struct manners - how a greedy peer takes what the victim sends
 * @frames: that it takes in a turn, at most
 * @pause_ms: between two turns; 0: until an event comes
 * @mute: sends no event
 * @no_event: wants none
 */
struct manners {
	unsigned int frames;
	unsigned int pause_ms;
	bool mute;
	bool no_event;
};

/**
 * struct mode - one way to misbehave; one of the functions or @manners is set
 * @name: on the command line
 * @spoil: makes an offer bad
 * @act: does something to a lane that the victim has opened
 * @live: is all that it does after the victim is known
 * @manners: of a greedy peer
 */
struct mode {
	const char *name;
	void (*spoil)(struct offer *offer);
	void (*act)(struct lane *lane);
	void (*live)(void);
	const struct manners *manners;
};

/* Each ends with an empty one. */
extern const struct mode offer_modes[];		/* offers.c */
extern const struct mode ring_modes[];		/* rings.c */
extern const struct mode packet_modes[];	/* packets.c */
extern const struct mode greedy_modes[];	/* greedy.c */
extern const struct mode life_modes[];		/* life.c */

/* process.c */
extern volatile sig_atomic_t behaves, ended;
extern unsigned int duration_ms;
void die(const char *what);
uint64_t now_ms(void);
void heed_signals(void);

/* peer.c */
extern struct ck_mac own, victim;
void peer_open(void);
void peer_announce(void);
void peer_await_victim(void);
void peer_leave(void);
void peer_make_lane(struct lane *lane);
void peer_offer(const struct lane *first);
bool peer_offered(void);
unsigned int peer_accept(void);
void peer_await(unsigned int ms);
void peer_elicit(bool go_on, unsigned int count, unsigned int size);

/* lane.c */
void lane_make(struct lane *lane, unsigned int domid);
void lane_reset(struct lane *lane);
uint32_t lane_victim_state(const struct lane *lane);
bool lane_await(const struct lane *lane, uint32_t state, unsigned int ms);
void lane_notify(const struct lane *lane);
void lane_produce(const struct lane *lane, uint32_t prod);
bool lane_send(struct lane *lane, const struct virtio_net_hdr *hdr, const void *packet,
	       uint32_t len);
bool lane_drained(struct lane *lane, unsigned int ms);
evtchn_port_t lane_bind(unsigned int domid, evtchn_port_t port);
void lane_await_event(unsigned int ms);

/* greedy.c */
void be_greedy(struct lane *lane, const struct manners *manners);

#endif /* HOSTILE_H */
