// SPDX-License-Identifier: GPL-2.0
/* In place of common/log.c: no message is printed, but all that one is about is read. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void ck_log(int priority, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

bool ck_ratelimit(struct ck_ratelimit *rl, unsigned int *suppressed)
{
	(void)rl;
	*suppressed = 0;
	return true;
}
