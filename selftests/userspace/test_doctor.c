// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor: each thing that is not as it should be, and the command that mends it. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_fakes.h"
#include "output.h"
#include "qdisc.h"
#include "refusal.h"
#include "rtnl.h"
#include "system.h"

#define HEAD		"cokeeper/00163e000001/roster"
#define ANNOUNCE	"data/cokeeper/00163e000001/announce"
#define OPTIONS		"/boot/config-6.1.0"
#define RP_FILTER	"/proc/sys/net/ipv4/conf/eth0/rp_filter"
#define ARP_FILTER	"/proc/sys/net/ipv4/conf/eth0/arp_filter"

enum { DEVICE = 1, LOWER, OTHER, FOURTH };

static char root[] = "/tmp/test_doctor.XXXXXX";

/* The machine has this file; NULL: it has not. */
static void set_file(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	if (!text) {
		unlink(full);
		return;
	}
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void set_program(const char *path, const char *script)
{
	char full[512], text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	set_file(path, text);
	snprintf(full, sizeof(full), "%s%s", root, path);
	chmod(full, 0755);
}

static struct nlmsghdr *add_link(uint32_t ifindex, const char *name, uint32_t flags)
{
	const struct ifinfomsg ifi = { .ifi_index = ifindex, .ifi_flags = flags };

	name_device(ifindex, name);
	return add_rtnl(RTM_NEWLINK, &ifi, sizeof(ifi));
}

static void put_kind(struct nlmsghdr *nlh, const char *kind)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(nlh, nest);
}

static void put_xdp(struct nlmsghdr *nlh, uint8_t mode)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	mnl_attr_put_u8(nlh, IFLA_XDP_ATTACHED, mode);
	mnl_attr_nest_end(nlh, nest);
}

/* Those of the tests have this handle. */
#define HANDLE	0x80010000

static struct nlmsghdr *add_qdisc(uint32_t ifindex, const char *kind)
{
	const struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_handle = HANDLE };
	struct nlmsghdr *nlh = add_rtnl(RTM_NEWQDISC, &tcm, sizeof(tcm));

	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	return nlh;
}

static void add_rule(int family, uint32_t pref, uint32_t table, const char *iif)
{
	const struct fib_rule_hdr frh = { .family = family, .action = FR_ACT_TO_TBL };
	struct nlmsghdr *nlh = add_rtnl(RTM_NEWRULE, &frh, sizeof(frh));

	mnl_attr_put_u32(nlh, FRA_PRIORITY, pref);
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	if (iif)
		mnl_attr_put_strz(nlh, FRA_IIFNAME, iif);
}

static const char *const counters[] = {
	"tx_fallback_multicast", "tx_fallback_vlan", "tx_fallback_tc", "tx_fallback_full",
	"tx_fallback_closed", "rx_dropped_source", "tx_queue_0_packets", "tx_queue_1_packets",
	"rx_queue_0_packets", NULL
};

enum { MULTICAST, VLAN, TC, FULL, CLOSED, SOURCE, TX_0, TX_1, RX_0 };

static void set_counters(void)
{
	unsigned int i;

	set_stats(counters);
	for (i = VLAN; i <= SOURCE; i++)
		set_stat(i, 99);
	set_stat(MULTICAST, 100000);
	set_stat(TX_0, 4000);
	set_stat(TX_1, 3000);
	set_stat(RX_0, 2000);
}

/* More than 32 of them, as the kernel has. */
static void set_features(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		add_feature("another", false, false);
	add_feature("tx-scatter-gather", true, true);
	add_feature("tx-checksum-ipv4", true, false);
	add_feature("tx-checksum-ip-generic", false, false);
	for (i = 0; i < 12; i++)
		add_feature("yet-another", false, false);
	add_feature("tx-tcp-segmentation", true, true);
}

static void set_xen(void)
{
	set_file("/proc/sys/kernel/osrelease", "6.1.0\n");
	set_file("/sys/hypervisor/type", "xen\n");
	set_file("/sys/hypervisor/guest_type", "PVH\n");
	set_file("/sys/hypervisor/uuid", "5b25ff66-61ea-4bba-a91d-50aa8ef68f1c\n");
	set_file("/proc/xen/capabilities", "");
}

static int reset(void **state)
{
	char command[64];

	fakes_reset(state);
	snprintf(command, sizeof(command), "rm -rf %s/*", root);
	assert_int_equal(system(command), 0);
	system_root = root;
	set_xen();
	return 0;
}

/* The lower device, before the other links. */
static struct nlmsghdr *add_lower(uint32_t flags)
{
	struct nlmsghdr *nlh = add_link(LOWER, "eth0", flags);

	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	set_file("/sys/class/net/eth0/device/nodename", "device/vif/3\n");
	return nlh;
}

static struct nlmsghdr *add_device(uint32_t steer, uint32_t inactive, uint32_t helper)
{
	struct nlmsghdr *nlh = add_link(DEVICE, "ck0", IFF_UP);

	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put_u32(nlh, IFLA_LINK, LOWER);
	put_kind(nlh, "cokeeper");
	nlh = add_message(COKEEPER_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, COKEEPER_A_LOWER, LOWER);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, steer);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, inactive);
	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, helper);
	put_mac(nlh, COKEEPER_A_MAC, 1);
	set_counters();
	set_features();
	return nlh;
}

#define ALL_OPTIONS								\
	"CONFIG_XEN=y\nCONFIG_XEN_NETDEV_FRONTEND=m\nCONFIG_NETFILTER_EGRESS=y\n"	\
	"CONFIG_NETFILTER_SKIP_EGRESS=y\nCONFIG_IP_MULTIPLE_TABLES=y\n"

/* A guest with a device, in which all is well. */
static void set_guest(uint32_t steer)
{
	set_file(OPTIONS, "# CONFIG_XENO is not set\n" ALL_OPTIONS);
	store_set("domid", "5");
	store_set(HEAD, "v=1 state=member group=xenbr0 roster=7");
	store_set("/tool/cokeeper/roster/7/0/00163e000001-0000000000000001-5-00000000000000aa-created", "");
	store_set(ANNOUNCE, "v=1 instance=00000000000000aa");
	add_lower(IFF_UP | IFF_RUNNING);
	add_device(steer, COKEEPER_REASON_NONE, 77);
}

static void run_status(int status)
{
	assert_int_equal(run_args(cmd_doctor, 0, NULL), status);
	assert_string_equal(err, "");
}

