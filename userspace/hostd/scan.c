// SPDX-License-Identifier: GPL-2.0
/* Reads what the toolstack and the guests wrote into XenStore.
 *
 * Trust: everything under /libxl and the list of domains is the toolstack's.
 * Everything under ~/data is a guest's: its amount is bounded, its values are
 * parsed strictly, and its complaints are rate-limited. The frontend's own
 * directory (~/device) is never read, for the guest can write there.
 *
 * An event only marks what it is about, however many there are. scan_step() does one
 * thing at a time: the ends of domains first, and then the domains take turns. What a
 * guest can cause takes a token of its own bucket. Without one it waits, and the latest
 * value is read when there is one. What failed is marked again.
 */
#include "scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cokeeper.h"
#include "hypervisor.h"
#include "listing.h"
#include "log.h"
#include "membership.h"
#include "policy.h"
#include "toolstack.h"
#include "vif.h"

/* The reason why an interface is in no group, if another one of its domain has its mac. */
#define DUPLICATE_MAC	"duplicate-mac"

/* So many things are done for a domain before it is the next one's turn. */
#define TURN		16
/* What is there when we start is read at once, unless it is more than that. */
#define START_STEPS	64
/* After a call failed. */
#define RETRY		BUCKET_SECOND

/* A peer is told of each change of an announcement (by a node of the roster, and now and
 * then by another roster), and of each offer to it, which an announcement may have count or not:
 * no peer gets more than 20 events a second on behalf of one guest. So an announcement of a guest
 * that has made an offer takes two tokens, the second one maybe in advance.
 */
static const struct bucket_rate announce_rate = { BUCKET_SECOND / 6, 8 };
static const struct bucket_rate offer_rate = { BUCKET_SECOND / 2, 2 };
/* All offers of a guest, and looking which there are. */
static const struct bucket_rate read_rate = { BUCKET_SECOND / 100, 512 };

/* Events of a domain in the log, with --verbose. */
static const struct bucket_rate event_rate = { BUCKET_SECOND / 10, 100 };

static struct ck_xs *store;
static struct domain_list dirty = TAILQ_HEAD_INITIALIZER(dirty);
static struct domain_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
static bool watching;
static bool starting;
static bool start_failed;
static bool unclean[CK_DOMID_MAX + 1];	/* what was written for it may still be there */
static bool introduced;
static bool released;
static uint64_t retry_at;	/* what concerns all domains */

