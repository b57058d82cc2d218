/* SPDX-License-Identifier: GPL-2.0 */
/* Saving, restoring and migrating the domain, and its shutdown. */
#ifndef CK_SUSPEND_H
#define CK_SUSPEND_H

int ck_suspend_init(void);
void ck_suspend_exit(void);

#endif /* CK_SUSPEND_H */
