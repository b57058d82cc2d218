// SPDX-License-Identifier: GPL-2.0
/* All devices, or all peers of one, as the kernel lists them. */
#include "dump.h"

#include <errno.h>
#include <stdlib.h>

#include "alloc.h"
#include "cli.h"

#define DUMP_TRIES	8

static int store_message(const struct nlmsghdr *nlh, void *arg)
{
	struct cli_dump *dump = arg;

	if (dump->n == dump->size) {
		dump->size = dump->size ? 2 * dump->size : 16;
		dump->msg = ck_realloc(dump->msg, dump->size * sizeof(*dump->msg));
	}
	if (ck_genl_parse(nlh, &dump->msg[dump->n]))
		dump->n++;
	return MNL_CB_OK;
}

static int read_dump(struct ck_genl *genl, uint8_t cmd, uint32_t ifindex, struct cli_dump *dump)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err = -EINTR, i;

	*dump = (struct cli_dump){ 0 };
	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		dump->n = 0;
		nlh = ck_genl_put(genl, buf, cmd);
		nlh->nlmsg_flags = NLM_F_DUMP;
		if (ifindex)
			mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, ifindex);
		err = ck_nl_request(&genl->nl, nlh, store_message, dump);
	}
	if (!err)
		return 0;
	cli_error("%s", genl->nl.error);
	free(dump->msg);
	*dump = (struct cli_dump){ 0 };
	return err;
}

/**
 * cli_dump_devices() - list all devices of this network namespace
 * @genl: a socket
 * @devices: result; none after an error
 *
 * Return: 0 or a negative errno, which has been explained.
 */
int cli_dump_devices(struct ck_genl *genl, struct cli_dump *devices)
{
	return read_dump(genl, COKEEPER_CMD_DEV_GET, 0, devices);
}

static int compare_peers(const void *a, const void *b)
{
	const struct ck_message *ma = a, *mb = b;

	return ck_mac_cmp(&ma->peer.mac, &mb->peer.mac);
}

/**
 * cli_dump_peers() - list all peers of a device
 * @genl: a socket
 * @ifindex: the device
 * @peers: result, in the order of their MACs; none after an error
 *
 * Return: 0 or a negative errno, which has been explained.
 */
int cli_dump_peers(struct ck_genl *genl, uint32_t ifindex, struct cli_dump *peers)
{
	int err = read_dump(genl, COKEEPER_CMD_PEER_GET, ifindex, peers);

	if (!err && peers->n)
		qsort(peers->msg, peers->n, sizeof(peers->msg[0]), compare_peers);
	return err;
}
