// SPDX-License-Identifier: GPL-2.0
/* What we tell the host: our announcement, and the kernel's ring offers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"
#include "log.h"

static void own_path(const struct helper *h, char path[CK_PATH_SIZE],
		     const char *rest)
{
	snprintf(path, CK_PATH_SIZE, "data/cokeeper/%s%s", h->mac, rest);
}

/* A restarted helper finds its announcement, and need not renew it. After a suspend
 * that was cancelled it must, for the publisher took us for gone.
 */
static bool found(struct helper *h, const char *path, const char *value)
{
	struct ck_xs_value old;

	return !h->announced && !h->resumed &&
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

	h->announce_changed = false;
	if (!h->active || (!h->announced && !h->resumed && h->told))
		return 0;
	err = rtnl_addresses(&h->rtnl, h->dev.lower, &announce.addrs);
	if (err) {
		ck_err("addresses: %s", h->rtnl.error);
		return err;
	}
	if (h->announced && !h->resumed &&
	    ck_addrs_equal(&h->addrs, &announce.addrs))
		return 0;
	h->addrs = announce.addrs;
	h->routes_changed = true;

	own_path(h, path, "/announce");
	ck_announce_format(&announce, value);
	if (!found(h, path, value))
		err = ck_xs_write(h->xs, CK_XS_NULL, path, value);
	h->resumed = false;
	if (err) {
		ck_err("%s: %s", path, strerror(-err));
		return err;
	}
	h->announced = true;
	ck_debug("announced %s", value);
	return 0;
}

/* Take back all that we told the host. */
void announce_withdraw(struct helper *h)
{
	char path[CK_PATH_SIZE];
	int err;

	h->announced = false;
	own_path(h, path, "");
	err = ck_xs_rm(h->xs, CK_XS_NULL, path);
	if (err)
		ck_err("%s: %s", path, strerror(-err));
}

static void carry(struct helper *h, const struct ck_message *msg)
{
	char path[CK_PATH_SIZE], rest[32], name[CK_MAC_STRLEN];
	struct ck_offer offer = msg->offer;
	char value[CK_VALUE_SIZE];
	int err;

	snprintf(rest, sizeof(rest), "/offer/%s",
		 ck_mac_format_node(&msg->peer.mac, name));
	own_path(h, path, rest);
	if (msg->withdraw) {
		err = ck_xs_rm(h->xs, CK_XS_NULL, path);
	} else {
		offer.from = h->dev.instance;
		offer.to = msg->peer.instance;
		ck_offer_format(&offer, value);
		err = ck_xs_write(h->xs, CK_XS_NULL, path, value);
	}
	ck_debug("offer %" PRIu32 " to %s: %s", offer.id, name,
		 msg->withdraw ? "withdrawn" : "published");
	if (err)
		ck_err("%s: %s", path, strerror(-err));
}

/* Carry the kernel's offers into XenStore; those of an inactive device are void. */
void announce_orders(struct helper *h)
{
	struct offer_order *order;

	while ((order = STAILQ_FIRST(&h->orders))) {
		STAILQ_REMOVE_HEAD(&h->orders, next);
		if (h->active && order->msg.dev.ifindex == h->dev.ifindex)
			carry(h, &order->msg);
		free(order);
	}
}

static bool ordered(const struct helper *h, const struct ck_mac *mac)
{
	struct offer_order *order;

	STAILQ_FOREACH(order, &h->orders, next)
		if (!ck_mac_cmp(&order->msg.peer.mac, mac))
			return true;
	return false;
}

/* Take away what a predecessor published and the kernel does not offer any
 * more. The kernel repeats its offers before it answers the binding, so that
 * all of them are waiting now.
 */
void announce_clean_offers(struct helper *h)
{
	char path[CK_PATH_SIZE], full[2 * CK_PATH_SIZE], **names;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	own_path(h, path, "/offer");
	err = ck_xs_list(h->xs, CK_XS_NULL, path, &names, &n);
	if (err)
		ck_err("%s: %s", path, strerror(-err));
	for (i = 0; i < n; i++) {
		if (ck_mac_parse_node(names[i], &mac) && ordered(h, &mac))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		ck_xs_rm(h->xs, CK_XS_NULL, full);
	}
	free(names);
}
