// SPDX-License-Identifier: GPL-2.0
/* The rosters in XenStore, which tell the members of a group of each other.
 *
 * A roster is a directory that many guests may read. What is to be said is the name of
 * a new node in it: one write, and xenstored tells all that watch it, by an event
 * that says it all (Documentation/xenstore-paths.md). Nobody waits for the answer.
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cokeeper.h"
#include "guest.h"
#include "listing.h"
#include "roster_read.h"

/* For each access xenstored looks at all who may read a node, and for each change
 * so it does for all its connections. A larger group has several rosters.
 */
#define READERS_MAX	128

/* After so many changes, and as many as it has readers, a roster is replaced: that
 * costs xenstored less than to remove the outdated nodes one by one, for each of which
 * it looks for each of its connections at all who may read the node.
 */
#define TOLD_SOME	16

/* A publisher that starts makes a part of its own; one that finds more than so many, and
 * as many as there are members, replaces the roster.
 */
#define PARTS_SOME	8

/**
 * struct roster - a directory that tells its readers of all members of a group
 * @id: its name, never used twice; 0 as long as it is not written
 * @readers: interfaces whose domains may read it; some may have withdrawn their
 *	     announcement
 * @nreaders: their number
 * @told: what was said in it since it was written as a whole
 * @parts: directories in it that have nodes; all are full but the last
 * @size: bytes of names in the last one
 * @readers_changed: others may read it than XenStore knows of
 * @renew: it is to be replaced by another one
 * @check: somebody may have changed it
 * @retry_at: nothing is done before that, since something failed
 */
struct roster {
	TAILQ_ENTRY(roster) next;
	struct group *group;
	uint32_t id;
	struct iface_list readers;
	unsigned int nreaders;
	unsigned int told;
	uint32_t parts;
	size_t size;
	bool readers_changed;
	bool renew;
	bool check;
	uint64_t retry_at;
};

/* A roster that could not be removed. */
struct leftover {
	STAILQ_ENTRY(leftover) next;
	uint32_t id;
	uint64_t retry_at;
};

static STAILQ_HEAD(, leftover) leftovers = STAILQ_HEAD_INITIALIZER(leftovers);
static struct ck_xs *store;
static uint32_t last_id;

/* From now on, changes are written to @xs. */
void roster_start(struct ck_xs *xs)
{
	store = xs;
}

static struct roster *roster_find(uint32_t id)
{
	struct roster *roster;
	struct group *group;

	TAILQ_FOREACH(group, &groups, next)
		TAILQ_FOREACH(roster, &group->rosters, next)
			if (roster->id == id)
				return roster;
	return NULL;
}

/* A roster with a gap is replaced, a while later; it may be gone when the answer comes. */
static void written(void *arg, int err)
{
	uint32_t id = (uintptr_t)arg;
	struct roster *roster;

	if (!err || err == -ENOENT || err == -ECANCELED)
		return;
	ck_limited(ck_err, "roster %u: %s; written anew", id, strerror(-err));
	roster = roster_find(id);
	if (!roster)
		return;
	roster->renew = true;
	roster->retry_at = bucket_now() + GUEST_RETRY;
}

/* What could not be removed could still be read by those that are not to; tried again. */
static void removed(void *arg, int err)
{
	struct leftover *leftover;

	if (!err || err == -ENOENT || err == -ECANCELED)
		return;
	leftover = ck_alloc(sizeof(*leftover));
	leftover->id = (uintptr_t)arg;
	leftover->retry_at = bucket_now() + GUEST_RETRY;
	STAILQ_INSERT_TAIL(&leftovers, leftover, next);
}

static void post_rm(uint32_t id)
{
	char path[CK_PATH_SIZE];

	ck_path_roster(path, id);
	ck_xs_post_rm(store, CK_XS_NULL, path, removed, (void *)(uintptr_t)id);
}

/* Return: when roster_clean() has something to do. */
uint64_t roster_clean_due(void)
{
	struct leftover *leftover = STAILQ_FIRST(&leftovers);

	return leftover ? leftover->retry_at : BUCKET_NEVER;
}

/* Try again to remove what could not be removed. */
void roster_clean(uint64_t now)
{
	struct leftover *leftover;

	while ((leftover = STAILQ_FIRST(&leftovers)) && leftover->retry_at <= now) {
		STAILQ_REMOVE_HEAD(&leftovers, next);
		post_rm(leftover->id);
		free(leftover);
	}
}

