/* SPDX-License-Identifier: GPL-2.0 */
/* Who is a member of which group; knows nothing of XenStore. */
#ifndef CK_MEMBERSHIP_H
#define CK_MEMBERSHIP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bucket.h"
#include "log.h"
#include "mac.h"
#include "value.h"

#define CK_UUID_SIZE		64
#define CK_NAME_SIZE		256
#define CK_NAMED_SIZE		64	/* a group's name in the configuration */
#define CK_OFFERS_MAX		1024	/* of one interface */
#define CK_UNKNOWN_MACS_MAX	16	/* that one domain claims and the toolstack did not give it */

struct group;
struct roster;

/**
 * struct group_key - what interfaces of one group have in common
 * @backend: the domain whose bridge it is
 * @bridge: its name there
 * @ovs: it is Open vSwitch's, and not what else may have had or will have that name
 * @vlan: the VLAN on it, 0 for none
 * @named: the administrator's name for a part of those on the bridge, or empty
 */
struct group_key {
	uint32_t backend;
	char bridge[IFNAMSIZ];
	bool ovs;
	uint16_t vlan;
	char named[CK_NAMED_SIZE];
};

/**
 * struct vif - what the toolstack says of an interface that it gave to a domain
 * @index: its number
 * @mac: its address
 * @key: where it is; no named group
 * @link: its name in dom0, empty if its backend is elsewhere
 * @enforced: bits of enum enforced
 * @sources: the addresses that it may send from
 * @barred: a word that says why it cannot be in a group, or NULL
 */
struct vif {
	uint32_t index;
	struct ck_mac mac;
	struct group_key key;
	char link[IFNAMSIZ];
	uint32_t enforced;
	struct ck_sources sources;
	const char *barred;
};

/**
 * struct left_out - an interface that the toolstack gave to a domain and that counts for nothing
 * @vif: what could be read of it; @vif.barred is why
 */
struct left_out {
	STAILQ_ENTRY(left_out) next;
	struct vif vif;
};

/**
 * struct offer - what an interface offers to a peer, or did lately
 * @value: counts if @made
 * @relayed: the peer is told of it
 * @changed: scan.c is to read it
 * @bucket: bounds how often it is read, and so how often the peer is told
 */
struct offer {
	SLIST_ENTRY(offer) next;
	struct ck_mac peer;
	struct ck_offer value;
	bool made;
	bool relayed;
	bool changed;
	bool reading;	/* an answer is awaited, and it is not forgotten meanwhile */
	struct bucket bucket;
};

/**
 * struct iface - an interface that a domain has, or claims to have
 * @domain: its domain
 * @mac: its identity
 * @given: the toolstack gave the domain such an interface; else it only claims so
 * @vif: what the toolstack says of it, if @given
 * @key: the group that it belongs to
 * @barred: a word that says why it is to be in none, or NULL
 * @group: where it is a member now, or NULL
 * @announced: @announce is what was last accepted
 * @order: when it was announced, compared to others
 * @cause: why it will join, COKEEPER_CAUSE_NONE when it has joined once
 * @told: @word is what its peers are to be told of it
 * @reason: a word that says why its last announcement was refused, or NULL
 * @refused: the same for people
 * @offers: its offers, by peer
 * @noffers: their number
 * @present: seen by the scan under way
 * @announce_changed: scan.c is to read its announcement
 * @offers_changed: scan.c is to look which offers there are
 * @in_outbox: what is for it is to be written, see struct outbox
 * @retry_at: not before this time, for it could not be written
 * @no_reader: it is not to read the roster that it reads now
 * @revoked: nor may its domain keep what it could read there
 * @roster: what it reads, or NULL; roster.c's
 * @roster_id: the number of that one, which the guest is told; roster.c's
 * @written: there may be something for it in XenStore; guest.c's
 * @removing: until that is removed; guest.c's
 */
struct iface {
	TAILQ_ENTRY(iface) in_domain;
	TAILQ_ENTRY(iface) in_group;
	TAILQ_ENTRY(iface) in_roster;
	TAILQ_ENTRY(iface) outbox;
	LIST_ENTRY(iface) by_mac;
	struct domain *domain;
	struct ck_mac mac;

	bool given;
	struct vif vif;
	struct group_key key;
	const char *barred;

	struct group *group;
	bool announced;
	uint64_t order;
	uint32_t cause;
	struct ck_announce announce;
	bool told;
	struct ck_member word;
	const char *reason;
	char refused[160];
	SLIST_HEAD(, offer) offers;
	unsigned int noffers;

	bool present;
	bool announce_changed;
	bool offers_changed;

	bool in_outbox;
	uint64_t retry_at;
	bool no_reader;
	bool revoked;
	struct roster *roster;
	uint32_t roster_id;
	bool written;
	bool removing;
};

TAILQ_HEAD(iface_list, iface);

/**
 * struct group - the interfaces that may see each other
 * @members: those that are announced
 * @rosters: what tells them of each other; roster.c's
 */
struct group {
	TAILQ_ENTRY(group) next;
	struct group_key key;
	struct iface_list members;
	TAILQ_HEAD(, roster) rosters;
};

TAILQ_HEAD(group_list, group);

/** enum toolstack - what made a domain */
enum toolstack {
	TOOLSTACK_UNKNOWN,
	TOOLSTACK_LIBXL,	/* xl, libvirt */
	TOOLSTACK_XAPI,		/* XCP-ng */
};

/**
 * struct event_log - bounds what events are logged
 * @suppressed: those that were not since the last one that was
 */
struct event_log {
	struct bucket bucket;
	unsigned int suppressed;
};

