// SPDX-License-Identifier: GPL-2.0
/* Lanes that we offer: pages by gntalloc, and event channels. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <linux/virtio_net.h>
#include <xengnttab.h>

#include "hostile.h"

static xengntshr_handle *gntshr;
static xenevtchn_handle *evtchn;

static void open_devices(void)
{
	if (evtchn)
		return;
	gntshr = xengntshr_open(NULL, 0);
	evtchn = xenevtchn_open(NULL, 0);
	if (!gntshr || !evtchn)
		die("gntalloc and evtchn are needed");
}

/**
 * lane_reset() - have a lane as it was when it was made, for another offer
 * @lane: one that the victim has closed
 */
void lane_reset(struct lane *lane)
{
	struct ck_control *control = lane->control;

	memset(control->end, 0, sizeof(control->end));
	memset(control->ring, 0, sizeof(control->ring));
	ck_ring_init(&lane->tx, &control->ring[CK_OFFERER], lane->page, RING_SIZE);
	ck_ring_init(&lane->rx, &control->ring[CK_ACCEPTOR], lane->page + RING_PAGES, RING_SIZE);
	control->end[CK_OFFERER].mtu = MTU;
	control->end[CK_OFFERER].state = CK_END_OPEN;
}

/**
 * lane_make() - make a lane that the victim could take
 * @lane: to be set up
 * @domid: the victim's
 */
void lane_make(struct lane *lane, unsigned int domid)
{
	uint32_t refs[2 * RING_PAGES];
	xenevtchn_port_or_error_t port;
	unsigned int i;

	open_devices();
	lane->control = xengntshr_share_pages(gntshr, domid, 1, &lane->ref, 1);
	lane->rings = xengntshr_share_pages(gntshr, domid, 2 * RING_PAGES, refs, 1);
	if (!lane->control || !lane->rings)
		die("share");
	port = xenevtchn_bind_unbound_port(evtchn, domid);
	if (port < 0)
		die("event channel");
	lane->port = port;
	for (i = 0; i < 2 * RING_PAGES; i++)
		lane->page[i] = lane->rings + i * CK_RING_PAGE;

	lane->control->magic = CK_CONTROL_MAGIC;
	lane->control->version = CK_PROTOCOL_VERSION;
	lane->control->ring_size = RING_SIZE;
	memcpy(lane->control->ref, refs, sizeof(refs));
	lane_reset(lane);
}

/**
 * lane_bind() - bind to an event channel of the victim, for as long as we live
 * @domid: the victim's
 * @port: its port
 * Return: ours, or 0 if that fails, as no sending to 0 harms.
 */
evtchn_port_t lane_bind(unsigned int domid, evtchn_port_t port)
{
	xenevtchn_port_or_error_t local;

	open_devices();
	local = xenevtchn_bind_interdomain(evtchn, domid, port);
	return local < 0 ? 0 : local;
}

/**
 * lane_victim_state() - what the victim says of its end
 * @lane: the lane
 * Return: an enum ck_end_state, if the victim keeps to the rules.
 */
uint32_t lane_victim_state(const struct lane *lane)
{
	return __atomic_load_n(&lane->control->end[CK_ACCEPTOR].state, __ATOMIC_ACQUIRE);
}

/**
 * lane_await_event() - wait for an event of any lane
 * @ms: at most
 */
void lane_await_event(unsigned int ms)
{
	struct pollfd pfd = { .fd = xenevtchn_fd(evtchn), .events = POLLIN };

	if (poll(&pfd, 1, ms) == 1) {
		xenevtchn_port_or_error_t p = xenevtchn_pending(evtchn);

		if (p >= 0)
			xenevtchn_unmask(evtchn, p);
	}
}

/**
 * lane_await() - wait for the victim's end
 * @lane: the lane
 * @state: what it is to become, or be past
 * @ms: at most
 * Return: true if it has.
 */
bool lane_await(const struct lane *lane, uint32_t state, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	while (lane_victim_state(lane) < state && now_ms() < end && !ended)
		lane_await_event(20);
	return lane_victim_state(lane) >= state;
}

/**
 * lane_notify() - send an event
 * @lane: the lane
 */
void lane_notify(const struct lane *lane)
{
	xenevtchn_notify(evtchn, lane->port);
}

/**
 * lane_produce() - say how far we have written, true or not
 * @lane: the lane
 * @prod: the index
 */
void lane_produce(const struct lane *lane, uint32_t prod)
{
	__atomic_store_n(&lane->control->ring[CK_OFFERER].prod, prod, __ATOMIC_RELEASE);
	lane_notify(lane);
}

/**
 * lane_send() - send a packet as an honest peer would, waiting for space
 * @lane: the lane
 * @hdr: how to describe it
 * @packet: its bytes
 * @len: their number
 * Return: false if the victim has closed the lane, or takes nothing.
 */
bool lane_send(struct lane *lane, const struct virtio_net_hdr *hdr, const void *packet,
	       uint32_t len)
{
	uint64_t end = now_ms() + DEADLINE_MS;
	struct ck_frame frame = { .len = len };

	memcpy(frame.vnet_hdr, hdr, sizeof(*hdr));
	while (ck_ring_reserve(&lane->tx, len)) {
		if (lane_victim_state(lane) != CK_END_OPEN || now_ms() > end || ended)
			return false;
		if (!ck_ring_wait_space(&lane->tx, len, true))
			lane_await_event(20);
	}
	ck_ring_write(&lane->tx, ck_ring_frame(&lane->tx, &frame), packet, len);
	if (ck_ring_publish(&lane->tx))
		lane_notify(lane);
	return lane_victim_state(lane) == CK_END_OPEN;
}

/**
 * lane_drained() - wait until the victim has taken all
 * @lane: the lane
 * @ms: at most
 * Return: true if it has.
 */
bool lane_drained(struct lane *lane, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	while (!ck_ring_drained(&lane->tx) && now_ms() < end && !ended &&
	       lane_victim_state(lane) == CK_END_OPEN)
		lane_await_event(2);
	return ck_ring_drained(&lane->tx);
}
