// SPDX-License-Identifier: GPL-2.0
/* The peers of a device, as the helper tells of them. */

#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "connect.h"
#include "peertable.h"
#include "sources.h"
#include "../netlink/notify.h"

static void add(struct ck_dev *ck, struct ck_peer *peer, enum cokeeper_cause cause)
{
	hlist_add_head_rcu(&peer->node, ck_peer_bucket(ck, peer->id.mac));
	ck->nr_peers++;
	ck->generation++;
	ck_notify_peer(peer, COKEEPER_EVENT_JOIN, cause);
}

/* From now on it may send from these alone; they are taken over. */
static void set_sources(struct ck_peer *peer, struct ck_sources **sources)
{
	ck_sources_set(&peer->sources, *sources);
	*sources = NULL;
}

/* The peer is in the table already: it may be another guest now, or was started anew. */
static void renew(struct ck_peer *peer, const struct ck_peer_id *id,
		  struct ck_sources **sources, enum cokeeper_cause cause)
{
	set_sources(peer, sources);
	if (peer->id.domid == id->domid && peer->id.instance == id->instance) {
		ck_connect_sign_of_life(peer);
		if (cause == COKEEPER_CAUSE_ADDRESS)
			ck_notify_peer(peer, COKEEPER_EVENT_UPDATE, cause);
		return;
	}
	ck_connect_renewed(peer, id);
	peer->ck->generation++;
	ck_notify_peer(peer, COKEEPER_EVENT_JOIN, cause);
}

/* Take a peer out. Whoever else still holds it finds it gone, or finds no channel. */
static void del(struct ck_peer *peer, enum cokeeper_cause cause, bool drain)
{
	struct ck_dev *ck = peer->ck;

	lockdep_assert_held(&ck->lock);
	hlist_del_rcu(&peer->node);
	peer->gone = true;
	ck->nr_peers--;
	ck->generation++;
	ck_connect_peer_left(peer, cause, drain);
	ck_peer_put(peer);
}

static int check_id(struct ck_dev *ck, const struct ck_peer_id *id,
		    struct netlink_ext_ack *extack)
{
	if (!is_valid_ether_addr(id->mac))
		return ck_refuse(extack, -EINVAL, "peer mac is not a unicast address");
	if (ether_addr_equal(id->mac, ck->lower->dev_addr))
		return ck_refuse(extack, -EINVAL, "peer mac is the device's own");
	return 0;
}

/**
 * ck_peertable_set() - add a peer, or renew its domain id and instance
 * @ck: the device, locked
 * @id: who it is
 * @sources: what it may send from; taken over, which leaves NULL, if that succeeds
 * @cause: why, for listeners; COKEEPER_CAUSE_ADDRESS tells them of other addresses
 * @extack: says why not
 * Return: 0 or a negative errno.
 */
int ck_peertable_set(struct ck_dev *ck, const struct ck_peer_id *id,
		     struct ck_sources **sources, enum cokeeper_cause cause,
		     struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;
	int err;

	lockdep_assert_held(&ck->lock);
	err = check_id(ck, id, extack);
	if (err)
		return err;
	peer = ck_peer_lookup(ck, id->mac);
	if (peer) {
		renew(peer, id, sources, cause);
		return 0;
	}
	if (ck->nr_peers >= COKEEPER_MAX_PEERS)
		return ck_refuse(extack, -ENOSPC, "the peer table is full");
	peer = ck_peer_alloc(ck, id, ck_connect_work);
	if (!peer)
		return -ENOMEM;
	set_sources(peer, sources);
	add(ck, peer, cause);
	return 0;
}

/**
 * ck_peertable_del() - take a peer out and revoke its channel
 * @ck: the device, locked
 * @mac: the peer's hardware address
 * @cause: why, for listeners
 * @extack: says why not
 * Return: 0 or -ENOENT.
 */
int ck_peertable_del(struct ck_dev *ck, const u8 *mac, enum cokeeper_cause cause,
		     struct netlink_ext_ack *extack)
{
	struct ck_peer *peer;

