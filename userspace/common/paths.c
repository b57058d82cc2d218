// SPDX-License-Identifier: GPL-2.0
/* Each path in XenStore that CoKeeper reads or writes (Documentation/xenstore-paths.md). */
#include "paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cokeeper.h"
#include "value.h"

#define COMPONENTS	12

const char ck_path_introduced[] = "@introduceDomain";
const char ck_path_released[] = "@releaseDomain";
const char ck_path_domains[] = "/local/domain";
const char ck_path_rosters[] = "/tool/cokeeper/roster";
const char ck_path_all_backends[] = "/local/domain/0/backend/vif";

static const char *const tree_name[] = {
	[CK_TREE_GUEST] = COKEEPER_XENSTORE_DIR,
	[CK_TREE_HOST] = "cokeeper",
};

/* Nobody can choose the sixteen parts of the offers badly: a MAC belongs to each by all
 * of its digits.
 */
static unsigned int offer_part(const struct ck_mac *peer)
{
	unsigned int i, sum = 0;

	for (i = 0; i < CK_MAC_BYTES; i++)
		sum ^= peer->b[i];
	return (sum ^ sum >> 4) % CK_OFFER_PARTS;
}

void ck_path_domain(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32, ck_path_domains, domid);
}

/* /vm/UUID is what it says. */
void ck_path_vm(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32 "/vm", ck_path_domains, domid);
}

void ck_path_name(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32 "/name", ck_path_domains, domid);
}

/* What xl and libvirt know of the interfaces of a domain; no guest can write there. */
void ck_path_vifs(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "/libxl/%" PRIu32 "/device/vif", domid);
}

void ck_path_vif(char buf[CK_PATH_SIZE], uint32_t domid, uint32_t vif, const char *key)
{
	snprintf(buf, CK_PATH_SIZE, "/libxl/%" PRIu32 "/device/vif/%" PRIu32 "/%.64s", domid, vif,
		 key);
}

void ck_path_libxl(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "/libxl/%" PRIu32, domid);
}

/* What xapi (XCP-ng) knows of the interfaces of a domain; no guest can write there. */
void ck_path_xapi(char buf[CK_PATH_SIZE], const char *uuid)
{
	snprintf(buf, CK_PATH_SIZE, "/xapi/%.64s", uuid);
}

void ck_path_xapi_vifs(char buf[CK_PATH_SIZE], const char *uuid)
{
	snprintf(buf, CK_PATH_SIZE, "/xapi/%.64s/private/vif", uuid);
}

void ck_path_xapi_vif(char buf[CK_PATH_SIZE], const char *uuid, uint32_t vif, const char *key)
{
	snprintf(buf, CK_PATH_SIZE, "/xapi/%.64s/private/vif/%" PRIu32 "/%.64s", uuid, vif, key);
}

/* The backends in dom0 of a domain's interfaces. */
void ck_path_backends(char buf[CK_PATH_SIZE], uint32_t domid)
{
	snprintf(buf, CK_PATH_SIZE, "%s/0/backend/vif/%" PRIu32, ck_path_domains, domid);
}

/* The backend of an interface in dom0. */
void ck_path_backend(char buf[CK_PATH_SIZE], uint32_t domid, uint32_t vif, const char *key)
{
	snprintf(buf, CK_PATH_SIZE, "%s/0/backend/vif/%" PRIu32 "/%" PRIu32 "/%.64s",
		 ck_path_domains, domid, vif, key);
}

/**
 * ck_path_tree() - all that a guest writes, or that is written for it
 * @buf: result
 * @tree: whose
 * @domid: the guest; CK_DOMID_SELF in the guest itself
 */
void ck_path_tree(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid)
{
	if (domid == CK_DOMID_SELF)
		strcpy(buf, tree_name[tree]);
	else
		snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32 "/%s", ck_path_domains, domid,
			 tree_name[tree]);
}

static void append(char buf[CK_PATH_SIZE], const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, CK_PATH_SIZE - len, "/%s", text);
}

static void append_mac(char buf[CK_PATH_SIZE], const struct ck_mac *mac)
{
	char name[CK_MAC_STRLEN];

	append(buf, ck_mac_format_node(mac, name));
}

