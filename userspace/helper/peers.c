// SPDX-License-Identifier: GPL-2.0
/* What the host tells us: the roster and the offers of our peers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper.h"
#include "log.h"

static struct peer *list_find(struct peer_list *list, const struct ck_mac *mac)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, list, next)
		if (!ck_mac_cmp(&peer->mac, mac))
			return peer;
	return NULL;
}

static struct peer *peer_find(struct helper *h, const struct ck_mac *mac)
{
	return list_find(&h->peers, mac);
}

static struct peer *new_peer(const struct ck_mac *mac)
{
	struct peer *peer = ck_alloc(sizeof(*peer));

	peer->mac = *mac;
	return peer;
}

static struct peer *peer_get(struct helper *h, const struct ck_mac *mac)
{
	struct peer *peer = peer_find(h, mac);

	if (peer)
		return peer;
	peer = new_peer(mac);
	TAILQ_INSERT_TAIL(&h->peers, peer, next);
	return peer;
}

static void peer_put(struct helper *h, struct peer *peer)
{
	if (peer->member || peer->offered)
		return;
	TAILQ_REMOVE(&h->peers, peer, next);
	free(peer);
}

static void free_list(struct peer_list *list)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, peer, next);
		free(peer);
	}
}

static void own_path(const struct helper *h, char path[CK_PATH_SIZE],
		     const char *directory, const struct ck_mac *mac)
{
	char name[CK_MAC_STRLEN];

	if (mac)
		snprintf(path, CK_PATH_SIZE, "cokeeper/%s/%s/%s", h->mac,
			 directory, ck_mac_format_node(mac, name));
	else
		snprintf(path, CK_PATH_SIZE, "cokeeper/%s/%s", h->mac,
			 directory);
}

static void roster_path(uint32_t roster, char path[CK_PATH_SIZE])
{
	snprintf(path, CK_PATH_SIZE, "/tool/cokeeper/roster/%" PRIu32, roster);
}

/* Begin or cease to be told of changes of a node, unless we look for them. */
void peers_watch(struct helper *h, const char *path, bool on)
{
	int err;

	if (h->poll)
		return;
	err = ck_xs_watch(h->xs, path, on);
	if (err && on)
		ck_err("watch %s: %s", path, strerror(-err));
}

static void watch_roster(struct helper *h, bool on)
{
	char path[CK_PATH_SIZE];

	if (!h->roster)
		return;
	roster_path(h->roster, path);
	peers_watch(h, path, on);
}

/* Be told of changes of another roster from now on; 0: of none. */
static void follow(struct helper *h, uint32_t roster)
{
	if (h->roster == roster)
		return;
	watch_roster(h, false);
	h->roster = roster;
	watch_roster(h, true);
}

/* Forget the roster and all peers, without a word to the kernel. */
void peers_clear(struct helper *h)
{
	follow(h, 0);
	free_list(&h->peers);
}

static void put_peer(struct nlmsghdr *nlh, const struct peer *peer)
{
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);
	mnl_attr_put(nlh, COKEEPER_A_PEER_MAC, CK_MAC_BYTES, peer->mac.b);
	if (peer->member) {
		mnl_attr_put_u32(nlh, COKEEPER_A_PEER_DOMID,
				 peer->value.domid);
		mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE,
				 peer->value.instance);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void kernel_set(struct helper *h, const struct peer *peer, uint32_t cause)
{
	uint8_t cmd = peer->member ? COKEEPER_CMD_PEER_SET :
				     COKEEPER_CMD_PEER_DEL;
	char buf[CK_NL_REQUEST_SIZE], name[CK_MAC_STRLEN];
	struct nlmsghdr *nlh;
	int err;

	nlh = ck_genl_put(&h->bound, buf, cmd);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	put_peer(nlh, peer);
	if (cause != COKEEPER_CAUSE_NONE)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
	err = ck_nl_request(&h->bound.nl, nlh, NULL, NULL);
	if (err && !(err == -ENOENT && !peer->member))
		ck_err("%s peer %s: %s", peer->member ? "set" : "delete",
		       ck_mac_format(&peer->mac, name), h->bound.nl.error);
}

static void kernel_set_all(struct helper *h, uint32_t cause)
{
	struct nlmsghdr *nlh;
	unsigned int n = 0;
	struct peer *peer;
	char *buf;

	TAILQ_FOREACH(peer, &h->peers, next)
		n += peer->member;
	buf = ck_alloc(CK_NL_REQUEST_SIZE + 64 * n);
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_ROSTER_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	TAILQ_FOREACH(peer, &h->peers, next)
		if (peer->member)
			put_peer(nlh, peer);
	if (cause != COKEEPER_CAUSE_NONE)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
	if (ck_nl_request(&h->bound.nl, nlh, NULL, NULL))
		ck_err("set the roster of %u peers: %s", n, h->bound.nl.error);
	free(buf);
}

