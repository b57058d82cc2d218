/* SPDX-License-Identifier: GPL-2.0 */
/* The cokeeper netlink family: its sockets, and what it tells of devices. */
#ifndef CK_GENL_H
#define CK_GENL_H

#include <stdbool.h>

#include "cokeeper.h"
#include "mac.h"
#include "nl.h"
#include "value.h"

/**
 * struct ck_genl - a socket of the family
 * @nl: the socket
 * @family: the family's number
 * @monitor: number of the multicast group of all events
 * @device: number of that of devices alone
 */
struct ck_genl {
	struct ck_nl nl;
	uint16_t family;
	uint32_t monitor;
	uint32_t device;
};

/**
 * struct ck_dev - a cokeeper device
 * @helper: netlink port of its helper, 0 for none
 * @mac: identity of the guest
 * @steer: COKEEPER_STEER_*
 * @inactive: COKEEPER_REASON_*, COKEEPER_REASON_NONE while it is active
 * @max_grants: pages to be granted, and to be mapped, with all peers' domains; with one
 *	@max_peer_grants. @max_ports, @max_peer_ports: event channels
 */
struct ck_dev {
	uint32_t ifindex;
	uint32_t lower;
	uint64_t instance;
	uint32_t generation;
	uint32_t helper;
	struct ck_mac mac;
	uint32_t steer;
	uint32_t inactive;
	uint32_t max_grants;
	uint32_t max_peer_grants;
	uint32_t max_ports;
	uint32_t max_peer_ports;
};

/**
 * struct ck_peer - a peer
 * @grants: pages granted to its domain, @late_grants of them of channels that have ended
 * @mapped: pages of its domain that are mapped
 * @ports: event channels to it
 */
struct ck_peer {
	struct ck_mac mac;
	uint32_t domid;
	uint64_t instance;
	uint32_t state;
	uint32_t reason;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t fallback_packets;
	uint64_t rx_dropped;
	uint32_t grants;
	uint32_t late_grants;
	uint32_t mapped;
	uint32_t ports;
};

/**
 * struct ck_message - a message of the family
 * @cmd: its command
 * @event: COKEEPER_EVENT_*, if @have_event; then also @time and @cause
 * @time: nanoseconds of the real-time clock
 * @dev: @dev.ifindex is always set; the rest in messages about a device
 * @peer: if @have_peer
 * @offer: if @have_offer; @offer.from and @offer.to are left zero
 * @withdraw: the offer is over
 */
struct ck_message {
	uint8_t cmd;
	bool have_event;
	bool have_peer;
	bool have_offer;
	bool withdraw;
	uint32_t event;
	uint64_t time;
	uint32_t cause;
	struct ck_dev dev;
	struct ck_peer peer;
	struct ck_offer offer;
};

int ck_genl_open(struct ck_genl *genl);
void ck_genl_close(struct ck_genl *genl);
int ck_genl_join(struct ck_genl *genl, uint32_t group);
struct nlmsghdr *ck_genl_put(const struct ck_genl *genl, void *buf,
			     uint8_t cmd);
bool ck_genl_parse(const struct nlmsghdr *nlh, struct ck_message *msg);
int ck_genl_dev_get(struct ck_genl *genl, uint32_t ifindex,
		    struct ck_dev *dev);

#endif /* CK_GENL_H */
