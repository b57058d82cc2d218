// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in a guest: peers without a channel, and packets that take no ring. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "ethtool.h"
#include "finding.h"
#include "names.h"

/* A counter says something from so many packets on, and from such a share of all. */
#define PACKETS_MIN	100
#define SHARE_MIN	100	/* one in so many */

/* Return: what keeps a peer from having a channel, or NULL for what is as it should be. */
static const char *reason_text(uint32_t reason)
{
	switch (reason) {
	case COKEEPER_REASON_NO_HELPER:
		return "no helper is bound here that could carry an offer";
	case COKEEPER_REASON_OFFER_TIMEOUT:
		return "the peer did not take the offer in time; the next packet makes another one";
	case COKEEPER_REASON_NO_RESOURCES:
		return "memory, grants or event channels ran out";
	case COKEEPER_REASON_BAD_OFFER:
		return "the peer's offer could not be mapped, or was malformed";
	case COKEEPER_REASON_VERSION:
		return "the peer speaks another version: upgrade the older end";
	case COKEEPER_REASON_PROTOCOL_ERROR:
		return "the peer broke the rules of the ring, and is in quarantine for some time";
	case COKEEPER_REASON_STALLED:
		return "the peer does not take packets out of a full ring";
	case COKEEPER_REASON_FLAPPING:
		return "too many channels were made with its domain, which is in quarantine";
	default:
		return NULL;
	}
}

static void check_peer(const struct patient *patient, const struct ck_peer *peer)
{
	char mac[CK_MAC_STRLEN], quoted[QUOTED_SIZE];
	const char *text = reason_text(peer->reason);

	ck_mac_format(&peer->mac, mac);
	if (text) {
		found_warn("peer", mac, "domain %" PRIu32 ", %s: %s", peer->domid,
			   ck_reason_name(peer->reason), text);
		if (peer->reason == COKEEPER_REASON_NO_RESOURCES)
			found_mend("ip link set dev %s type cokeeper memory_share 25",
				   found_quote(patient->name, quoted));
	}
	if (peer->late_grants)
		found_warn("peer", mac, "domain %" PRIu32 " still maps %" PRIu32
			   " pages of channels that have ended", peer->domid, peer->late_grants);
}

static void check_peers(struct doctor *doctor, const struct patient *patient)
{
	unsigned int i, connected = 0;
	struct cli_dump peers;

	if (cli_dump_peers(&doctor->genl, patient->dev->ifindex, &peers)) {
		found_fail("peers", patient->name, "the module does not list them");
		return;
	}
	for (i = 0; i < peers.n; i++)
		connected += peers.msg[i].peer.state == COKEEPER_STATE_CONNECTED;
	found_ok("peers", patient->name, "%u, %u of them with a channel", peers.n, connected);
	for (i = 0; i < peers.n; i++)
		check_peer(patient, &peers.msg[i].peer);
	free(peers.msg);
}

/* What each counter means (Documentation/architecture.md), and the command against it, in which
 * D is the device and L the lower one.
 */
static const struct {
	const char *name;
	const char *text;
	const char *mend;
} counters[] = {
	{ "tx_fallback_vlan", "had a VLAN tag", NULL },
	{ "tx_fallback_source_mac", "had the MAC of a bridge's port or a macvlan", NULL },
	{ "tx_fallback_tc", "had to pass tc's filters or programs at the lower device's egress",
	  "tc filter del dev L egress" },
	{ "tx_fallback_qdisc", "had to pass a queueing discipline that does more than queue",
	  "tc qdisc replace dev L root fq_codel" },
	{ "tx_fallback_no_neigh", "had a next hop whose MAC was not known yet", NULL },
	{ "tx_fallback_no_peer", "had a next hop that is no peer", NULL },
	{ "tx_fallback_no_channel", "found no channel: see the peers above", NULL },
	{ "tx_fallback_size", "were longer than the peer's MTU: give both ends the same", NULL },
	{ "tx_fallback_unsupported", "were GSO of another kind than TCP, or longer than 64 KiB",
	  NULL },
	{ "tx_fallback_source", "had a source that dom0's ip= for this guest does not name", NULL },
	{ "tx_fallback_full", "found too many waiting for space in the ring",
	  "ip link set dev D type cokeeper ring_size 1048576" },
	{ "tx_fallback_timeout", "waited in vain for space in the ring",
	  "ip link set dev D type cokeeper ring_size 1048576" },
	{ "tx_fallback_stalled", "came while the peer did not empty its ring", NULL },
	{ "rx_dropped_length", "were dropped: too short or too long", NULL },
	{ "rx_dropped_header", "were dropped: not IP, or with a bad header", NULL },
	{ "rx_dropped_source", "were dropped: dom0's ip= for the sender does not name their source",
	  NULL },
	{ "rx_dropped_memory", "were dropped, since there was no memory", NULL },
};

#define NCOUNTERS	(sizeof(counters) / sizeof(counters[0]))

static uint64_t value_of(const struct cli_stats *stats, const char *name)
{
	unsigned int i;

	for (i = 0; i < stats->n; i++)
		if (!strcmp(stats->stat[i].name, name))
			return stats->stat[i].value;
	return 0;
}

/* Packets that rings carried, in one direction. */
static uint64_t carried(const struct cli_stats *stats, const char *prefix)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < stats->n; i++)
		if (!strncmp(stats->stat[i].name, prefix, strlen(prefix)))
			sum += stats->stat[i].value;
	return sum;
}

static void say_mend(const struct patient *patient, const char *command)
{
	const char *at = strpbrk(command, "DL");
	char quoted[QUOTED_SIZE];

	found_mend("%.*s%s%s", (int)(at - command), command,
		   found_quote(*at == 'D' ? patient->name : patient->lower_name, quoted), at + 1);
}

static void check_counters(const struct patient *patient, const struct cli_stats *stats)
{
	uint64_t tx = carried(stats, "tx_queue_"), rx = carried(stats, "rx_queue_"), value, all;
	bool any = false;
	unsigned int i;

	for (i = 0; i < NCOUNTERS; i++) {
		value = value_of(stats, counters[i].name);
		all = value + (counters[i].name[0] == 't' ? tx : rx);
		if (value < PACKETS_MIN || value < all / SHARE_MIN)
			continue;
		any = true;
		found_warn("counter", counters[i].name, "%" PRIu64 " packets of %" PRIu64 " %s",
			   value, all, counters[i].text);
		if (counters[i].mend)
			say_mend(patient, counters[i].mend);
	}
	if (!any)
		found_ok("counters", patient->name,
			 "rings carried %" PRIu64 " packets out and %" PRIu64
			 " in, and hardly any packet for a peer took another way", tx, rx);
}

void doctor_traffic(struct doctor *doctor, const struct patient *patient)
{
	struct cli_stats stats;

	check_peers(doctor, patient);
	if (cli_ethtool_stats(patient->dev->ifindex, &stats))
		found_warn("counters", patient->name, "they cannot be read");
	else
		check_counters(patient, &stats);
	free(stats.stat);
}
