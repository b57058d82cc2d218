// SPDX-License-Identifier: GPL-2.0
/* The cokeeper net devices: each one's life from ip link add to ip link del. */

#include <linux/cpuhotplug.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/random.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/netdev_queues.h>
#include <net/rtnetlink.h>

#include "account.h"
#include "busypoll.h"
#include "channel.h"
#include "connect.h"
#include "device.h"
#include "../netlink/notify.h"
#include "peertable.h"
#include "sources.h"
#include "steer.h"
#include "withdraw.h"
#include "../netlink/if_link.h"

/* How long a helper that went without a word may be away: long enough for a restart or an
 * upgrade. Its peers and its announcement are kept until then.
 */
#define HELPER_GRACE	(20 * HZ)
/* Per cent of the memory that channels may take, unless the link says otherwise. */
#define MEMORY_SHARE	12

static LIST_HEAD(devices);
/* The guest suspends or shuts down; written under the lock. */
static bool suspended;
/* Protects both; taken under RTNL, and before a device's lock. */
static DEFINE_MUTEX(devices_lock);

static enum cpuhp_state online_state, dead_state;

static struct rtnl_link_ops link_ops;

/**
 * ck_is_device() - is this a cokeeper device?
 * @dev: any net device
 * Return: true if it is.
 */
bool ck_is_device(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &link_ops;
}

/* Does the device take part, and if not, why? */
static enum cokeeper_reason why_inactive(const struct ck_dev *ck)
{
	if (READ_ONCE(suspended))
		return COKEEPER_REASON_SUSPENDED;
	if (!ck->up)
		return COKEEPER_REASON_LINK_DOWN;
	if (!netif_running(ck->lower))
		return COKEEPER_REASON_LOWER_DOWN;
	if (ck_native_xdp(ck))
		return COKEEPER_REASON_XDP;
	return COKEEPER_REASON_NONE;
}

/* See whether the device takes part, and if that has changed, end the channels, and have the
 * helper withdraw or renew the announcement.
 */
static void check_active(struct ck_dev *ck)
{
	enum cokeeper_reason inactive = why_inactive(ck);

	lockdep_assert_held(&ck->lock);
	/* No event tells of each way to take a program off. */
	if (inactive == COKEEPER_REASON_XDP)
		queue_delayed_work(ck_wq, &ck->check, HZ);
	if (inactive == ck->inactive)
		return;
	WRITE_ONCE(ck->inactive, inactive);
	if (inactive)
		ck_connect_close_all(ck, inactive);
	/* Of a suspend or a shutdown the toolstack tells the host, with its cause. */
	if (inactive != COKEEPER_REASON_SUSPENDED)
		ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
}

static void ck_device_check(struct work_struct *work)
{
	struct ck_dev *ck = container_of(work, struct ck_dev, check.work);

	mutex_lock(&ck->lock);
	check_active(ck);
	mutex_unlock(&ck->lock);
}

/* The lower device has the addresses, and listens to routers. */
static void quiet_ipv6(struct net_device *dev)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct inet6_dev *idev = __in6_dev_get(dev);

	if (!idev)
		return;
	WRITE_ONCE(idev->cnf.addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	WRITE_ONCE(idev->cnf.accept_ra, 0);
	WRITE_ONCE(idev->cnf.accept_redirects, 0);
#endif
}

