// SPDX-License-Identifier: GPL-2.0
/* The live state of dom0's network, as far as it carries guests' interfaces.
 *
 * It is read as a whole once, and followed by notifications. When some were lost, and
 * after a failure, it is read as a whole again; meanwhile, what was known holds.
 */
#include "links.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "alloc.h"
#include "attr.h"
#include "brfilter.h"
#include "enforced.h"
#include "log.h"
#include "nl.h"
#include "tc.h"

#define RETRY_SECONDS	1
#define DUMP_ATTEMPTS	8	/* a dump that was interrupted by changes */
#define DRAIN_ATTEMPTS	16
#define EVENTS		8
#define BUCKETS		1024

/**
 * struct link - a link of dom0
 * @told: what links_vif() says of it
 * @known: all about it was read once
 * @seen: in the dump under way
 * @is_bridge: it is a Linux bridge
 * @is_ovs: it is an Open vSwitch
 * @vlans: as a bridge: it has VLANs
 * @mst: as a bridge: it has a state for each VLAN (MSTP), of whose changes it tells nobody
 * @nf_call: as a bridge: br_netfilter sees its frames
 * @port: as a port of a Linux bridge: its state is known
 * @operstate: IF_OPER_*; without a carrier it is down
 * @dormant: so it is to be when it has a carrier, until a process of dom0 says otherwise
 * @blocked: it did not pass frames when it last had a carrier
 * @tc: bits of enum enforced that traffic control sets
 * @tc_found: the same, while it is being read
 */
struct link {
	LIST_ENTRY(link) next;
	LIST_ENTRY(link) in_bucket;
	uint32_t ifindex;
	char name[IFNAMSIZ];
	struct links_vif told;
	bool known;
	bool seen;
	uint32_t flags;
	uint32_t master;
	bool is_bridge;
	bool is_ovs;
	bool vlans;
	bool mst;
	bool nf_call;
	bool xdp;
	uint8_t operstate;
	bool dormant;
	bool port;
	bool blocked;
	uint8_t port_state;
	bool isolated;
	bool locked;
	uint16_t pvid;
	bool pvid_untagged;
	bool pvid_blocked;
	uint32_t tc;
	uint32_t tc_found;
};

static struct {
	int epfd;
	int timer;
	struct ck_nl events;
	struct ck_nl requests;
	links_changed_fn changed;
	void *arg;
	LIST_HEAD(, link) links;
	LIST_HEAD(, link) by_ifindex[BUCKETS];
	bool reread;		/* all */
	bool reread_ports;
	bool reread_tc;
	bool reread_filters;
	bool filters_unsure;	/* to be read again when the timer expires */
} self = { .epfd = -1, .timer = -1 };

static struct link *find(uint32_t ifindex)
{
	struct link *link;

	LIST_FOREACH(link, &self.by_ifindex[ifindex % BUCKETS], in_bucket)
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

static struct link *find_name(const char *name)
{
	struct link *link;

	LIST_FOREACH(link, &self.links, next)
		if (!strcmp(link->name, name))
			return link;
	return NULL;
}

static struct link *add(uint32_t ifindex)
{
	struct link *link = ck_alloc(sizeof(*link));

	link->ifindex = ifindex;
	LIST_INSERT_HEAD(&self.links, link, next);
	LIST_INSERT_HEAD(&self.by_ifindex[ifindex % BUCKETS], link, in_bucket);
	return link;
}

static void free_link(struct link *link)
{
	LIST_REMOVE(link, next);
	LIST_REMOVE(link, in_bucket);
	free(link);
}

/* Nothing is left to be found by the name when it is told of. */
static void rename_link(struct link *link, const char *name)
{
	bool told = link->told.exists;
	char old[IFNAMSIZ];

	strcpy(old, link->name);
	snprintf(link->name, IFNAMSIZ, "%s", name);
	memset(&link->told, 0, sizeof(link->told));
	if (told)
		self.changed(old, self.arg);
}

static void remove_link(struct link *link)
{
	rename_link(link, "");
	free_link(link);
}

static bool has_mst(const struct nlattr *attr)
{
	const struct br_boolopt_multi *options = mnl_attr_get_payload(attr);

	return mnl_attr_get_payload_len(attr) >= sizeof(*options) &&
	       options->optval & 1u << BR_BOOLOPT_MST_ENABLE;
}

static int parse_bridge(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_BR_VLAN_FILTERING:
		link->vlans = ck_attr_u8(attr);
		break;
	case IFLA_BR_MULTI_BOOLOPT:
		link->mst = has_mst(attr);
		break;
	case IFLA_BR_NF_CALL_IPTABLES:
	case IFLA_BR_NF_CALL_IP6TABLES:
	case IFLA_BR_NF_CALL_ARPTABLES:
		link->nf_call |= ck_attr_u8(attr);
		break;
	}
	return MNL_CB_OK;
}

