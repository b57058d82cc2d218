// SPDX-License-Identifier: GPL-2.0
/* The rosters in XenStore, which tell a member of the others.
 *
 * A single change is one new node in each roster, named so that its watch event
 * says it all (Documentation/xenstore-paths.md); nobody waits for the answers.
 * When a roster is written as a whole, it is compared with what is there and
 * changed in one transaction, with a new generation number. Nothing is written
 * before roster_start().
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cokeeper.h"

static struct ck_xs *store;

/* From now on, changes are written to @xs. */
void roster_start(struct ck_xs *xs)
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

static void node_path(char path[CK_EVENT_SIZE], const struct iface *iface,
		      const char *node)
{
	char directory[CK_PATH_SIZE];

	roster_path(directory, iface, "member", NULL);
	snprintf(path, CK_EVENT_SIZE, "%s/%s", directory, node);
}

static void failed(struct iface *iface, const char *path, int err)
{
	unsigned int suppressed;

	iface->dirty = true;
	if (ck_ratelimit(&iface->domain->log, &suppressed))
		ck_err("%s: %s", path, strerror(-err));
}

/* Whose roster was changed; it may be gone when the answer comes. */
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
		roster_path(path, iface, "", NULL);
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
static bool roster_ready(struct iface *iface)
{
	if (!store || iface->pending)
		return false;
	if (iface->dirty) {
		roster_write(iface);
		return false;
	}
	return true;
}

/* Numbers grow beyond this process' life, so what a predecessor wrote is older. */
static uint64_t next_seq(void)
{
	static uint64_t last;
	struct timespec now;
	uint64_t seq;

	clock_gettime(CLOCK_BOOTTIME, &now);
	seq = now.tv_sec * 1000000000ull + now.tv_nsec;
	last = seq > last ? seq : last + 1;
	return last;
}

static char *member_node(const struct ck_member *member)
{
	char name[CK_MEMBER_SIZE], *copy;

	if (!store)
		return NULL;
	ck_member_format(member, name);
	copy = ck_strdup(name);
	return copy;
}

/**
 * roster_node() - a new node to tell others of a member
 * @iface: the member
 * @cause: why they are told
 *
 * Return: its name, to be freed; NULL before roster_start().
 */
char *roster_node(const struct iface *iface, uint32_t cause)
{
	struct ck_member member = {
		.mac = iface->mac,
		.seq = next_seq(),
		.cause = cause,
		.domid = iface->domain->domid,
		.instance = iface->announce.instance,
		.addrs = iface->announce.addrs,
	};

	return member_node(&member);
}

/* The same for one that was a member. */
char *roster_node_left(const struct iface *iface, uint32_t cause)
{
	struct ck_member member = {
		.mac = iface->mac,
		.seq = next_seq(),
		.left = true,
		.cause = cause,
	};

	return member_node(&member);
}

/**
 * roster_tell() - tell a member of another one
 * @to: the member that is told
 * @node: made by roster_node() or roster_node_left()
 */
void roster_tell(struct iface *to, const char *node)
{
	char path[CK_EVENT_SIZE];

	if (!roster_ready(to))
		return;
	node_path(path, to, node);
	ck_xs_post_write(store, CK_XS_NULL, path, "", changed, change(to));
}

void roster_put_offer(struct iface *to, const struct ck_mac *peer,
		      const struct ck_offer *offer)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];

	if (!roster_ready(to))
		return;
	roster_path(path, to, "offer", peer);
	ck_offer_format(offer, value);
	ck_xs_post_write(store, CK_XS_NULL, path, value, changed, change(to));
}

void roster_del_offer(struct iface *to, const struct ck_mac *peer)
{
	char path[CK_PATH_SIZE];

	if (!roster_ready(to))
		return;
	roster_path(path, to, "offer", peer);
	ck_xs_post_rm(store, CK_XS_NULL, path, changed, change(to));
}