/* Let the netdev family know what serves a queue of the device; NULL: nothing does. */
static void link_napi(struct ck_dev *ck, unsigned int index, struct napi_struct *napi)
{
	netif_queue_set_napi(ck->dev, index, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(ck->dev, index, NETDEV_QUEUE_TYPE_TX, napi);
}

static void stop_queues(struct ck_dev *ck, unsigned int nr)
{
	ASSERT_RTNL();
	while (nr--) {
		ck_busypoll_stop(&ck->queue[nr]);
		link_napi(ck, nr, NULL);
		napi_disable(&ck->queue[nr].napi);
		hrtimer_cancel(&ck->queue[nr].defer);
		ck_tx_defer_stop(&ck->queue[nr].tx_defer);
	}
}

static int start_queues(struct ck_dev *ck)
{
	unsigned int i;
	int err;

	ASSERT_RTNL();
	for (i = 0; i < ck_max_lanes(ck); i++) {
		err = ck_busypoll_start(&ck->queue[i]);
		if (err) {
			stop_queues(ck, i);
			return err;
		}
		napi_enable(&ck->queue[i].napi);
		link_napi(ck, i, &ck->queue[i].napi);
	}
	return 0;
}

static int ck_open(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	int err;

	quiet_ipv6(dev);
	err = start_queues(ck);
	if (err)
		return err;
	if (CK_CAN_INTERCEPT && ck_intercepts(ck)) {
		err = ck_intercept_start(ck, NULL);
		if (err) {
			stop_queues(ck, ck_max_lanes(ck));
			return err;
		}
	}
	mutex_lock(&ck->lock);
	ck->up = true;
	check_active(ck);
	mutex_unlock(&ck->lock);
	return 0;
}

static int ck_stop(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);

	if (CK_CAN_INTERCEPT)
		ck_intercept_stop(ck);
	mutex_lock(&ck->lock);
	ck->up = false;
	check_active(ck);
	mutex_unlock(&ck->lock);
	/* The queues run until then. */
	ck_connect_wait_drained(ck);
	stop_queues(ck, ck_max_lanes(ck));
	return 0;
}

/* Remove what a helper may have announced in XenStore. */
static void withdraw(struct ck_dev *ck)
{
	lockdep_assert_held(&ck->lock);
	if (is_zero_ether_addr(ck->helper_mac))
		return;
	ck_withdraw(ck->helper_mac);
	eth_zero_addr(ck->helper_mac);
}

static void ck_helper_grace_over(struct work_struct *work)
{
	struct ck_dev *ck = container_of(work, struct ck_dev, grace.work);

	mutex_lock(&ck->lock);
	if (!ck->helper) {
		ck_peertable_forget_all(ck, COKEEPER_CAUSE_HELPER);
		withdraw(ck);
	}
	mutex_unlock(&ck->lock);
}

/**
 * ck_device_bind_helper() - a socket becomes the helper of a device
 * @ck: the device, locked
 * @portid: of the socket
 * @extack: says why not
 * Return: 0 or a negative errno.
 */
int ck_device_bind_helper(struct ck_dev *ck, u32 portid, struct netlink_ext_ack *extack)
{
	const u8 *mac = ck->lower->dev_addr;

	lockdep_assert_held(&ck->lock);
	if (ck->helper && ck->helper != portid)
		return ck_refuse(extack, -EBUSY, "another helper is bound to the device");
	if (ck_withdrawing(mac))
		return ck_refuse(extack, -EINPROGRESS,
				 "the last helper's announcement is being removed: try again");
	if (!ether_addr_equal(ck->helper_mac, mac))
		withdraw(ck);
	ether_addr_copy(ck->helper_mac, mac);
	ck->helper = portid;
	cancel_delayed_work(&ck->grace);
	ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
	ck_connect_helper_bound(ck);
	return 0;
}

static void renew_instance(struct ck_dev *ck)
{
	do {
		ck->instance = get_random_u64();
	} while (!ck->instance);
}

/**
 * ck_device_suspend_all() - end all channels before the domain is suspended or shuts down
 *
 * The peers are told, what is in flight is awaited within a bound, and no page of
 * another domain stays mapped. Packets take the lower device from here on.
 */
