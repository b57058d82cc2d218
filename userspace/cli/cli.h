/* SPDX-License-Identifier: GPL-2.0 */
/* What the subcommands of cokeeper(8) share. */
#ifndef CK_CLI_H
#define CK_CLI_H

#include <net/if.h>

#include "genl.h"

int cmd_show(int argc, char **argv);
int cmd_monitor(int argc, char **argv);

int cli_open(struct ck_genl *genl);
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *cli_ifname(uint32_t ifindex, char name[IF_NAMESIZE]);
void cli_print_dev(const struct ck_dev *dev);

#endif /* CK_CLI_H */
