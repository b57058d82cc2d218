// SPDX-License-Identifier: GPL-2.0
/* Reads what the toolstack and the guests wrote into XenStore.
 *
 * Trust: everything under /libxl and the list of domains is the toolstack's.
 * Everything under ~/data is a guest's: its amount is bounded, its values are
 * parsed strictly, and its complaints are rate-limited. The frontend's own
 * directory (~/device) is never read, for the guest can write there.
 */
#include "scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cokeeper.h"
#include "guest.h"
#include "hypervisor.h"
#include "log.h"
#include "membership.h"
#include "policy.h"
#include "roster.h"
#include "xs.h"

#define INTRODUCE	"@introduceDomain"
#define RELEASE		"@releaseDomain"

static struct ck_xs *store;
static TAILQ_HEAD(, domain) changed = TAILQ_HEAD_INITIALIZER(changed);
static bool watching;
static bool introduced;
static bool released;

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

static void refuse(struct iface *iface, const char *reason, const char *text)
{
	char mac[CK_MAC_STRLEN];

	if (!strncmp(iface->refused, text, sizeof(iface->refused) - 1))
		return;
	snprintf(iface->refused, sizeof(iface->refused), "%s", text);
	guest_log(iface->domain,
		  "data/cokeeper/%s/announce refused (%s): %s",
		  ck_mac_format_node(&iface->mac, mac), reason, text);
	guest_refuse(iface, reason);
}

static bool read_word(char word[CK_WORD_SIZE], const char *directory,
		      const char *key)
{
	char path[2 * CK_PATH_SIZE];
	struct ck_xs_value value;

	snprintf(path, sizeof(path), "%s/%s", directory, key);
	if (ck_xs_read(store, CK_XS_NULL, path, &value) ||
	    value.len != strlen(value.data) || !ck_word_valid(value.data))
		return false;
	strcpy(word, value.data);
	return true;
}

/* Interfaces are together when one bridge of one backend domain, and one VLAN
 * of it, joins them; a named group is a part of those.
 */
static bool read_group(char group[CK_WORD_SIZE], const char *directory,
		       const char *named)
{
	char bridge[CK_WORD_SIZE], backend[CK_WORD_SIZE], vlan[CK_WORD_SIZE];
	unsigned int domid = 0;
	int len;

	if (!read_word(bridge, directory, "bridge"))
		return false;
	if (read_word(backend, directory, "backend") &&
	    sscanf(backend, "/local/domain/%u/", &domid) != 1)
		return false;
	if (!read_word(vlan, directory, "vlan"))
		vlan[0] = 0;
	len = snprintf(group, CK_WORD_SIZE, "%s%s", named ? named : "",
		       named ? "@" : "");
	if (domid)
		len += snprintf(group + len, CK_WORD_SIZE - len, "%u:", domid);
	len += snprintf(group + len, CK_WORD_SIZE - len, "%s%s%s", bridge,
			vlan[0] ? "." : "", vlan);
	return len < CK_WORD_SIZE;
}

static void scan_vif(struct domain *domain, const char *directory,
		     uint32_t cause)
{
	char word[CK_WORD_SIZE], group[CK_WORD_SIZE];
	const char *named, *barred;
	struct iface *iface;
	struct ck_mac mac;

	if (!read_word(word, directory, "mac"))
		return;
	if (!ck_mac_parse(word, &mac)) {
		ck_warn("%s/mac: '%s' is no mac", directory, word);
		return;
	}
	named = policy_group(domain->name, domain->uuid, &barred);
	if (!read_group(group, directory, named)) {
		ck_warn("%s: no usable bridge", directory);
		return;
	}
	iface = iface_get(domain, &mac);
	if (!iface)
		return;
	iface->present = true;
	iface_configure(iface, group, barred, cause);
}

/* The toolstack pauses a domain before it takes it apart. */
static uint32_t detach_cause(struct domain *domain)
{
	uint32_t cause;
	bool paused;

	cause = hypervisor_ended(domain->domid, &paused);
	if (cause != COKEEPER_CAUSE_NONE)
		return cause;
	return paused ? COKEEPER_CAUSE_DESTROYED : COKEEPER_CAUSE_DETACHED;
}