void ck_device_suspend_all(void)
{
	struct ck_dev *ck;

	mutex_lock(&devices_lock);
	WRITE_ONCE(suspended, true);
	list_for_each_entry(ck, &devices, list) {
		mutex_lock(&ck->lock);
		check_active(ck);
		mutex_unlock(&ck->lock);
	}
	/* All of them drain at the same time. */
	list_for_each_entry(ck, &devices, list)
		ck_connect_wait_drained(ck);
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
	WRITE_ONCE(suspended, false);
	if (elsewhere)
		ck_account_forgive_all();
	list_for_each_entry(ck, &devices, list) {
		mutex_lock(&ck->lock);
		if (elsewhere) {
			ck_peertable_forget_all(ck, COKEEPER_CAUSE_RESUMED);
			renew_instance(ck);
		}
		check_active(ck);
		ck_notify_dev(ck, COKEEPER_CAUSE_RESUMED);
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
}

/* The CPUs that are online have changed: spread the queues over them again. It is work,
 * since those who hold the locks may wait for hotplug's own.
 */
static void ck_spread_queues(struct work_struct *work)
{
	struct ck_dev *ck;
	unsigned int i;

	mutex_lock(&devices_lock);
	list_for_each_entry(ck, &devices, list) {
		mutex_lock(&ck->lock);
		for (i = 0; ck->up && i < ck_max_lanes(ck); i++)
			ck_busypoll_set_cpu(&ck->queue[i]);
		ck_connect_update_lanes(ck);
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
}

static DECLARE_WORK(spread_work, ck_spread_queues);

static int ck_cpu_event(unsigned int cpu)
{
	queue_work(ck_wq, &spread_work);
	return 0;
}

static void ck_destroy(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);

	ck_sources_set(&ck->sources, NULL);
	kfree(ck->queue);
	free_percpu(ck->stats);
	free_percpu(dev->tstats);
}

static void destroy_queues(struct ck_dev *ck, unsigned int nr)
{
	while (nr--)
		ck_queue_destroy(&ck->queue[nr]);
}

static int ck_init(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);
	unsigned int i, max = ck_max_lanes(ck);
	int err = 0;

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	ck->stats = alloc_percpu(struct ck_stats);
	ck->queue = kcalloc(max, sizeof(*ck->queue), GFP_KERNEL);
	if (!dev->tstats || !ck->stats || !ck->queue) {
		ck_destroy(dev);
		return -ENOMEM;
	}
	for (i = 0; i < max && !err; i++)
		err = ck_queue_init(&ck->queue[i], dev, i);
	if (err) {
		destroy_queues(ck, i);
		ck_destroy(dev);
	}
	return err;
}

static void ck_uninit(struct net_device *dev)
{
	struct ck_dev *ck = netdev_priv(dev);

	mutex_lock(&devices_lock);
	if (!list_empty(&ck->list))
		list_del(&ck->list);
	mutex_unlock(&devices_lock);

	/* 1. Nothing finds the device by its number any more, and who found it
	 *    before sees that it is dead once it gets the lock.
	 */
	mutex_lock(&ck->lock);
	ck->dead = true;
	ck_peertable_forget_all(ck, COKEEPER_CAUSE_DEVICE);
	withdraw(ck);
	mutex_unlock(&ck->lock);
	/* 2. Work for a peer holds the device, so that is waited for after this. */
	cancel_delayed_work_sync(&ck->grace);
	cancel_delayed_work_sync(&ck->reclaim);
	cancel_delayed_work_sync(&ck->drain);
	/* 3. The channels went when the device was closed, and the hook before them; a
	 *    grace period has passed since, so no packet has the work queued again.
	 */
	cancel_delayed_work_sync(&ck->check);
	destroy_queues(ck, ck_max_lanes(ck));
}

static int ck_get_iflink(const struct net_device *dev)
{
	const struct ck_dev *ck = netdev_priv(dev);

	return ck->lower->ifindex;
}

static const struct net_device_ops netdev_ops = {
	.ndo_init		= ck_init,
	.ndo_uninit		= ck_uninit,
	.ndo_open		= ck_open,
	.ndo_stop		= ck_stop,
	.ndo_start_xmit		= ck_route_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_get_iflink		= ck_get_iflink,
};