/* One finding a line, for those who read the file. */
static void break_json(void)
{
	static char text[65536];
	const char *from;
	char *to = text;

	for (from = out; *from; from++) {
		*to++ = *from;
		if (!strncmp(from, "},{", 3)) {
			*to++ = ',';
			*to++ = '\n';
			from++;
		}
	}
	*to = 0;
	strcpy(out, text);
}

static void assert_golden_pair(int status, const char *name)
{
	char file[64];

	run_status(status);
	snprintf(file, sizeof(file), "%s.txt", name);
	assert_golden(file);
	out_use_json(true);
	run_status(status);
	break_json();
	snprintf(file, sizeof(file), "%s.json", name);
	assert_golden(file);
	out_use_json(false);
}

/* The command ends with @status, and prints a line. */
static void assert_finds(int status, const char *line)
{
	size_t len = strlen(line);
	const char *at;

	run_status(status);
	for (at = out; (at = strstr(at, line)); at++)
		if ((at == out || at[-1] == '\n') && at[len] == '\n')
			return;
	fprintf(stderr, "expected: %s\nprinted:\n%s", line, out);
	fail();
}

static void test_guest(void **state)
{
	struct nlmsghdr *nlh;

	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_CONNECTED, COKEEPER_REASON_NONE);
	nlh = add_link(OTHER, "eth0.5", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_LINK, LOWER);
	put_kind(nlh, "vlan");
	add_qdisc(LOWER, "mq");
	add_qdisc(LOWER, "fq_codel");
	add_qdisc(LOWER, "ingress");
	add_qdisc(LOWER, "clsact");
	add_qdisc(OTHER, "tbf");
	/* Grants of a channel that has ended are not well, but no failure. */
	assert_golden_pair(0, "doctor-guest");
}

static void test_sick(void **state)
{
	const struct tcmsg tcm = { .tcm_ifindex = LOWER, .tcm_parent = CK_TC_EGRESS };
	struct nlmsghdr *nlh;

	(void)state;
	set_file(OPTIONS, "CONFIG_XEN=y\n");
	store_set("domid", "5");
	store_set(HEAD, "v=1 state=refused reason=rate-limited roster=0");
	nlh = add_lower(IFF_UP | IFF_RUNNING);
	mnl_attr_put_u32(nlh, IFLA_MASTER, OTHER);
	put_xdp(nlh, XDP_ATTACHED_DRV);
	put_kind(add_link(OTHER, "br;0", IFF_UP), "bridge");
	add_device(COKEEPER_STEER_INTERCEPT, COKEEPER_REASON_XDP, 0);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_BACKOFF, COKEEPER_REASON_NO_RESOURCES);
	add_qdisc(LOWER, "clsact");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	add_qdisc(LOWER, "tbf");
	change_feature("tx-scatter-gather", false, true);
	change_feature("tx-tcp-segmentation", false, false);
	change_feature("tx-checksum-ipv4", false, true);
	set_stat(VLAN, 100);
	set_stat(TC, 100);
	set_stat(FULL, 7000);
	set_stat(SOURCE, 200);
	assert_golden_pair(CLI_UNWELL, "doctor-sick");
}

static void test_xen(void **state)
{
	(void)state;
	set_file("/sys/hypervisor/type", "kvm\n");
	assert_finds(CLI_UNWELL, "fail xen: this kernel does not run on Xen, and CoKeeper is for Xen's guests");
	set_file("/sys/hypervisor/type", NULL);
	set_guest(COKEEPER_STEER_INTERCEPT);
	assert_finds(0, "ok   xen: this is a guest of Xen, type PVH");
	set_file("/proc/xen/capabilities", NULL);
	assert_int_equal(rmdir(strcat(strcpy((char[64]){ "" }, root), "/proc/xen")), 0);
	assert_finds(CLI_UNWELL, "fail xen: this kernel does not run on Xen, and CoKeeper is for Xen's guests");
	set_file("/sys/hypervisor/type", "xen\n");
	set_file("/sys/hypervisor/guest_type", NULL);
	assert_finds(0, "ok   xen: this is a guest of Xen");
	assert_finds(0, "warn xen: there is no /proc/xen (CONFIG_XEN_COMPAT_XENFS), so CoKeeper's units do not start");
}

static void test_links(void **state)
{
	(void)state;
	fail_request(RTM_GETLINK, -EPERM);
	assert_finds(CLI_UNWELL, "fail links: rtnetlink: Operation not permitted");
}

static void test_kernel(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	assert_finds(0, "ok   kernel: Linux 6.1.0 has all that CoKeeper needs");
	set_file("/proc/config.gz", "CONFIG_XEN=y\nCONFIG_NETFILTER_EGRESS=y\n"
		 "# CONFIG_NETFILTER_SKIP_EGRESS is not set\nCONFIG_IP_MULTIPLE_TABLES=y\n");
	assert_finds(0, "warn kernel CONFIG_NETFILTER_SKIP_EGRESS: Linux 6.1.0 lacks it: the way past that hook (with CONFIG_NET_CLS_ACT)");
	assert_finds(0, "warn kernel CONFIG_XEN_NETDEV_FRONTEND: Linux 6.1.0 lacks it: netfront, which a cokeeper device is made on");
	set_file("/proc/config.gz", "CONFIG_XEN_NETDEV_FRONTEND=y\n");
	assert_finds(CLI_UNWELL, "fail kernel CONFIG_XEN: Linux 6.1.0 lacks it: grants and event channels");
	assert_finds(CLI_UNWELL, "warn kernel CONFIG_NETFILTER_EGRESS: Linux 6.1.0 lacks it: the egress hook of 'steer intercept'");
	assert_finds(CLI_UNWELL, "warn kernel CONFIG_IP_MULTIPLE_TABLES: Linux 6.1.0 lacks it: the rule of 'steer route'");
	set_file("/proc/config.gz", NULL);
	set_file(OPTIONS, NULL);
	assert_finds(0, "ok   kernel: Linux 6.1.0; no file tells its options");
}

/* As kernels have it. */
static void test_kernel_compressed(void **state)
{
	char command[256];

	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	set_file(OPTIONS, NULL);
	snprintf(command, sizeof(command), "printf '" ALL_OPTIONS "' | gzip >%s/proc/config.gz", root);
	assert_int_equal(system(command), 0);
	assert_finds(0, "ok   kernel: Linux 6.1.0 has all that CoKeeper needs");
}

