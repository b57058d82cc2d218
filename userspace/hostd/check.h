/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the guests that the configuration names run on this host. */
#ifndef CK_CHECK_H
#define CK_CHECK_H

void check_guests(void);

#endif /* CK_CHECK_H */
