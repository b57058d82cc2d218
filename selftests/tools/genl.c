// SPDX-License-Identifier: GPL-2.0
/* Sends requests of the cokeeper family, good and bad ones, from one socket.
 *
 * usage: genl DEVICE REQUEST [: REQUEST]...
 * A REQUEST is a command's number followed by attributes TYPE=HEX (bytes as they
 * go on the wire) or TYPE{ ... } for a nest. Prints "ok" or "error ERRNO: TEXT"
 * for each. "listen" instead of a request prints the offers that come, for ever.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "../../netlink/cokeeper.h"

static char buf[1 << 20];
static struct mnl_socket *nl;
static uint16_t family;
static const char *text;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct nlmsghdr *start(uint16_t type, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static int on_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family = mnl_attr_get_u16(attr);
	(void)data;
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *nlh, void *data)
{
	(void)data;
	return nlh->nlmsg_type == GENL_ID_CTRL ?
	       mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_attr, NULL) :
	       MNL_CB_OK;
}

/* The extack text follows the error, and the request unless acks are capped. */
static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	unsigned int off = sizeof(*err);

	(void)data;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		off += err->msg.nlmsg_len - sizeof(struct nlmsghdr);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(attr, nlh, off)
			if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
				text = mnl_attr_get_str(attr);
	errno = -err->error;
	return err->error ? MNL_CB_ERROR : MNL_CB_STOP;
}

static mnl_cb_t ctl[NLMSG_MIN_TYPE] = { [NLMSG_ERROR] = on_error };

static int send_request(struct nlmsghdr *nlh)
{
	static char in[1 << 16];
	int n, ret;

	nlh->nlmsg_seq = 1;
	text = "";
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, in, sizeof(in));
		if (n < 0)
			die("recv");
		ret = mnl_cb_run2(in, n, 0, 0, on_message, NULL, ctl,
				  NLMSG_MIN_TYPE);
	} while (ret == MNL_CB_OK);
	return ret < 0 ? -errno : 0;
}

static int parse_hex(const char *s, unsigned char *out, size_t max)
{
	size_t n = 0;

	for (; s[0] && s[1]; s += 2, n++) {
		if (n == max || sscanf(s, "%2hhx", &out[n]) != 1)
			return -1;
	}
	return *s ? -1 : (int)n;
}

/* Adds attributes up to the end of the request or of the nest. */
static char **put_attrs(struct nlmsghdr *nlh, char **arg)
{
	static unsigned char data[60000];

	while (*arg && strcmp(*arg, ":") && strcmp(*arg, "}")) {
		char *end;
		unsigned long type = strtoul(*arg, &end, 10);

		if (*end == '{') {
			struct nlattr *nest = mnl_attr_nest_start(nlh, type);

			arg = put_attrs(nlh, arg + 1);
			mnl_attr_nest_end(nlh, nest);
			if (*arg)
				arg++;
		} else {
			int n = *end == '=' ? parse_hex(end + 1, data, sizeof(data)) : -1;

			if (n < 0) {
				fprintf(stderr, "genl: bad attribute '%s'\n", *arg);
				exit(2);
			}
			mnl_attr_put(nlh, type, n, data);
			arg++;
		}
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	int one = 1, failed = 0;
	unsigned int ifindex;
	char **arg = argv + 2;

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("socket");
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));

	nlh = start(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, COKEEPER_FAMILY_NAME);
	if (send_request(nlh))
		die("family cokeeper");
	ifindex = if_nametoindex(argv[1]);

	while (*arg) {
		int err;

		if (!strcmp(*arg, "listen"))
			for (;;)
				pause();
		nlh = start(family, strtoul(*arg, NULL, 10));
		mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, ifindex);
		arg = put_attrs(nlh, arg + 1);
		err = send_request(nlh);
		if (err) {
			printf("error %s: %s\n", strerrorname_np(-err), text);
			failed = 1;
		} else {
			puts("ok");
		}
		if (*arg)
			arg++;
	}
	return failed;
}