static void guest_log(struct domain *domain, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void guest_log(struct domain *domain, const char *fmt, ...)
{
	unsigned int suppressed;
	char text[512];
	va_list ap;

	if (!ck_ratelimit(&domain->log, &suppressed))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (suppressed)
		ck_warn("domain %u: %s (%u messages before it not shown)",
			domain->domid, text, suppressed);
	else
		ck_warn("domain %u: %s", domain->domid, text);
}

/* There is something to be done for a domain. */
static void mark(struct domain *domain)
{
	if (domain->waiting)
		TAILQ_REMOVE(&waiting, domain, in_dirty);
	if (domain->waiting || !domain->dirty)
		TAILQ_INSERT_TAIL(&dirty, domain, in_dirty);
	domain->dirty = true;
	domain->waiting = false;
}

static void unmark(struct domain *domain)
{
	if (domain->dirty)
		TAILQ_REMOVE(domain->waiting ? &waiting : &dirty, domain, in_dirty);
	domain->dirty = false;
	domain->waiting = false;
	domain->turn = 0;
}

static void wait_until(struct domain *domain, uint64_t at)
{
	unmark(domain);
	TAILQ_INSERT_TAIL(&waiting, domain, in_dirty);
	domain->dirty = true;
	domain->waiting = true;
	domain->ready_at = at;
}

static void mark_iface(struct iface *iface, bool announce, bool offers)
{
	if ((iface->announce_changed || !announce) && (iface->offers_changed || !offers))
		return;
	iface->announce_changed |= announce;
	iface->offers_changed |= offers;
	mark(iface->domain);
}

static void mark_offer(struct iface *iface, const struct ck_mac *peer)
{
	struct offer *offer = iface_offer_get(iface, peer);

	if (!offer) {
		guest_log(iface->domain, "more than %u offers; others are ignored", CK_OFFERS_MAX);
	} else if (!offer->changed) {
		offer->changed = true;
		mark(iface->domain);
	}
}

/* The toolstack pauses a domain before it takes it apart. */
static uint32_t detach_cause(struct domain *domain)
{
	uint32_t ended;
	bool paused;

	if (hypervisor_domain(domain->domid, &ended, &paused))
		return COKEEPER_CAUSE_DETACHED;
	if (ended != COKEEPER_CAUSE_NONE)
		return ended;
	return paused ? COKEEPER_CAUSE_DESTROYED : COKEEPER_CAUSE_DETACHED;
}

/* A domain that ends loses its links before it is seen to have ended. */
static uint32_t closing_cause(struct iface *iface)
{
	uint32_t cause = detach_cause(iface->domain);

	if (cause == COKEEPER_CAUSE_DETACHED &&
	    !toolstack_unplugs(store, iface->domain->domid, iface->vif.index))
		return COKEEPER_CAUSE_POLICY;
	return cause;
}

/* Put an interface where dom0's toolstack, kernel and administrator want it. */
static void configure(struct iface *iface, uint32_t cause)
{
	struct domain *domain = iface->domain;
	struct policy_word policy;
	struct group_key key;
	const char *barred;

	policy_lookup(domain->name, domain->uuid, &policy);
	barred = vif_place(&iface->vif, &policy, &key);
	if (iface->group && barred && vif_cut_off(barred))
		cause = closing_cause(iface);
	iface_configure(iface, &key, barred, cause);
}

/* Of two interfaces with one mac the first counts. */
static void take_vif(struct domain *domain, const struct vif *vif, uint32_t cause)
{
	struct iface *iface;

	iface = iface_get(domain, &vif->mac);
	if (iface->present) {
		domain_leave_out(domain, vif, DUPLICATE_MAC);
		guest_log(domain, "vif %u has the mac of vif %u, and is in no group (" DUPLICATE_MAC ")",
			  vif->index, iface->vif.index);
		return;
	}
	iface->present = true;
	iface->vif = *vif;
	/* What it announced before was refused, or not even noticed. */
	if (!iface->given)
		mark_iface(iface, true, true);
	configure(iface, cause);
	iface_tell_sources(iface);
}

/* One that is there already does not fire. */
static int set_watch(const char *path, bool *first)
{
	int err = ck_xs_watch(store, path, true);

	*first = !err;
	return err == -EEXIST ? 0 : err;
}

/* Its first event has all read again. */
static int watch_xapi(struct domain *domain)
{
	char path[CK_PATH_SIZE];
	bool first;
	int err;

	if (!watching || domain->xapi_watched || !domain->uuid[0] ||
	    domain->toolstack == TOOLSTACK_LIBXL)
		return 0;
	ck_path_xapi_vifs(path, domain->uuid);
	err = set_watch(path, &first);
	domain->xapi_watched = !err;
	return err;
}

static int scan_vifs(struct domain *domain, uint32_t cause)
{
	struct iface *iface;
	unsigned int i, n;
	struct vif vif;
	uint32_t *vifs;
	int err;

	err = toolstack_list(store, domain, &domain->toolstack, &vifs, &n);
	if (!err)
		err = watch_xapi(domain);
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		iface->present = false;
	domain_forget_left_out(domain);
	for (i = 0; i < n && !err; i++) {
		err = toolstack_read(store, domain, domain->toolstack, vifs[i], &vif);
		if (!err)
			take_vif(domain, &vif, cause);
		else if (err == -EBADMSG)
			domain_leave_out(domain, &vif, vif.barred);
		if (err == -ENOENT || err == -EBADMSG)
			err = 0;
	}
	free(vifs);
	if (err)
		return err;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		if (!iface->present && iface->given)
			iface_configure(iface, NULL, NULL, detach_cause(domain));
	return 0;
}

static void refuse(struct iface *iface, const char *reason, const char *text)
{
	char mac[CK_MAC_STRLEN];

	if (iface->reason && !strncmp(iface->refused, text, sizeof(iface->refused) - 1))
		return;
	guest_log(iface->domain, "data/cokeeper/%s/announce refused (%s): %s",
		  ck_mac_format_node(&iface->mac, mac), reason, text);
	iface_refuse(iface, reason, text);
}

static int scan_announce(struct iface *iface)
{
	struct ck_announce announce;
	struct ck_value_error why;
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_announce(path, iface->domain->domid, &iface->mac);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err == -ENOENT)
		iface_withdraw(iface);
	else if (err)
		return err;
	else if (!ck_announce_parse(value.data, value.len, &announce, &why))
		refuse(iface, why.reason, why.text);
	else if (!iface->given)
		refuse(iface, "not-your-mac", iface->domain->toolstack == TOOLSTACK_UNKNOWN ?
		       "its toolstack is not known: it left no /libxl/DOMID, /xapi/UUID or backend in dom0" :
		       "the domain has no such interface");
	else
		iface_announce(iface, &announce);
	return 0;
}

