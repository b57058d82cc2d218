// SPDX-License-Identifier: GPL-2.0
/* cokeeper show: devices and their peers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "names.h"
#include "xs.h"

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

/* What the host tells of the peers, in its order. */
struct words {
	struct ck_member *word;
	unsigned int n;
};

/* Addresses are hints that only the helper needs: they stand in XenStore. */
static void read_words(struct ck_xs *xs, const struct ck_dev *dev,
		       struct words *words)
{
	char path[CK_PATH_SIZE], own[CK_MAC_STRLEN], **names;
	unsigned int i, n;

	memset(words, 0, sizeof(*words));
	if (!xs)
		return;
	snprintf(path, sizeof(path), "cokeeper/%s/member",
		 ck_mac_format_node(&dev->mac, own));
	ck_xs_list(xs, CK_XS_NULL, path, &names, &n);
	words->word = calloc(n, sizeof(*words->word));
	for (i = 0; i < n && words->word; i++)
		words->n += ck_member_parse(names[i], &words->word[words->n]);
	free(names);
}

static struct ck_addrs find_addrs(const struct words *words,
				  const struct ck_peer *peer)
{
	struct ck_addrs addrs = { 0 };
	uint64_t seq = 0;
	unsigned int i;

	for (i = 0; i < words->n; i++) {
		if (ck_mac_cmp(&words->word[i].mac, &peer->mac) ||
		    words->word[i].seq < seq)
			continue;
		seq = words->word[i].seq;
		addrs = words->word[i].addrs;
	}
	return addrs;
}

static void print_device(const struct ck_dev *dev)
{
	char name[IF_NAMESIZE], lower[IF_NAMESIZE], mac[CK_MAC_STRLEN];

	printf("%s: lower %s mac %s instance %016" PRIx64
	       " generation %" PRIu32,
	       cli_ifname(dev->ifindex, name), cli_ifname(dev->lower, lower),
	       ck_mac_format(&dev->mac, mac), dev->instance, dev->generation);
	if (dev->helper)
		printf(" helper %" PRIu32 "\n", dev->helper);
	else
		printf(" helper none\n");
}

static void print_peer(const struct ck_peer *peer,
		       const struct ck_addrs *addrs)
{
	char mac[CK_MAC_STRLEN], text[CK_ADDR_STRLEN];
	unsigned int i;

	printf("    peer %s domid %" PRIu32 " instance %016" PRIx64
	       " state %s reason %s\n",
	       ck_mac_format(&peer->mac, mac), peer->domid, peer->instance,
	       ck_state_name(peer->state), ck_reason_name(peer->reason));
	for (i = 0; i < addrs->n; i++)
		printf("%s%s", i ? " " : "        addr ",
		       ck_addr_format(&addrs->a[i], text));
	if (addrs->n)
		putchar('\n');
	printf("        tx %" PRIu64 " packets %" PRIu64 " bytes, rx %" PRIu64
	       " packets %" PRIu64 " bytes, fallback %" PRIu64
	       ", rx dropped %" PRIu64 "\n",
	       peer->tx_packets, peer->tx_bytes, peer->rx_packets,
	       peer->rx_bytes, peer->fallback_packets, peer->rx_dropped);
}

static struct json_object *json_device(const struct ck_dev *dev)
{
	char name[IF_NAMESIZE], mac[CK_MAC_STRLEN];
	struct json_object *obj;

	obj = json_object_new_object();
	cli_json_str(obj, "device", cli_ifname(dev->ifindex, name));
	cli_json_str(obj, "lower", cli_ifname(dev->lower, name));
	cli_json_str(obj, "mac", ck_mac_format(&dev->mac, mac));
	cli_json_hex(obj, "instance", dev->instance);
	cli_json_u64(obj, "generation", dev->generation);
	if (dev->helper)
		cli_json_u64(obj, "helper", dev->helper);
	else
		json_object_object_add(obj, "helper", NULL);
	return obj;
}