static void test_module(void **state)
{
	(void)state;
	fail_request(GENL_ID_CTRL, -ENOENT);
	store_set("domid", "5");
	set_file("/lib/modules/6.1.0/modules.dep", "kernel/x.ko:\nupdates/dkms/notcokeeper.ko:\n");
	assert_finds(CLI_UNWELL, "fail module: it is not installed for Linux 6.1.0; mend: apt-get install cokeeper-dkms linux-headers-6.1.0 && modprobe cokeeper");
	set_file("/usr/sbin/dkms", "");
	assert_finds(CLI_UNWELL, "fail module: it is not built for Linux 6.1.0; mend: dkms autoinstall -k 6.1.0 && modprobe cokeeper");
	set_file("/lib/modules/6.1.0/modules.dep", "kernel/x.ko:\nupdates/dkms/cokeeper.ko.xz: kernel/x.ko\n");
	assert_finds(CLI_UNWELL, "fail module: it is not loaded; mend: modprobe cokeeper");
	fail_request(GENL_ID_CTRL, -EPERM);
	assert_finds(CLI_UNWELL, "fail module: netlink: Operation not permitted");
}

static void test_no_device(void **state)
{
	(void)state;
	store_set("domid", "5");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device, and no netfront to make one on");
	add_link(DEVICE, "lo", IFF_UP);
	add_link(LOWER, "eth0", IFF_UP);
	set_file("/sys/class/net/eth0/device/nodename", "device/vbd/3\n");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device, and no netfront to make one on");
	set_file("/sys/class/net/eth0/device/nodename", "device/vif/0\n");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device; mend: ip link add cokeeper0 up link eth0 type cokeeper && cokeeperd");
	set_file("/lib/systemd/system/cokeeper@.service", "");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device; mend: ip link add cokeeper0 up link eth0 type cokeeper && cokeeperd");
	set_file("/run/systemd/system/x", "");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device; mend: systemctl enable --now cokeeper@eth0");
	name_device(LOWER, "a-$(x)'");
	set_file("/sys/class/net/a-$(x)'/device/nodename", "device/vif/0\n");
	assert_finds(CLI_UNWELL, "fail device: there is no cokeeper device; mend: systemctl enable --now \"$(systemd-escape --template=cokeeper@.service 'a-$(x)'\\''')\"");
	fail_request(FAMILY, -EPERM);
	assert_int_equal(run_args(cmd_doctor, 0, NULL), CLI_UNWELL);
	assert_non_null(strstr(out, "fail device: the module does not list its devices\n"));
}

static void check_device(uint32_t inactive, const char *line)
{
	reset(NULL);
	store_set("domid", "5");
	store_set(ANNOUNCE, "x");
	add_lower(IFF_UP | IFF_RUNNING);
	add_device(COKEEPER_STEER_INTERCEPT, inactive, 77);
	assert_finds(CLI_UNWELL, line);
	assert_finds(CLI_UNWELL, "warn group ck0: in none, since nobody announces it; see the lines above");
}

static void test_inactive(void **state)
{
	(void)state;
	check_device(COKEEPER_REASON_LINK_DOWN, "fail device ck0: inactive, so all packets take eth0: link-down; mend: ip link set dev ck0 up");
	check_device(COKEEPER_REASON_LOWER_DOWN, "fail device ck0: inactive, so all packets take eth0: lower-down; mend: ip link set dev eth0 up");
	check_device(COKEEPER_REASON_XDP, "fail device ck0: inactive, so all packets take eth0: xdp; mend: ip link set dev eth0 xdpdrv off");
	check_device(COKEEPER_REASON_SUSPENDED, "fail device ck0: inactive, so all packets take eth0: suspended");
}

static void test_helper(void **state)
{
	(void)state;
	store_set("domid", "5");
	add_lower(IFF_UP | IFF_RUNNING);
	add_device(COKEEPER_STEER_INTERCEPT, COKEEPER_REASON_NONE, 0);
	assert_finds(CLI_UNWELL, "fail helper ck0: none is bound, so dom0 and the peers do not know it; mend: cokeeperd --device ck0");
	assert_finds(CLI_UNWELL, "warn group ck0: in none, since nobody announces it; see the lines above");
	set_file("/run/systemd/system/x", "");
	set_file("/etc/systemd/system/cokeeper@.service", "");
	assert_finds(CLI_UNWELL, "fail helper ck0: none is bound, so dom0 and the peers do not know it; mend: systemctl restart cokeeper@eth0");
}

static void test_store(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	assert_finds(0, "ok   xenstore: it answers; this is domain 5");
	store_set("domid", "0000000005");
	assert_finds(0, "ok   xenstore: it answers; this is domain 5");
	store_set("domid", "32752");
	assert_finds(CLI_UNWELL, "fail xenstore: XenStore does not say which domain this is: Bad message");
	store_set("domid", NULL);
	assert_finds(CLI_UNWELL, "fail xenstore: XenStore does not say which domain this is: No such file or directory");
	store_fail(-ENOENT);
	assert_finds(CLI_UNWELL, "fail xenstore: XenStore cannot be reached: No such file or directory");
	store_fail(-EACCES);
	assert_finds(0, "warn xenstore: only root may ask XenStore, so not all can be looked at; mend: sudo cokeeper doctor");
	assert_null(strstr(out, "group"));
}

static void test_group(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	assert_finds(0, "ok   group ck0: member of xenbr0");
	store_set(HEAD, NULL);
	assert_finds(CLI_UNWELL, "fail group ck0: announced, but nobody in dom0 answers; mend in dom0: systemctl enable --now cokeeper-hostd");
	store_set(ANNOUNCE, NULL);
	assert_finds(CLI_UNWELL, "fail group ck0: the helper has not announced it; its log says why; mend: journalctl -u 'cokeeper@*'");
	store_set(HEAD, "v=2 state=member");
	assert_finds(CLI_UNWELL, "fail group ck0: what dom0 says cannot be read: cokeeper/00163e000001/roster: v=2: only version 1 is known");
	/* What was accepted before holds. */
	store_set(HEAD, "v=1 state=refused reason=version roster=7");
	store_set("/tool/cokeeper/roster/7", "xenbr0");
	assert_finds(0, "warn group ck0: member of xenbr0 by an earlier announcement; dom0 says of the last one version: dom0's cokeeper-hostd does not know the version of the announcement; mend in dom0: apt-get install cokeeper-host");
}