static int scan_offer(struct iface *iface, struct offer *offer)
{
	struct ck_value_error why;
	struct ck_xs_value value;
	struct ck_offer parsed;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_offer(path, CK_TREE_GUEST, iface->domain->domid, &iface->mac, &offer->peer);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err == -ENOENT) {
		iface_offer(iface, &offer->peer, NULL);
	} else if (err) {
		return err;
	} else if (!ck_offer_parse(value.data, value.len, &parsed, &why)) {
		guest_log(iface->domain, "%s not relayed: %s", path, why.text);
		iface_offer(iface, &offer->peer, NULL);
	} else {
		iface_offer(iface, &offer->peer, &parsed);
	}
	return 0;
}

/* Of a guest's directory that is too large for an answer no name is known. */
static int ignore_too_large(struct domain *domain, const char *path, int err)
{
	if (err != -E2BIG)
		return err;
	guest_log(domain, "%s: too large, ignored", path);
	return 0;
}

static int list(struct domain *domain, const char *path, char ***names, unsigned int *n)
{
	return ignore_too_large(domain, path, ck_xs_list(store, CK_XS_NULL, path, names, n));
}

static int scan_offer_part(struct iface *iface, unsigned int part)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_mac peer;
	unsigned int i, n;
	int err;

	ck_path_offer_part(path, CK_TREE_GUEST, iface->domain->domid, &iface->mac, part);
	err = list(iface->domain, path, &names, &n);
	for (i = 0; i < n; i++)
		if (ck_mac_parse_node(names[i], &peer))
			mark_offer(iface, &peer);
	free(names);
	return err;
}

/* Those that we know of may be gone; those that are there, new. */
static int scan_offers(struct iface *iface)
{
	unsigned int part, parts;
	char path[CK_PATH_SIZE];
	struct offer *offer;
	int err;

	SLIST_FOREACH(offer, &iface->offers, next)
		if (offer->made)
			mark_offer(iface, &offer->peer);
	ck_path_offers(path, CK_TREE_GUEST, iface->domain->domid, &iface->mac);
	err = ck_list_offer_parts(store, CK_XS_NULL, path, &parts);
	err = ignore_too_large(iface->domain, path, err);
	for (part = 0; !err && part < CK_OFFER_PARTS; part++)
		if (parts & 1u << part)
			err = scan_offer_part(iface, part);
	return err;
}

/* The last part of ~/vm, which is /vm/UUID; empty when the domain is gone. */
static int read_uuid(char uuid[CK_UUID_SIZE], uint32_t domid)
{
	char path[CK_PATH_SIZE], *name;
	struct ck_xs_value value;
	int err;

	ck_path_vm(path, domid);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err && err != -ENOENT)
		return err;
	if (err)
		value.data[0] = 0;
	name = strrchr(value.data, '/');
	snprintf(uuid, CK_UUID_SIZE, "%.63s", name ? name + 1 : value.data);
	return 0;
}

/* A name that somebody removed still counts, for a rule may close by it. */
static int read_name(struct domain *domain)
{
	char path[CK_PATH_SIZE];
	struct ck_xs_value value;
	int err;

	ck_path_name(path, domain->domid);
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (!err)
		snprintf(domain->name, CK_NAME_SIZE, "%.255s", value.data);
	return err == -ENOENT ? 0 : err;
}

/* The guest removed or changed all that it had written, or the toolstack removed all of the
 * domain.
 */
