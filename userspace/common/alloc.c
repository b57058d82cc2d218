// SPDX-License-Identifier: GPL-2.0
/* Memory without which a daemon cannot do its work: it is there, or that is its end. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static void *checked(void *p)
{
	if (!p) {
		ck_err("out of memory");
		abort();
	}
	return p;
}

/* Return: zeroed memory. */
void *ck_alloc(size_t size)
{
	return checked(calloc(1, size));
}

void *ck_realloc(void *p, size_t size)
{
	return checked(realloc(p, size));
}

char *ck_strdup(const char *text)
{
	return checked(strdup(text));
}