static struct json_object *json_peer(const struct ck_peer *peer,
				     const struct ck_addrs *addrs)
{
	char mac[CK_MAC_STRLEN], text[CK_ADDR_STRLEN];
	struct json_object *obj, *array;
	unsigned int i;

	array = json_object_new_array();
	for (i = 0; i < addrs->n; i++) {
		ck_addr_format(&addrs->a[i], text);
		json_object_array_add(array, json_object_new_string(text));
	}
	obj = json_object_new_object();
	cli_json_str(obj, "mac", ck_mac_format(&peer->mac, mac));
	cli_json_u64(obj, "domid", peer->domid);
	cli_json_hex(obj, "instance", peer->instance);
	json_object_object_add(obj, "addresses", array);
	cli_json_str(obj, "state", ck_state_name(peer->state));
	cli_json_str(obj, "reason", ck_reason_name(peer->reason));
	cli_json_u64(obj, "tx_packets", peer->tx_packets);
	cli_json_u64(obj, "tx_bytes", peer->tx_bytes);
	cli_json_u64(obj, "rx_packets", peer->rx_packets);
	cli_json_u64(obj, "rx_bytes", peer->rx_bytes);
	cli_json_u64(obj, "fallback_packets", peer->fallback_packets);
	cli_json_u64(obj, "rx_dropped", peer->rx_dropped);
	return obj;
}

static int compare_peers(const void *a, const void *b)
{
	const struct ck_message *ma = a, *mb = b;

	return ck_mac_cmp(&ma->peer.mac, &mb->peer.mac);
}

/* Show one device, as text, or as an object added to @out. */
static int show_device(struct ck_genl *genl, struct ck_xs *xs,
		       const struct ck_dev *dev, struct json_object *out)
{
	struct json_object *obj = NULL, *array = NULL;
	struct dump peers = { 0 };
	struct ck_addrs addrs;
	struct words words;
	unsigned int i;
	int err;

	read_words(xs, dev, &words);
	err = dump(genl, COKEEPER_CMD_PEER_GET, dev->ifindex, &peers);
	if (err)
		goto out;
	if (peers.n)
		qsort(peers.msg, peers.n, sizeof(peers.msg[0]), compare_peers);
	if (out) {
		obj = json_device(dev);
		array = json_object_new_array();
	} else {
		print_device(dev);
	}
	for (i = 0; i < peers.n; i++) {
		addrs = find_addrs(&words, &peers.msg[i].peer);
		if (out)
			json_object_array_add(array,
					      json_peer(&peers.msg[i].peer,
							&addrs));
		else
			print_peer(&peers.msg[i].peer, &addrs);
	}
	if (out) {
		json_object_object_add(obj, "peers", array);
		json_object_array_add(out, obj);
	}
out:
	free(words.word);
	free(peers.msg);
	return err;
}

static int show_all(struct ck_genl *genl, uint32_t ifindex, bool json)
{
	struct json_object *out = json ? json_object_new_array() : NULL;
	struct ck_xs *xs = NULL;
	struct dump devs = { 0 };
	struct ck_dev dev;
	unsigned int i;
	int err;

	ck_xs_open(&xs);
	if (ifindex) {
		err = ck_genl_dev_get(genl, ifindex, &dev);
		if (err)
			cli_error("%s", genl->nl.error);
		else
			err = show_device(genl, xs, &dev, out);
	} else {
		err = dump(genl, COKEEPER_CMD_DEV_GET, 0, &devs);
		for (i = 0; i < devs.n && !err; i++)
			err = show_device(genl, xs, &devs.msg[i].dev, out);
	}
	if (out && !err)
		puts(json_object_to_json_string_ext(out,
						    JSON_C_TO_STRING_PLAIN));
	json_object_put(out);
	free(devs.msg);
	if (xs)
		ck_xs_close(xs);
	return err ? 1 : 0;
}

int cmd_show(int argc, char **argv, bool json)
{
	struct ck_genl genl;
	uint32_t ifindex = 0;
	int ret;

	if (argc && (argc != 2 || strcmp(argv[0], "dev"))) {
		cli_error("expected 'show [dev NAME]'");
		return 2;
	}
	if (argc) {
		ifindex = if_nametoindex(argv[1]);
		if (!ifindex) {
			cli_error("no device '%s'", argv[1]);
			return 1;
		}
	}
	ret = cli_open(&genl);
	if (ret)
		return ret;
	ret = show_all(&genl, ifindex, json);
	ck_genl_close(&genl);
	return ret;
}
