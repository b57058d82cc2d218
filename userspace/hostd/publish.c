// SPDX-License-Identifier: GPL-2.0
/* Makes known what was changed: empties the outbox.
 *
 * What many wait for, and what takes no waiting, is written at once: words for rosters, and
 * single offers. The rest is done in steps when there is nothing else to do, so that
 * events need not wait until all is done.
 *
 * This is the only place where interfaces, domains and groups are freed. Nothing here is
 * called by what walks their lists.
 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

#include "cokeeper.h"
#include "guest.h"
#include "membership.h"
#include "roster.h"

static void send_words(void)
{
	struct word *word;

	while ((word = STAILQ_FIRST(&outbox.words))) {
		STAILQ_REMOVE_HEAD(&outbox.words, next);
		roster_tell(word->group, &word->member);
		free(word);
	}
}

static void send_offers(void)
{
	struct offer_change *change;

	while ((change = STAILQ_FIRST(&outbox.offers))) {
		STAILQ_REMOVE_HEAD(&outbox.offers, next);
		guest_offer(change->to, &change->from);
		free(change);
	}
}

static void take_rosters(void)
{
	struct iface *iface;

	TAILQ_FOREACH(iface, &outbox.ifaces, outbox) {
		if (iface->no_reader)
			roster_leave(iface, iface->revoked);
		iface->no_reader = false;
		iface->revoked = false;
	}
}

static void free_ifaces(void)
{
	struct iface *iface, *next;
	uint64_t now = bucket_now();

	for (iface = TAILQ_FIRST(&outbox.ifaces); iface; iface = next) {
		next = TAILQ_NEXT(iface, outbox);
		if (!iface_useless(iface) || iface->retry_at > now)
			continue;
		/* Once its nodes are removed, it is here again. */
		guest_remove(iface);
		if (iface->written)
			continue;
		roster_leave(iface, false);
		iface_free(iface);
	}
}

/* What was written for a domain went with it. */
static void free_domains(void)
{
	struct domain *domain;
	struct iface *iface;

	while ((domain = TAILQ_FIRST(&outbox.ended))) {
		while ((iface = TAILQ_FIRST(&domain->ifaces))) {
			roster_leave(iface, false);
			iface_free(iface);
		}
		domain_free(domain);
	}
}

static void free_groups(void)
{
	struct group *group, *next;

	if (!outbox.group_emptied)
		return;
	outbox.group_emptied = false;
	for (group = TAILQ_FIRST(&groups); group; group = next) {
		next = TAILQ_NEXT(group, next);
		if (!TAILQ_EMPTY(&group->members))
			continue;
		roster_free_all(group);
		group_free(group);
	}
}

/* Make known what does not wait, and free what is not needed any more. */
void publish_now(void)
{
	send_words();
	send_offers();
	take_rosters();
	free_ifaces();
	free_domains();
	free_groups();
}

/**
 * publish_due() - when is there something for publish_step() to do?
 *
 * Return: the time, BUCKET_NEVER if there is nothing to do.
 */
uint64_t publish_due(void)
{
	uint64_t due = roster_clean_due(), at;
	struct iface *iface;
	struct group *group;

	TAILQ_FOREACH(iface, &outbox.ifaces, outbox)
		if (iface->retry_at < due)
			due = iface->retry_at;
	TAILQ_FOREACH(group, &groups, next) {
		at = roster_due(group);
		if (at < due)
			due = at;
	}
	return due;
}

/* Those that join at a time are made readers together. */
static bool update_rosters(uint64_t now)
{
	struct iface *iface;
	struct group *group;
	bool any = false;

	TAILQ_FOREACH(iface, &outbox.ifaces, outbox)
		if (iface->group)
			roster_join(iface);
	TAILQ_FOREACH(group, &groups, next) {
		if (roster_due(group) > now)
			continue;
		roster_update(group, now);
		any = true;
	}
	return any;
}

static void write_iface(struct iface *iface)
{
	TAILQ_REMOVE(&outbox.ifaces, iface, outbox);
	iface->in_outbox = false;
	if (iface->domain->stopped)
		return;
	if (iface->group && !iface->roster_id) {
		/* Its roster could not be written. */
		iface->retry_at = bucket_now() + GUEST_RETRY;
		iface_changed(iface);
	} else if (iface->group || iface->announced || iface->reason) {
		guest_write(iface);
	} else {
		guest_remove(iface);
	}
}

/**
 * publish_step() - do a part of what was left for later
 * @now: the time
 *
 * That is what concerns the rosters, or what is for one guest, who is told of a roster that is
 * there.
 */
void publish_step(uint64_t now)
{
	struct iface *iface;

	roster_clean(now);
	if (update_rosters(now))
		return;
	TAILQ_FOREACH(iface, &outbox.ifaces, outbox) {
		if (iface->retry_at > now)
			continue;
		write_iface(iface);
		return;
	}
}

/**
 * publish_event() - something was changed, by us or by somebody else
 * @path: what
 * @text: the same
 *
 * A removed roster is written again. Single nodes are not looked at: most of those events
 * come of our own writing.
 */
void publish_event(const struct ck_path *path, const char *text)
{
	if (path->kind == CK_PATH_ROSTER || path->kind == CK_PATH_PART)
		roster_check(path->roster);
	else if (!strcmp(text, ck_path_rosters))
		roster_check(0);
}

/**
 * publish_start() - make all known that is not, and from now on what changes
 * @xs: the store
 *
 * What a predecessor wrote is taken up where it holds.
 *
 * Return: 0, or a negative errno: what there is, is not known, and stays.
 */
int publish_start(struct ck_xs *xs)
{
	struct domain *domain;
	struct iface *iface;
	int err;

	guest_start(xs);
	roster_start(xs);
	membership_start();
	err = roster_adopt();
	if (err)
		return err;
	TAILQ_FOREACH(domain, &domains, next)
		TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
			if (iface->group && !iface->told)
				membership_tell(iface, COKEEPER_CAUSE_NONE);
			iface_changed(iface);
		}
	publish_now();
	while (publish_due() <= bucket_now())
		publish_step(bucket_now());
	return 0;
}
