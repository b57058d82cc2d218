/* SPDX-License-Identifier: GPL-2.0 */
/* <xen/events.h> declares functions for interrupts between processors; there are none. */
#ifndef SIM_ASM_XEN_EVENTS_H
#define SIM_ASM_XEN_EVENTS_H

enum ipi_vector {
	XEN_NR_IPIS,
};

#endif /* SIM_ASM_XEN_EVENTS_H */
