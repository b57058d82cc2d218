// SPDX-License-Identifier: GPL-2.0
/* cokeeper metrics: devices, peers and counters in Prometheus' text format, 0.0.4.
 *
 * What can be asked without root and XenStore is printed, so that no exporter needs more.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "dump.h"
#include "ethtool.h"
#include "names.h"
#include "output.h"

struct device {
	const struct ck_dev *dev;
	char name[IF_NAMESIZE];
	struct cli_dump peers;
	struct cli_stats stats;
};

/**
 * struct metric - a metric
 * @name: without the "cokeeper_" that all of them have
 * @counter: or a gauge
 * @help: what it is
 * @print: prints all that one device has of it, or NULL for one of peers
 * @print_peer: prints all that a peer, with this MAC, has of it
 * @field: offset of the number in struct ck_dev or struct ck_peer
 * @prefix: what the names of the counters begin with, or the name of one
 */
struct metric {
	const char *name;
	bool counter;
	const char *help;
	void (*print)(const struct metric *metric, const struct device *device);
	void (*print_peer)(const struct metric *metric, const struct device *device,
			   const struct ck_peer *peer, const char *mac);
	union {
		size_t field;
		const char *prefix;
	};
};

/* A label's value has a backslash before each backslash and quotation mark. */
static void print_label(FILE *f, char before, const char *label, const char *value)
{
	fprintf(f, "%c%s=\"", before, label);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', f);
		fputc(*value, f);
	}
	fputc('"', f);
}

/* Labels follow, each with its value, up to a NULL. */
static void sample(const struct metric *metric, const struct device *device, uint64_t value, ...)
{
	FILE *f = out_file();
	const char *label;
	va_list ap;

	fprintf(f, "cokeeper_%s", metric->name);
	print_label(f, '{', "device", device->name);
	va_start(ap, value);
	while ((label = va_arg(ap, const char *)))
		print_label(f, ',', label, va_arg(ap, const char *));
	va_end(ap);
	fprintf(f, "} %" PRIu64 "\n", value);
}

static void device_info(const struct metric *metric, const struct device *device)
{
	const struct ck_dev *dev = device->dev;
	char lower[IF_NAMESIZE], mac[CK_MAC_STRLEN], instance[17];

	snprintf(instance, sizeof(instance), "%016" PRIx64, dev->instance);
	sample(metric, device, 1, "lower", cli_ifname(dev->lower, lower), "mac",
	       ck_mac_format(&dev->mac, mac), "instance", instance, "steer",
	       ck_steer_name(dev->steer), NULL);
}

static void device_active(const struct metric *metric, const struct device *device)
{
	sample(metric, device, !device->dev->inactive, NULL);
}