static void test_refused(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	store_set(HEAD, "v=1 state=refused reason=not-listed roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says not-listed: the configuration has 'join = none', and the guest in no group; mend in dom0: printf '\\n[group GROUP]\\nguest = 5b25ff66-61ea-4bba-a91d-50aa8ef68f1c\\n' >>/etc/cokeeper/hostd.conf && systemctl reload cokeeper-hostd");
	store_set(HEAD, "v=1 state=refused reason=vif-down roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says vif-down: the interface's link in dom0 is down, or its bridge blocks it; mend in dom0: ip link set dev vif5.3 up");
	store_set(HEAD, "v=1 state=refused reason=no-vif roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says no-vif: dom0 has no link for the interface; mend in dom0: xl network-detach 5 3 && xl network-attach 5 mac=00:16:3e:00:00:01 bridge=BRIDGE");
	store_set(HEAD, "v=1 state=refused reason=sorcery roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says sorcery: a reason that this version does not know");
	/* What is not known has a word that stands for it. */
	store_set("domid", "x");
	set_file("/sys/class/net/eth0/device/nodename", "device/vif/65536\n");
	set_file("/sys/hypervisor/uuid", "$(reboot)\n");
	store_set(HEAD, "v=1 state=refused reason=vif-down roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says vif-down: the interface's link in dom0 is down, or its bridge blocks it; mend in dom0: ip link set dev VIF up");
	store_set(HEAD, "v=1 state=refused reason=no-vif roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says no-vif: dom0 has no link for the interface; mend in dom0: xl network-detach DOMID INDEX && xl network-attach DOMID mac=00:16:3e:00:00:01 bridge=BRIDGE");
	store_set(HEAD, "v=1 state=refused reason=xdp roster=0");
	assert_finds(CLI_UNWELL, "fail group ck0: dom0 says xdp: an XDP program in dom0 looks at its frames, and rings would pass it by; mend in dom0: printf '\\n[guest GUEST]\\nallow = xdp\\n' >>/etc/cokeeper/hostd.conf && systemctl reload cokeeper-hostd");
}

/* All that the publisher may say (check-doctor compares). */
static void test_reasons(void **state)
{
	static const char *const reasons[] = {
		"malformed", "version", "not-your-mac", "excluded", "not-listed", "no-name",
		"domain-unknown", "duplicate-mac", "bad-mac", "bad-value", "no-bridge", "bad-ip", "foreign-backend", "no-vif", "vif-down", "not-bridged",
		"other-bridge", "other-vlan", "vlan-tagged", "script-route", "script-nat",
		"openvswitch", "script-custom", "locking-mode", "rate-limited", "isolated",
		"port-locked", "tc-filter", "tc-qdisc", "xdp", "netdev-filter", "bridge-filter",
	};
	const struct refused who = {
		.guest = "web1", .domid = "5", .vif = "vif5.3", .index = "3",
		.mac = "00:16:3e:00:00:01",
	};
	char buf[1024], *to = out;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		to += sprintf(to, "%s: %s; mend: %s\n", reasons[i], refusal_text(reasons[i]),
			      refusal_mend(reasons[i], &who, buf));
	assert_golden("refusals.txt");
}

#define NOT_YOUR_MAC	"fail group ck0: dom0 says not-your-mac: the toolstack gave the domain no interface with this MAC; "

/* Somebody in the guest changed the MAC: it can be put back. */
static void test_mac(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_INTERCEPT);
	store_set(HEAD, "v=1 state=refused reason=not-your-mac roster=0");
	assert_finds(CLI_UNWELL, NOT_YOUR_MAC "mend in dom0: xl network-list 5");
	store_set("device/vif/3/mac", "00:16:3e:00:00:01");
	assert_finds(CLI_UNWELL, NOT_YOUR_MAC "mend in dom0: xl network-list 5");
	store_set("device/vif/3/mac", "00:16:3E:00:00:07; reboot");
	assert_finds(CLI_UNWELL, NOT_YOUR_MAC "mend in dom0: xl network-list 5");
	store_set("device/vif/3/mac", "00:16:3E:00:00:07");
	assert_finds(CLI_UNWELL, NOT_YOUR_MAC "mend: ip link set dev eth0 address 00:16:3e:00:00:07");
	store_set(HEAD, "v=1 state=refused reason=vif-down roster=0");
	run_status(CLI_UNWELL);
	assert_null(strstr(out, "address"));
}

/* The lower device has these flags; the command ends with @status. */
static struct nlmsghdr *with_lower(uint32_t flags)
{
	struct nlmsghdr *nlh;

	reset(NULL);
	store_set("domid", "5");
	store_set(HEAD, "v=1 state=member group=xenbr0 roster=0");
	nlh = add_lower(flags);
	add_device(COKEEPER_STEER_INTERCEPT, COKEEPER_REASON_NONE, 77);
	return nlh;
}

static void test_lower(void **state)
{
	(void)state;
	with_lower(0);
	assert_finds(CLI_UNWELL, "fail lower eth0: down; mend: ip link set dev eth0 up");
	with_lower(IFF_UP);
	assert_finds(CLI_UNWELL, "fail lower eth0: up, but without a carrier; mend in dom0: ip link set dev vif5.3 up");
	with_lower(IFF_UP | IFF_RUNNING);
	assert_finds(0, "ok   lower eth0: up, netfront 3");
	set_file("/sys/class/net/eth0/device/nodename", NULL);
	assert_finds(0, "warn lower eth0: up, but no netfront: dom0 does not know its MAC");
	with_lower(IFF_UP);
	set_file("/sys/class/net/eth0/device/nodename", NULL);
	assert_finds(CLI_UNWELL, "fail lower eth0: up, but without a carrier");
	reset(NULL);
	store_set("domid", "5");
	store_set(HEAD, "v=1 state=member group=xenbr0 roster=0");
	add_device(COKEEPER_STEER_INTERCEPT, COKEEPER_REASON_NONE, 77);
	assert_finds(CLI_UNWELL, "fail lower if2: it is not there");
}

static void test_mtu(void **state)
{
	struct nlmsghdr *nlh = with_lower(IFF_UP | IFF_RUNNING);

	(void)state;
	assert_finds(0, "ok   mtu ck0: 1500, as eth0");
	*(uint32_t *)mnl_attr_get_payload(mnl_nlmsg_get_payload_offset(nlh, sizeof(struct ifinfomsg))) = 9000;
	assert_finds(0, "warn mtu ck0: 1500, but eth0 has 9000; mend: ip link set dev ck0 mtu 9000");
}

