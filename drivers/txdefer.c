// SPDX-License-Identifier: GPL-2.0
/* Late completion of small TCP packets.
 *
 * A ring takes a packet at once, so TCP would send each small write by itself. While a
 * packet seems to be in the device's queue, as it is with netfront until the backend has
 * taken it, TCP collects what is written into the next one (tcp_autocorking).
 */

#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "txdefer.h"

/* A packet is completed when the timer finds it for the second time, so after one to two
 * of these; it is sooner if the CPU has nothing else to do.
 */
#define PERIOD		ns_to_ktime(2 * NSEC_PER_MSEC)
/* Only so much memory is held; TCP collects no more than that into a packet. */
#define BYTES_MAX	0x20000u
/* Larger packets gain nothing. */
#define PACKET_MAX	0x8000u

/* The control block is ours: has the timer found the packet before? */
static bool *expired(struct sk_buff *skb)
{
	return (bool *)skb->cb;
}

/* Only packets of a socket that streams gain: not those of requests and answers
 * (pingpong mode), unless more is in flight than a sender may start with.
 */
static bool worth_deferring(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	return skb->len <= PACKET_MAX && sk && sk_fullsock(sk) && sk_is_tcp(sk) &&
	       !skb_is_tcp_pure_ack(skb) &&
	       (!inet_csk_in_pingpong_mode(sk) ||
		READ_ONCE(tcp_sk(sk)->packets_out) > TCP_INIT_CWND);
}

static void complete_one(struct ck_tx_defer *defer, struct sk_buff *skb,
			 struct sk_buff_head *done)
{
	lockdep_assert_held(&defer->skbs.lock);
	__skb_unlink(skb, &defer->skbs);
	defer->bytes -= skb->truesize;
	__skb_queue_tail(done, skb);
}

static enum hrtimer_restart ck_tx_defer_timeout(struct hrtimer *timer)
{
	struct ck_tx_defer *defer = container_of(timer, struct ck_tx_defer, timer);
	struct sk_buff *skb, *next;
	struct sk_buff_head done;

	__skb_queue_head_init(&done);
	spin_lock(&defer->skbs.lock);
	skb_queue_walk_safe(&defer->skbs, skb, next) {
		if (*expired(skb))
			complete_one(defer, skb, &done);
		else
			*expired(skb) = true;
	}
	/* Under the lock, as ck_tx_defer_add() may be about to start it, too. */
	if (!skb_queue_empty(&defer->skbs))
		hrtimer_start(timer, PERIOD, HRTIMER_MODE_REL_SOFT);
	spin_unlock(&defer->skbs.lock);
	ck_consume_all(&done);
	return HRTIMER_NORESTART;
}

/**
 * ck_tx_defer_add() - complete a packet that was sent later, if that is of use
 * @defer: of the packet's queue
 * @skb: the packet. Bottom halves are off
 * @done: gets packets to be freed; the caller may hold a lock that freeing must not be
 *	done under
 * Return: true if it took the packet.
 */
bool ck_tx_defer_add(struct ck_tx_defer *defer, struct sk_buff *skb,
		     struct sk_buff_head *done)
{
	struct sk_buff *oldest;

	if (!worth_deferring(skb))
		return false;
	*expired(skb) = false;
	spin_lock(&defer->skbs.lock);
	__skb_queue_tail(&defer->skbs, skb);
	defer->bytes += skb->truesize;
	while ((oldest = skb_peek(&defer->skbs)) != skb &&
	       defer->bytes - oldest->truesize >= BYTES_MAX)
		complete_one(defer, oldest, done);
	if (!hrtimer_is_queued(&defer->timer))
		hrtimer_start(&defer->timer, PERIOD, HRTIMER_MODE_REL_SOFT);
	spin_unlock(&defer->skbs.lock);
	return true;
}

/**
 * ck_tx_defer_complete() - complete all packets
 * @defer: of a queue; process context
 * Return: true if there were any.
 */
bool ck_tx_defer_complete(struct ck_tx_defer *defer)
{
	struct sk_buff_head done;

	if (skb_queue_empty_lockless(&defer->skbs))
		return false;
	__skb_queue_head_init(&done);
	local_bh_disable();
	spin_lock(&defer->skbs.lock);
	skb_queue_splice_init(&defer->skbs, &done);
	defer->bytes = 0;
	spin_unlock(&defer->skbs.lock);
	ck_consume_all(&done);
	local_bh_enable();
	return true;
}

/**
 * ck_tx_defer_init() - set up, with no packets
 * @defer: zeroed
 */
void ck_tx_defer_init(struct ck_tx_defer *defer)
{
	skb_queue_head_init(&defer->skbs);
	hrtimer_setup(&defer->timer, ck_tx_defer_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
}
