// SPDX-License-Identifier: GPL-2.0
/* What helpers announced in XenStore ends with them. */

#include <linux/etherdevice.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <xen/xenbus.h>

#include "cokeeper.h"
#include "withdraw.h"

/* An announcement that is to be removed. */
struct withdrawal {
	struct work_struct work;
	struct list_head list;
	u8 mac[ETH_ALEN];
};

static LIST_HEAD(withdrawals);
/* Protects the list; no other lock is taken under it. */
static DEFINE_SPINLOCK(withdrawals_lock);

/* Waits for XenStore, for as long as that takes: so it holds no lock. */
static void ck_withdraw_work(struct work_struct *work)
{
	struct withdrawal *it = container_of(work, struct withdrawal, work);
	char node[2 * ETH_ALEN + 1];
	int err;

	snprintf(node, sizeof(node), "%*phN", ETH_ALEN, it->mac);
	err = xenbus_rm(XBT_NIL, COKEEPER_XENSTORE_DIR, node);
	if (err && err != -ENOENT)
		pr_warn("cokeeper: cannot remove " COKEEPER_XENSTORE_DIR "/%s from XenStore: %d\n",
			node, err);
	spin_lock(&withdrawals_lock);
	list_del(&it->list);
	spin_unlock(&withdrawals_lock);
	kfree(it);
}

/**
 * ck_withdraw() - remove what a helper announced and offered
 * @mac: of the interface that it did this for
 *
 * May sleep, but does not wait for XenStore: ck_withdrawing() tells when it is done.
 * The module's workqueue is to be drained before the module goes.
 */
void ck_withdraw(const u8 *mac)
{
	struct withdrawal *it = kzalloc(sizeof(*it), GFP_KERNEL);

	/* Then it stands until the next helper comes. */
	if (!it)
		return;
	INIT_WORK(&it->work, ck_withdraw_work);
	ether_addr_copy(it->mac, mac);
	spin_lock(&withdrawals_lock);
	list_add(&it->list, &withdrawals);
	spin_unlock(&withdrawals_lock);
	queue_work(ck_wq, &it->work);
}

/**
 * ck_withdrawing() - is an announcement about to be removed?
 * @mac: of its interface
 *
 * Whoever announces it anew is to wait for that, or it is removed as well.
 *
 * Return: true if it is.
 */
bool ck_withdrawing(const u8 *mac)
{
	struct withdrawal *it;
	bool found = false;

	spin_lock(&withdrawals_lock);
	list_for_each_entry(it, &withdrawals, list)
		found |= ether_addr_equal(it->mac, mac);
	spin_unlock(&withdrawals_lock);
	return found;
}
