// SPDX-License-Identifier: GPL-2.0
/* Who is a member of which group; knows nothing of XenStore. */
#include "membership.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cokeeper.h"
#include "guest.h"
#include "roster.h"

struct domain_list domains = TAILQ_HEAD_INITIALIZER(domains);
struct group_list groups = TAILQ_HEAD_INITIALIZER(groups);

/* Members are found by mac, whatever their number. */
#define MAC_BUCKETS	4096

static LIST_HEAD(, iface) members_by_mac[MAC_BUCKETS];
static struct domain *by_domid[CK_DOMID_MAX + 1];
static struct iface_list pending = TAILQ_HEAD_INITIALIZER(pending);
static unsigned int members;
static bool untidy;
static uint64_t announcements;

struct domain *domain_find(uint32_t domid)
{
	return domid <= CK_DOMID_MAX ? by_domid[domid] : NULL;
}

/**
 * domain_add() - a domain came to be
 * @domid: its number, at most CK_DOMID_MAX
 * @uuid: its identity
 *
 * Return: the domain.
 */
struct domain *domain_add(uint32_t domid, const char *uuid)
{
	struct domain *domain = ck_alloc(sizeof(*domain));

	domain->domid = domid;
	strncpy(domain->uuid, uuid, sizeof(domain->uuid) - 1);
	TAILQ_INIT(&domain->ifaces);
	TAILQ_INSERT_TAIL(&domains, domain, next);
	by_domid[domid] = domain;
	return domain;
}

struct iface *iface_find(struct domain *domain, const struct ck_mac *mac)
{
	struct iface *iface;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		if (!ck_mac_cmp(&iface->mac, mac))
			return iface;
	return NULL;
}

/**
 * iface_get() - find an interface, or add one
 * @domain: its domain
 * @mac: its address
 *
 * Return: the interface; NULL when the domain claims too many.
 */
struct iface *iface_get(struct domain *domain, const struct ck_mac *mac)
{
	struct iface *iface = iface_find(domain, mac);
	unsigned int strangers = 0;

	if (iface)
		return iface;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		strangers += !iface->group_name[0];
	if (strangers >= CK_STRANGERS_MAX)
		return NULL;
	iface = ck_alloc(sizeof(*iface));
	iface->domain = domain;
	iface->mac = *mac;
	SLIST_INIT(&iface->offers);
	TAILQ_INSERT_TAIL(&domain->ifaces, iface, in_domain);
	return iface;
}

/* Return: the group of that name if it has members, or NULL. */
struct group *group_by_name(const char *name)
{
	struct group *group;

	TAILQ_FOREACH(group, &groups, next)
		if (!strcmp(group->name, name))
			return group;
	return NULL;
}

static struct group *group_get(const char *name)
{
	struct group *group = group_by_name(name);

	if (group)
		return group;
	group = ck_alloc(sizeof(*group));
	strcpy(group->name, name);
	TAILQ_INIT(&group->members);
	TAILQ_INIT(&group->rosters);
	TAILQ_INSERT_TAIL(&groups, group, next);
	return group;
}

static unsigned int bucket(const struct ck_mac *mac)
{
	return (mac->b[4] << 8 | mac->b[5]) % MAC_BUCKETS;
}

/* While a guest migrates within one host, two domains have the same mac; the
 * one that announced itself last counts.
 */
struct iface *group_find(const struct group *group, const struct ck_mac *mac)
{
	struct iface *iface, *found = NULL;

	LIST_FOREACH(iface, &members_by_mac[bucket(mac)], by_mac)
		if (iface->group == group && !ck_mac_cmp(&iface->mac, mac) &&
		    (!found || iface->order > found->order))
			found = iface;
	return found;
}

/* Return: the member that an interface is told of under this mac, or NULL. */
struct iface *iface_peer(const struct iface *iface, const struct ck_mac *mac)
{
	return ck_mac_cmp(&iface->mac, mac) ? group_find(iface->group, mac) :
					      NULL;
}

/* Are others told of this member, and not of another one of its mac? */
bool iface_shown(const struct iface *iface)
{
	return iface->node && group_find(iface->group, &iface->mac) == iface;
}

