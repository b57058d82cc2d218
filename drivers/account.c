// SPDX-License-Identifier: GPL-2.0
/* What other domains make the module hold, and how much of it there may be.
 *
 * There is one account for each domain, whichever devices and peers it is behind, so that a
 * domain gets no second share by a new instance, by leaving and coming again, or by another
 * interface. The shares are small enough that netfront, disks, and their reconnecting after a
 * migration find what they need, whatever all peers do.
 */

#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <xen/grant_table.h>

#include "account.h"

/* Event channels in all. A domain has 1023 unless its configuration says otherwise. */
#define PORTS_MAX	256
/* One domain may have one part in so many of what all may. */
#define SHARES		3

/* Channels with a domain that may be attempted in quick succession, and after how long one
 * more may be.
 */
#define ATTEMPTS_MAX	20
#define ATTEMPT_TIME	HZ
/* Who attempts more is in quarantine for so long. */
#define FLAPPING_TIME	(64 * HZ)

/* Who breaks the protocol is in quarantine for so long, twice as long each time that follows
 * before he has kept to it for a while.
 */
#define BREACH_TIME		HZ
#define BREACH_DOUBLED		3u
#define FORGIVE_TIME		(60 * HZ)

/**
 * struct ck_account - what one domain makes the module hold
 * @node: in the hash
 * @idle: in the list of those that are kept for @calm_at alone
 * @domid: the domain
 * @users: references that were given out
 * @nr: of each resource
 * @calm_at: when (jiffies, of 64 bits as months may pass) as many attempts as ever may be made
 * @quarantine_end: when (the same) its quarantine ends, or has ended
 * @breaches: how often it broke the protocol, of late
 * @why: it is in quarantine
 */
struct ck_account {
	struct hlist_node node;
	struct list_head idle;
	u16 domid;
	unsigned int users;
	unsigned int nr[CK_NR_RESOURCES];
	u64 calm_at;
	u64 quarantine_end;
	unsigned int breaches;
	enum cokeeper_reason why;
};

static DEFINE_HASHTABLE(accounts, 8);
static LIST_HEAD(idle);
static unsigned int sum[CK_NR_RESOURCES];
/* Protects all of the above, but for an account's domid; any context. */
static DEFINE_SPINLOCK(lock);

static struct ck_account *find(u16 domid)
{
	struct ck_account *account;

	lockdep_assert_held(&lock);
	hash_for_each_possible(accounts, account, node, domid)
		if (account->domid == domid)
			return account;
	return NULL;
}

/* When is it forgotten that it was in quarantine? */
static u64 forgiven_at(const struct ck_account *account)
{
	return account->quarantine_end + (account->breaches ? FORGIVE_TIME : 0);
}

static void quarantine(struct ck_account *account, unsigned long time, enum cokeeper_reason why)
{
	u64 end = get_jiffies_64() + time;

	lockdep_assert_held(&lock);
	account->why = why;
	if (time_after64(end, account->quarantine_end))
		account->quarantine_end = end;
}

static void destroy(struct ck_account *account)
{
	hash_del(&account->node);
	list_del(&account->idle);
	kfree(account);
}

/* Accounts that are of no use any more go; called before another one is made, so there are
 * never more than there are domain ids.
 */
static void sweep(void)
{
	struct ck_account *account, *next;
	u64 now = get_jiffies_64();

	lockdep_assert_held(&lock);
	list_for_each_entry_safe(account, next, &idle, idle) {
		if (time_before64(now, account->calm_at) ||
		    time_before64(now, forgiven_at(account)))
			break;
		destroy(account);
	}
}

/* What was used last is calm last, by and large. */
static void check_idle(struct ck_account *account)
{
	unsigned int i;

	lockdep_assert_held(&lock);
	list_del_init(&account->idle);
	if (account->users)
		return;
	for (i = 0; i < CK_NR_RESOURCES; i++)
		if (account->nr[i])
			return;
	list_add_tail(&account->idle, &idle);
}

/**
 * ck_account_get() - find a domain's account, or open one
 * @domid: the domain
 *
 * May sleep.
 *
 * Return: the account, with a reference.
 */
struct ck_account *ck_account_get(u16 domid)
{
	struct ck_account *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL | __GFP_NOFAIL);
	struct ck_account *account;

	spin_lock_irq(&lock);
	sweep();
	account = find(domid);
	if (!account) {
		account = fresh;
		fresh = NULL;
		account->domid = domid;
		account->calm_at = get_jiffies_64();
		account->quarantine_end = account->calm_at;
		INIT_LIST_HEAD(&account->idle);
		hash_add(accounts, &account->node, domid);
	}
	account->users++;
	check_idle(account);
	spin_unlock_irq(&lock);
	kfree(fresh);
	return account;
}

/**
 * ck_account_put() - give a reference back
 * @account: the account, which stays while something is charged to it; any context
 */
void ck_account_put(struct ck_account *account)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	account->users--;
	check_idle(account);
	spin_unlock_irqrestore(&lock, flags);
}

/**
 * ck_account_domid() - whose account is it?
 * @account: the account
 * Return: the domain id.
 */
u16 ck_account_domid(const struct ck_account *account)
{
	return account->domid;
}

/**
 * ck_account_max() - how much may there be for all domains together?
 * @what: of this resource
 *
 * The grant table is sized for the larger of its two formats, so with the usual one this is
 * a quarter of it.
 *
 * Return: the number.
 */
unsigned int ck_account_max(enum ck_resource what)
{
	if (what == CK_PORTS)
		return PORTS_MAX;
	return gnttab_max_grant_frames() * (PAGE_SIZE / sizeof(union grant_entry_v2)) / 2;
}