static int scan_tree(struct domain *domain)
{
	char path[CK_PATH_SIZE], uuid[CK_UUID_SIZE], **names;
	struct iface *iface;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	err = read_uuid(uuid, domain->domid);
	if (!err && !uuid[0])
		domain_stop(domain, COKEEPER_CAUSE_DESTROYED);
	if (err || !uuid[0])
		return err;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		mark_iface(iface, true, true);
	ck_path_tree(path, CK_TREE_GUEST, domain->domid);
	err = list(domain, path, &names, &n);
	for (i = 0; i < n && i < 2 * CK_UNKNOWN_MACS_MAX; i++) {
		if (!ck_mac_parse_node(names[i], &mac)) {
			guest_log(domain, "%s/%.32s: not a mac, ignored", path, names[i]);
			continue;
		}
		iface = iface_claim(domain, &mac);
		if (iface)
			mark_iface(iface, true, true);
	}
	free(names);
	return err;
}

static int watch_domain(struct domain *domain)
{
	char guest[CK_PATH_SIZE], vifs[CK_PATH_SIZE], name[CK_PATH_SIZE];
	int err;

	if (!watching || domain->watched)
		return 0;
	ck_path_tree(guest, CK_TREE_GUEST, domain->domid);
	ck_path_vifs(vifs, domain->domid);
	ck_path_name(name, domain->domid);
	err = set_watch(guest, &domain->guest_watch) ?: set_watch(vifs, &domain->vif_watch) ?:
	      set_watch(name, &domain->name_watch);
	domain->watched = !err;
	return err;
}

static void unwatch_domain(const struct domain *domain)
{
	uint32_t domid = domain->domid;
	char path[CK_PATH_SIZE];

	if (!watching)
		return;
	if (domain->xapi_watched) {
		ck_path_xapi_vifs(path, domain->uuid);
		ck_xs_watch(store, path, false);
	}
	ck_path_tree(path, CK_TREE_GUEST, domid);
	ck_xs_watch(store, path, false);
	ck_path_vifs(path, domid);
	ck_xs_watch(store, path, false);
	ck_path_name(path, domid);
	ck_xs_watch(store, path, false);
}

static int remove_ours(struct ck_xs *xs, uint32_t t, void *arg)
{
	uint32_t domid = *(uint32_t *)arg;
	char path[CK_PATH_SIZE], **names;
	unsigned int i, n;
	bool ours = false;
	int err;

	ck_path_domain(path, domid);
	err = ck_xs_list(xs, t, path, &names, &n);
	for (i = 0; i < n; i++)
		ours |= !strcmp(names[i], "cokeeper");
	free(names);
	if (err || !ours)
		return err;
	if (n > 1)
		ck_path_tree(path, CK_TREE_HOST, domid);
	return ck_xs_rm(xs, t, path);
}

/* A roster write may have crossed the removal of the domain's directory and
 * so made it again; then ours is all that is in it. Or it came to the directory of
 * a new domain of the same number, which has not been told anything yet. The
 * toolstack may be making that at this moment, so it takes a transaction.
 */
static int clean_up(uint32_t domid)
{
	int err;

	err = ck_xs_transaction(store, remove_ours, &domid);
	unclean[domid] = err;
	return err;
}

/* Has a domain ended, and why? Return: 0, or a negative errno if that is not known. */
static int read_ended(struct domain *domain, uint32_t *ended)
{
	int err = hypervisor_domain(domain->domid, ended, NULL);

	if (!err)
		domain->unknown = false;
	return err;
}

static void add_domain(uint32_t domid, const char *uuid, bool just_created)
{
	struct domain *domain;
	uint32_t ended;

	ck_debug("domain %u: appeared", domid);
	domain = domain_add(domid, uuid);
	domain->just_created = just_created;
	domain->free_steps = starting ? START_STEPS : 0;
	domain->unknown = true;
	domain->stopped = read_ended(domain, &ended) || ended != COKEEPER_CAUSE_NONE;
	domain->identity_changed = true;
	domain->tree_changed = true;
	mark(domain);
}

static void remove_domain(struct domain *domain)
{
	uint32_t domid = domain->domid;

	ck_debug("domain %u: gone", domid);
	unmark(domain);
	domain_stop(domain, COKEEPER_CAUSE_DESTROYED);
	domain_end(domain);
	unwatch_domain(domain);
	/* If that fails, it is done before another one gets the number. */
	if (clean_up(domid))
		introduced = true;
}

