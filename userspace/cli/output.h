/* SPDX-License-Identifier: GPL-2.0 */
/* One call prints text or JSON. */
#ifndef CK_CLI_OUTPUT_H
#define CK_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

void out_use_json(bool on);
void out_open_object(const char *key);
void out_open_array(const char *key);
void out_close(void);
void out_text(const char *text);
void out_string(const char *key, const char *fmt, const char *value);
void out_u64(const char *key, const char *fmt, uint64_t value);
void out_hex(const char *key, const char *fmt, uint64_t value);
void out_null(const char *key, const char *text);

#endif /* CK_CLI_OUTPUT_H */
