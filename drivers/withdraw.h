/* SPDX-License-Identifier: GPL-2.0 */
/* What helpers announced in XenStore ends with them. */
#ifndef CK_WITHDRAW_H
#define CK_WITHDRAW_H

#include <linux/types.h>

void ck_withdraw(const u8 *mac);
bool ck_withdrawing(const u8 *mac);

#endif /* CK_WITHDRAW_H */
