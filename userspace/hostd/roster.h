/* SPDX-License-Identifier: GPL-2.0 */
/* The rosters in XenStore, which tell a member of the others. */
#ifndef CK_ROSTER_H
#define CK_ROSTER_H


#include "membership.h"
#include "xs.h"

void roster_start(struct ck_xs *xs);
char *roster_node(const struct iface *iface, uint32_t cause);
char *roster_node_left(const struct iface *iface, uint32_t cause);
void roster_tell(struct iface *to, const char *node);
void roster_tidy(struct iface *to);
void roster_adopt(struct iface *iface);
void roster_put_offer(struct iface *to, const struct ck_mac *peer,
		      const struct ck_offer *offer);
void roster_del_offer(struct iface *to, const struct ck_mac *peer);
void roster_write(struct iface *iface);
void roster_refuse(struct iface *iface, const char *reason);
void roster_remove(struct iface *iface);

#endif /* CK_ROSTER_H */
