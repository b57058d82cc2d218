// SPDX-License-Identifier: GPL-2.0
/* The helpers of all devices of one kernel, and the dom0 between them: tells each device of
 * the others, and carries offers.
 *
 * usage: helpers NETNS/DEVICE/DOMID...
 *
 * Prints "ready" once all devices know each other. A device that comes back with another
 * instance, or under another MAC, is made known; one that takes no part, or is gone, is
 * forgotten. Ends with a signal.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "genl.h"

#define GUESTS_MAX	8
#define OFFERS_MAX	64

/* An offer that is on its way. */
struct offer {
	struct ck_mac to;
	struct ck_offer value;
};

struct guest {
	struct ck_genl genl;
	struct ck_dev dev;
	uint32_t domid;
	bool there;
	bool changed;
	struct offer offer[OFFERS_MAX];
	unsigned int offers;
};

static struct guest guests[GUESTS_MAX];
static unsigned int nr;

static void die(const char *what, int err)
{
	fprintf(stderr, "helpers: %s: %s\n", what, strerror(-err));
	exit(1);
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	struct guest *guest = arg;
	struct ck_message msg;

	if (!ck_genl_parse(nlh, &msg) || msg.dev.ifindex != guest->dev.ifindex)
		return MNL_CB_OK;
	if (msg.cmd == COKEEPER_CMD_DEV_NTF)
		guest->changed = true;
	else if (msg.cmd == COKEEPER_CMD_OFFER_NTF && msg.have_offer && !msg.withdraw &&
		 guest->offers < OFFERS_MAX)
		guest->offer[guest->offers++] = (struct offer){ msg.peer.mac, msg.offer };
	return MNL_CB_OK;
}

static void put_peer(struct nlmsghdr *nlh, const struct guest *peer)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);

	mnl_attr_put(nlh, COKEEPER_A_PEER_MAC, CK_MAC_BYTES, peer->dev.mac.b);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_DOMID, peer->domid);
	mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE, peer->dev.instance);
	mnl_attr_nest_end(nlh, nest);
}

/* What fails while a device goes or faults are injected is tried again with the next event. */
static int request(struct guest *guest, struct nlmsghdr *nlh, const char *what)
{
	int err = ck_nl_request(&guest->genl.nl, nlh, NULL, NULL);

	if (err)
		fprintf(stderr, "helpers: %s: %s\n", what, guest->genl.nl.error);
	return err;
}

static struct nlmsghdr *put_request(const struct guest *guest, char *buf, uint8_t cmd)
{
	struct nlmsghdr *nlh = ck_genl_put(&guest->genl, buf, cmd);

	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, guest->dev.ifindex);
	return nlh;
}

static void set_roster(struct guest *guest)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = put_request(guest, buf, COKEEPER_CMD_ROSTER_SET);
	struct guest *peer;

	for (peer = guests; peer < guests + nr; peer++)
		if (peer != guest && peer->there)
			put_peer(nlh, peer);
	request(guest, nlh, "roster");
}

static void carry(struct guest *from, const struct offer *offer)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	struct guest *to;

	for (to = guests; to < guests + nr; to++)
		if (to->there && !ck_mac_cmp(&to->dev.mac, &offer->to))
			break;
	if (to == guests + nr)
		return;
	nlh = put_request(to, buf, COKEEPER_CMD_OFFER_SET);
	put_peer(nlh, from);
	nest = mnl_attr_nest_start(nlh, COKEEPER_A_OFFER);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_ID, offer->value.id);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_GREF, offer->value.gref);
	mnl_attr_put_u32(nlh, COKEEPER_A_OFFER_PORT, offer->value.port);
	mnl_attr_nest_end(nlh, nest);
	request(to, nlh, "offer");
}

/* Find out what became of the devices that said something; true if the others are to know. */
static bool update(void)
{
	bool news = false, there;
	struct guest *guest;
	struct ck_dev dev = { 0 };
	int err;

	for (guest = guests; guest < guests + nr; guest++) {
		if (!guest->changed)
			continue;
		guest->changed = false;
		err = ck_genl_dev_get(&guest->genl, guest->dev.ifindex, &dev);
		if (err && err != -ENODEV) {
			fprintf(stderr, "helpers: device: %s\n", guest->genl.nl.error);
			continue;
		}
		there = !err && !dev.inactive;
		news |= guest->there != there || dev.instance != guest->dev.instance ||
			ck_mac_cmp(&dev.mac, &guest->dev.mac);
		guest->there = there;
		if (!err)
			guest->dev = dev;
	}
	return news;
}

static void open_guest(struct guest *guest, char *arg)
{
	char *netns = strtok(arg, "/"), *name = strtok(NULL, "/"), *domid = strtok(NULL, "/");
	char path[64], buf[CK_NL_REQUEST_SIZE];
	int fd, err;

	if (!netns || !name || !domid)
		exit(2);
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path, -errno);
	close(fd);
	guest->domid = strtoul(domid, NULL, 10);
	guest->dev.ifindex = if_nametoindex(name);
	err = ck_genl_open(&guest->genl);
	if (err)
		die("family", err);
	guest->genl.nl.ntf = on_message;
	guest->genl.nl.ntf_arg = guest;
	err = ck_genl_join(&guest->genl, guest->genl.device);
	if (err)
		die("group", err);
	err = ck_genl_dev_get(&guest->genl, guest->dev.ifindex, &guest->dev);
	if (err)
		die(name, err);
	guest->there = !guest->dev.inactive;
	err = request(guest, put_request(guest, buf, COKEEPER_CMD_HELPER_BIND), "bind");
	if (err)
		exit(1);
}

int main(int argc, char **argv)
{
	struct pollfd pfd[GUESTS_MAX];
	unsigned int i;

	if (argc < 2 || argc > GUESTS_MAX + 1)
		return 2;
	for (nr = 0; nr < (unsigned int)argc - 1; nr++) {
		open_guest(&guests[nr], argv[nr + 1]);
		pfd[nr] = (struct pollfd){ ck_nl_fd(&guests[nr].genl.nl), POLLIN, 0 };
	}
	for (i = 0; i < nr; i++)
		set_roster(&guests[i]);
	puts("ready");
	fflush(stdout);

	for (;;) {
		poll(pfd, nr, -1);
		for (i = 0; i < nr; i++)
			ck_nl_drain(&guests[i].genl.nl);
		if (update())
			for (i = 0; i < nr; i++)
				if (guests[i].there)
					set_roster(&guests[i]);
		for (i = 0; i < nr; i++) {
			struct guest *guest = &guests[i];

			while (guest->offers)
				carry(guest, &guest->offer[--guest->offers]);
		}
	}
}
