/* SPDX-License-Identifier: GPL-2.0 */
/* Makes known what was changed. */
#ifndef CK_PUBLISH_H
#define CK_PUBLISH_H

#include "paths.h"
#include "xs.h"

int publish_start(struct ck_xs *xs);
void publish_now(void);
uint64_t publish_due(void);
void publish_step(uint64_t now);
void publish_event(const struct ck_path *path, const char *text);

#endif /* CK_PUBLISH_H */