static void scan_vifs(struct domain *domain, uint32_t cause)
{
	char path[CK_PATH_SIZE], full[CK_PATH_SIZE + 32], **names;
	struct iface *iface, *next;
	unsigned int i, n;
	int err;

	snprintf(path, sizeof(path), "/libxl/%u/device/vif", domain->domid);
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	if (err) {
		ck_err("%s: %s", path, strerror(-err));
		return;
	}
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		iface->present = false;
	for (i = 0; i < n; i++) {
		snprintf(full, sizeof(full), "%s/%.16s", path, names[i]);
		scan_vif(domain, full, cause);
	}
	free(names);
	for (iface = TAILQ_FIRST(&domain->ifaces); iface; iface = next) {
		next = TAILQ_NEXT(iface, in_domain);
		if (!iface->present && iface->group_name[0])
			iface_configure(iface, "", NULL, detach_cause(domain));
	}
}

static void scan_announce(struct domain *domain, const struct ck_mac *mac)
{
	char path[CK_PATH_SIZE], name[CK_MAC_STRLEN];
	struct ck_announce announce;
	struct ck_value_error why;
	struct ck_xs_value value;
	struct iface *iface;
	int err;

	snprintf(path, sizeof(path), "/local/domain/%u/data/cokeeper/%s/announce",
		 domain->domid, ck_mac_format_node(mac, name));
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err == -ENOENT) {
		iface = iface_find(domain, mac);
		if (iface && (iface->announced || iface->refused[0]))
			iface_withdraw(iface);
		return;
	}
	if (err) {
		guest_log(domain, "%s: %s", path, strerror(-err));
		return;
	}

	/* The toolstack's word on this interface may be waiting. */
	iface = iface_find(domain, mac);
	if (domain->vif_changed && (!iface || !iface->group_name[0]))
		scan_vifs(domain, COKEEPER_CAUSE_POLICY);
	iface = iface_get(domain, mac);
	if (!iface)
		guest_log(domain, "%s: too many interfaces, ignored", path);
	else if (!ck_announce_parse(value.data, value.len, &announce, &why))
		refuse(iface, why.reason, why.text);
	else if (!iface->group_name[0])
		refuse(iface, "not-your-mac",
		       "the domain has no such interface");
	else
		iface_announce(iface, &announce);
}

static void scan_offer(struct domain *domain, const struct ck_mac *mac,
		       const struct ck_mac *peer)
{
	char path[CK_PATH_SIZE], own[CK_MAC_STRLEN], name[CK_MAC_STRLEN];
	struct iface *iface = iface_find(domain, mac);
	struct ck_value_error why;
	struct ck_xs_value value;
	struct ck_offer offer;
	int err;

	if (!iface || !iface->group_name[0])
		return;
	snprintf(path, sizeof(path),
		 "/local/domain/%u/data/cokeeper/%s/offer/%s", domain->domid,
		 ck_mac_format_node(mac, own), ck_mac_format_node(peer, name));
	err = ck_xs_read(store, CK_XS_NULL, path, &value);
	if (err == -ENOENT) {
		iface_offer(iface, peer, NULL);
	} else if (err) {
		guest_log(domain, "%s: %s", path, strerror(-err));
	} else if (!ck_offer_parse(value.data, value.len, &offer, &why)) {
		guest_log(domain, "%s not relayed: %s", path, why.text);
		iface_offer(iface, peer, NULL);
	} else {
		iface_offer(iface, peer, &offer);
	}
}

static void scan_offers(struct domain *domain, const struct ck_mac *mac)
{
	char path[CK_PATH_SIZE], name[CK_MAC_STRLEN];
	struct iface *iface = iface_find(domain, mac);
	struct offer *offer, *next;
	struct ck_mac peer;
	unsigned int i, n;
	char **names;
	int err;

	if (!iface || !iface->group_name[0])
		return;

	/* Those that we know of may be gone; those that are there, new. */
	for (offer = SLIST_FIRST(&iface->offers); offer; offer = next) {
		next = SLIST_NEXT(offer, next);
		peer = offer->peer;
		scan_offer(domain, mac, &peer);
	}
	snprintf(path, sizeof(path), "/local/domain/%u/data/cokeeper/%s/offer",
		 domain->domid, ck_mac_format_node(mac, name));
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	if (err)
		guest_log(domain, "%s: %s", path, strerror(-err));
	for (i = 0; i < n && i < CK_OFFERS_MAX; i++)
		if (ck_mac_parse_node(names[i], &peer))
			scan_offer(domain, mac, &peer);
	free(names);
}

