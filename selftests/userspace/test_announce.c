// SPDX-License-Identifier: GPL-2.0
/* What the helper tells the host, and when it does not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper.h"

#define ANNOUNCE	"data/cokeeper/00163e000001/announce"
#define MINE		"v=1 instance=00000000000000aa addr=10.0.0.1"

static struct helper h;
static int write_error, rm_error;
static char announcement[CK_VALUE_SIZE];
static struct ck_addrs addresses;
static char done[1024];

static void note(const char *what, const char *path, const char *value)
{
	size_t len = strlen(done);

	snprintf(done + len, sizeof(done) - len, "%s %s%s%s\n", what, path,
		 *value ? " = " : "", value);
}

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path,
	       struct ck_xs_value *value)
{
	(void)xs;
	(void)t;
	if (strcmp(path, ANNOUNCE) || !announcement[0])
		return -ENOENT;
	strcpy(value->data, announcement);
	value->len = strlen(announcement);
	return 0;
}

int ck_xs_write(struct ck_xs *xs, uint32_t t, const char *path,
		const char *value)
{
	(void)xs;
	(void)t;
	note("write", path, value);
	if (write_error)
		return write_error;
	if (!strcmp(path, ANNOUNCE))
		strcpy(announcement, value);
	return 0;
}

int ck_xs_rm(struct ck_xs *xs, uint32_t t, const char *path)
{
	(void)xs;
	(void)t;
	note("rm", path, "");
	if (!rm_error)
		announcement[0] = 0;
	return rm_error;
}

int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path,
	       char ***names, unsigned int *n)
{
	(void)xs;
	(void)t;
	(void)path;
	*names = NULL;
	*n = 0;
	return 0;
}

int rtnl_addresses(struct ck_nl *nl, uint32_t ifindex, struct ck_addrs *addrs)
{
	(void)nl;
	assert_int_equal(ifindex, 3);
	*addrs = addresses;
	return 0;
}

static void expect(const char *what)
{
	assert_string_equal(done, what);
	done[0] = 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	STAILQ_INIT(&h.orders);
	h.dev = (struct ck_dev){ .ifindex = 7, .lower = 3, .instance = 0xaa };
	h.dev.mac = (struct ck_mac){ { 0, 0x16, 0x3e, 0, 0, 1 } };
	h.attached = true;
	h.active = true;
	h.present = true;
	write_error = rm_error = 0;
	memset(&addresses, 0, sizeof(addresses));
	addresses.n = 1;
	ck_addr_parse("10.0.0.1", &addresses.a[0]);
	announcement[0] = 0;
	done[0] = 0;
	return 0;
}

static void test_once(void **state)
{
	(void)state;
	announce_sync(&h);
	expect("write " ANNOUNCE " = " MINE "\n");
	assert_true(h.announced);
	h.told = true;
	announce_sync(&h);
	expect("");
	ck_addr_parse("10.0.0.2", &addresses.a[0]);
	announce_sync(&h);
	expect("write " ANNOUNCE " = v=1 instance=00000000000000aa addr=10.0.0.2\n");
}

static void test_restarted(void **state)
{
	(void)state;
	strcpy(announcement, MINE);
	announce_sync(&h);
	expect("");
	assert_true(h.announced);
}

static void test_resumed(void **state)
{
	(void)state;
	announce_sync(&h);
	done[0] = 0;
	h.told = true;
	h.resumed = true;
	announce_sync(&h);
	expect("write " ANNOUNCE " = v=1 instance=00000000000000aa cause=resumed addr=10.0.0.1\n");
	assert_false(h.resumed);
}

/* The host must see that there is none before it sees the next. */
static void test_withdrawn(void **state)
{
	(void)state;
	announce_sync(&h);
	done[0] = 0;
	h.told = true;
	h.active = false;
	announce_sync(&h);
	expect("rm data/cokeeper/00163e000001\n");
	announce_sync(&h);
	h.active = true;
	announce_sync(&h);
	expect("");
	assert_false(h.announced);
	h.told = false;
	announce_sync(&h);
	expect("write " ANNOUNCE " = " MINE "\n");
}

