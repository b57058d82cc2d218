// SPDX-License-Identifier: GPL-2.0
/* Why dom0 leaves an interface out of all groups, and what its administrator can do.
 *
 * The reasons are those of Documentation/xenstore-paths.md; selftests/userspace/check-doctor
 * compares them.
 */
#include "refusal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONFIG		"/etc/cokeeper/hostd.conf"
#define RELOAD		" && systemctl reload cokeeper-hostd"
#define ADD(lines)	"printf '\\n" lines "' >>" CONFIG RELOAD
#define EDIT		"sensible-editor " CONFIG RELOAD
#define ALLOW		ADD("[guest {guest}]\\nallow = {reason}\\n")
#define ALLOW_ROUTED	ADD("[group GROUP]\\nguest = {guest}\\nallow = {reason}\\n")
#define ATTACH_ANEW	"xl network-detach {domid} {index} && " \
			"xl network-attach {domid} bridge=BRIDGE"
#define ATTACH		"xl network-detach {domid} {index} && " \
			"xl network-attach {domid} mac={mac} bridge=BRIDGE"

/* Words in braces are replaced, words in capitals are for the administrator to choose. */
static const struct refusal {
	const char *reason;
	const char *text;
	const char *mend;
} refusals[] = {
	{ "malformed", "dom0 does not understand the announcement; its log says which word",
	  "journalctl -u cokeeper-hostd" },
	{ "version", "dom0's cokeeper-hostd does not know the version of the announcement",
	  "apt-get install cokeeper-host" },
	{ "not-your-mac", "the toolstack gave the domain no interface with this MAC",
	  "xl network-list {domid}" },
	{ "excluded", "the configuration excludes the guest: take it out of [exclude]", EDIT },
	{ "not-listed", "the configuration has 'join = none', and the guest in no group",
	  ADD("[group GROUP]\\nguest = {guest}\\n") },
	{ "no-name", "the domain has no name, and the configuration names guests",
	  "xl rename {domid} NAME" },
	{ "domain-unknown", "the hypervisor has not told yet whether the domain runs",
	  "journalctl -u cokeeper-hostd" },
	{ "duplicate-mac", "another interface of the domain has the same MAC", ATTACH_ANEW },
	{ "bad-mac", "the toolstack wrote a wrong MAC address for it", ATTACH_ANEW },
	{ "bad-value", "the toolstack wrote a value for it that is no text", ATTACH },
	{ "no-bridge", "the toolstack names no bridge for the interface",
	  ATTACH },
	{ "bad-ip", "ip= of the interface is no list of at most 8 addresses or networks",
	  ATTACH " ip=ADDRESS" },
	{ "foreign-backend", "a driver domain has the bridge, which dom0 cannot see",
	  ADD("[group GROUP]\\nguest = {guest}\\n") },
	{ "no-vif", "dom0 has no link for the interface", ATTACH },
	{ "vif-down", "the interface's link in dom0 is down, or its bridge blocks it",
	  "ip link set dev {vif} up" },
	{ "not-bridged", "the interface's link in dom0 is no port of a Linux bridge",
	  "ip link set dev {vif} master BRIDGE" },
	{ "other-bridge", "the interface's link is in another bridge than the toolstack says",
	  "ip link set dev {vif} master BRIDGE" },
	{ "other-vlan", "the bridge puts its frames into another VLAN than the toolstack says",
	  "bridge vlan add dev {vif} vid VLAN pvid untagged" },
	{ "vlan-tagged", "the bridge drops or tags its frames that have no tag",
	  "bridge vlan add dev {vif} vid VLAN pvid untagged" },
	{ "script-route", "dom0 routes the interface, so it needs a named group", ALLOW_ROUTED },
	{ "script-nat", "dom0 translates its addresses, so it needs a named group",
	  ALLOW_ROUTED },
	{ "openvswitch", "an Open vSwitch has it, whose flows rings would pass by", ALLOW },
	{ "script-custom", "an unknown script sets it up, which rings might pass by", ALLOW },
	{ "locking-mode", "xapi locks it to addresses, which rings would pass by", ALLOW },
	{ "rate-limited", "rate= limits it, which rings would pass by", ALLOW },
	{ "isolated", "the bridge isolates its port, which rings would pass by", ALLOW },
	{ "port-locked", "the bridge locks its port, which rings would pass by", ALLOW },
	{ "tc-filter", "tc filters in dom0 look at its frames, and rings would pass them by",
	  ALLOW },
	{ "tc-qdisc", "a qdisc in dom0 does more than queue its frames, and rings would pass it by",
	  ALLOW },
	{ "xdp", "an XDP program in dom0 looks at its frames, and rings would pass it by", ALLOW },
	{ "netdev-filter", "nftables hooks into its link, which rings would pass by", ALLOW },
	{ "bridge-filter", "dom0 filters the frames of bridges, and rings would pass that by",
	  ALLOW },
};

static const struct refusal *find(const char *reason)
{
	unsigned int i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!strcmp(reason, refusals[i].reason))
			return &refusals[i];
	return NULL;
}

/* Return: what a reason means. */
const char *refusal_text(const char *reason)
{
	const struct refusal *refusal = find(reason);

	return refusal ? refusal->text : "a reason that this version does not know";
}

static const char *or(const char *word, const char *otherwise)
{
	return word ? word : otherwise;
}

/* Append what a word in braces stands for. Return: the end of the text. */
static char *append_word(char *to, const char *end, const char *word, size_t len,
			 const char *reason, const struct refused *refused)
{
	const struct {
		const char *word;
		const char *value;
	} words[] = {
		{ "reason", reason },
		{ "guest", or(refused->guest, "GUEST") },
		{ "domid", or(refused->domid, "DOMID") },
		{ "vif", or(refused->vif, "VIF") },
		{ "index", or(refused->index, "INDEX") },
		{ "mac", or(refused->mac, "MAC") },
	};
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && !strncmp(words[i].word, word, len))
			to += snprintf(to, end - to, "%s", words[i].value);
	return to < end ? to : (char *)end - 1;
}

/**
 * refusal_mend() - the command that has an interface be in a group
 * @reason: why it is not
 * @refused: which one it is, in words that a shell takes as they are
 * @buf: room for it
 *
 * Return: the command, or NULL.
 */
const char *refusal_mend(const char *reason, const struct refused *refused, char buf[1024])
{
	const struct refusal *refusal = find(reason);
	const char *from, *end = buf + 1024;
	char *to = buf;
	size_t len;

	if (!refusal)
		return NULL;
	for (from = refusal->mend; *from && to < end - 1; from++) {
		len = strcspn(from, "}");
		if (*from == '{' && from[len]) {
			to = append_word(to, end, from + 1, len - 1, reason, refused);
			from += len;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
	return buf;
}
