// SPDX-License-Identifier: GPL-2.0
/* Who is a member of which group; knows nothing of XenStore.
 *
 * What is changed here goes into the outbox, which publish.c empties. Nothing is freed here
 * that somebody may hold who changes something.
 */
#include "membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cokeeper.h"

struct domain_list domains = TAILQ_HEAD_INITIALIZER(domains);
struct group_list groups = TAILQ_HEAD_INITIALIZER(groups);
struct outbox outbox = {
	.words = STAILQ_HEAD_INITIALIZER(outbox.words),
	.offers = STAILQ_HEAD_INITIALIZER(outbox.offers),
	.ifaces = TAILQ_HEAD_INITIALIZER(outbox.ifaces),
	.ended = TAILQ_HEAD_INITIALIZER(outbox.ended),
};

/* Members are found by mac, whatever their number. */
#define MAC_BUCKETS	4096

static LIST_HEAD(, iface) members_by_mac[MAC_BUCKETS];
static struct domain *by_domid[CK_DOMID_MAX + 1];
static unsigned int members;
static bool started;
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
	STAILQ_INIT(&domain->left_out);
	TAILQ_INSERT_TAIL(&domains, domain, next);
	by_domid[domid] = domain;
	return domain;
}

/**
 * domain_leave_out() - the toolstack gave a domain an interface that counts for nothing
 * @domain: the domain
 * @vif: what could be read of it
 * @reason: a word that says why, never freed
 */
void domain_leave_out(struct domain *domain, const struct vif *vif, const char *reason)
{
	struct left_out *left_out = ck_alloc(sizeof(*left_out));

	left_out->vif = *vif;
	left_out->vif.barred = reason;
	STAILQ_INSERT_TAIL(&domain->left_out, left_out, next);
}

/* They are about to be read again, or the domain is gone. */
void domain_forget_left_out(struct domain *domain)
{
	struct left_out *left_out;

	while ((left_out = STAILQ_FIRST(&domain->left_out))) {
		STAILQ_REMOVE_HEAD(&domain->left_out, next);
		free(left_out);
	}
}

struct iface *iface_find(struct domain *domain, const struct ck_mac *mac)
{
	struct iface *iface;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		if (!ck_mac_cmp(&iface->mac, mac))
			return iface;
	return NULL;
}

/* Return: an interface, added if it is not there. */
struct iface *iface_get(struct domain *domain, const struct ck_mac *mac)
{
	struct iface *iface = iface_find(domain, mac);

	if (iface)
		return iface;
	iface = ck_alloc(sizeof(*iface));
	iface->domain = domain;
	iface->mac = *mac;
	/* A predecessor may have written something. */
	iface->written = !started;
	SLIST_INIT(&iface->offers);
	TAILQ_INSERT_TAIL(&domain->ifaces, iface, in_domain);
	return iface;
}

/**
 * iface_claim() - a domain says that it has an interface
 * @domain: the domain
 * @mac: the interface's address
 *
 * Return: the interface, NULL if the domain claims too many that the toolstack did not
 * give it.
 */
struct iface *iface_claim(struct domain *domain, const struct ck_mac *mac)
{
	unsigned int unknown = 0;
	struct iface *iface;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
		if (!ck_mac_cmp(&iface->mac, mac))
			return iface;
		unknown += !iface->given;
	}
	return unknown < CK_UNKNOWN_MACS_MAX ? iface_get(domain, mac) : NULL;
}

/* What is for an interface is to be written anew, or the interface to be freed. */
void iface_changed(struct iface *iface)
{
	if (!iface->in_outbox)
		TAILQ_INSERT_TAIL(&outbox.ifaces, iface, outbox);
	iface->in_outbox = true;
}

/* Is there nothing to be known of an interface? */
bool iface_useless(const struct iface *iface)
{
	return !iface->given && !iface->announced && !iface->reason &&
	       !iface->announce_changed && !iface->offers_changed;
}

