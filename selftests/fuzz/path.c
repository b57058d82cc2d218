// SPDX-License-Identifier: GPL-2.0
/* The paths of XenStore's events, of which any guest can cause some. */
#include <stdbool.h>
#include <stdio.h>

#include "fuzz.h"
#include "paths.h"

/* Return: whether there is one way to write such a path, which is in @buf then. */
static bool format(const struct ck_path *path, char buf[CK_EVENT_SIZE])
{
	switch (path->kind) {
	case CK_PATH_INTRODUCED:
		strcpy(buf, ck_path_introduced);
		return true;
	case CK_PATH_RELEASED:
		strcpy(buf, ck_path_released);
		return true;
	case CK_PATH_NAME:
		ck_path_name(buf, path->domid);
		return path->domid != CK_DOMID_SELF;
	case CK_PATH_TREE:
		ck_path_tree(buf, path->tree, path->domid);
		return true;
	case CK_PATH_IFACE:
		ck_path_iface(buf, path->tree, path->domid, &path->mac);
		return true;
	case CK_PATH_ANNOUNCE:
		ck_path_announce(buf, path->domid, &path->mac);
		return true;
	case CK_PATH_HEAD:
		ck_path_head(buf, path->domid, &path->mac);
		return true;
	case CK_PATH_OFFERS:
		ck_path_offers(buf, path->tree, path->domid, &path->mac);
		return true;
	case CK_PATH_OFFER:
		ck_path_offer(buf, path->tree, path->domid, &path->mac, &path->peer);
		return true;
	case CK_PATH_ROSTER:
		ck_path_roster(buf, path->roster);
		return true;
	case CK_PATH_PART:
		ck_path_part(buf, path->roster, path->part);
		return true;
	case CK_PATH_MEMBER:
		ck_path_member(buf, path->roster, path->part, path->node);
		return true;
	case CK_PATH_UNKNOWN:
	case CK_PATH_VIFS:
	case CK_PATH_XAPI_VIFS:
		break;
	}
	return false;
}

/* No guest can write what looks as if dom0 or another guest had. */
static void check_owner(const char *text, const struct ck_path *path)
{
	char *end;

	if (path->kind == CK_PATH_ANNOUNCE)
		assert(path->tree == CK_TREE_GUEST);
	if (path->kind == CK_PATH_HEAD)
		assert(path->tree == CK_TREE_HOST);
	if (strncmp(text, "/local/domain/", 14))
		return;
	if (path->kind == CK_PATH_VIFS)
		assert(strtoul(text + 14, NULL, 10) == 0);
	else
		assert(path->domid == strtoul(text + 14, &end, 10) && *end == '/');
}

static unsigned int words(const char *text)
{
	unsigned int n = 1;

	for (; *text; text++)
		n += *text == '/';
	return n;
}

/* What is below a node is another one, but for the parts of the offers. */
static void check_depth(const struct ck_path *path, const char *text, const char *again)
{
	unsigned int n = words(text), want = words(again);

	assert(n == want || (path->kind == CK_PATH_OFFERS && n == want + 1));
}

static void check(const char *text)
{
	char again[CK_EVENT_SIZE];
	struct ck_path path, same;

	if (!ck_path_parse(text, &path)) {
		assert(path.kind == CK_PATH_UNKNOWN);
		return;
	}
	check_owner(text, &path);
	if (path.node)
		assert(path.node > text && path.node <= text + strlen(text));
	if (path.kind == CK_PATH_MEMBER)
		assert(!strchr(path.node, '/'));
	if (!format(&path, again))
		return;
	check_depth(&path, text, again);
	assert(ck_path_parse(again, &same));
	if (path.kind == CK_PATH_MEMBER)
		assert(!strcmp(path.node, same.node));
	path.node = NULL;
	same.node = NULL;
	assert(!memcmp(&path, &same, sizeof(path)));
}

/* Each offer has one path, which names it. */
static void check_offer(const uint8_t *data)
{
	struct ck_mac mac, peer;
	struct ck_path path;
	char text[CK_PATH_SIZE];

	memcpy(mac.b, data, CK_MAC_BYTES);
	memcpy(peer.b, data + CK_MAC_BYTES, CK_MAC_BYTES);
	mac.b[0] &= 0xfe;
	peer.b[0] &= 0xfe;
	mac.b[5] |= 1;
	peer.b[5] |= 1;
	ck_path_offer(text, CK_TREE_GUEST, 5, &mac, &peer);
	assert(ck_path_parse(text, &path) && path.kind == CK_PATH_OFFER && path.domid == 5);
	assert(!ck_mac_cmp(&path.mac, &mac) && !ck_mac_cmp(&path.peer, &peer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size);

	check(text);
	if (size >= 2 * CK_MAC_BYTES)
		check_offer(data);
	assert(ck_offer_part_parse(text) < CK_OFFER_PARTS);
	free(text);
	return 0;
}
