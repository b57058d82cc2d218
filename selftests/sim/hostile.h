/* SPDX-License-Identifier: GPL-2.0 */
/* A peer that does what it likes, for tests. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include <kunit/test.h>
#include <linux/virtio_net.h>

#include "../drivers/account.h"
#include "../drivers/channel.h"
#include "../drivers/connect.h"
#include "../drivers/device.h"
#include "../drivers/peertable.h"
#include "xen_sim.h"

/* Of the first test. */
#define HOSTILE_DOMID		77
/* More than a table takes. */
#define HOSTILE_PEERS		16384
#define HOSTILE_INSTANCE	0x1badc0deull
#define HOSTILE_MTU		1500
#define HOSTILE_PAGES		(2 * CK_RING_MIN / CK_RING_PAGE)

/**
 * struct hostile - the peer, and what it has of its channel to the device under test
 * @test: the test
 * @ck: the device
 * @id: the peer, as the device knows it
 * @offer: id of its next offer
 * @control: its control page if it offers, else the device's
 * @page: its pages, the control page first
 * @addr: addresses of the pages of the rings
 * @ref: their grants
 * @nr_granted: of them, in order
 * @port: its event channel
 * @irq: its interrupt, 0 if it has none
 * @events: that it got
 * @tx: the ring that it produces
 * @rx: the ring that it consumes
 */
struct hostile {
	struct kunit *test;
	struct ck_dev *ck;
	struct ck_peer_id id;
	u32 offer;
	struct ck_control *control;
	struct page *page[1 + HOSTILE_PAGES];
	void *addr[HOSTILE_PAGES];
	u32 ref[1 + HOSTILE_PAGES];
	unsigned int nr_granted;
	u32 port;
	int irq;
	unsigned int events;
	struct ck_ring tx;
	struct ck_ring rx;
};

/* Peers may send from any address. */
extern struct ck_sources *hostile_any[HOSTILE_PEERS];

int hostile_init(struct kunit *test);
void hostile_exit(struct kunit *test);
void hostile_join(struct hostile *h);
struct ck_peer *hostile_peer(struct hostile *h);
void hostile_prepare(struct hostile *h);
int hostile_offer(struct hostile *h);
void hostile_open(struct hostile *h);
void hostile_accept(struct hostile *h);
void hostile_notify(struct hostile *h);
void hostile_put(struct hostile *h, const struct ck_frame *frame, const void *data, u32 len);
void hostile_send(struct hostile *h, const struct ck_frame *frame, const void *data, u32 len);
void hostile_settle(struct hostile *h);
bool hostile_quarantined(struct hostile *h);
unsigned long hostile_count(struct hostile *h, enum ck_stat stat);
u64 hostile_received(struct hostile *h);
void hostile_xmit(struct hostile *h, unsigned int len);
u32 hostile_ping(void *data, u32 len);

#endif /* SIM_HOSTILE_H */
