// SPDX-License-Identifier: GPL-2.0
/* What is written for a single guest: the head that names its roster, and the
 * offers to it. Nothing is written before guest_start().
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static struct ck_xs *store;

/* From now on, changes are written to @xs. */
void guest_start(struct ck_xs *xs)
{
	store = xs;
}

static void own_path(char path[CK_PATH_SIZE], const struct iface *iface,
		     const char *directory, const struct ck_mac *peer)
{
	char own[CK_MAC_STRLEN], name[CK_MAC_STRLEN] = "";

	if (peer)
		ck_mac_format_node(peer, name);
	snprintf(path, CK_PATH_SIZE, "/local/domain/%u/cokeeper/%s%s%s%s%s",
		 iface->domain->domid, ck_mac_format_node(&iface->mac, own),
		 *directory ? "/" : "", directory, peer ? "/" : "", name);
}

static void failed(struct iface *iface, const char *path, int err)
{
	unsigned int suppressed;

	iface->dirty = true;
	if (ck_ratelimit(&iface->domain->log, &suppressed))
		ck_err("%s: %s", path, strerror(-err));
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
	char path[CK_PATH_SIZE];

	if (domain)
		iface = iface_find(domain, &change->mac);
	if (iface && err && err != -ENOENT) {
		own_path(path, iface, "", NULL);
		failed(iface, path, err);
	}
	free(change);
}

static struct change *change(const struct iface *iface)
{
	struct change *change = ck_alloc(sizeof(*change));

	change->domid = iface->domain->domid;
	change->mac = iface->mac;
	return change;
}

/* After a failure, single changes would leave a gap: write all again. What is still
 * to be written needs no changes.
 */
static bool ready(struct iface *iface)
{
	if (!store || iface->pending)
		return false;
	if (iface->dirty) {
		guest_write(iface);
		return false;
	}
	return true;
}

void guest_put_offer(struct iface *to, const struct ck_mac *peer,
		     const struct ck_offer *offer)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];

	if (!ready(to))
		return;
	own_path(path, to, "offer", peer);
	ck_offer_format(offer, value);
	ck_xs_post_write(store, CK_XS_NULL, path, value, changed, change(to));
}

void guest_del_offer(struct iface *to, const struct ck_mac *peer)
{
	char path[CK_PATH_SIZE];

	if (!ready(to))
		return;
	own_path(path, to, "offer", peer);
	ck_xs_post_rm(store, CK_XS_NULL, path, changed, change(to));
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

	snprintf(path, sizeof(path), "/local/domain/%u", domain->domid);
	err = ck_xs_read(xs, t, path, &value);
	if (err || domain->prepared)
		return err;
	strcat(path, "/cokeeper");
	err = ck_xs_read(xs, t, path, &value);
	if (err != -ENOENT)
		return err;
	iface->blank = true;
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

static int sync_offers(struct ck_xs *xs, uint32_t t, struct iface *iface)
{
	char path[CK_PATH_SIZE], full[CK_EVENT_SIZE], value[CK_VALUE_SIZE];
	const struct ck_offer *offer;
	struct iface *peer;
	unsigned int i, n = 0;
	char **names = NULL;
	struct ck_mac mac;
	int err = 0;

	own_path(path, iface, "offer", NULL);
	if (!iface->blank)
		err = ck_xs_list(xs, t, path, &names, &n);
	for (i = 0; i < n; i++) {
		peer = ck_mac_parse_node(names[i], &mac) ?
		       iface_peer(iface, &mac) : NULL;
		if (peer && iface_offer_to(peer, iface))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		ck_xs_post_rm(xs, t, full, NULL, NULL);
	}
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = iface_offer_to(peer, iface);
		if (err)
			break;
		if (!offer)
			continue;
		own_path(path, iface, "offer", &peer->mac);
		ck_offer_format(offer, value);
		err = sync_node(xs, t, path, value);
	}
	free(names);
	return err;
}

static int write_head(struct ck_xs *xs, uint32_t t, struct iface *iface,
		      struct ck_roster *head)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];

	if (iface->group && iface->roster)
		head->roster = iface->roster->id;
	own_path(path, iface, "roster", NULL);
	ck_roster_format(head, value);
	return sync_node(xs, t, path, value);
}

static int write_all(struct ck_xs *xs, uint32_t t, void *arg)
{
	struct ck_roster head = { .member = true };
	struct iface *iface = arg;
	int err;

	err = prepare(xs, t, iface) ?: sync_offers(xs, t, iface);
	if (err)
		return err;
	strcpy(head.group, iface->group->name);
	return write_head(xs, t, iface, &head);
}

/* One whose domain is gone has nothing, and needs nothing. */
static void written(struct iface *iface, int err)
{
	char path[CK_PATH_SIZE];

	iface->blank = false;
	if (!err) {
		iface->domain->prepared = true;
	} else if (err != -ENOENT) {
		own_path(path, iface, "", NULL);
		failed(iface, path, err);
	}
}

/**
 * guest_write() - write all that is for a member, as far as it differs
 * @iface: the member; it has a roster
 */
void guest_write(struct iface *iface)
{
	if (!store || !iface->group)
		return;
	iface->dirty = false;
	written(iface, ck_xs_transaction(store, write_all, iface));
}

struct refusal {
	struct iface *iface;
	const char *reason;
};

static int write_refusal(struct ck_xs *xs, uint32_t t, void *arg)
{
	struct refusal *refusal = arg;
	struct ck_roster head = { 0 };
	char path[CK_PATH_SIZE];
	int err;

	err = prepare(xs, t, refusal->iface);
	if (!err && !refusal->iface->group) {
		own_path(path, refusal->iface, "offer", NULL);
		err = ck_xs_rm(xs, t, path);
	}
	if (err)
		return err;
	strcpy(head.reason, refusal->reason);
	return write_head(xs, t, refusal->iface, &head);
}

/**
 * guest_refuse() - tell a guest that its announcement was not accepted
 * @iface: the interface; if it is a member, it stays one
 * @reason: one word
 */
void guest_refuse(struct iface *iface, const char *reason)
{
	struct refusal refusal = { .iface = iface, .reason = reason };

	if (store)
		written(iface, ck_xs_transaction(store, write_refusal,
						 &refusal));
}

void guest_remove(struct iface *iface)
{
	char path[CK_PATH_SIZE];

	if (!store)
		return;
	own_path(path, iface, "", NULL);
	ck_xs_post_rm(store, CK_XS_NULL, path, changed, change(iface));
	iface->blank = true;
}

/* Return: the number of the roster that a guest was told of, or 0. */
uint32_t guest_roster(const struct iface *iface)
{
	struct ck_value_error why;
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	struct ck_roster head;

	own_path(path, iface, "roster", NULL);
	if (ck_xs_read(store, CK_XS_NULL, path, &value) ||
	    !ck_roster_parse(value.data, value.len, &head, &why))
		return 0;
	return head.roster;
}
