// SPDX-License-Identifier: GPL-2.0
/* What filters the frames of dom0's bridges: nftables, ebtables, br_netfilter.
 *
 * nftables tells of its changes. ebtables-legacy does not, so its loaded tables count
 * as a filter whatever is in them. br_netfilter is switched by sysctl files, whose writers
 * inotify sees as long as somebody has them open. The kernel tells of loaded modules.
 * What cannot be looked at or followed counts as a filter, and is tried again.
 */
#include "brfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "enforced.h"
#include "log.h"
#include "nl.h"

#define EBTABLES	3
#define SYSCTLS		3
#define UEVENT_GROUP	1
#define DEVICE_PREFIX	2	/* NFTA_DEVICE_PREFIX of Linux 6.18 */
#define EVENTS_AT_A_TIME 256
#define DRAIN_ATTEMPTS	16

static const char br_netfilter[] = "/sys/module/br_netfilter";

static const char *const ebtables[EBTABLES] = {
	"/sys/module/ebtable_filter",
	"/sys/module/ebtable_nat",
	"/sys/module/ebtable_broute",
};

static const char *const sysctls[SYSCTLS] = {
	"/proc/sys/net/bridge/bridge-nf-call-arptables",
	"/proc/sys/net/bridge/bridge-nf-call-ip6tables",
	"/proc/sys/net/bridge/bridge-nf-call-iptables",
};

/* A link that a netdev or inet chain with rules hooks into, or all whose names begin so. */
struct hooked {
	char name[IFNAMSIZ];
	bool prefix;
};

struct names {
	struct hooked *name;
	unsigned int n;
};

struct findings {
	bool bridge;
	struct names links;
};

static struct {
	struct ck_nl events;
	struct ck_nl requests;
	struct mnl_socket *uevents;
	int epfd;
	int inotify;
	int sysctl_fd[SYSCTLS];
	bool nft_changed;
	struct findings nft;
	bool legacy;		/* ebtables-legacy or br_netfilter */
} self = { .inotify = -1, .sysctl_fd = { -1, -1, -1 } };

static void add_name(struct names *names, const struct hooked *hooked)
{
	names->name = ck_realloc(names->name,
				 (names->n + 1) * sizeof(*hooked));
	names->name[names->n++] = *hooked;
}

static void hook_link(const struct nlattr *attr, bool prefix,
		      struct names *links)
{
	size_t len = mnl_attr_get_payload_len(attr);
	struct hooked hooked = { .prefix = prefix };

	memcpy(hooked.name, mnl_attr_get_payload(attr),
	       len < IFNAMSIZ ? len : IFNAMSIZ - 1);
	add_name(links, &hooked);
}

static int parse_device(const struct nlattr *attr, void *arg)
{
	hook_link(attr, mnl_attr_get_type(attr) == DEVICE_PREFIX, arg);
	return MNL_CB_OK;
}

struct chain {
	uint32_t hook;
	bool base;
	bool filters;
	struct names links;
};

static int parse_hook(const struct nlattr *attr, void *arg)
{
	struct chain *chain = arg;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_HOOK_HOOKNUM:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			chain->hook = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFTA_HOOK_DEV:
		hook_link(attr, false, &chain->links);
		break;
	case NFTA_HOOK_DEVS:
		mnl_attr_parse_nested(attr, parse_device, &chain->links);
		break;
	}
	return MNL_CB_OK;
}

static int parse_chain(const struct nlattr *attr, void *arg)
{
	struct chain *chain = arg;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_CHAIN_HOOK:
		chain->base = true;
		mnl_attr_parse_nested(attr, parse_hook, chain);
		break;
	case NFTA_CHAIN_POLICY:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			chain->filters |= ntohl(mnl_attr_get_u32(attr)) !=
					  NF_ACCEPT;
		break;
	case NFTA_CHAIN_USE:
		/* The number of its rules: nothing jumps to a base chain. */
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			chain->filters |= ntohl(mnl_attr_get_u32(attr)) > 0;
		break;
	}
	return MNL_CB_OK;
}

/* A base chain without rules that accepts all is none. */
static int take_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct chain chain = { .hook = UINT32_MAX };
	struct findings *findings = arg;
	unsigned int i;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*nfg), parse_chain, &chain);
	if (chain.base && chain.filters) {
		/* Those of local input and output see no frame between guests. */
		if (nfg->nfgen_family == NFPROTO_BRIDGE &&
		    chain.hook != NF_BR_LOCAL_IN &&
		    chain.hook != NF_BR_LOCAL_OUT)
			findings->bridge = true;
		for (i = 0; i < chain.links.n; i++)
			add_name(&findings->links, &chain.links.name[i]);
	}
	free(chain.links.name);
	return MNL_CB_OK;
}