static const struct device_type device_type = { .name = "cokeeper" };

static void ck_setup(struct net_device *dev)
{
	const netdev_features_t features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM |
		NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;

	dev->netdev_ops = &netdev_ops;
	dev->ethtool_ops = &ck_ethtool_ops;
	ck_netdev_set_stat_ops(dev, &ck_stat_ops);
	dev->header_ops = &ip_tunnel_header_ops;
	SET_NETDEV_DEVTYPE(dev, &device_type);

	/* An IP device: no link-layer header, no ARP. */
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->min_mtu = ETH_MIN_MTU;

	/* What waits is queued for each peer, with its route, which has the next hop. */
	dev->priv_flags |= IFF_NO_QUEUE;
	/* Netpoll sends Ethernet frames, and would poll beside the poller. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	netif_keep_dst(dev);
	ck_netdev_set_lockless(dev);

	/* What peers say of checksums is always taken over. */
	dev->features |= features | NETIF_F_RXCSUM;
	dev->hw_features |= features;

	dev->needs_free_netdev = true;
	dev->priv_destructor = ck_destroy;
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

static const struct nla_policy link_policy[IFLA_COKEEPER_MAX + 1] = {
	[IFLA_COKEEPER_STEER]		= NLA_POLICY_MAX(NLA_U32, COKEEPER_STEER_ROUTE),
	[IFLA_COKEEPER_RING_SIZE]	= { .type = NLA_U32 },
	[IFLA_COKEEPER_POLL_USECS]	= NLA_POLICY_MAX(NLA_U32, CK_BUSY_POLL_USECS_MAX),
	[IFLA_COKEEPER_MEMORY_SHARE]	= NLA_POLICY_RANGE(NLA_U32, 1, 50),
};

/* An option's value, or what it is to be without. */
static u32 option(struct nlattr *data[], int attr, u32 otherwise)
{
	return data && data[attr] ? nla_get_u32(data[attr]) : otherwise;
}

/* May the caller have options set so? @data: the attributes that ask for it, if any do. */
static int check_options(u32 ring_size, u32 poll_usecs, struct nlattr *data[],
			 struct netlink_ext_ack *extack)
{
	if (!capable(CAP_NET_ADMIN))
		return ck_refuse(extack, -EPERM,
				 "a cokeeper device needs CAP_NET_ADMIN in the initial user namespace");
	if (ring_size < CK_RING_MIN || ring_size > CK_RING_MAX || !is_power_of_2(ring_size)) {
		NL_SET_ERR_MSG_ATTR(extack, data ? data[IFLA_COKEEPER_RING_SIZE] : NULL,
				    "the ring size is a power of two, 131072 to 1048576");
		return -EINVAL;
	}
	if (poll_usecs > CK_BUSY_POLL_USECS_MAX)
		return ck_refuse(extack, -ERANGE,
				 "an idle CPU polls for 1000 microseconds at most");
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && poll_usecs) {
		NL_SET_ERR_MSG_ATTR(extack, data ? data[IFLA_COKEEPER_POLL_USECS] : NULL,
				    "a PREEMPT_RT kernel does not poll in place of the idle loop");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int ck_validate(struct nlattr *tb[], struct nlattr *data[],
		       struct netlink_ext_ack *extack)
{
	if (!CK_CAN_INTERCEPT && option(data, IFLA_COKEEPER_STEER, COKEEPER_STEER_ROUTE) ==
				 COKEEPER_STEER_INTERCEPT) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_COKEEPER_STEER],
				    "this kernel has no egress hook (CONFIG_NETFILTER_EGRESS): steer route");
		return -EOPNOTSUPP;
	}
	return check_options(option(data, IFLA_COKEEPER_RING_SIZE, CK_RING_SIZE),
			     option(data, IFLA_COKEEPER_POLL_USECS, 0), data, extack);
}

