// SPDX-License-Identifier: GPL-2.0
/* Producer and consumer in two threads: no frame lost, changed or reordered, no
 * wake-up missed, and nothing for the thread sanitizer to report.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "area.h"

#define FRAMES		200000
#define DEADLINE_MS	20000

static struct area *area;
static int to_consumer, to_producer;

static void ring_bell(int fd)
{
	if (eventfd_write(fd, 1))
		abort();
}

/* The event channel: a missed wake-up shows as a time-out. */
static void await_bell(int fd, const char *who)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	eventfd_t value;

	if (poll(&pfd, 1, DEADLINE_MS) != 1) {
		fprintf(stderr, "%s: was not woken\n", who);
		_exit(1);
	}
	eventfd_read(fd, &value);
}

static __u32 frame_len(unsigned int *seed)
{
	unsigned int r = rand_r(seed);

	return r % 16 ? r % 1500 + 8 : r % CK_FRAME_MAX + 1;
}

static void *produce(void *arg)
{
	static unsigned char data[CK_FRAME_MAX];
	unsigned int seed = 42, i;

	(void)arg;
	for (i = 0; i < FRAMES; i++) {
		struct ck_frame frame = { .len = frame_len(&seed) };

		memset(data, i, frame.len);
		memcpy(frame.vnet_hdr, &i, sizeof(i));
		while (ck_ring_reserve(&area->tx, frame.len) == -ENOSPC)
			if (!ck_ring_wait_space(&area->tx, frame.len, true))
				await_bell(to_producer, "producer");
		area_write(&area->tx, &frame, data);
		if (ck_ring_publish(&area->tx))
			ring_bell(to_consumer);
	}
	return NULL;
}

/* Look some times before going to sleep; true if something came. */
static bool look_some_time(void)
{
	unsigned int i;

	ck_ring_disable_event(&area->rx);
	for (i = 0; i < 1000 && !ck_ring_has_data(&area->rx); i++)
		;
	return ck_ring_enable_event(&area->rx);
}

static int consume(void)
{
	static unsigned char data[CK_FRAME_MAX];
	unsigned int seed = 42, i, n;

	for (i = 0; i < FRAMES; i++) {
		struct ck_frame frame;
		__u32 len = frame_len(&seed);
		int err;

		while (!(err = ck_ring_peek(&area->rx, &frame)))
			if (!ck_ring_wait_data(&area->rx) &&
			    (i % 2 || !look_some_time()))
				await_bell(to_consumer, "consumer");
		memcpy(&n, frame.vnet_hdr, sizeof(n));
		if (err < 0 || n != i || frame.len != len) {
			fprintf(stderr, "frame %u of %u bytes came as %u of %u, %d\n",
				i, len, n, frame.len, err);
			return 1;
		}
		area_read(&area->rx, len, data);
		for (n = 0; n < len; n++) {
			if (data[n] != (unsigned char)i) {
				fprintf(stderr, "frame %u: byte %u is wrong\n", i, n);
				return 1;
			}
		}
		ck_ring_consume(&area->rx, len);
		if (ck_ring_release(&area->rx))
			ring_bell(to_producer);
	}
	return 0;
}

int main(void)
{
	pthread_t producer;
	int err;

	area = area_new(CK_RING_MIN);
	to_consumer = eventfd(0, 0);
	to_producer = eventfd(0, 0);
	if (to_consumer < 0 || to_producer < 0 ||
	    pthread_create(&producer, NULL, produce, NULL))
		abort();
	err = consume();
	if (!err)
		pthread_join(producer, NULL);
	printf("%s: %d frames\n", err ? "failed" : "passed", FRAMES);
	return err;
}
