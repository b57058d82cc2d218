/* SPDX-License-Identifier: GPL-2.0 */
/* Frames have one number here. */
#ifndef SIM_ASM_XEN_PAGE_H
#define SIM_ASM_XEN_PAGE_H

static inline unsigned long pfn_to_gfn(unsigned long pfn)
{
	return pfn;
}

#endif /* SIM_ASM_XEN_PAGE_H */
