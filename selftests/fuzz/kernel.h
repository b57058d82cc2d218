/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel that says over netlink what an input spells out (messages.c). */
#ifndef CK_FUZZ_KERNEL_H
#define CK_FUZZ_KERNEL_H

#include <stdbool.h>

#include <libmnl/libmnl.h>

void kernel_start(char *text);
bool kernel_next(void);
unsigned int kernel_requests(void);
void kernel_tell(mnl_cb_t cb, void *arg);

#endif /* CK_FUZZ_KERNEL_H */
