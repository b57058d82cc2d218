/* SPDX-License-Identifier: GPL-2.0 */
/* A channel: one or more lanes to a peer. */
#ifndef CK_CHANNEL_H
#define CK_CHANNEL_H

#include "lane.h"

/* Bytes in each ring of a channel that we offer, unless the link says otherwise. */
#define CK_RING_SIZE	0x40000u

/* Pages of a lane with rings of @size bytes. */
#define CK_LANE_PAGES(size)	(1 + 2 * (size) / CK_RING_PAGE)

/**
 * struct ck_channel - one end of a channel
 * @id: of the offer that made it
 * @nr: number of lanes, at least one
 * @end_by: when (jiffies) it ends whatever is in flight; set by ck_channel_goodbye()
 * @draining: in the device's list of those that are over
 * @rcu: senders may hold the channel until a grace period after its end
 * @lane: each has a queue of its own at either end
 */
struct ck_channel {
	u32 id;
	unsigned int nr;
	unsigned long end_by;
	struct list_head draining;
	struct rcu_head rcu;
	struct ck_lane lane[];
};

struct ck_channel *ck_channel_offer(struct ck_peer *peer, u32 id);
struct ck_channel *ck_channel_accept(struct ck_peer *peer, u32 id, u32 gref, u32 port);
void ck_channel_open(struct ck_channel *ch);
void ck_channel_trim(struct ck_channel *ch);
void ck_channel_update(struct ck_channel *ch);
bool ck_channel_is_open(const struct ck_channel *ch);
bool ck_channel_any(const struct ck_channel *ch, bool (*is_so)(const struct ck_lane *lane));
unsigned long ck_channel_used(const struct ck_channel *ch);
unsigned int ck_channel_pages(const struct ck_channel *ch);
void ck_channel_add_stats(const struct ck_channel *ch, struct ck_traffic *sum);
void ck_channel_goodbye(struct ck_channel *ch);
bool ck_channel_drained(struct ck_channel *ch);
void ck_channel_end(struct ck_channel *ch);

#endif /* CK_CHANNEL_H */