	lockdep_assert_held(&ck->lock);
	peer = ck_peer_lookup(ck, mac);
	if (!peer)
		return ck_refuse(extack, -ENOENT, "no such peer");
	del(peer, cause, false);
	return 0;
}

static int cmp_mac(const void *a, const void *b)
{
	return memcmp(*(const u8 **)a, *(const u8 **)b, ETH_ALEN);
}

/* Refuse a set that has bad entries, or one twice. */
static int check_ids(struct ck_dev *ck, const struct ck_peer_id *id,
		     unsigned int nr, struct netlink_ext_ack *extack)
{
	const u8 **mac;
	unsigned int i;
	int err = 0;

	if (nr > COKEEPER_MAX_PEERS)
		return ck_refuse(extack, -ENOSPC, "more peers than the table takes");
	mac = kvmalloc_array(nr, sizeof(*mac), GFP_KERNEL);
	if (nr && !mac)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		mac[i] = id[i].mac;
		err = check_id(ck, &id[i], extack);
	}
	if (!err) {
		sort(mac, nr, sizeof(*mac), cmp_mac, NULL);
		for (i = 1; i < nr && !err; i++)
			if (ether_addr_equal(mac[i - 1], mac[i]))
				err = ck_refuse(extack, -EEXIST, "a peer mac occurs twice");
	}
	kvfree(mac);
	return err;
}

/**
 * ck_peertable_replace() - make the table hold exactly these peers
 * @ck: the device, locked
 * @id: the peers; those that stay as they are keep their channels
 * @sources: for each, as for ck_peertable_set()
 * @nr: how many
 * @cause: why, for listeners; those that go because of our own device still get what is
 *	in flight
 * @extack: says why not
 * Return: 0, or a negative errno with nothing changed.
 */
int ck_peertable_replace(struct ck_dev *ck, const struct ck_peer_id *id,
			 struct ck_sources **sources, unsigned int nr, enum cokeeper_cause cause,
			 struct netlink_ext_ack *extack)
{
	struct ck_peer *peer, **fresh;
	struct hlist_node *next;
	unsigned int i, bucket;
	int err;

	lockdep_assert_held(&ck->lock);
	err = check_ids(ck, id, nr, extack);
	if (err)
		return err;

	/* All that can fail comes first. */
	fresh = kvcalloc(nr, sizeof(*fresh), GFP_KERNEL);
	if (nr && !fresh)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (ck_peer_lookup(ck, id[i].mac))
			continue;
		fresh[i] = ck_peer_alloc(ck, &id[i], ck_connect_work);
		if (!fresh[i]) {
			while (i--)
				if (fresh[i])
					ck_peer_put(fresh[i]);
			kvfree(fresh);
			return -ENOMEM;
		}
	}

	hash_for_each(ck->peers, bucket, peer, node)
		peer->listed = false;
	for (i = 0; i < nr; i++) {
		peer = ck_peer_lookup(ck, id[i].mac);
		if (peer)
			peer->listed = true;
	}
	hash_for_each_safe(ck->peers, bucket, next, peer, node)
		if (!peer->listed)
			del(peer, cause, cause == COKEEPER_CAUSE_DEVICE);
	for (i = 0; i < nr; i++) {
		if (fresh[i]) {
			set_sources(fresh[i], &sources[i]);
			add(ck, fresh[i], cause);
		} else {
			renew(ck_peer_lookup(ck, id[i].mac), &id[i], &sources[i], cause);
		}
	}
	kvfree(fresh);
	return 0;
}

/**
 * ck_peertable_forget_all() - take all peers out
 * @ck: the device, locked
 * @cause: why, for listeners
 */
void ck_peertable_forget_all(struct ck_dev *ck, enum cokeeper_cause cause)
{
	struct hlist_node *next;
	struct ck_peer *peer;
	unsigned int bucket;

	lockdep_assert_held(&ck->lock);
	ck_connect_goodbye_all(ck);
	hash_for_each_safe(ck->peers, bucket, next, peer, node)
		del(peer, cause, true);
}