/* Is this the node of a peer that is to be in the roster? */
static bool current(const struct iface *iface, const char *node)
{
	struct ck_member member;
	struct iface *peer;

	if (!ck_member_parse(node, &member))
		return false;
	peer = iface_peer(iface, &member.mac);
	return peer && peer->node && !strcmp(peer->node, node);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/**
 * roster_tidy() - remove the nodes that later ones made outdated
 * @to: whose roster it is, a member
 */
void roster_tidy(struct iface *to)
{
	char path[CK_PATH_SIZE], full[CK_EVENT_SIZE], **names;
	unsigned int i, n;
	int err;

	if (!roster_ready(to))
		return;
	to->told = 0;
	roster_path(path, to, "member", NULL);
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	if (err)
		failed(to, path, err);
	/* The oldest first: else one that has left would be there again. */
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; i < n; i++) {
		if (current(to, names[i]))
			continue;
		node_path(full, to, names[i]);
		ck_xs_post_rm(store, CK_XS_NULL, full, changed, change(to));
	}
	free(names);
}

static bool tells_of(const struct ck_member *member, const struct iface *peer)
{
	return !member->left &&
	       member->domid == peer->domain->domid &&
	       member->instance == peer->announce.instance &&
	       ck_addrs_equal(&member->addrs, &peer->announce.addrs);
}

/**
 * roster_adopt() - take up nodes that a predecessor wrote
 * @iface: whose roster it is, a member
 *
 * Peers get the last one that says what is to be said of them.
 */
void roster_adopt(struct iface *iface)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_member member;
	struct iface *peer;
	unsigned int i, n;

	roster_path(path, iface, "member", NULL);
	ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	for (i = 0; i < n; i++) {
		if (!ck_member_parse(names[i], &member))
			continue;
		peer = iface_peer(iface, &member.mac);
		if (!peer || !tells_of(&member, peer) ||
		    (peer->node && strcmp(names[i], peer->node) <= 0))
			continue;
		free(peer->node);
		peer->node = member_node(&member);
	}
	free(names);
}

/* The guest may read its rosters, nobody else may; what is created below
 * inherits that. A domain that is going must not get a new directory.
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

/* The nodes of a part of a roster. */
static int list(struct ck_xs *xs, uint32_t t, struct iface *iface,
		const char *path, char ***names, unsigned int *n)
{
	*names = NULL;
	*n = 0;
	return iface->blank ? 0 : ck_xs_list(xs, t, path, names, n);
}

static int sync_members(struct ck_xs *xs, uint32_t t, struct iface *iface,
			bool *changed)
{
	char path[CK_PATH_SIZE], full[CK_EVENT_SIZE], **names;
	struct iface *peer;
	unsigned int i, n;
	int err;

	roster_path(path, iface, "member", NULL);
	err = list(xs, t, iface, path, &names, &n);
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; i < n; i++) {
		if (current(iface, names[i]))
			continue;
		*changed = true;
		node_path(full, iface, names[i]);
		ck_xs_post_rm(xs, t, full, NULL, NULL);
	}
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		if (err)
			break;
		if (!peer->node || !iface_visible(peer, iface) ||
		    (n && bsearch(&peer->node, names, n, sizeof(*names),
				  compare_names)))
			continue;
		*changed = true;
		node_path(full, iface, peer->node);
		ck_xs_post_write(xs, t, full, "", NULL, NULL);
	}
	free(names);
	return err;
}

/* Write one node if it is not yet as it should be. */
static int sync_node(struct ck_xs *xs, uint32_t t, const char *path,
		     const char *value, bool *changed)
{
	struct ck_xs_value old;
	int err;

	err = ck_xs_read(xs, t, path, &old);
	if (err && err != -ENOENT)
		return err;
	if (!err && !strcmp(old.data, value) && old.len == strlen(value))
		return 0;
	*changed = true;
	return ck_xs_write(xs, t, path, value);
}