/* One that stopped may go on, for its suspend was cancelled. */
static int check_stopped(struct domain *domain)
{
	uint32_t ended;
	int err;

	if (!domain->stopped)
		return 0;
	err = read_ended(domain, &ended);
	if (!err && ended == COKEEPER_CAUSE_NONE) {
		domain_resume(domain);
		domain->tree_changed = true;
	}
	return err;
}

/* The number may have passed to another guest while we were not looking. */
static int check_domain(struct domain *domain)
{
	uint32_t domid = domain->domid;
	char uuid[CK_UUID_SIZE];
	bool there;
	int err;

	err = read_uuid(uuid, domid);
	if (err)
		return err;
	/* Watched before it is read, so that no change is missed. */
	if (!strcmp(uuid, domain->uuid))
		return watch_domain(domain) ?: check_stopped(domain) ?: read_name(domain) ?:
		       scan_vifs(domain, COKEEPER_CAUSE_POLICY);
	err = uuid[0] ? ck_xs_introduced(store, domid, &there) : 0;
	if (err)
		return err;
	remove_domain(domain);
	if (uuid[0] && there && !unclean[domid])
		add_domain(domid, uuid, true);
	return 0;
}

/* A domain that ended may stay: until the toolstack has looked at it, or for good
 * if it crashed and the toolstack was told to preserve it.
 */
static int check_released(void)
{
	struct domain *domain, *next;
	uint32_t ended;
	int err = 0, ret;

	for (domain = TAILQ_FIRST(&domains); domain; domain = next) {
		next = TAILQ_NEXT(domain, next);
		ret = read_ended(domain, &ended);
		if (ret)
			err = ret;
		else if (ended == COKEEPER_CAUSE_DESTROYED)
			remove_domain(domain);
		else if (ended != COKEEPER_CAUSE_NONE && !domain->stopped)
			domain_stop(domain, ended);
	}
	return err;
}

static int check_introduced(void)
{
	char uuid[CK_UUID_SIZE], **names;
	unsigned int i, n;
	uint32_t domid;
	bool there;
	int err;

	err = ck_xs_list(store, CK_XS_NULL, ck_path_domains, &names, &n);
	for (i = 0; i < n && !err; i++) {
		if (!ck_u32_parse(names[i], 1, CK_DOMID_MAX, &domid) || domain_find(domid))
			continue;
		err = ck_xs_introduced(store, domid, &there) ?: read_uuid(uuid, domid);
		if (!err && (unclean[domid] || (starting && !there)))
			err = clean_up(domid);
		if (!err && there)
			add_domain(domid, uuid, !starting);
	}
	free(names);
	return err;
}

static void report_all(int err)
{
	ck_limited(ck_err, "looking which domains there are: %s; tried again", strerror(-err));
}

/* What concerns all domains. Return: whether there was something to do. */
static bool step_all(uint64_t now)
{
	int err;

	if ((!released && !introduced) || retry_at > now)
		return false;
	/* Later events count again. */
	if (released) {
		released = false;
		err = check_released();
		released |= err != 0;
	} else {
		introduced = false;
		err = check_introduced();
		introduced |= err != 0;
	}
	if (err) {
		report_all(err);
		retry_at = now + RETRY;
	}
	return true;
}

/* How many tokens has a domain for reading its announcements, and its offers? */
void scan_tokens(const struct domain *domain, unsigned int *announces, unsigned int *reads)
{
	uint64_t now = bucket_now();

	*announces = bucket_tokens(&domain->announces, &announce_rate, now);
	*reads = bucket_tokens(&domain->reads, &read_rate, now);
}

/* Is there a token? If not, @ready is when there will be one. */
static bool allowed(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now,
		    uint64_t *ready)
{
	uint64_t at;

	if (bucket_take(bucket, rate, now))
		return true;
	at = bucket_ready(bucket, rate);
	if (at < *ready)
		*ready = at;
	return false;
}

/* Offers by several interfaces of a domain to one peer take turns: the peer is to see no
 * more of a domain with many.
 */
static bool others_rest(const struct iface *iface, const struct offer *offer, uint64_t now,
			uint64_t *ready)
{
	const struct offer *other;
	struct iface *it;

	TAILQ_FOREACH(it, &iface->domain->ifaces, in_domain) {
		other = it == iface ? NULL : iface_offer_find(it, &offer->peer);
		if (!other || other->bucket.full_at <= now)
			continue;
		if (other->bucket.full_at < *ready)
			*ready = other->bucket.full_at;
		return false;
	}
	return true;
}