void ck_path_iface(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		   const struct ck_mac *mac)
{
	ck_path_tree(buf, tree, domid);
	append_mac(buf, mac);
}

void ck_path_announce(char buf[CK_PATH_SIZE], uint32_t domid, const struct ck_mac *mac)
{
	ck_path_iface(buf, CK_TREE_GUEST, domid, mac);
	append(buf, "announce");
}

/* The node that says which roster the guest is to read. */
void ck_path_head(char buf[CK_PATH_SIZE], uint32_t domid, const struct ck_mac *mac)
{
	ck_path_iface(buf, CK_TREE_HOST, domid, mac);
	append(buf, "roster");
}

void ck_path_offers(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		    const struct ck_mac *mac)
{
	ck_path_iface(buf, tree, domid, mac);
	append(buf, "offer");
}

/* Return: the number of the part of the offers that a directory is, or -1 if it is none. */
int ck_offer_part_parse(const char *name)
{
	unsigned int part;

	for (part = 0; part < CK_OFFER_PARTS; part++)
		if (name[0] == "0123456789abcdef"[part] && !name[1])
			return part;
	return -1;
}

/**
 * ck_path_offer_part() - a directory of offers
 * @buf: result
 * @tree: whose
 * @domid: the guest, or CK_DOMID_SELF
 * @mac: its interface
 * @part: which, below CK_OFFER_PARTS
 */
void ck_path_offer_part(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
			const struct ck_mac *mac, unsigned int part)
{
	char digit[2] = { "0123456789abcdef"[part % CK_OFFER_PARTS], 0 };

	ck_path_offers(buf, tree, domid, mac);
	append(buf, digit);
}

/**
 * ck_path_offer() - an offer
 * @buf: result
 * @tree: the guest's own offers, or those that the host relays to it
 * @domid: the guest, or CK_DOMID_SELF
 * @mac: its interface
 * @peer: to whom, or from whom
 */
void ck_path_offer(char buf[CK_PATH_SIZE], enum ck_tree tree, uint32_t domid,
		   const struct ck_mac *mac, const struct ck_mac *peer)
{
	ck_path_offer_part(buf, tree, domid, mac, offer_part(peer));
	append_mac(buf, peer);
}

void ck_path_roster(char buf[CK_PATH_SIZE], uint32_t roster)
{
	snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32, ck_path_rosters, roster);
}

void ck_path_part(char buf[CK_PATH_SIZE], uint32_t roster, uint32_t part)
{
	snprintf(buf, CK_PATH_SIZE, "%s/%" PRIu32 "/%" PRIu32, ck_path_rosters, roster, part);
}

void ck_path_member(char buf[CK_EVENT_SIZE], uint32_t roster, uint32_t part, const char *node)
{
	snprintf(buf, CK_EVENT_SIZE, "%s/%" PRIu32 "/%" PRIu32 "/%s", ck_path_rosters, roster,
		 part, node);
}

/* Return: whether the first words of @have are those of a path in @want. */
static bool begins(char *const *have, unsigned int n, const char *const *want, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (i >= n || strcmp(have[i], want[i]))
			return false;
	return true;
}

/* What follows "offer". */
static void parse_offer(char *const *word, unsigned int n, struct ck_path *path)
{
	char digit[2] = "";

	if (n && (strlen(word[0]) != 1 || !strchr("0123456789abcdef", word[0][0])))
		return;
	if (n < 2) {
		path->kind = CK_PATH_OFFERS;
		return;
	}
	if (n > 2 || !ck_mac_parse_node(word[1], &path->peer))
		return;
	digit[0] = "0123456789abcdef"[offer_part(&path->peer)];
	if (!strcmp(word[0], digit))
		path->kind = CK_PATH_OFFER;
}

/* What follows the name of a tree. */
static void parse_tree(char *const *word, unsigned int n, struct ck_path *path)
{
	bool guest = path->tree == CK_TREE_GUEST;

	if (!n)
		path->kind = CK_PATH_TREE;
	if (!n || !ck_mac_parse_node(word[0], &path->mac))
		return;
	if (n == 1)
		path->kind = CK_PATH_IFACE;
	else if (!strcmp(word[1], "offer"))
		parse_offer(word + 2, n - 2, path);
	else if (n == 2 && !strcmp(word[1], guest ? "announce" : "roster"))
		path->kind = guest ? CK_PATH_ANNOUNCE : CK_PATH_HEAD;
}

