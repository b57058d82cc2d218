/* SPDX-License-Identifier: GPL-2.0 */
/* Memory without which a daemon cannot do its work. */
#ifndef CK_ALLOC_H
#define CK_ALLOC_H

#include <stddef.h>

void *ck_alloc(size_t size);
void *ck_realloc(void *p, size_t size);
char *ck_strdup(const char *text);

#endif /* CK_ALLOC_H */
