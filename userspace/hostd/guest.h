/* SPDX-License-Identifier: GPL-2.0 */
/* What is written for a single guest. */
#ifndef CK_GUEST_H
#define CK_GUEST_H

#include "membership.h"
#include "xs.h"

#define GUEST_RETRY	BUCKET_SECOND	/* after a failure */

void guest_start(struct ck_xs *xs);
void guest_offer(struct iface *to, const struct ck_mac *from);
void guest_head(struct iface *iface);
void guest_write(struct iface *iface);
void guest_remove(struct iface *iface);
int guest_roster(const struct iface *iface, uint32_t *id);

#endif /* CK_GUEST_H */
