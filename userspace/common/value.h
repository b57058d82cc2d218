/* SPDX-License-Identifier: GPL-2.0 */
/* The values of CoKeeper's XenStore nodes (Documentation/xenstore-paths.md). */
#ifndef CK_VALUE_H
#define CK_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "mac.h"

#define CK_VALUE_VERSION	1
#define CK_VALUE_MAX		2048
#define CK_VALUE_SIZE		(CK_VALUE_MAX + 1)
#define CK_MEMBER_SIZE		960	/* a member's node with its NUL */
#define CK_WORD_SIZE		112	/* the text of a group is a word */
#define CK_DOMID_MAX		0x7fef	/* DOMID_FIRST_RESERVED - 1 */
#define CK_POLL_MAX		3600	/* seconds */
#define CK_PORT_MAX		131071	/* 2-level and FIFO event channels */

/**
 * struct ck_announce - what a guest says of an interface
 * @cause: COKEEPER_CAUSE_RESUMED if it was suspended meanwhile, else none
 */
struct ck_announce {
	uint64_t instance;
	uint32_t cause;
	struct ck_addrs addrs;
};

struct ck_offer {
	uint32_t id;
	uint32_t gref;
	uint32_t port;
	uint64_t from;
	uint64_t to;
};

/**
 * struct ck_member - what a guest is told of a peer
 * @mac: of the peer
 * @seq: orders what is told of all peers: the last word on a peer counts
 * @left: it is no member any more; only @cause counts
 * @cause: COKEEPER_CAUSE_*: why it joined, has other addresses, or left
 * @sources: the addresses that it may send from
 */
struct ck_member {
	struct ck_mac mac;
	uint64_t seq;
	bool left;
	uint32_t cause;
	uint32_t domid;
	uint64_t instance;
	struct ck_addrs addrs;
	struct ck_sources sources;
};

/**
 * struct ck_roster - which roster a guest is to read
 * @member: accepted; then @group counts, else @reason
 * @roster: its number; 0: none
 * @state: "member" or "refused"; only the parser uses it
 * @group: name of the group
 * @reason: why the announcement was refused
 */
struct ck_roster {
	bool member;
	uint32_t roster;
	char state[CK_WORD_SIZE];
	char group[CK_WORD_SIZE];
	char reason[CK_WORD_SIZE];
};

/**
 * struct ck_value_error - what is wrong with a value
 * @reason: the word for it in a refused roster
 * @text: for people: which word, and why; printable ASCII
 */
struct ck_value_error {
	const char *reason;
	char text[160];
};

bool ck_announce_parse(const char *value, size_t len, struct ck_announce *a,
		       struct ck_value_error *err);
bool ck_offer_parse(const char *value, size_t len, struct ck_offer *o,
		    struct ck_value_error *err);
bool ck_member_parse(const char *name, struct ck_member *m);
bool ck_roster_parse(const char *value, size_t len, struct ck_roster *r,
		     struct ck_value_error *err);

void ck_announce_format(const struct ck_announce *a, char buf[CK_VALUE_SIZE]);
void ck_offer_format(const struct ck_offer *o, char buf[CK_VALUE_SIZE]);
void ck_member_format(const struct ck_member *m, char buf[CK_MEMBER_SIZE]);
void ck_roster_format(const struct ck_roster *r, char buf[CK_VALUE_SIZE]);

bool ck_word_valid(const char *word);
bool ck_u32_parse(const char *text, uint32_t min, uint32_t max,
		  uint32_t *result);

#endif /* CK_VALUE_H */
