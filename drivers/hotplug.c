// SPDX-License-Identifier: GPL-2.0
/* CPUs that come and go. */

#include <linux/cpuhotplug.h>
#include <linux/workqueue.h>

#include "cokeeper.h"
#include "hotplug.h"

static void (*cpus_changed)(void);
static enum cpuhp_state online_state, dead_state;

/* Apart from hotplug's own lock, which those who hold the device's lock may want. */
static void ck_hotplug_work(struct work_struct *work)
{
	cpus_changed();
}

static DECLARE_WORK(hotplug_work, ck_hotplug_work);

static int ck_hotplug_event(unsigned int cpu)
{
	queue_work(ck_wq, &hotplug_work);
	return 0;
}

/**
 * ck_hotplug_init() - be told of CPUs that come online or have gone
 * @changed: called in process context
 *
 * Return: 0 or a negative errno.
 */
int ck_hotplug_init(void (*changed)(void))
{
	int state;

	cpus_changed = changed;
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "net/cokeeper:online",
					  ck_hotplug_event, NULL);
	if (state < 0)
		return state;
	online_state = state;
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/cokeeper:dead", NULL,
					  ck_hotplug_event);
	if (state < 0) {
		cpuhp_remove_state_nocalls(online_state);
		return state;
	}
	dead_state = state;
	return 0;
}

/**
 * ck_hotplug_exit() - be told no longer
 */
void ck_hotplug_exit(void)
{
	cpuhp_remove_state_nocalls(dead_state);
	cpuhp_remove_state_nocalls(online_state);
	cancel_work_sync(&hotplug_work);
}
