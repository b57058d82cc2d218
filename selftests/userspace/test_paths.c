// SPDX-License-Identifier: GPL-2.0
/* Paths in XenStore: what is written is what is parsed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "paths.h"

static const struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 1 } };
static const struct ck_mac peer = { { 0, 0x16, 0x3e, 0, 0, 2 } };
static char buf[CK_EVENT_SIZE];
static struct ck_path path;

/* The text that was written, and what it is parsed to. */
static void expect(const char *text, enum ck_path_kind kind)
{
	assert_string_equal(buf, text);
	assert_true(ck_path_parse(buf, &path));
	assert_int_equal(path.kind, kind);
}

static void test_tree(uint32_t domid, enum ck_tree tree, const char *root)
{
	char text[CK_PATH_SIZE];

	ck_path_tree(buf, tree, domid);
	expect(root, CK_PATH_TREE);
	assert_int_equal(path.domid, domid);
	assert_int_equal(path.tree, tree);

	ck_path_iface(buf, tree, domid, &mac);
	snprintf(text, sizeof(text), "%s/00163e000001", root);
	expect(text, CK_PATH_IFACE);
	assert_int_equal(ck_mac_cmp(&path.mac, &mac), 0);

	ck_path_offers(buf, tree, domid, &mac);
	snprintf(text, sizeof(text), "%s/00163e000001/offer", root);
	expect(text, CK_PATH_OFFERS);
	ck_path_offer_part(buf, tree, domid, &mac, 15);
	snprintf(text, sizeof(text), "%s/00163e000001/offer/f", root);
	expect(text, CK_PATH_OFFERS);

	ck_path_offer(buf, tree, domid, &mac, &peer);
	snprintf(text, sizeof(text), "%s/00163e000001/offer/8/00163e000002", root);
	expect(text, CK_PATH_OFFER);
	assert_int_equal(path.domid, domid);
	assert_int_equal(path.tree, tree);
	assert_int_equal(ck_mac_cmp(&path.mac, &mac), 0);
	assert_int_equal(ck_mac_cmp(&path.peer, &peer), 0);
}

static void test_trees(void **state)
{
	(void)state;
	test_tree(5, CK_TREE_GUEST, "/local/domain/5/data/cokeeper");
	test_tree(5, CK_TREE_HOST, "/local/domain/5/cokeeper");
	test_tree(CK_DOMID_SELF, CK_TREE_GUEST, "data/cokeeper");
	test_tree(CK_DOMID_SELF, CK_TREE_HOST, "cokeeper");
}

static void test_nodes_of_a_guest(void **state)
{
	(void)state;
	ck_path_announce(buf, 5, &mac);
	expect("/local/domain/5/data/cokeeper/00163e000001/announce", CK_PATH_ANNOUNCE);
	ck_path_head(buf, 5, &mac);
	expect("/local/domain/5/cokeeper/00163e000001/roster", CK_PATH_HEAD);
	ck_path_announce(buf, CK_DOMID_SELF, &mac);
	expect("data/cokeeper/00163e000001/announce", CK_PATH_ANNOUNCE);
	ck_path_head(buf, CK_DOMID_SELF, &mac);
	expect("cokeeper/00163e000001/roster", CK_PATH_HEAD);
}

