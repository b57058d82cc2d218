/* SPDX-License-Identifier: GPL-2.0 */
/* The interrupts of event channels are numbers that only xen_sim.c knows, beyond all that
 * the kernel has.
 */
#ifndef SIM_XEN_EVENTS_H
#define SIM_XEN_EVENTS_H

#include_next <xen/events.h>

int xen_sim_request_irq(unsigned int irq, irq_handler_t handler, void *arg);

#define request_irq(irq, handler, flags, name, arg) xen_sim_request_irq(irq, handler, arg)
/* There is one CPU. */
#define irq_set_affinity(irq, mask) ((void)(irq), (void)(mask))

#endif /* SIM_XEN_EVENTS_H */
