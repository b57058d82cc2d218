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
#include "membership.h"

/* What came out of the outbox, one line each: the group or the reader's domain, what, about
 * whom.
 */
static char written[4096];

__attribute__((format(printf, 1, 2)))
static void note(const char *fmt, ...)
{
	size_t len = strlen(written);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(written + len, sizeof(written) - len, fmt, ap);
	va_end(ap);
}

static void empty_words(void)
{
	struct word *word;

	while ((word = STAILQ_FIRST(&outbox.words))) {
		STAILQ_REMOVE_HEAD(&outbox.words, next);
		note("%s %s %u\n", word->group->key.bridge, word->member.left ? "del" : "put",
		     word->member.left ? word->member.mac.b[5] : word->member.domid);
		free(word);
	}
}

static void empty_offers(void)
{
	struct offer_change *change;
	struct iface *peer;

	while ((change = STAILQ_FIRST(&outbox.offers))) {
		STAILQ_REMOVE_HEAD(&outbox.offers, next);
		peer = change->to->group ? iface_peer(change->to, &change->from) : NULL;
		note("%u %s %u\n", change->to->domain->domid,
		     peer && iface_offer_to(peer, change->to) ? "offer" : "unoffer",
		     change->from.b[5]);
		free(change);
	}
}

static void empty_ifaces(void)
{
	struct iface *iface;

	while ((iface = TAILQ_FIRST(&outbox.ifaces))) {
		TAILQ_REMOVE(&outbox.ifaces, iface, outbox);
		iface->in_outbox = false;
		if (iface->no_reader && iface->revoked)
			note("%u must not read\n", iface->domain->domid);
		iface->no_reader = false;
		iface->revoked = false;
		if (iface->domain->stopped)
			continue;
		note("%u %s\n", iface->domain->domid, iface->group ? "told" :
		     iface->announced || iface->reason ? "refused" : "removed");
		if (iface_useless(iface))
			iface_free(iface);
	}
}

static void empty_ended(void)
{
	struct domain *domain;
	struct group *group, *next;

	while ((domain = TAILQ_FIRST(&outbox.ended))) {
		while (!TAILQ_EMPTY(&domain->ifaces))
			iface_free(TAILQ_FIRST(&domain->ifaces));
		domain_free(domain);
	}
	for (group = TAILQ_FIRST(&groups); group; group = next) {
		next = TAILQ_NEXT(group, next);
		if (TAILQ_EMPTY(&group->members))
			group_free(group);
	}
}

static void empty_outbox(void)
{
	empty_words();
	empty_offers();
	empty_ifaces();
	empty_ended();
}

/* What was done before is of no interest. */
static void forget(void)
{
	empty_outbox();
	written[0] = 0;
}

static void expect(const char *what)
{
	empty_outbox();
	assert_string_equal(written, what);
	written[0] = 0;
}

static void configure(struct iface *iface, const char *group)
{
	struct group_key key = { 0 };

	strcpy(key.bridge, group);
	iface_configure(iface, *group ? &key : NULL, NULL, COKEEPER_CAUSE_POLICY);
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
	domain_end(domain_find(domid));
}

static int teardown(void **state)
{
	struct domain *domain;

	(void)state;
	while ((domain = TAILQ_FIRST(&domains)))
		end(domain->domid);
	forget();
	return membership_count() != 0;
}

static void test_join_and_leave(void **state)
{
	struct iface *one = add(1, 1, "br0"), *two = add(2, 2, "br0");
	struct iface *other = add(3, 3, "br1");

	(void)state;
	forget();
	announce(one, 11);
	expect("br0 put 1\n1 told\n");
	announce(other, 33);
	expect("br1 put 3\n3 told\n");
	announce(two, 22);
	expect("br0 put 2\n2 told\n");
	assert_int_equal(membership_count(), 3);
	/* The others are told nothing, but what is for itself is looked at. */
	announce(two, 22);
	expect("2 told\n");
	announce(two, 23);
	expect("br0 put 2\n");
	iface_withdraw(two);
	expect("br0 del 2\n2 removed\n");
	announce(two, 24);
	expect("br0 put 2\n2 told\n");
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
	assert_false(iface->given);
	configure(iface, "br0");
	expect("1 removed\n");
	announce(iface, 11);
	expect("br0 put 1\n1 told\n");
	configure(iface, "");
	expect("br0 del 1\n1 must not read\n1 refused\n");
	assert_int_equal(membership_count(), 0);
	configure(iface, "br0");
	expect("br0 put 1\n1 told\n");
	configure(iface, "");
	forget();
	iface_withdraw(iface);
	expect("1 removed\n");
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
	expect("br0 del 1\nbr1 put 1\n1 must not read\n1 told\n");
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
	iface_refuse(one, "malformed", "nonsense");
	expect("1 told\n");
	assert_int_equal(membership_count(), 2);
	announce(one, 11);
	expect("1 told\n");
	assert_null(one->reason);
}

