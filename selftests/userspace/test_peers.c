// SPDX-License-Identifier: GPL-2.0
/* The helper's reading of rosters and offers: what it tells the kernel. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper.h"
#include "names.h"

#define OWN		"cokeeper/00163e000001"
#define ROSTER_8	"/tool/cokeeper/roster/8/0/"
#define OFFER_02	OWN "/offer/8/00163e000002"
#define OFFER_04	OWN "/offer/e/00163e000004"
#define ROSTER		"/tool/cokeeper/roster/7"

/* A store of a few nodes. */
static struct {
	char path[CK_EVENT_SIZE];
	char value[CK_VALUE_SIZE];
} nodes[32];

static unsigned int nnodes;

/* What the kernel was told. */
static char told[4096];
static struct helper h;
static char watched[CK_PATH_SIZE];
static int watch_error, kernel_error, list_error;
static char going[CK_PATH_SIZE];	/* is removed after it was listed, or list_error */
static uint64_t seq;

static void node(const char *path, const char *value)
{
	unsigned int i;

	for (i = 0; i < nnodes && strcmp(nodes[i].path, path); i++)
		;
	if (!value) {
		if (i < nnodes)
			nodes[i] = nodes[--nnodes];
		return;
	}
	strcpy(nodes[i].path, path);
	strcpy(nodes[i].value, value);
	if (i == nnodes)
		nnodes++;
}

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path,
	       struct ck_xs_value *value)
{
	unsigned int i;
	int err = -ENOENT;

	(void)xs;
	(void)t;
	for (i = 0; i < nnodes; i++) {
		if (strcmp(nodes[i].path, path))
			continue;
		strcpy(value->data, nodes[i].value);
		value->len = strlen(value->data);
		err = 0;
	}
	return err;
}

int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path,
	       char ***names, unsigned int *n)
{
	size_t len = strlen(path);
	unsigned int i;
	char *text;

	(void)xs;
	(void)t;
	*n = 0;
	*names = NULL;
	if (!strcmp(path, going))
		return list_error;
	*names = malloc(sizeof(nodes) + 32 * sizeof(char *));
	text = (char *)(*names + 32);
	for (i = 0; i < nnodes; i++) {
		if (strncmp(nodes[i].path, path, len) ||
		    nodes[i].path[len] != '/')
			continue;
		strcpy(text, nodes[i].path + len + 1);
		text[strcspn(text, "/")] = 0;
		if (*n && !strcmp(text, (*names)[*n - 1]))
			continue;
		(*names)[(*n)++] = text;
		text += strlen(text) + 1;
	}
	return 0;
}

int ck_xs_watch(struct ck_xs *xs, const char *path, bool on)
{
	(void)xs;
	if (on && watch_error)
		return watch_error;
	if (on)
		strcpy(watched, path);
	else
		watched[0] = 0;
	return 0;
}

int ck_nl_open(struct ck_nl *nl, int bus)
{
	(void)nl;
	(void)bus;
	return -EPROTONOSUPPORT;
}

void ck_nl_close(struct ck_nl *nl)
{
	(void)nl;
}

static void tell(const char *fmt, ...)
{
	size_t len = strlen(told);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(told + len, sizeof(told) - len, fmt, ap);
	va_end(ap);
}

int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *arg)
{
	const struct nlattr *attr;
	struct ck_message msg;
	unsigned int n = 0;

	(void)nl;
	(void)cb;
	(void)arg;
	assert_true(ck_genl_parse(nlh, &msg));
	assert_int_equal(msg.dev.ifindex, 7);
	if (kernel_error)
		return kernel_error;
	switch (msg.cmd) {
	case COKEEPER_CMD_ROSTER_SET:
		mnl_attr_for_each(attr, nlh, 4)
			n += mnl_attr_get_type(attr) == COKEEPER_A_PEER;
		tell("roster %u%s%s\n", n,
		     msg.cause == COKEEPER_CAUSE_NONE ? "" : " ",
		     msg.cause == COKEEPER_CAUSE_NONE ? "" :
							ck_cause_name(msg.cause));
		break;
	case COKEEPER_CMD_PEER_SET:
		tell("set %02x domid %" PRIu32 " instance %" PRIx64 " %s\n",
		     msg.peer.mac.b[5], msg.peer.domid, msg.peer.instance,
		     ck_cause_name(msg.cause));
		break;
	case COKEEPER_CMD_PEER_DEL:
		tell("del %02x %s\n", msg.peer.mac.b[5],
		     ck_cause_name(msg.cause));
		break;
	case COKEEPER_CMD_OFFER_SET:
		tell("offer %02x instance %" PRIx64 " id %" PRIu32 "\n",
		     msg.peer.mac.b[5], msg.peer.instance, msg.offer.id);
		break;
	}
	return 0;
}

