/* SPDX-License-Identifier: GPL-2.0 */
/* Whether this is Xen is a knob. */
#ifndef SIM_XEN_XEN_H
#define SIM_XEN_XEN_H

#include_next <xen/xen.h>

#undef xen_domain
#define xen_domain() xen_sim_domain()

bool xen_sim_domain(void);

#endif /* SIM_XEN_XEN_H */
