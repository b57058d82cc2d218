// SPDX-License-Identifier: GPL-2.0
/* What the host tells us: the roster and the offers of our peers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper.h"
#include "listing.h"
#include "log.h"
#include "roster_read.h"

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

static int watch(struct helper *h, const char *path)
{
	int err = ck_xs_watch(h->xs, path, true);

	if (err)
		ck_limited(ck_err, "watch %s: %s", path, strerror(-err));
	return err;
}

/**
 * peers_watch() - be told of what the host writes for us, unless we look for that
 * @h: the helper, attached
 *
 * A watch fires at once, so that all is read then.
 *
 * Return: 0 or a negative errno.
 */
int peers_watch(struct helper *h)
{
	char path[CK_PATH_SIZE];

	if (h->poll) {
		h->todo |= WORK_ROSTER;
		return 0;
	}
	ck_path_iface(path, CK_TREE_HOST, CK_DOMID_SELF, &h->dev.mac);
	return watch(h, path);
}

/* Be told of changes of another roster from now on; 0: of none. */
static int follow(struct helper *h, uint32_t roster)
{
	char path[CK_PATH_SIZE];
	int err;

	if (h->watched && h->roster != roster) {
		ck_path_roster(path, h->roster);
		ck_xs_watch(h->xs, path, false);
		h->watched = false;
	}
	h->roster = roster;
	if (h->watched || !roster || h->poll)
		return 0;
	ck_path_roster(path, roster);
	err = watch(h, path);
	h->watched = !err;
	return err;
}

/* The device is gone; the connection to XenStore need not be. */
void peers_forget_watches(struct helper *h)
{
	char path[CK_PATH_SIZE];

	if (h->xs && !h->poll) {
		ck_path_iface(path, CK_TREE_HOST, CK_DOMID_SELF, &h->dev.mac);
		ck_xs_watch(h->xs, path, false);
		follow(h, 0);
	}
}

/* Forget the roster and all peers, without a word to the kernel. */
void peers_clear(struct helper *h)
{
	free_list(&h->peers);
	h->roster = 0;
	h->watched = false;
	h->seen = 0;
	h->told = false;
	h->group[0] = 0;
	h->refusal[0] = 0;
}

/* In the form of both families' addresses that the kernel takes. */
static void put_sources(struct nlmsghdr *nlh, uint16_t type,
			const struct ck_sources *sources)
{
	unsigned int before;
	uint8_t addr[16];
	struct nlattr *nest;
	unsigned int i;

	for (i = 0; i < sources->n; i++) {
		before = ck_addr_map(&sources->s[i].addr, addr);
		nest = mnl_attr_nest_start(nlh, type);
		mnl_attr_put(nlh, COKEEPER_A_SOURCE_ADDRESS, sizeof(addr), addr);
		mnl_attr_put_u8(nlh, COKEEPER_A_SOURCE_PREFIX_LEN,
				before + sources->s[i].len);
		mnl_attr_nest_end(nlh, nest);
	}
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
		put_sources(nlh, COKEEPER_A_PEER_SOURCE, &peer->value.sources);
	}
	mnl_attr_nest_end(nlh, nest);
}

static int kernel_set(struct helper *h, const struct peer *peer, uint32_t cause)
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
	if (!err || (err == -ENOENT && !peer->member))
		return 0;
	ck_limited(ck_err, "%s peer %s: %s", peer->member ? "set" : "delete",
		   ck_mac_format(&peer->mac, name), h->bound.nl.error);
	return err;
}

