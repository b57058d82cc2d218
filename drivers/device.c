// SPDX-License-Identifier: GPL-2.0
/* The cokeeper net device: its life from ip link add to ip link del. */

#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <net/addrconf.h>
#include <net/rtnetlink.h>

#include "cokeeper.h"
#include "peer.h"
#include "../netlink/netlink.h"

/* How long the peers of a helper that went without a word are kept. */
#define HELPER_GRACE	(30 * HZ)

static LIST_HEAD(devices);
/* Protects the list; taken under RTNL, and before a device's lock. */
static DEFINE_MUTEX(devices_lock);

static struct rtnl_link_ops link_ops;

/**
 * ck_is_device() - is this a cokeeper device?
 * @dev: any net device
 *
 * Return: true if it is.
 */
bool ck_is_device(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &link_ops;
}

static void stop_queues(struct ck_dev *ck, unsigned int nr)
{
	while (nr--)
		ck_queue_stop(&ck->queue[nr]);
}

static int start_queues(struct ck_dev *ck)
{
	unsigned int i;
	int err;

	for (i = 0; i < ck_max_lanes(ck); i++) {
		err = ck_queue_start(&ck->queue[i]);
		if (err) {
			stop_queues(ck, i);
			return err;
		}
	}
	return 0;
}

static int open(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
#if IS_ENABLED(CONFIG_IPV6)
	struct inet6_dev *idev = __in6_dev_get(dev);

	/* Addresses live on the lower device. */
	if (idev)
		idev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
#endif
	return start_queues(ck);
}

static int stop(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);

	mutex_lock(&ck->lock);
	ck_peer_close_all(ck, COKEEPER_REASON_LINK_DOWN);
	mutex_unlock(&ck->lock);
	stop_queues(ck, ck_max_lanes(ck));
	return 0;
}

static void helper_grace_over(struct work_struct *work)
{
	struct ck_dev *ck = container_of(to_delayed_work(work), struct ck_dev,
					 grace);

	mutex_lock(&ck->lock);
	if (!ck->helper)
		ck_peer_forget_all(ck, COKEEPER_CAUSE_HELPER);
	mutex_unlock(&ck->lock);
}

/**
 * ck_device_helper_gone() - a netlink socket was closed
 * @net: its namespace
 * @portid: its port
 *
 * A device that it was the helper of keeps its peers for a while, in which a
 * restarted helper takes them over.
 */