static void tell(struct roster *roster, const char *node)
{
	char path[CK_EVENT_SIZE];
	size_t size = strlen(node) + 1;

	if (!roster->parts || roster->size + size > CK_PART_SIZE) {
		roster->parts++;
		roster->size = 0;
	}
	roster->size += size;
	roster->told++;
	ck_path_member(path, roster->id, roster->parts - 1, node);
	ck_xs_post_write(store, CK_XS_NULL, path, "", written,
			 (void *)(uintptr_t)roster->id);
}

/**
 * roster_tell() - tell all that read a roster of a group of a member
 * @group: the group
 * @word: what to say
 */
void roster_tell(struct group *group, const struct ck_member *word)
{
	char node[CK_MEMBER_SIZE];
	struct roster *roster;

	ck_member_format(word, node);
	TAILQ_FOREACH(roster, &group->rosters, next)
		if (roster->id)
			tell(roster, node);
}

/* Those that read it may read what is made in it, too. */
static void post_readers(struct roster *roster)
{
	void *id = (void *)(uintptr_t)roster->id;
	uint32_t readers[READERS_MAX];
	char path[CK_PATH_SIZE];
	struct iface *iface;
	unsigned int n = 0;
	uint32_t part;

	TAILQ_FOREACH(iface, &roster->readers, in_roster)
		readers[n++] = iface->domain->domid;
	roster->readers_changed = false;
	ck_path_roster(path, roster->id);
	ck_xs_post_readers(store, path, readers, n, written, id);
	for (part = 0; part < roster->parts; part++) {
		ck_path_part(path, roster->id, part);
		ck_xs_post_readers(store, path, readers, n, written, id);
	}
}

static void write_new(struct roster *roster)
{
	char path[CK_PATH_SIZE], text[CK_WORD_SIZE], node[CK_MEMBER_SIZE];
	struct iface *iface;

	roster->id = ++last_id;
	roster->renew = false;
	roster->parts = 0;
	ck_path_roster(path, roster->id);
	group_key_format(&roster->group->key, text);
	ck_xs_post_write(store, CK_XS_NULL, path, text, written,
			 (void *)(uintptr_t)roster->id);
	post_readers(roster);
	TAILQ_FOREACH(iface, &roster->group->members, in_group) {
		if (!iface_shown(iface))
			continue;
		ck_member_format(&iface->word, node);
		tell(roster, node);
	}
	roster->told = 0;
	TAILQ_FOREACH(iface, &roster->readers, in_roster)
		iface->roster_id = roster->id;
}

static struct roster *roster_add(struct group *group)
{
	struct roster *roster = ck_alloc(sizeof(*roster));

	roster->group = group;
	TAILQ_INIT(&roster->readers);
	TAILQ_INSERT_TAIL(&group->rosters, roster, next);
	return roster;
}

static void add_reader(struct roster *roster, struct iface *iface)
{
	iface->roster = roster;
	iface->roster_id = roster->id;
	TAILQ_INSERT_TAIL(&roster->readers, iface, in_roster);
	roster->nreaders++;
}

/**
 * roster_join() - give a member a roster to read
 * @iface: the member; nothing happens if it has one
 *
 * It may read the roster after the next roster_update().
 */
void roster_join(struct iface *iface)
{
	struct roster *roster;

	if (iface->roster)
		return;
	TAILQ_FOREACH(roster, &iface->group->rosters, next)
		if (roster->nreaders < READERS_MAX)
			break;
	if (!roster) {
		roster = roster_add(iface->group);
		roster->renew = true;
	}
	add_reader(roster, iface);
	roster->readers_changed = true;
}

/**
 * roster_leave() - an interface is not to read its roster any more
 * @iface: the interface; nothing happens if it has none
 * @revoke: its domain lives on, and is not to read anything of this group
 *
 * It may still read the single nodes that were made while it was a reader, so
 * revoking is replacing the roster. One whose domain has ended is taken from the readers,
 * before its number is another domain's.
 */
void roster_leave(struct iface *iface, bool revoke)
{
	struct roster *roster = iface->roster;
	struct iface *other;

	if (!roster)
		return;
	iface->roster = NULL;
	iface->roster_id = 0;
	TAILQ_REMOVE(&roster->readers, iface, in_roster);
	roster->nreaders--;
	TAILQ_FOREACH(other, &roster->readers, in_roster)
		if (other->domain == iface->domain)
			return;
	roster->renew |= revoke;
	roster->readers_changed = true;
}