static int parse_port(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_BRPORT_STATE:
		link->port_state = ck_attr_u8(attr);
		link->port = true;
		break;
	case IFLA_BRPORT_ISOLATED:
		link->isolated = ck_attr_u8(attr);
		break;
	case IFLA_BRPORT_LOCKED:
		link->locked = ck_attr_u8(attr);
		break;
	}
	return MNL_CB_OK;
}

struct info {
	const char *kind;
	const char *port_kind;
	const struct nlattr *data;
	const struct nlattr *port_data;
};

static int parse_info(const struct nlattr *attr, void *arg)
{
	struct info *info = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		info->kind = ck_attr_str(attr);
		break;
	case IFLA_INFO_DATA:
		info->data = attr;
		break;
	case IFLA_INFO_SLAVE_KIND:
		info->port_kind = ck_attr_str(attr);
		break;
	case IFLA_INFO_SLAVE_DATA:
		info->port_data = attr;
		break;
	}
	return MNL_CB_OK;
}

static void take_info(const struct nlattr *attr, struct link *link)
{
	struct info info = { .kind = "", .port_kind = "" };

	mnl_attr_parse_nested(attr, parse_info, &info);
	link->is_bridge = !strcmp(info.kind, "bridge");
	link->is_ovs = !strcmp(info.kind, "openvswitch");
	link->vlans = false;
	link->mst = false;
	link->nf_call = false;
	if (link->is_bridge && info.data)
		mnl_attr_parse_nested(info.data, parse_bridge, link);
	if (!strcmp(info.port_kind, "bridge") && info.port_data)
		mnl_attr_parse_nested(info.port_data, parse_port, link);
}

static int parse_xdp(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED)
		link->xdp = ck_attr_u8(attr) != XDP_ATTACHED_NONE;
	return MNL_CB_OK;
}

static int parse_link(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (strcmp(link->name, ck_attr_str(attr)))
			rename_link(link, ck_attr_str(attr));
		break;
	case IFLA_MASTER:
		link->master = ck_attr_u32(attr);
		break;
	case IFLA_OPERSTATE:
		link->operstate = ck_attr_u8(attr);
		break;
	case IFLA_LINKMODE:
		link->dormant = ck_attr_u8(attr) == IF_LINK_MODE_DORMANT;
		break;
	case IFLA_XDP:
		mnl_attr_parse_nested(attr, parse_xdp, link);
		break;
	case IFLA_LINKINFO:
		take_info(attr, link);
		break;
	}
	return MNL_CB_OK;
}

static int parse_vlan(const struct nlattr *attr, void *arg)
{
	const struct bridge_vlan_info *info = mnl_attr_get_payload(attr);
	struct link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_BRIDGE_VLAN_INFO &&
	    mnl_attr_get_payload_len(attr) >= sizeof(*info) &&
	    (info->flags & BRIDGE_VLAN_INFO_PVID)) {
		link->pvid = info->vid;
		link->pvid_untagged = info->flags & BRIDGE_VLAN_INFO_UNTAGGED;
	}
	return MNL_CB_OK;
}

static int parse_bridge_family(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_OPERSTATE:
		link->operstate = ck_attr_u8(attr);
		break;
	case IFLA_PROTINFO:
		mnl_attr_parse_nested(attr, parse_port, link);
		break;
	case IFLA_AF_SPEC:
		mnl_attr_parse_nested(attr, parse_vlan, link);
		break;
	}
	return MNL_CB_OK;
}

static void forget_port(struct link *link)
{
	link->port = false;
	link->isolated = false;
	link->locked = false;
	link->pvid = 0;
	link->pvid_untagged = false;
	link->pvid_blocked = false;
}