void routes_peer_changed(struct helper *helper, const struct ck_addrs *old,
			 const struct ck_addrs *new)
{
	(void)helper;
	if (old->n || new->n)
		tell("routes %u -> %u\n", old->n, new->n);
}

static void expect(const char *what)
{
	assert_string_equal(told, what);
	told[0] = 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	TAILQ_INIT(&h.peers);
	h.dev.ifindex = 7;
	h.dev.mac = (struct ck_mac){ { 0, 0x16, 0x3e, 0, 0, 1 } };
	h.dev.instance = 0xaa;
	h.active = true;
	h.announced = true;
	h.present = true;
	nnodes = 0;
	watch_error = kernel_error = 0;
	seq = 0;
	told[0] = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peers_clear(&h);
	return 0;
}

/* The host's next word on a peer: "02" and "2-0000000000000022-none". */
static const char *word(const char *mac, const char *rest)
{
	static char path[CK_EVENT_SIZE];

	snprintf(path, sizeof(path), ROSTER "/0/00163e0000%s-%016" PRIx64 "-%s",
		 mac, ++seq, rest);
	return path;
}

/* It is written, without an event. */
static void member(const char *mac, const char *rest)
{
	node(word(mac, rest), "");
}

static void two_members(void)
{
	node(OWN "/roster", "v=1 state=member group=g roster=7");
	member("01", "1-0000000000000011-none");
	member("02", "2-0000000000000022-none-0a000002");
	member("03", "3-0000000000000033-none");
	peers_read_all(&h);
	expect("roster 2\n");
}

static void test_whole(void **state)
{
	(void)state;
	peers_read_all(&h);
	expect("roster 0\n");
	two_members();
	assert_true(h.todo & WORK_ROUTES);
	assert_string_equal(watched, ROSTER);
	/* The host took us for gone. */
	nnodes = 0;
	peers_read_all(&h);
	expect("roster 0\n");
	assert_string_equal(watched, "");
	assert_true(h.todo & WORK_ANNOUNCE);
	assert_false(h.announced);
}

static void test_single(void **state)
{
	char old[CK_EVENT_SIZE];

	(void)state;
	two_members();
	strcpy(old, word("04", "4-0000000000000044-created-0a000004"));
	peers_event(&h, old);
	expect("set 04 domid 4 instance 44 created\nroutes 0 -> 1\n");
	peers_event(&h, word("04", "4-0000000000000044-none-0a000004"));
	expect("routes 1 -> 1\n");
	peers_event(&h, word("04", "4-0000000000000044-address"));
	expect("set 04 domid 4 instance 44 address\nroutes 1 -> 0\n");
	peers_event(&h, word("04", "5-0000000000000044-renewed"));
	expect("set 04 domid 5 instance 44 renewed\n");
	peers_event(&h, word("04", "left-crashed"));
	expect("del 04 crashed\n");
	/* The first one is removed. */
	peers_event(&h, old);
	peers_event(&h, word("04", "left-crashed"));
	peers_event(&h, ROSTER "/nonsense");
	peers_event(&h, ROSTER "/0/nonsense");
	peers_event(&h, ROSTER "/0");
	peers_event(&h, ROSTER "/");
	peers_event(&h, ROSTER);
	/* Of ourselves, and in another roster. */
	peers_event(&h, word("01", "left-withdrawn"));
	peers_event(&h, "/tool/cokeeper/roster/71/0/00163e000005-00000000000000ff-5-0000000000000055-none");
	expect("");
}

