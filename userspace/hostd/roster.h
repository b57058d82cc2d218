/* SPDX-License-Identifier: GPL-2.0 */
/* The rosters, which tell the members of a group of each other. */
#ifndef CK_ROSTER_H
#define CK_ROSTER_H

#include "membership.h"
#include "xs.h"

void roster_start(struct ck_xs *xs);
int roster_adopt(void);
void roster_tell(struct group *group, const struct ck_member *word);
void roster_join(struct iface *iface);
void roster_leave(struct iface *iface, bool revoke);
void roster_check(uint32_t id);
uint64_t roster_due(const struct group *group);
void roster_update(struct group *group, uint64_t now);
uint64_t roster_clean_due(void);
void roster_clean(uint64_t now);
void roster_free_all(struct group *group);

#endif /* CK_ROSTER_H */
