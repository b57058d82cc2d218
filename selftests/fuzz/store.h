/* SPDX-License-Identifier: GPL-2.0 */
/* A XenStore in memory, in which an input writes, in place of common/xs.c. */
#ifndef CK_FUZZ_STORE_H
#define CK_FUZZ_STORE_H

#include <stdbool.h>
#include <stddef.h>

void store_start(char *text);
bool store_next(void);
void store_set(const char *path, const char *value);
void store_remove(const char *path);
void store_fire(const char *path);
const char *store_value(const char *path);
void store_each(void (*fn)(const char *path, const char *value));
void store_stop(void);
void store_clear(void);

/* The fuzzer's: what the program under test writes, before it is written. */
void store_written(const char *path, const char *value);
/* A line of the input that is not for the store. */
void store_line(char *line);

#endif /* CK_FUZZ_STORE_H */