static int read_family(uint8_t family, struct findings *findings)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	int err;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN;
	nlh->nlmsg_flags = NLM_F_DUMP;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	err = ck_nl_request(&self.requests, nlh, take_chain, findings);
	/* A kernel without nftables has no chains. */
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err;
}

static int read_nft(void)
{
	struct findings fresh = { 0 };
	int err;

	if (!self.requests.sk)
		return 0;
	err = read_family(NFPROTO_BRIDGE, &fresh) ?:
	      read_family(NFPROTO_NETDEV, &fresh) ?:
	      read_family(NFPROTO_INET, &fresh);
	if (err) {
		free(fresh.links.name);
		return err;
	}
	free(self.nft.links.name);
	self.nft = fresh;
	return 0;
}

/* Return: 1 if a module is loaded, 0 if not, or a negative errno. */
static int module_loaded(const char *path)
{
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

/* Return: 1 if a sysctl is open and watched, 0 if its module is not loaded, or a negative
 * errno. The files come after their module, and go before it.
 */
static int open_sysctl(int i)
{
	int err, loaded;

	if (self.sysctl_fd[i] >= 0)
		return 1;
	self.sysctl_fd[i] = open(sysctls[i], O_RDONLY | O_CLOEXEC);
	if (self.sysctl_fd[i] < 0) {
		err = -errno;
		loaded = err == -ENOENT ? module_loaded(br_netfilter) : 1;
		return loaded == 1 ? err : loaded;
	}
	if (inotify_add_watch(self.inotify, sysctls[i], IN_MODIFY) >= 0)
		return 1;
	err = -errno;
	close(self.sysctl_fd[i]);
	self.sysctl_fd[i] = -1;
	return err;
}

/* Return: 1 if it is on, 0 if not, or a negative errno. */
static int read_sysctl(int i)
{
	int err = open_sysctl(i);
	ssize_t n;
	char c;

	if (err <= 0)
		return err;
	n = pread(self.sysctl_fd[i], &c, 1, 0);
	if (n == 1)
		return c != '0';
	err = n ? -errno : -EIO;
	close(self.sysctl_fd[i]);
	self.sysctl_fd[i] = -1;
	return err;
}

/* The file of a module that was unloaded cannot be read any more; there may be another one. */
static int sysctl_is_on(int i)
{
	int ret = read_sysctl(i);

	return ret == -ENOENT ? read_sysctl(i) : ret;
}

/* Return: whether a file tells of a filter, or may. */
static bool filters(const char *path, int ret, bool *unsure)
{
	if (ret >= 0)
		return ret;
	*unsure = true;
	ck_limited(ck_err, "%s: %s; taken for a filter of bridges, and tried again", path,
		   strerror(-ret));
	return true;
}

/* Return: whether something could not be looked at. */
static bool read_legacy(void)
{
	bool on = false, unsure = false;
	int i;

	for (i = 0; i < EBTABLES; i++)
		on |= filters(ebtables[i], module_loaded(ebtables[i]), &unsure);
	for (i = 0; i < SYSCTLS; i++)
		on |= filters(sysctls[i], sysctl_is_on(i), &unsure);
	self.legacy = on;
	return unsure;
}

static int take_event(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	(void)arg;
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*nfg) &&
	    (nfg->nfgen_family == NFPROTO_BRIDGE ||
	     nfg->nfgen_family == NFPROTO_NETDEV ||
	     nfg->nfgen_family == NFPROTO_INET))
		self.nft_changed = true;
	return MNL_CB_OK;
}