static int kernel_set_all(struct helper *h, uint32_t cause)
{
	struct nlmsghdr *nlh;
	unsigned int n = 0;
	struct peer *peer;
	char *buf;
	int err;

	TAILQ_FOREACH(peer, &h->peers, next)
		n += peer->member;
	buf = ck_alloc(CK_NL_REQUEST_SIZE + (64 + 32 * CK_SOURCES_MAX) * n);
	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_ROSTER_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	TAILQ_FOREACH(peer, &h->peers, next)
		if (peer->member)
			put_peer(nlh, peer);
	if (cause != COKEEPER_CAUSE_NONE)
		mnl_attr_put_u32(nlh, COKEEPER_A_CAUSE, cause);
	err = ck_nl_request(&h->bound.nl, nlh, NULL, NULL);
	if (err)
		ck_limited(ck_err, "set the roster of %u peers: %s", n, h->bound.nl.error);
	free(buf);
	return err;
}

/* What dom0 lets us send from; @word is of ourselves. */
static int kernel_set_own(struct helper *h, const struct ck_member *word)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	nlh = ck_genl_put(&h->bound, buf, COKEEPER_CMD_DEV_SET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, h->dev.ifindex);
	put_sources(nlh, COKEEPER_A_SOURCE, &word->sources);
	err = ck_nl_request(&h->bound.nl, nlh, NULL, NULL);
	if (err)
		ck_limited(ck_err, "set our own sources: %s", h->bound.nl.error);
	return err;
}

/* An offer may come before the kernel knows who makes it, or while the device is
 * inactive; then it waits. One that the kernel refuses is not given to it again.
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
		ck_limited(ck_warn, "offer %" PRIu32 " of %s: %s", peer->offer.id,
			   ck_mac_format(&peer->mac, name), h->bound.nl.error);
}

static int read_offer(struct helper *h, const struct ck_mac *mac)
{
	struct ck_value_error why;
	char path[CK_PATH_SIZE];
	struct ck_xs_value text;
	struct ck_offer offer;
	struct peer *peer;
	int err;

	ck_path_offer(path, CK_TREE_HOST, CK_DOMID_SELF, &h->dev.mac, mac);
	err = ck_xs_read(h->xs, CK_XS_NULL, path, &text);
	if (err == -ENOENT) {
		peer = peer_find(h, mac);
		if (peer) {
			peer->offered = false;
			peer_put(h, peer);
		}
		return 0;
	}
	if (err) {
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
		return err;
	}
	if (!ck_offer_parse(text.data, text.len, &offer, &why)) {
		ck_limited(ck_warn, "%s ignored: %s", path, why.text);
		return 0;
	}
	peer = peer_get(h, mac);
	if (!peer->offered || memcmp(&peer->offer, &offer, sizeof(offer)))
		peer->delivered = false;
	peer->offered = true;
	peer->offer = offer;
	deliver(h, peer);
	return 0;
}

/* Take the host's last word on a peer. Return: 0 or a negative errno of the kernel's. */
static int apply(struct helper *h, const struct ck_member *word)
{
	struct peer *peer = word->left ? peer_find(h, &word->mac) :
					 peer_get(h, &word->mac);
	struct ck_addrs old = { 0 };
	bool same_guest, same_sources;
	int err = 0;

	if (!peer || (word->left && !peer->member))
		return 0;
	if (peer->member)
		old = peer->value.addrs;
	same_guest = peer->member && !word->left &&
		     peer->value.instance == word->instance &&
		     peer->value.domid == word->domid;
	same_sources = ck_sources_equal(&peer->value.sources, &word->sources);
	peer->member = !word->left;
	if (peer->member)
		peer->value = *word;
	if (!same_guest)
		err = kernel_set(h, peer, word->cause);
	else if (!ck_addrs_equal(&old, &word->addrs))
		err = kernel_set(h, peer, COKEEPER_CAUSE_ADDRESS);
	else if (!same_sources)
		err = kernel_set(h, peer, COKEEPER_CAUSE_NONE);
	deliver(h, peer);
	routes_peer_changed(h, &old, &word->addrs);
	peer_put(h, peer);
	return err;
}

static bool is_own(const struct helper *h, const struct ck_member *word)
{
	return !ck_mac_cmp(&word->mac, &h->dev.mac);
}

