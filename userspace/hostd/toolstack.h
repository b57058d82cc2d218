/* SPDX-License-Identifier: GPL-2.0 */
/* What dom0's toolstack says of the interfaces that it gave to a domain. */
#ifndef CK_TOOLSTACK_H
#define CK_TOOLSTACK_H

#include "membership.h"
#include "xs.h"

int toolstack_list(struct ck_xs *xs, const struct domain *domain, enum toolstack *toolstack,
		   uint32_t **vifs, unsigned int *n);
int toolstack_read(struct ck_xs *xs, const struct domain *domain, enum toolstack toolstack,
		   uint32_t index, struct vif *vif);
bool toolstack_unplugs(struct ck_xs *xs, uint32_t domid, uint32_t index);

#endif /* CK_TOOLSTACK_H */