static int sync_offers(struct ck_xs *xs, uint32_t t, struct iface *iface,
		       bool *changed)
{
	char path[CK_PATH_SIZE], full[CK_EVENT_SIZE], value[CK_VALUE_SIZE];
	const struct ck_offer *offer;
	struct iface *peer;
	struct ck_mac mac;
	char **names;
	unsigned int i, n;
	int err;

	roster_path(path, iface, "offer", NULL);
	err = list(xs, t, iface, path, &names, &n);
	for (i = 0; i < n; i++) {
		peer = ck_mac_parse_node(names[i], &mac) ?
		       iface_peer(iface, &mac) : NULL;
		if (peer && iface_offer_to(peer, iface))
			continue;
		*changed = true;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		ck_xs_post_rm(xs, t, full, NULL, NULL);
	}
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = iface_offer_to(peer, iface);
		if (err)
			break;
		if (!offer)
			continue;
		roster_path(path, iface, "offer", &peer->mac);
		ck_offer_format(offer, value);
		err = sync_node(xs, t, path, value, changed);
	}
	free(names);
	return err;
}

/* Write the head with its next generation; the guest reads all again. */
static int write_head(struct ck_xs *xs, uint32_t t, struct iface *iface,
		      const struct ck_roster *want, bool changed)
{
	char path[CK_PATH_SIZE], value[CK_VALUE_SIZE];
	struct ck_roster old = { 0 }, head = *want;
	struct ck_value_error why;
	struct ck_xs_value text;
	int err;

	roster_path(path, iface, "roster", NULL);
	err = iface->blank ? -ENOENT : ck_xs_read(xs, t, path, &text);
	if (err && err != -ENOENT)
		return err;
	if (!err && ck_roster_parse(text.data, text.len, &old, &why) &&
	    !changed && old.member == head.member &&
	    !strcmp(old.group, head.group) && !strcmp(old.reason, head.reason))
		return 0;
	head.generation = old.generation + 1;
	ck_roster_format(&head, value);
	ck_xs_post_write(xs, t, path, value, NULL, NULL);
	return 0;
}

static int write_all(struct ck_xs *xs, uint32_t t, void *arg)
{
	struct ck_roster head = { .member = true };
	struct iface *iface = arg;
	bool changed = false;
	int err;

	err = prepare(xs, t, iface) ?:
	      sync_members(xs, t, iface, &changed) ?:
	      sync_offers(xs, t, iface, &changed);
	if (err)
		return err;
	strcpy(head.group, iface->group->name);
	return write_head(xs, t, iface, &head, changed);
}

/* One whose domain is gone has no roster, and needs none. */
static void written(struct iface *iface, int err)
{
	char path[CK_PATH_SIZE];

	iface->blank = false;
	if (!err) {
		iface->domain->prepared = true;
		iface->told = 0;
	} else if (err != -ENOENT) {
		roster_path(path, iface, "", NULL);
		failed(iface, path, err);
	}
}

/**
 * roster_write() - write a member's whole roster, as far as it differs
 * @iface: the member
 */
void roster_write(struct iface *iface)
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
	const char *const directories[] = { "member", "offer" };
	struct refusal *refusal = arg;
	struct ck_roster head = { 0 };
	char path[CK_PATH_SIZE];
	unsigned int i;
	int err;

	err = prepare(xs, t, refusal->iface);
	/* One that is in no group knows nobody. */
	for (i = 0; i < 2 && !err && !refusal->iface->group; i++) {
		roster_path(path, refusal->iface, directories[i], NULL);
		err = ck_xs_rm(xs, t, path);
	}
	if (err)
		return err;
	strcpy(head.reason, refusal->reason);
	return write_head(xs, t, refusal->iface, &head, false);
}

/**
 * roster_refuse() - tell a guest that its announcement was not accepted
 * @iface: the interface; if it is no member, its roster is emptied
 * @reason: one word
 */
void roster_refuse(struct iface *iface, const char *reason)
{
	struct refusal refusal = { .iface = iface, .reason = reason };

	if (store)
		written(iface, ck_xs_transaction(store, write_refusal,
						 &refusal));
}

void roster_remove(struct iface *iface)
{
	char path[CK_PATH_SIZE];

	if (!store)
		return;
	roster_path(path, iface, "", NULL);
	ck_xs_post_rm(store, CK_XS_NULL, path, changed, change(iface));
	iface->blank = true;
}
