/* SPDX-License-Identifier: GPL-2.0 */
/* What the subcommands of cokeeper(8) share. */
#ifndef CK_CLI_H
#define CK_CLI_H

#include <net/if.h>

#include "genl.h"

/* Exit statuses, as ip(8)'s. */
#define CLI_MISUSE	1	/* of the command line */
#define CLI_FAILED	2	/* the kernel, or what is to be asked, reported an error */
#define CLI_UNWELL	3	/* doctor found something that does not work */

int cmd_show(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

int cli_open(struct ck_genl *genl);
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_misuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *cli_ifname(uint32_t ifindex, char name[IF_NAMESIZE]);
void cli_print_dev(const struct ck_dev *dev);

#endif /* CK_CLI_H */
