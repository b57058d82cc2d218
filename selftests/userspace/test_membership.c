// SPDX-License-Identifier: GPL-2.0
/* Membership: what each event makes the publisher write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cokeeper.h"
#include "guest.h"
#include "membership.h"
#include "roster.h"

/* What was written, one line each: the reader's domain, what, about whom. */
static char written[4096];

static void note(uint32_t domid, const char *what, unsigned int about)
{
	size_t len = strlen(written);

	snprintf(written + len, sizeof(written) - len, "%u %s %u\n", domid,
		 what, about);
}

/* Nodes are told apart by who they tell of. */
static char *text(const char *what, uint32_t about)
{
	char *node = malloc(32);

	snprintf(node, 32, "%s %u", what, about);
	return node;
}

char *roster_node(const struct iface *iface, uint32_t cause)
{
	(void)cause;
	return text("put", iface->domain->domid);
}

char *roster_node_left(const struct ck_mac *mac, uint32_t cause)
{
	(void)cause;
	return text("del", mac->b[5]);
}

/* One roster a group. */
void roster_tell(struct roster *roster, const char *node)
{
	size_t len = strlen(written);

	snprintf(written + len, sizeof(written) - len, "%s %s\n",
		 roster->group->name, node);
}

void roster_join(struct iface *iface)
{
	struct roster *roster = TAILQ_FIRST(&iface->group->rosters);

	if (!roster) {
		roster = calloc(1, sizeof(*roster));
		roster->group = iface->group;
		TAILQ_INIT(&roster->readers);
		TAILQ_INSERT_TAIL(&iface->group->rosters, roster, next);
	}
	iface->roster = roster;
	TAILQ_INSERT_TAIL(&roster->readers, iface, in_roster);
	note(iface->domain->domid, "reads", 0);
}

void roster_leave(struct iface *iface, bool revoke)
{
	TAILQ_REMOVE(&iface->roster->readers, iface, in_roster);
	iface->roster = NULL;
	if (revoke)
		note(iface->domain->domid, "must not read", 0);
}

bool roster_untidy(const struct roster *roster)
{
	(void)roster;
	return false;
}

void roster_tidy(struct roster *roster)
{
	(void)roster;
}

void roster_free(struct roster *roster)
{
	while (!TAILQ_EMPTY(&roster->readers))
		roster_leave(TAILQ_FIRST(&roster->readers), false);
	TAILQ_REMOVE(&roster->group->rosters, roster, next);
	free(roster);
}

void roster_adopt(void)
{
}

void guest_put_offer(struct iface *to, const struct ck_mac *peer,
		      const struct ck_offer *offer)
{
	(void)offer;
	note(to->domain->domid, "offer", peer->b[5]);
}

void guest_del_offer(struct iface *to, const struct ck_mac *peer)
{
	note(to->domain->domid, "unoffer", peer->b[5]);
}

void guest_write(struct iface *iface)
{
	note(iface->domain->domid, "told", 0);
}

void guest_refuse(struct iface *iface, const char *reason)
{
	(void)reason;
	note(iface->domain->domid, "refuse", 0);
}

void guest_remove(struct iface *iface)
{
	note(iface->domain->domid, "remove", 0);
}

static void tidy(void)
{
	while (membership_untidy())
		membership_tidy();
}

/* What was left for later is done, and of no interest. */
static void forget(void)
{
	tidy();
	written[0] = 0;
}

static void expect(const char *what)
{
	tidy();
	assert_string_equal(written, what);
	written[0] = 0;
}

static void configure(struct iface *iface, const char *group)
{
	iface_configure(iface, group, NULL, COKEEPER_CAUSE_POLICY);
}

static struct iface *add(uint32_t domid, uint8_t mac, const char *group)
{
	struct ck_mac address = { { 0, 0x16, 0x3e, 0, 0, mac } };
	struct domain *domain = domain_find(domid);
	struct iface *iface;

	if (!domain)
		domain = domain_add(domid, "uuid");
	iface = iface_get(domain, &address);
	configure(iface, group);
	return iface;
}

static void announce(struct iface *iface, uint64_t instance)
{
	struct ck_announce a = { .instance = instance };

	iface_announce(iface, &a);
}

static void offer(struct iface *from, struct iface *to, uint32_t id)
{
	struct ck_offer o = {
		.id = id,
		.from = from->announce.instance,
		.to = to->announce.instance,
	};

	iface_offer(from, &to->mac, id ? &o : NULL);
}

static void end(uint32_t domid)
{
	domain_stop(domain_find(domid), COKEEPER_CAUSE_DESTROYED);
	domain_remove(domain_find(domid));
}

static int teardown(void **state)
{
	struct domain *domain;

	(void)state;
	while ((domain = TAILQ_FIRST(&domains)))
		end(domain->domid);
	written[0] = 0;
	return membership_count() != 0;
}

static void test_join_and_leave(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");
	struct iface *other = add(3, 3, "br1");

	(void)state;
	expect("");
	announce(one, 11);
	expect("1 reads 0\n1 told 0\n");
	announce(other, 33);
	expect("3 reads 0\n3 told 0\n");
	announce(two, 22);
	expect("br0 put 2\n2 reads 0\n2 told 0\n");
	assert_int_equal(membership_count(), 3);
	announce(two, 22);
	expect("");
	announce(two, 23);
	expect("br0 put 2\n");
	iface_withdraw(two);
	expect("br0 del 2\n2 remove 0\n");
	/* It may still read what it has read before. */
	announce(two, 24);
	expect("br0 put 2\n2 told 0\n");
	iface_withdraw(two);
	forget();
	end(1);
	expect("br0 del 1\n");
	assert_null(domain_find(1));
	assert_int_equal(membership_count(), 1);
}