bool group_key_equal(const struct group_key *a, const struct group_key *b)
{
	return a->backend == b->backend && a->ovs == b->ovs && a->vlan == b->vlan &&
	       !strcmp(a->bridge, b->bridge) && !strcmp(a->named, b->named);
}

/**
 * group_key_format() - a group in one word: [NAMED@][BACKEND:]BRIDGE[/VLAN], where BACKEND is a
 *	number, or "ovs" for Open vSwitch in dom0
 * @key: the group
 * @text: result
 *
 * No two groups have the same. A named group has no '@'; where the bridge has a '@', ':' or '/',
 * the '@', the backend or the VLAN is written even if it is empty or 0.
 */
void group_key_format(const struct group_key *key, char text[CK_WORD_SIZE])
{
	bool at = key->named[0] || strchr(key->bridge, '@');
	char backend[12] = "", vlan[8] = "";

	if (key->ovs)
		strcpy(backend, "ovs:");
	else if (key->backend || strchr(key->bridge, ':'))
		snprintf(backend, sizeof(backend), "%u:", key->backend);
	if (key->vlan || strchr(key->bridge, '/'))
		snprintf(vlan, sizeof(vlan), "/%u", key->vlan);
	snprintf(text, CK_WORD_SIZE, "%s%s%s%s%s", key->named, at ? "@" : "", backend, key->bridge,
		 vlan);
}

/* Return: the group of which group_key_format() makes that, if it has members, or NULL. */
struct group *group_by_text(const char *text)
{
	char other[CK_WORD_SIZE];
	struct group *group;

	TAILQ_FOREACH(group, &groups, next) {
		group_key_format(&group->key, other);
		if (!TAILQ_EMPTY(&group->members) && !strcmp(text, other))
			return group;
	}
	return NULL;
}

static struct group *group_get(const struct group_key *key)
{
	struct group *group;

	TAILQ_FOREACH(group, &groups, next)
		if (group_key_equal(&group->key, key))
			return group;
	group = ck_alloc(sizeof(*group));
	group->key = *key;
	TAILQ_INIT(&group->members);
	TAILQ_INIT(&group->rosters);
	TAILQ_INSERT_TAIL(&groups, group, next);
	return group;
}

/* It has no member, and nothing in the outbox. */
void group_free(struct group *group)
{
	TAILQ_REMOVE(&groups, group, next);
	free(group);
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
	return iface->told && group_find(iface->group, &iface->mac) == iface;
}

static bool offer_valid(const struct iface *iface, const struct offer *offer,
			const struct iface *to)
{
	return offer->made && iface->group && to && iface->group == to->group &&
	       iface_peer(to, &iface->mac) == iface &&
	       offer->value.from == iface->announce.instance &&
	       offer->value.to == to->announce.instance;
}

/* Return: what is known of an offer, or NULL. */
struct offer *iface_offer_find(const struct iface *iface, const struct ck_mac *peer)
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
	struct offer *offer = iface_offer_find(iface, &to->mac);

	return offer && offer_valid(iface, offer, to) ? &offer->value : NULL;
}

static void tell_offer(struct iface *to, const struct ck_mac *from)
{
	struct offer_change *change;

	/* What is written anew tells of it, too. */
	if (!started || to->in_outbox)
		return;
	change = ck_alloc(sizeof(*change));
	change->to = to;
	change->from = *from;
	STAILQ_INSERT_TAIL(&outbox.offers, change, next);
}

static void offer_update(struct iface *iface, struct offer *offer)
{
	bool relayed = offer->relayed;
	struct iface *to;

	to = iface->group ? group_find(iface->group, &offer->peer) : NULL;
	offer->relayed = offer_valid(iface, offer, to);
	if (to && relayed != offer->relayed)
		tell_offer(to, &iface->mac);
}