static bool has_offers(const struct domain *domain)
{
	const struct iface *iface;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		if (iface->noffers)
			return true;
	return false;
}

static bool announce_allowed(struct domain *domain, uint64_t now, uint64_t *ready)
{
	if (domain->free_steps) {
		domain->free_steps--;
		return true;
	}
	if (!allowed(&domain->announces, &announce_rate, now, ready))
		return false;
	if (has_offers(domain))
		domain->announces.full_at += announce_rate.interval;
	return true;
}

/* One that has ended says nothing until it runs again; or it is another one, and the end of
 * the first is yet to be seen.
 */
static int step_stopped(struct domain *domain)
{
	struct iface *iface;
	struct offer *offer;
	uint32_t ended;
	int err;

	err = read_ended(domain, &ended);
	if (err)
		return err;
	domain->identity_changed = ended == COKEEPER_CAUSE_NONE;
	domain->tree_changed = false;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
		iface->announce_changed = false;
		iface->offers_changed = false;
		SLIST_FOREACH(offer, &iface->offers, next)
			offer->changed = false;
	}
	return 0;
}

static bool guest_changed(const struct domain *domain)
{
	struct iface *iface;
	struct offer *offer;

	if (domain->tree_changed)
		return true;
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
		if (iface->announce_changed || iface->offers_changed)
			return true;
		SLIST_FOREACH(offer, &iface->offers, next)
			if (offer->changed)
				return true;
	}
	return false;
}

/* Interfaces take turns. Return: the one to be looked at, or NULL. */
static struct iface *next_announce(struct domain *domain)
{
	struct iface *iface;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
		if (!iface->announce_changed)
			continue;
		TAILQ_REMOVE(&domain->ifaces, iface, in_domain);
		TAILQ_INSERT_TAIL(&domain->ifaces, iface, in_domain);
		return iface;
	}
	return NULL;
}

/* Return: 1 if an announcement was read, 0 if not, or a negative errno. */
static int step_announces(struct domain *domain, uint64_t now, uint64_t *ready)
{
	struct iface *iface = NULL;
	int err;

	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		if (iface->announce_changed)
			break;
	if ((!iface && !domain->tree_changed) ||
	    !announce_allowed(domain, now, ready))
		return 0;
	/* They take turns with all of it, which marks them. */
	domain->tree_turn = domain->tree_changed && (!iface || !domain->tree_turn);
	if (domain->tree_turn) {
		domain->tree_changed = false;
		err = scan_tree(domain);
		domain->tree_changed |= err != 0;
		return err ?: 1;
	}
	iface = next_announce(domain);
	iface->announce_changed = false;
	err = scan_announce(iface);
	iface->announce_changed |= err != 0;
	if (iface_useless(iface))
		iface_changed(iface);
	return err ?: 1;
}

/* Return: 1 if there was something to do for the offers, 0 if not, or a negative errno. */
static int step_offers(struct iface *iface, uint64_t now, uint64_t *ready)
{
	struct domain *domain = iface->domain;
	struct offer *offer;
	int err;

	if (iface->offers_changed && allowed(&domain->reads, &read_rate, now, ready)) {
		iface->offers_changed = false;
		err = iface->given ? scan_offers(iface) : 0;
		/* It took that many readings. */
		domain->reads.full_at += CK_OFFER_PARTS * read_rate.interval;
		iface->offers_changed |= err != 0;
		if (iface_useless(iface))
			iface_changed(iface);
		return err ?: 1;
	}
	SLIST_FOREACH(offer, &iface->offers, next) {
		if (!offer->changed || !others_rest(iface, offer, now, ready) ||
		    !allowed(&offer->bucket, &offer_rate, now, ready))
			continue;
		if (!allowed(&domain->reads, &read_rate, now, ready))
			return 0;
		offer->changed = false;
		offer->reading = true;
		err = scan_offer(iface, offer);
		offer->reading = false;
		offer->changed |= err != 0;
		return err ?: 1;
	}
	return 0;
}

