// SPDX-License-Identifier: GPL-2.0
/* What ethtool shows and changes of the cokeeper device, and netdev's statistics of its queues. */

#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <net/netdev_queues.h>

#include "channel.h"
#include "connect.h"
#include "device.h"

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

/* What has gone through a queue: by all channels, those that have ended included. */
static struct ck_traffic queue_traffic(struct ck_dev *ck, unsigned int index)
{
	struct ck_channel *ch;
	struct ck_traffic sum;
	struct ck_peer *peer;
	unsigned int bucket;

	mutex_lock(&ck->lock);
	sum = ck->queue[index].closed_stats;
	hash_for_each(ck->peers, bucket, peer, node)
		if (peer->channel && index < peer->channel->nr)
			ck_lane_add_stats(&peer->channel->lane[index], &sum);
	list_for_each_entry(ch, &ck->draining, draining)
		if (index < ch->nr)
			ck_lane_add_stats(&ch->lane[index], &sum);
	mutex_unlock(&ck->lock);
	return sum;
}

static void ck_get_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int cpu, i;

	memset(data, 0, CK_NR_STATS * sizeof(*data));
	for_each_possible_cpu(cpu)
		for (i = 0; i < CK_NR_STATS; i++)
			data[i] += READ_ONCE(per_cpu_ptr(ck->stats, cpu)->value[i]);
	data += CK_NR_STATS;
	for (i = 0; i < ck_max_lanes(ck); i++) {
		struct ck_traffic traffic = queue_traffic(ck, i);

		*data++ = traffic.tx_packets;
		*data++ = traffic.rx_packets;
	}
}

static void ck_get_queue_stats_rx(struct net_device *dev, int index,
				  struct netdev_queue_stats_rx *rx)
{
	struct ck_traffic traffic = queue_traffic(netdev_priv(dev), index);

	rx->packets = traffic.rx_packets;
	rx->bytes = traffic.rx_bytes;
	rx->hw_drops = traffic.rx_dropped;
}

static void ck_get_queue_stats_tx(struct net_device *dev, int index,
				  struct netdev_queue_stats_tx *tx)
{
	struct ck_traffic traffic = queue_traffic(netdev_priv(dev), index);

	tx->packets = traffic.tx_packets;
	tx->bytes = traffic.tx_bytes;
}

/* What went through queues that are not in use now, so that the sum is the device's. */
static void ck_get_base_stats(struct net_device *dev, struct netdev_queue_stats_rx *rx,
			      struct netdev_queue_stats_tx *tx)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int i;

	ASSERT_RTNL();
	rx->packets = 0;
	rx->bytes = 0;
	rx->hw_drops = 0;
	tx->packets = 0;
	tx->bytes = 0;
	for (i = ck_nr_lanes(ck); i < ck_max_lanes(ck); i++) {
		struct ck_traffic traffic = queue_traffic(ck, i);

		rx->packets += traffic.rx_packets;
		rx->bytes += traffic.rx_bytes;
		rx->hw_drops += traffic.rx_dropped;
		tx->packets += traffic.tx_packets;
		tx->bytes += traffic.tx_bytes;
	}
}

const struct netdev_stat_ops ck_stat_ops = {
	.get_queue_stats_rx	= ck_get_queue_stats_rx,
	.get_queue_stats_tx	= ck_get_queue_stats_tx,
	.get_base_stats		= ck_get_base_stats,
};

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

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	mutex_lock(&ck->lock);
	err = netif_set_real_num_queues(dev, nr, nr);
	if (!err)
		ck_connect_close_all(ck, COKEEPER_REASON_NO_TRAFFIC);
	mutex_unlock(&ck->lock);
	return err;
}

/* A ring holds bytes, not a number of packets, so its size is in bytes. */
static void ck_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			     struct kernel_ethtool_ringparam *kernel_ring,
			     struct netlink_ext_ack *extack)
{
	const struct ck_dev *ck = netdev_priv(dev);

	ring->rx_max_pending = CK_RING_MAX;
	ring->tx_max_pending = CK_RING_MAX;
	ring->rx_pending = ck->ring_size;
	ring->tx_pending = ck->ring_size;
}

static int ck_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			    struct kernel_ethtool_ringparam *kernel_ring,
			    struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);

	if (ring->rx_pending != ring->tx_pending)
		return ck_refuse(extack, -EINVAL,
				 "both rings of a lane have one size: give rx and tx the same");
	return ck_device_set_options(ck, ring->rx_pending, ck->poll_usecs, extack);
}

/* While an idle CPU polls, the peers send it no events. */
static int ck_get_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce,
			   struct kernel_ethtool_coalesce *kernel_coalesce,
			   struct netlink_ext_ack *extack)
{
	const struct ck_dev *ck = netdev_priv(dev);

	coalesce->rx_coalesce_usecs = ck->poll_usecs;
	return 0;
}

static int ck_set_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce,
			   struct kernel_ethtool_coalesce *kernel_coalesce,
			   struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);

	return ck_device_set_options(ck, ck->ring_size, coalesce->rx_coalesce_usecs, extack);
}

const struct ethtool_ops ck_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_channels		= ck_get_channels,
	.set_channels		= ck_set_channels,
	.get_ringparam		= ck_get_ringparam,
	.set_ringparam		= ck_set_ringparam,
	.get_coalesce		= ck_get_coalesce,
	.set_coalesce		= ck_set_coalesce,
	.get_sset_count		= ck_get_sset_count,
	.get_strings		= ck_get_strings,
	.get_ethtool_stats	= ck_get_stats,
};
