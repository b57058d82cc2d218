/* SPDX-License-Identifier: GPL-2.0 */
/* A co-located guest: the entry of a device's peer table. */
#ifndef CK_PEER_H
#define CK_PEER_H

#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/kref.h>
#include <linux/workqueue.h>

#include "cokeeper.h"

struct ck_account;
struct ck_channel;
struct ck_sources;

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
 * @id: who it is; @id.mac is fixed, the rest is protected by the device's lock
 * @account: of the domain @id.domid, with a reference; protected by the device's lock
 * @tx_channel: where senders put packets, NULL while these take the lower device; RCU
 * @sources: what it may send from; changed under the device's lock, read under RCU
 * @wanted: a packet asked for a channel since the work last ran
 * @wait_again: when (jiffies) packets may wait for it again after one did for too long
 * @fallback_packets: packets for it that took the lower device
 * @work: moves the channel's state on (connect.c)
 * @gone: not in the hash any more; protected by the device's lock, as all below
 * @listed: mark of ck_peertable_replace()
 * @channel: the channel in any state of its life
 * @state: of that channel
 * @reason: why packets take the lower device
 * @failures: in a row
 * @retry_at: no new offer before this (jiffies); read without the lock
 * @closed_stats: counters of its channels that have ended
 * @dev_tracker: of that reference
 * @rcu: lookups may hold the peer until a grace period after its end
 */
struct ck_peer {
	struct hlist_node node;
	struct kref ref;
	struct ck_dev *ck;
	struct ck_peer_id id;
	struct ck_account *account;
	struct ck_channel __rcu *tx_channel;
	struct ck_sources __rcu *sources;
	bool wanted;
	unsigned long wait_again;
	atomic_long_t fallback_packets;
	struct delayed_work work;

	bool gone;
	bool listed;
	struct ck_channel *channel;
	enum cokeeper_state state;
	enum cokeeper_reason reason;
	unsigned int failures;
	unsigned long retry_at;
	struct ck_traffic closed_stats;
	netdevice_tracker dev_tracker;
	struct rcu_head rcu;
};

/* The hash chain of a hardware address, of which the first two bytes are often the same. */
static inline struct hlist_head *ck_peer_bucket(struct ck_dev *ck, const u8 *mac)
{
	return &ck->peers[hash_32(get_unaligned((u32 *)(mac + 2)), CK_PEER_HASH_BITS)];
}

/* Count a packet for a peer that takes the lower device. */
static inline void ck_peer_count_fallback(struct ck_peer *peer, enum ck_stat why)
{
	atomic_long_inc(&peer->fallback_packets);
	ck_count(peer->ck, why);
}

struct ck_peer *ck_peer_alloc(struct ck_dev *ck, const struct ck_peer_id *id,
			      work_func_t work);
struct ck_peer *ck_peer_lookup(struct ck_dev *ck, const u8 *mac);
void ck_peer_put(struct ck_peer *peer);
void ck_peer_want(struct ck_peer *peer);
void ck_peer_kick(struct ck_peer *peer);
void ck_peer_kick_later(struct ck_peer *peer, unsigned long delay);

#endif /* CK_PEER_H */
