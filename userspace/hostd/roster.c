// SPDX-License-Identifier: GPL-2.0
/* The rosters in XenStore, which tell a member of the others.
 *
 * A single change is a single write. When a roster is written as a whole, it
 * is compared with what is there and changed in one transaction, with a new
 * generation number. Nothing is written before roster_start().
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cokeeper.h"
#include "xs.h"

#define TOMBSTONES_MAX	64

static struct xs_handle *store;

/* From now on, changes are written to @xs. */
void roster_start(struct xs_handle *xs)
{
	store = xs;
}

static void roster_path(char path[CK_PATH_SIZE], const struct iface *iface,
			const char *directory, const struct ck_mac *peer)
{
	char own[CK_MAC_STRLEN], name[CK_MAC_STRLEN] = "";

	if (peer)
		ck_mac_format_node(peer, name);
	snprintf(path, CK_PATH_SIZE, "/local/domain/%u/cokeeper/%s%s%s%s%s",
		 iface->domain->domid, ck_mac_format_node(&iface->mac, own),
		 *directory ? "/" : "", directory, peer ? "/" : "", name);
}

static void member_value(char buf[CK_VALUE_SIZE], const struct iface *peer,
			 uint32_t cause)
{
	struct ck_member member = {
		.cause = cause,
		.domid = peer->domain->domid,
		.instance = peer->announce.instance,
		.addrs = peer->announce.addrs,
	};

	ck_member_format(&member, buf);
}

static void failed(struct iface *iface, const char *path, int err)
{
	unsigned int suppressed;

	iface->dirty = true;
	if (ck_ratelimit(&iface->domain->log, &suppressed))
		ck_err("%s: %s", path, strerror(-err));
}

/* After a failure, single changes would leave a gap: write all again. */
static bool roster_ready(struct iface *iface)
{
	if (!store)
		return false;
	if (iface->dirty) {
		roster_write(iface);
		return false;
	}
	return true;
}

static void put(struct iface *to, const char *directory,
		const struct ck_mac *peer, const char *value)
{
	char path[CK_PATH_SIZE];
	int err;

	roster_path(path, to, directory, peer);
	err = ck_xs_write(store, XBT_NULL, path, value);
	if (err)
		failed(to, path, err);
}

static void del(struct iface *to, const char *directory,
		const struct ck_mac *peer)
{
	char path[CK_PATH_SIZE];
	int err;

	roster_path(path, to, directory, peer);
	err = ck_xs_rm(store, XBT_NULL, path);
	if (err)
		failed(to, path, err);
}

void roster_put_member(struct iface *to, const struct iface *peer,
		       uint32_t cause)
{
	char value[CK_VALUE_SIZE];

	if (!roster_ready(to))
		return;
	member_value(value, peer, cause);
	put(to, "member", &peer->mac, value);
}

/* A removed node could not say why, so it is overwritten; now and then all such
 * nodes are removed.
 */
void roster_del_member(struct iface *to, const struct ck_mac *peer,
		       uint32_t cause)
{
	struct ck_member left = { .left = true, .cause = cause };
	char value[CK_VALUE_SIZE];

	if (!roster_ready(to))
		return;
	ck_member_format(&left, value);
	put(to, "member", peer, value);
	if (++to->tombstones > TOMBSTONES_MAX)
		roster_write(to);
}

void roster_put_offer(struct iface *to, const struct ck_mac *peer,
		      const struct ck_offer *offer)
{
	char value[CK_VALUE_SIZE];

	if (!roster_ready(to))
		return;
	ck_offer_format(offer, value);
	put(to, "offer", peer, value);
}

void roster_del_offer(struct iface *to, const struct ck_mac *peer)
{
	if (roster_ready(to))
		del(to, "offer", peer);
}

/* The guest may read its rosters, nobody else may; what is created below
 * inherits that. A domain that is going must not get a new directory.
 */
static int prepare(struct xs_handle *xs, xs_transaction_t t,
		   struct domain *domain)
{
	struct xs_permissions perms[2] = {
		{ .id = 0, .perms = XS_PERM_NONE },
		{ .id = domain->domid, .perms = XS_PERM_READ },
	};
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
	if (!xs_mkdir(xs, t, path) ||
	    !xs_set_permissions(xs, t, path, perms, 2))
		return -errno;
	return 0;
}

/* The cause of an event that is over does not make a node another one. */
static void strip_cause(char *value)
{
	char *from = strstr(value, " cause="), *to;

	if (!from)
		return;
	to = from + 1 + strcspn(from + 1, " ");
	memmove(from, to, strlen(to) + 1);
}

/* Write one node if it is not yet as it should be. */
static int sync_node(struct xs_handle *xs, xs_transaction_t t,
		     const char *path, const char *value, bool *changed)
{
	struct ck_xs_value old;
	int err;

	err = ck_xs_read(xs, t, path, &old);
	if (err && err != -ENOENT)
		return err;
	if (!err && old.len == strlen(old.data)) {
		strip_cause(old.data);
		if (!strcmp(old.data, value))
			return 0;
	}
	*changed = true;
	return ck_xs_write(xs, t, path, value);
}

/* Find what @iface is to be told of @peer in "member" or in "offer". */
static bool peer_value(const struct iface *peer, const struct iface *iface,
		       bool offers, char value[CK_VALUE_SIZE])
{
	const struct ck_offer *offer;

	if (!iface_visible(peer, iface))
		return false;
	if (!offers) {
		member_value(value, peer, COKEEPER_CAUSE_NONE);
		return true;
	}
	offer = iface_offer_to(peer, iface);
	if (offer)
		ck_offer_format(offer, value);
	return offer != NULL;
}

