/* SPDX-License-Identifier: GPL-2.0 */
/* Receiving no faster than readers read. */
#ifndef CK_POLLDEFER_H
#define CK_POLLDEFER_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>

/**
 * struct ck_poll_defer - has a NAPI context make room for others
 * @napi: the context
 * @timer: polls again
 */
struct ck_poll_defer {
	struct napi_struct *napi;
	struct hrtimer timer;
};

void ck_poll_defer_init(struct ck_poll_defer *defer, struct napi_struct *napi);
void ck_poll_defer_stop(struct ck_poll_defer *defer);
bool ck_poll_defer(struct ck_poll_defer *defer, const struct task_struct *poller);
bool ck_others_wait(const struct task_struct *poller);

#endif /* CK_POLLDEFER_H */
