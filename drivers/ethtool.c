// SPDX-License-Identifier: GPL-2.0
/* What ethtool shows and changes of the cokeeper device. */

#include <linux/ethtool.h>

#include "channel.h"
#include "connect.h"

static const char stat_names[CK_NR_STATS][ETH_GSTRING_LEN] = {
	[CK_TX_FALLBACK_MULTICAST]	= "tx_fallback_multicast",
	[CK_TX_FALLBACK_VLAN]		= "tx_fallback_vlan",
	[CK_TX_FALLBACK_SOURCE_MAC]	= "tx_fallback_source_mac",
	[CK_TX_FALLBACK_NOT_IP]		= "tx_fallback_not_ip",
	[CK_TX_FALLBACK_TC]		= "tx_fallback_tc",
	[CK_TX_FALLBACK_QDISC]		= "tx_fallback_qdisc",
	[CK_TX_FALLBACK_NO_NEIGH]	= "tx_fallback_no_neigh",
	[CK_TX_FALLBACK_NO_PEER]	= "tx_fallback_no_peer",
	[CK_TX_FALLBACK_NO_CHANNEL]	= "tx_fallback_no_channel",
	[CK_TX_FALLBACK_SIZE]		= "tx_fallback_size",
	[CK_TX_FALLBACK_UNSUPPORTED]	= "tx_fallback_unsupported",
	[CK_TX_FALLBACK_SOURCE]		= "tx_fallback_source",
	[CK_TX_FALLBACK_FULL]		= "tx_fallback_full",
	[CK_TX_FALLBACK_TIMEOUT]	= "tx_fallback_timeout",
	[CK_TX_FALLBACK_STALLED]	= "tx_fallback_stalled",
	[CK_TX_FALLBACK_CLOSED]		= "tx_fallback_closed",
	[CK_TX_RING_FULL]		= "tx_ring_full",
	[CK_RX_DROPPED_LENGTH]		= "rx_dropped_length",
	[CK_RX_DROPPED_HEADER]		= "rx_dropped_header",
	[CK_RX_DROPPED_SOURCE]		= "rx_dropped_source",
	[CK_RX_DROPPED_MEMORY]		= "rx_dropped_memory",
};

/* After those, packets sent and received by each queue. */
static int ck_get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ?
	       CK_NR_STATS + 2 * ck_max_lanes(netdev_priv(dev)) : -EOPNOTSUPP;
}

static void ck_get_strings(struct net_device *dev, u32 set, u8 *data)
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
	unsigned int i, bucket;
	struct ck_channel *ch;
	struct ck_peer *peer;

	mutex_lock(&ck->lock);
	for (i = 0; i < ck_max_lanes(ck); i++)
		sum[i] = ck->queue[i].closed_stats;
	hash_for_each(ck->peers, bucket, peer, node)
		for (i = 0; peer->channel && i < peer->channel->nr; i++)
			ck_lane_add_stats(&peer->channel->lane[i], &sum[i]);
	list_for_each_entry(ch, &ck->draining, draining)
		for (i = 0; i < ch->nr; i++)
			ck_lane_add_stats(&ch->lane[i], &sum[i]);
	mutex_unlock(&ck->lock);

	for (i = 0; i < ck_max_lanes(ck); i++) {
		*data++ = sum[i].tx_packets;
		*data++ = sum[i].rx_packets;
	}
}

static void ck_get_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct ck_dev *ck = netdev_priv(dev);
	int cpu, i;

	memset(data, 0, CK_NR_STATS * sizeof(*data));
	for_each_possible_cpu(cpu)
		for (i = 0; i < CK_NR_STATS; i++)
			data[i] += READ_ONCE(per_cpu_ptr(ck->stats, cpu)->value[i]);
	get_queue_stats(ck, data + CK_NR_STATS);
}

static void ck_get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct ck_dev *ck = netdev_priv(dev);

	channels->max_combined = ck_max_lanes(ck);
	channels->combined_count = ck_nr_lanes(ck);
}

/* Channels are made anew with the next packet; until then packets take the lower device. */
static int ck_set_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int nr = channels->combined_count;
	int err;

	mutex_lock(&ck->lock);
	err = netif_set_real_num_queues(dev, nr, nr);
	if (!err)
		ck_connect_close_all(ck, COKEEPER_REASON_NO_TRAFFIC);
	mutex_unlock(&ck->lock);
	return err;
}

const struct ethtool_ops ck_ethtool_ops = {
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_channels		= ck_get_channels,
	.set_channels		= ck_set_channels,
	.get_sset_count		= ck_get_sset_count,
	.get_strings		= ck_get_strings,
	.get_ethtool_stats	= ck_get_stats,
};