/**
 * ck_account_max_each() - how much may there be for one domain?
 * @what: of this resource
 * Return: the number.
 */
unsigned int ck_account_max_each(enum ck_resource what)
{
	return ck_account_max(what) / SHARES;
}

/**
 * ck_account_charge() - count what is about to be made for a domain
 * @account: the domain's account, with a reference or with something charged to it
 * @what: of this resource, which is not CK_LATE
 * @nr: so many
 *
 * Process context.
 *
 * Return: 0, -EDQUOT if that is more than one domain may have, or -ENOSPC if it is more than
 * all may.
 */
int ck_account_charge(struct ck_account *account, enum ck_resource what, unsigned int nr)
{
	unsigned int max = ck_account_max(what);
	int err = 0;

	spin_lock_irq(&lock);
	if (account->nr[what] + nr > max / SHARES) {
		err = -EDQUOT;
	} else if (sum[what] + nr > max) {
		err = -ENOSPC;
	} else {
		account->nr[what] += nr;
		sum[what] += nr;
	}
	spin_unlock_irq(&lock);
	return err;
}

/**
 * ck_account_late() - some of the grants have become late
 * @account: the domain's account
 * @nr: so many; they stay charged as grants
 */
void ck_account_late(struct ck_account *account, unsigned int nr)
{
	spin_lock_irq(&lock);
	account->nr[CK_LATE] += nr;
	sum[CK_LATE] += nr;
	spin_unlock_irq(&lock);
}

/**
 * ck_account_uncharge() - count what does not exist any more
 * @account: the domain's account, which may go if nothing is charged to it any more
 * @what: of this resource
 * @nr: so many
 */
void ck_account_uncharge(struct ck_account *account, enum ck_resource what, unsigned int nr)
{
	spin_lock_irq(&lock);
	account->nr[what] -= nr;
	sum[what] -= nr;
	check_idle(account);
	spin_unlock_irq(&lock);
}

/**
 * ck_account_attempt() - may one more channel with a domain be attempted?
 * @account: the domain's account, not in quarantine
 *
 * A channel costs more to make than to ask for. A domain that asks for more and more of them
 * is in quarantine from now on.
 *
 * Return: true if it may; that is counted.
 */
bool ck_account_attempt(struct ck_account *account)
{
	u64 now = get_jiffies_64();
	bool ok;

	spin_lock_irq(&lock);
	if (time_before64(account->calm_at, now))
		account->calm_at = now;
	ok = time_before64(account->calm_at, now + ATTEMPTS_MAX * ATTEMPT_TIME);
	if (ok)
		account->calm_at += ATTEMPT_TIME;
	else
		quarantine(account, FLAPPING_TIME, COKEEPER_REASON_FLAPPING);
	spin_unlock_irq(&lock);
	return ok;
}

/**
 * ck_account_unattempt() - a channel that was attempted ends for a reason of our own
 * @account: the domain's account, which that is not to count against
 */
void ck_account_unattempt(struct ck_account *account)
{
	spin_lock_irq(&lock);
	account->calm_at -= ATTEMPT_TIME;
	spin_unlock_irq(&lock);
}

/**
 * ck_account_breach() - a domain broke the protocol: it is in quarantine from now on
 * @account: the domain's account
 */
void ck_account_breach(struct ck_account *account)
{
	spin_lock_irq(&lock);
	if (time_after_eq64(get_jiffies_64(), forgiven_at(account)))
		account->breaches = 0;
	quarantine(account, BREACH_TIME << account->breaches, COKEEPER_REASON_PROTOCOL_ERROR);
	account->breaches = min(account->breaches + 1, BREACH_DOUBLED);
	spin_unlock_irq(&lock);
}

/**
 * ck_account_quarantine() - how long is a domain in quarantine?
 * @account: the domain's account
 * @why: set to the reason, unless it is NULL
 * Return: for so long (jiffies) from now on; 0 if it is not.
 */
unsigned long ck_account_quarantine(const struct ck_account *account, enum cokeeper_reason *why)
{
	u64 now = get_jiffies_64();
	unsigned long left = 0;

	spin_lock_irq(&lock);
	if (time_before64(now, account->quarantine_end))
		left = account->quarantine_end - now;
	if (why)
		*why = account->why;
	spin_unlock_irq(&lock);
	return left;
}

/**
 * ck_account_forgive_all() - forget what domains did; what they hold stays
 *
 * The same numbers are others' on another host.
 */
void ck_account_forgive_all(void)
{
	struct ck_account *account;
	unsigned int bucket;

	spin_lock_irq(&lock);
	hash_for_each(accounts, bucket, account, node) {
		account->calm_at = get_jiffies_64();
		account->quarantine_end = account->calm_at;
		account->breaches = 0;
	}
	spin_unlock_irq(&lock);
}

/**
 * ck_account_held() - how much is charged to a domain?
 * @account: the domain's account
 * @what: of this resource
 * Return: the number.
 */
unsigned int ck_account_held(const struct ck_account *account, enum ck_resource what)
{
	return READ_ONCE(account->nr[what]);
}

/**
 * ck_account_pages() - how much memory do all channels take, those included that have ended?
 * Return: the number of pages.
 */
unsigned long ck_account_pages(void)
{
	return READ_ONCE(sum[CK_GRANTS]) + READ_ONCE(sum[CK_MAPPED]);
}

/**
 * ck_account_exit() - free all accounts, to which nothing is charged any more
 */
void ck_account_exit(void)
{
	struct ck_account *account, *next;

	spin_lock_irq(&lock);
	list_for_each_entry_safe(account, next, &idle, idle)
		destroy(account);
	spin_unlock_irq(&lock);
}
