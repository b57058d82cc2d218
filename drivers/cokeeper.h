/* SPDX-License-Identifier: GPL-2.0 */
/* The cokeeper device: what its parts share. */
#ifndef CK_COKEEPER_H
#define CK_COKEEPER_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "../netlink/cokeeper.h"
#include "queue.h"

#define CK_PEER_HASH_BITS	8
/* Bytes in each ring of a channel that we offer, until ethtool changes it. */
#define CK_RING_SIZE		0x40000u
/* Queues of a device, and so lanes of a channel. */
#define CK_LANES_MAX		8u

/* Why a packet took the lower device or was dropped; names in ethtool.c. */
enum ck_stat {
	CK_TX_FALLBACK_NO_NEIGH,
	CK_TX_FALLBACK_NO_PEER,
	CK_TX_FALLBACK_NO_CHANNEL,
	CK_TX_FALLBACK_STALLED,
	CK_TX_FALLBACK_UNSUPPORTED,
	CK_TX_FALLBACK_CLOSED,
	CK_TX_FALLBACK_FAILED,
	CK_TX_RING_FULL,
	CK_TX_DROPPED_FULL,
	CK_RX_DROPPED_LENGTH,
	CK_RX_DROPPED_HEADER,
	CK_RX_DROPPED_MEMORY,
	CK_NR_STATS
};

struct ck_stats {
	u64_stats_t value[CK_NR_STATS];
	struct u64_stats_sync syncp;
};

/**
 * struct ck_dev - private part of a cokeeper net device
 * @dev: the net device
 * @lower: the device that it is stacked on; referenced through the upper link
 * @queue: what receives from the channels, ck_max_lanes() of them, all running
 *	while the device is up; the first lane of each channel is in the first one
 * @stats: per CPU
 * @lock: protects all below but the hash chains' readers (RCU), and the states
 *	and channels of the peers; taken under RTNL, never the other way round
 * @dead: the device is being unregistered; nothing is added any more
 * @peers: by MAC; changed under @lock, read under RCU
 * @nr_peers: in @peers
 * @generation: counts the changes of @peers
 * @instance: random identity
 * @ring_size: bytes in each ring of the next channel that we offer
 * @next_offer: id of the next offer
 * @reclaim: gives idle channels back; queued while there is a channel
 * @helper: netlink port of the bound helper, 0 if there is none
 * @grace: forgets the peers some time after the helper has gone
 * @list: in the list of all devices (see device.c)
 */
struct ck_dev {
	struct net_device *dev;
	struct net_device *lower;
	struct ck_queue *queue;
	struct ck_stats __percpu *stats;

	struct mutex lock; /* see above */
	bool dead;
	DECLARE_HASHTABLE(peers, CK_PEER_HASH_BITS);
	u32 nr_peers;
	u32 generation;
	u64 instance;
	u32 ring_size;
	u32 next_offer;
	struct delayed_work reclaim;
	u32 helper;
	struct delayed_work grace;
	struct list_head list;
};

extern struct workqueue_struct *ck_wq;

/* What ck_nr_lanes() may be set to. */
static inline unsigned int ck_max_lanes(const struct ck_dev *ck)
{
	return min3(ck->dev->num_tx_queues, ck->dev->num_rx_queues, CK_LANES_MAX);
}

/* Lanes of the next channel, if the peer has as many; changed under RTNL and the
 * device's lock.
 */
static inline unsigned int ck_nr_lanes(const struct ck_dev *ck)
{
	return ck->dev->real_num_tx_queues;
}

/* Count one event of @dev; bottom halves are off. */
static inline void ck_count(struct ck_dev *ck, enum ck_stat stat)
{
	struct ck_stats *stats = this_cpu_ptr(ck->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->value[stat]);
	u64_stats_update_end(&stats->syncp);
}

/* device.c */
int ck_device_init(void);
void ck_device_exit(void);
void ck_device_suspend_all(void);
void ck_device_resume_all(bool elsewhere);
bool ck_is_device(const struct net_device *dev);
void ck_device_helper_gone(struct net *net, u32 portid);

/* suspend.c */
int ck_suspend_init(void);
void ck_suspend_exit(void);

/* ethtool.c */
extern const struct ethtool_ops ck_ethtool_ops;

/* steer.c */
netdev_tx_t ck_xmit(struct sk_buff *skb, struct net_device *dev);
void ck_fallback(struct ck_dev *ck, struct sk_buff *skb, enum ck_stat why);

#endif /* CK_COKEEPER_H */