/* Offers by and to @iface depend on its instance. */
static void offers_update(struct iface *iface)
{
	struct offer *offer;
	struct iface *peer;

	SLIST_FOREACH(offer, &iface->offers, next)
		offer_update(iface, offer);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = iface_offer_find(peer, &iface->mac);
		if (offer)
			offer_update(peer, offer);
	}
}

/* Numbers grow beyond this process' life, so what a predecessor said is older. */
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

/* What is to be said of a member. It has no address that it may not send from. */
void member_is(const struct iface *iface, struct ck_member *word)
{
	const struct ck_addrs *addrs = &iface->announce.addrs;
	unsigned int i;

	*word = (struct ck_member){
		.mac = iface->mac,
		.domid = iface->domain->domid,
		.instance = iface->announce.instance,
		.sources = iface->vif.sources,
	};
	for (i = 0; i < addrs->n; i++)
		if (ck_sources_allow(&word->sources, &addrs->a[i]))
			word->addrs.a[word->addrs.n++] = addrs->a[i];
}

/* What is to be said of one that is no member any more. */
void member_left(const struct ck_mac *mac, uint32_t cause, struct ck_member *word)
{
	*word = (struct ck_member){
		.mac = *mac,
		.seq = next_seq(),
		.left = true,
		.cause = cause,
	};
}

static void tell(struct group *group, const struct ck_member *member)
{
	struct word *word = ck_alloc(sizeof(*word));

	word->group = group;
	word->member = *member;
	STAILQ_INSERT_TAIL(&outbox.words, word, next);
}

/**
 * membership_tell() - tell the peers of a member
 * @iface: the member
 * @cause: why
 *
 * Before membership_start() they are told nothing.
 */
void membership_tell(struct iface *iface, uint32_t cause)
{
	iface->told = started;
	if (!started)
		return;
	member_is(iface, &iface->word);
	iface->word.seq = next_seq();
	iface->word.cause = cause;
	if (iface_shown(iface))
		tell(iface->group, &iface->word);
}

/* One that joins comes to know the others when there is nothing else to do. */
static void join(struct iface *iface, uint32_t cause)
{
	struct offer *offer;
	struct iface *peer;

	iface->group = group_get(&iface->key);
	TAILQ_INSERT_TAIL(&iface->group->members, iface, in_group);
	LIST_INSERT_HEAD(&members_by_mac[bucket(&iface->mac)], iface, by_mac);
	members++;
	membership_tell(iface, cause);

	/* What the others offer it is written together with all else. */
	iface_changed(iface);
	TAILQ_FOREACH(peer, &iface->group->members, in_group) {
		offer = iface_offer_find(peer, &iface->mac);
		if (offer)
			offer->relayed = offer_valid(peer, offer, iface);
	}
	SLIST_FOREACH(offer, &iface->offers, next)
		offer_update(iface, offer);
}

static void leave(struct iface *iface, uint32_t cause)
{
	struct group *group = iface->group;
	struct iface *peer, *duplicate;
	struct ck_member word;
	struct offer *offer;

	TAILQ_REMOVE(&group->members, iface, in_group);
	LIST_REMOVE(iface, by_mac);
	iface->group = NULL;
	members--;

	duplicate = group_find(group, &iface->mac);
	if (!duplicate && iface->told) {
		member_left(&iface->mac, cause, &word);
		tell(group, &word);
	} else if (duplicate && duplicate->order < iface->order) {
		membership_tell(duplicate, COKEEPER_CAUSE_RENEWED);
	}
	iface->told = false;
	outbox.group_emptied |= TAILQ_EMPTY(&group->members);
	SLIST_FOREACH(offer, &iface->offers, next) {
		peer = group_find(group, &offer->peer);
		if (offer->relayed && peer)
			tell_offer(peer, &iface->mac);
		offer->relayed = false;
	}
	TAILQ_FOREACH(peer, &group->members, in_group) {
		offer = iface_offer_find(peer, &iface->mac);
		if (offer)
			offer->relayed = false;
	}
}

