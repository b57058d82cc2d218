/* SPDX-License-Identifier: GPL-2.0 */
/* Files of the machine, options of its kernel, and programs. */
#ifndef CK_CLI_SYSTEM_H
#define CK_CLI_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEM_LINE	256

/* What all paths begin with; a test has files of its own. */
extern const char *system_root;

bool system_has(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool system_read(char line[SYSTEM_LINE], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool system_finds(const char *word, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool system_config(const char *release, const char *option, bool *set);
int system_run(char *const argv[], char **out, char **err);

#endif /* CK_CLI_SYSTEM_H */
