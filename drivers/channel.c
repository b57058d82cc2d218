// SPDX-License-Identifier: GPL-2.0
/* A channel: its lanes from the offer to the end. */

#include <linux/overflow.h>
#include <linux/slab.h>

#include "channel.h"

/* How long the end of a channel waits for packets in flight. */
#define DRAIN_TIME	(HZ / 10)

/* A channel with room for so many lanes, and none yet. */
static struct ck_channel *channel_alloc(struct ck_peer *peer, u32 id,
					unsigned int max)
{
	struct ck_channel *ch;

	ch = kzalloc(struct_size(ch, lane, max), GFP_KERNEL);
	if (!ch)
		return NULL;
	kref_get(&peer->ref);
	ch->id = id;
	return ch;
}

static struct ck_lane *add_lane(struct ck_channel *ch, struct ck_peer *peer,
				unsigned int role)
{
	struct ck_lane *lane = &ch->lane[ch->nr];

	ck_lane_init(lane, peer, &peer->ck->queue[ch->nr++], role);
	return lane;
}

/**
 * ck_channel_offer() - make a channel for a peer to take
 * @peer: whom it is for
 * @id: of the offer
 *
 * The first lane's control_pages.ref[0] and evtchn.port are to be told to the peer.
 * Process context, device lock held.
 *
 * Return: the channel, to be given to ck_channel_close(), or an ERR_PTR().
 */
struct ck_channel *ck_channel_offer(struct ck_peer *peer, u32 id)
{
	unsigned int max = ck_nr_lanes(peer->ck);
	struct ck_lane *lane, *last = NULL;
	struct ck_channel *ch;
	int err;

	ch = channel_alloc(peer, id, max);
	if (!ch)
		return ERR_PTR(-ENOMEM);
	do {
		lane = add_lane(ch, peer, CK_OFFERER);
		err = ck_lane_offer(lane);
		if (err) {
			peer->pinned += ck_channel_close(ch, false);
			return ERR_PTR(err);
		}
		if (last) {
			last->control->next_ref = lane->control_pages.ref[0];
			last->control->next_port = lane->evtchn.port;
		}
		last = lane;
	} while (ch->nr < max);
	return ch;
}

/**
 * ck_channel_accept() - take a channel that a peer offered
 * @peer: who offered it
 * @id: of the offer
 * @gref: the peer's grant reference of the first lane's control page
 * @port: the peer's event channel port for the first lane
 *
 * The peer learns of it by ck_channel_open(). Process context, device lock held.
 *
 * Return: the channel, to be given to ck_channel_close(), or an ERR_PTR() of
 * what ck_lane_accept() returned.
 */
struct ck_channel *ck_channel_accept(struct ck_peer *peer, u32 id, u32 gref,
				     u32 port)
{
	unsigned int max = ck_nr_lanes(peer->ck);
	struct ck_channel *ch;
	struct ck_lane *lane;
	int err;

	ch = channel_alloc(peer, id, max);
	if (!ch)
		return ERR_PTR(-ENOMEM);
	do {
		lane = add_lane(ch, peer, CK_ACCEPTOR);
		err = ck_lane_accept(lane, gref, port);
		if (err) {
			ck_channel_close(ch, false);
			return ERR_PTR(err);
		}
		gref = READ_ONCE(lane->control->next_ref);
		port = READ_ONCE(lane->control->next_port);
	} while (gref && ch->nr < max);
	return ch;
}

/**
 * ck_channel_open() - tell the peer that a channel was taken
 * @ch: the channel, accepted
 */
void ck_channel_open(struct ck_channel *ch)
{
	unsigned int i;

	for (i = ch->nr; i--;)
		ck_lane_open(&ch->lane[i]);
}

/**
 * ck_channel_trim() - give lanes back that the peer did not take
 * @ch: a channel whose first lane the peer has opened
 *
 * Return: the number of pages that the peer still maps.
 */
