/* SPDX-License-Identifier: GPL-2.0 */
/* What the publisher knows and does, for people in dom0: cokeeper-hostd --status. */
#ifndef CK_STATUS_H
#define CK_STATUS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

int status_open(sd_event *event, const char *lock_file);
void status_close(void);
int status_ask(const char *lock_file, bool json);

#endif /* CK_STATUS_H */
