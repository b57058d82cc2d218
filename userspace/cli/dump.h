/* SPDX-License-Identifier: GPL-2.0 */
/* All devices, or all peers of one, as the kernel lists them. */
#ifndef CK_CLI_DUMP_H
#define CK_CLI_DUMP_H

#include "genl.h"

/**
 * struct cli_dump - what the kernel lists
 * @msg: the messages, to be freed
 * @n: their number
 * @size: messages that @msg has room for
 */
struct cli_dump {
	struct ck_message *msg;
	unsigned int n;
	unsigned int size;
};

int cli_dump_devices(struct ck_genl *genl, struct cli_dump *devices);
int cli_dump_peers(struct ck_genl *genl, uint32_t ifindex, struct cli_dump *peers);

#endif /* CK_CLI_DUMP_H */
