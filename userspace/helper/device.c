// SPDX-License-Identifier: GPL-2.0
/* The life of the device: it comes, changes its identity, and goes. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"
#include "log.h"
#include "names.h"

static int take_order(const struct nlmsghdr *nlh, void *arg)
{
	struct offer_order *order;
	struct helper *h = arg;

	order = calloc(1, sizeof(*order));
	if (order && nlh->nlmsg_type == h->bound.family &&
	    ck_genl_parse(nlh, &order->msg) &&
	    order->msg.cmd == COKEEPER_CMD_OFFER_NTF && order->msg.have_peer)
		STAILQ_INSERT_TAIL(&h->orders, order, next);
	else
		free(order);
	return MNL_CB_OK;
}

static int take_notification(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_message msg;
	struct helper *h = arg;

	if (nlh->nlmsg_type == h->events.family && ck_genl_parse(nlh, &msg) &&
	    msg.cmd == COKEEPER_CMD_DEV_NTF &&
	    msg.dev.ifindex == h->dev.ifindex) {
		h->dev_changed = true;
		if (msg.cause == COKEEPER_CAUSE_RESUMED)
			h->resumed = true;
	}
	return MNL_CB_OK;
}

static int bind_device(struct helper *h)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_HELPER_BIND);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	return ck_nl_request(&h->bound.nl, nlh, NULL, NULL);
}

static int serve_bound(void *arg)
{
	struct helper *h = arg;
	int err = ck_nl_drain(&h->bound.nl);

	/* Offers were lost: a new binding repeats those that still stand. */
	if (err == -ENOBUFS)
		err = bind_device(h);
	return err;
}

static int serve_events(void *arg)
{
	struct helper *h = arg;
	int err = ck_nl_drain(&h->events.nl);

	if (err == -ENOBUFS) {
		h->dev_changed = true;
		err = 0;
	}
	return err;
}

static int open_sockets(struct helper *h)
{
	int err;

	err = ck_genl_open(&h->bound);
	if (err)
		return err;
	err = ck_genl_open(&h->events);
	if (err)
		goto close_bound;
	h->bound.nl.ntf = take_order;
	h->bound.nl.ntf_arg = h;
	h->events.nl.ntf = take_notification;
	h->events.nl.ntf_arg = h;

	/* Before the first question, so that no change is missed. */
	err = ck_genl_join(&h->events, h->events.device);
	if (!err)
		err = ck_loop_add(&h->loop, ck_nl_fd(&h->bound.nl),
				  serve_bound, h);
	if (!err)
		err = ck_loop_add(&h->loop, ck_nl_fd(&h->events.nl),
				  serve_events, h);
	if (!err)
		return 0;
	ck_genl_close(&h->events);
close_bound:
	ck_genl_close(&h->bound);
	return err;
}

static void close_sockets(struct helper *h)
{
	ck_loop_del(&h->loop, ck_nl_fd(&h->bound.nl));
	ck_loop_del(&h->loop, ck_nl_fd(&h->events.nl));
	ck_genl_close(&h->bound);
	ck_genl_close(&h->events);
}

static void watch(struct helper *h, bool on)
{
	char path[CK_PATH_SIZE];

	if (h->poll)
		h->roster_changed = on;
	snprintf(path, sizeof(path), "cokeeper/%s", h->mac);
	peers_watch(h, path, on);
}

/* Return: why the device can take part in nothing, or NULL. */
static const char *hindrance(struct helper *h)
{
	if (h->dev.inactive)
		return ck_reason_name(h->dev.inactive);
	return h->dev.steer == COKEEPER_STEER_ROUTE ? routes_hindrance(h) :
						      NULL;
}

/* An inactive device is no member: its peers would offer it rings in vain. */
static void check_activity(struct helper *h)
{
	const char *why = hindrance(h);

	if (h->active == !why)
		return;
	h->active = !why;
	h->announce_changed = true;
	h->routes_changed = true;
	if (why) {
		ck_info("%s: inactive: %s", h->device, why);
		announce_withdraw(h);
	} else {
		ck_info("%s: active", h->device);
		h->roster_changed = true;
	}
}

