/* SPDX-License-Identifier: GPL-2.0 */
/* What the subcommands of cokeeper(8) share. */
#ifndef CK_CLI_H
#define CK_CLI_H

#include <json-c/json.h>
#include <net/if.h>
#include <stdbool.h>

#include "genl.h"

int cmd_show(int argc, char **argv, bool json);
int cmd_monitor(int argc, char **argv, bool json);

int cli_open(struct ck_genl *genl);
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *cli_ifname(uint32_t ifindex, char name[IF_NAMESIZE]);
void cli_json_hex(struct json_object *obj, const char *key, uint64_t value);
void cli_json_str(struct json_object *obj, const char *key, const char *value);
void cli_json_u64(struct json_object *obj, const char *key, uint64_t value);

#endif /* CK_CLI_H */
