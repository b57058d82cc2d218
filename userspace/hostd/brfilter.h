/* SPDX-License-Identifier: GPL-2.0 */
/* What filters the frames of dom0's bridges: nftables, ebtables, br_netfilter. */
#ifndef CK_BRFILTER_H
#define CK_BRFILTER_H

#include <stdbool.h>
#include <stdint.h>

int brfilter_open(int epfd);
bool brfilter_changed(int fd);
int brfilter_read(bool *again);
uint32_t brfilter_enforced(const char *link);
void brfilter_close(void);

#endif /* CK_BRFILTER_H */