/* A node that is removed brings an event, too; but that is an old one. */
static int member_event(struct helper *h, const char *name)
{
	struct ck_member word;

	if (!ck_member_parse(name, &word)) {
		ck_limited(ck_warn, "roster: '%.64s' tells of nobody, ignored", name);
		return 0;
	}
	if (word.seq <= h->seen)
		return 0;
	h->seen = word.seq;
	if (!is_own(h, &word))
		return apply(h, &word);
	return word.left ? 0 : kernel_set_own(h, &word);
}

/* Which roster to read. Return: 0, also if a word that is malformed changes nothing, or a
 * negative errno.
 */
static int read_head(struct helper *h, struct ck_roster *head)
{
	struct ck_value_error why;
	int err;

	err = ck_roster_head(h->xs, &h->dev.mac, head, &why);
	if (err == -EBADMSG)
		ck_limited(ck_warn, "ignored: %s", why.text);
	else if (err)
		ck_limited(ck_err, "%s", why.text);
	return err;
}

/* Read all nodes; the last word on each peer counts. */
static int read_members(struct helper *h, struct peer_list *list)
{
	struct ck_member *members;
	struct peer *peer;
	unsigned int i, n;
	int err;

	if (!h->roster)
		return 0;
	err = ck_roster_members(h->xs, h->roster, &members, &n);
	if (err) {
		ck_limited(ck_err, "roster %" PRIu32 ": %s", h->roster, strerror(-err));
		return err;
	}
	for (i = 0; i < n; i++) {
		if (is_own(h, &members[i])) {
			if (!members[i].left)
				err = kernel_set_own(h, &members[i]);
			continue;
		}
		peer = new_peer(&members[i].mac);
		TAILQ_INSERT_TAIL(list, peer, next);
		peer->member = !members[i].left;
		peer->value = members[i];
	}
	free(members);
	/* It tells of ourselves at least. This one was replaced just now, and
	 * we are about to be told by which.
	 */
	return n ? err : -EAGAIN;
}

static int read_part(struct helper *h, unsigned int part)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	ck_path_offer_part(path, CK_TREE_HOST, CK_DOMID_SELF, &h->dev.mac, part);
	err = ck_xs_list(h->xs, CK_XS_NULL, path, &names, &n);
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	for (i = 0; i < n && !err; i++)
		if (ck_mac_parse_node(names[i], &mac))
			err = read_offer(h, &mac);
	free(names);
	return err;
}

static int read_offers(struct helper *h)
{
	unsigned int part, parts;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_offers(path, CK_TREE_HOST, CK_DOMID_SELF, &h->dev.mac);
	err = ck_list_offer_parts(h->xs, CK_XS_NULL, path, &parts);
	if (err)
		ck_limited(ck_err, "%s: %s", path, strerror(-err));
	for (part = 0; !err && part < CK_OFFER_PARTS; part++)
		if (parts & 1u << part)
			err = read_part(h, part);
	return err;
}

/* What was said since we last heard has its own cause each. */
static int apply_news(struct helper *h, const struct peer_list *list)
{
	const struct peer *peer;
	uint64_t seen = h->seen;
	int err = 0, ret;

	TAILQ_FOREACH(peer, list, next) {
		if (peer->value.seq <= seen)
			continue;
		ret = apply(h, &peer->value);
		err = err ?: ret;
	}
	return err;
}

/* The new list takes over what only the old one knows: which offers the
 * kernel has had.
 */
static void replace_list(struct helper *h, struct peer_list *list)
{
	struct peer *peer, *next, *old;

	for (peer = TAILQ_FIRST(list); peer; peer = next) {
		next = TAILQ_NEXT(peer, next);
		if (peer->value.seq > h->seen)
			h->seen = peer->value.seq;
		if (!peer->member) {
			TAILQ_REMOVE(list, peer, next);
			free(peer);
			continue;
		}
		old = peer_find(h, &peer->mac);
		if (!old)
			continue;
		peer->offered = old->offered;
		peer->delivered = old->delivered;
		peer->offer = old->offer;
	}
	free_list(&h->peers);
	TAILQ_CONCAT(&h->peers, list, next);
}