/* What the guest wrote, its announcements first. */
static int step_guest(struct domain *domain, uint64_t now, uint64_t *ready)
{
	struct iface *iface;
	int ret;

	if (domain->stopped && guest_changed(domain))
		return announce_allowed(domain, now, ready) ?
		       step_stopped(domain) ?: 1 : 0;
	ret = step_announces(domain, now, ready);
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain) {
		if (ret)
			break;
		ret = step_offers(iface, now, ready);
	}
	return ret;
}

/* Do one thing for a domain. It may be gone then. */
static void step_domain(struct domain *domain, uint64_t now)
{
	uint64_t ready = BUCKET_NEVER;
	uint32_t domid = domain->domid;
	int ret;

	if (domain->identity_changed || domain->vifs_changed) {
		domain->identity_changed = false;
		domain->vifs_changed = false;
		ret = check_domain(domain);
		if (domain_find(domid) != domain)
			return;
		domain->identity_changed |= ret != 0;
		ret = ret ?: 1;
	} else {
		ret = step_guest(domain, now, &ready);
	}
	if (ret < 0) {
		start_failed |= starting;
		guest_log(domain, "reading what concerns it: %s; tried again", strerror(-ret));
		wait_until(domain, now + RETRY);
	} else if (!ret && ready != BUCKET_NEVER) {
		wait_until(domain, ready);
	} else if (!ret) {
		unmark(domain);
	} else if (++domain->turn >= TURN) {
		unmark(domain);
		mark(domain);
	}
}

static void end_waiting(uint64_t now)
{
	struct domain *domain, *next;

	for (domain = TAILQ_FIRST(&waiting); domain; domain = next) {
		next = TAILQ_NEXT(domain, in_dirty);
		if (domain->ready_at <= now)
			mark(domain);
	}
}

/**
 * scan_due() - when is there something for scan_step() to do?
 *
 * Return: the time, BUCKET_NEVER if there is nothing to do.
 */
uint64_t scan_due(void)
{
	uint64_t due = BUCKET_NEVER;
	struct domain *domain;

	if (!TAILQ_EMPTY(&dirty))
		return 0;
	if (released || introduced)
		due = retry_at;
	TAILQ_FOREACH(domain, &waiting, in_dirty)
		if (domain->ready_at < due)
			due = domain->ready_at;
	return due;
}

/**
 * scan_step() - do one thing that is to be done
 * @now: the time
 */
void scan_step(uint64_t now)
{
	struct domain *domain;

	if (step_all(now))
		return;
	end_waiting(now);
	domain = TAILQ_FIRST(&dirty);
	if (domain)
		step_domain(domain, now);
}

/* Remove what was written for interfaces that need none any more. */
static int remove_strange(struct domain *domain)
{
	char path[CK_PATH_SIZE], full[2 * CK_PATH_SIZE], **names;
	struct iface *iface;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	ck_path_tree(path, CK_TREE_HOST, domain->domid);
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	for (i = 0; i < n && !err; i++) {
		iface = NULL;
		if (ck_mac_parse_node(names[i], &mac))
			iface = iface_find(domain, &mac);
		if (iface && (iface->group || iface->announced ||
			      iface->reason))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		err = ck_xs_rm(store, CK_XS_NULL, full);
	}
	if (err)
		ck_err("%s: %s", path, strerror(-err));
	free(names);
	return err;
}

/**
 * scan_start() - learn all that is, correct what was written, watch from now on
 * @xs: the store
 * @watch: watches are to tell of changes; else scan_all() marks all as changed
 *
 * Return: 0 or a negative errno.
 */
int scan_start(struct ck_xs *xs, bool watch)
{
	struct domain *domain;
	int err = 0;

	store = xs;
	watching = watch;
	starting = true;
	if (watch)
		err = ck_xs_watch(xs, ck_path_introduced, true) ?:
		      ck_xs_watch(xs, ck_path_released, true) ?:
		      ck_xs_watch(xs, ck_path_rosters, true) ?:
		      ck_xs_watch(xs, ck_path_all_backends, true);
	if (!err)
		err = check_introduced();
	while (!err && !TAILQ_EMPTY(&dirty))
		scan_step(bucket_now());
	starting = false;
	/* What is not known must not be taken for gone. */
	if (err || start_failed)
		return err ?: -EIO;
	TAILQ_FOREACH(domain, &domains, next) {
		domain->free_steps = 0;
		err = err ?: remove_strange(domain);
	}
	return err;
}

