// SPDX-License-Identifier: GPL-2.0
/* The rosters in XenStore, which tell the members of a group of each other.
 *
 * A roster is a directory that many guests may read. What is to be said is the name of
 * a new node in it: one write, and xenstored tells all that watch it, by an event
 * that says it all (Documentation/xenstore-paths.md). Nobody waits for the answer.
 * Nothing is written before roster_start().
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cokeeper.h"
#include "guest.h"

#define ROSTERS		"/tool/cokeeper/roster"

/* For each access xenstored looks at all who may read a node, and for each change
 * so it does for all its connections. A larger group has several rosters.
 */
#define READERS_MAX	128

/* After so many changes, and as many as it has readers, a roster is replaced: that
 * costs xenstored less than to remove the outdated nodes one by one, for each of which
 * it looks for each of its connections at all who may read the node.
 */
#define TOLD_SOME	16

static struct ck_xs *store;
static uint32_t last_id;

/* From now on, changes are written to @xs. */
void roster_start(struct ck_xs *xs)
{
	store = xs;
}

static void roster_path(char path[CK_EVENT_SIZE], uint32_t id, const char *node)
{
	snprintf(path, CK_EVENT_SIZE, ROSTERS "/%u%s%s", id,
		 *node ? "/" : "", node);
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

/* A roster with a gap is replaced; it may be gone when the answer comes. */
static void written(void *arg, int err)
{
	static struct ck_ratelimit log;
	uint32_t id = (uintptr_t)arg;
	unsigned int suppressed;
	struct roster *roster;

	if (!err || err == -ENOENT)
		return;
	if (ck_ratelimit(&log, &suppressed))
		ck_err(ROSTERS "/%u: %s", id, strerror(-err));
	roster = roster_find(id);
	if (roster)
		roster->renew = true;
}

static void post_write(uint32_t id, const char *node, const char *value)
{
	char path[CK_EVENT_SIZE];

	roster_path(path, id, node);
	ck_xs_post_write(store, CK_XS_NULL, path, value, written,
			 (void *)(uintptr_t)id);
}

static void post_rm(uint32_t id, const char *node)
{
	char path[CK_EVENT_SIZE];

	roster_path(path, id, node);
	ck_xs_post_rm(store, CK_XS_NULL, path, written, (void *)(uintptr_t)id);
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
	char name[CK_MEMBER_SIZE];

	if (!store)
		return NULL;
	ck_member_format(member, name);
	return ck_strdup(name);
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

/* The same for one that is no member any more. */
char *roster_node_left(const struct ck_mac *mac, uint32_t cause)
{
	struct ck_member member = {
		.mac = *mac,
		.seq = next_seq(),
		.left = true,
		.cause = cause,
	};

	return member_node(&member);
}

/**
 * roster_tell() - tell all readers of a roster of a member
 * @roster: the roster
 * @node: made by roster_node() or roster_node_left()
 */
void roster_tell(struct roster *roster, const char *node)
{
	post_write(roster->id, node, "");
	roster->told++;
}

/* Those that read it may read what is made in it, too. */
static void post_readers(struct roster *roster)
{
	uint32_t readers[READERS_MAX];
	char path[CK_EVENT_SIZE];
	struct iface *iface;
	unsigned int n = 0;

	TAILQ_FOREACH(iface, &roster->readers, in_roster)
		readers[n++] = iface->domain->domid;
	roster->readers_changed = false;
	roster_path(path, roster->id, "");
	ck_xs_post_readers(store, path, readers, n, written,
			   (void *)(uintptr_t)roster->id);
}

static void write_new(struct roster *roster)
{
	struct iface *iface;

	roster->id = ++last_id;
	roster->renew = false;
	roster->told = 0;
	post_write(roster->id, "", roster->group->name);
	post_readers(roster);
	TAILQ_FOREACH(iface, &roster->group->members, in_group)
		if (iface_shown(iface))
			post_write(roster->id, iface->node, "");
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
	TAILQ_INSERT_TAIL(&roster->readers, iface, in_roster);
	roster->nreaders++;
}

/**
 * roster_join() - give a member a roster to read
 * @iface: the member; it has none
 *
 * It may read the roster after the next roster_tidy().
 */
void roster_join(struct iface *iface)
{
	struct roster *roster;

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
 * roster_leave() - an interface needs its roster no more
 * @iface: the interface; it has one
 * @revoke: its domain lives on, and is not to read anything of this group
 *
 * It may still read the single nodes that were made while it was a reader, so
 * revoking is replacing the roster.
 */
void roster_leave(struct iface *iface, bool revoke)
{
	struct roster *roster = iface->roster;
	struct iface *other;

	iface->roster = NULL;
	TAILQ_REMOVE(&roster->readers, iface, in_roster);
	roster->nreaders--;
	TAILQ_FOREACH(other, &roster->readers, in_roster)
		if (other->domain == iface->domain)
			return;
	roster->renew |= revoke;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The nodes of a roster, those of one peer together, the oldest first. */
static char **list_nodes(uint32_t id, unsigned int *n)
{
	char path[CK_EVENT_SIZE], **names;
	int err;

	roster_path(path, id, "");
	err = ck_xs_list(store, CK_XS_NULL, path, &names, n);
	if (err)
		ck_err("%s: %s", path, strerror(-err));
	if (*n)
		qsort(names, *n, sizeof(*names), compare_names);
	return names;
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
		guest_write(iface);
	post_rm(old, "");
}

static bool outdated(const struct roster *roster)
{
	return roster->told >= TOLD_SOME && roster->told >= roster->nreaders;
}

/* Is there something for roster_tidy() to do? */
bool roster_untidy(const struct roster *roster)
{
	return roster->renew || roster->readers_changed || outdated(roster);
}

/**
 * roster_tidy() - do what was left for later
 * @roster: the roster
 */
void roster_tidy(struct roster *roster)
{
	if (roster->renew || outdated(roster))
		renew(roster);
	if (roster->readers_changed)
		post_readers(roster);
}

/* The last member of its group has left. */
void roster_free(struct roster *roster)
{
	while (!TAILQ_EMPTY(&roster->readers))
		roster_leave(TAILQ_FIRST(&roster->readers), false);
	if (roster->id)
		post_rm(roster->id, "");
	TAILQ_REMOVE(&roster->group->rosters, roster, next);
	free(roster);
}

/* A roster of a group that has members is kept. */
static void adopt(uint32_t id)
{
	struct ck_xs_value name;
	char path[CK_EVENT_SIZE];
	struct roster *roster;
	struct group *group;

	if (id > last_id)
		last_id = id;
	roster_path(path, id, "");
	if (ck_xs_read(store, CK_XS_NULL, path, &name))
		return;
	group = group_by_name(name.data);
	if (!group) {
		post_rm(id, "");
		return;
	}
	roster = roster_add(group);
	roster->id = id;
	roster->readers_changed = true;
}

/* One that was put into another group meanwhile knows too much. */
static void adopt_reader(struct iface *iface)
{
	struct roster *roster = roster_find(guest_roster(iface));

	if (!roster)
		return;
	if (iface->barred || strcmp(iface->group_name, roster->group->name))
		roster->renew = true;
	else if (roster->nreaders < READERS_MAX)
		add_reader(roster, iface);
}

static bool tells_of(const struct ck_member *member, const struct iface *peer)
{
	return !member->left &&
	       member->domid == peer->domain->domid &&
	       member->instance == peer->announce.instance &&
	       ck_addrs_equal(&member->addrs, &peer->announce.addrs);
}

/* The last word on each peer is taken up if it still holds. The other rosters of a
 * group are to say the same as the first.
 */
static void adopt_nodes(struct roster *roster)
{
	bool first = roster == TAILQ_FIRST(&roster->group->rosters);
	struct ck_member member;
	struct iface *iface;
	unsigned int i, n, shown = 0;
	char **names, *left;

	names = list_nodes(roster->id, &n);
	for (i = 0; i < n; i++) {
		if (!ck_member_parse(names[i], &member))
			continue;
		if (i + 1 < n && !strncmp(names[i], names[i + 1],
					  2 * CK_MAC_BYTES + 1))
			continue;
		iface = group_find(roster->group, &member.mac);
		if (iface && first && tells_of(&member, iface)) {
			free(iface->node);
			iface->node = ck_strdup(names[i]);
		} else if (!iface && !member.left) {
			left = roster_node_left(&member.mac,
						COKEEPER_CAUSE_NONE);
			roster_tell(roster, left);
			free(left);
		}
	}
	TAILQ_FOREACH(iface, &roster->group->members, in_group) {
		if (!iface_shown(iface))
			continue;
		if (n && bsearch(&iface->node, names, n, sizeof(*names),
				 compare_names))
			shown++;
		else
			roster->renew = true;
	}
	roster->told += n - shown;
	free(names);
}

/**
 * roster_adopt() - take up what a predecessor wrote
 *
 * A member has a node afterwards if the rosters tell of it what is to be told.
 */
void roster_adopt(void)
{
	struct roster *roster, *next;
	struct domain *domain;
	struct group *group;
	struct iface *iface;
	unsigned int i, n;
	char **names;
	uint32_t id;
	int err;

	err = ck_xs_list(store, CK_XS_NULL, ROSTERS, &names, &n);
	if (err)
		ck_err(ROSTERS ": %s", strerror(-err));
	for (i = 0; i < n; i++)
		if (ck_u32_parse(names[i], 1, UINT32_MAX, &id))
			adopt(id);
	free(names);
	TAILQ_FOREACH(domain, &domains, next)
		TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
			adopt_reader(iface);
	TAILQ_FOREACH(group, &groups, next)
		for (roster = TAILQ_FIRST(&group->rosters); roster;
		     roster = next) {
			next = TAILQ_NEXT(roster, next);
			if (TAILQ_EMPTY(&roster->readers))
				roster_free(roster);
			else
				adopt_nodes(roster);
		}
}