/* What a bridge says of its port; a port that left is told of as a link as well. */
static void take_port(const struct nlmsghdr *nlh, const struct ifinfomsg *ifi)
{
	struct link *link = find(ifi->ifi_index);

	if (!link)
		return;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		forget_port(link);
		return;
	}
	link->flags = ifi->ifi_flags;
	link->pvid = 0;
	link->pvid_untagged = false;
	mnl_attr_parse(nlh, sizeof(*ifi), parse_bridge_family, link);
}

struct vlan {
	const struct bridge_vlan_info *info;
	bool blocked;
};

static int parse_vlan_entry(const struct nlattr *attr, void *arg)
{
	struct vlan *vlan = arg;

	switch (mnl_attr_get_type(attr)) {
	case BRIDGE_VLANDB_ENTRY_INFO:
		if (mnl_attr_get_payload_len(attr) >= sizeof(*vlan->info))
			vlan->info = mnl_attr_get_payload(attr);
		break;
	case BRIDGE_VLANDB_ENTRY_STATE:
		vlan->blocked = ck_attr_u8(attr) != BR_STATE_FORWARDING;
		break;
	}
	return MNL_CB_OK;
}

static int parse_vlandb(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;
	struct vlan vlan = { 0 };

	if (mnl_attr_get_type(attr) != BRIDGE_VLANDB_ENTRY)
		return MNL_CB_OK;
	mnl_attr_parse_nested(attr, parse_vlan_entry, &vlan);
	if (vlan.info && vlan.info->flags & BRIDGE_VLAN_INFO_PVID)
		link->pvid_blocked = vlan.blocked;
	return MNL_CB_OK;
}

/* The state of VLANs, which is told of apart from the port. */
static void take_vlans(const struct nlmsghdr *nlh)
{
	const struct br_vlan_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct link *link;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return;
	link = find(msg->ifindex);
	if (link)
		mnl_attr_parse(nlh, sizeof(*msg), parse_vlandb, link);
}

static void take_link(const struct nlmsghdr *nlh, const struct ifinfomsg *ifi)
{
	struct link *link = find(ifi->ifi_index);

	if (nlh->nlmsg_type == RTM_DELLINK) {
		if (link)
			remove_link(link);
		return;
	}
	if (!link)
		link = add(ifi->ifi_index);
	link->seen = true;
	link->flags = ifi->ifi_flags;
	link->master = 0;
	link->xdp = false;
	link->is_bridge = false;
	link->is_ovs = false;
	mnl_attr_parse(nlh, sizeof(*ifi), parse_link, link);
	if (!link->master)
		forget_port(link);
}

static int take_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	(void)arg;
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
			break;
		if (ifi->ifi_family == AF_BRIDGE)
			take_port(nlh, ifi);
		else
			take_link(nlh, ifi);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		self.reread_tc = true;
		break;
	case RTM_NEWVLAN:
		take_vlans(nlh);
		/* fall through */
	case RTM_DELVLAN:
		self.reread_ports = true;
		break;
	}
	return MNL_CB_OK;
}

static int dump(uint16_t type, const void *header, size_t size, uint32_t filter)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh;
	int i, err = -EINTR;

	for (i = 0; i < DUMP_ATTEMPTS && err == -EINTR; i++) {
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = type;
		nlh->nlmsg_flags = NLM_F_DUMP;
		memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
		if (filter)
			mnl_attr_put_u32(nlh, IFLA_EXT_MASK, filter);
		err = ck_nl_request(&self.requests, nlh, take_message, NULL);
	}
	return err;
}

static int dump_links(uint8_t family, uint32_t filter)
{
	struct ifinfomsg ifi = { .ifi_family = family };

	return dump(RTM_GETLINK, &ifi, sizeof(ifi), filter);
}

/* Before Linux 5.6, and where bridges have no VLANs, these have no state. */
static int dump_vlans(void)
{
	struct br_vlan_msg msg = { .family = AF_BRIDGE };
	int err = dump(RTM_GETVLAN, &msg, sizeof(msg), 0);

	return err == -EOPNOTSUPP ? 0 : err;
}

static int read_links(void)
{
	struct link *link, *next;
	int err;

	LIST_FOREACH(link, &self.links, next)
		link->seen = false;
	err = dump_links(AF_UNSPEC, RTEXT_FILTER_SKIP_STATS);
	if (err)
		return err;
	for (link = LIST_FIRST(&self.links); link; link = next) {
		next = LIST_NEXT(link, next);
		if (!link->seen)
			remove_link(link);
	}
	return 0;
}

