/* SPDX-License-Identifier: GPL-2.0 */
/* What ethtool(8) says of a device. */
#ifndef CK_CLI_ETHTOOL_H
#define CK_CLI_ETHTOOL_H

#include <linux/ethtool.h>
#include <stdbool.h>
#include <stdint.h>

struct cli_stat {
	char name[ETH_GSTRING_LEN];
	uint64_t value;
};

/**
 * struct cli_stats - counters of "ethtool -S"
 * @stat: the counters, to be freed
 * @n: their number
 */
struct cli_stats {
	struct cli_stat *stat;
	unsigned int n;
};

int cli_ethtool_stats(uint32_t ifindex, struct cli_stats *stats);
int cli_ethtool_feature(uint32_t ifindex, const char *name, bool *on, bool *can);

#endif /* CK_CLI_ETHTOOL_H */