static void scan_interface(struct domain *domain, const struct ck_mac *mac)
{
	scan_announce(domain, mac);
	scan_offers(domain, mac);
}

static void scan_guest(struct domain *domain)
{
	char path[CK_PATH_SIZE], **names;
	struct iface *iface, *next;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	for (iface = TAILQ_FIRST(&domain->ifaces); iface; iface = next) {
		next = TAILQ_NEXT(iface, in_domain);
		mac = iface->mac;
		scan_interface(domain, &mac);
	}
	snprintf(path, sizeof(path), "/local/domain/%u/data/cokeeper",
		 domain->domid);
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	if (err)
		guest_log(domain, "%s: %s", path, strerror(-err));
	for (i = 0; i < n && i < 2 * CK_STRANGERS_MAX; i++) {
		if (!ck_mac_parse_node(names[i], &mac))
			guest_log(domain, "%s/%.32s: not a mac, ignored", path,
				  names[i]);
		else if (!iface_find(domain, &mac))
			scan_interface(domain, &mac);
	}
	free(names);
}

/* The last part of ~/vm, which is /vm/UUID; empty when the domain is gone. */
static void read_uuid(char uuid[CK_UUID_SIZE], uint32_t domid)
{
	char path[CK_PATH_SIZE], *name;
	struct ck_xs_value value;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	if (ck_xs_read(store, CK_XS_NULL, path, &value))
		value.data[0] = 0;
	name = strrchr(value.data, '/');
	snprintf(uuid, CK_UUID_SIZE, "%.63s", name ? name + 1 : value.data);
}

static void read_name(char name[CK_NAME_SIZE], uint32_t domid)
{
	char path[CK_PATH_SIZE];
	struct ck_xs_value value;

	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	if (ck_xs_read(store, CK_XS_NULL, path, &value))
		value.data[0] = 0;
	snprintf(name, CK_NAME_SIZE, "%.255s", value.data);
}

static void watch_domain(uint32_t domid, bool on)
{
	static const char *const formats[] = {
		"/local/domain/%u/data/cokeeper",
		"/libxl/%u/device/vif",
		"/local/domain/%u/name",
	};
	char path[CK_PATH_SIZE];
	unsigned int i;
	int err;

	for (i = 0; i < 3 && watching; i++) {
		snprintf(path, sizeof(path), formats[i], domid);
		err = ck_xs_watch(store, path, on);
		if (err && on)
			ck_err("watch %s: %s", path, strerror(-err));
	}
}

static void add_domain(uint32_t domid, bool newborn)
{
	struct domain *domain;
	char uuid[CK_UUID_SIZE];

	read_uuid(uuid, domid);
	ck_debug("domain %u: appeared", domid);
	domain = domain_add(domid, uuid);
	domain->fresh_guest = true;
	domain->fresh_vif = true;
	domain->fresh_name = true;
	domain->newborn = newborn;
	domain->stopped = hypervisor_ended(domid, NULL) != COKEEPER_CAUSE_NONE;
	watch_domain(domid, true);
	read_name(domain->name, domid);
	scan_vifs(domain, COKEEPER_CAUSE_POLICY);
	scan_guest(domain);
}

static int remove_ours(struct ck_xs *xs, uint32_t t, void *arg)
{
	char path[CK_PATH_SIZE + sizeof("/cokeeper")], **names;
	unsigned int i, n;
	bool ours = false;
	int err;

	err = ck_xs_list(xs, t, arg, &names, &n);
	for (i = 0; i < n; i++)
		ours |= !strcmp(names[i], "cokeeper");
	free(names);
	if (err || !ours)
		return err;
	snprintf(path, sizeof(path), "%s%s", (char *)arg,
		 n == 1 ? "" : "/cokeeper");
	return ck_xs_rm(xs, t, path);
}

/* A roster write may have crossed the removal of the domain's directory and
 * so made it again; then ours is all that is in it. Or it came to the directory of
 * a new domain of the same number, which has not been told anything yet. The
 * toolstack may be making that at this moment, so it takes a transaction.
 */
