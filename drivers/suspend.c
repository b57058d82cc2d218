// SPDX-License-Identifier: GPL-2.0
/* Saving, restoring and migrating the domain. */

#include <linux/platform_device.h>
#include <linux/pm.h>

#include "cokeeper.h"

/* Xen calls no PM notifier, but the PM hooks of devices: so there is one, behind
 * which stand all devices of ours (drivers/xen/manage.c, do_suspend()).
 */
static struct platform_device *device;

static int freeze(struct device *dev)
{
	ck_device_suspend_all();
	return 0;
}

/* The suspend was cancelled: the domain is what it was. */
static int thaw(struct device *dev)
{
	ck_device_resume_all(false);
	return 0;
}

static int restore(struct device *dev)
{
	ck_device_resume_all(true);
	return 0;
}

static const struct dev_pm_ops pm_ops = {
	.freeze		= freeze,
	.thaw		= thaw,
	.restore	= restore,
};

static struct platform_driver driver = {
	.driver = {
		.name	= "cokeeper",
		.pm	= &pm_ops,
	},
};

/**
 * ck_suspend_init() - be told of suspends
 *
 * Return: 0 or a negative errno.
 */
int ck_suspend_init(void)
{
	int err = platform_driver_register(&driver);

	if (err)
		return err;
	device = platform_device_register_simple("cokeeper", PLATFORM_DEVID_NONE,
						 NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

/**
 * ck_suspend_exit() - be told no longer
 */
void ck_suspend_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}