/* What the guest is told and what the administrator sees is the same word. */
static void test_reason_of_being_in_no_group(void **state)
{
	struct iface *one = add(1, 1, "br0");
	struct group_key key = one->key;

	(void)state;
	assert_string_equal(iface_refusal(one), "not-announced");
	announce(one, 11);
	assert_null(iface_refusal(one));
	iface_refuse(one, "malformed", "nonsense");
	assert_string_equal(iface_refusal(one), "malformed");
	iface_withdraw(one);
	iface_refuse(one, "malformed", "nonsense");
	assert_string_equal(iface_refusal(one), "malformed");
	iface_configure(one, &key, "excluded", COKEEPER_CAUSE_POLICY);
	assert_string_equal(iface_refusal(one), "excluded");
	configure(one, "");
	assert_string_equal(iface_refusal(one), "not-your-mac");
	domain_stop(one->domain, COKEEPER_CAUSE_SHUTDOWN);
	assert_string_equal(iface_refusal(one), "domain-ended");
	one->domain->unknown = true;
	assert_string_equal(iface_refusal(one), "domain-unknown");
}

static void test_unknown_macs_are_bounded(void **state)
{
	struct domain *domain = domain_add(1, "uuid");
	struct ck_mac mac = { { 0, 0x16, 0x3e, 0, 0, 0 } };
	int i, n = 0;

	(void)state;
	for (i = 1; i < 200; i++) {
		mac.b[5] = i;
		n += iface_claim(domain, &mac) != NULL;
	}
	assert_int_equal(n, CK_UNKNOWN_MACS_MAX);
	/* The toolstack is not stopped by that. */
	assert_non_null(iface_get(domain, &mac));
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
	expect("br0 put 1\n1 told\n2 removed\n");
	announce(two, 22);
	/* What two is told in one go has the offer in it. */
	expect("br0 put 2\n2 told\n");
	assert_non_null(iface_offer_to(one, two));
	iface_withdraw(one);
	expect("br0 del 1\n2 unoffer 1\n1 removed\n");
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
	expect("br0 put 4\n4 told\n");
	assert_true(iface_shown(new));
	assert_false(iface_shown(old));
	end(1);
	expect("");
	iface_withdraw(new);
	expect("br0 del 1\n4 removed\n");
}

/* The text is another one wherever the key is. */
static void test_text_of_a_group(void **state)
{
	static const struct {
		struct group_key key;
		const char *text;
	} keys[] = {
		{ { .bridge = "br0" }, "br0" },
		{ { .bridge = "br0.7" }, "br0.7" },
		{ { .bridge = "br0", .vlan = 7 }, "br0/7" },
		{ { .bridge = "br0", .backend = 3 }, "3:br0" },
		{ { .bridge = "br0", .named = "web" }, "web@br0" },
		{ { .bridge = "web@br0" }, "@web@br0" },
		{ { .bridge = "br0", .ovs = true }, "ovs:br0" },
		{ { .bridge = "ovs:br0" }, "0:ovs:br0" },
		{ { .bridge = "br0/7" }, "br0/7/0" },
		{ { .bridge = "3:br0" }, "0:3:br0" },
		{ { .bridge = "br0/7", .backend = 3 }, "3:br0/7/0" },
		{ { .bridge = "br0", .backend = 3, .vlan = 7 }, "3:br0/7" },
		{ { .bridge = "1:br0", .backend = 3 }, "3:1:br0" },
		{ { .bridge = "br0", .named = "3:web/x", .backend = 32751, .vlan = 4094 },
		  "3:web/x@32751:br0/4094" },
	};
	char text[CK_WORD_SIZE];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		group_key_format(&keys[i].key, text);
		assert_string_equal(text, keys[i].text);
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			assert_int_equal(group_key_equal(&keys[i].key, &keys[k].key), i == k);
	}
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
		cmocka_unit_test_teardown(test_reason_of_being_in_no_group,
					  teardown),
		cmocka_unit_test_teardown(test_unknown_macs_are_bounded,
					  teardown),
		cmocka_unit_test_teardown(test_offers, teardown),
		cmocka_unit_test_teardown(test_offer_before_the_peer_is_there,
					  teardown),
		cmocka_unit_test_teardown(test_offers_are_bounded, teardown),
		cmocka_unit_test_teardown(test_twins, teardown),
		cmocka_unit_test(test_text_of_a_group),
	};

	membership_start();
	return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