static int check_lower(struct net_device *dev, struct net *net, struct net_device *lower,
		       struct netlink_ext_ack *extack)
{
	ASSERT_RTNL();
	if (!lower)
		return ck_refuse(extack, -ENODEV, "the lower device does not exist");
	if (!net_eq(net, dev_net(dev)))
		return ck_refuse(extack, -EINVAL,
				 "the lower device is in another network namespace");
	if (lower->type != ARPHRD_ETHER || lower->addr_len != ETH_ALEN)
		return ck_refuse(extack, -EINVAL, "the lower device is not an Ethernet device");
	/* Else what is configured on that would be passed by. */
	if (!list_empty(&lower->adj_list.lower) || netif_is_lag_master(lower) ||
	    netif_is_bridge_master(lower) || netif_is_l3_master(lower))
		return ck_refuse(extack, -EINVAL,
				 "the lower device has lower devices of its own: name one of those");
	if (cokeeper_above(lower))
		return ck_refuse(extack, -EEXIST, "the lower device has a cokeeper device already");
	return 0;
}

/* What there is before the device is registered. */
static void init_device(struct ck_dev *ck, struct net_device *dev, struct net_device *lower,
			struct nlattr *data[])
{
	ck->dev = dev;
	ck->lower = lower;
	ck->steer = option(data, IFLA_COKEEPER_STEER, CK_CAN_INTERCEPT ?
			   COKEEPER_STEER_INTERCEPT : COKEEPER_STEER_ROUTE);
	ck->ring_size = option(data, IFLA_COKEEPER_RING_SIZE, CK_RING_SIZE);
	ck->poll_usecs = option(data, IFLA_COKEEPER_POLL_USECS, CK_BUSY_POLL_USECS);
	ck->memory_share = option(data, IFLA_COKEEPER_MEMORY_SHARE, MEMORY_SHARE);
	ck->inactive = COKEEPER_REASON_LINK_DOWN;
	INIT_LIST_HEAD(&ck->list);
	mutex_init(&ck->lock);
	hash_init(ck->peers);
	INIT_DELAYED_WORK(&ck->grace, ck_helper_grace_over);
	INIT_DELAYED_WORK(&ck->reclaim, ck_connect_reclaim);
	INIT_DELAYED_WORK(&ck->drain, ck_connect_drain);
	INIT_LIST_HEAD(&ck->draining);
	init_waitqueue_head(&ck->drained);
	INIT_DELAYED_WORK(&ck->check, ck_device_check);
	renew_instance(ck);
}

CK_NEWLINK(ck_newlink, dev, params, extack)
{
	struct nlattr **tb = params->tb, **data = params->data;
	struct net *net = rtnl_newlink_link_net(params);
	struct ck_dev *ck = netdev_priv(dev);
	struct net_device *lower;
	unsigned int nr;
	int err;

	if (!tb[IFLA_LINK])
		return ck_refuse(extack, -EINVAL, "a lower device is needed: link DEVICE");
	lower = __dev_get_by_index(net, nla_get_u32(tb[IFLA_LINK]));
	err = check_lower(dev, net, lower, extack);
	if (err)
		return err;

	init_device(ck, dev, lower, data);
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
	netif_stacked_transfer_operstate(lower, dev);

	mutex_lock(&ck->lock);
	ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
	mutex_unlock(&ck->lock);
	if (!CK_CAN_INTERCEPT && !(data && data[IFLA_COKEEPER_STEER])) {
		NL_SET_ERR_MSG(extack, "no CONFIG_NETFILTER_EGRESS: the device steers by route");
		netdev_info(dev, "no CONFIG_NETFILTER_EGRESS: steers by route\n");
	}
	return 0;
}