/* An offer may come before the kernel knows who makes it, or while the device is
 * inactive; then it waits.
 */
static void deliver(struct helper *h, struct peer *peer)
{
	char buf[CK_NL_REQUEST_SIZE], name[CK_MAC_STRLEN];
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	if (!h->active || !peer->offered || peer->delivered || !peer->member ||
	    peer->value.instance != peer->offer.from ||
	    h->dev.instance != peer->offer.to)
		return;
	peer->delivered = true;
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_OFFER_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	put_peer(nlh, peer);
	nest = mnl_attr_nest_start(nlh, COKEEPER_A_OFFER);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_ID, peer->offer.id);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_GREF, peer->offer.gref);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_PORT, peer->offer.port);
	mnl_attr_nest_end(nlh, nest);
	if (ck_nl_request(&h->bound.nl, nlh, NULL, NULL))
		ck_warn("offer %" PRIu32 " of %s: %s", peer->offer.id,
			ck_mac_format(&peer->mac, name), h->bound.nl.error);
}

static void read_offer(struct helper *h, const struct ck_mac *mac)
{
	struct ck_value_error why;
	char path[CK_PATH_SIZE];
	struct ck_xs_value text;
	struct ck_offer offer;
	struct peer *peer;
	int err;

	own_path(h, path, "offer", mac);
	err = ck_xs_read(h->xs, CK_XS_NULL, path, &text);
	if (err == -ENOENT) {
		peer = peer_find(h, mac);
		if (peer) {
			peer->offered = false;
			peer_put(h, peer);
		}
		return;
	}
	if (err) {
		ck_err("%s: %s", path, strerror(-err));
		return;
	}
	if (!ck_offer_parse(text.data, text.len, &offer, &why)) {
		ck_warn("%s ignored: %s", path, why.text);
		return;
	}
	peer = peer_get(h, mac);
	if (!peer->offered || memcmp(&peer->offer, &offer, sizeof(offer)))
		peer->delivered = false;
	peer->offered = true;
	peer->offer = offer;
	deliver(h, peer);
}

/* Take the host's last word on a peer. */
static void apply(struct helper *h, const struct ck_member *word)
{
	struct peer *peer = word->left ? peer_find(h, &word->mac) :
					 peer_get(h, &word->mac);
	struct ck_addrs old = { 0 };
	bool same_guest;

	if (!peer || (word->left && !peer->member))
		return;
	if (peer->member)
		old = peer->value.addrs;
	same_guest = peer->member && !word->left &&
		     peer->value.instance == word->instance &&
		     peer->value.domid == word->domid;
	peer->member = !word->left;
	if (peer->member)
		peer->value = *word;
	if (!same_guest)
		kernel_set(h, peer, word->cause);
	else if (!ck_addrs_equal(&old, &word->addrs))
		kernel_set(h, peer, COKEEPER_CAUSE_ADDRESS);
	deliver(h, peer);
	routes_peer_changed(h, &old, &word->addrs);
	peer_put(h, peer);
}

/* The roster tells of all members; what it says of ourselves is no news. */
static bool parse_node(const struct helper *h, const char *name,
		       struct ck_member *word)
{
	if (ck_member_parse(name, word))
		return ck_mac_cmp(&word->mac, &h->dev.mac);
	ck_warn("roster: '%.64s' tells of nobody, ignored", name);
	return false;
}

/* A node that is removed brings an event, too; but that is an old one. */
static void member_event(struct helper *h, const char *name)
{
	struct ck_member word;

	if (!parse_node(h, name, &word) || word.seq <= h->seen)
		return;
	h->seen = word.seq;
	apply(h, &word);
}

/* Which roster to read. Return: whether that is known. */
static bool read_head(struct helper *h, struct ck_roster *roster)
{
	struct ck_value_error why;
	char path[CK_PATH_SIZE];
	struct ck_xs_value text;
	int err;

	memset(roster, 0, sizeof(*roster));
	own_path(h, path, "roster", NULL);
	err = ck_xs_read(h->xs, CK_XS_NULL, path, &text);
	if (err && err != -ENOENT) {
		ck_err("%s: %s", path, strerror(-err));
		return false;
	}
	h->told = !err;
	if (err)
		return true;
	if (!ck_roster_parse(text.data, text.len, roster, &why)) {
		ck_warn("%s ignored: %s", path, why.text);
		return false;
	}
	return true;
}

