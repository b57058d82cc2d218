/* SPDX-License-Identifier: GPL-2.0 */
/* Reads what the toolstack and the guests wrote into XenStore. */
#ifndef CK_SCAN_H
#define CK_SCAN_H

#include "membership.h"
#include "xs.h"

int scan_start(struct ck_xs *xs, bool watch);
void scan_event(const struct ck_path *path, const char *text);
uint64_t scan_due(void);
void scan_tokens(const struct domain *domain, unsigned int *announces, unsigned int *reads);
void scan_step(uint64_t now);
void scan_all(void);
void scan_policy_changed(void);
void scan_link_changed(const char *name);

#endif /* CK_SCAN_H */