static void test_nodes_of_the_toolstack(void **state)
{
	(void)state;
	ck_path_name(buf, 5);
	expect("/local/domain/5/name", CK_PATH_NAME);
	assert_int_equal(path.domid, 5);
	ck_path_vifs(buf, 5);
	expect("/libxl/5/device/vif", CK_PATH_VIFS);
	ck_path_vif(buf, 5, 0, "bridge");
	expect("/libxl/5/device/vif/0/bridge", CK_PATH_VIFS);
	assert_int_equal(path.domid, 5);
	ck_path_domain(buf, 5);
	assert_string_equal(buf, "/local/domain/5");
	ck_path_vm(buf, 5);
	assert_string_equal(buf, "/local/domain/5/vm");
	ck_path_libxl(buf, 5);
	assert_string_equal(buf, "/libxl/5");
	ck_path_backends(buf, 5);
	expect("/local/domain/0/backend/vif/5", CK_PATH_VIFS);
	assert_int_equal(path.domid, 5);
	assert_true(ck_path_parse("/local/domain/0/backend/vif/5/0", &path));
	assert_int_equal(path.kind, CK_PATH_VIFS);
	ck_path_backend(buf, 5, 0, "state");
	assert_string_equal(buf, "/local/domain/0/backend/vif/5/0/state");
	assert_false(ck_path_parse(buf, &path));
	ck_path_backend(buf, 5, 0, "rate");
	expect("/local/domain/0/backend/vif/5/0/rate", CK_PATH_VIFS);
	assert_int_equal(path.domid, 5);
	assert_false(ck_path_parse("/local/domain/0/backend/vif/5/0/rate/x", &path));
	assert_false(ck_path_parse(ck_path_all_backends, &path));
	ck_path_xapi(buf, "a-b");
	assert_string_equal(buf, "/xapi/a-b");
	ck_path_xapi_vifs(buf, "a-b");
	expect("/xapi/a-b/private/vif", CK_PATH_XAPI_VIFS);
	ck_path_xapi_vif(buf, "a-b", 0, "bridge");
	expect("/xapi/a-b/private/vif/0/bridge", CK_PATH_XAPI_VIFS);
	assert_string_equal(path.node, "a-b/private/vif/0/bridge");
	assert_true(ck_path_parse(ck_path_introduced, &path));
	assert_int_equal(path.kind, CK_PATH_INTRODUCED);
	assert_true(ck_path_parse(ck_path_released, &path));
	assert_int_equal(path.kind, CK_PATH_RELEASED);
}

static void test_rosters(void **state)
{
	(void)state;
	ck_path_roster(buf, 71);
	expect("/tool/cokeeper/roster/71", CK_PATH_ROSTER);
	assert_int_equal(path.roster, 71);
	ck_path_part(buf, 71, 2);
	expect("/tool/cokeeper/roster/71/2", CK_PATH_PART);
	ck_path_member(buf, 71, 2, "00163e000001-0-left-none");
	expect("/tool/cokeeper/roster/71/2/00163e000001-0-left-none", CK_PATH_MEMBER);
	assert_int_equal(path.roster, 71);
	assert_int_equal(path.part, 2);
	assert_string_equal(path.node, "00163e000001-0-left-none");
}

/* The domain whose tree an unknown path is in is known, for a message to the administrator. */
static void test_unknown(void **state)
{
	static const char *const ours[] = {
		"x", "00163E000001", "00163e000001/x", "00163e000001/announce/x",
		"00163e000001/roster", "00163e000001/offer/00163e000002",
		"00163e000001/offer/9/00163e000002", "00163e000001/offer/8/x",
		"00163e000001/offer/8/00163e000002/x", "00163e000001/offer/8f", "/",
		"00163e000001/offer/8/a/b/c/d/e/f/g/h/i/j",
	};
	static const char *const others[] = {
		"", "/", "x", "@x", "/local/domain", "/local/domain/5", "/local/domain/5/vm",
		"/local/domain/x/cokeeper", "/local/domain/5/data", "/libxl/5/device", "/libxl",
		"/tool/cokeeper/roster", "/tool/cokeeper/roster/0", "/tool/cokeeper/roster/1/x",
		"/tool/cokeeper/roster/1/2/3/4", "/local/domain/99999/cokeeper",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		snprintf(buf, sizeof(buf), "/local/domain/5/data/cokeeper/%s", ours[i]);
		assert_false(ck_path_parse(buf, &path));
		assert_int_equal(path.domid, 5);
		assert_int_equal(path.tree, CK_TREE_GUEST);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(ck_path_parse(others[i], &path));
		assert_int_equal(path.kind, CK_PATH_UNKNOWN);
	}
	memset(buf, 'x', sizeof(buf) - 1);
	assert_false(ck_path_parse(buf, &path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_nodes_of_a_guest),
		cmocka_unit_test(test_nodes_of_the_toolstack),
		cmocka_unit_test(test_rosters),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