static bool offer_valid(const struct iface *iface, const struct offer *offer,
			const struct iface *to)
{
	return iface->group && to && iface->group == to->group &&
	       iface_peer(to, &iface->mac) == iface &&
	       offer->value.from == iface->announce.instance &&
	       offer->value.to == to->announce.instance;
}

static struct offer *offer_find(const struct iface *iface,
				const struct ck_mac *peer)
{
	struct offer *offer;

	SLIST_FOREACH(offer, &iface->offers, next)
		if (!ck_mac_cmp(&offer->peer, peer))
			return offer;
	return NULL;
}

/* Return: the offer that @to is to see from @iface, or NULL. */
const struct ck_offer *iface_offer_to(const struct iface *iface,
				      const struct iface *to)
{
	struct offer *offer = offer_find(iface, &to->mac);

	return offer && offer_valid(iface, offer, to) ? &offer->value : NULL;
}

static void offer_update(struct iface *iface, struct offer *offer)
{
	struct iface *to;

	to = iface->group ? group_find(iface->group, &offer->peer) : NULL;
	if (offer_valid(iface, offer, to)) {
		if (!offer->relayed)
			guest_put_offer(to, &iface->mac, &offer->value);
		offer->relayed = true;
	} else {
		if (offer->relayed && to)
			guest_del_offer(to, &iface->mac);
		offer->relayed = false;
	}
}

/* Offers by and to @iface depend on its instance. */
static void offers_update(struct iface *iface)
{
	struct offer *offer;
	struct iface *peer;

	SLIST_FOREACH(offer, &iface->offers, next)
		offer_update(iface, offer);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = offer_find(peer, &iface->mac);
		if (offer)
			offer_update(peer, offer);
	}
}

/* One that joins comes to know the others when there is nothing else to do. */
static void tell(struct group *group, const char *node)
{
	struct roster *roster;

	TAILQ_FOREACH(roster, &group->rosters, next) {
		roster_tell(roster, node);
		untidy |= roster_untidy(roster);
	}
}

static void tell_peers(struct iface *iface, uint32_t cause)
{
	free(iface->node);
	iface->node = roster_node(iface, cause);
	if (iface_shown(iface))
		tell(iface->group, iface->node);
}

static void write_later(struct iface *iface)
{
	if (!iface->pending)
		TAILQ_INSERT_TAIL(&pending, iface, in_pending);
	iface->pending = true;
}

static void not_pending(struct iface *iface)
{
	if (iface->pending)
		TAILQ_REMOVE(&pending, iface, in_pending);
	iface->pending = false;
}

static void write_now(struct iface *iface)
{
	not_pending(iface);
	if (iface->group)
		guest_write(iface);
	else if (!iface->announced && !iface->refused[0])
		guest_remove(iface);
}

static void no_reader(struct iface *iface, bool revoke)
{
	struct roster *roster = iface->roster;

	if (!roster)
		return;
	roster_leave(iface, revoke);
	untidy |= roster_untidy(roster);
}

static void join(struct iface *iface, uint32_t cause)
{
	struct offer *offer;
	struct iface *peer;

	iface->group = group_get(iface->group_name);
	TAILQ_INSERT_TAIL(&iface->group->members, iface, in_group);
	LIST_INSERT_HEAD(&members_by_mac[bucket(&iface->mac)], iface, by_mac);
	members++;
	tell_peers(iface, cause);

	/* What the others offer it is written together with all else. */
	write_later(iface);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = offer_find(peer, &iface->mac);
		if (offer)
			offer->relayed = offer_valid(peer, offer, iface);
	}
	SLIST_FOREACH(offer, &iface->offers, next)
		offer_update(iface, offer);
}

static void leave(struct iface *iface, uint32_t cause)
{
	struct group *group = iface->group;
	struct iface *peer, *twin;
	struct roster *roster;
	struct offer *offer;
	char *node;

	TAILQ_REMOVE(&group->members, iface, in_group);
	LIST_REMOVE(iface, by_mac);
	iface->group = NULL;
	members--;

	free(iface->node);
	iface->node = NULL;
	twin = group_find(group, &iface->mac);
	if (!twin) {
		node = roster_node_left(&iface->mac, cause);
		if (node)
			tell(group, node);
		free(node);
	} else if (twin->order < iface->order) {
		tell_peers(twin, COKEEPER_CAUSE_RENEWED);
	}
	SLIST_FOREACH(offer, &iface->offers, next) {
		peer = group_find(group, &offer->peer);
		if (offer->relayed && peer)
			guest_del_offer(peer, &iface->mac);
		offer->relayed = false;
	}
	TAILQ_FOREACH(peer, &group->members, in_group) {
		offer = offer_find(peer, &iface->mac);
		if (offer)
			offer->relayed = false;
	}

	if (TAILQ_EMPTY(&group->members)) {
		while ((roster = TAILQ_FIRST(&group->rosters)))
			roster_free(roster);
		TAILQ_REMOVE(&groups, group, next);
		free(group);
	}
}