/* There is no space for it; there is some later. */
static void test_quota(void **state)
{
	(void)state;
	write_error = -ENOSPC;
	assert_int_equal(announce_sync(&h), -ENOSPC);
	assert_false(h.announced);
	done[0] = 0;
	write_error = 0;
	assert_int_equal(announce_sync(&h), 0);
	expect("write " ANNOUNCE " = " MINE "\n");
	assert_true(h.announced);
	/* Other addresses take more space. */
	h.told = true;
	ck_addr_parse("10.0.0.2", &addresses.a[0]);
	write_error = -ENOSPC;
	assert_int_equal(announce_sync(&h), -ENOSPC);
	done[0] = 0;
	write_error = 0;
	assert_int_equal(announce_sync(&h), 0);
	expect("write " ANNOUNCE " = v=1 instance=00000000000000aa addr=10.0.0.2\n");
}

/* What was not told is told with the next try. */
static void test_resume_is_not_forgotten(void **state)
{
	(void)state;
	announce_sync(&h);
	h.told = true;
	h.resumed = true;
	write_error = -EAGAIN;
	assert_int_equal(announce_sync(&h), -EAGAIN);
	done[0] = 0;
	write_error = 0;
	assert_int_equal(announce_sync(&h), 0);
	expect("write " ANNOUNCE " = v=1 instance=00000000000000aa cause=resumed addr=10.0.0.1\n");
}

static void test_withdrawal_fails(void **state)
{
	(void)state;
	announce_sync(&h);
	done[0] = 0;
	h.active = false;
	rm_error = -EAGAIN;
	assert_int_equal(announce_sync(&h), -EAGAIN);
	rm_error = 0;
	assert_int_equal(announce_sync(&h), 0);
	expect("rm data/cokeeper/00163e000001\nrm data/cokeeper/00163e000001\n");
	assert_int_equal(announce_sync(&h), 0);
	expect("");
}

static void order(uint32_t id, bool withdraw)
{
	struct ck_message msg = { .withdraw = withdraw };

	msg.dev.ifindex = 7;
	msg.peer = (struct ck_peer){ .instance = 0xbb,
				     .mac = { { 0, 0x16, 0x3e, 0, 0, 2 } } };
	msg.offer = (struct ck_offer){ .id = id, .gref = 2, .port = 3 };
	announce_order(&h, &msg);
}

#define OFFER		"data/cokeeper/00163e000001/offer/8/00163e000002"

static void test_offers(void **state)
{
	(void)state;
	h.active = false;
	order(1, false);
	announce_offers(&h);
	expect("");
	assert_true(STAILQ_EMPTY(&h.orders));
	h.active = true;
	order(1, false);
	assert_true(h.todo & WORK_OFFERS);
	announce_offers(&h);
	expect("write " OFFER " = "
	       "v=1 id=1 from=00000000000000aa to=00000000000000bb gref=2 port=3\n");
}

/* The last wish counts, also while the one before it cannot be done. */
static void test_offers_wait(void **state)
{
	(void)state;
	order(1, false);
	write_error = -ENOSPC;
	assert_int_equal(announce_offers(&h), -ENOSPC);
	assert_int_equal(announce_offers(&h), -ENOSPC);
	done[0] = 0;
	order(2, false);
	write_error = 0;
	assert_int_equal(announce_offers(&h), 0);
	expect("write " OFFER " = "
	       "v=1 id=2 from=00000000000000aa to=00000000000000bb gref=2 port=3\n");
	assert_true(STAILQ_EMPTY(&h.orders));
	order(3, false);
	order(3, true);
	assert_int_equal(announce_offers(&h), 0);
	expect("rm " OFFER "\n");
}

static void test_device_attributes(void **state)
{
	const struct ck_genl genl = { .family = 30 };
	char buf[CK_NL_REQUEST_SIZE];
	struct ck_message msg;
	struct nlmsghdr *nlh;

	(void)state;
	nlh = ck_genl_put(&genl, buf, COKEEPER_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, 7);
	assert_true(ck_genl_parse(nlh, &msg));
	assert_int_equal(msg.dev.inactive, COKEEPER_REASON_NONE);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_ROUTE);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, COKEEPER_REASON_XDP);
	assert_true(ck_genl_parse(nlh, &msg));
	assert_int_equal(msg.dev.steer, COKEEPER_STEER_ROUTE);
	assert_int_equal(msg.dev.inactive, COKEEPER_REASON_XDP);
}

#define TEST(fn)	cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),
		TEST(test_restarted),
		TEST(test_resumed),
		TEST(test_withdrawn),
		TEST(test_quota),
		TEST(test_resume_is_not_forgotten),
		TEST(test_withdrawal_fails),
		TEST(test_offers),
		TEST(test_offers_wait),
		TEST(test_device_attributes),
	};

	return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