static int watch(int epfd, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_nft(int epfd)
{
	int group = NFNLGRP_NFTABLES, err;

	err = ck_nl_open(&self.events, NETLINK_NETFILTER) ?:
	      ck_nl_open(&self.requests, NETLINK_NETFILTER);
	if (err == -EPROTONOSUPPORT) {
		ck_nl_close(&self.events);
		return 0;
	}
	if (err)
		return err;
	self.events.ntf = take_event;
	if (mnl_socket_setsockopt(self.events.sk, NETLINK_ADD_MEMBERSHIP,
				  &group, sizeof(group)) < 0)
		return -errno;
	return watch(epfd, ck_nl_fd(&self.events));
}

/* The first module that has to do with nftables was loaded. */
static void open_late_nft(void)
{
	int err = self.events.sk ? 0 : open_nft(self.epfd);

	if (err)
		ck_limited(ck_err, "nftables: %s", strerror(-err));
	self.nft_changed = true;
}

static int open_uevents(int epfd)
{
	self.uevents = mnl_socket_open2(NETLINK_KOBJECT_UEVENT,
					SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!self.uevents ||
	    mnl_socket_bind(self.uevents, UEVENT_GROUP, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return watch(epfd, mnl_socket_get_fd(self.uevents));
}

/**
 * brfilter_open() - follow what filters the frames of bridges
 * @epfd: gets descriptors whose events are for brfilter_changed()
 *
 * Return: 0 or a negative errno.
 */
int brfilter_open(int epfd)
{
	int err;

	self.epfd = epfd;
	self.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (self.inotify < 0)
		return -errno;
	err = watch(epfd, self.inotify);
	if (!err)
		err = open_uevents(epfd);
	if (!err)
		err = open_nft(epfd);
	return err;
}

/* Only modules of bridge filters count; lost events might have told of one. */
static bool drain_uevents(void)
{
	char text[4096];
	bool changed = false;
	int i, len;

	for (i = 0; i < EVENTS_AT_A_TIME; i++) {
		len = recv(mnl_socket_get_fd(self.uevents), text,
			   sizeof(text) - 1, 0);
		if (len < 0)
			return changed || errno == ENOBUFS;
		text[len] = 0;
		changed |= strstr(text, "/module/ebtable_") ||
			   strstr(text, "/module/br_netfilter");
		if (!strstr(text, "/module/nfnetlink") && !strstr(text, "/module/nf_tables"))
			continue;
		open_late_nft();
		changed = true;
	}
	return changed;
}

static bool drain_inotify(void)
{
	char buf[4096] __attribute__((aligned(8)));
	bool any = false;

	while (read(self.inotify, buf, sizeof(buf)) > 0)
		any = true;
	return any;
}

/**
 * brfilter_changed() - take the events of a descriptor
 * @fd: the descriptor; it may be another one's
 *
 * Return: whether brfilter_read() is to be called.
 */
bool brfilter_changed(int fd)
{
	bool changed;
	int i, err = -ENOBUFS;

	if (fd == self.inotify)
		return drain_inotify();
	if (self.uevents && fd == mnl_socket_get_fd(self.uevents))
		return drain_uevents();
	if (!self.events.sk || fd != ck_nl_fd(&self.events))
		return false;
	/* What the kernel loses is counted once until the socket is empty. */
	for (i = 0; i < DRAIN_ATTEMPTS && err; i++) {
		err = ck_nl_drain(&self.events);
		self.nft_changed |= err != 0;
	}
	changed = self.nft_changed;
	self.nft_changed = false;
	return changed;
}

/**
 * brfilter_read() - look at all filters of bridges
 * @again: result: something could not be looked at and counts as a filter until it is, so
 *	   this is to be called again
 *
 * After an error, what was found before holds.
 *
 * Return: 0 or a negative errno.
 */
int brfilter_read(bool *again)
{
	bool before = self.nft.bridge || self.legacy, now;
	int err;

	*again = read_legacy();
	err = read_nft();
	now = self.nft.bridge || self.legacy;
	if (before != now)
		ck_info("frames of bridges are %s by nftables, ebtables or br_netfilter%s",
			now ? "filtered" : "no longer filtered",
			now ? ": interfaces need 'allow = bridge-filter' to be in a group" : "");
	return err;
}

/* Return: bits of what filters the frames of a bridge's port. */
uint32_t brfilter_enforced(const char *link)
{
	const struct names *names = &self.nft.links;
	uint32_t set = 0;
	unsigned int i;

	if (self.nft.bridge || self.legacy)
		set |= ENFORCED_BIT(ENFORCED_BRIDGE_FILTER);
	for (i = 0; i < names->n; i++)
		if (names->name[i].prefix ?
		    !strncmp(names->name[i].name, link,
			     strlen(names->name[i].name)) :
		    !strcmp(names->name[i].name, link))
			set |= ENFORCED_BIT(ENFORCED_NETDEV_FILTER);
	return set;
}

void brfilter_close(void)
{
	int i;

	ck_nl_close(&self.events);
	ck_nl_close(&self.requests);
	if (self.uevents)
		mnl_socket_close(self.uevents);
	self.uevents = NULL;
	if (self.inotify >= 0)
		close(self.inotify);
	self.inotify = -1;
	for (i = 0; i < SYSCTLS; i++) {
		if (self.sysctl_fd[i] >= 0)
			close(self.sysctl_fd[i]);
		self.sysctl_fd[i] = -1;
	}
	free(self.nft.links.name);
	memset(&self.nft, 0, sizeof(self.nft));
}
