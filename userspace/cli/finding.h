/* SPDX-License-Identifier: GPL-2.0 */
/* What cokeeper doctor found, and the command that mends it: a line each. */
#ifndef CK_CLI_FINDING_H
#define CK_CLI_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#define QUOTED_SIZE	(4 * 256 + 3)

void found_start(void);
bool found_end(void);

/* @check: what was looked at; @subject: of what, or NULL. */
void found_ok(const char *check, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void found_warn(const char *check, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void found_fail(const char *check, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The command that mends what was found last, here or in dom0. */
void found_mend(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void found_mend_in_dom0(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool found_plain(const char *word, const char *others);
const char *found_quote(const char *word, char buf[QUOTED_SIZE]);

#endif /* CK_CLI_FINDING_H */
