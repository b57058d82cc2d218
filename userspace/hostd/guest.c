// SPDX-License-Identifier: GPL-2.0
/* What is written for a single guest: the head that names its roster, and the
 * offers to it.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "listing.h"

static struct ck_xs *store;

/* From now on, changes are written to @xs. */
void guest_start(struct ck_xs *xs)
{
	store = xs;
}

static void own_path(char path[CK_PATH_SIZE], const struct iface *iface)
{
	ck_path_iface(path, CK_TREE_HOST, iface->domain->domid, &iface->mac);
}

static void head_path(char path[CK_PATH_SIZE], const struct iface *iface)
{
	ck_path_head(path, iface->domain->domid, &iface->mac);
}

static void offer_path(char path[CK_PATH_SIZE], const struct iface *iface,
		       const struct ck_mac *peer)
{
	ck_path_offer(path, CK_TREE_HOST, iface->domain->domid, &iface->mac, peer);
}

/* All is written anew, a while later. */
static void failed(struct iface *iface, int err)
{
	unsigned int suppressed;
	char path[CK_PATH_SIZE];

	/* We are about to end. */
	if (err == -ECANCELED)
		return;
	own_path(path, iface);
	if (ck_ratelimit(&iface->domain->log, &suppressed))
		ck_err("%s: %s; tried again", path, strerror(-err));
	iface->retry_at = bucket_now() + GUEST_RETRY;
	iface_changed(iface);
}

/* Whose nodes were changed; it may be gone when the answer comes. */
struct change {
	uint32_t domid;
	struct ck_mac mac;
};

static void changed(void *arg, int err)
{
	struct change *change = arg;
	struct domain *domain = domain_find(change->domid);
	struct iface *iface = NULL;

	if (domain)
		iface = iface_find(domain, &change->mac);
	if (iface && err && err != -ENOENT)
		failed(iface, err);
	free(change);
}

static void removed(void *arg, int err)
{
	struct change change = *(struct change *)arg;
	struct domain *domain = domain_find(change.domid);
	struct iface *iface = NULL;

	if (domain)
		iface = iface_find(domain, &change.mac);
	if (iface) {
		iface->removing = false;
		iface->written = err && err != -ENOENT;
		if (!iface->written && iface_useless(iface))
			iface_changed(iface);
	}
	changed(arg, err);
}

static struct change *change(const struct iface *iface)
{
	struct change *change = ck_alloc(sizeof(*change));

	change->domid = iface->domain->domid;
	change->mac = iface->mac;
	return change;
}

/* A domain that ends must not get a directory again. */
static bool ready(const struct iface *iface)
{
	return iface->domain->prepared && !iface->domain->stopped;
}

/**
 * guest_offer() - an offer to a guest may have changed
 * @to: the guest's interface; if all is to be written for it anyhow, that has it
 * @from: the peer that makes it
 */
void guest_offer(struct iface *to, const struct ck_mac *from)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	const struct ck_offer *offer = NULL;
	struct iface *peer;

	if (to->in_outbox || !to->group || !ready(to))
		return;
	peer = iface_peer(to, from);
	if (peer)
		offer = iface_offer_to(peer, to);
	offer_path(path, to, from);
	if (offer) {
		ck_offer_format(offer, value);
		ck_xs_post_write(store, CK_XS_NULL, path, value, changed, change(to));
	} else {
		ck_xs_post_rm(store, CK_XS_NULL, path, changed, change(to));
	}
}

static void format_head(const struct iface *iface, char value[CK_VALUE_SIZE])
{
	const char *reason = iface_refusal(iface);
	struct ck_roster head = { 0 };

	head.member = !reason;
	if (reason)
		strcpy(head.reason, reason);
	else
		group_key_format(&iface->group->key, head.group);
	if (iface->group)
		head.roster = iface->roster_id;
	ck_roster_format(&head, value);
}

/**
 * guest_head() - have a member read its roster under another number
 * @iface: the member; if all is to be written for it anyhow, that has it
 */
void guest_head(struct iface *iface)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];

	if (iface->in_outbox || !iface->group || !ready(iface))
		return;
	head_path(path, iface);
	format_head(iface, value);
	ck_xs_post_write(store, CK_XS_NULL, path, value, changed, change(iface));
}

/* The guest may read what is written for it, nobody else may; what is created
 * below inherits that. A domain that is going must not get a new directory.
 */
