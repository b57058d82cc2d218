// SPDX-License-Identifier: GPL-2.0
/* Saving, restoring and migrating the domain, and its shutdown. */

#include <linux/platform_device.h>
#include <linux/pm.h>

#include "device.h"

/* Xen calls no PM notifier, but the PM hooks of devices: so there is one, behind
 * which stand all devices of ours (drivers/xen/manage.c, do_suspend()).
 */
static struct platform_device *suspend_device;

static int ck_suspend_freeze(struct device *dev)
{
	ck_device_suspend_all();
	return 0;
}

/* The suspend was cancelled: the domain is what it was. */
static int ck_suspend_thaw(struct device *dev)
{
	ck_device_resume_all(false);
	return 0;
}

static int ck_suspend_restore(struct device *dev)
{
	ck_device_resume_all(true);
	return 0;
}

/* The next kernel, if it is kexec that shuts this one down, gets all grants back. */
static void ck_suspend_shutdown(struct platform_device *dev)
{
	ck_device_suspend_all();
}

static const struct dev_pm_ops pm_ops = {
	.freeze		= ck_suspend_freeze,
	.thaw		= ck_suspend_thaw,
	.restore	= ck_suspend_restore,
};

static struct platform_driver driver = {
	.shutdown	= ck_suspend_shutdown,
	.driver = {
		.name	= "cokeeper",
		.pm	= &pm_ops,
	},
};

/**
 * ck_suspend_init() - be told of suspends
 * Return: 0 or a negative errno.
 */
int ck_suspend_init(void)
{
	suspend_device = platform_create_bundle(&driver, NULL, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(suspend_device);
}

/**
 * ck_suspend_exit() - be told no longer
 */
void ck_suspend_exit(void)
{
	platform_device_unregister(suspend_device);
	platform_driver_unregister(&driver);
}
