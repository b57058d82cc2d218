/* SPDX-License-Identifier: GPL-2.0 */
/* Which group an interface is in, if dom0's toolstack, kernel and administrator agree. */
#ifndef CK_VIF_H
#define CK_VIF_H

#include "membership.h"
#include "policy.h"

const char *vif_place(const struct vif *vif, const struct policy_word *policy,
		      struct group_key *key);
uint32_t vif_allowed(const struct policy_word *policy);
bool vif_cut_off(const char *reason);
uint32_t vif_enforced(const struct vif *vif);

#endif /* CK_VIF_H */