static int prepare(struct ck_xs *xs, uint32_t t, struct iface *iface)
{
	struct domain *domain = iface->domain;
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_domain(path, domain->domid);
	err = ck_xs_read(xs, t, path, &value);
	if (err || domain->prepared)
		return err;
	ck_path_tree(path, CK_TREE_HOST, domain->domid);
	err = ck_xs_read(xs, t, path, &value);
	if (err != -ENOENT)
		return err;
	iface->written = false;
	return ck_xs_share(xs, t, path, domain->domid);
}

/* Write one node if it is not yet as it should be. */
static int sync_node(struct ck_xs *xs, uint32_t t, const char *path,
		     const char *value)
{
	struct ck_xs_value old;
	int err;

	err = ck_xs_read(xs, t, path, &old);
	if (err && err != -ENOENT)
		return err;
	if (!err && !strcmp(old.data, value) && old.len == strlen(value))
		return 0;
	return ck_xs_write(xs, t, path, value);
}

/* Remove the offers that are not valid any more. */
static int clean_offers(struct ck_xs *xs, uint32_t t, struct iface *iface, unsigned int part)
{
	char path[CK_PATH_SIZE], full[CK_EVENT_SIZE], **names;
	struct iface *peer;
	unsigned int i, n;
	struct ck_mac mac;
	int err;

	ck_path_offer_part(path, CK_TREE_HOST, iface->domain->domid, &iface->mac, part);
	err = ck_xs_list(xs, t, path, &names, &n);
	for (i = 0; i < n && !err; i++) {
		peer = ck_mac_parse_node(names[i], &mac) ?
		       iface_peer(iface, &mac) : NULL;
		if (peer && iface_offer_to(peer, iface))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		err = ck_xs_rm(xs, t, full);
	}
	free(names);
	return err;
}

static int sync_offers(struct ck_xs *xs, uint32_t t, struct iface *iface)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	unsigned int part, parts = 0;
	const struct ck_offer *offer;
	struct iface *peer;
	int err = 0;

	ck_path_offers(path, CK_TREE_HOST, iface->domain->domid, &iface->mac);
	if (!iface->group)
		return iface->written ? ck_xs_rm(xs, t, path) : 0;
	/* Mostly there are none. */
	if (iface->written)
		err = ck_list_offer_parts(xs, t, path, &parts);
	for (part = 0; !err && part < CK_OFFER_PARTS; part++)
		if (parts & 1u << part)
			err = clean_offers(xs, t, iface, part);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = iface_offer_to(peer, iface);
		if (err)
			break;
		if (!offer)
			continue;
		offer_path(path, iface, &peer->mac);
		ck_offer_format(offer, value);
		err = sync_node(xs, t, path, value);
	}
	return err;
}

static int write_all(struct ck_xs *xs, uint32_t t, void *arg)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct iface *iface = arg;
	int err;

	err = prepare(xs, t, iface) ?: sync_offers(xs, t, iface);
	if (err)
		return err;
	head_path(path, iface);
	format_head(iface, value);
	return sync_node(xs, t, path, value);
}

/**
 * guest_write() - write all that is for an interface, as far as it differs
 * @iface: a member that has a roster, or one that is refused
 *
 * One whose domain is gone has nothing, and needs nothing. After another failure it is in
 * the outbox again.
 */
void guest_write(struct iface *iface)
{
	int err;

	err = ck_xs_transaction(store, write_all, iface);
	iface->written = true;
	if (!err)
		iface->domain->prepared = true;
	else if (err != -ENOENT)
		failed(iface, err);
}

/* Nothing is for an interface any more. */
void guest_remove(struct iface *iface)
{
	char path[CK_PATH_SIZE];

	if (!iface->written || iface->removing)
		return;
	iface->removing = true;
	own_path(path, iface);
	ck_xs_post_rm(store, CK_XS_NULL, path, removed, change(iface));
}

/**
 * guest_roster() - which roster was a guest told of?
 * @iface: its interface
 * @id: result: the number, or 0
 *
 * Return: 0, or a negative errno, which has been explained.
 */
int guest_roster(const struct iface *iface, uint32_t *id)
{
	struct ck_value_error why;
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	struct ck_roster head;
	int err;

	*id = 0;
	head_path(path, iface);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err && err != -ENOENT)
		ck_err("%s: %s", path, strerror(-err));
	else if (!err && ck_roster_parse(value.data, value.len, &head, &why))
		*id = head.roster;
	return err == -ENOENT ? 0 : err;
}
