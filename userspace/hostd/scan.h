/* SPDX-License-Identifier: GPL-2.0 */
/* Reads what the toolstack and the guests wrote into XenStore. */
#ifndef CK_SCAN_H
#define CK_SCAN_H

#include <stdbool.h>

#include "xs.h"
bool scan_start(struct ck_xs *xs, bool watch);
void scan_event(const char *path);
void scan_pending(void);
void scan_all(void);
void scan_policy_changed(void);

#endif /* CK_SCAN_H */