/**
 * struct domain - a domain that runs
 * @uuid: tells it from another that gets the same number later
 * @name: by which the administrator knows it
 * @toolstack: what made it
 * @stopped: it has ended, or waits for its end; its interfaces are in no group
 * @unknown: whether it has ended is not known yet, and it is stopped until then
 * @just_created: it has not announced anything since it came to be before our eyes
 * @prepared: the directory of what is written for it exists; guest.c's
 * @dirty: it is in a list of scan.c
 * @waiting: in that of those without a token
 * @ready_at: when it will have one
 * @turn: what was done for it in this turn
 * @free_steps: when we start, so many announcements are read without a token
 * @identity_changed: it is to be seen whether it is the same, and what became of it
 * @vifs_changed: its interfaces are to be read again
 * @tree_changed: all that it wrote is to be read again
 * @tree_turn: that was done last
 * @watched: the watches are set
 * @xapi_watched: so is that of xapi's directory
 * @guest_watch: the watch on what the guest writes has not fired yet
 * @vif_watch: nor has the one on its interfaces
 * @name_watch: nor has the one on its name
 * @announces: bounds how often announcements of it are read, and so how often peers are told
 * @reads: bounds how often offers of it are read
 * @log: bounds what it can make us log
 * @events: bounds what events of it are logged when all are to be
 * @ifaces: its interfaces, one for each mac
 * @left_out: those of the toolstack's that are none of these
 */
struct domain {
	TAILQ_ENTRY(domain) next;
	TAILQ_ENTRY(domain) in_dirty;
	uint32_t domid;
	char uuid[CK_UUID_SIZE];
	char name[CK_NAME_SIZE];
	enum toolstack toolstack;
	bool stopped;
	bool unknown;
	bool just_created;
	bool prepared;

	bool dirty;
	bool waiting;
	uint64_t ready_at;
	unsigned int turn;
	unsigned int free_steps;
	bool identity_changed;
	bool vifs_changed;
	bool tree_changed;
	bool tree_turn;
	bool watched;
	bool xapi_watched;
	bool guest_watch;
	bool vif_watch;
	bool name_watch;
	struct bucket announces;
	struct bucket reads;
	struct ck_ratelimit log;
	struct event_log events;
	struct iface_list ifaces;
	STAILQ_HEAD(, left_out) left_out;
};

TAILQ_HEAD(domain_list, domain);

/* A group is to be told something of a member. */
struct word {
	STAILQ_ENTRY(word) next;
	struct group *group;
	struct ck_member member;
};

/* What @to sees of the offer of @from may have changed. */
struct offer_change {
	STAILQ_ENTRY(offer_change) next;
	struct iface *to;
	struct ck_mac from;
};

/**
 * struct outbox - what was changed and publish.c is to make known
 * @words: in their order
 * @offers: that single guests are to be told of
 * @ifaces: for which all is to be written anew
 * @group_emptied: there is a group without members, to be freed as well
 * @ended: domains that are gone. They and interfaces that nothing is to be known of any
 *	   more are freed by publish.c, and nowhere else
 */
struct outbox {
	STAILQ_HEAD(, word) words;
	STAILQ_HEAD(, offer_change) offers;
	struct iface_list ifaces;
	bool group_emptied;
	struct domain_list ended;
};

extern struct domain_list domains;
extern struct group_list groups;
extern struct outbox outbox;

struct domain *domain_find(uint32_t domid);
struct domain *domain_add(uint32_t domid, const char *uuid);
void domain_leave_out(struct domain *domain, const struct vif *vif, const char *reason);
void domain_forget_left_out(struct domain *domain);
void domain_stop(struct domain *domain, uint32_t cause);
void domain_resume(struct domain *domain);
void domain_end(struct domain *domain);
void domain_free(struct domain *domain);

struct iface *iface_find(struct domain *domain, const struct ck_mac *mac);
struct iface *iface_get(struct domain *domain, const struct ck_mac *mac);
struct iface *iface_claim(struct domain *domain, const struct ck_mac *mac);
void iface_configure(struct iface *iface, const struct group_key *key,
		     const char *barred, uint32_t cause);
void iface_tell_sources(struct iface *iface);
void iface_announce(struct iface *iface, const struct ck_announce *announce);
void iface_refuse(struct iface *iface, const char *reason, const char *text);
const char *iface_refusal(const struct iface *iface);
void iface_withdraw(struct iface *iface);
void iface_offer(struct iface *iface, const struct ck_mac *peer,
		 const struct ck_offer *value);
struct offer *iface_offer_find(const struct iface *iface, const struct ck_mac *peer);
struct offer *iface_offer_get(struct iface *iface, const struct ck_mac *peer);
void iface_changed(struct iface *iface);
bool iface_useless(const struct iface *iface);
void iface_free(struct iface *iface);

bool group_key_equal(const struct group_key *a, const struct group_key *b);
void group_key_format(const struct group_key *key, char text[CK_WORD_SIZE]);
struct group *group_by_text(const char *text);
struct iface *group_find(const struct group *group, const struct ck_mac *mac);
void group_free(struct group *group);

struct iface *iface_peer(const struct iface *iface, const struct ck_mac *mac);
bool iface_shown(const struct iface *iface);
const struct ck_offer *iface_offer_to(const struct iface *iface,
				      const struct iface *to);
void member_is(const struct iface *iface, struct ck_member *word);
void member_left(const struct ck_mac *mac, uint32_t cause, struct ck_member *word);
void membership_start(void);
void membership_tell(struct iface *iface, uint32_t cause);
unsigned int membership_count(void);

#endif /* CK_MEMBERSHIP_H */