/* Read all nodes; the last word on each peer counts. */
static bool read_members(struct helper *h, struct peer_list *list)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_member word;
	struct peer *peer;
	unsigned int i, n;
	int err;

	if (!h->roster)
		return true;
	roster_path(h->roster, path);
	err = ck_xs_list(h->xs, CK_XS_NULL, path, &names, &n);
	if (err) {
		ck_err("%s: %s", path, strerror(-err));
		return false;
	}
	/* It tells of ourselves at least. This one was replaced just now, and
	 * we are about to be told by which.
	 */
	if (!n) {
		free(names);
		return false;
	}
	for (i = 0; i < n; i++) {
		if (!parse_node(h, names[i], &word))
			continue;
		if (word.seq > h->seen)
			h->seen = word.seq;
		peer = list_find(list, &word.mac);
		if (peer && peer->value.seq > word.seq)
			continue;
		if (!peer) {
			peer = new_peer(&word.mac);
			TAILQ_INSERT_TAIL(list, peer, next);
		}
		peer->member = !word.left;
		peer->value = word;
	}
	free(names);
	return true;
}

static void drop_left(struct peer_list *list)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(list); peer; peer = next) {
		next = TAILQ_NEXT(peer, next);
		if (peer->member)
			continue;
		TAILQ_REMOVE(list, peer, next);
		free(peer);
	}
}

static void read_offers(struct helper *h)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_mac mac;
	unsigned int i, n;

	own_path(h, path, "offer", NULL);
	ck_xs_list(h->xs, CK_XS_NULL, path, &names, &n);
	for (i = 0; i < n; i++)
		if (ck_mac_parse_node(names[i], &mac))
			read_offer(h, &mac);
	free(names);
}

/* The new list takes over what only the old one knows: which offers the
 * kernel has had.
 */
static void keep_offers(struct helper *h, struct peer_list *list)
{
	struct peer *peer, *old;

	TAILQ_FOREACH(peer, list, next) {
		old = peer_find(h, &peer->mac);
		if (!old)
			continue;
		peer->offered = old->offered;
		peer->delivered = old->delivered;
		peer->offer = old->offer;
	}
}

/**
 * peers_read_all() - read the whole roster, and make the kernel's equal
 * @h: the helper
 *
 * What is read is whole, for the names of a directory are read at one moment.
 */
void peers_read_all(struct helper *h)
{
	uint32_t cause = COKEEPER_CAUSE_NONE;
	struct ck_roster head;
	struct peer_list list;

	TAILQ_INIT(&list);
	if (!read_head(h, &head))
		return;
	if (head.reason[0])
		ck_warn("the host refuses our announcement: %s", head.reason);
	if (!h->told && !h->announced)
		h->announce_changed = true;	/* it may have waited for that */
	/* Members of another group are others because the host says so, but if we
	 * left ourselves.
	 */
	if (h->roster && h->seen && h->roster != head.roster)
		cause = h->announced ? COKEEPER_CAUSE_POLICY :
				       COKEEPER_CAUSE_DEVICE;
	/* Watched before it is read, so that no change is missed. */
	follow(h, head.roster);
	if (!read_members(h, &list))
		return;
	drop_left(&list);
	keep_offers(h, &list);
	free_list(&h->peers);
	TAILQ_CONCAT(&h->peers, &list, next);
	kernel_set_all(h, cause);
	read_offers(h);
	h->routes_changed = true;
}

/* Return: what follows a directory in a path, or NULL when it is not below it. */
static const char *below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) || path[len] != '/' ? NULL :
	       path + len + 1;
}

/**
 * peers_event() - something changed in XenStore
 * @h: the helper, attached
 * @path: what, as XenStore gave it
 *
 * One reading of the whole roster covers any number of single changes.
 */
void peers_event(struct helper *h, const char *path)
{
	char own[CK_PATH_SIZE], roster[CK_PATH_SIZE];
	const char *rest;
	struct ck_mac mac;

	roster_path(h->roster, roster);
	if ((rest = below(path, roster))) {
		if (!h->roster_changed)
			member_event(h, rest);
		return;
	}
	snprintf(own, sizeof(own), "cokeeper/%s", h->mac);
	if (!strcmp(path, own)) {
		h->roster_changed = true;
	} else if ((rest = below(path, own))) {
		if (!strcmp(rest, "roster"))
			h->roster_changed = true;
		else if (!h->roster_changed && !strncmp(rest, "offer/", 6) &&
			 ck_mac_parse_node(rest + 6, &mac))
			read_offer(h, &mac);
	}
}
