/* SPDX-License-Identifier: GPL-2.0 */
/* The rosters, which tell the members of a group of each other. */
#ifndef CK_ROSTER_H
#define CK_ROSTER_H

#include "membership.h"
#include "xs.h"

void roster_start(struct ck_xs *xs);
void roster_adopt(void);
char *roster_node(const struct iface *iface, uint32_t cause);
char *roster_node_left(const struct ck_mac *mac, uint32_t cause);
void roster_tell(struct roster *roster, const char *node);
void roster_join(struct iface *iface);
void roster_leave(struct iface *iface, bool revoke);
bool roster_untidy(const struct roster *roster);
void roster_tidy(struct roster *roster);
void roster_free(struct roster *roster);

#endif /* CK_ROSTER_H */