/* Change how a live device steers. Packets that are on their way arrive all the same. */
static int set_steer(struct ck_dev *ck, u32 steer, struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	if (!CK_CAN_INTERCEPT || steer == ck->steer)
		return 0;
	if (steer == COKEEPER_STEER_ROUTE) {
		ck_intercept_stop(ck);
	} else if (ck->up) {
		err = ck_intercept_start(ck, extack);
		if (err)
			return err;
	}
	mutex_lock(&ck->lock);
	WRITE_ONCE(ck->steer, steer);
	ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
	mutex_unlock(&ck->lock);
	return 0;
}

/**
 * ck_device_set_options() - change what ethtool can change as well
 * @ck: the device; RTNL is held
 * @ring_size: bytes in each ring; channels are made anew with the next packet
 * @poll_usecs: how long an idle CPU polls after the last packet, in microseconds; 0: never
 * @extack: says why not
 * Return: 0 or a negative errno.
 */
int ck_device_set_options(struct ck_dev *ck, u32 ring_size, u32 poll_usecs,
			  struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	err = check_options(ring_size, poll_usecs, NULL, extack);
	if (err)
		return err;
	WRITE_ONCE(ck->poll_usecs, poll_usecs);
	mutex_lock(&ck->lock);
	if (ring_size != ck->ring_size)
		ck_connect_close_all(ck, COKEEPER_REASON_NO_TRAFFIC);
	ck->ring_size = ring_size;
	mutex_unlock(&ck->lock);
	return 0;
}

static int ck_changelink(struct net_device *dev, struct nlattr *tb[], struct nlattr *data[],
			 struct netlink_ext_ack *extack)
{
	struct ck_dev *ck = netdev_priv(dev);
	int err;

	/* ck_validate() was here, so nothing but the hook can fail. */
	err = set_steer(ck, option(data, IFLA_COKEEPER_STEER, ck->steer), extack) ?:
	      ck_device_set_options(ck, option(data, IFLA_COKEEPER_RING_SIZE, ck->ring_size),
				    option(data, IFLA_COKEEPER_POLL_USECS, ck->poll_usecs),
				    extack);
	if (err)
		return err;
	mutex_lock(&ck->lock);
	ck->memory_share = option(data, IFLA_COKEEPER_MEMORY_SHARE, ck->memory_share);
	mutex_unlock(&ck->lock);
	return 0;
}

static size_t ck_get_size(const struct net_device *dev)
{
	return IFLA_COKEEPER_MAX * nla_total_size(sizeof(u32));
}

static int ck_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct ck_dev *ck = netdev_priv(dev);

	if (nla_put_u32(skb, IFLA_COKEEPER_STEER, ck->steer) ||
	    nla_put_u32(skb, IFLA_COKEEPER_RING_SIZE, ck->ring_size) ||
	    nla_put_u32(skb, IFLA_COKEEPER_POLL_USECS, ck->poll_usecs) ||
	    nla_put_u32(skb, IFLA_COKEEPER_MEMORY_SHARE, ck->memory_share))
		return -EMSGSIZE;
	return 0;
}

static void ck_dellink(struct net_device *dev, struct list_head *head)
{
	struct ck_dev *ck = netdev_priv(dev);

	netdev_upper_dev_unlink(ck->lower, dev);
	unregister_netdevice_queue(dev, head);
}

/* As many as could ever be of use. */
static unsigned int ck_get_num_queues(void)
{
	return min(num_possible_cpus(), CK_LANES_MAX);
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind		= "cokeeper",
	.priv_size	= sizeof(struct ck_dev),
	.maxtype	= IFLA_COKEEPER_MAX,
	.policy		= link_policy,
	.setup		= ck_setup,
	.validate	= ck_validate,
	.newlink	= ck_newlink,
	.changelink	= ck_changelink,
	.dellink	= ck_dellink,
	.get_size	= ck_get_size,
	.fill_info	= ck_fill_info,
	.get_num_tx_queues = ck_get_num_queues,
	.get_num_rx_queues = ck_get_num_queues,
};

