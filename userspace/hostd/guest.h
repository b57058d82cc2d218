/* SPDX-License-Identifier: GPL-2.0 */
/* What is written for a single guest. */
#ifndef CK_GUEST_H
#define CK_GUEST_H

#include "membership.h"
#include "xs.h"

void guest_start(struct ck_xs *xs);
void guest_put_offer(struct iface *to, const struct ck_mac *peer,
		     const struct ck_offer *offer);
void guest_del_offer(struct iface *to, const struct ck_mac *peer);
void guest_write(struct iface *iface);
void guest_refuse(struct iface *iface, const char *reason);
void guest_remove(struct iface *iface);
uint32_t guest_roster(const struct iface *iface);

#endif /* CK_GUEST_H */
