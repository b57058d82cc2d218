// SPDX-License-Identifier: GPL-2.0
/* A kernel, a XenStore and devices for the tests of cokeeper(8), and what it prints. */
#include "cli_fakes.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "xs.h"

#define MESSAGES_MAX	32
#define NODES_MAX	16
#define DEVICES_MAX	8
#define STATS_MAX	32
#define FEATURES_MAX	40
#define OUTPUT_SIZE	65536

static char messages[MESSAGES_MAX][1024] __attribute__((aligned(8)));
static unsigned int nmessages;
static uint32_t of_device;

static struct {
	char path[CK_EVENT_SIZE];
	const char *value;
} nodes[NODES_MAX];
static unsigned int nnodes;
static int store_error;

static struct {
	uint32_t ifindex;
	const char *name;
} devices[DEVICES_MAX];
static unsigned int ndevices;
static uint32_t gone;

static const char *const *stats;
static uint64_t values[STATS_MAX];

static struct {
	const char *name;
	bool on;
	bool can;
} features[FEATURES_MAX];
static unsigned int nfeatures;

static struct {
	uint16_t type;
	int err;
} failing;

static int always_readable[2];

char out[OUTPUT_SIZE], err[OUTPUT_SIZE];

int ck_nl_open(struct ck_nl *nl, int bus)
{
	(void)bus;
	memset(nl, 0, sizeof(*nl));
	return 0;
}

void ck_nl_close(struct ck_nl *nl)
{
	(void)nl;
}

int ck_nl_fd(const struct ck_nl *nl)
{
	(void)nl;
	return always_readable[0];
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

/* Return: whether a message is one of those that a request asks for. */
static bool answers(const struct nlmsghdr *nlh, const struct nlmsghdr *request)
{
	const struct genlmsghdr *have = mnl_nlmsg_get_payload(nlh);
	const struct genlmsghdr *asked = mnl_nlmsg_get_payload(request);

	if (request->nlmsg_type == FAMILY)
		return nlh->nlmsg_type == FAMILY && have->cmd == asked->cmd;
	/* rtnetlink's requests have a number that is greater by 2, and begin with a family. */
	if (nlh->nlmsg_type != request->nlmsg_type - 2)
		return false;
	if (nlh->nlmsg_type == RTM_NEWTFILTER)
		return ((struct tcmsg *)have)->tcm_parent == ((struct tcmsg *)asked)->tcm_parent;
	return nlh->nlmsg_type != RTM_NEWRULE || have->cmd == asked->cmd;
}

void fail_request(uint16_t type, int error)
{
	failing.type = type;
	failing.err = error;
}

int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	char buf[256] __attribute__((aligned(8)));
	unsigned int i;

	if (failing.err && nlh->nlmsg_type == failing.type) {
		snprintf(nl->error, sizeof(nl->error), "%s", strerror(-failing.err));
		return failing.err;
	}
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		nlh = mnl_nlmsg_put_header(buf);
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
		cb(nlh, arg);
		return 0;
	}
	for (i = 0; i < nmessages; i++)
		if (answers((void *)messages[i], nlh))
			cb((void *)messages[i], arg);
	return 0;
}

/* The device has a name until the listener is told of what happens. */
void name_until_events(uint32_t ifindex)
{
	gone = ifindex;
}

/* Tell all there is, and have the listener end. */
int ck_nl_drain(struct ck_nl *nl)
{
	unsigned int i;

	if (gone)
		name_device(gone, NULL);
	for (i = 0; i < nmessages; i++)
		nl->ntf((void *)messages[i], nl->ntf_arg);
	raise(SIGTERM);
	return 0;
}

void store_set(const char *path, const char *value)
{
	unsigned int i;

	for (i = 0; i < nnodes && strcmp(nodes[i].path, path); i++)
		;
	assert_true(i < NODES_MAX);
	snprintf(nodes[i].path, sizeof(nodes[i].path), "%s", path);
	nodes[i].value = value;
	if (i == nnodes)
		nnodes++;
}

void store_fail(int error)
{
	store_error = error;
}

int ck_xs_open(struct ck_xs **xs)
{
	*xs = store_error ? NULL : (void *)messages;
	return store_error;
}

void ck_xs_close(struct ck_xs *xs)
{
	(void)xs;
}

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path, struct ck_xs_value *value)
{
	unsigned int i;

	(void)xs;
	(void)t;
	for (i = 0; i < nnodes; i++) {
		if (strcmp(nodes[i].path, path) || !nodes[i].value)
			continue;
		strcpy(value->data, nodes[i].value);
		value->len = strlen(value->data);
		return 0;
	}
	return -ENOENT;
}