/* Follow the lower device. RTNL is held. */
static void lower_event(struct ck_dev *ck, unsigned long event)
{
	struct net_device *lower = ck->lower;
	LIST_HEAD(gone);

	switch (event) {
	case NETDEV_CHANGEMTU:
		ck->dev->max_mtu = lower->max_mtu;
		dev_set_mtu(ck->dev, lower->mtu);
		mutex_lock(&ck->lock);
		ck_connect_update_lanes(ck);
		mutex_unlock(&ck->lock);
		break;
	case NETDEV_FEAT_CHANGE:
		netif_inherit_tso_max(ck->dev, lower);
		break;
	case NETDEV_CHANGEADDR:
		/* The helper announces the device under its new mac. */
		mutex_lock(&ck->lock);
		ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
		mutex_unlock(&ck->lock);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		netif_stacked_transfer_operstate(lower, ck->dev);
		mutex_lock(&ck->lock);
		check_active(ck);
		mutex_unlock(&ck->lock);
		break;
	case NETDEV_UNREGISTER:
		ck_dellink(ck->dev, &gone);
		unregister_netdevice_many(&gone);
		break;
	}
}

static int ck_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct net_device *above = ck_is_device(dev) ? dev : cokeeper_above(dev);
	struct ck_dev *ck;

	if (!above)
		return NOTIFY_DONE;
	ck = netdev_priv(above);
	if (event == NETDEV_GOING_DOWN) {
		/* The peers need not wait until the stack lets go of the device. */
		mutex_lock(&ck->lock);
		ck_connect_goodbye_all(ck);
		mutex_unlock(&ck->lock);
	} else if (above != dev) {
		lower_event(ck, event);
	}
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = ck_netdev_event,
};

/* A socket closes. A device that it was the helper of keeps its peers and its announcement
 * for a while, in which a restarted helper takes them over.
 */
static int ck_socket_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct netlink_notify *n = ptr;
	struct ck_dev *ck;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	mutex_lock(&devices_lock);
	list_for_each_entry(ck, &devices, list) {
		/* Sockets of all families come by here. */
		if (!net_eq(dev_net(ck->dev), n->net) || READ_ONCE(ck->helper) != n->portid)
			continue;
		mutex_lock(&ck->lock);
		if (ck->helper == n->portid) {
			ck->helper = 0;
			ck_notify_dev(ck, COKEEPER_CAUSE_NONE);
			mod_delayed_work(ck_wq, &ck->grace, HELPER_GRACE);
		}
		mutex_unlock(&ck->lock);
	}
	mutex_unlock(&devices_lock);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = ck_socket_event,
};

/**
 * ck_device_init() - let devices be made
 * Return: 0 or a negative errno.
 */
int ck_device_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "net/cokeeper:online",
					ck_cpu_event, NULL);
	if (err < 0)
		return err;
	online_state = err;
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/cokeeper:dead", NULL,
					ck_cpu_event);
	if (err < 0)
		goto remove_online;
	dead_state = err;
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		goto remove_dead;
	err = netlink_register_notifier(&socket_notifier);
	if (err)
		goto unregister_netdev;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto unregister_socket;
	return 0;

unregister_socket:
	netlink_unregister_notifier(&socket_notifier);
unregister_netdev:
	unregister_netdevice_notifier(&netdev_notifier);
remove_dead:
	cpuhp_remove_state_nocalls(dead_state);
remove_online:
	cpuhp_remove_state_nocalls(online_state);
	return err;
}

/**
 * ck_device_exit() - remove all devices
 */
void ck_device_exit(void)
{
	rtnl_link_unregister(&link_ops);
	netlink_unregister_notifier(&socket_notifier);
	unregister_netdevice_notifier(&netdev_notifier);
	cpuhp_remove_state_nocalls(dead_state);
	cpuhp_remove_state_nocalls(online_state);
	cancel_work_sync(&spread_work);
}
