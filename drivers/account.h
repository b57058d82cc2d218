/* SPDX-License-Identifier: GPL-2.0 */
/* What other domains make the module hold, and how much of it there may be. */
#ifndef CK_ACCOUNT_H
#define CK_ACCOUNT_H

#include <linux/types.h>

#include "../netlink/cokeeper.h"

struct ck_account;

/**
 * enum ck_resource - what is counted
 * @CK_GRANTS: grants to the domain, with their pages, which are ours
 * @CK_LATE: those of them that the domain still maps although their channel has ended
 * @CK_MAPPED: pages of the domain that are mapped here
 * @CK_PORTS: event channels to the domain, with their interrupts
 * @CK_NR_RESOURCES: how many kinds there are
 */
enum ck_resource {
	CK_GRANTS,
	CK_LATE,
	CK_MAPPED,
	CK_PORTS,
	CK_NR_RESOURCES
};

struct ck_account *ck_account_get(u16 domid);
void ck_account_put(struct ck_account *account);
u16 ck_account_domid(const struct ck_account *account);
int ck_account_charge(struct ck_account *account, enum ck_resource what, unsigned int nr);
void ck_account_uncharge(struct ck_account *account, enum ck_resource what, unsigned int nr);
void ck_account_late(struct ck_account *account, unsigned int nr);
bool ck_account_attempt(struct ck_account *account);
void ck_account_unattempt(struct ck_account *account);
void ck_account_breach(struct ck_account *account);
unsigned long ck_account_quarantine(const struct ck_account *account, enum cokeeper_reason *why);
void ck_account_forgive_all(void);
unsigned int ck_account_held(const struct ck_account *account, enum ck_resource what);
unsigned int ck_account_max(enum ck_resource what);
unsigned int ck_account_max_each(enum ck_resource what);
unsigned long ck_account_pages(void);
void ck_account_exit(void);

#endif /* CK_ACCOUNT_H */
