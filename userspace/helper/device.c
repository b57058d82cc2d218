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
	struct ck_message msg;
	struct helper *h = arg;

	if (nlh->nlmsg_type == h->bound.family && ck_genl_parse(nlh, &msg) &&
	    msg.cmd == COKEEPER_CMD_OFFER_NTF && msg.have_peer &&
	    msg.dev.ifindex == h->dev.ifindex)
		announce_order(h, &msg);
	return MNL_CB_OK;
}

static int take_notification(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_message msg;
	struct helper *h = arg;

	if (nlh->nlmsg_type == h->events.family && ck_genl_parse(nlh, &msg) &&
	    msg.cmd == COKEEPER_CMD_DEV_NTF &&
	    msg.dev.ifindex == h->dev.ifindex) {
		h->todo |= WORK_DEVICE;
		if (msg.cause == COKEEPER_CAUSE_RESUMED)
			h->resumed = true;
	}
	return MNL_CB_OK;
}

/* The kernel repeats all offers that stand. */
static int bind_device(struct helper *h)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	announce_forget(h);
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_HELPER_BIND);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	err = ck_nl_request(&h->bound.nl, nlh, NULL, NULL);
	if (err) {
		ck_limited(ck_err, "%s: %s", h->device, h->bound.nl.error);
		return err;
	}
	h->unbound = false;
	h->rebound = true;
	h->todo |= WORK_OFFERS;
	return 0;
}

static int serve_bound(void *arg)
{
	struct helper *h = arg;
	int err = ck_nl_drain(&h->bound.nl);

	if (err != -ENOBUFS)
		return err;
	/* Offers were lost. */
	h->unbound = true;
	h->todo |= WORK_DEVICE;
	return 0;
}

static int serve_events(void *arg)
{
	struct helper *h = arg;
	int err = ck_nl_drain(&h->events.nl);

	if (err != -ENOBUFS)
		return err;
	/* It may have been a suspend that was lost, even one that was cancelled and so
	 * left no trace.
	 */
	h->resumed = true;
	h->todo |= WORK_DEVICE;
	return 0;
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
	h->todo |= WORK_ANNOUNCE | WORK_ROUTES;
	if (why) {
		ck_info("%s: inactive: %s", h->device, why);
	} else {
		ck_info("%s: active", h->device);
		h->todo |= WORK_ROSTER;
	}
}

/* Describe the device and become its helper. Return: 0, -ENODEV if it is none, or another
 * negative errno.
 */
static int take_over(struct helper *h)
{
	uint32_t ifindex = h->dev.ifindex;
	int err;

	err = ck_genl_dev_get(&h->bound, ifindex, &h->dev);
	h->dev.ifindex = ifindex;
	if (err)
		ck_limited(ck_err, "%s: %s", h->device, h->bound.nl.error);
	return err ?: bind_device(h);
}

/* What can only go on if somebody does something about it. */
static bool hopeless(int err)
{
	return err == -EBUSY || err == -EPERM;
}

/* Take the device over, if it is there. Return: 0, also if there is no such device yet; or a
 * negative errno.
 */
static int attach(struct helper *h)
{
	char lower[IF_NAMESIZE] = "?", mac[CK_MAC_STRLEN];
	int err;

	h->dev.ifindex = if_nametoindex(h->device);
	if (!h->dev.ifindex) {
		ck_info("%s: waiting for the device", h->device);
		return errno == ENODEV ? 0 : -errno;
	}
	err = open_sockets(h);
	if (err == -ENOENT) {
		ck_info("%s: waiting for the kernel module", h->device);
		return 0;
	}
	if (err) {
		ck_limited(ck_err, "netlink: %s", strerror(-err));
		return err;
	}
	err = take_over(h);
	if (err) {
		close_sockets(h);
		h->hopeless = hopeless(err);
		return err == -ENODEV ? 0 : err;
	}
	h->attached = true;
	h->active = true;
	h->present = true;	/* a predecessor may have left something */
	h->routing = true;
	if_indextoname(h->dev.lower, lower);
	ck_info("%s: attached, lower device %s, mac %s, steer %s", h->device,
		lower, ck_mac_format(&h->dev.mac, mac), ck_steer_name(h->dev.steer));
	check_activity(h);
	h->todo |= WORK_WATCH | WORK_ANNOUNCE | WORK_ROUTES;
	return 0;
}

static void detach(struct helper *h)
{
	peers_forget_watches(h);
	routes_stop(h);
	close_sockets(h);
	announce_forget(h);
	peers_clear(h);
	h->attached = false;
	h->active = false;
	h->announced = false;
	h->resumed = false;
	h->todo &= WORK_STORE;
	h->failed &= WORK_STORE;
	h->broken &= WORK_STORE;
}

/* It is still the same device. */
static int follow(struct helper *h, const struct ck_dev *now)
{
	if (now->steer != h->dev.steer) {
		ck_info("%s: steer %s", h->device, ck_steer_name(now->steer));
		h->todo |= WORK_ROUTES;
	}
	if (now->instance != h->dev.instance)
		h->resumed = true;	/* and the word of it was lost */
	h->dev = *now;
	if (h->resumed) {
		/* Perhaps on another host, with other peers. */
		ck_info("%s: resumed", h->device);
		h->todo |= WORK_ROSTER | WORK_ANNOUNCE;
		h->seen = 0;
	}
	check_activity(h);
	return h->unbound ? bind_device(h) : 0;
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
	int err;

	if (!h->attached)
		return attach(h);
	err = ck_genl_dev_get(&h->bound, h->dev.ifindex, &now);
	if (err == -ENODEV || err == -ENOENT) {
		/* The module withdraws the announcement. */
		ck_info("%s: gone", h->device);
		detach(h);
		return attach(h);
	}
	if (err) {
		ck_limited(ck_err, "%s: %s", h->device, h->bound.nl.error);
		return err;
	}
	if (ck_mac_cmp(&now.mac, &h->dev.mac)) {
		/* So it does with that of the old mac, when the new one is bound. */
		ck_info("%s: new mac", h->device);
		detach(h);
		return attach(h);
	}
	return follow(h, &now);
}

/* Leave in an orderly way: nothing of ours stays behind. */
void device_stop(struct helper *h)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	if (!h->attached)
		return;
	if (h->xs)
		announce_withdraw(h);
	routes_stop(h);
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_ROSTER_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, COKEEPER_CAUSE_DEVICE);
	if (ck_nl_request(&h->bound.nl, nlh, NULL, NULL))
		ck_limited(ck_err, "empty the roster: %s", h->bound.nl.error);
	detach(h);
}