static void clean_up(uint32_t domid)
{
	char path[CK_PATH_SIZE];
	int err;

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	err = ck_xs_transaction(store, remove_ours, path);
	if (err)
		ck_err("remove %s: %s", path, strerror(-err));
}

static void looked_at(struct domain *domain)
{
	if (domain->vif_changed)
		TAILQ_REMOVE(&changed, domain, changed);
	domain->vif_changed = false;
}

static void remove_domain(struct domain *domain)
{
	uint32_t domid = domain->domid;

	ck_debug("domain %u: gone", domid);
	looked_at(domain);
	domain_stop(domain, COKEEPER_CAUSE_DESTROYED);
	domain_remove(domain);
	watch_domain(domid, false);
	clean_up(domid);
}

/* The number may have passed to another guest while we were not looking. */
static void check_domain(struct domain *domain)
{
	char uuid[CK_UUID_SIZE];
	uint32_t domid = domain->domid;

	read_uuid(uuid, domid);
	if (!strcmp(uuid, domain->uuid)) {
		if (domain->stopped && hypervisor_ended(domid, NULL) ==
				       COKEEPER_CAUSE_NONE)
			domain_resume(domain);
		read_name(domain->name, domid);
		scan_vifs(domain, COKEEPER_CAUSE_POLICY);
		scan_guest(domain);
		return;
	}
	remove_domain(domain);
	if (uuid[0] && ck_xs_introduced(store, domid))
		add_domain(domid, true);
}

/* A domain that ended may stay: until the toolstack has looked at it, or for good
 * if it crashed and the toolstack was told to preserve it.
 */
static void check_released(void)
{
	struct domain *domain, *next;
	uint32_t cause;

	for (domain = TAILQ_FIRST(&domains); domain; domain = next) {
		next = TAILQ_NEXT(domain, next);
		cause = hypervisor_ended(domain->domid, NULL);
		if (cause == COKEEPER_CAUSE_DESTROYED)
			remove_domain(domain);
		else if (cause != COKEEPER_CAUSE_NONE && !domain->stopped)
			domain_stop(domain, cause);
	}
}

static bool check_introduced(bool starting)
{
	unsigned int i, n;
	uint32_t domid;
	char **names;
	int err;

	err = ck_xs_list(store, CK_XS_NULL, "/local/domain", &names, &n);
	if (err) {
		ck_err("/local/domain: %s", strerror(-err));
		return false;
	}
	for (i = 0; i < n; i++) {
		if (!ck_u32_parse(names[i], 1, CK_DOMID_MAX, &domid) ||
		    domain_find(domid))
			continue;
		if (ck_xs_introduced(store, domid))
			add_domain(domid, !starting);
		else if (starting)
			clean_up(domid);
	}
	free(names);
	return true;
}

/* Remove what was written for interfaces that need none any more. */
static void remove_strange(struct domain *domain)
{
	char path[CK_PATH_SIZE], full[2 * CK_PATH_SIZE], **names;
	struct iface *iface;
	struct ck_mac mac;
	unsigned int i, n;
	int err;

	snprintf(path, sizeof(path), "/local/domain/%u/cokeeper",
		 domain->domid);
	err = ck_xs_list(store, CK_XS_NULL, path, &names, &n);
	if (err)
		ck_err("%s: %s", path, strerror(-err));
	for (i = 0; i < n; i++) {
		iface = NULL;
		if (ck_mac_parse_node(names[i], &mac))
			iface = iface_find(domain, &mac);
		if (iface && (iface->group || iface->announced ||
			      iface->refused[0]))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		ck_xs_rm(store, CK_XS_NULL, full);
	}
	free(names);
}

/**
 * scan_start() - learn all that is, correct what was written, watch from now on
 * @xs: the store
 * @watch: watches are to tell of changes; else scan_all() looks for them
 *
 * Return: whether that worked.
 */
bool scan_start(struct ck_xs *xs, bool watch)
{
	struct domain *domain;
	int err = 0;

	store = xs;
	watching = watch;
	if (watch)
		err = ck_xs_watch(xs, INTRODUCE, true) ?:
		      ck_xs_watch(xs, RELEASE, true);
	if (err) {
		ck_err("watch " INTRODUCE ": %s", strerror(-err));
		return false;
	}
	if (!check_introduced(true))
		return false;
	TAILQ_FOREACH(domain, &domains, next)
		remove_strange(domain);
	guest_start(xs);
	roster_start(xs);
	membership_tell_all();
	return true;
}