static void found_tc(uint32_t ifindex, uint32_t enforced)
{
	struct link *link = find(ifindex);

	if (link)
		link->tc_found |= enforced;
}

static int read_tc(void)
{
	struct link *link;
	int i, err = -EINTR;

	for (i = 0; i < DUMP_ATTEMPTS && err == -EINTR; i++) {
		LIST_FOREACH(link, &self.links, next)
			link->tc_found = 0;
		err = tc_read(&self.requests, found_tc);
	}
	if (!err)
		LIST_FOREACH(link, &self.links, next)
			link->tc = link->tc_found;
	return err;
}

static bool to_read(void)
{
	return self.reread || self.reread_ports || self.reread_tc || self.reread_filters;
}

static int read_again(void)
{
	int err = 0;

	if (self.reread)
		self.reread_ports = self.reread_tc = self.reread_filters = true;
	if (self.reread)
		err = read_links();
	self.reread = err;
	if (!err && self.reread_ports) {
		err = dump_links(AF_BRIDGE, RTEXT_FILTER_BRVLAN_COMPRESSED) ?: dump_vlans();
		self.reread_ports = err;
	}
	if (!err && self.reread_tc) {
		err = read_tc();
		self.reread_tc = err;
	}
	if (!err && self.reread_filters) {
		err = brfilter_read(&self.filters_unsure);
		self.reread_filters = err;
	}
	return err;
}

/* A port without a carrier is disabled as well. The carrier is the guest's: losing it
 * neither blocks nor frees the port. But that a link is dormant or tested is dom0's word.
 */
static bool blocked(const struct link *link)
{
	switch (link->operstate) {
	case IF_OPER_NOTPRESENT:
	case IF_OPER_DOWN:
	case IF_OPER_LOWERLAYERDOWN:
		return link->blocked || link->dormant;
	case IF_OPER_DORMANT:
	case IF_OPER_TESTING:
		return true;
	default:
		return !link->port || link->port_state != BR_STATE_FORWARDING;
	}
}

static void describe(struct link *link, struct links_vif *vif)
{
	const struct link *master = link->master ? find(link->master) : NULL;

	memset(vif, 0, sizeof(*vif));
	vif->exists = true;
	vif->up = link->flags & IFF_UP;
	vif->enforced = link->tc;
	if (link->xdp)
		vif->enforced |= ENFORCED_BIT(ENFORCED_XDP);
	if (!master)
		return;
	if (master->is_ovs)
		vif->enforced |= ENFORCED_BIT(ENFORCED_OPENVSWITCH);
	if (!master->is_bridge)
		return;
	strcpy(vif->bridge, master->name);
	link->blocked = blocked(link);
	vif->up &= !link->blocked && (master->flags & IFF_UP) &&
		   !(master->vlans && (link->pvid_blocked || master->mst));
	vif->vlan = master->vlans ? link->pvid : 0;
	vif->untagged = !master->vlans || (link->pvid && link->pvid_untagged);
	if (link->isolated)
		vif->enforced |= ENFORCED_BIT(ENFORCED_ISOLATED);
	if (link->locked)
		vif->enforced |= ENFORCED_BIT(ENFORCED_PORT_LOCKED);
	if (master->nf_call)
		vif->enforced |= ENFORCED_BIT(ENFORCED_BRIDGE_FILTER);
	vif->enforced |= brfilter_enforced(link->name);
}

/* Not all could be read: what was open may be closed, and nothing is opened. */
static void only_close(const struct links_vif *told, struct links_vif *now)
{
	if (strcmp(told->bridge, now->bridge) || told->vlan != now->vlan)
		now->bridge[0] = 0;
	now->up &= told->up;
	now->untagged &= told->untagged;
	now->enforced |= told->enforced;
}

static void tell_changes(bool all_read)
{
	struct links_vif now;
	struct link *link;

	LIST_FOREACH(link, &self.links, next) {
		link->known |= all_read;
		if (!link->known)
			continue;
		describe(link, &now);
		if (!all_read)
			only_close(&link->told, &now);
		if (!memcmp(&link->told, &now, sizeof(now)))
			continue;
		link->told = now;
		self.changed(link->name, self.arg);
	}
}

static void read_in(time_t seconds)
{
	struct itimerspec its = { .it_value = { seconds, !seconds } };

	timerfd_settime(self.timer, 0, &its, NULL);
}

