// SPDX-License-Identifier: GPL-2.0
/* What ethtool(8) says of a device. The kernel tells of a driver's own counters by no other
 * way than this ioctl.
 */
#include "ethtool.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"

/* Return: 0 or a negative errno. */
static int request(uint32_t ifindex, void *data)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd, err = 0;

	if (!if_indextoname(ifindex, ifr.ifr_name))
		return -errno;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err = -errno;
	close(fd);
	return err;
}

/* How many strings has a set? Return: 0 or a negative errno. */
static int count_strings(uint32_t ifindex, enum ethtool_stringset set, uint32_t *n)
{
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} sets = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << set } };
	int err = request(ifindex, &sets);

	if (!err)
		memcpy(n, sets.info.data, sizeof(*n));
	return err ? err : sets.info.sset_mask ? 0 : -EOPNOTSUPP;
}

/* Return: the strings of a set, to be freed, or NULL. */
static struct ethtool_gstrings *get_strings(uint32_t ifindex, enum ethtool_stringset set,
					    uint32_t n)
{
	struct ethtool_gstrings *strings;

	strings = ck_alloc(sizeof(*strings) + (size_t)n * ETH_GSTRING_LEN);
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = set;
	strings->len = n;
	if (!request(ifindex, strings))
		return strings;
	free(strings);
	return NULL;
}

/* Return: the values of counters, to be freed, or NULL. */
static struct ethtool_stats *get_values(uint32_t ifindex, uint32_t n)
{
	struct ethtool_stats *values;

	values = ck_alloc(sizeof(*values) + n * sizeof(values->data[0]));
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = n;
	if (!request(ifindex, values))
		return values;
	free(values);
	return NULL;
}

/* No string ends beyond its place, nor has it what a terminal obeys. */
static void take_string(char to[ETH_GSTRING_LEN], const struct ethtool_gstrings *strings,
			uint32_t i)
{
	memcpy(to, strings->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
	to[ETH_GSTRING_LEN - 1] = 0;
	for (; *to; to++)
		if (*to < ' ' || *to > '~')
			*to = '?';
}

/**
 * cli_ethtool_stats() - the counters that a device's driver has
 * @ifindex: the device, whose driver has always the same counters
 * @stats: result; none after an error
 *
 * Return: 0 or a negative errno.
 */
int cli_ethtool_stats(uint32_t ifindex, struct cli_stats *stats)
{
	struct ethtool_gstrings *strings;
	struct ethtool_stats *values;
	uint32_t n, i;
	int err;

	*stats = (struct cli_stats){ 0 };
	err = count_strings(ifindex, ETH_SS_STATS, &n);
	if (err)
		return err;
	strings = get_strings(ifindex, ETH_SS_STATS, n);
	values = get_values(ifindex, n);
	if (strings && values) {
		stats->stat = ck_alloc((n + 1) * sizeof(*stats->stat));
		for (i = 0; i < n && i < strings->len && i < values->n_stats; i++) {
			take_string(stats->stat[i].name, strings, i);
			memcpy(&stats->stat[i].value, &values->data[i], sizeof(uint64_t));
		}
		stats->n = i;
	}
	free(strings);
	free(values);
	return stats->stat ? 0 : -ENODEV;
}

/* Return: the features of a device, in blocks of 32, to be freed, or NULL. */
static struct ethtool_gfeatures *get_features(uint32_t ifindex, uint32_t n)
{
	struct ethtool_gfeatures *features;

	features = ck_alloc(sizeof(*features) + (n / 32 + 1) * sizeof(features->features[0]));
	features->cmd = ETHTOOL_GFEATURES;
	features->size = n / 32 + 1;
	if (!request(ifindex, features))
		return features;
	free(features);
	return NULL;
}

/* Return: the place of a string, or @n. */
static uint32_t find_string(const struct ethtool_gstrings *strings, uint32_t n, const char *name)
{
	char text[ETH_GSTRING_LEN];
	uint32_t i;

	for (i = 0; i < n && i < strings->len; i++) {
		take_string(text, strings, i);
		if (!strcmp(text, name))
			return i;
	}
	return n;
}

/**
 * cli_ethtool_feature() - has a device a feature?
 * @ifindex: the device
 * @name: as "ethtool -k" has it
 * @on: result: whether it is on
 * @can: result: whether it can be switched
 *
 * Return: 0 or a negative errno.
 */
int cli_ethtool_feature(uint32_t ifindex, const char *name, bool *on, bool *can)
{
	struct ethtool_gfeatures *features;
	struct ethtool_gstrings *strings;
	int err, ret = -EOPNOTSUPP;
	uint32_t n, i = 0, bit;

	err = count_strings(ifindex, ETH_SS_FEATURES, &n);
	if (err)
		return err;
	strings = get_strings(ifindex, ETH_SS_FEATURES, n);
	features = get_features(ifindex, n);
	if (strings)
		i = find_string(strings, n, name);
	if (strings && features && i < n) {
		bit = 1u << i % 32;
		*on = features->features[i / 32].active & bit;
		*can = features->features[i / 32].available & bit;
		ret = 0;
	}
	free(strings);
	free(features);
	return ret;
}
