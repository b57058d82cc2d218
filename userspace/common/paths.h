/* SPDX-License-Identifier: GPL-2.0 */
/* Each path in XenStore that CoKeeper reads or writes (Documentation/xenstore-paths.md). */
#ifndef CK_PATHS_H
#define CK_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "mac.h"

#define CK_PATH_SIZE	256
#define CK_EVENT_SIZE	1088	/* a path in an event may end in a member's node */
#define CK_DOMID_SELF	0x7ff0	/* paths are relative to the guest's own directory */
#define CK_OFFER_PARTS	16	/* directories that share the offers of one interface */
#define CK_PART_SIZE	4000	/* bytes of names in one directory, each with its NUL */

/** enum ck_tree - what a guest writes for the host, or the host for a guest */
enum ck_tree {
	CK_TREE_GUEST,
	CK_TREE_HOST,
};

enum ck_path_kind {
	CK_PATH_UNKNOWN,	/* below one of the others, or none of ours */
	CK_PATH_INTRODUCED,	/* a domain came to be */
	CK_PATH_RELEASED,	/* a domain ended */
	CK_PATH_NAME,		/* @domid */
	CK_PATH_VIFS,		/* @domid: its interfaces, or anything below */
	CK_PATH_XAPI_VIFS,	/* @node: the same, with the domain's UUID first */
	CK_PATH_TREE,		/* @domid, @tree */
	CK_PATH_IFACE,		/* @domid, @tree, @mac */
	CK_PATH_ANNOUNCE,	/* @domid, @mac */
	CK_PATH_HEAD,		/* @domid, @mac */
	CK_PATH_OFFERS,		/* @domid, @tree, @mac: all offers, or a part of them */
	CK_PATH_OFFER,		/* @domid, @tree, @mac, @peer */
	CK_PATH_ROSTER,		/* @roster */
	CK_PATH_PART,		/* @roster, @part */
	CK_PATH_MEMBER,		/* @roster, @part, @node */
};

/**
 * struct ck_path - what a path names; its kind says which fields count
 * @domid: the domain, CK_DOMID_SELF if the path is relative. Also set, with @tree, for
 *	   an unknown path below CK_PATH_TREE; else 0 for an unknown one
 * @node: the name of a member's node, which is a part of the parsed path
 */
struct ck_path {
	enum ck_path_kind kind;
	enum ck_tree tree;
	uint32_t domid;
	struct ck_mac mac;
	struct ck_mac peer;
	uint32_t roster;
	uint32_t part;
	const char *node;
};

extern const char ck_path_introduced[];
extern const char ck_path_released[];
extern const char ck_path_domains[];
extern const char ck_path_rosters[];
extern const char ck_path_all_backends[];

bool ck_path_parse(const char *text, struct ck_path *path);

void ck_path_domain(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_vm(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_name(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_vifs(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_vif(char buf[CK_PATH_SIZE], uint32_t domid, uint32_t vif, const char *key);
void ck_path_libxl(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_backends(char buf[CK_PATH_SIZE], uint32_t domid);
void ck_path_xapi(char buf[CK_PATH_SIZE], const char *uuid);
void ck_path_xapi_vifs(char buf[CK_PATH_SIZE], const char *uuid);
void ck_path_xapi_vif(char buf[CK_PATH_SIZE], const char *uuid, uint32_t vif, const char *key);
void ck_path_backend(char buf[CK_PATH_SIZE], uint32_t domid, uint32_t vif, const char *key);

void ck_path_tree(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid);
void ck_path_iface(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		   const struct ck_mac *mac);
void ck_path_announce(char buf[CK_PATH_SIZE], uint32_t domid, const struct ck_mac *mac);
void ck_path_head(char buf[CK_PATH_SIZE], uint32_t domid, const struct ck_mac *mac);
void ck_path_offers(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		    const struct ck_mac *mac);
int ck_offer_part_parse(const char *name);
void ck_path_offer_part(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
			const struct ck_mac *mac, unsigned int part);
void ck_path_offer(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		   const struct ck_mac *mac, const struct ck_mac *peer);

void ck_path_roster(char buf[CK_PATH_SIZE], uint32_t roster);
void ck_path_part(char buf[CK_PATH_SIZE], uint32_t roster, uint32_t part);
void ck_path_member(char buf[CK_EVENT_SIZE], uint32_t roster, uint32_t part, const char *node);

#endif /* CK_PATHS_H */
