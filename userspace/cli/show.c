// SPDX-License-Identifier: GPL-2.0
/* cokeeper show: devices and their peers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dump.h"
#include "names.h"
#include "output.h"
#include "roster_read.h"

/**
 * struct roster - what the host tells of a group
 * @known: it could be asked
 * @head: which group it is, or why it is none
 * @members: the guests in it
 */
struct roster {
	bool known;
	struct ck_roster head;
	struct ck_member *members;
	unsigned int n;
};

static void roster_unknown(const char *why)
{
	cli_error("group and addresses are not shown, since XenStore cannot be read: %s",
		  why);
}

/* Group and addresses are what the kernel does not need: they are in XenStore, which
 * only root may ask.
 */
static struct ck_xs *open_store(void)
{
	struct ck_xs *xs = NULL;
	int err = ck_xs_open(&xs);

	if (err == -EACCES || err == -EPERM)
		roster_unknown("Permission denied; root may");
	else if (err)
		roster_unknown(strerror(-err));
	return xs;
}

static void read_roster(struct ck_xs *xs, const struct ck_dev *dev,
			struct roster *roster)
{
	struct ck_value_error why;

	memset(roster, 0, sizeof(*roster));
	if (!xs)
		return;
	roster->known = !ck_roster_read(xs, &dev->mac, &roster->head,
					&roster->members, &roster->n, &why);
	if (!roster->known)
		roster_unknown(why.text);
}

/* Return: why the device is in no group, or why dom0 did not accept what it announced last, or
 * NULL.
 */
static const char *group_reason(const struct ck_dev *dev,
			    const struct roster *roster)
{
	if (!roster->known)
		return "unknown";
	if (roster->head.reason[0])
		return roster->head.reason;
	if (roster->head.member)
		return NULL;
	return dev->inactive ? "inactive" :
	       !dev->helper ? "no-helper" : "no-answer";
}

static void print_group(const struct ck_dev *dev, const struct roster *roster)
{
	const char *why = group_reason(dev, roster);

	if (roster->head.group[0])
		out_string("group", "    group %s", roster->head.group);
	else
		out_null("group", "    group none");
	if (why)
		out_string("group_reason", " reason %s", why);
	else
		out_null("group_reason", "");
	out_text("\n");
}

/* Where a peer is, and which addresses dom0 lets it send from. */
static void print_addrs(const struct ck_peer *peer, const struct roster *roster)
{
	static const struct ck_member none;
	const struct ck_member *member = &none;
	unsigned int i;

	for (i = 0; i < roster->n && member == &none; i++)
		if (!ck_mac_cmp(&roster->members[i].mac, &peer->mac))
			member = &roster->members[i];
	out_addrs("addresses", "        addr", &member->addrs);
	out_sources("may_send_from", "        may send from", &member->sources);
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
	if (roster->known) {
		print_addrs(peer, roster);
	} else {
		out_null("addresses", "");
		out_null("may_send_from", "");
	}
	out_u64("tx_packets", "        tx %" PRIu64 " packets",
		peer->tx_packets);
	out_u64("tx_bytes", " %" PRIu64 " bytes", peer->tx_bytes);
	out_u64("rx_packets", ", rx %" PRIu64 " packets", peer->rx_packets);
	out_u64("rx_bytes", " %" PRIu64 " bytes", peer->rx_bytes);
	out_u64("fallback_packets", ", fallback %" PRIu64,
		peer->fallback_packets);
	out_u64("rx_dropped", ", rx dropped %" PRIu64 "\n", peer->rx_dropped);
	out_u64("grants", "        holds %" PRIu64 " grants", peer->grants);
	out_u64("late_grants", " (%" PRIu64 " late)", peer->late_grants);
	out_u64("mapped", ", %" PRIu64 " mapped pages", peer->mapped);
	out_u64("ports", ", %" PRIu64 " ports\n", peer->ports);
	out_close();
}

/* What channels may hold in sum, and with one domain. */
static void print_shares(const struct ck_dev *dev)
{
	out_u64("max_grants", "    at most %" PRIu64 " grants", dev->max_grants);
	out_u64("max_peer_grants", " (%" PRIu64 " a domain)", dev->max_peer_grants);
	out_u64("max_ports", ", %" PRIu64 " ports", dev->max_ports);
	out_u64("max_peer_ports", " (%" PRIu64 " a domain)\n", dev->max_peer_ports);
}

static int print_device(struct ck_genl *genl, struct ck_xs *xs,
			const struct ck_dev *dev)
{
	struct cli_dump peers;
	struct roster roster;
	char name[IF_NAMESIZE];
	unsigned int i;
	int err;

	err = cli_dump_peers(genl, dev->ifindex, &peers);
	if (err)
		return err;
	read_roster(xs, dev, &roster);
	out_open_object(NULL);
	out_string("device", "%s:", cli_ifname(dev->ifindex, name));
	cli_print_dev(dev);
	out_text("\n");
	print_group(dev, &roster);
	print_shares(dev);
	out_open_array("peers");
	for (i = 0; i < peers.n; i++)
		print_peer(&peers.msg[i].peer, &roster);
	out_close();
	out_close();
	free(roster.members);
	free(peers.msg);
	return 0;
}

static int print_devices(struct ck_genl *genl, struct ck_xs *xs,
			 uint32_t ifindex)
{
	struct cli_dump devs;
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
	err = cli_dump_devices(genl, &devs);
	for (i = 0; i < devs.n && !err; i++)
		err = print_device(genl, xs, &devs.msg[i].dev);
	free(devs.msg);
	return err;
}

static int show(struct ck_genl *genl, uint32_t ifindex)
{
	struct ck_xs *xs = open_store();
	int err;

	out_open_array(NULL);
	err = print_devices(genl, xs, ifindex);
	if (!err)
		out_close();
	if (xs)
		ck_xs_close(xs);
	return err ? CLI_FAILED : 0;
}

int cmd_show(int argc, char **argv)
{
	const char *name = NULL;
	struct ck_genl genl;
	uint32_t ifindex = 0;
	int ret;

	if (argc && !strcmp(argv[0], "dev")) {
		if (argc == 1)
			return cli_misuse("'dev' needs the name of a device");
		argc--;
		argv++;
	}
	if (argc > 1)
		return cli_misuse("unexpected argument '%s'", argv[1]);
	if (argc)
		name = argv[0];
	if (name) {
		ifindex = if_nametoindex(name);
		if (!ifindex) {
			cli_error("there is no device '%s'", name);
			return CLI_MISUSE;
		}
	}
	ret = cli_open(&genl);
	if (ret)
		return ret;
	ret = show(&genl, ifindex);
	ck_genl_close(&genl);
	return ret;
}
