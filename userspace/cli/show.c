// SPDX-License-Identifier: GPL-2.0
/* cokeeper show: devices and their peers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "names.h"
#include "output.h"
#include "roster_read.h"

#define DUMP_TRIES	8

struct dump {
	struct ck_message *msg;
	unsigned int n;
	unsigned int size;
};

static int store_message(const struct nlmsghdr *nlh, void *arg)
{
	struct dump *dump = arg;

	if (dump->n == dump->size) {
		dump->size = dump->size ? 2 * dump->size : 16;
		dump->msg = realloc(dump->msg,
				    dump->size * sizeof(*dump->msg));
		if (!dump->msg) {
			cli_error("out of memory");
			exit(1);
		}
	}
	if (ck_genl_parse(nlh, &dump->msg[dump->n]))
		dump->n++;
	return MNL_CB_OK;
}

static int dump(struct ck_genl *genl, uint8_t cmd, uint32_t ifindex,
		struct dump *dump)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		dump->n = 0;
		nlh = ck_genl_put(genl, buf, cmd);
		nlh->nlmsg_flags = NLM_F_DUMP;
		if (ifindex)
			mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, ifindex);
		err = ck_nl_request(&genl->nl, nlh, store_message, dump);
	}
	if (err)
		cli_error("%s", genl->nl.error);
	return err;
}

/**
 * struct roster - what the host tells of a group
 * @known: it could be asked
 */
struct roster {
	bool known;
	struct ck_member *members;
	unsigned int n;
};

static void no_addresses(int err)
{
	cli_error("addresses are not shown, since XenStore cannot be read: %s",
		  strerror(-err));
}

/* Addresses are hints that the kernel does not need: they are in XenStore, which only
 * root may ask.
 */
static void read_roster(struct ck_xs *xs, const struct ck_dev *dev,
			struct roster *roster)
{
	int err;

	memset(roster, 0, sizeof(*roster));
	if (!xs)
		return;
	err = ck_roster_read(xs, &dev->mac, &roster->members, &roster->n);
	roster->known = !err;
	if (err)
		no_addresses(err);
}

static const struct ck_addrs *find_addrs(const struct roster *roster,
					 const struct ck_peer *peer)
{
	static const struct ck_addrs none;
	unsigned int i;

	for (i = 0; i < roster->n; i++)
		if (!ck_mac_cmp(&roster->members[i].mac, &peer->mac))
			return &roster->members[i].addrs;
	return &none;
}

static void print_addrs(const struct ck_addrs *addrs)
{
	char text[CK_ADDR_STRLEN];
	unsigned int i;

	out_open_array("addresses");
	if (addrs->n)
		out_text("        addr");
	for (i = 0; i < addrs->n; i++)
		out_string(NULL, " %s", ck_addr_format(&addrs->a[i], text));
	if (addrs->n)
		out_text("\n");
	out_close();
}

static void print_peer(const struct ck_peer *peer, const struct roster *roster)
{
	char mac[CK_MAC_STRLEN];

	out_open_object(NULL);
	out_string("mac", "    peer %s", ck_mac_format(&peer->mac, mac));
	out_u64("domid", " domid %" PRIu64, peer->domid);
	out_hex("instance", " instance %s", peer->instance);
	out_string("state", " state %s", ck_state_name(peer->state));
	out_string("reason", " reason %s\n", ck_reason_name(peer->reason));
	if (roster->known)
		print_addrs(find_addrs(roster, peer));
	else
		out_null("addresses", "");
	out_u64("tx_packets", "        tx %" PRIu64 " packets",
		peer->tx_packets);
	out_u64("tx_bytes", " %" PRIu64 " bytes", peer->tx_bytes);
	out_u64("rx_packets", ", rx %" PRIu64 " packets", peer->rx_packets);
	out_u64("rx_bytes", " %" PRIu64 " bytes", peer->rx_bytes);
	out_u64("fallback_packets", ", fallback %" PRIu64,
		peer->fallback_packets);
	out_u64("rx_dropped", ", rx dropped %" PRIu64 "\n", peer->rx_dropped);
	out_close();
}

static int compare_peers(const void *a, const void *b)
{
	const struct ck_message *ma = a, *mb = b;

	return ck_mac_cmp(&ma->peer.mac, &mb->peer.mac);
}

static int print_device(struct ck_genl *genl, struct ck_xs *xs,
			const struct ck_dev *dev)
{
	struct dump peers = { 0 };
	struct roster roster;
	char name[IF_NAMESIZE];
	unsigned int i;
	int err;

	err = dump(genl, COKEEPER_CMD_PEER_GET, dev->ifindex, &peers);
	if (err)
		goto out;
	if (peers.n)
		qsort(peers.msg, peers.n, sizeof(peers.msg[0]), compare_peers);
	read_roster(xs, dev, &roster);
	out_open_object(NULL);
	out_string("device", "%s:", cli_ifname(dev->ifindex, name));
	cli_print_dev(dev);
	out_text("\n");
	out_open_array("peers");
	for (i = 0; i < peers.n; i++)
		print_peer(&peers.msg[i].peer, &roster);
	out_close();
	out_close();
	free(roster.members);
out:
	free(peers.msg);
	return err;
}

static int print_devices(struct ck_genl *genl, struct ck_xs *xs,
			 uint32_t ifindex)
{
	struct dump devs = { 0 };
	struct ck_dev dev;
	unsigned int i;
	int err;

	if (ifindex) {
		err = ck_genl_dev_get(genl, ifindex, &dev);
		if (err)
			cli_error("%s", genl->nl.error);
		else
			err = print_device(genl, xs, &dev);
		return err;
	}
	err = dump(genl, COKEEPER_CMD_DEV_GET, 0, &devs);
	for (i = 0; i < devs.n && !err; i++)
		err = print_device(genl, xs, &devs.msg[i].dev);
	free(devs.msg);
	return err;
}

static int show(struct ck_genl *genl, uint32_t ifindex)
{
	struct ck_xs *xs = NULL;
	int err;

	err = ck_xs_open(&xs);
	if (err)
		no_addresses(err);
	out_open_array(NULL);
	err = print_devices(genl, xs, ifindex);
	if (!err)
		out_close();
	if (xs)
		ck_xs_close(xs);
	return err ? 1 : 0;
}

int cmd_show(int argc, char **argv)
{
	const char *name = NULL;
	struct ck_genl genl;
	uint32_t ifindex = 0;
	int ret;

	if (argc == 2 && !strcmp(argv[0], "dev")) {
		name = argv[1];
	} else if (argc == 1 && strcmp(argv[0], "dev")) {
		name = argv[0];
	} else if (argc) {
		cli_error("expected 'show [[dev] NAME]'");
		return 2;
	}
	if (name) {
		ifindex = if_nametoindex(name);
		if (!ifindex) {
			cli_error("no device '%s'", name);
			return 1;
		}
	}
	ret = cli_open(&genl);
	if (ret)
		return ret;
	ret = show(&genl, ifindex);
	ck_genl_close(&genl);
	return ret;
}