static void iface_free(struct iface *iface)
{
	struct offer *offer;

	no_reader(iface, false);
	not_pending(iface);
	while ((offer = SLIST_FIRST(&iface->offers))) {
		SLIST_REMOVE_HEAD(&iface->offers, next);
		free(offer);
	}
	TAILQ_REMOVE(&iface->domain->ifaces, iface, in_domain);
	free(iface->node);
	free(iface);
}

/* Put an interface into the group that it belongs to, or take it out of it. */
static void settle(struct iface *iface, uint32_t cause)
{
	bool member = iface->announced && iface->group_name[0] &&
		      !iface->barred && !iface->domain->stopped;

	if (iface->group &&
	    (!member || strcmp(iface->group->name, iface->group_name)))
		leave(iface, cause);
	if (!iface->group && member)
		join(iface, cause);
	else if (!iface->group && iface->announced && !iface->domain->stopped)
		guest_refuse(iface, iface->group_name[0] ? iface->barred :
							    "not-your-mac");
}

/**
 * domain_stop() - a domain has ended, though there may be something left of it
 * @domain: the domain
 * @cause: COKEEPER_CAUSE_*, for its peers
 */
void domain_stop(struct domain *domain, uint32_t cause)
{
	struct iface *iface;

	domain->stopped = true;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		settle(iface, cause);
}

/**
 * domain_resume() - a domain that stopped goes on, for its suspend was cancelled
 * @domain: the domain
 */
void domain_resume(struct domain *domain)
{
	struct iface *iface;

	domain->stopped = false;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		settle(iface, COKEEPER_CAUSE_RESUMED);
}

/**
 * domain_remove() - a domain that stopped is gone
 * @domain: the domain; it is freed
 *
 * Its own rosters are left alone, for they went with it.
 */
void domain_remove(struct domain *domain)
{
	struct iface *iface;

	while ((iface = TAILQ_FIRST(&domain->ifaces)))
		iface_free(iface);
	by_domid[domain->domid] = NULL;
	TAILQ_REMOVE(&domains, domain, next);
	free(domain);
}

/**
 * iface_configure() - the toolstack's and the administrator's word on an interface
 * @iface: the interface; it may be freed
 * @group_name: the group that it belongs to, "" when the domain has no such
 *		interface (any more)
 * @barred: why the administrator wants it in none, or NULL
 * @cause: COKEEPER_CAUSE_*, for its peers
 */
void iface_configure(struct iface *iface, const char *group_name,
		     const char *barred, uint32_t cause)
{
	if (!strcmp(iface->group_name, group_name) && iface->barred == barred)
		return;
	/* A domain that ends loses its interfaces as well. */
	no_reader(iface, cause == COKEEPER_CAUSE_POLICY ||
			 cause == COKEEPER_CAUSE_DETACHED);
	strcpy(iface->group_name, group_name);
	iface->barred = barred;
	settle(iface, cause);
	if (!iface->announced && !group_name[0] && !iface->refused[0])
		iface_free(iface);
}

static uint32_t join_cause(struct iface *iface)
{
	bool newborn = iface->domain->newborn;

	iface->domain->newborn = false;
	if (iface->announce.cause == COKEEPER_CAUSE_RESUMED)
		return COKEEPER_CAUSE_RESUMED;
	return newborn ? COKEEPER_CAUSE_CREATED : COKEEPER_CAUSE_ANNOUNCED;
}

/**
 * iface_announce() - take a well-formed announcement
 * @iface: an interface that the toolstack knows
 * @announce: what it says
 */
