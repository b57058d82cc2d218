// SPDX-License-Identifier: GPL-2.0
/* The cokeeper netlink family: its sockets, and what it tells of devices. */
#include "genl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "attr.h"

struct nlmsghdr *ck_genl_put(const struct ck_genl *genl, void *buf,
			     uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g;

	nlh->nlmsg_type = genl->family;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = cmd;
	g->version = COKEEPER_FAMILY_VERSION;
	return nlh;
}

static void parse_group(const struct nlattr *group, struct ck_genl *genl)
{
	const struct nlattr *attr;
	const char *name = NULL;
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = ck_attr_str(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = ck_attr_u32(attr);
	}
	if (name && !strcmp(name, COKEEPER_MCGRP_MONITOR))
		genl->monitor = id;
	else if (name && !strcmp(name, COKEEPER_MCGRP_DEVICE))
		genl->device = id;
}

static int parse_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *group;
	struct ck_genl *genl = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			genl->family = ck_attr_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				parse_group(group, genl);
	}
	return MNL_CB_OK;
}

/**
 * ck_genl_open() - open a socket and find the family
 * @genl: the socket; open only on success
 *
 * Return: 0, -ENOENT when the kernel module is not there, or another negative
 * errno.
 */
int ck_genl_open(struct ck_genl *genl)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int err;

	memset(genl, 0, sizeof(*genl));
	err = ck_nl_open(&genl->nl, NETLINK_GENERIC);
	if (err)
		return err;
	genl->family = GENL_ID_CTRL;
	nlh = ck_genl_put(genl, buf, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, COKEEPER_FAMILY_NAME);
	err = ck_nl_request(&genl->nl, nlh, parse_family, genl);
	if (err)
		ck_genl_close(genl);
	return err;
}

void ck_genl_close(struct ck_genl *genl)
{
	ck_nl_close(&genl->nl);
}

/* Receive a group's notifications. Return: 0 or a negative errno. */
int ck_genl_join(struct ck_genl *genl, uint32_t group)
{
	if (mnl_socket_setsockopt(genl->nl.sk, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)))
		return -errno;
	return 0;
}

static void get_mac(const struct nlattr *attr, struct ck_mac *mac)
{
	if (mnl_attr_get_payload_len(attr) == CK_MAC_BYTES)
		memcpy(mac->b, mnl_attr_get_payload(attr), CK_MAC_BYTES);
}

static void parse_peer(const struct nlattr *nest, struct ck_peer *peer)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case COKEEPER_A_PEER_MAC:
			get_mac(attr, &peer->mac);
			break;
		case COKEEPER_A_PEER_DOMID:
			peer->domid = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_INSTANCE:
			peer->instance = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_STATE:
			peer->state = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_REASON:
			peer->reason = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_TX_PACKETS:
			peer->tx_packets = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_TX_BYTES:
			peer->tx_bytes = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_RX_PACKETS:
			peer->rx_packets = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_RX_BYTES:
			peer->rx_bytes = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_FALLBACK_PACKETS:
			peer->fallback_packets = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_RX_DROPPED:
			peer->rx_dropped = ck_attr_u64(attr);
			break;
		case COKEEPER_A_PEER_GRANTS:
			peer->grants = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_LATE_GRANTS:
			peer->late_grants = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_MAPPED:
			peer->mapped = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER_PORTS:
			peer->ports = ck_attr_u32(attr);
			break;
		}
	}
}

static void parse_offer(const struct nlattr *nest, struct ck_message *msg)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case COKEEPER_A_OFFER_ID:
			msg->offer.id = ck_attr_u32(attr);
			break;
		case COKEEPER_A_OFFER_GREF:
			msg->offer.gref = ck_attr_u32(attr);
			break;
		case COKEEPER_A_OFFER_PORT:
			msg->offer.port = ck_attr_u32(attr);
			break;
		case COKEEPER_A_OFFER_WITHDRAW:
			msg->withdraw = true;
			break;
		}
	}
}

/**
 * ck_genl_parse() - decode a message of the family
 * @nlh: the message
 * @msg: what it says
 *
 * Return: whether it names a device.
 */
bool ck_genl_parse(const struct nlmsghdr *nlh, struct ck_message *msg)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(msg, 0, sizeof(*msg));
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*g))
		return false;
	msg->cmd = g->cmd;
	mnl_attr_for_each(attr, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(attr)) {
		case COKEEPER_A_IFINDEX:
			msg->dev.ifindex = ck_attr_u32(attr);
			break;
		case COKEEPER_A_LOWER:
			msg->dev.lower = ck_attr_u32(attr);
			break;
		case COKEEPER_A_INSTANCE:
			msg->dev.instance = ck_attr_u64(attr);
			break;
		case COKEEPER_A_GENERATION:
			msg->dev.generation = ck_attr_u32(attr);
			break;
		case COKEEPER_A_HELPER:
			msg->dev.helper = ck_attr_u32(attr);
			break;
		case COKEEPER_A_MAC:
			get_mac(attr, &msg->dev.mac);
			break;
		case COKEEPER_A_STEER:
			msg->dev.steer = ck_attr_u32(attr);
			break;
		case COKEEPER_A_INACTIVE:
			msg->dev.inactive = ck_attr_u32(attr);
			break;
		case COKEEPER_A_MAX_GRANTS:
			msg->dev.max_grants = ck_attr_u32(attr);
			break;
		case COKEEPER_A_MAX_PEER_GRANTS:
			msg->dev.max_peer_grants = ck_attr_u32(attr);
			break;
		case COKEEPER_A_MAX_PORTS:
			msg->dev.max_ports = ck_attr_u32(attr);
			break;
		case COKEEPER_A_MAX_PEER_PORTS:
			msg->dev.max_peer_ports = ck_attr_u32(attr);
			break;
		case COKEEPER_A_PEER:
			parse_peer(attr, &msg->peer);
			msg->have_peer = true;
			break;
		case COKEEPER_A_OFFER:
			parse_offer(attr, msg);
			msg->have_offer = true;
			break;
		case COKEEPER_A_EVENT:
			msg->event = ck_attr_u32(attr);
			msg->have_event = true;
			break;
		case COKEEPER_A_TIME:
			msg->time = ck_attr_u64(attr);
			break;
		case COKEEPER_A_CAUSE:
			msg->cause = ck_attr_u32(attr);
			break;
		}
	}
	return msg->dev.ifindex != 0;
}

static int store_dev(const struct nlmsghdr *nlh, void *arg)
{
	struct ck_message msg;

	if (ck_genl_parse(nlh, &msg))
		*(struct ck_dev *)arg = msg.dev;
	return MNL_CB_OK;
}

/**
 * ck_genl_dev_get() - describe one device
 * @genl: a socket
 * @ifindex: the device
 * @dev: what the kernel says
 *
 * Return: 0 or a negative errno, explained in @genl->nl.error.
 */
int ck_genl_dev_get(struct ck_genl *genl, uint32_t ifindex, struct ck_dev *dev)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;

	memset(dev, 0, sizeof(*dev));
	nlh = ck_genl_put(genl, buf, COKEEPER_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, ifindex);
	return ck_nl_request(&genl->nl, nlh, store_dev, dev);
}