void ck_device_helper_gone(struct net *net, u32 portid)
{
	struct ck_dev *ck;

	mutex_lock(&devices_lock);
	list_for_each_entry(ck, &devices, list) {
		if (!net_eq(dev_net(ck->dev), net))
			continue;
		mutex_lock(&ck->lock);
		if (ck->helper == portid) {
			ck->helper = 0;
			ck_netlink_notify_dev(ck, COKEEPER_CAUSE_NONE);
			mod_delayed_work(ck_wq, &ck->grace, HELPER_GRACE);
		}
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
}

static void renew_instance(struct ck_dev *ck)
{
	do {
		ck->instance = get_random_u64();
	} while (!ck->instance);
}

/**
 * ck_device_suspend_all() - end all channels before the domain is suspended
 *
 * The peers are told, what is in flight is awaited within a bound, and no page of
 * another domain stays mapped. Packets take the lower device from here on: the
 * workqueue that would make new channels is frozen, as is the helper.
 */
void ck_device_suspend_all(void)
{
	struct ck_dev *ck;

	mutex_lock(&devices_lock);
	list_for_each_entry(ck, &devices, list) {
		mutex_lock(&ck->lock);
		ck_peer_close_all(ck, COKEEPER_REASON_SUSPENDED);
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
}

/**
 * ck_device_resume_all() - go on after a suspend
 * @elsewhere: the domain is a new one, and may be on another host: nothing that
 *	was known of peers holds, and the devices get a new identity
 */
void ck_device_resume_all(bool elsewhere)
{
	struct ck_dev *ck;

	mutex_lock(&devices_lock);
	list_for_each_entry(ck, &devices, list) {
		mutex_lock(&ck->lock);
		if (elsewhere) {
			ck_peer_forget_all(ck, COKEEPER_CAUSE_RESUMED);
			renew_instance(ck);
		}
		ck_netlink_notify_dev(ck, COKEEPER_CAUSE_RESUMED);
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
}

static void destroy(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);

	kfree(ck->queue);
	free_percpu(ck->stats);
	free_percpu(dev->tstats);
}

static int init(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int i, max = ck_max_lanes(ck);

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	ck->stats = netdev_alloc_pcpu_stats(struct ck_stats);
	ck->queue = kcalloc(max, sizeof(*ck->queue), GFP_KERNEL);
	if (!dev->tstats || !ck->stats || !ck->queue) {
		destroy(dev);
		return -ENOMEM;
	}
	for (i = 0; i < max; i++)
		ck_queue_init(&ck->queue[i], dev, i);
	return 0;
}

static void uninit(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int i;

	mutex_lock(&devices_lock);
	if (!list_empty(&ck->list))
		list_del(&ck->list);
	mutex_unlock(&devices_lock);

	/* 1. Nothing finds the device by its number any more, and who found it
	 *    before sees that it is dead once it gets the lock.
	 */
	mutex_lock(&ck->lock);
	ck->dead = true;
	ck_peer_forget_all(ck, COKEEPER_CAUSE_DEVICE);
	mutex_unlock(&ck->lock);
	/* 2. Work for a peer holds the device, so that is waited for after this. */
	cancel_delayed_work_sync(&ck->grace);
	cancel_delayed_work_sync(&ck->reclaim);
	/* 3. The channels went when the device was closed. */
	for (i = 0; i < ck_max_lanes(ck); i++)
		ck_queue_destroy(&ck->queue[i]);
}

static int get_iflink(const struct net_device *dev)
{
	const struct ck_dev *ck = netdev_priv(dev);

	return ck->lower->ifindex;
}

static const struct net_device_ops netdev_ops = {
	.ndo_init		= init,
	.ndo_uninit		= uninit,
	.ndo_open		= open,
	.ndo_stop		= stop,
	.ndo_start_xmit		= ck_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_get_iflink		= get_iflink,
};

static const struct device_type device_type = { .name = "cokeeper" };

static void setup(struct net_device *dev)
{
	const netdev_features_t features = NETIF_F_SG | NETIF_F_FRAGLIST |
		NETIF_F_HW_CSUM | NETIF_F_GSO |
		NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN |
		NETIF_F_GSO_UDP_L4;

	dev->netdev_ops = &netdev_ops;
	dev->ethtool_ops = &ck_ethtool_ops;
	SET_NETDEV_DEVTYPE(dev, &device_type);

	/* An IP device: no link-layer header, no ARP. */
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->hard_header_len = 0;
	dev->addr_len = 0;

	/* Waiting packets are queued for each peer by itself, and keep their
	 * route, which says who the next hop is.
	 */
	dev->priv_flags |= IFF_NO_QUEUE;
	/* Netpoll sends Ethernet frames, and would poll beside the watcher. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	netif_keep_dst(dev);
	ck_netdev_set_lockless(dev);

	/* Datagrams of a flow pass the stack together: most of receiving a small
	 * one is the way up to its socket.
	 */
	dev->features |= features | NETIF_F_GRO_FRAGLIST;
	dev->hw_features |= features;
	dev->hw_enc_features |= features;

	dev->needs_free_netdev = true;
	dev->priv_destructor = destroy;
}

/* The cokeeper device that is stacked on a device, if any. RTNL is held. */
static struct net_device *cokeeper_above(struct net_device *lower)
{
	struct net_device *upper;
	struct list_head *iter;

	rcu_read_lock();
	netdev_for_each_upper_dev_rcu(lower, upper, iter) {
		if (ck_is_device(upper)) {
			rcu_read_unlock();
			return upper;
		}
	}
	rcu_read_unlock();
	return NULL;
}

static int newlink(struct net *src_net, struct net_device *dev,
		   struct nlattr *tb[], struct nlattr *data[],
		   struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);
	struct net_device *lower;
	unsigned int nr;
	int err;

	if (!tb[IFLA_LINK]) {
		NL_SET_ERR_MSG(extack, "a lower device is needed: link DEVICE");
		return -EINVAL;
	}
	lower = __dev_get_by_index(src_net, nla_get_u32(tb[IFLA_LINK]));
	if (!lower) {
		NL_SET_ERR_MSG(extack, "the lower device does not exist");
		return -ENODEV;
	}
	if (!net_eq(src_net, dev_net(dev))) {
		NL_SET_ERR_MSG(extack, "the lower device is in another network namespace");
		return -EINVAL;
	}
	if (lower->type != ARPHRD_ETHER || lower->addr_len != ETH_ALEN) {
		NL_SET_ERR_MSG(extack, "the lower device is not an Ethernet device");
		return -EINVAL;
	}

	if (cokeeper_above(lower)) {
		NL_SET_ERR_MSG(extack, "the lower device has a cokeeper device already");
		return -EEXIST;
	}

	ck->dev = dev;
	ck->lower = lower;
	ck->ring_size = CK_RING_SIZE;
	INIT_LIST_HEAD(&ck->list);
	mutex_init(&ck->lock);
	hash_init(ck->peers);
	INIT_DELAYED_WORK(&ck->grace, helper_grace_over);
	INIT_DELAYED_WORK(&ck->reclaim, ck_peer_reclaim);
	renew_instance(ck);
	if (!tb[IFLA_MTU])
		dev->mtu = lower->mtu;
	dev->max_mtu = lower->max_mtu;
	/* What falls back needs no copy to make room for the lower's header. */
	dev->needed_headroom = lower->hard_header_len + lower->needed_headroom;
	netif_inherit_tso_max(dev, lower);
	nr = min(num_online_cpus(), ck_max_lanes(ck));
	err = netif_set_real_num_queues(dev, nr, nr) ?: register_netdevice(dev);
	if (err)
		return err;
	err = netdev_upper_dev_link(lower, dev, extack);
	if (err) {
		unregister_netdevice(dev);
		return err;
	}
	mutex_lock(&devices_lock);
	list_add(&ck->list, &devices);
	mutex_unlock(&devices_lock);
	netif_carrier_on(dev);

	mutex_lock(&ck->lock);
	ck_netlink_notify_dev(ck, COKEEPER_CAUSE_NONE);
	mutex_unlock(&ck->lock);
	return 0;
}

static void dellink(struct net_device *dev, struct list_head *head)
{
	struct ck_dev *ck = netdev_priv(dev);

	netdev_upper_dev_unlink(ck->lower, dev);
	unregister_netdevice_queue(dev, head);
}

/* As many as could ever be of use. */
static unsigned int get_num_queues(void)
{
	return min(num_possible_cpus(), CK_LANES_MAX);
}

static struct net *get_link_net(const struct net_device *dev)
{
	return dev_net(dev);
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind		= "cokeeper",
	.priv_size	= sizeof(struct ck_dev),
	.setup		= setup,
	.newlink	= newlink,
	.dellink	= dellink,
	.get_link_net	= get_link_net,
	.get_num_tx_queues = get_num_queues,
	.get_num_rx_queues = get_num_queues,
};

/* Follow the lower device, and our own on its way down. RTNL is held. */
static int device_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *lower = netdev_notifier_info_to_dev(ptr);
	struct net_device *dev;
	struct ck_dev *ck;
	LIST_HEAD(gone);

	/* The peers need not wait until the stack lets go of the device. */
	if (ck_is_device(lower) && event == NETDEV_GOING_DOWN) {
		ck = netdev_priv(lower);
		mutex_lock(&ck->lock);
		ck_peer_goodbye_all(ck);
		mutex_unlock(&ck->lock);
		return NOTIFY_DONE;
	}

	dev = cokeeper_above(lower);
	if (!dev)
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_CHANGEMTU:
		dev->max_mtu = lower->max_mtu;
		dev_set_mtu(dev, lower->mtu);
		break;
	case NETDEV_CHANGEADDR:
		/* The helper announces the device under its new mac. */
		ck = netdev_priv(dev);
		mutex_lock(&ck->lock);
		ck_netlink_notify_dev(ck, COKEEPER_CAUSE_NONE);
		mutex_unlock(&ck->lock);
		break;
	case NETDEV_UNREGISTER:
		dellink(dev, &gone);
		unregister_netdevice_many(&gone);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

/* Learn of sockets that close, among which may be a helper's. */
static int socket_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct netlink_notify *n = ptr;

	if (event == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC)
		ck_device_helper_gone(n->net, n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_event,
};

/**
 * ck_device_init() - let devices be made
 *
 * Return: 0 or a negative errno.
 */
int ck_device_init(void)
{
	int err = register_netdevice_notifier(&device_notifier);

	if (err)
		return err;
	err = netlink_register_notifier(&socket_notifier);
	if (err)
		goto unregister_device;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto unregister_socket;
	return 0;

unregister_socket:
	netlink_unregister_notifier(&socket_notifier);
unregister_device:
	unregister_netdevice_notifier(&device_notifier);
	return err;
}

/**
 * ck_device_exit() - remove all devices
 */
void ck_device_exit(void)
{
	rtnl_link_unregister(&link_ops);
	netlink_unregister_notifier(&socket_notifier);
	unregister_netdevice_notifier(&device_notifier);
}