/* A watch fires once when it is set, before anything else. By then all that it
 * covers is marked.
 */
static bool first_event(bool *watch)
{
	bool first = *watch;

	*watch = false;
	return first;
}

static void guest_event(struct domain *domain, const struct ck_path *path, const char *text)
{
	struct iface *iface;

	if (path->kind == CK_PATH_UNKNOWN) {
		guest_log(domain, "%.128s: not ours, ignored", text);
		return;
	}
	if (path->kind == CK_PATH_TREE) {
		if (!domain->tree_changed)
			mark(domain);
		domain->tree_changed = true;
		return;
	}
	iface = iface_claim(domain, &path->mac);
	if (!iface)
		guest_log(domain, "%.128s: too many interfaces, ignored", text);
	else if (path->kind == CK_PATH_OFFER && iface->given)
		mark_offer(iface, &path->peer);
	else if (path->kind == CK_PATH_ANNOUNCE || path->kind == CK_PATH_IFACE)
		mark_iface(iface, true, path->kind == CK_PATH_IFACE);
	else
		mark_iface(iface, false, true);
}

/* What dom0 says of the interfaces of a domain is to be read again. */
static void vifs_changed(struct domain *domain)
{
	domain->vifs_changed = true;
	mark(domain);
}

static void domain_event(struct domain *domain, const struct ck_path *path, const char *text)
{
	if (path->kind == CK_PATH_VIFS) {
		if (!first_event(&domain->vif_watch))
			vifs_changed(domain);
	} else if (path->kind == CK_PATH_NAME) {
		if (!first_event(&domain->name_watch))
			vifs_changed(domain);
	} else if (path->tree == CK_TREE_GUEST) {
		if (!first_event(&domain->guest_watch))
			guest_event(domain, path, text);
	}
}

/* @uuid: the rest of a path, which begins with it */
static void xapi_event(const char *uuid)
{
	size_t len = strcspn(uuid, "/");
	struct domain *domain;

	TAILQ_FOREACH(domain, &domains, next)
		if (strlen(domain->uuid) == len && !strncmp(domain->uuid, uuid, len))
			vifs_changed(domain);
}

/* What a guest writes has no end; others' events are still logged then. */
static void log_event(struct domain *domain, const char *text)
{
	static struct event_log others;
	struct event_log *log = domain ? &domain->events : &others;

	if (!bucket_take(&log->bucket, &event_rate, bucket_now())) {
		log->suppressed++;
		return;
	}
	if (log->suppressed)
		ck_debug("event %s (%u events before it not shown)", text, log->suppressed);
	else
		ck_debug("event %s", text);
	log->suppressed = 0;
}

/**
 * scan_event() - something changed
 * @path: what
 * @text: the same, as XenStore gave it
 *
 * It is only marked.
 */
void scan_event(const struct ck_path *path, const char *text)
{
	struct domain *domain = domain_find(path->domid);

	log_event(domain, text);
	if (path->kind == CK_PATH_INTRODUCED)
		introduced = true;
	else if (path->kind == CK_PATH_RELEASED)
		released = true;
	else if (path->kind == CK_PATH_XAPI_VIFS)
		xapi_event(path->node);
	else if (domain)
		domain_event(domain, path, text);
}

/* Look for all changes, without having been told of any. */
void scan_all(void)
{
	struct domain *domain;

	TAILQ_FOREACH(domain, &domains, next) {
		domain->identity_changed = true;
		domain->tree_changed = true;
		mark(domain);
	}
	introduced = true;
	released = true;
}

/* The administrator has another opinion. All that it takes is known. */
void scan_policy_changed(void)
{
	struct domain *domain;
	struct iface *iface;

	TAILQ_FOREACH(domain, &domains, next)
		TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
			if (iface->given)
				configure(iface, COKEEPER_CAUSE_POLICY);
}

/**
 * scan_link_changed() - something changed about a link of dom0
 * @name: the link
 */
void scan_link_changed(const char *name)
{
	struct domain *domain;
	struct iface *iface;

	TAILQ_FOREACH(domain, &domains, next)
		TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
			if (iface->given && !strcmp(iface->vif.link, name))
				configure(iface, COKEEPER_CAUSE_POLICY);
}
