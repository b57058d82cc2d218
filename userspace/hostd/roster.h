/* SPDX-License-Identifier: GPL-2.0 */
/* The rosters in XenStore, which tell a member of the others. */
#ifndef CK_ROSTER_H
#define CK_ROSTER_H

#include <xenstore.h>

#include "membership.h"

void roster_start(struct xs_handle *xs);
void roster_put_member(struct iface *to, const struct iface *peer,
		       uint32_t cause);
void roster_del_member(struct iface *to, const struct ck_mac *peer,
		       uint32_t cause);
void roster_put_offer(struct iface *to, const struct ck_mac *peer,
		      const struct ck_offer *offer);
void roster_del_offer(struct iface *to, const struct ck_mac *peer);
void roster_write(struct iface *iface);
void roster_refuse(struct iface *iface, const char *reason);
void roster_remove(struct iface *iface);

#endif /* CK_ROSTER_H */
