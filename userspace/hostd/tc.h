/* SPDX-License-Identifier: GPL-2.0 */
/* Traffic control on dom0's links. */
#ifndef CK_TC_H
#define CK_TC_H

#include <stdint.h>

#include "nl.h"

/* @enforced: bits of enum enforced, added to what was said of the link before */
typedef void (*tc_found_fn)(uint32_t ifindex, uint32_t enforced);

int tc_read(struct ck_nl *nl, tc_found_fn found);

#endif /* CK_TC_H */