/* Write it anew under another number, and have all readers follow. */
static void renew(struct roster *roster)
{
	uint32_t old = roster->id;
	struct iface *iface;

	write_new(roster);
	if (!old)
		return;
	TAILQ_FOREACH(iface, &roster->readers, in_roster)
		guest_head(iface);
	post_rm(old);
}

static bool outdated(const struct roster *roster)
{
	return roster->told >= TOLD_SOME && roster->told >= roster->nreaders;
}

/**
 * roster_due() - is there something for roster_update() to do?
 * @group: the group
 *
 * Return: when, BUCKET_NEVER if there is nothing.
 */
uint64_t roster_due(const struct group *group)
{
	uint64_t due = BUCKET_NEVER;
	struct roster *roster;

	TAILQ_FOREACH(roster, &group->rosters, next)
		if ((roster->renew || roster->readers_changed || roster->check ||
		     outdated(roster)) && roster->retry_at < due)
			due = roster->retry_at;
	return due;
}

/* Somebody may have removed it. */
static void check(struct roster *roster)
{
	char path[CK_PATH_SIZE], text[CK_WORD_SIZE], **names;
	struct ck_xs_value value;
	unsigned int n;
	int err;

	roster->check = false;
	ck_path_roster(path, roster->id);
	group_key_format(&roster->group->key, text);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (!err && !strcmp(value.data, text)) {
		err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
		free(names);
		if (!err && n >= roster->parts)
			return;
	}
	if (err && err != -ENOENT) {
		roster->check = true;
		roster->retry_at = bucket_now() + GUEST_RETRY;
		return;
	}
	ck_warn("roster %u: not as it was written; written anew", roster->id);
	roster->renew = true;
}

/**
 * roster_update() - do what was left for later
 * @group: the group
 * @now: the time
 */
void roster_update(struct group *group, uint64_t now)
{
	struct roster *roster;

	TAILQ_FOREACH(roster, &group->rosters, next) {
		if (roster->retry_at > now)
			continue;
		if (roster->check && roster->id)
			check(roster);
		if (roster->renew || outdated(roster))
			renew(roster);
		if (roster->readers_changed)
			post_readers(roster);
	}
}

/* A roster was changed, by us or by somebody else; 0: any of them. */
void roster_check(uint32_t id)
{
	struct roster *roster;
	struct group *group;

	TAILQ_FOREACH(group, &groups, next)
		TAILQ_FOREACH(roster, &group->rosters, next)
			if (roster->id && (roster->id == id || !id))
				roster->check = true;
}

static void roster_free(struct roster *roster)
{
	while (!TAILQ_EMPTY(&roster->readers))
		roster_leave(TAILQ_FIRST(&roster->readers), false);
	if (roster->id)
		post_rm(roster->id);
	TAILQ_REMOVE(&roster->group->rosters, roster, next);
	free(roster);
}

/* The last member of a group has left. */
void roster_free_all(struct group *group)
{
	while (!TAILQ_EMPTY(&group->rosters))
		roster_free(TAILQ_FIRST(&group->rosters));
}

static int failed(const char *path, int err)
{
	ck_err("%s: %s", path, strerror(-err));
	return err;
}

/* A roster of a group that has members is kept. */
static int adopt(uint32_t id)
{
	struct ck_xs_value name;
	char path[CK_PATH_SIZE];
	struct roster *roster;
	struct group *group;
	int err;

	if (id > last_id)
		last_id = id;
	ck_path_roster(path, id);
	err = ck_xs_read(store, CK_XS_NULL, path, &name);
	if (err && err != -ENOENT)
		return failed(path, err);
	group = err ? NULL : group_by_text(name.data);
	if (!group) {
		post_rm(id);
		return 0;
	}
	roster = roster_add(group);
	roster->id = id;
	return 0;
}

/* One that was put into another group meanwhile knows too much. */
static int adopt_reader(struct iface *iface)
{
	struct roster *roster;
	uint32_t id;
	int err;

	err = guest_roster(iface, &id);
	roster = err ? NULL : roster_find(id);
	if (!roster)
		return err;
	if (iface->barred || !group_key_equal(&iface->key, &roster->group->key))
		roster->renew = true;
	else if (roster->nreaders < READERS_MAX)
		add_reader(roster, iface);
	return 0;
}

static bool tells_of(const struct ck_member *member, const struct iface *peer)
{
	struct ck_member word;

	member_is(peer, &word);
	return !member->left && member->domid == word.domid &&
	       member->instance == word.instance &&
	       ck_addrs_equal(&member->addrs, &word.addrs) &&
	       ck_sources_equal(&member->sources, &word.sources);
}

