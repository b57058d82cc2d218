/* SPDX-License-Identifier: GPL-2.0 */
/* The peers of a device, and what becomes of the channel to each. */
#ifndef CK_PEER_H
#define CK_PEER_H

#include <linux/if_ether.h>
#include <linux/kref.h>
#include <linux/workqueue.h>

#include "cokeeper.h"

struct ck_channel;
struct netlink_ext_ack;

/**
 * struct ck_peer_id - what the helper tells of a peer
 * @mac: of its interface, given by the toolstack
 * @domid: its domain id
 * @instance: its device's instance, not 0
 */
struct ck_peer_id {
	u8 mac[ETH_ALEN];
	u16 domid;
	u64 instance;
};

/**
 * struct ck_peer - a co-located guest
 * @node: in the device's hash
 * @ref: held by the hash, by the work while it is queued, and by each channel
 * @ck: its device, which it holds
 * @id: who it is
 * @channel: where packets go, NULL while they take the lower device; RCU
 * @wanted: a packet asked for a channel since the last look
 * @fallback_packets: packets for it that took the lower device
 * @work: looks at the state and moves it on
 * @gone: not in the hash any more; protected by the device's lock, as all below
 * @listed: mark of ck_peer_replace_all()
 * @ch: the channel in any state of its life
 * @state: of that channel
 * @reason: why packets take the lower device
 * @failures: in a row
 * @retry_at: no new offer before this (jiffies); read without the lock
 * @pinned: pages of dead channels that the peer may still map
 * @past: counters of its channels that have ended
 * @dev_tracker: of that reference
 * @rcu: lookups may hold the peer until a grace period after its end
 */
struct ck_peer {
	struct hlist_node node;
	struct kref ref;
	struct ck_dev *ck;
	struct ck_peer_id id;
	struct ck_channel __rcu *channel;
	bool wanted;
	atomic_long_t fallback_packets;
	struct delayed_work work;

	bool gone;
	bool listed;
	struct ck_channel *ch;
	enum cokeeper_state state;
	enum cokeeper_reason reason;
	unsigned int failures;
	unsigned long retry_at;
	unsigned int pinned;
	struct ck_traffic past;
	netdevice_tracker dev_tracker;
	struct rcu_head rcu;
};

struct ck_peer *ck_peer_lookup(struct ck_dev *ck, const u8 *mac);
void ck_peer_put(struct ck_peer *peer);
void ck_peer_want(struct ck_peer *peer);
void ck_peer_kick(struct ck_peer *peer);
void ck_peer_check_later(struct ck_peer *peer);
void ck_peer_fallback(struct ck_peer *peer, struct sk_buff *skb,
		      enum ck_stat why);

int ck_peer_set(struct ck_dev *ck, const struct ck_peer_id *id,
		enum cokeeper_cause cause, struct netlink_ext_ack *extack);
int ck_peer_del(struct ck_dev *ck, const u8 *mac, enum cokeeper_cause cause,
		struct netlink_ext_ack *extack);
int ck_peer_replace_all(struct ck_dev *ck, const struct ck_peer_id *id,
			unsigned int nr, enum cokeeper_cause cause,
			struct netlink_ext_ack *extack);
int ck_peer_offered(struct ck_dev *ck, const struct ck_peer_id *id,
		    u32 offer, u32 gref, u32 port,
		    struct netlink_ext_ack *extack);
void ck_peer_republish_offers(struct ck_dev *ck);
void ck_peer_goodbye_all(struct ck_dev *ck);
void ck_peer_close_all(struct ck_dev *ck, enum cokeeper_reason reason);
void ck_peer_reclaim(struct work_struct *work);
void ck_peer_forget_all(struct ck_dev *ck, enum cokeeper_cause cause);

#endif /* CK_PEER_H */