static void test_domain_goes(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");
	struct iface *second = add(1, 5, "br0");

	(void)state;
	announce(one, 11);
	announce(two, 22);
	announce(second, 55);
	forget();
	end(1);
	expect("br0 del 1\nbr0 del 5\n");
}

static void test_announced_before_it_is_known(void **state)
{
	struct domain *domain = domain_add(1, "uuid");
	struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 1 } };
	struct iface *iface = iface_get(domain, &mac);

	(void)state;
	/* The reader refuses it until the toolstack knows it. */
	assert_string_equal(iface->group_name, "");
	configure(iface, "br0");
	expect("");
	announce(iface, 11);
	expect("1 reads 0\n1 told 0\n");
	configure(iface, "");
	expect("1 must not read 0\nbr0 del 1\n1 refuse 0\n");
	assert_int_equal(membership_count(), 0);
	configure(iface, "br0");
	expect("1 reads 0\n1 told 0\n");
	configure(iface, "");
	forget();
	iface_withdraw(iface);
	expect("1 remove 0\n");
	assert_null(iface_find(domain, &mac));
}

static void test_group_change(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");
	struct iface *three = add(3, 3, "br1");

	(void)state;
	announce(one, 11);
	announce(two, 22);
	announce(three, 33);
	forget();
	configure(one, "br1");
	expect("1 must not read 0\nbr0 del 1\nbr1 put 1\n1 reads 0\n1 told 0\n");
	configure(one, "br1");
	expect("");
}

static void test_refusal_keeps_membership(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");

	(void)state;
	announce(one, 11);
	announce(two, 22);
	forget();
	strcpy(one->refused, "nonsense");
	assert_int_equal(membership_count(), 2);
	announce(one, 11);
	expect("1 told 0\n");
	assert_string_equal(one->refused, "");
}

static void test_strangers_are_bounded(void **state)
{
	struct domain *domain = domain_add(1, "uuid");
	struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 0 } };
	int i, n = 0;

	(void)state;
	for (i = 1; i < 200; i++) {
		mac.b[5] = i;
		n += iface_get(domain, &mac) != NULL;
	}
	assert_int_equal(n, CK_STRANGERS_MAX);
}

static void test_offers(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");

	(void)state;
	announce(one, 11);
	announce(two, 22);
	forget();
	offer(one, two, 1);
	expect("2 offer 1\n");
	offer(one, two, 1);
	expect("");
	offer(one, two, 2);
	expect("2 offer 1\n");
	announce(one, 12);
	expect("br0 put 1\n2 unoffer 1\n");
	offer(one, two, 3);
	expect("2 offer 1\n");
	announce(two, 23);
	expect("br0 put 2\n2 unoffer 1\n");
	offer(one, two, 4);
	expect("2 offer 1\n");
	offer(one, two, 0);
	expect("2 unoffer 1\n");
	offer(one, two, 0);
	expect("");
}

static void test_offer_before_the_peer_is_there(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");

	(void)state;
	announce(one, 11);
	two->announce.instance = 22;
	offer(one, two, 1);
	two->announce.instance = 0;
	expect("1 reads 0\n1 told 0\n");
	announce(two, 22);
	/* What two is told in one go has the offer in it. */
	expect("br0 put 2\n2 reads 0\n2 told 0\n");
	assert_non_null(iface_offer_to(one, two));
	iface_withdraw(one);
	expect("br0 del 1\n2 unoffer 1\n1 remove 0\n");
	assert_null(iface_offer_to(one, two));
}

static void test_offers_are_bounded(void **state)
{
	struct iface *one = add(1, 1, "br0");
	struct ck_offer o = { .id = 1 };
	struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 0 } };
	int i;

	(void)state;
	for (i = 0; i < 2 * CK_OFFERS_MAX; i++) {
		mac.b[3] = i >> 8;
		mac.b[5] = i;
		iface_offer(one, &mac, &o);
	}
	assert_int_equal(one->noffers, CK_OFFERS_MAX);
}

static void test_twins(void **state)
{
	struct iface *old = add(1, 1, "br0"), *peer = add(2, 2, "br0");
	struct iface *new = add(4, 1, "br0");

	(void)state;
	announce(old, 11);
	announce(peer, 22);
	forget();
	announce(new, 44);
	expect("br0 put 4\n4 reads 0\n4 told 0\n");
	assert_true(iface_shown(new));
	assert_false(iface_shown(old));
	end(1);
	expect("");
	iface_withdraw(new);
	expect("br0 del 1\n4 remove 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_join_and_leave, teardown),
		cmocka_unit_test_teardown(test_domain_goes, teardown),
		cmocka_unit_test_teardown(test_announced_before_it_is_known,
					  teardown),
		cmocka_unit_test_teardown(test_group_change, teardown),
		cmocka_unit_test_teardown(test_refusal_keeps_membership,
					  teardown),
		cmocka_unit_test_teardown(test_strangers_are_bounded,
					  teardown),
		cmocka_unit_test_teardown(test_offers, teardown),
		cmocka_unit_test_teardown(test_offer_before_the_peer_is_there,
					  teardown),
		cmocka_unit_test_teardown(test_offers_are_bounded, teardown),
		cmocka_unit_test_teardown(test_twins, teardown),
	};

	return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
