/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the helper share. */
#ifndef CK_HELPER_H
#define CK_HELPER_H

#include <stdbool.h>
#include <sys/queue.h>
#include <time.h>

#include "genl.h"
#include "loop.h"
#include "rtnl.h"
#include "xs.h"

/**
 * struct peer - what XenStore tells of a peer
 * @member: @value is its member node
 * @offered: @offer is its offer to us
 * @delivered: the kernel has had @offer
 */
struct peer {
	TAILQ_ENTRY(peer) next;
	struct ck_mac mac;
	bool member;
	bool offered;
	bool delivered;
	struct ck_member value;
	struct ck_offer offer;
};

TAILQ_HEAD(peer_list, peer);

/* The kernel's last wish to publish or to withdraw the offer to a peer. */
struct offer_order {
	STAILQ_ENTRY(offer_order) next;
	struct ck_message msg;
};

/* A peer has other addresses, and so should have other routes. */
struct route_change {
	STAILQ_ENTRY(route_change) next;
	struct ck_addrs old;
	struct ck_addrs new;
};

/* What is to be made as it should be, in this order (reconcile.c). */
enum work {
	WORK_STORE	= 1 << 0,	/* be connected to XenStore */
	WORK_DEVICE	= 1 << 1,	/* be the helper of the device, as it is now */
	WORK_ROSTER	= 1 << 2,	/* have the kernel's peers be the roster */
	WORK_ANNOUNCE	= 1 << 3,	/* be announced, or not */
	WORK_OFFERS	= 1 << 4,	/* have the kernel's offers in XenStore */
	WORK_WATCH	= 1 << 5,	/* be told what the host writes for us */
	WORK_ROUTES	= 1 << 6,	/* have the routes and rules that peers need */
};

/**
 * struct helper - the helper of one device
 * @device: the device's name
 * @poll: seconds after which the roster is read again; 0: watches tell of changes
 * @xs: the connection to XenStore, NULL while there is none
 * @todo: enum work that may not be as it should be
 * @failed: what was tried and is tried again when @retry_timer expires
 * @broken: what has failed and not succeeded since
 * @retry_ms: how long it waits; 0: it is not set, or is to be set anew
 * @hopeless: the last failure is for the administrator to mend
 * @attached: the device is there and bound; the rest below is valid
 * @bound: socket that may change the device's peers
 * @events: socket for what happens to devices
 * @rtnl: socket for requests, always open
 * @rtnl_events: socket for notifications, always open
 * @dev: the device
 * @active: it takes part: we announce it, carry its offers, keep its routes
 * @present: there may be something of ours in XenStore
 * @announced: our announcement is in it
 * @told: the host has written something for us
 * @untold: that was removed, and it is to be asked for it
 * @addrs: what we announce, or would
 * @unbound: offers may have been lost, so it is to be bound again
 * @rebound: @orders are all offers that stand, so any other one is outdated
 * @group: the name of our group; empty: none
 * @refusal: why the host refused our last announcement; empty: it did not
 * @roster: the number of the roster that we follow; 0: none
 * @watched: changes of it are told
 * @seen: the highest number of what the host told us; nodes up to it are old
 * @peers: what the roster says, and who made us an offer
 * @route_changes: for when it is quiet
 * @orders: what the kernel told @bound to carry; one for each peer
 * @resumed: this guest was suspended, and the host is to be told so
 * @routing: there may be routes and rules of ours
 * @rule_timer: expires when the next missing rule may be added
 * @rule_time: when that is, in seconds of the monotonic clock
 * @rule_pause: how long to wait after that one, in seconds
 */
struct helper {
	const char *device;
	uint32_t poll;
	struct ck_xs *xs;
	struct ck_loop loop;
	struct ck_nl rtnl;
	struct ck_nl rtnl_events;

	unsigned int todo;
	unsigned int failed;
	unsigned int broken;
	int retry_timer;
	unsigned int retry_ms;
	bool hopeless;

	bool attached;
	struct ck_genl bound;
	struct ck_genl events;
	struct ck_dev dev;
	bool active;
	bool present;
	bool announced;
	bool told;
	bool untold;
	struct ck_addrs addrs;
	bool unbound;
	bool rebound;
	char group[CK_WORD_SIZE];
	char refusal[CK_WORD_SIZE];
	uint32_t roster;
	bool watched;
	uint64_t seen;
	struct peer_list peers;
	STAILQ_HEAD(, route_change) route_changes;
	STAILQ_HEAD(, offer_order) orders;

	bool resumed;

	bool routing;
	int rule_timer;
	time_t rule_time;
	unsigned int rule_pause;
};

/* reconcile.c: what is wanted against what is */
int reconcile_open(struct helper *h);
void reconcile_close(struct helper *h);
int reconcile(void *arg);

/* device.c: the life of the device */
int device_check(struct helper *h);
void device_stop(struct helper *h);

/* announce.c: what we tell the host */
int announce_sync(struct helper *h);
int announce_withdraw(struct helper *h);
void announce_order(struct helper *h, const struct ck_message *msg);
int announce_offers(struct helper *h);
void announce_forget(struct helper *h);

/* peers.c: what the host tells us */
int peers_watch(struct helper *h);
int peers_read_all(struct helper *h);
int peers_event(struct helper *h, const char *text);
void peers_forget_watches(struct helper *h);
void peers_clear(struct helper *h);

/* routes.c: the way to the peers */
int routes_open(struct helper *h);
void routes_close(struct helper *h);
const char *routes_hindrance(struct helper *h);
int routes_sync(struct helper *h);
void routes_peer_changed(struct helper *h, const struct ck_addrs *old,
			 const struct ck_addrs *new);
void routes_stop(struct helper *h);

#endif /* CK_HELPER_H */
