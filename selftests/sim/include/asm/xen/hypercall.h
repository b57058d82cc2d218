/* SPDX-License-Identifier: GPL-2.0 */
/* The hypercall that the driver makes by itself. */
#ifndef SIM_ASM_XEN_HYPERCALL_H
#define SIM_ASM_XEN_HYPERCALL_H

int HYPERVISOR_event_channel_op(int cmd, void *arg);

#endif /* SIM_ASM_XEN_HYPERCALL_H */
