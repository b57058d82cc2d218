// SPDX-License-Identifier: GPL-2.0
/* The cokeeper module: traffic between co-located Xen guests through shared rings. */

#include <linux/module.h>
#include <linux/workqueue.h>
#include <xen/xen.h>

#include "account.h"
#include "cokeeper.h"
#include "device.h"
#include "gntpages.h"
#include "../netlink/netlink.h"

static int __init cokeeper_init(void)
{
	int err;

	if (!xen_domain()) {
		pr_info("cokeeper: not on Xen\n");
		return -ENODEV;
	}

	/* Nothing waits for it while memory is reclaimed. It makes no channel while the
	 * domain suspends, and is prompt when a peer says goodbye.
	 */
	ck_wq = alloc_workqueue("cokeeper",
				WQ_UNBOUND | WQ_FREEZABLE | WQ_HIGHPRI, 0);
	if (!ck_wq)
		return -ENOMEM;
	err = ck_netlink_init();
	if (err)
		goto destroy_wq;
	err = ck_suspend_init();
	if (err)
		goto exit_netlink;
	err = ck_device_init();
	if (err)
		goto exit_suspend;
	return 0;

exit_suspend:
	ck_suspend_exit();
exit_netlink:
	ck_netlink_exit();
destroy_wq:
	destroy_workqueue(ck_wq);
	return err;
}

static void __exit cokeeper_exit(void)
{
	ck_device_exit();
	ck_suspend_exit();
	ck_netlink_exit();
	destroy_workqueue(ck_wq);
	ck_gntpages_exit();
	ck_account_exit();
}

module_init(cokeeper_init);
module_exit(cokeeper_exit);

MODULE_DESCRIPTION("Traffic between co-located Xen guests through shared rings");
/* There is no alias by which an unprivileged user could have it loaded. */
MODULE_LICENSE("GPL");
