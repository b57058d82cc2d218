/* SPDX-License-Identifier: GPL-2.0 */
/* The administrator's word on who may see whom. */
#ifndef CK_POLICY_H
#define CK_POLICY_H

#include <stdbool.h>

#define CK_POLICY_FILE	"/etc/cokeeper/hostd.conf"

bool policy_load(const char *path, bool optional);
const char *policy_group(const char *name, const char *uuid,
			 const char **barred);

#endif /* CK_POLICY_H */
