/* SPDX-License-Identifier: GPL-2.0 */
/* Who is a member of which group; knows nothing of XenStore. */
#ifndef CK_MEMBERSHIP_H
#define CK_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "log.h"
#include "mac.h"
#include "value.h"

#define CK_UUID_SIZE		64
#define CK_NAME_SIZE		256
#define CK_OFFERS_MAX		1024	/* of one interface */
#define CK_STRANGERS_MAX	16	/* claimed macs of one domain */

struct group;
struct roster;

struct offer {
	SLIST_ENTRY(offer) next;
	struct ck_mac peer;
	struct ck_offer value;
	bool relayed;
};

/**
 * struct iface - an interface that a domain has, or claims to have
 * @domain: its domain
 * @mac: its identity
 * @group_name: the group that the toolstack's configuration puts it in; empty
 *		when the toolstack did not give the domain such an interface
 * @group: where it is a member now, or NULL
 * @announced: @announce is what was last accepted
 * @order: when it was announced, compared to others
 * @barred: a word that says why the administrator wants it in no group, or NULL
 * @roster: what it reads, or NULL
 * @dirty: a write for it failed, so all is to be written again
 * @node: under which its peers are told of it, NULL if they are not
 * @pending: what is for it is to be written or removed when there is nothing else
 *	     to do
 * @blank: there is nothing for it, so nothing need be read before it is written
 * @present: seen by the scan under way
 * @refused: why its last announcement was refused; empty when it was not
 * @offers: its offers, by peer
 */
struct iface {
	TAILQ_ENTRY(iface) in_domain;
	TAILQ_ENTRY(iface) in_group;
	TAILQ_ENTRY(iface) in_roster;
	TAILQ_ENTRY(iface) in_pending;
	LIST_ENTRY(iface) by_mac;
	struct domain *domain;
	struct ck_mac mac;
	char group_name[CK_WORD_SIZE];
	struct group *group;
	struct roster *roster;
	bool announced;
	bool dirty;
	bool present;
	bool pending;
	bool blank;
	char *node;
	const char *barred;
	uint64_t order;
	struct ck_announce announce;
	char refused[160];
	SLIST_HEAD(, offer) offers;
	unsigned int noffers;
};

TAILQ_HEAD(iface_list, iface);

/**
 * struct roster - a directory that tells its readers of all members of a group
 * @id: its name, never used twice; 0 as long as it is not written
 * @readers: interfaces whose domains may read it; some may have withdrawn their
 *	     announcement
 * @nreaders: their number
 * @told: what was said in it since it was last tidied up
 * @readers_changed: others may read it than XenStore knows of
 * @renew: it is to be replaced by another one
 */
struct roster {
	TAILQ_ENTRY(roster) next;
	struct group *group;
	uint32_t id;
	struct iface_list readers;
	unsigned int nreaders;
	unsigned int told;
	bool readers_changed;
	bool renew;
};

struct group {
	TAILQ_ENTRY(group) next;
	char name[CK_WORD_SIZE];
	struct iface_list members;
	TAILQ_HEAD(, roster) rosters;
};

TAILQ_HEAD(group_list, group);

/**
 * struct domain - a domain that runs
 * @uuid: tells it from another that gets the same number later
 * @name: by which the administrator knows it
 * @stopped: it has ended, or waits for its end; its interfaces are in no group
 * @newborn: it has not announced anything since it came to be before our eyes
 * @prepared: the directory of what is written for it exists
 * @vif_changed: its interfaces are to be read again; it is in the list of those
 * @fresh_guest: the watch on what the guest writes has not fired yet
 * @fresh_vif: nor has the one on its interfaces
 * @fresh_name: nor has the one on its name
 * @log: bounds what it can make us log
 */
struct domain {
	TAILQ_ENTRY(domain) next;
	TAILQ_ENTRY(domain) changed;
	uint32_t domid;
	char uuid[CK_UUID_SIZE];
	char name[CK_NAME_SIZE];
	bool stopped;
	bool newborn;
	bool prepared;
	bool vif_changed;
	bool fresh_guest;
	bool fresh_vif;
	bool fresh_name;
	struct ck_ratelimit log;
	struct iface_list ifaces;
};

TAILQ_HEAD(domain_list, domain);

extern struct domain_list domains;
extern struct group_list groups;

struct domain *domain_find(uint32_t domid);
struct domain *domain_add(uint32_t domid, const char *uuid);
void domain_stop(struct domain *domain, uint32_t cause);
void domain_resume(struct domain *domain);
void domain_remove(struct domain *domain);

struct iface *iface_find(struct domain *domain, const struct ck_mac *mac);
struct iface *iface_get(struct domain *domain, const struct ck_mac *mac);
void iface_configure(struct iface *iface, const char *group_name,
		     const char *barred, uint32_t cause);
void iface_announce(struct iface *iface, const struct ck_announce *announce);
void iface_withdraw(struct iface *iface);
void iface_offer(struct iface *iface, const struct ck_mac *peer,
		 const struct ck_offer *value);

struct iface *iface_peer(const struct iface *iface, const struct ck_mac *mac);
struct group *group_by_name(const char *name);
struct iface *group_find(const struct group *group, const struct ck_mac *mac);
bool iface_shown(const struct iface *iface);
const struct ck_offer *iface_offer_to(const struct iface *iface,
				      const struct iface *to);
void membership_tell_all(void);
bool membership_untidy(void);
void membership_tidy(void);
unsigned int membership_count(void);

#endif /* CK_MEMBERSHIP_H */
