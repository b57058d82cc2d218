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

/* The kernel's wish to publish or to withdraw an offer. */
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

/**
 * struct helper - the helper of one device
 * @device: the device's name
 * @poll: seconds after which the roster is read again; 0: watches tell of changes
 * @attached: the device is there and bound; the rest below is valid
 * @bound: socket that may change the device's peers
 * @events: socket for what happens to devices
 * @rtnl: socket for requests, always open
 * @rtnl_events: socket for notifications, always open
 * @dev: the device
 * @mac: its identity, as XenStore spells it
 * @active: it takes part: we announce it, carry its offers, keep its routes
 * @announced: our announcement is in XenStore
 * @told: the host has written something for us
 * @addrs: what we announce, or would
 * @roster: the number of the roster that we follow; 0: none
 * @seen: the highest number of what the host told us; nodes up to it are old
 * @peers: what the roster says, and who made us an offer
 * @route_changes: for when it is quiet
 * @orders: what the kernel told @bound to carry, in its order
 * @dev_changed: the kernel told of the device
 * @resumed: it told that this guest was suspended
 * @roster_changed: the whole roster is to be read
 * @links_changed: a device came, went, or changed
 * @announce_changed: the announcement may not be as it should
 * @routes_changed: routes or rules may not be as they should
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

	bool attached;
	struct ck_genl bound;
	struct ck_genl events;
	struct ck_dev dev;
	char mac[CK_MAC_STRLEN];
	bool active;
	bool announced;
	bool told;
	struct ck_addrs addrs;
	uint32_t roster;
	uint64_t seen;
	struct peer_list peers;
	STAILQ_HEAD(, route_change) route_changes;
	STAILQ_HEAD(, offer_order) orders;

	bool dev_changed;
	bool resumed;
	bool roster_changed;
	bool links_changed;
	bool announce_changed;
	bool routes_changed;

	bool routing;
	int rule_timer;
	time_t rule_time;
	unsigned int rule_pause;
};

/* device.c: the life of the device */
int device_attach(struct helper *h);
void device_detach(struct helper *h);
int device_check(struct helper *h);
void device_stop(struct helper *h);

/* announce.c: what we tell the host */
int announce_sync(struct helper *h);
void announce_withdraw(struct helper *h);
void announce_orders(struct helper *h);
void announce_clean_offers(struct helper *h);

/* peers.c: what the host tells us */
void peers_watch(struct helper *h, const char *path, bool on);
void peers_read_all(struct helper *h);
void peers_event(struct helper *h, const char *path);
void peers_clear(struct helper *h);

/* routes.c: the way to the peers */
int routes_open(struct helper *h);
void routes_close(struct helper *h);
const char *routes_hindrance(struct helper *h);
void routes_sync(struct helper *h);
void routes_peer_changed(struct helper *h, const struct ck_addrs *old,
			 const struct ck_addrs *new);
void routes_stop(struct helper *h);

#endif /* CK_HELPER_H */