static void retry_later(int err)
{
	self.reread = true;
	ck_limited(ck_err, "dom0's network: %s; tried again in %d s", strerror(-err),
		   RETRY_SECONDS);
	read_in(RETRY_SECONDS);
}

static int update(void)
{
	int err = read_again();

	if (err)
		retry_later(err);
	else if (self.filters_unsure)
		read_in(RETRY_SECONDS);
	tell_changes(!err);
	return err;
}

static int watch(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(self.epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int join(int group)
{
	return mnl_socket_setsockopt(self.events.sk, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) < 0 ? -errno : 0;
}

/* Before Linux 5.7, VLANs are told of with their ports alone: there is no such group. */
static int subscribe(void)
{
	int err = join(RTNLGRP_BRVLAN);

	if (err && err != -EINVAL)
		return err;
	return join(RTNLGRP_LINK) ?: join(RTNLGRP_TC) ?: watch(ck_nl_fd(&self.events));
}

/**
 * links_open() - read the state of dom0's network and follow it
 * @changed: called, from links_process(), when links_vif() has something else to say
 *	     of a link, and for each link from links_open()
 * @arg: its argument
 *
 * Return: 0 or a negative errno.
 */
int links_open(links_changed_fn changed, void *arg)
{
	int err;

	self.changed = changed;
	self.arg = arg;
	self.epfd = epoll_create1(EPOLL_CLOEXEC);
	self.timer = timerfd_create(CLOCK_MONOTONIC,
				    TFD_CLOEXEC | TFD_NONBLOCK);
	if (self.epfd < 0 || self.timer < 0)
		return -errno;
	err = ck_nl_open(&self.events, NETLINK_ROUTE) ?:
	      ck_nl_open(&self.requests, NETLINK_ROUTE) ?:
	      watch(self.timer) ?: subscribe() ?: brfilter_open(self.epfd);
	if (err)
		return err;
	self.events.ntf = take_message;
	self.reread = true;
	return update();
}

/* Return: a descriptor that is readable when links_process() has something to do. */
int links_fd(void)
{
	return self.epfd;
}

/* The kernel counts what it loses only once until the socket is empty, so all is read again
 * when it is.
 */
static void drain_events(void)
{
	int i, err = -ENOBUFS;

	for (i = 0; i < DRAIN_ATTEMPTS && err == -ENOBUFS; i++) {
		err = ck_nl_drain(&self.events);
		self.reread |= err != 0;
	}
	if (err)
		retry_later(err);
}

/* Return: whether what is to be read again is to be read now. */
static bool take_event(int fd)
{
	uint64_t expired;

	if (fd == self.timer) {
		self.reread_filters |= self.filters_unsure;
		return read(fd, &expired, sizeof(expired)) > 0;
	}
	if (fd == ck_nl_fd(&self.events))
		drain_events();
	else
		self.reread_filters |= brfilter_changed(fd);
	return false;
}

/**
 * links_process() - take the events that have arrived
 *
 * Return: 0 or a negative errno: what was known holds, and another attempt follows.
 */
int links_process(void)
{
	struct epoll_event ev[EVENTS];
	bool now = false;
	int i, n;

	n = epoll_wait(self.epfd, ev, EVENTS, 0);
	if (n <= 0)
		return n ? -errno : 0;
	for (i = 0; i < n; i++)
		now |= take_event(ev[i].data.fd);
	if (now || !to_read())
		return update();
	/* A port's end takes the kernel 10 ms, in which it lets nobody read; the event that
	 * came before closes at once.
	 */
	tell_changes(false);
	read_in(0);
	return 0;
}

/**
 * links_vif() - what does a link of dom0 do with a guest's frames?
 * @name: name of the link
 * @vif: result; all zero if there is no such link
 */
void links_vif(const char *name, struct links_vif *vif)
{
	const struct link *link = find_name(name);

	if (link)
		*vif = link->told;
	else
		memset(vif, 0, sizeof(*vif));
}

void links_close(void)
{
	struct link *link;

	brfilter_close();
	ck_nl_close(&self.events);
	ck_nl_close(&self.requests);
	if (self.timer >= 0)
		close(self.timer);
	if (self.epfd >= 0)
		close(self.epfd);
	self.timer = self.epfd = -1;
	while ((link = LIST_FIRST(&self.links)))
		free_link(link);
}
