/* SPDX-License-Identifier: GPL-2.0 */
/* Names of the netlink family's enumerations, as in its specification. */
#ifndef CK_NAMES_H
#define CK_NAMES_H

#include <stdbool.h>
#include <stdint.h>

const char *ck_state_name(uint32_t state);
const char *ck_reason_name(uint32_t reason);
const char *ck_steer_name(uint32_t steer);
const char *ck_event_name(uint32_t event);
const char *ck_cause_name(uint32_t cause);
bool ck_event_parse(const char *text, uint32_t *event);
uint32_t ck_cause_parse(const char *text);

#endif /* CK_NAMES_H */
