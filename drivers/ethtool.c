// SPDX-License-Identifier: GPL-2.0
/* What ethtool shows of the cokeeper device. */

#include <linux/ethtool.h>

#include "channel.h"
#include "cokeeper.h"
#include "peer.h"
#include "ring.h"

static const char stat_names[CK_NR_STATS][ETH_GSTRING_LEN] = {
	[CK_TX_FALLBACK_NO_NEIGH]	= "tx_fallback_no_neigh",
	[CK_TX_FALLBACK_NO_PEER]	= "tx_fallback_no_peer",
	[CK_TX_FALLBACK_NO_CHANNEL]	= "tx_fallback_no_channel",
	[CK_TX_FALLBACK_STALLED]	= "tx_fallback_stalled",
	[CK_TX_FALLBACK_UNSUPPORTED]	= "tx_fallback_unsupported",
	[CK_TX_FALLBACK_CLOSED]		= "tx_fallback_closed",
	[CK_TX_FALLBACK_FAILED]		= "tx_fallback_failed",
	[CK_TX_RING_FULL]		= "tx_ring_full",
	[CK_TX_DROPPED_FULL]		= "tx_dropped_full",
	[CK_RX_DROPPED_LENGTH]		= "rx_dropped_length",
	[CK_RX_DROPPED_HEADER]		= "rx_dropped_header",
	[CK_RX_DROPPED_MEMORY]		= "rx_dropped_memory",
};

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "cokeeper", sizeof(info->driver));
	strscpy(info->bus_info, "xen", sizeof(info->bus_info));
}

/* After those, packets sent and received by each queue. */
static int get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ?
	       CK_NR_STATS + 2 * ck_max_lanes(netdev_priv(dev)) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	unsigned int i;

	if (set != ETH_SS_STATS)
		return;
	memcpy(data, stat_names, sizeof(stat_names));
	data += sizeof(stat_names);
	for (i = 0; i < ck_max_lanes(netdev_priv(dev)); i++) {
		ethtool_sprintf(&data, "tx_queue_%u_packets", i);
		ethtool_sprintf(&data, "rx_queue_%u_packets", i);
	}
}

static void get_queue_stats(struct ck_dev *ck, u64 *data)
{
	struct ck_traffic sum[CK_LANES_MAX];
	unsigned int bucket, i;
	struct ck_peer *peer;

	mutex_lock(&ck->lock);
	for (i = 0; i < ck_max_lanes(ck); i++)
		sum[i] = ck->queue[i].past;
	hash_for_each(ck->peers, bucket, peer, node)
		for (i = 0; peer->ch && i < peer->ch->nr; i++)
			ck_lane_count(&peer->ch->lane[i], &sum[i]);
	mutex_unlock(&ck->lock);

	for (i = 0; i < ck_max_lanes(ck); i++) {
		*data++ = sum[i].tx_packets;
		*data++ = sum[i].rx_packets;
	}
}

static void get_stats(struct net_device *dev, struct ethtool_stats *stats,
		      u64 *data)
{
	struct ck_dev *ck = netdev_priv(dev);
	int cpu, i;

	memset(data, 0, CK_NR_STATS * sizeof(*data));
	for_each_possible_cpu(cpu) {
		const struct ck_stats *one = per_cpu_ptr(ck->stats, cpu);
		u64 value[CK_NR_STATS];
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&one->syncp);
			for (i = 0; i < CK_NR_STATS; i++)
				value[i] = u64_stats_read(&one->value[i]);
		} while (u64_stats_fetch_retry(&one->syncp, start));
		for (i = 0; i < CK_NR_STATS; i++)
			data[i] += value[i];
	}
	get_queue_stats(ck, data + CK_NR_STATS);
}

/* A ring holds bytes, not entries: its size is told in bytes. */
static void get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);

	ring->rx_max_pending = CK_RING_MAX;
	ring->tx_max_pending = CK_RING_MAX;
	ring->rx_pending = ck->ring_size;
	ring->tx_pending = ck->ring_size;
}

/* Channels are made anew with the next packet; until then packets take the lower
 * device.
 */
static int set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);
	u32 size = ring->tx_pending;

	if (size == ck->ring_size)
		size = ring->rx_pending;
	else if (ring->rx_pending != ck->ring_size && ring->rx_pending != size)
		size = 0;
	if (size < CK_RING_MIN || !is_power_of_2(size)) {
		NL_SET_ERR_MSG(extack, "both rings are of one size, a power of two to 1048576");
		return -EINVAL;
	}
	mutex_lock(&ck->lock);
	ck->ring_size = size;
	ck_peer_close_all(ck, COKEEPER_REASON_NO_TRAFFIC);
	mutex_unlock(&ck->lock);
	return 0;
}

static void get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct ck_dev *ck = netdev_priv(dev);

	channels->max_combined = ck_max_lanes(ck);
	channels->combined_count = ck_nr_lanes(ck);
}

/* As for the size of rings, channels are made anew. */
static int set_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int nr = channels->combined_count;
	int err;

	mutex_lock(&ck->lock);
	err = netif_set_real_num_queues(dev, nr, nr);
	if (!err)
		ck_peer_close_all(ck, COKEEPER_REASON_NO_TRAFFIC);
	mutex_unlock(&ck->lock);
	return err;
}

static int get_coalesce(struct net_device *dev, struct ethtool_coalesce *coal,
			struct kernel_ethtool_coalesce *kernel_coal,
			struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);

	coal->rx_coalesce_usecs = ck->queue[0].look_usecs;
	return 0;
}

static int set_coalesce(struct net_device *dev, struct ethtool_coalesce *coal,
			struct kernel_ethtool_coalesce *kernel_coal,
			struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int i;

	if (coal->rx_coalesce_usecs > CK_LOOK_USECS_MAX) {
		NL_SET_ERR_MSG(extack, "rx-usecs is at most 1000");
		return -EINVAL;
	}
	for (i = 0; i < ck_max_lanes(ck); i++)
		WRITE_ONCE(ck->queue[i].look_usecs, coal->rx_coalesce_usecs);
	return 0;
}

const struct ethtool_ops ck_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS,
	.get_drvinfo		= get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_ringparam		= get_ringparam,
	.set_ringparam		= set_ringparam,
	.get_channels		= get_channels,
	.set_channels		= set_channels,
	.get_coalesce		= get_coalesce,
	.set_coalesce		= set_coalesce,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_stats,
};
