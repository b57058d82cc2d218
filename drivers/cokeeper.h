/* SPDX-License-Identifier: GPL-2.0 */
/* The cokeeper device: what its parts share. */
#ifndef CK_COKEEPER_H
#define CK_COKEEPER_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../netlink/cokeeper.h"

struct ck_queue;
struct ck_sources;

#define CK_PEER_HASH_BITS	8
/* Queues of a device, and so lanes of a channel. */
#define CK_LANES_MAX		8u

/* Why a packet took the lower device or was dropped; names in ethtool.c. */
enum ck_stat {
	CK_TX_FALLBACK_MULTICAST,
	CK_TX_FALLBACK_VLAN,
	CK_TX_FALLBACK_SOURCE_MAC,
	CK_TX_FALLBACK_NOT_IP,
	CK_TX_FALLBACK_TC,
	CK_TX_FALLBACK_QDISC,
	CK_TX_FALLBACK_NO_NEIGH,
	CK_TX_FALLBACK_NO_PEER,
	CK_TX_FALLBACK_NO_CHANNEL,
	CK_TX_FALLBACK_SIZE,
	CK_TX_FALLBACK_UNSUPPORTED,
	CK_TX_FALLBACK_SOURCE,
	CK_TX_FALLBACK_FULL,
	CK_TX_FALLBACK_TIMEOUT,
	CK_TX_FALLBACK_STALLED,
	CK_TX_FALLBACK_CLOSED,
	CK_TX_RING_FULL,
	CK_RX_DROPPED_LENGTH,
	CK_RX_DROPPED_HEADER,
	CK_RX_DROPPED_SOURCE,
	CK_RX_DROPPED_MEMORY,
	CK_NR_STATS
};

struct ck_stats {
	unsigned long value[CK_NR_STATS];
};

/* What went through lanes. */
struct ck_traffic {
	u64 tx_packets;
	u64 tx_bytes;
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_dropped;
};

/**
 * struct ck_dev - private part of a cokeeper net device
 * @dev: the net device
 * @lower: the device that it is stacked on; referenced through the upper link, and from its
 *	end on by RTNL, under which the lower one cannot go before this one has
 * @queue: ck_max_lanes() of them, all running while the device is up; lane i of each
 *	channel is served by queue i
 * @stats: per CPU
 * @steer: an enum cokeeper_steer; changed under RTNL, read anywhere
 * @hook: the egress hook of the lower device; registered while the device is up and
 *	steers by interception. RTNL
 * @poll_usecs: how long an idle CPU polls after the last packet; 0: never
 * @sources: what dom0 lets this guest send from; changed under @lock, read under RCU
 * @inactive: why there are no channels, COKEEPER_REASON_NONE while there may be; changed
 *	under @lock, read anywhere
 * @lock: protects all below but the hash chains' readers (RCU), and the states and
 *	channels of the peers. Taken under RTNL, never the other way round
 * @up: between ndo_open and ndo_stop
 * @dead: the device is being unregistered; nothing is added any more
 * @peers: by MAC; changed under @lock, read under RCU
 * @nr_peers: in @peers
 * @generation: counts the changes of @peers
 * @instance: random identity
 * @ring_size: bytes in each ring of the next channel that we offer
 * @memory_share: per cent of the memory that channels may take
 * @next_offer: id of the next offer
 * @draining: channels that are over, but for what is in flight, in the order in which their
 *	time ends
 * @drain: ends them; queued when one has nothing in flight any more, and when its time ends
 * @drained: woken when one has nothing in flight any more
 * @reclaim: gives idle channels back; queued while there is a channel
 * @check: sees whether the device is still active
 * @helper: netlink port of the bound helper, 0 if there is none
 * @helper_mac: the MAC that a helper may have announced in XenStore; zero: none has
 * @grace: forgets the peers, and withdraws the announcement, some time after the helper
 *	has gone
 * @list: in the list of all devices (device.c)
 */
struct ck_dev {
	struct net_device *dev;
	struct net_device *lower;
	struct ck_queue *queue;
	struct ck_stats __percpu *stats;
	u32 steer;
	struct nf_hook_ops hook;
	u32 poll_usecs;
	u32 inactive;
	struct ck_sources __rcu *sources;

	struct mutex lock; /* see above */
	bool up;
	bool dead;
	DECLARE_HASHTABLE(peers, CK_PEER_HASH_BITS);
	u32 nr_peers;
	u32 generation;
	u64 instance;
	u32 ring_size;
	u32 memory_share;
	u32 next_offer;
	struct list_head draining;
	struct delayed_work drain;
	wait_queue_head_t drained;
	struct delayed_work reclaim;
	struct delayed_work check;
	u32 helper;
	u8 helper_mac[ETH_ALEN];
	struct delayed_work grace;
	struct list_head list;
};

/* Per peer and per device, may sleep. Frozen while the domain suspends (peer.c). */
extern struct workqueue_struct *ck_wq;

extern const struct ethtool_ops ck_ethtool_ops;
extern const struct netdev_stat_ops ck_stat_ops;

/* What ck_nr_lanes() may be set to. */
static inline unsigned int ck_max_lanes(const struct ck_dev *ck)
{
	return min3(ck->dev->num_tx_queues, ck->dev->num_rx_queues, CK_LANES_MAX);
}

/* Lanes of the next channel at most; changed under RTNL and the device's lock. */
static inline unsigned int ck_nr_lanes(const struct ck_dev *ck)
{
	return ck->dev->real_num_tx_queues;
}

static inline bool ck_intercepts(const struct ck_dev *ck)
{
	return READ_ONCE(ck->steer) == COKEEPER_STEER_INTERCEPT;
}

/* Would a program of the lower device's driver see what it receives? */
static inline bool ck_native_xdp(const struct ck_dev *ck)
{
	const struct bpf_xdp_entity *xdp = &ck->lower->xdp_state[XDP_MODE_DRV];

	return READ_ONCE(xdp->prog) || READ_ONCE(xdp->link);
}

/* Count one event of a device; any context. */
static inline void ck_count(struct ck_dev *ck, enum ck_stat stat)
{
	this_cpu_inc(ck->stats->value[stat]);
}

/* Say why a request is refused; the value is @err, to be returned. */
#define ck_refuse(extack, err, msg) ({	\
	NL_SET_ERR_MSG(extack, msg);	\
	(err);				\
})

#endif /* CK_COKEEPER_H */