static bool listed(char **names, unsigned int n, const struct ck_mac *mac)
{
	char name[CK_MAC_STRLEN];
	unsigned int i;

	ck_mac_format_node(mac, name);
	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Remove the nodes that no present peer accounts for. */
static int sync_stale(struct xs_handle *xs, xs_transaction_t t,
		      struct iface *iface, bool offers, char **names,
		      unsigned int n, bool *changed)
{
	char path[CK_PATH_SIZE], full[2 * CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct iface *peer;
	struct ck_mac mac;
	unsigned int i;
	int err = 0;

	roster_path(path, iface, offers ? "offer" : "member", NULL);
	for (i = 0; i < n && !err; i++) {
		peer = NULL;
		if (ck_mac_parse_node(names[i], &mac))
			TAILQ_FOREACH(peer, &iface->group->members, in_group)
				if (!ck_mac_cmp(&peer->mac, &mac) &&
				    peer_value(peer, iface, offers, value))
					break;
		if (peer)
			continue;
		*changed = true;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		err = ck_xs_rm(xs, t, full);
	}
	return err;
}

/* Make one directory of a roster what it should be. */
static int sync_directory(struct xs_handle *xs, xs_transaction_t t,
			  struct iface *iface, bool offers, bool *changed)
{
	const char *directory = offers ? "offer" : "member";
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct iface *peer;
	unsigned int n;
	char **names;
	int err;

	roster_path(path, iface, directory, NULL);
	err = ck_xs_list(xs, t, path, &names, &n);
	if (!err)
		err = sync_stale(xs, t, iface, offers, names, n, changed);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		if (err)
			break;
		if (!peer_value(peer, iface, offers, value))
			continue;
		roster_path(path, iface, directory, &peer->mac);
		if (listed(names, n, &peer->mac)) {
			err = sync_node(xs, t, path, value, changed);
		} else {
			*changed = true;
			err = ck_xs_write(xs, t, path, value);
		}
	}
	free(names);
	return err;
}

static int write_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct ck_roster roster = { 0 };
	struct ck_value_error parse_err;
	struct iface *iface = arg;
	struct ck_xs_value old;
	bool changed = false;
	int err;

	err = prepare(xs, t, iface->domain);
	if (err)
		return err;
	err = sync_directory(xs, t, iface, false, &changed);
	if (!err)
		err = sync_directory(xs, t, iface, true, &changed);
	if (err)
		return err;

	roster_path(path, iface, "roster", NULL);
	err = ck_xs_read(xs, t, path, &old);
	if (err && err != -ENOENT)
		return err;
	if (err || !ck_roster_parse(old.data, old.len, &roster, &parse_err) ||
	    !roster.member || strcmp(roster.group, iface->group->name))
		changed = true;
	if (!changed)
		return 0;
	roster.member = true;
	roster.generation++;
	strcpy(roster.group, iface->group->name);
	ck_roster_format(&roster, value);
	return ck_xs_write(xs, t, path, value);
}

/**
 * roster_write() - write a member's whole roster, as far as it differs
 * @iface: the member
 */
void roster_write(struct iface *iface)
{
	char path[CK_PATH_SIZE];
	int err;

	if (!store || !iface->group)
		return;
	err = ck_xs_transaction(store, write_all, iface);
	iface->dirty = false;
	if (!err) {
		iface->domain->prepared = true;
		iface->tombstones = 0;
	} else if (err != -ENOENT) {
		roster_path(path, iface, "", NULL);
		failed(iface, path, err);
	}
}

struct refusal {
	struct iface *iface;
	const char *reason;
};

static int write_refusal(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct ck_roster roster = { 0 };
	const char *const directories[] = { "member", "offer" };
	struct refusal *refusal = arg;
	struct ck_value_error parse_err;
	struct ck_xs_value old;
	unsigned int i;
	int err;

	err = prepare(xs, t, refusal->iface->domain);
	/* One that is in no group knows nobody. */
	for (i = 0; i < 2 && !err && !refusal->iface->group; i++) {
		roster_path(path, refusal->iface, directories[i], NULL);
		err = ck_xs_rm(xs, t, path);
	}
	if (err)
		return err;
	roster_path(path, refusal->iface, "roster", NULL);
	err = ck_xs_read(xs, t, path, &old);
	if (err && err != -ENOENT)
		return err;
	if (err || !ck_roster_parse(old.data, old.len, &roster, &parse_err))
		roster.generation = 0;
	else if (!roster.member && !strcmp(roster.reason, refusal->reason))
		return 0;
	roster.member = false;
	roster.generation++;
	strcpy(roster.reason, refusal->reason);
	ck_roster_format(&roster, value);
	return ck_xs_write(xs, t, path, value);
}

/**
 * roster_refuse() - tell a guest that its announcement was not accepted
 * @iface: the interface
 * @reason: one word
 */
void roster_refuse(struct iface *iface, const char *reason)
{
	struct refusal refusal = { .iface = iface, .reason = reason };
	char path[CK_PATH_SIZE];
	int err;

	if (!store)
		return;
	err = ck_xs_transaction(store, write_refusal, &refusal);
	if (!err) {
		iface->domain->prepared = true;
	} else if (err != -ENOENT) {
		roster_path(path, iface, "roster", NULL);
		failed(iface, path, err);
	}
}

void roster_remove(struct iface *iface)
{
	char path[CK_PATH_SIZE];
	int err;

	if (!store)
		return;
	roster_path(path, iface, "", NULL);
	err = ck_xs_rm(store, XBT_NULL, path);
	if (err)
		failed(iface, path, err);
}