/* A node of a path with a child's name is that child; each is given only once. */
int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path, char ***names, unsigned int *n)
{
	size_t len = strlen(path);
	char *name;
	unsigned int i, k;

	(void)xs;
	(void)t;
	*names = malloc(sizeof(nodes));
	*n = 0;
	for (i = 0; i < nnodes; i++) {
		if (strncmp(nodes[i].path, path, len) || nodes[i].path[len] != '/')
			continue;
		name = (char *)(*names + NODES_MAX) + i * CK_MEMBER_SIZE;
		strcpy(name, nodes[i].path + len + 1);
		name[strcspn(name, "/")] = 0;
		for (k = 0; k < *n && strcmp((*names)[k], name); k++)
			;
		if (k == *n)
			(*names)[(*n)++] = name;
	}
	return 0;
}

void name_device(uint32_t ifindex, const char *name)
{
	unsigned int i;

	for (i = 0; i < ndevices && devices[i].ifindex != ifindex; i++)
		;
	assert_true(i < DEVICES_MAX);
	devices[i].ifindex = ifindex;
	devices[i].name = name;
	if (i == ndevices)
		ndevices++;
}

char *if_indextoname(unsigned int ifindex, char name[IF_NAMESIZE])
{
	unsigned int i;

	for (i = 0; i < ndevices; i++)
		if (devices[i].ifindex == ifindex && devices[i].name)
			return strcpy(name, devices[i].name);
	return NULL;
}

unsigned int if_nametoindex(const char *name)
{
	unsigned int i;

	for (i = 0; i < ndevices; i++)
		if (devices[i].name && !strcmp(devices[i].name, name))
			return devices[i].ifindex;
	return 0;
}

void set_stats(const char *const *names)
{
	unsigned int i;

	stats = names;
	for (i = 0; i < STATS_MAX; i++)
		values[i] = 500 + i;
}

void set_stat(unsigned int i, uint64_t value)
{
	values[i] = value;
}

void add_feature(const char *name, bool on, bool can)
{
	assert_true(nfeatures < FEATURES_MAX);
	features[nfeatures++].name = name;
	change_feature(name, on, can);
}

void change_feature(const char *name, bool on, bool can)
{
	unsigned int i;

	for (i = 0; i < nfeatures && strcmp(features[i].name, name); i++)
		;
	assert_true(i < nfeatures);
	features[i].on = on;
	features[i].can = can;
}

/* Return: a string of a set, or NULL. */
static const char *string(uint32_t set, unsigned int i)
{
	if (set == ETH_SS_STATS)
		return stats ? stats[i] : NULL;
	return set == ETH_SS_FEATURES && i < nfeatures ? features[i].name : NULL;
}

static unsigned int count_strings(uint32_t set)
{
	unsigned int n = 0;

	while (string(set, n))
		n++;
	return n;
}

static void get_strings(struct ethtool_gstrings *strings)
{
	unsigned int i;

	assert_int_equal(strings->len, count_strings(strings->string_set));
	for (i = 0; i < strings->len; i++)
		strncpy((char *)strings->data + i * ETH_GSTRING_LEN,
			string(strings->string_set, i), ETH_GSTRING_LEN);
}

static void get_features(struct ethtool_gfeatures *gfeatures)
{
	unsigned int i;

	assert_int_equal(gfeatures->size, nfeatures / 32 + 1);
	for (i = 0; i < nfeatures; i++) {
		gfeatures->features[i / 32].active |= (uint32_t)features[i].on << i % 32;
		gfeatures->features[i / 32].available |= (uint32_t)features[i].can << i % 32;
	}
}

static int get_ethtool(uint32_t cmd, void *data)
{
	struct ethtool_sset_info *sets = data;
	struct ethtool_stats *gstats = data;
	unsigned int n;

	switch (cmd) {
	case ETHTOOL_GSSET_INFO:
		n = count_strings(__builtin_ctzll(sets->sset_mask));
		if (!n)
			sets->sset_mask = 0;
		sets->data[0] = n;
		return 0;
	case ETHTOOL_GSTRINGS:
		get_strings(data);
		return 0;
	case ETHTOOL_GSTATS:
		assert_int_equal(gstats->n_stats, count_strings(ETH_SS_STATS));
		memcpy(gstats->data, values, gstats->n_stats * sizeof(values[0]));
		return 0;
	case ETHTOOL_GFEATURES:
		get_features(data);
		return 0;
	}
	errno = EOPNOTSUPP;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct ifreq *ifr;
	va_list ap;

	(void)fd;
	assert_int_equal(request, SIOCETHTOOL);
	va_start(ap, request);
	ifr = va_arg(ap, struct ifreq *);
	va_end(ap);
	if (!if_nametoindex(ifr->ifr_name)) {
		errno = ENODEV;
		return -1;
	}
	return get_ethtool(*(uint32_t *)ifr->ifr_data, ifr->ifr_data);
}

/* Messages that are added from now on are of this device. */
void message_ifindex(uint32_t ifindex)
{
	of_device = ifindex;
}