/* The toolstack makes many changes at a time: they are looked at together. */
static void look_at(struct domain *domain)
{
	if (!domain->vif_changed)
		TAILQ_INSERT_TAIL(&changed, domain, changed);
	domain->vif_changed = true;
}

/* A watch fires once when it is set, before anything else. By then all that it
 * covers has been read.
 */
static bool first_event(bool *fresh, const char *rest)
{
	bool first = *fresh && !*rest;

	if (first)
		*fresh = false;
	return first;
}

/* The guest removed all that it had written, or the toolstack all of the domain. */
static void guest_changed(struct domain *domain)
{
	char uuid[CK_UUID_SIZE];

	read_uuid(uuid, domain->domid);
	if (uuid[0])
		scan_guest(domain);
	else
		domain_stop(domain, COKEEPER_CAUSE_DESTROYED);
}

/* "/local/domain/N/data/cokeeper" and what is below it */
static void guest_event(struct domain *domain, const char *rest)
{
	char first[CK_MAC_STRLEN], second[16], third[CK_MAC_STRLEN];
	struct ck_mac mac, peer;
	int n;

	/* One whose suspend was cancelled says so by announcing itself again; or
	 * it is another one, and the end of the first is yet to be seen.
	 */
	if (domain->stopped &&
	    hypervisor_ended(domain->domid, NULL) == COKEEPER_CAUSE_NONE) {
		look_at(domain);
		return;
	}
	n = sscanf(rest, "/%17[^/]/%15[^/]/%17[^/]", first, second, third);
	if (n < 1)
		guest_changed(domain);
	else if (!ck_mac_parse_node(first, &mac))
		guest_log(domain, "data/cokeeper/%s: not a mac, ignored",
			  first);
	else if (n == 1)
		scan_interface(domain, &mac);
	else if (n == 2 && !strcmp(second, "announce"))
		scan_announce(domain, &mac);
	else if (n == 2 && !strcmp(second, "offer"))
		scan_offers(domain, &mac);
	else if (n == 3 && !strcmp(second, "offer") &&
		 ck_mac_parse_node(third, &peer))
		scan_offer(domain, &mac, &peer);
}

/**
 * scan_event() - something changed
 * @path: what, as XenStore gave it
 *
 * Changes of which the toolstack makes many at a time are left to
 * scan_pending().
 */
void scan_event(const char *path)
{
	struct domain *domain;
	unsigned int domid;
	int len = 0;

	ck_debug("event %s", path);
	if (!strcmp(path, INTRODUCE)) {
		introduced = true;
	} else if (!strcmp(path, RELEASE)) {
		released = true;
	} else if (sscanf(path, "/local/domain/%u/data/cokeeper%n", &domid,
			  &len) == 1 && len) {
		domain = domain_find(domid);
		if (domain && !first_event(&domain->fresh_guest, path + len))
			guest_event(domain, path + len);
	} else if (sscanf(path, "/libxl/%u/device/vif%n", &domid, &len) == 1 &&
		   len) {
		domain = domain_find(domid);
		if (domain && !first_event(&domain->fresh_vif, path + len))
			look_at(domain);
	} else if (sscanf(path, "/local/domain/%u/name%n", &domid, &len) == 1 &&
		   len) {
		domain = domain_find(domid);
		if (domain && !first_event(&domain->fresh_name, path + len))
			look_at(domain);
	}
}

/* All events that had arrived are taken; do what they left to do. */
void scan_pending(void)
{
	struct domain *domain;

	if (released) {
		released = false;
		check_released();
	}
	while ((domain = TAILQ_FIRST(&changed))) {
		looked_at(domain);
		check_domain(domain);
	}
	if (introduced) {
		introduced = false;
		check_introduced(false);
	}
}

/* Look for all changes, without having been told of any. */
void scan_all(void)
{
	struct domain *domain;

	TAILQ_FOREACH(domain, &domains, next)
		look_at(domain);
	introduced = true;
	released = true;
	scan_pending();
}

/* The administrator has another opinion. */
void scan_policy_changed(void)
{
	struct domain *domain;

	TAILQ_FOREACH(domain, &domains, next)
		scan_vifs(domain, COKEEPER_CAUSE_POLICY);
}