static void test_the_last_word_counts(void **state)
{
	(void)state;
	two_members();
	member("04", "4-0000000000000044-none");
	member("02", "left-withdrawn");
	member("04", "5-0000000000000055-none");
	member("04", "nonsense");
	node(ROSTER "/0/garbage", "garbage");
	node(ROSTER "/garbage", "garbage");
	peers_read_all(&h);
	expect("del 02 withdrawn\nroutes 1 -> 0\n"
	       "set 04 domid 5 instance 55 none\nroster 2\n");
	peers_event(&h, word("04", "5-0000000000000055-none"));
	expect("");
	peers_event(&h, word("02", "left-withdrawn"));
	expect("");
}

static void test_refusal_keeps_the_roster(void **state)
{
	(void)state;
	two_members();
	node(OWN "/roster", "v=1 state=refused reason=malformed roster=7");
	peers_read_all(&h);
	expect("roster 2\n");
	node(OWN "/roster", "garbage");
	peers_read_all(&h);
	expect("");
}

static void test_another_roster(void **state)
{
	(void)state;
	two_members();
	peers_event(&h, OWN "/roster");
	assert_true(h.todo & WORK_ROSTER);
	/* It was replaced, and we are not yet told by which. */
	nnodes = 0;
	node(OWN "/roster", "v=1 state=member group=g roster=7");
	assert_int_equal(peers_read_all(&h), -EAGAIN);
	expect("");
	node(OWN "/roster", "v=1 state=member group=g roster=8");
	node("/tool/cokeeper/roster/8/0/00163e000001-0000000000000001-1-0000000000000011-none", "");
	peers_read_all(&h);
	expect("roster 0\n");
	assert_string_equal(watched, "/tool/cokeeper/roster/8");
	node(OWN "/roster", "v=1 state=refused reason=excluded roster=0");
	peers_read_all(&h);
	expect("roster 0 policy\n");
	assert_string_equal(watched, "");
}

/* The host writes rosters anew now and then: that is no reason by itself. */
static void test_renewed_roster(void **state)
{
	(void)state;
	two_members();
	node(OWN "/roster", "v=1 state=member group=g roster=8");
	node(ROSTER_8 "00163e000001-0000000000000001-1-0000000000000011-none", "");
	node(ROSTER_8 "00163e000002-0000000000000002-2-0000000000000022-none-0a000002", "");
	node(ROSTER_8 "00163e000003-0000000000000009-9-0000000000000099-created", "");
	node(ROSTER_8 "00163e000004-000000000000000a-4-0000000000000044-announced", "");
	assert_int_equal(peers_read_all(&h), 0);
	expect("set 03 domid 9 instance 99 created\n"
	       "set 04 domid 4 instance 44 announced\nroster 3\n");
	/* Of another group all are others because of the host. */
	node(OWN "/roster", "v=1 state=member group=other roster=7");
	member("02", "2-0000000000000022-created-0a000002");
	assert_int_equal(peers_read_all(&h), 0);
	expect("roster 2 policy\n");
}

/* A roster that is removed while it is read is not taken for whole: not where oxenstored says
 * that a part has no nodes any more, nor where xenstored says that we may not see it.
 */
static void test_roster_removed_meanwhile(void **state)
{
	static const int errors[] = { 0, -EACCES, -ENOENT };
	unsigned int i;

	(void)state;
	two_members();
	node("/tool/cokeeper/roster/7/1/00163e000003-0000000000000003-3-0000000000000033-none", "");
	assert_int_equal(peers_read_all(&h), 0);
	told[0] = 0;
	strcpy(going, "/tool/cokeeper/roster/7/1");
	for (i = 0; i < 3; i++) {
		list_error = errors[i];
		assert_int_equal(peers_read_all(&h), -EAGAIN);
		expect("");
	}
	going[0] = 0;
	assert_int_equal(peers_read_all(&h), 0);
	expect("roster 2\n");
}