/* Its domain's end has taken it out of its group, or nothing is to be known of it. */
void iface_free(struct iface *iface)
{
	struct offer *offer;

	while ((offer = SLIST_FIRST(&iface->offers))) {
		SLIST_REMOVE_HEAD(&iface->offers, next);
		free(offer);
	}
	if (iface->in_outbox)
		TAILQ_REMOVE(&outbox.ifaces, iface, outbox);
	TAILQ_REMOVE(&iface->domain->ifaces, iface, in_domain);
	free(iface);
}

/* Put an interface into the group that it belongs to, or take it out of it. */
static void update_group(struct iface *iface, uint32_t cause)
{
	bool member = iface->announced && iface->given &&
		      !iface->barred && !iface->domain->stopped;

	if (iface->group &&
	    (!member || !group_key_equal(&iface->group->key, &iface->key)))
		leave(iface, cause);
	if (!iface->group && member) {
		join(iface, iface->cause != COKEEPER_CAUSE_NONE ? iface->cause : cause);
		iface->cause = COKEEPER_CAUSE_NONE;
	} else if (!iface->group) {
		iface_changed(iface);
	}
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
		update_group(iface, cause);
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
		update_group(iface, COKEEPER_CAUSE_RESUMED);
}

/**
 * domain_end() - a domain that stopped is gone
 * @domain: the domain; nobody finds it any more, and publish.c frees it
 */
void domain_end(struct domain *domain)
{
	by_domid[domain->domid] = NULL;
	TAILQ_REMOVE(&domains, domain, next);
	TAILQ_INSERT_TAIL(&outbox.ended, domain, next);
}

/* It is in the outbox and has no interfaces any more. */
void domain_free(struct domain *domain)
{
	TAILQ_REMOVE(&outbox.ended, domain, next);
	domain_forget_left_out(domain);
	free(domain);
}

/**
 * iface_configure() - the toolstack's and the administrator's word on an interface
 * @iface: the interface
 * @key: the group that it belongs to, NULL when the domain has no such interface
 *	 (any more)
 * @barred: why it is to be in none, or NULL
 * @cause: COKEEPER_CAUSE_*, for its peers
 */
void iface_configure(struct iface *iface, const struct group_key *key,
		     const char *barred, uint32_t cause)
{
	if (iface->given ? key && group_key_equal(&iface->key, key) && iface->barred == barred :
			   !key)
		return;
	/* A domain that ends loses its interfaces as well. */
	if (iface->given) {
		iface->no_reader = true;
		iface->revoked |= key || cause == COKEEPER_CAUSE_POLICY ||
				  cause == COKEEPER_CAUSE_DETACHED;
	}
	iface->given = key;
	if (key)
		iface->key = *key;
	iface->barred = barred;
	iface_changed(iface);
	update_group(iface, cause);
}

/* The peers of a member are to know from where it may send, as the toolstack says now. */
void iface_tell_sources(struct iface *iface)
{
	if (iface->told && !ck_sources_equal(&iface->word.sources, &iface->vif.sources))
		membership_tell(iface, COKEEPER_CAUSE_POLICY);
}

static uint32_t join_cause(struct iface *iface)
{
	bool just_created = iface->domain->just_created;

	iface->domain->just_created = false;
	if (iface->announce.cause == COKEEPER_CAUSE_RESUMED)
		return COKEEPER_CAUSE_RESUMED;
	return just_created ? COKEEPER_CAUSE_CREATED : COKEEPER_CAUSE_ANNOUNCED;
}

