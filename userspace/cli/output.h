/* SPDX-License-Identifier: GPL-2.0 */
/* One call prints text or JSON. */
#ifndef CK_CLI_OUTPUT_H
#define CK_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"

void out_to(FILE *file);
FILE *out_file(void);
void out_use_json(bool on);
bool out_json(void);
void out_open_object(const char *key);
void out_open_array(const char *key);
void out_close(void);
void out_text(const char *text);
void out_string(const char *key, const char *fmt, const char *value);
void out_foreign(const char *key, const char *fmt, const char *value);
void out_u64(const char *key, const char *fmt, uint64_t value);
void out_hex(const char *key, const char *fmt, uint64_t value);
void out_addrs(const char *key, const char *text, const struct ck_addrs *addrs);
void out_sources(const char *key, const char *text, const struct ck_sources *sources);
void out_null(const char *key, const char *text);
int out_flush(void);

#endif /* CK_CLI_OUTPUT_H */