unsigned int ck_channel_trim(struct ck_channel *ch)
{
	unsigned int nr = 1, i, kept = 0;

	while (nr < ch->nr && ck_lane_peer_state(&ch->lane[nr]) == CK_END_OPEN)
		nr++;
	for (i = nr; i < ch->nr; i++)
		kept += ck_lane_close(&ch->lane[i]);
	ch->nr = nr;
	return kept;
}

/**
 * ck_channel_is_open() - is the peer there, sending and receiving?
 * @ch: the channel
 *
 * Return: true if it is.
 */
bool ck_channel_is_open(const struct ck_channel *ch)
{
	unsigned int i;

	for (i = 0; i < ch->nr; i++)
		if (ck_lane_peer_state(&ch->lane[i]) != CK_END_OPEN ||
		    !ck_evtchn_bound(&ch->lane[i].evtchn))
			return false;
	return true;
}

/**
 * ck_channel_broken() - did the peer break the rules?
 * @ch: the channel
 *
 * Return: true if it did.
 */
bool ck_channel_broken(const struct ck_channel *ch)
{
	unsigned int i;

	for (i = 0; i < ch->nr; i++)
		if (ck_lane_broken(&ch->lane[i]))
			return true;
	return false;
}

/**
 * ck_channel_stalled() - is there a lane of which the peer takes too little?
 * @ch: the channel
 *
 * Return: true if there is.
 */
bool ck_channel_stalled(const struct ck_channel *ch)
{
	unsigned int i;

	for (i = 0; i < ch->nr; i++)
		if (ck_lane_stalled(&ch->lane[i]))
			return true;
	return false;
}

/**
 * ck_channel_used() - when was a packet last sent or received?
 * @ch: the channel
 *
 * Return: that time in jiffies.
 */
unsigned long ck_channel_used(const struct ck_channel *ch)
{
	unsigned long last = ck_lane_last_used(&ch->lane[0]), used;
	unsigned int i;

	for (i = 1; i < ch->nr; i++) {
		used = ck_lane_last_used(&ch->lane[i]);
		if (time_after(used, last))
			last = used;
	}
	return last;
}

/**
 * ck_channel_pages() - how much memory does a channel take?
 * @ch: the channel
 *
 * Return: the number of pages.
 */
unsigned int ck_channel_pages(const struct ck_channel *ch)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ch->nr; i++)
		nr += ch->lane[i].control_pages.nr + ch->lane[i].ring_pages.nr;
	return nr;
}

/**
 * ck_channel_add_stats() - add what went through a channel
 * @ch: the channel
 * @sum: what it is added to
 */
void ck_channel_add_stats(const struct ck_channel *ch, struct ck_traffic *sum)
{
	unsigned int i;

	for (i = 0; i < ch->nr; i++)
		ck_lane_add_stats(&ch->lane[i], sum);
}

/**
 * ck_channel_goodbye() - stop sending, and tell the peer to do the same
 * @ch: the channel; packets that waited for space take the lower device
 *
 * Process context. May be called again without effect.
 */
void ck_channel_goodbye(struct ck_channel *ch)
{
	unsigned int i;

	for (i = 0; i < ch->nr; i++)
		ck_lane_goodbye(&ch->lane[i]);
}

/**
 * ck_channel_close() - end a channel and free all of it
 * @ch: the channel, which no sender can find any more; with at least one lane, in
 *	whatever state
 * @drain: wait a bounded time for packets in flight and for the peer's goodbye
 *
 * Process context, device lock held.
 *
 * Return: the number of pages that the peer still maps.
 */
unsigned int ck_channel_close(struct ck_channel *ch, bool drain)
{
	struct ck_peer *peer = ch->lane[0].peer;
	unsigned int i, kept = 0;
	long left = DRAIN_TIME;

	lockdep_assert_held(&peer->ck->lock);
	/* All first, so that no lane waits for the next one. */
	ck_channel_goodbye(ch);
	if (drain)
		for (i = 0; i < ch->nr; i++)
			left = ck_lane_drain(&ch->lane[i], left);
	for (i = 0; i < ch->nr; i++)
		kept += ck_lane_close(&ch->lane[i]);
	ck_peer_put(peer);
	kfree_rcu(ch, rcu);
	return kept;
}