static void test_xdp(void **state)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	(void)state;
	with_lower(IFF_UP | IFF_RUNNING);
	assert_finds(0, "ok   xdp eth0: no program");
	put_xdp(with_lower(IFF_UP | IFF_RUNNING), XDP_ATTACHED_SKB);
	assert_finds(0, "ok   xdp eth0: a generic program, which sees what rings bring, too");
	put_xdp(with_lower(IFF_UP | IFF_RUNNING), XDP_ATTACHED_HW);
	assert_finds(CLI_UNWELL, "fail xdp eth0: a native program, which would not see what rings bring, so they are not used; mend: ip link set dev eth0 xdpdrv off");
	/* One of each. */
	nlh = with_lower(IFF_UP | IFF_RUNNING);
	nest = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u8(nlh, IFLA_XDP_ATTACHED, XDP_ATTACHED_MULTI);
	mnl_attr_put_u32(nlh, IFLA_XDP_DRV_PROG_ID, 9);
	mnl_attr_nest_end(nlh, nest);
	assert_finds(CLI_UNWELL, "fail xdp eth0: a native program, which would not see what rings bring, so they are not used; mend: ip link set dev eth0 xdpdrv off");
}

static void check_qdisc(const char *kind, const char *line)
{
	with_lower(IFF_UP | IFF_RUNNING);
	add_qdisc(LOWER, kind);
	assert_finds(0, line);
}

static void test_tc(void **state)
{
	const struct tcmsg tcm = { .tcm_ifindex = LOWER, .tcm_parent = CK_TC_EGRESS };

	(void)state;
	check_qdisc("noqueue", "ok   qdisc eth0: it only queues");
	check_qdisc("pfifo_fast", "ok   qdisc eth0: it only queues");
	check_qdisc("mqprio", "ok   qdisc eth0: it only queues");
	check_qdisc("fq", "warn qdisc eth0: fq does more than queue, so no packet takes a ring; mend: tc qdisc replace dev eth0 root fq_codel");
	check_qdisc("clsact", "ok   tc eth0: no filters at its egress");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	assert_finds(0, "warn tc eth0: filters at its egress see all packets, so none takes a ring; mend: tc filter del dev eth0 egress");
	assert_finds(0, "ok   qdisc eth0: it only queues");
	/* Without a place for filters, it is not asked for them. */
	check_qdisc("ingress", "ok   tc eth0: no filters at its egress");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	assert_finds(0, "ok   tc eth0: no filters at its egress");
	with_lower(IFF_UP | IFF_RUNNING);
	mnl_attr_put_u32(add_qdisc(LOWER, "clsact"), TCA_EGRESS_BLOCK, 1);
	assert_finds(0, "warn tc eth0: filters at its egress see all packets, so none takes a ring; mend: tc filter del dev eth0 egress");
	fail_request(RTM_GETQDISC, -EPERM);
	assert_finds(0, "warn tc eth0: it cannot be looked at: Operation not permitted");
}

/* One that only queues does more once it has filters. */
static void test_tc_filters(void **state)
{
	const char *const filters = "warn qdisc eth0: it has filters, which see all packets, so none takes a ring; mend: tc qdisc replace dev eth0 root pfifo && tc qdisc replace dev eth0 root fq_codel";
	const struct tcmsg tcm = { .tcm_ifindex = LOWER, .tcm_parent = HANDLE };
	const struct tcmsg root = { .tcm_ifindex = LOWER, .tcm_parent = TC_H_ROOT };
	const struct tcmsg child = { .tcm_ifindex = LOWER, .tcm_parent = HANDLE | 1 };
	const struct tcmsg any = { .tcm_ifindex = LOWER };

	(void)state;
	check_qdisc("fq_codel", "ok   qdisc eth0: it only queues");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	assert_finds(0, filters);
	assert_finds(0, "ok   tc eth0: no filters at its egress");
	check_qdisc("sfq", "ok   qdisc eth0: it only queues");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	assert_finds(0, filters);
	check_qdisc("pfifo", "ok   qdisc eth0: it only queues");
	add_rtnl(RTM_NEWTFILTER, &tcm, sizeof(tcm));
	assert_finds(0, "ok   qdisc eth0: it only queues");
	/* The kernel's own root has no handle, and takes filters; its parts do not. */
	with_lower(IFF_UP | IFF_RUNNING);
	add_rtnl(RTM_NEWTFILTER, &any, sizeof(any));
	mnl_attr_put_strz(add_rtnl(RTM_NEWQDISC, &child, sizeof(child)), TCA_KIND, "fq_codel");
	assert_finds(0, "ok   qdisc eth0: it only queues");
	mnl_attr_put_strz(add_rtnl(RTM_NEWQDISC, &root, sizeof(root)), TCA_KIND, "fq_codel");
	assert_finds(0, filters);
	fail_request(RTM_GETTFILTER, -EPERM);
	assert_finds(0, "warn tc eth0: it cannot be looked at: Operation not permitted");
}

static void test_offloads(void **state)
{
	(void)state;
	with_lower(IFF_UP | IFF_RUNNING);
	assert_finds(0, "ok   offload eth0: scatter-gather, segmentation and checksums");
	change_feature("tx-checksum-ipv4", false, true);
	change_feature("tx-checksum-ip-generic", true, true);
	assert_finds(0, "ok   offload eth0: scatter-gather, segmentation and checksums");
	change_feature("tx-checksum-ip-generic", false, false);
	assert_finds(0, "warn offload eth0: tx-checksum-ipv4 is off: checksums are computed first; mend: ethtool -K eth0 tx on");
	change_feature("tx-checksum-ipv4", false, false);
	assert_finds(0, "warn offload eth0: tx-checksum-ipv4 is off, since dom0 does not offer it: checksums are computed first");
	change_feature("tx-checksum-ip-generic", false, true);
	assert_finds(0, "warn offload eth0: tx-checksum-ip-generic is off: checksums are computed first; mend: ethtool -K eth0 tx on");
	change_feature("tx-scatter-gather", false, false);
	assert_finds(0, "warn offload eth0: tx-scatter-gather is off, since dom0 does not offer it: packets of several pages are copied first");
}