static void device_inactive(const struct metric *metric, const struct device *device)
{
	static const uint32_t reasons[] = {
		COKEEPER_REASON_LINK_DOWN, COKEEPER_REASON_LOWER_DOWN, COKEEPER_REASON_SUSPENDED,
		COKEEPER_REASON_XDP,
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		sample(metric, device, device->dev->inactive == reasons[i], "reason",
		       ck_reason_name(reasons[i]), NULL);
}

static void device_helper(const struct metric *metric, const struct device *device)
{
	sample(metric, device, device->dev->helper != 0, NULL);
}

static void device_peers(const struct metric *metric, const struct device *device)
{
	sample(metric, device, device->peers.n, NULL);
}

static void device_u32(const struct metric *metric, const struct device *device)
{
	uint32_t value;

	memcpy(&value, (const char *)device->dev + metric->field, sizeof(value));
	sample(metric, device, value, NULL);
}

/* What follows in the name of a counter says why. */
static void device_reasons(const struct metric *metric, const struct device *device)
{
	size_t len = strlen(metric->prefix);
	const struct cli_stat *stat;

	for (stat = device->stats.stat; stat < device->stats.stat + device->stats.n; stat++)
		if (!strncmp(stat->name, metric->prefix, len))
			sample(metric, device, stat->value, "reason", stat->name + len, NULL);
}

static void device_stat(const struct metric *metric, const struct device *device)
{
	const struct cli_stat *stat;

	for (stat = device->stats.stat; stat < device->stats.stat + device->stats.n; stat++)
		if (!strcmp(stat->name, metric->prefix))
			sample(metric, device, stat->value, NULL);
}

/* Of each queue, whose number follows, and "_packets". */
static void queue_packets(const struct metric *metric, const struct device *device)
{
	size_t len = strlen(metric->prefix);
	char queue[ETH_GSTRING_LEN];
	const struct cli_stat *stat;
	size_t digits;

	for (stat = device->stats.stat; stat < device->stats.stat + device->stats.n; stat++) {
		if (strncmp(stat->name, metric->prefix, len))
			continue;
		digits = strspn(stat->name + len, "0123456789");
		if (!digits || strcmp(stat->name + len + digits, "_packets"))
			continue;
		snprintf(queue, sizeof(queue), "%.*s", (int)digits, stat->name + len);
		sample(metric, device, stat->value, "queue", queue, NULL);
	}
}

static void peer_info(const struct metric *metric, const struct device *device,
		      const struct ck_peer *peer, const char *mac)
{
	char domid[11], instance[17];

	snprintf(domid, sizeof(domid), "%" PRIu32, peer->domid);
	snprintf(instance, sizeof(instance), "%016" PRIx64, peer->instance);
	sample(metric, device, 1, "peer", mac, "domid", domid, "instance", instance, NULL);
}

static void peer_state(const struct metric *metric, const struct device *device,
		       const struct ck_peer *peer, const char *mac)
{
	uint32_t state;

	for (state = COKEEPER_STATE_IDLE; state <= COKEEPER_STATE_BACKOFF; state++)
		sample(metric, device, peer->state == state, "peer", mac, "state",
		       ck_state_name(state), NULL);
}

static void peer_reason(const struct metric *metric, const struct device *device,
			const struct ck_peer *peer, const char *mac)
{
	sample(metric, device, 1, "peer", mac, "reason", ck_reason_name(peer->reason), NULL);
}

static void peer_u32(const struct metric *metric, const struct device *device,
		     const struct ck_peer *peer, const char *mac)
{
	uint32_t value;

	memcpy(&value, (const char *)peer + metric->field, sizeof(value));
	sample(metric, device, value, "peer", mac, NULL);
}

static void peer_u64(const struct metric *metric, const struct device *device,
		     const struct ck_peer *peer, const char *mac)
{
	uint64_t value;

	memcpy(&value, (const char *)peer + metric->field, sizeof(value));
	sample(metric, device, value, "peer", mac, NULL);
}

#define DEV(fn)			.print = fn
#define DEV_U32(name)		.print = device_u32, .field = offsetof(struct ck_dev, name)
#define STATS(fn, name)		.print = fn, .prefix = name
#define PEER(fn)		.print_peer = fn
#define PEER_U32(name)		.print_peer = peer_u32, .field = offsetof(struct ck_peer, name)
#define PEER_U64(name)		.print_peer = peer_u64, .field = offsetof(struct ck_peer, name)
#define GAUGE			false
#define COUNTER			true

static const struct metric metrics[] = {
	{ "device_info", GAUGE, "What a device is.", DEV(device_info) },
	{ "device_active", GAUGE, "Whether a device may have channels.", DEV(device_active) },
	{ "device_inactive", GAUGE, "Whether this is why a device is inactive.",
	  DEV(device_inactive) },
	{ "device_helper_running", GAUGE, "Whether a helper is bound to a device.",
	  DEV(device_helper) },
	{ "device_peers", GAUGE, "Peers that a device knows.", DEV(device_peers) },
	{ "device_peer_changes_total", COUNTER, "Changes of a device's table of peers.",
	  DEV_U32(generation) },
	{ "device_max_grants", GAUGE,
	  "Most pages that all channels may grant, and most that they may map.",
	  DEV_U32(max_grants) },
	{ "device_max_domain_grants", GAUGE,
	  "Most pages that channels with one domain may grant, and most that they may map.",
	  DEV_U32(max_peer_grants) },
	{ "device_max_ports", GAUGE, "Most event channels that all channels may have.",
	  DEV_U32(max_ports) },
	{ "device_max_domain_ports", GAUGE,
	  "Most event channels that channels with one domain may have.", DEV_U32(max_peer_ports) },
	{ "device_fallback_packets_total", COUNTER,
	  "Packets that took the lower device, by reason.", STATS(device_reasons, "tx_fallback_") },
	{ "device_ring_full_packets_total", COUNTER,
	  "Packets that had to wait for space in a ring.", STATS(device_stat, "tx_ring_full") },
	{ "device_receive_dropped_packets_total", COUNTER,
	  "Packets out of rings that were dropped, by reason.",
	  STATS(device_reasons, "rx_dropped_") },
	{ "queue_transmit_packets_total", COUNTER, "Packets that a queue sent through rings.",
	  STATS(queue_packets, "tx_queue_") },
	{ "queue_receive_packets_total", COUNTER, "Packets that a queue received from rings.",
	  STATS(queue_packets, "rx_queue_") },
	{ "peer_info", GAUGE, "What a peer is.", PEER(peer_info) },
	{ "peer_state", GAUGE, "Whether the channel to a peer is in this state.",
	  PEER(peer_state) },
	{ "peer_reason", GAUGE, "Why packets to a peer take the lower device.", PEER(peer_reason) },
	{ "peer_transmit_packets_total", COUNTER, "Packets sent to a peer through rings.",
	  PEER_U64(tx_packets) },
	{ "peer_transmit_bytes_total", COUNTER, "Bytes sent to a peer through rings.",
	  PEER_U64(tx_bytes) },
	{ "peer_receive_packets_total", COUNTER, "Packets received from a peer through rings.",
	  PEER_U64(rx_packets) },
	{ "peer_receive_bytes_total", COUNTER, "Bytes received from a peer through rings.",
	  PEER_U64(rx_bytes) },
	{ "peer_fallback_packets_total", COUNTER,
	  "Packets for a peer that took the lower device.", PEER_U64(fallback_packets) },
	{ "peer_receive_dropped_packets_total", COUNTER,
	  "Packets from a peer that were dropped.", PEER_U64(rx_dropped) },
	{ "peer_grants", GAUGE, "Pages granted to a peer's domain.", PEER_U32(grants) },
	{ "peer_late_grants", GAUGE,
	  "Pages granted to a peer's domain for channels that have ended.", PEER_U32(late_grants) },
	{ "peer_mapped_pages", GAUGE, "Pages of a peer's domain that are mapped.",
	  PEER_U32(mapped) },
	{ "peer_ports", GAUGE, "Event channels to a peer's domain.", PEER_U32(ports) },
};

/* Return: 0 or a negative errno, which has been explained. */
static int read_device(struct ck_genl *genl, const struct ck_dev *dev, struct device *device)
{
	int err;

	device->dev = dev;
	cli_ifname(dev->ifindex, device->name);
	err = cli_dump_peers(genl, dev->ifindex, &device->peers);
	if (err)
		return err;
	err = cli_ethtool_stats(dev->ifindex, &device->stats);
	if (err)
		cli_error("counters of %s: %s", device->name, strerror(-err));
	return err;
}

static void print_metric(const struct metric *metric, const struct device *device)
{
	const struct ck_peer *peer;
	char mac[CK_MAC_STRLEN];
	unsigned int i;

	if (metric->print) {
		metric->print(metric, device);
		return;
	}
	for (i = 0; i < device->peers.n; i++) {
		peer = &device->peers.msg[i].peer;
		metric->print_peer(metric, device, peer, ck_mac_format(&peer->mac, mac));
	}
}

/* All that there is of a metric stands together. */
static void print_metrics(const struct device *devices, unsigned int n)
{
	const struct metric *metric;
	FILE *f = out_file();
	unsigned int i;

	for (metric = metrics; metric < metrics + sizeof(metrics) / sizeof(metrics[0]); metric++) {
		fprintf(f, "# HELP cokeeper_%s %s\n", metric->name, metric->help);
		fprintf(f, "# TYPE cokeeper_%s %s\n", metric->name,
			metric->counter ? "counter" : "gauge");
		for (i = 0; i < n; i++)
			print_metric(metric, &devices[i]);
	}
}

static int print_all(struct ck_genl *genl)
{
	struct cli_dump list;
	struct device *devices;
	unsigned int i;
	int err;

	err = cli_dump_devices(genl, &list);
	devices = ck_alloc((list.n + 1) * sizeof(*devices));
	for (i = 0; i < list.n && !err; i++)
		err = read_device(genl, &list.msg[i].dev, &devices[i]);
	if (!err)
		print_metrics(devices, list.n);
	for (i = 0; i < list.n; i++) {
		free(devices[i].peers.msg);
		free(devices[i].stats.stat);
	}
	free(devices);
	free(list.msg);
	return err ? CLI_FAILED : 0;
}

int cmd_metrics(int argc, char **argv)
{
	struct ck_genl genl;
	int ret;

	if (argc)
		return cli_misuse("unexpected argument '%s'", argv[0]);
	if (out_json())
		return cli_misuse("metrics are not printed as JSON");
	ret = cli_open(&genl);
	if (ret)
		return ret;
	ret = print_all(&genl);
	ck_genl_close(&genl);
	return ret;
}
