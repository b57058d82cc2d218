/* SPDX-License-Identifier: GPL-2.0 */
/* What the probes of the membership benchmark share: the clock, and a pace. */
#ifndef PROBE_H
#define PROBE_H

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The pace of repeated events: @gap plus up to @spread milliseconds, seeded. */
static inline void wait_gap(unsigned int gap, unsigned int spread)
{
	uint64_t us = gap * 1000ull;
	struct timespec ts;

	if (spread)
		us += random() % (spread * 1000ull);
	ts.tv_sec = us / 1000000;
	ts.tv_nsec = us % 1000000 * 1000;
	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static inline unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > UINT32_MAX)
		errx(2, "'%s' is no number", text);
	return n;
}

/* Stamps are printed when all is over: writing them would take time. */
static inline void buffer_output(void)
{
	static char buf[1 << 20];

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
}

#endif /* PROBE_H */