/**
 * device_attach() - take the device over, if it is there
 * @h: the helper, not attached
 *
 * Return: 0, also if there is no such device yet; or a negative errno.
 */
int device_attach(struct helper *h)
{
	char lower[IF_NAMESIZE] = "?";
	int err;

	h->dev.ifindex = if_nametoindex(h->device);
	if (!h->dev.ifindex) {
		ck_info("%s: waiting for the device", h->device);
		return 0;
	}
	err = open_sockets(h);
	if (err == -ENOENT) {
		ck_info("%s: waiting for the kernel module", h->device);
		return 0;
	}
	if (err) {
		ck_err("netlink: %s", strerror(-err));
		return err;
	}
	err = ck_genl_dev_get(&h->bound, h->dev.ifindex, &h->dev);
	if (err) {
		ck_err("%s: %s", h->device, h->bound.nl.error);
		close_sockets(h);
		return err == -ENODEV ? 0 : err;
	}
	err = bind_device(h);
	if (err) {
		ck_err("%s: %s", h->device, h->bound.nl.error);
		close_sockets(h);
		return err;
	}
	ck_mac_format_node(&h->dev.mac, h->mac);
	h->attached = true;
	h->active = true;
	h->routing = true;	/* a predecessor may have left some */
	if_indextoname(h->dev.lower, lower);
	ck_info("%s: attached, lower device %s, mac %s, steer %s", h->device,
		lower, h->mac, ck_steer_name(h->dev.steer));

	check_activity(h);
	if (h->active)
		announce_clean_offers(h);
	announce_sync(h);
	announce_orders(h);
	routes_sync(h);
	watch(h, true);	/* fires at once, so that all is read */
	return 0;
}

static void forget(struct helper *h)
{
	watch(h, false);
	routes_stop(h);
	close_sockets(h);
	peers_clear(h);
	h->attached = false;
	h->active = false;
	h->announced = false;
	h->told = false;
	announce_orders(h);
}

/* The device is gone, and its routes and peers with it. */
void device_detach(struct helper *h)
{
	announce_withdraw(h);
	forget(h);
}

/* It is still the same device. */
static void follow(struct helper *h, const struct ck_dev *now)
{
	if (now->steer != h->dev.steer) {
		ck_info("%s: steer %s", h->device, ck_steer_name(now->steer));
		h->routes_changed = true;
	}
	if (now->instance != h->dev.instance)
		h->resumed = true;	/* and the word of it was lost */
	h->dev = *now;
	if (h->resumed) {
		/* Perhaps on another host, with other peers. */
		ck_info("%s: resumed", h->device);
		h->roster_changed = true;
		h->announce_changed = true;
		h->seen = 0;
	}
	check_activity(h);
}

/**
 * device_check() - look at what may have changed
 * @h: the helper
 *
 * Return: 0 or a negative errno.
 */
int device_check(struct helper *h)
{
	struct ck_dev now;

	h->links_changed = false;
	h->dev_changed = false;
	if (h->attached) {
		if (ck_genl_dev_get(&h->bound, h->dev.ifindex, &now)) {
			ck_info("%s: gone", h->device);
			device_detach(h);
		} else if (ck_mac_cmp(&now.mac, &h->dev.mac)) {
			ck_info("%s: new mac", h->device);
			device_detach(h);
		} else {
			follow(h, &now);
		}
	}
	return h->attached ? 0 : device_attach(h);
}

/* Leave in an orderly way: nothing of ours stays behind. */
void device_stop(struct helper *h)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	if (!h->attached)
		return;
	announce_withdraw(h);
	routes_stop(h);
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_ROSTER_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	if (ck_nl_request(&h->bound.nl, nlh, NULL, NULL))
		ck_err("empty the roster: %s", h->bound.nl.error);
	forget(h);
}
