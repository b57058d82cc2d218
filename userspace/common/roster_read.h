/* SPDX-License-Identifier: GPL-2.0 */
/* Reading what the host tells a guest of its group. */
#ifndef CK_ROSTER_READ_H
#define CK_ROSTER_READ_H

#include "xs.h"

int ck_roster_head(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_roster *head, struct ck_value_error *why);
int ck_roster_members(struct ck_xs *xs, uint32_t roster,
		      struct ck_member **members, unsigned int *n);
int ck_roster_read(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_roster *head, struct ck_member **members,
		   unsigned int *n, struct ck_value_error *why);

#endif /* CK_ROSTER_READ_H */