/* What is below the directory of a domain. */
static void parse_domain(char *const *word, unsigned int n, uint32_t domid, struct ck_path *path)
{
	static const char *const guest[] = { "data", "cokeeper" };
	static const char *const backends[] = { "backend", "vif" };

	path->domid = domid;
	if (begins(word, n, guest, 2)) {
		path->tree = CK_TREE_GUEST;
		parse_tree(word + 2, n - 2, path);
	} else if (begins(word, n, guest + 1, 1)) {
		path->tree = CK_TREE_HOST;
		parse_tree(word + 1, n - 1, path);
	} else if (n == 1 && !strcmp(word[0], "name")) {
		path->kind = CK_PATH_NAME;
	} else if (!domid && n > 2 && begins(word, n, backends, 2) &&
		   (n < 5 || (n == 5 && !strcmp(word[4], "rate"))) &&
		   ck_u32_parse(word[2], 1, CK_DOMID_MAX, &path->domid)) {
		/* The rest of what is so deep below, a guest changes as well. */
		path->kind = CK_PATH_VIFS;
	} else {
		path->domid = 0;
	}
}

/* What follows the directory of the rosters. */
static void parse_roster(const char *text, char *const *word, unsigned int n,
			 struct ck_path *path)
{
	if (!n || !ck_u32_parse(word[0], 1, UINT32_MAX, &path->roster) ||
	    (n > 1 && !ck_u32_parse(word[1], 0, UINT32_MAX, &path->part)))
		return;
	if (n == 1)
		path->kind = CK_PATH_ROSTER;
	else if (n == 2)
		path->kind = CK_PATH_PART;
	else if (n == 3)
		path->kind = CK_PATH_MEMBER;
	path->node = strrchr(text, '/') + 1;
}

/**
 * ck_path_parse() - what does the path of an event name?
 * @text: the path
 * @path: result
 *
 * Return: whether it is one of ours; else its kind is CK_PATH_UNKNOWN.
 */
bool ck_path_parse(const char *text, struct ck_path *path)
{
	static const char *const domains[] = { "", "local", "domain" };
	static const char *const rosters[] = { "", "tool", "cokeeper", "roster" };
	static const char *const vifs[] = { "device", "vif" };
	static const char *const private[] = { "private", "vif" };
	char copy[CK_EVENT_SIZE], *rest = copy, *word[COMPONENTS];
	unsigned int n;
	uint32_t domid;

	memset(path, 0, sizeof(*path));
	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	for (n = 0; rest && n < COMPONENTS; n++)
		word[n] = strsep(&rest, "/");
	if (!strcmp(text, ck_path_introduced))
		path->kind = CK_PATH_INTRODUCED;
	else if (!strcmp(text, ck_path_released))
		path->kind = CK_PATH_RELEASED;
	else if (begins(word, n, rosters, 4) && !rest)
		parse_roster(text, word + 4, n - 4, path);
	else if (n > 3 && begins(word, n, domains, 3) &&
		 ck_u32_parse(word[3], 0, CK_DOMID_MAX, &domid))
		parse_domain(word + 4, n - 4, domid, path);
	else if (n > 4 && !word[0][0] && !strcmp(word[1], "libxl") &&
		 ck_u32_parse(word[2], 0, CK_DOMID_MAX, &path->domid) &&
		 begins(word + 3, n - 3, vifs, 2))
		path->kind = CK_PATH_VIFS;
	else if (n > 4 && !word[0][0] && !strcmp(word[1], "xapi") &&
		 begins(word + 3, n - 3, private, 2))
		path->kind = CK_PATH_XAPI_VIFS;
	else
		parse_domain(word, n, CK_DOMID_SELF, path);
	if (path->kind == CK_PATH_XAPI_VIFS)
		path->node = text + strlen("/xapi/");
	return path->kind != CK_PATH_UNKNOWN;
}