void iface_announce(struct iface *iface, const struct ck_announce *announce)
{
	bool renewed = iface->announce.instance != announce->instance;
	bool same = iface->announced && !renewed &&
		    ck_addrs_equal(&iface->announce.addrs, &announce->addrs);
	bool was_refused = iface->refused[0];
	uint32_t cause;

	iface->refused[0] = 0;
	if (iface->group && same) {
		if (was_refused)
			write_later(iface);
		return;
	}
	iface->announced = true;
	iface->announce = *announce;
	iface->order = ++announcements;
	cause = join_cause(iface);
	if (!iface->group) {
		settle(iface, cause);
		return;
	}
	if (!renewed)
		cause = COKEEPER_CAUSE_ADDRESS;
	else if (cause != COKEEPER_CAUSE_RESUMED)
		cause = COKEEPER_CAUSE_RENEWED;
	tell_peers(iface, cause);
	if (was_refused)
		write_later(iface);
	if (renewed)
		offers_update(iface);
}

/**
 * iface_withdraw() - an announcement is no longer there
 * @iface: the interface; it is freed unless the toolstack knows it
 */
void iface_withdraw(struct iface *iface)
{
	iface->announced = false;
	iface->refused[0] = 0;
	if (iface->group)
		leave(iface, COKEEPER_CAUSE_WITHDRAWN);
	if (iface->group_name[0]) {
		write_later(iface);
		return;
	}
	write_now(iface);
	iface_free(iface);
}

/**
 * iface_offer() - an offer was made, changed or taken back
 * @iface: who makes it
 * @peer: to whom
 * @value: the offer; NULL when there is none (any more)
 */
void iface_offer(struct iface *iface, const struct ck_mac *peer,
		 const struct ck_offer *value)
{
	struct offer *offer = offer_find(iface, peer);
	struct iface *to;

	if (value && offer) {
		if (!memcmp(&offer->value, value, sizeof(*value)))
			return;
		offer->value = *value;
		to = iface->group ? group_find(iface->group, peer) : NULL;
		if (offer_valid(iface, offer, to))
			offer->relayed = false;	/* the copy is outdated */
		offer_update(iface, offer);
	} else if (value) {
		if (iface->noffers == CK_OFFERS_MAX)
			return;
		offer = ck_alloc(sizeof(*offer));
		offer->peer = *peer;
		offer->value = *value;
		SLIST_INSERT_HEAD(&iface->offers, offer, next);
		iface->noffers++;
		offer_update(iface, offer);
	} else if (offer) {
		to = iface->group ? group_find(iface->group, peer) : NULL;
		if (offer->relayed && to)
			guest_del_offer(to, &iface->mac);
		SLIST_REMOVE(&iface->offers, offer, offer, next);
		iface->noffers--;
		free(offer);
	}
}

/**
 * membership_tell_all() - write all that is not as it should be
 *
 * What a predecessor wrote is taken up where it holds.
 */
void membership_tell_all(void)
{
	struct group *group;
	struct iface *iface;

	roster_adopt();
	TAILQ_FOREACH(group, &groups, next)
		TAILQ_FOREACH(iface, &group->members, in_group) {
			if (!iface->node)
				tell_peers(iface, COKEEPER_CAUSE_NONE);
			write_later(iface);
		}
	while (membership_untidy())
		membership_tidy();
}

/* Is there something for membership_tidy() to do? */
bool membership_untidy(void)
{
	return untidy || !TAILQ_EMPTY(&pending);
}

static void tidy_rosters(void)
{
	struct roster *roster;
	struct group *group;
	struct iface *iface;

	TAILQ_FOREACH(iface, &pending, in_pending)
		if (iface->group && !iface->roster)
			roster_join(iface);
	TAILQ_FOREACH(group, &groups, next)
		TAILQ_FOREACH(roster, &group->rosters, next)
			roster_tidy(roster);
}

/**
 * membership_tidy() - do a part of what was left for later
 *
 * That is all that concerns the rosters, or what is for one guest; so events
 * need not wait until all is done.
 */
void membership_tidy(void)
{
	struct iface *iface = TAILQ_FIRST(&pending);

	/* A guest is told of a roster that is there. */
	if (untidy || (iface && iface->group && !iface->roster))
		tidy_rosters();
	else if (iface)
		write_now(iface);
	untidy = false;
}

/* Return: the number of members of all groups. */
unsigned int membership_count(void)
{
	return members;
}