/* The lower device is in another link of this kind. */
static void with_master(uint32_t steer, const char *kind, uint32_t own)
{
	struct nlmsghdr *nlh;

	reset(NULL);
	store_set("domid", "5");
	store_set(HEAD, "v=1 state=member group=xenbr0 roster=0");
	nlh = add_lower(IFF_UP | IFF_RUNNING);
	mnl_attr_put_u32(nlh, IFLA_MASTER, OTHER);
	put_kind(add_link(OTHER, "up0", IFF_UP), kind);
	nlh = add_link(DEVICE, "ck0", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	if (own)
		mnl_attr_put_u32(nlh, IFLA_MASTER, own);
	add_device(steer, COKEEPER_REASON_NONE, 77);
	add_rule(AF_INET, CK_RULE_PREF, CK_RT_TABLE, "lo");
	add_rule(AF_INET6, CK_RULE_PREF, CK_RT_TABLE, "lo");
}

static void test_uppers(void **state)
{
	struct nlmsghdr *nlh;

	(void)state;
	with_master(COKEEPER_STEER_INTERCEPT, "bond", 0);
	assert_finds(0, "ok   upper eth0: in up0 (bond), as without CoKeeper");
	with_master(COKEEPER_STEER_ROUTE, "bridge", 0);
	assert_finds(0, "warn upper eth0: in up0 (bridge), so peers are not reached by ck0 in 'steer route'; mend: ip link set dev ck0 type cokeeper steer intercept");
	assert_finds(0, "ok   rules IPv4: CoKeeper's is there, and none before it");
	with_master(COKEEPER_STEER_ROUTE, "vrf", 0);
	assert_finds(CLI_UNWELL, "fail upper eth0: in VRF up0, but ck0 is not, which 'steer route' needs; mend: ip link set dev ck0 master up0");
	assert_null(strstr(out, "rules"));
	with_master(COKEEPER_STEER_ROUTE, "vrf", OTHER);
	assert_finds(0, "ok   upper eth0: in VRF up0, as is ck0");
	assert_finds(0, "ok   rules IPv6: CoKeeper's is there, and none before it");
	/* What is stacked on a device of that number in another network namespace. */
	nlh = add_link(FOURTH, "veth0", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_LINK, LOWER);
	mnl_attr_put_u32(nlh, IFLA_LINK_NETNSID, 0);
	run_status(0);
	assert_null(strstr(out, "veth0"));
}

/* Rules, and what is set for all devices, in 'steer route'. */
static void test_route(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_ROUTE);
	set_file(RP_FILTER, "2\n");
	set_file(ARP_FILTER, "0\n");
	add_rule(AF_INET, 0, 255, NULL);
	add_rule(AF_INET, CK_RULE_PREF, CK_RT_TABLE, "lo");
	add_rule(AF_INET, 32766, 254, NULL);
	add_rule(AF_INET, 100, 51, "eth1");
	add_rule(AF_INET6, 0, 255, NULL);
	add_rule(AF_INET6, 200, 52, "lo");
	add_rule(AF_INET6, 300, 53, NULL);
	add_rule(AF_INET6, CK_RULE_PREF, CK_RT_TABLE, "lo");
	assert_golden_pair(0, "doctor-route");
	set_file("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
	assert_finds(0, "ok   rp_filter eth0: not strict");
	set_file(RP_FILTER, "0\n");
	assert_finds(CLI_UNWELL, "fail rp_filter eth0: strict, which would drop what peers send by netfront, so ck0 is inactive; mend: sysctl -w net/ipv4/conf/eth0/rp_filter=2");
	assert_null(strstr(out, "rules"));
	set_file("/proc/sys/net/ipv4/conf/all/rp_filter", NULL);
	set_file(ARP_FILTER, "1\n");
	assert_finds(CLI_UNWELL, "fail arp_filter eth0: on, so peers get no answer to ARP, since the way to them is by ck0; mend: sysctl -w net/ipv4/conf/eth0/arp_filter=0 net/ipv4/conf/all/arp_filter=0");
	set_file(ARP_FILTER, "0\n");
	fail_request(RTM_GETRULE, -EPERM);
	assert_finds(0, "warn rules IPv4: they cannot be listed: Operation not permitted");
	fail_request(RTM_GETRULE, -EAFNOSUPPORT);
	run_status(0);
	assert_null(strstr(out, "rules"));
}

static void test_no_rule(void **state)
{
	(void)state;
	set_guest(COKEEPER_STEER_ROUTE);
	add_rule(AF_INET, CK_RULE_PREF, CK_RT_TABLE, NULL);
	add_rule(AF_INET, CK_RULE_PREF, 254, "lo");
	add_rule(AF_INET, 5, CK_RT_TABLE, "lo");
	assert_finds(CLI_UNWELL, "fail rules IPv4: none looks table cokeeper up, so no packet takes a ring; mend: ip -4 rule add pref 32765 iif lo uidrange 0-4294967294 lookup 25451 protocol 107");
	assert_finds(CLI_UNWELL, "fail rules IPv6: none looks table cokeeper up, so no packet takes a ring; mend: ip -6 rule add pref 32765 iif lo uidrange 0-4294967294 lookup 25451 protocol 107");
	reset(NULL);
	store_set("domid", "5");
	add_lower(IFF_UP | IFF_RUNNING);
	add_device(COKEEPER_STEER_ROUTE, COKEEPER_REASON_NONE, 0);
	run_status(CLI_UNWELL);
	assert_null(strstr(out, "rules"));
	reset(NULL);
	store_set("domid", "5");
	add_lower(IFF_UP | IFF_RUNNING);
	add_device(COKEEPER_STEER_ROUTE, COKEEPER_REASON_LINK_DOWN, 77);
	run_status(CLI_UNWELL);
	assert_null(strstr(out, "rules"));
}

static void check_peer(uint32_t reason, const char *line)
{
	with_lower(IFF_UP | IFF_RUNNING);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_BACKOFF, reason);
	assert_finds(0, "ok   peers ck0: 1, 0 of them with a channel");
	assert_finds(0, "warn peer 00:16:3e:00:00:02: domain 102 still maps 2015 pages of channels that have ended");
	if (line)
		assert_finds(0, line);
	else
		assert_null(strstr(out, "domain 102,"));
}

#define PEER	"warn peer 00:16:3e:00:00:02: domain 102, "

static void test_peers(void **state)
{
	(void)state;
	check_peer(COKEEPER_REASON_NO_TRAFFIC, NULL);
	check_peer(COKEEPER_REASON_PEER_CLOSED, NULL);
	check_peer(COKEEPER_REASON_NO_HELPER, PEER "no-helper: no helper is bound here that could carry an offer");
	check_peer(COKEEPER_REASON_OFFER_TIMEOUT, PEER "offer-timeout: the peer did not take the offer in time; the next packet makes another one");
	check_peer(COKEEPER_REASON_NO_RESOURCES, PEER "no-resources: memory, grants or event channels ran out; mend: ip link set dev ck0 type cokeeper memory_share 25");
	check_peer(COKEEPER_REASON_BAD_OFFER, PEER "bad-offer: the peer's offer could not be mapped, or was malformed");
	check_peer(COKEEPER_REASON_VERSION, PEER "version: the peer speaks another version: upgrade the older end");
	check_peer(COKEEPER_REASON_PROTOCOL_ERROR, PEER "protocol-error: the peer broke the rules of the ring, and is in quarantine for some time");
	check_peer(COKEEPER_REASON_STALLED, PEER "stalled: the peer does not take packets out of a full ring");
	check_peer(COKEEPER_REASON_FLAPPING, PEER "flapping: too many channels were made with its domain, which is in quarantine");
}