/* What fails is to be tried again, by a reading of the whole roster. */
static void test_failures(void **state)
{
	(void)state;
	two_members();
	kernel_error = -ENOMEM;
	assert_int_equal(peers_event(&h, word("04", "4-0000000000000044-created")), -ENOMEM);
	assert_int_equal(peers_read_all(&h), -ENOMEM);
	kernel_error = 0;
	assert_int_equal(peers_read_all(&h), 0);
	expect("roster 2\n");
	/* No space for a watch: it is read all the same. */
	node(OWN "/roster", "v=1 state=member group=g roster=8");
	node(ROSTER_8 "00163e000001-0000000000000001-1-0000000000000011-none", "");
	watch_error = -ENOSPC;
	assert_int_equal(peers_read_all(&h), -ENOSPC);
	expect("roster 0\n");
	assert_string_equal(watched, "");
	watch_error = 0;
	assert_int_equal(peers_read_all(&h), 0);
	assert_string_equal(watched, "/tool/cokeeper/roster/8");
}

/* A device that went down is announced again after the host has noticed. */
static void test_withdrawn(void **state)
{
	(void)state;
	two_members();
	h.active = false;
	h.announced = false;
	peers_read_all(&h);
	expect("roster 2\n");
	assert_true(h.told);
	assert_false(h.todo & WORK_ANNOUNCE);
	nnodes = 0;
	peers_event(&h, OWN);
	assert_true(h.todo & WORK_ROSTER);
	peers_read_all(&h);
	expect("roster 0 device\n");
	assert_false(h.told);
	assert_true(h.todo & WORK_ANNOUNCE);
	/* From now on the host is awaited. */
	h.announced = true;
	h.todo &= ~WORK_ANNOUNCE;
	two_members();
	assert_true(h.told);
	assert_false(h.todo & WORK_ANNOUNCE);
}

static void test_offers(void **state)
{
	(void)state;
	two_members();
	node(OFFER_02, "v=1 id=1 from=0000000000000022 to=00000000000000aa gref=8 port=1");
	peers_event(&h, OFFER_02);
	expect("offer 02 instance 22 id 1\n");
	/* The same again, and a whole reading, bring nothing new. */
	peers_event(&h, OFFER_02);
	expect("");
	peers_read_all(&h);
	expect("roster 2\n");
	node(OFFER_02, "v=1 id=2 from=0000000000000022 to=00000000000000aa gref=8 port=1");
	peers_event(&h, OFFER_02);
	expect("offer 02 instance 22 id 2\n");
	/* While the device is inactive it waits. */
	h.active = false;
	node(OFFER_02, "v=1 id=9 from=0000000000000022 to=00000000000000aa gref=8 port=1");
	peers_event(&h, OFFER_02);
	expect("");
	h.active = true;
	peers_read_all(&h);
	expect("roster 2\noffer 02 instance 22 id 9\n");
	/* To another instance of ours, or from another of the peer's. */
	node(OFFER_02, "v=1 id=3 from=0000000000000022 to=00000000000000bb gref=8 port=1");
	peers_event(&h, OFFER_02);
	node(OFFER_02, "v=1 id=3 from=0000000000000023 to=00000000000000aa gref=8 port=1");
	peers_event(&h, OFFER_02);
	node(OFFER_02, "garbage");
	peers_event(&h, OFFER_02);
	expect("");
}

static void test_offer_before_the_member(void **state)
{
	(void)state;
	two_members();
	node(OFFER_04, "v=1 id=1 from=0000000000000044 to=00000000000000aa gref=8 port=1");
	peers_event(&h, OFFER_04);
	expect("");
	peers_event(&h, word("04", "4-0000000000000044-created"));
	expect("set 04 domid 4 instance 44 created\noffer 04 instance 44 id 1\n");
	node(OFFER_04, NULL);
	peers_event(&h, OFFER_04);
	peers_event(&h, word("04", "left-withdrawn"));
	expect("del 04 withdrawn\n");
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_single),
		TEST(test_the_last_word_counts),
		TEST(test_refusal_keeps_the_roster),
		TEST(test_another_roster),
		TEST(test_renewed_roster),
		TEST(test_roster_removed_meanwhile),
		TEST(test_failures),
		TEST(test_withdrawn),
		TEST(test_offers),
		TEST(test_offer_before_the_member),
	};

	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
