// SPDX-License-Identifier: GPL-2.0
/* What we tell the host: our announcement, and the kernel's ring offers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper.h"
#include "listing.h"
#include "log.h"

/* A restarted helper finds its announcement, and need not renew it. After a suspend
 * that was cancelled it must, for the publisher took us for gone, and also when what the
 * publisher said to it has been removed.
 */
static bool found(struct helper *h, const char *path, const char *value)
{
	struct ck_xs_value old;

	return !h->announced && !h->resumed && !h->untold &&
	       !ck_xs_read(h->xs, CK_XS_NULL, path, &old) &&
	       !strcmp(old.data, value);
}

/**
 * announce_sync() - announce our instance and addresses, unless that is done
 * @h: the helper
 *
 * An announcement that is taken back and made again before the publisher looks is
 * no change to it, and the peers would not learn that we are there again. So a new
 * one waits until what the host wrote for the last one is gone.
 *
 * Return: 0 or a negative errno.
 */
int announce_sync(struct helper *h)
{
	struct ck_announce announce = {
		.instance = h->dev.instance,
		.cause = h->resumed ? COKEEPER_CAUSE_RESUMED :
				      COKEEPER_CAUSE_NONE,
	};
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	int err;

	if (!h->active)
		return announce_withdraw(h);
	if (!h->present && !h->resumed && h->told)
		return 0;
	err = rtnl_addresses(&h->rtnl, h->dev.lower, &announce.addrs);
	if (err) {
		ck_limited(ck_err, "addresses: %s", h->rtnl.error);
		return err;
	}
	if (h->announced && !h->resumed &&
	    ck_addrs_equal(&h->addrs, &announce.addrs))
		return 0;
	h->addrs = announce.addrs;
	h->todo |= WORK_ROUTES;

	ck_path_announce(path, CK_DOMID_SELF, &h->dev.mac);
	ck_announce_format(&announce, value);
	err = found(h, path, value) ? 0 : ck_xs_write(h->xs, CK_XS_NULL, path, value);
	h->announced = !err;
	h->present = true;
	if (err) {
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
		return err;
	}
	h->resumed = false;
	h->untold = false;
	ck_debug("announced %s", value);
	return 0;
}

/**
 * announce_withdraw() - take back all that we told the host
 * @h: the helper
 *
 * Return: 0 or a negative errno.
 */
int announce_withdraw(struct helper *h)
{
	char path[CK_PATH_SIZE];
	int err;

	h->announced = false;
	if (!h->present)
		return 0;
	ck_path_iface(path, CK_TREE_GUEST, CK_DOMID_SELF, &h->dev.mac);
	err = ck_xs_rm(h->xs, CK_XS_NULL, path);
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	else
		h->present = false;
	return err;
}

static struct offer_order *find_order(const struct helper *h,
				      const struct ck_mac *mac)
{
	struct offer_order *order;

	STAILQ_FOREACH(order, &h->orders, next)
		if (!ck_mac_cmp(&order->msg.peer.mac, mac))
			return order;
	return NULL;
}

/**
 * announce_order() - the kernel wishes to publish or withdraw an offer
 * @h: the helper
 * @msg: its wish, which replaces an earlier one for the same peer
 */
void announce_order(struct helper *h, const struct ck_message *msg)
{
	struct offer_order *order = find_order(h, &msg->peer.mac);

	if (!order) {
		order = ck_alloc(sizeof(*order));
		STAILQ_INSERT_TAIL(&h->orders, order, next);
	}
	order->msg = *msg;
	h->todo |= WORK_OFFERS;
}

static int carry(struct helper *h, const struct ck_message *msg)
{
	char path[CK_PATH_SIZE], name[CK_MAC_STRLEN];
	struct ck_offer offer = msg->offer;
	char value[CK_VALUE_SIZE];
	int err;

	ck_path_offer(path, CK_TREE_GUEST, CK_DOMID_SELF, &h->dev.mac, &msg->peer.mac);
	if (msg->withdraw) {
		err = ck_xs_rm(h->xs, CK_XS_NULL, path);
	} else {
		offer.from = h->dev.instance;
		offer.to = msg->peer.instance;
		ck_offer_format(&offer, value);
		h->present = true;
		err = ck_xs_write(h->xs, CK_XS_NULL, path, value);
	}
	ck_debug("offer %" PRIu32 " to %s: %s", offer.id, ck_mac_format(&msg->peer.mac, name),
		 msg->withdraw ? "withdrawn" : "published");
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	return err;
}

static int clean_part(struct helper *h, unsigned int part)
{
	char path[CK_PATH_SIZE], full[2 * CK_PATH_SIZE], **names;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	ck_path_offer_part(path, CK_TREE_GUEST, CK_DOMID_SELF, &h->dev.mac, part);
	err = ck_xs_list(h->xs, CK_XS_NULL, path, &names, &n);
	for (i = 0; i < n && !err; i++) {
		if (ck_mac_parse_node(names[i], &mac) && find_order(h, &mac))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		err = ck_xs_rm(h->xs, CK_XS_NULL, full);
	}
	free(names);
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	return err;
}

/* Take away what was published and the kernel does not offer any more: by a predecessor,
 * or because its word on that was lost. It repeats its offers before it answers the
 * binding, so that all of them are waiting now.
 */
static int clean_offers(struct helper *h)
{
	unsigned int part, parts;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_offers(path, CK_TREE_GUEST, CK_DOMID_SELF, &h->dev.mac);
	err = ck_list_offer_parts(h->xs, CK_XS_NULL, path, &parts);
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	for (part = 0; !err && part < CK_OFFER_PARTS; part++)
		if (parts & 1u << part)
			err = clean_part(h, part);
	return err;
}

/**
 * announce_offers() - carry the kernel's offers into XenStore
 * @h: the helper
 *
 * Those of an inactive device are void. What could not be carried stays waiting, unless
 * the kernel wishes otherwise meanwhile.
 *
 * Return: 0 or the negative errno of the first failure.
 */
int announce_offers(struct helper *h)
{
	STAILQ_HEAD(, offer_order) left = STAILQ_HEAD_INITIALIZER(left);
	struct offer_order *order;
	int err = 0, ret;

	if (!h->active) {
		announce_forget(h);
		return 0;
	}
	if (h->rebound) {
		err = clean_offers(h);
		if (err)
			return err;
		h->rebound = false;
	}
	while ((order = STAILQ_FIRST(&h->orders))) {
		STAILQ_REMOVE_HEAD(&h->orders, next);
		ret = carry(h, &order->msg);
		if (ret) {
			err = err ?: ret;
			STAILQ_INSERT_TAIL(&left, order, next);
		} else {
			free(order);
		}
	}
	STAILQ_CONCAT(&h->orders, &left);
	return err;
}

/* Forget what the kernel wished to publish. */
void announce_forget(struct helper *h)
{
	struct offer_order *order;

	while ((order = STAILQ_FIRST(&h->orders))) {
		STAILQ_REMOVE_HEAD(&h->orders, next);
		free(order);
	}
	h->rebound = false;
}