/* What is said from now on goes into a part of its own. */
static int adopt_parts(struct roster *roster)
{
	unsigned int n, members = 0;
	char path[CK_PATH_SIZE];
	struct iface *iface;
	uint32_t *parts;
	int err;

	ck_path_roster(path, roster->id);
	err = ck_list_numbers(store, path, INT32_MAX, &parts, &n);
	if (err)
		return failed(path, err);
	if (n)
		roster->parts = parts[n - 1] + 1;
	free(parts);
	roster->size = CK_PART_SIZE;
	TAILQ_FOREACH(iface, &roster->group->members, in_group)
		members++;
	roster->renew |= roster->parts > PARTS_SOME + members;
	return 0;
}

static bool read_by(const char *path, const struct roster *roster)
{
	uint32_t readers[READERS_MAX];
	struct iface *iface;
	unsigned int i, n;

	if (ck_xs_readers(store, path, readers, READERS_MAX, &n) || n != roster->nreaders)
		return false;
	TAILQ_FOREACH(iface, &roster->readers, in_roster) {
		for (i = 0; i < n && readers[i] != iface->domain->domid; i++)
			;
		if (i == n)
			return false;
	}
	return true;
}

static void adopt_perms(struct roster *roster)
{
	char path[CK_PATH_SIZE];
	uint32_t part;

	ck_path_roster(path, roster->id);
	roster->readers_changed = !read_by(path, roster);
	for (part = 0; part < roster->parts && !roster->readers_changed; part++) {
		ck_path_part(path, roster->id, part);
		roster->readers_changed = !read_by(path, roster);
	}
}

/* Is this the last word of a roster on its peer? */
static bool says(const struct ck_member *members, unsigned int n, const struct ck_member *word)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (members[i].seq == word->seq && !ck_mac_cmp(&members[i].mac, &word->mac))
			return true;
	return false;
}

/* The last word on each peer is taken up if it still holds. The other rosters of a
 * group are to say the same as the first.
 */
static int adopt_nodes(struct roster *roster)
{
	bool first = roster == TAILQ_FIRST(&roster->group->rosters);
	struct ck_member *members, left;
	char node[CK_MEMBER_SIZE], path[CK_PATH_SIZE];
	struct iface *iface;
	unsigned int i, n;
	int err;

	err = adopt_parts(roster);
	if (err)
		return err;
	adopt_perms(roster);
	ck_path_roster(path, roster->id);
	err = ck_roster_members(store, roster->id, &members, &n);
	if (err)
		return failed(path, err);
	for (i = 0; i < n; i++) {
		iface = group_find(roster->group, &members[i].mac);
		if (iface && first && tells_of(&members[i], iface)) {
			iface->word = members[i];
			iface->told = true;
		} else if (!iface && !members[i].left) {
			member_left(&members[i].mac, COKEEPER_CAUSE_NONE, &left);
			ck_member_format(&left, node);
			tell(roster, node);
		}
	}
	TAILQ_FOREACH(iface, &roster->group->members, in_group)
		if (iface_shown(iface) && !says(members, n, &iface->word))
			roster->renew = true;
	free(members);
	return 0;
}

static int adopt_all(void)
{
	unsigned int i, n;
	uint32_t *ids;
	int err;

	err = ck_list_numbers(store, ck_path_rosters, UINT32_MAX, &ids, &n);
	if (err)
		return failed(ck_path_rosters, err);
	for (i = 0; i < n && !err; i++)
		if (ids[i])
			err = adopt(ids[i]);
	free(ids);
	return err;
}

static int adopt_readers(void)
{
	struct domain *domain;
	struct iface *iface;
	int err = 0;

	TAILQ_FOREACH(domain, &domains, next)
		TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
			err = err ?: adopt_reader(iface);
	return err;
}

/**
 * roster_adopt() - take up what a predecessor wrote
 *
 * A member has a node afterwards if the rosters tell of it what is to be told.
 *
 * Return: 0, or a negative errno, which has been explained: then there may be more, and
 * nothing is to be written.
 */
int roster_adopt(void)
{
	struct roster *roster, *next;
	struct group *group;
	int err;

	err = adopt_all() ?: adopt_readers();
	TAILQ_FOREACH(group, &groups, next)
		for (roster = TAILQ_FIRST(&group->rosters); roster && !err; roster = next) {
			next = TAILQ_NEXT(roster, next);
			if (TAILQ_EMPTY(&roster->readers))
				roster_free(roster);
			else
				err = adopt_nodes(roster);
		}
	return err;
}
