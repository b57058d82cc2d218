// SPDX-License-Identifier: GPL-2.0
/* Makes what is what is wanted. Events only say what may not be so any more; what fails is
 * tried again, ever more seldom.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/timerfd.h>

#include "helper.h"
#include "log.h"

#define RETRY_MIN_MS	100
#define RETRY_MAX_MS	16000
/* Work that needs the device, and work that needs XenStore. */
#define NEEDS_STORE	(WORK_ROSTER | WORK_ANNOUNCE | WORK_OFFERS | WORK_WATCH)
#define NEEDS_DEVICE	(NEEDS_STORE | WORK_ROUTES)

/* What the store has need not be what we left there, nor what we know of it. */
static int store_connect(struct helper *h)
{
	int err;

	err = ck_xs_open(&h->xs);
	if (err) {
		h->xs = NULL;
		ck_limited(ck_err, "XenStore: %s", strerror(-err));
		return err;
	}
	err = ck_loop_add(&h->loop, ck_xs_fd(h->xs), NULL, NULL);
	if (err) {
		ck_xs_close(h->xs);
		h->xs = NULL;
		return err;
	}
	h->watched = false;
	h->present = true;
	h->announced = false;
	h->unbound = true;
	h->todo |= WORK_DEVICE | WORK_WATCH | WORK_ANNOUNCE;
	return 0;
}

static void store_lost(struct helper *h, int err)
{
	ck_limited(ck_err, "XenStore: connection lost: %s", strerror(-err));
	ck_loop_del(&h->loop, ck_xs_fd(h->xs));
	ck_xs_close(h->xs);
	h->xs = NULL;
}

static const struct {
	enum work work;
	int (*make)(struct helper *h);
} works[] = {
	{ WORK_STORE, store_connect },
	{ WORK_DEVICE, device_check },
	{ WORK_ROSTER, peers_read_all },
	{ WORK_ANNOUNCE, announce_sync },
	{ WORK_OFFERS, announce_offers },
	{ WORK_WATCH, peers_watch },
	{ WORK_ROUTES, routes_sync },
};

/* One that has not failed before is tried again soon. */
static void failed(struct helper *h, unsigned int work)
{
	if (h->xs && ck_xs_error(h->xs)) {
		store_lost(h, ck_xs_error(h->xs));
		work |= WORK_STORE;
	}
	if (work & ~h->broken)
		h->retry_ms = 0;
	h->broken |= work;
	h->failed |= work;
}

/* A connection that could be made is not known to be good before it was used. */
static void succeeded(struct helper *h, unsigned int work)
{
	if (work & NEEDS_STORE)
		work |= WORK_STORE;
	else
		work &= ~WORK_STORE;
	h->broken &= ~work;
}

/* Do once what is to be done and can be. */
static void make_all(struct helper *h)
{
	unsigned int i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		enum work work = works[i].work;

		if (!(h->todo & work) || (!h->xs && (work & NEEDS_STORE)) ||
		    (!h->attached && (work & NEEDS_DEVICE)))
			continue;
		h->todo &= ~work;
		h->failed &= ~work;
		if (works[i].make(h))
			failed(h, work);
		else
			succeeded(h, work);
	}
}

/* Is there something that can be done at once? */
static bool more(const struct helper *h)
{
	unsigned int possible = WORK_STORE | WORK_DEVICE | WORK_ROUTES;

	if (h->xs)
		possible |= NEEDS_STORE;
	if (!h->attached)
		possible &= ~NEEDS_DEVICE;
	return h->todo & possible;
}

static void take_events(struct helper *h)
{
	char path[CK_EVENT_SIZE];
	int ret;

	while (h->xs && (ret = ck_xs_next_event(h->xs, path))) {
		if (ret < 0) {
			failed(h, WORK_STORE);
			return;
		}
		ck_debug("event %s", path);
		if (h->attached && peers_event(h, path))
			failed(h, WORK_ROSTER);
	}
}

static void set_timer(struct helper *h, unsigned int ms)
{
	const struct itimerspec its = {
		.it_value.tv_sec = ms / 1000,
		.it_value.tv_nsec = ms % 1000 * 1000000l,
	};

	timerfd_settime(h->retry_timer, 0, &its, NULL);
	h->retry_ms = ms;
}

/* The timer runs only while something has failed. */
static void check_timer(struct helper *h)
{
	if (h->failed && !h->retry_ms)
		set_timer(h, RETRY_MIN_MS);
	else if (!h->failed && h->retry_ms)
		set_timer(h, 0);
}

static int serve_timer(void *arg)
{
	struct helper *h = arg;
	uint64_t expired;

	if (read(h->retry_timer, &expired, sizeof(expired)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* If all goes well now, check_timer() stops it. */
	set_timer(h, 2 * h->retry_ms < RETRY_MAX_MS ? 2 * h->retry_ms :
						      RETRY_MAX_MS);
	h->todo |= h->failed;
	h->failed = 0;
	return 0;
}

/**
 * reconcile() - take what has happened, and make all what it should be
 * @arg: the helper
 *
 * Some of XenStore's events come only while an answer is awaited.
 *
 * Return: 0, or a negative errno that ends the helper.
 */
int reconcile(void *arg)
{
	struct helper *h = arg;

	do {
		if (h->xs)
			take_events(h);
		make_all(h);
		if (h->hopeless)
			return -EBUSY;
	} while (more(h) || (h->xs && ck_xs_pending(h->xs)));
	check_timer(h);
	return 0;
}

/**
 * reconcile_open() - prepare to do what there is to do: all of it
 * @h: the helper
 *
 * Return: 0 or a negative errno.
 */
int reconcile_open(struct helper *h)
{
	h->todo = WORK_STORE | WORK_DEVICE;
	h->retry_timer = timerfd_create(CLOCK_MONOTONIC,
					TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->retry_timer < 0)
		return -errno;
	return ck_loop_add(&h->loop, h->retry_timer, serve_timer, h);
}

void reconcile_close(struct helper *h)
{
	if (h->xs)
		ck_xs_close(h->xs);
	close(h->retry_timer);
}