/* One packet in a hundred matters, and so few as 99 do not. */
static void test_counters(void **state)
{
	(void)state;
	with_lower(IFF_UP | IFF_RUNNING);
	assert_finds(0, "ok   counters ck0: rings carried 7000 packets out and 2000 in, and hardly any packet for a peer took another way");
	set_stat(VLAN, 100);
	assert_finds(0, "warn counter tx_fallback_vlan: 100 packets of 7100 had a VLAN tag");
	set_stat(TX_0, 7000);
	assert_finds(0, "ok   counters ck0: rings carried 10000 packets out and 2000 in, and hardly any packet for a peer took another way");
	set_stat(TC, 5000);
	assert_finds(0, "warn counter tx_fallback_tc: 5000 packets of 15000 had to pass tc's filters or programs at the lower device's egress; mend: tc filter del dev eth0 egress");
	set_stat(FULL, 5000);
	name_device(DEVICE, "c$k");
	assert_finds(0, "warn counter tx_fallback_full: 5000 packets of 15000 found too many waiting for space in the ring; mend: ip link set dev 'c$k' type cokeeper ring_size 1048576");
	set_stat(SOURCE, 3000);
	assert_finds(0, "warn counter rx_dropped_source: 3000 packets of 5000 were dropped: dom0's ip= for the sender does not name their source");
	set_stats(NULL);
	assert_finds(0, "warn counters c$k: they cannot be read");
}

#define HOSTD	"/usr/sbin/cokeeper-hostd"
#define STATUS	"[ \"$1\" = --check ] && exit; [ \"$*\" = '--status --json' ] && cat <<'END'\n"

/* A bridge counts if a guest is in it. */
static void set_host(void)
{
	struct nlmsghdr *nlh;

	set_file("/proc/xen/capabilities", "control_d\n");
	store_set("domid", "0");
	put_kind(add_link(1, "br0", IFF_UP), "bridge");
	nlh = add_link(2, "vif5.0", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_MASTER, 1);
	set_file("/sys/class/net/vif5.0/device/nodename", "backend/vif/5/0\n");
	put_kind(add_link(3, "br1", 0), "bridge");
	nlh = add_link(4, "eth0", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_MASTER, 3);
	set_file("/sys/class/net/eth0/device/nodename", "device/vif/0\n");
	set_program(HOSTD, STATUS "{\"members\":1,\"domains\":[{\"domid\":5,\"name\":\"web1\",\"interfaces\":["
		"{\"vif\":0,\"mac\":\"00:16:3e:00:00:05\",\"link\":\"vif5.0\",\"group\":\"br0\",\"reason\":null}]}]}\nEND");
}

static void test_host(void **state)
{
	(void)state;
	set_host();
	assert_golden_pair(0, "doctor-host");
}

/* Whatever the toolstack calls its domains, root's shell does not obey. */
static void test_host_sick(void **state)
{
	struct nlmsghdr *nlh;

	(void)state;
	set_host();
	nlh = add_link(5, "vif6.0", IFF_UP);
	mnl_attr_put_u32(nlh, IFLA_MASTER, 3);
	set_file("/sys/class/net/vif6.0/device/nodename", "backend/vif/6/0\n");
	set_program(HOSTD,
		"[ \"$1\" = --check ] && { echo 'cokeeper-hostd: x' >&2; echo 'cokeeper-hostd: /etc/cokeeper/hostd.conf:3: a\033mistake' >&2; exit 1; }\n"
		STATUS "{\"members\":2,\"domains\":["
		"{\"domid\":5,\"name\":\"web1\",\"uuid\":\"u-1\",\"interfaces\":["
		"{\"vif\":0,\"mac\":\"m\",\"link\":\"vif5.0\",\"reason\":null},"
		"{\"vif\":3,\"mac\":\"m\",\"link\":\"vif5.3\",\"reason\":\"duplicate-mac\"},"
		"{\"vif\":4,\"mac\":null,\"link\":null,\"reason\":\"bad-mac\"},"
		"{\"vif\":1,\"mac\":\"m\",\"link\":\"vif5.1\",\"reason\":\"not-announced\"},"
		"{\"vif\":2,\"mac\":\"m\",\"link\":\"vif5.2\",\"reason\":\"isolated\"},"
		"{\"vif\":null,\"mac\":\"00:16:3e:00:00:09\",\"link\":null,\"reason\":\"not-your-mac\"}]},"
		"{\"domid\":6,\"name\":\"a b;reboot\",\"uuid\":\"u-2\",\"interfaces\":["
		"{\"vif\":0,\"mac\":\"m\",\"link\":\"x\\u001b;reboot\",\"reason\":\"vif-down\"},"
		"{\"vif\":2,\"mac\":\"m;reboot\",\"link\":\"vif6.2\",\"reason\":\"no-bridge\"},"
		"{\"vif\":1,\"mac\":\"m\",\"link\":\"vif6.1\",\"reason\":\"tc-filter\"}]},"
		"{\"domid\":7,\"name\":\"$(x)\",\"uuid\":5,\"interfaces\":["
		"{\"vif\":0,\"mac\":\"m\",\"link\":\"vif7.0\",\"reason\":\"no-bridge\"},"
		"{\"vif\":2,\"mac\":\"m\",\"link\":\"-vif7.2\",\"reason\":\"vif-down\"},"
		"{\"vif\":1,\"mac\":\"m\",\"link\":\"vif7.1\",\"reason\":\"xdp\"}]},"
		"{\"domid\":8,\"interfaces\":[{\"reason\":\"no-name\"},7,{\"reason\":\"domain-ended\"}]},"
		"9,{\"interfaces\":3}]}\nEND");
	assert_golden_pair(CLI_UNWELL, "doctor-host-sick");
}