struct nlmsghdr *add_message(uint8_t cmd)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *g;

	assert_true(nmessages < MESSAGES_MAX);
	nlh = mnl_nlmsg_put_header(messages[nmessages++]);
	nlh->nlmsg_type = FAMILY;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = cmd;
	mnl_attr_put_u32(nlh, COKEEPER_A_IFINDEX, of_device);
	return nlh;
}

struct nlmsghdr *add_rtnl(uint16_t type, const void *header, size_t size)
{
	struct nlmsghdr *nlh;

	assert_true(nmessages < MESSAGES_MAX);
	nlh = mnl_nlmsg_put_header(messages[nmessages++]);
	nlh->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	return nlh;
}

void put_mac(struct nlmsghdr *nlh, uint16_t type, uint8_t last)
{
	const uint8_t mac[] = { 0, 0x16, 0x3e, 0, 0, last };

	mnl_attr_put(nlh, type, sizeof(mac), mac);
}

/* The lower device has no name here, the device that of the loopback. */
struct nlmsghdr *add_dev(uint8_t cmd)
{
	struct nlmsghdr *nlh = add_message(cmd);
	unsigned int i;

	mnl_attr_put_u32(nlh, COKEEPER_A_LOWER, 999999);
	mnl_attr_put_u64(nlh, COKEEPER_A_INSTANCE, 0xabc);
	mnl_attr_put_u32(nlh, COKEEPER_A_GENERATION, 5);
	put_mac(nlh, COKEEPER_A_MAC, 1);
	for (i = COKEEPER_A_MAX_GRANTS; i <= COKEEPER_A_MAX_PEER_PORTS; i++)
		mnl_attr_put_u32(nlh, i, 100 + i);
	return nlh;
}

struct nlmsghdr *add_peer(uint8_t cmd, uint8_t last, uint32_t state, uint32_t reason)
{
	struct nlmsghdr *nlh = add_message(cmd);
	struct nlattr *nest = mnl_attr_nest_start(nlh, COKEEPER_A_PEER);
	unsigned int i;

	put_mac(nlh, COKEEPER_A_PEER_MAC, last);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_DOMID, 100 + last);
	mnl_attr_put_u64(nlh, COKEEPER_A_PEER_INSTANCE, 0xfedcba9876543210);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_STATE, state);
	mnl_attr_put_u32(nlh, COKEEPER_A_PEER_REASON, reason);
	for (i = COKEEPER_A_PEER_TX_PACKETS; i <= COKEEPER_A_PEER_RX_DROPPED; i++)
		mnl_attr_put_u64(nlh, i, 1000 * last + i);
	for (i = COKEEPER_A_PEER_GRANTS; i <= COKEEPER_A_PEER_PORTS; i++)
		mnl_attr_put_u32(nlh, i, 1000 * last + i);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static void read_all(FILE *file, int fd, int saved, char text[OUTPUT_SIZE])
{
	dup2(saved, fd);
	close(saved);
	rewind(file);
	text[fread(text, 1, OUTPUT_SIZE - 1, file)] = 0;
	fclose(file);
}

/* Return: the command's status. */
int run_args(int (*command)(int, char **), int argc, char **argv)
{
	FILE *files[] = { tmpfile(), tmpfile() };
	int saved[] = { dup(1), dup(2) }, status;
	const struct timespec now = { 0 };
	sigset_t set;

	fflush(stdout);
	dup2(fileno(files[0]), 1);
	dup2(fileno(files[1]), 2);
	status = command(argc, argv);
	fflush(stdout);
	read_all(files[0], 1, saved[0], out);
	read_all(files[1], 2, saved[1], err);

	/* The one that ended a monitor. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigtimedwait(&set, NULL, &now);
	return status;
}

void run(int (*command)(int, char **))
{
	assert_int_equal(run_args(command, 0, NULL), 0);
}

void check_misuse(int (*command)(int, char **), int argc, char **argv, const char *error)
{
	assert_int_equal(run_args(command, argc, argv), CLI_MISUSE);
	assert_string_equal(out, "");
	assert_string_equal(err, error);
}

/* The last command printed what the file in output/ has. */
void assert_golden(const char *file)
{
	char command[512];
	FILE *diff;

	snprintf(command, sizeof(command), "diff -u %s/%s -", GOLDEN_DIR, file);
	fflush(stdout);
	diff = popen(command, "w");
	assert_non_null(diff);
	fputs(out, diff);
	assert_int_equal(pclose(diff), 0);
}

int fakes_reset(void **state)
{
	(void)state;
	memset(messages, 0, sizeof(messages));
	nmessages = 0;
	of_device = 1;
	gone = 0;
	nnodes = 0;
	store_error = 0;
	ndevices = 0;
	name_device(1, "lo");
	stats = NULL;
	nfeatures = 0;
	failing.err = 0;
	out_use_json(false);
	return 0;
}

/* Return: whether there is what all tests need. */
bool fakes_open(void)
{
	setenv("TZ", "UTC", 1);
	return !pipe(always_readable) && write(always_readable[1], "", 1) == 1;
}
