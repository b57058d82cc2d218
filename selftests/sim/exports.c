// SPDX-License-Identifier: GPL-2.0
/* What tests call of the module. */

#include <linux/export.h>

#include "../drivers/account.h"
#include "../drivers/channel.h"
#include "../drivers/connect.h"
#include "../drivers/device.h"
#include "../drivers/peertable.h"

EXPORT_SYMBOL_GPL(ck_account_quarantine);
EXPORT_SYMBOL_GPL(ck_account_forgive_all);
EXPORT_SYMBOL_GPL(ck_is_device);
EXPORT_SYMBOL_GPL(ck_device_bind_helper);
EXPORT_SYMBOL_GPL(ck_connect_offered);
EXPORT_SYMBOL_GPL(ck_connect_wait_drained);
EXPORT_SYMBOL_GPL(ck_peer_lookup);
EXPORT_SYMBOL_GPL(ck_peertable_set);
EXPORT_SYMBOL_GPL(ck_peertable_del);
EXPORT_SYMBOL_GPL(ck_peertable_replace);
EXPORT_SYMBOL_GPL(ck_peertable_forget_all);
EXPORT_SYMBOL_GPL(ck_connect_work);
EXPORT_SYMBOL_GPL(ck_queue_mark_ready);
EXPORT_SYMBOL_GPL(ck_queue_poll_now);
EXPORT_SYMBOL_GPL(ck_peer_kick);
EXPORT_SYMBOL_GPL(ck_wq);
EXPORT_SYMBOL_GPL(ck_ring_init);
EXPORT_SYMBOL_GPL(ck_ring_reserve);
EXPORT_SYMBOL_GPL(ck_ring_frame);
EXPORT_SYMBOL_GPL(ck_ring_publish);