/* A refusal is told once. */
static void report_refusal(struct helper *h, const struct ck_roster *head)
{
	if (head->reason[0] && strcmp(head->reason, h->refusal))
		ck_limited(ck_warn, "the host refuses our announcement: %s", head->reason);
	strcpy(h->refusal, head->reason);
}

/* Only a roster of our own group has a refusal beside it. */
static bool same_group(const struct helper *h, const struct ck_roster *head)
{
	return h->group[0] && head->roster &&
	       (!head->member || !strcmp(h->group, head->group));
}

/* Why members of another group are others than before: the host has put us elsewhere, or
 * we left.
 */
static uint32_t why_others(const struct helper *h, const struct ck_roster *head)
{
	if (!h->group[0])
		return COKEEPER_CAUSE_NONE;
	if (!h->announced)
		return COKEEPER_CAUSE_DEVICE;
	return head->member || head->reason[0] ? COKEEPER_CAUSE_POLICY :
						 COKEEPER_CAUSE_NONE;
}

/* What follows from the head alone. */
static void take_head(struct helper *h, const struct ck_roster *head)
{
	bool told = head->member || head->reason[0];

	report_refusal(h, head);
	if (!told && (!h->present || h->told))
		/* It waited for that, or is not there any more. */
		h->todo |= WORK_ANNOUNCE;
	if (!told && h->told) {
		h->announced = false;
		h->untold = true;
	}
	h->told = told;
}

/**
 * peers_read_all() - read the whole roster, and make the kernel's equal
 * @h: the helper, attached
 *
 * What is read is whole (ck_roster_members()).
 *
 * Return: 0 or a negative errno.
 */
int peers_read_all(struct helper *h)
{
	struct ck_roster head;
	struct peer_list list;
	uint32_t cause;
	int err, ret;
	bool same;

	TAILQ_INIT(&list);
	err = read_head(h, &head);
	if (err)
		return err == -EBADMSG ? 0 : err;
	same = same_group(h, &head);
	cause = same ? COKEEPER_CAUSE_NONE : why_others(h, &head);
	take_head(h, &head);
	/* Watched before it is read, so that no change is missed. */
	err = follow(h, head.roster);
	ret = read_members(h, &list);
	if (ret) {
		free_list(&list);
		return ret;
	}
	if (same && h->seen)
		ret = apply_news(h, &list);
	replace_list(h, &list);
	if (head.member || !head.roster)
		strcpy(h->group, head.group);
	ret = kernel_set_all(h, cause) ?: ret;
	ret = read_offers(h) ?: ret;
	h->todo |= WORK_ROUTES;
	return err ?: ret;
}

/**
 * peers_event() - something changed in XenStore
 * @h: the helper, attached
 * @text: the path of what changed, as XenStore gave it
 *
 * One reading of the whole roster covers any number of single changes.
 *
 * Return: 0 or a negative errno.
 */
int peers_event(struct helper *h, const char *text)
{
	struct ck_path path;

	if (!ck_path_parse(text, &path))
		return 0;
	if (path.kind == CK_PATH_MEMBER && path.roster == h->roster) {
		if (!(h->todo & WORK_ROSTER))
			return member_event(h, path.node);
	} else if (path.domid != CK_DOMID_SELF || path.tree != CK_TREE_HOST ||
		   ck_mac_cmp(&path.mac, &h->dev.mac)) {
		return 0;
	} else if (path.kind == CK_PATH_IFACE || path.kind == CK_PATH_HEAD) {
		/* The watch fires after a suspend, too, of which the kernel's word may be
		 * lost.
		 */
		h->todo |= path.kind == CK_PATH_IFACE ? WORK_ROSTER | WORK_DEVICE :
							WORK_ROSTER;
	} else if (path.kind == CK_PATH_OFFER && !(h->todo & WORK_ROSTER)) {
		return read_offer(h, &path.peer);
	}
	return 0;
}
