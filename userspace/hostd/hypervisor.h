/* SPDX-License-Identifier: GPL-2.0 */
/* What the hypervisor says of a domain. */
#ifndef CK_HYPERVISOR_H
#define CK_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

bool hypervisor_open(void);
void hypervisor_close(void);
uint32_t hypervisor_ended(uint32_t domid, bool *paused);

#endif /* CK_HYPERVISOR_H */