static void clear_refusal(struct iface *iface)
{
	if (iface->reason)
		iface_changed(iface);
	iface->reason = NULL;
	iface->refused[0] = 0;
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
	uint32_t cause;

	clear_refusal(iface);
	if (iface->group && same) {
		/* It may ask because what was written for it is gone. */
		iface_changed(iface);
		return;
	}
	iface->announced = true;
	iface->announce = *announce;
	iface->order = ++announcements;
	cause = join_cause(iface);
	if (!iface->group) {
		iface->cause = cause;
		update_group(iface, cause);
		return;
	}
	if (!renewed)
		cause = COKEEPER_CAUSE_ADDRESS;
	else if (cause != COKEEPER_CAUSE_RESUMED)
		cause = COKEEPER_CAUSE_RENEWED;
	membership_tell(iface, cause);
	if (renewed)
		offers_update(iface);
}

/**
 * iface_refuse() - an announcement is not accepted
 * @iface: the interface; if it is a member, it stays one
 * @reason: why, in a word that is never freed
 * @text: the same for people
 */
void iface_refuse(struct iface *iface, const char *reason, const char *text)
{
	iface->reason = reason;
	snprintf(iface->refused, sizeof(iface->refused), "%s", text);
	iface_changed(iface);
}

/**
 * iface_refusal() - why is an interface in no group?
 * @iface: the interface
 *
 * Return: a word; of a member, why its last announcement was refused, or NULL.
 */
const char *iface_refusal(const struct iface *iface)
{
	if (iface->group)
		return iface->reason;
	if (iface->domain->stopped)
		return iface->domain->unknown ? "domain-unknown" : "domain-ended";
	if (!iface->given)
		return "not-your-mac";
	if (iface->barred)
		return iface->barred;
	return iface->reason ? iface->reason : "not-announced";
}

/**
 * iface_withdraw() - there is no announcement, or not any more
 * @iface: the interface
 */
void iface_withdraw(struct iface *iface)
{
	bool was = iface->announced || iface->reason;

	iface->announced = false;
	iface->reason = NULL;
	iface->refused[0] = 0;
	if (iface->group)
		leave(iface, COKEEPER_CAUSE_WITHDRAWN);
	if (was || !iface->given)
		iface_changed(iface);
}

/* Forget offers that were taken back, once they could be made anew at the usual rate. */
static void forget_offers(struct iface *iface)
{
	struct offer *offer, *next;
	uint64_t now = bucket_now();

	for (offer = SLIST_FIRST(&iface->offers); offer; offer = next) {
		next = SLIST_NEXT(offer, next);
		if (offer->made || offer->changed || offer->reading ||
		    offer->bucket.full_at > now)
			continue;
		SLIST_REMOVE(&iface->offers, offer, offer, next);
		iface->noffers--;
		free(offer);
	}
}

/**
 * iface_offer_get() - find what is known of an offer, or begin to know it
 * @iface: who makes it
 * @peer: to whom
 *
 * Others may be freed.
 *
 * Return: the offer, NULL if there are too many.
 */
struct offer *iface_offer_get(struct iface *iface, const struct ck_mac *peer)
{
	struct offer *offer = iface_offer_find(iface, peer);

	if (offer)
		return offer;
	if (iface->noffers == CK_OFFERS_MAX)
		forget_offers(iface);
	if (iface->noffers == CK_OFFERS_MAX)
		return NULL;
	offer = ck_alloc(sizeof(*offer));
	offer->peer = *peer;
	SLIST_INSERT_HEAD(&iface->offers, offer, next);
	iface->noffers++;
	return offer;
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
	struct offer *offer = iface_offer_get(iface, peer);
	struct iface *to;

	if (!offer || (value && offer->made && !memcmp(&offer->value, value, sizeof(*value))))
		return;
	to = iface->group ? group_find(iface->group, peer) : NULL;
	offer->made = value;
	if (value) {
		offer->value = *value;
		/* The copy that the peer has is outdated. */
		if (offer_valid(iface, offer, to))
			offer->relayed = false;
	}
	offer_update(iface, offer);
}

/* From now on, changes are made known. */
void membership_start(void)
{
	started = true;
}

/* Return: the number of members of all groups. */
unsigned int membership_count(void)
{
	return members;
}