static void test_hostd(void **state)
{
	(void)state;
	set_host();
	set_program(HOSTD, "[ \"$1\" = --check ] || { echo 'cokeeper-hostd: no cokeeper-hostd is running: nobody answers at /run/x' >&2; exit 1; }");
	assert_finds(CLI_UNWELL, "fail hostd: no cokeeper-hostd is running: nobody answers at /run/x; mend: /usr/sbin/cokeeper-hostd");
	assert_finds(CLI_UNWELL, "ok   config: without a mistake");
	set_file("/run/systemd/system/x", "");
	assert_finds(CLI_UNWELL, "fail hostd: no cokeeper-hostd is running: nobody answers at /run/x; mend: systemctl enable --now cokeeper-hostd");
	set_program(HOSTD, "[ \"$1\" = --check ] || { echo 'cokeeper-hostd: /run/x: Permission denied' >&2; exit 1; }");
	assert_finds(0, "warn hostd: only root may ask it; mend: sudo cokeeper doctor");
	set_program(HOSTD, "[ \"$1\" = --check ] && echo 'cokeeper-hostd: f:1: no guest of this host has the name' >&2; echo '{\"members\":3}'");
	assert_finds(0, "warn config: f:1: no guest of this host has the name; mend: sensible-editor /etc/cokeeper/hostd.conf && systemctl reload cokeeper-hostd");
	assert_finds(0, "ok   hostd: it runs; members: 3");
	set_program(HOSTD, "[ \"$1\" = --check ] && echo 'cokeeper-hostd: not checked: XenStore: Permission denied' >&2; echo '{\"members\":3}'");
	assert_finds(0, "warn config: not checked: XenStore: Permission denied; mend: sudo cokeeper doctor");
	set_program(HOSTD, "[ \"$1\" = --check ] || echo '{\"members\":'");
	assert_finds(CLI_UNWELL, "fail hostd: what cokeeper-hostd --status says is not understood");
	set_file(HOSTD, NULL);
	set_file(HOSTD, "no program");
	assert_finds(CLI_UNWELL, "fail config: /usr/sbin/cokeeper-hostd: Permission denied");
	set_file(HOSTD, NULL);
	assert_finds(CLI_UNWELL, "fail hostd: it is not installed; mend: apt-get install cokeeper-host");
}

/* Without Xen's file system, dom0 is told by its UUID. */
static void test_dom0(void **state)
{
	(void)state;
	set_host();
	set_file("/proc/xen/capabilities", "");
	set_file("/sys/hypervisor/uuid", "00000000-0000-0000-0000-000000000000\n");
	assert_finds(0, "ok   xen: this is dom0");
	set_file("/sys/hypervisor/uuid", "00000000-0000-0000-0000-000000000001\n");
	run_status(CLI_UNWELL);
	assert_null(strstr(out, "dom0\n"));
}

/* The first line that a terminal gets. */
static void terminal_gets(char line[256])
{
	int saved = dup(1), master, slave;
	ssize_t n;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	fflush(stdout);
	dup2(slave, 1);
	cmd_doctor(0, NULL);
	fflush(stdout);
	dup2(saved, 1);
	n = read(master, line, 255);
	line[n < 0 ? 0 : n] = 0;
	line[strcspn(line, "\r\n")] = 0;
	close(saved);
	close(master);
	close(slave);
}

static void check_colour(const char *type, const char *want)
{
	char line[256];

	set_file("/sys/hypervisor/type", type);
	terminal_gets(line);
	assert_string_equal(line, want);
}

static void test_colour(void **state)
{
	const char text[] = "fail xen: this kernel does not run on Xen, and CoKeeper is for Xen's guests";

	(void)state;
	unsetenv("NO_COLOR");
	check_colour("kvm", "\033[31mfail\033[0m xen: this kernel does not run on Xen, and CoKeeper is for Xen's guests");
	fail_request(RTM_GETLINK, -EPERM);
	check_colour("xen", "\033[32mok  \033[0m xen: this is a guest of Xen, type PVH");
	setenv("NO_COLOR", "", 1);
	check_colour("xen", "\033[32mok  \033[0m xen: this is a guest of Xen, type PVH");
	setenv("NO_COLOR", "1", 1);
	check_colour("kvm", text);
	unsetenv("NO_COLOR");
	out_use_json(true);
	check_colour("kvm", "[{\"status\":\"fail\",\"check\":\"xen\",\"subject\":null,"
		     "\"text\":\"this kernel does not run on Xen, and CoKeeper is for Xen's guests\","
		     "\"where\":null,\"mend\":null}]");
}

static void test_misuse(void **state)
{
	char *args[] = { "more" };

	(void)state;
	check_misuse(cmd_doctor, 1, args,
		     "cokeeper: unexpected argument 'more', try \"cokeeper help\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_guest, reset),
		cmocka_unit_test_setup(test_sick, reset),
		cmocka_unit_test_setup(test_xen, reset),
		cmocka_unit_test_setup(test_links, reset),
		cmocka_unit_test_setup(test_kernel, reset),
		cmocka_unit_test_setup(test_kernel_compressed, reset),
		cmocka_unit_test_setup(test_module, reset),
		cmocka_unit_test_setup(test_no_device, reset),
		cmocka_unit_test_setup(test_inactive, reset),
		cmocka_unit_test_setup(test_helper, reset),
		cmocka_unit_test_setup(test_store, reset),
		cmocka_unit_test_setup(test_group, reset),
		cmocka_unit_test_setup(test_refused, reset),
		cmocka_unit_test_setup(test_reasons, reset),
		cmocka_unit_test_setup(test_mac, reset),
		cmocka_unit_test_setup(test_lower, reset),
		cmocka_unit_test_setup(test_mtu, reset),
		cmocka_unit_test_setup(test_xdp, reset),
		cmocka_unit_test_setup(test_tc, reset),
		cmocka_unit_test_setup(test_tc_filters, reset),
		cmocka_unit_test_setup(test_offloads, reset),
		cmocka_unit_test_setup(test_uppers, reset),
		cmocka_unit_test_setup(test_route, reset),
		cmocka_unit_test_setup(test_no_rule, reset),
		cmocka_unit_test_setup(test_peers, reset),
		cmocka_unit_test_setup(test_counters, reset),
		cmocka_unit_test_setup(test_host, reset),
		cmocka_unit_test_setup(test_host_sick, reset),
		cmocka_unit_test_setup(test_hostd, reset),
		cmocka_unit_test_setup(test_dom0, reset),
		cmocka_unit_test_setup(test_colour, reset),
		cmocka_unit_test_setup(test_misuse, reset),
	};
	char command[64];
	int failed;

	if (!fakes_open() || !mkdtemp(root))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command) || failed;
}
