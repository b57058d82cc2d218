/* SPDX-License-Identifier: GPL-2.0 */
/* What the hypervisor says of a domain. */
#ifndef CK_HYPERVISOR_H
#define CK_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

bool hypervisor_open(void);
void hypervisor_close(void);
int hypervisor_domain(uint32_t domid, uint32_t *ended, bool *paused);

#endif /* CK_HYPERVISOR_H */
