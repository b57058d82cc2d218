// SPDX-License-Identifier: GPL-2.0
/* Measures the ring core alone, between two threads, beside memcpy.
 *
 * usage: ring REPETITIONS
 *
 * Prints lines "TEST SIZE CONTENDER VALUE" for scripts/bench. The cost of a message
 * is the time until all have arrived, divided by their number; each is published by
 * itself ("cokeeper"), or several are at once, as the driver does with packets that
 * waited for space ("batched"). That of memcpy is two copies of the same size, into
 * and out of a buffer as large as the ring: both by one thread, so that the data never
 * leaves its processor's cache ("memcpy"), and one by each thread, in turns, so that it
 * has to ("memcpy_across").
 *
 * A machine that does other things as well only ever makes a run slower, so each
 * repetition is the fastest of many short runs. The contenders take turns, since a
 * virtual machine's processors may move closer together or further apart meanwhile.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "area.h"

#define RING_SIZE	0x40000u
#define RUNS		50
#define RUN_BYTES	(4u << 20)
#define RUN_MESSAGES	4000u
/* As many frames the driver takes before it gives their space back. */
#define TURN		16

static struct area *area;
static unsigned char from[CK_FRAME_MAX], to[CK_FRAME_MAX];
static uint64_t start_ns;
static __u32 len;
static unsigned int messages, batch;
static pthread_barrier_t barrier;
static cpu_set_t allowed;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Each thread has a processor of its own, or nothing would have to cross. */
static void pin(unsigned int n)
{
	cpu_set_t one;
	int cpu;

	CPU_ZERO(&one);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && !n--) {
			CPU_SET(cpu, &one);
			pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
			return;
		}
	}
}

static void *produce(void *arg)
{
	struct ck_frame frame = { .len = len };
	unsigned int i, spins;

	(void)arg;
	pin(1);
	pthread_barrier_wait(&barrier);
	start_ns = now();
	for (i = 0; i < messages; i++) {
		for (spins = 0; ck_ring_reserve(&area->tx, len) == -ENOSPC; spins++) {
			if (!spins)
				ck_ring_publish(&area->tx);
			if (spins > 1000)
				sched_yield();
		}
		area_write(&area->tx, &frame, from);
		if ((i + 1) % batch == 0 || i + 1 == messages)
			ck_ring_publish(&area->tx);
	}
	return NULL;
}

static void consume(void)
{
	struct ck_frame frame;
	unsigned int i = 0, spins = 0, n;
	int err = 0;

	while (i < messages) {
		for (n = 0; n < TURN && (err = ck_ring_peek(&area->rx, &frame)) > 0; n++) {
			area_read(&area->rx, frame.len, to);
			ck_ring_consume(&area->rx, frame.len);
		}
		if (err < 0)
			abort();
		ck_ring_release(&area->rx);
		i += n;
		spins = n ? 0 : spins + 1;
		if (spins > 1000)
			sched_yield();
	}
}

/* The cost of a message through the ring, in ns. */
static double ring_run(void)
{
	pthread_t producer;
	uint64_t end;

	area = area_new(RING_SIZE);
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&producer, NULL, produce, NULL))
		abort();
	pthread_barrier_wait(&barrier);
	consume();
	end = now();
	pthread_join(producer, NULL);
	pthread_barrier_destroy(&barrier);
	area_free(area);
	return (double)(end - start_ns) / messages;
}

static unsigned char buffer[RING_SIZE];

static unsigned int copies_in_buffer(void)
{
	return RING_SIZE / ck_frame_room(len);
}

/* Copy as many messages as the buffer holds; returns the time. */
static uint64_t copy_in(void)
{
	uint64_t start = now();
	unsigned int i;

	for (i = 0; i < copies_in_buffer(); i++) {
		memcpy(buffer + i * ck_frame_room(len), from, len);
		__asm__ __volatile__("" ::: "memory");
	}
	return now() - start;
}

static uint64_t copy_out(void)
{
	uint64_t start = now();
	unsigned int i;

	for (i = 0; i < copies_in_buffer(); i++) {
		memcpy(to, buffer + i * ck_frame_room(len), len);
		__asm__ __volatile__("" ::: "memory");
	}
	return now() - start;
}

/* The cost of copying a message in and out, in ns. */
static double memcpy_run(void)
{
	unsigned int rounds = messages / copies_in_buffer() + 1, i;
	uint64_t sum = 0;

	for (i = 0; i < rounds; i++)
		sum += copy_in() + copy_out();
	return (double)sum / (rounds * copies_in_buffer());
}

static void *copy_in_turns(void *arg)
{
	uint64_t *sum = arg;
	unsigned int i;

	pin(1);
	for (i = 0; i < messages / copies_in_buffer() + 1; i++) {
		*sum += copy_in();
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static double memcpy_across_run(void)
{
	unsigned int rounds = messages / copies_in_buffer() + 1, i;
	uint64_t in = 0, sum = 0;
	pthread_t producer;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&producer, NULL, copy_in_turns, &in))
		abort();
	for (i = 0; i < rounds; i++) {
		pthread_barrier_wait(&barrier);
		sum += copy_out();
		pthread_barrier_wait(&barrier);
	}
	pthread_join(producer, NULL);
	pthread_barrier_destroy(&barrier);
	return (double)(in + sum) / (rounds * copies_in_buffer());
}

static const struct {
	const char *name;
	double (*run)(void);
	unsigned int batch; /* of the ring: messages published at once */
} contenders[] = {
	{ "cokeeper", ring_run, 1 },
	{ "batched", ring_run, 8 },
	{ "memcpy", memcpy_run, 0 },
	{ "memcpy_across", memcpy_across_run, 0 },
};

#define CONTENDERS (sizeof(contenders) / sizeof(contenders[0]))

static void repetition(void)
{
	double best[CONTENDERS] = { 0 };
	unsigned int i, c;

	for (i = 0; i < RUNS; i++) {
		for (c = 0; c < CONTENDERS; c++) {
			double cost;

			batch = contenders[c].batch;
			cost = contenders[c].run();
			if (!i || cost < best[c])
				best[c] = cost;
		}
	}
	for (c = 0; c < CONTENDERS; c++)
		printf("ring_core %u %s %.2f\n", len, contenders[c].name, best[c]);
}

int main(int argc, char **argv)
{
	static const __u32 sizes[] = { 64, 256, 1400, 4096, 16384, 65536 };
	int repetitions = argc == 2 ? atoi(argv[1]) : 0;
	unsigned int i;

	if (repetitions < 1) {
		fputs("usage: ring REPETITIONS\n", stderr);
		return 2;
	}
	memset(from, 1, sizeof(from));
	sched_getaffinity(0, sizeof(allowed), &allowed);
	pin(0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int r;

		len = sizes[i];
		messages = RUN_BYTES / len;
		if (messages > RUN_MESSAGES)
			messages = RUN_MESSAGES;
		for (r = 0; r < repetitions; r++)
			repetition();
	}
	return 0;
}
