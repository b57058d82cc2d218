/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the highest rate at which nothing is lost. */
#ifndef BENCH_BISECT_H
#define BENCH_BISECT_H

#include <stdint.h>

/* Rates a second, of what was sent and of what arrived. */
struct probe {
	double offered;
	double received;
	uint64_t lost;
};

/* How far apart the bounds may be at the end. */
#define BISECT_CLOSE	1.03

/**
 * highest_lossless() - bisect for the highest rate received without loss
 * @try: sends at a rate and says what became of it
 * @arg: for @try
 * @flood: what became of sending as fast as can be
 *
 * A sender that cannot reach the rate asked for, and loses nothing, is itself the
 * limit: what arrived then counts.
 *
 * Return: the rate at which it arrived; 0 if something was always lost.
 */
static inline double highest_lossless(struct probe (*try)(void *arg, double rate),
				      void *arg, const struct probe *flood)
{
	double low = 0, high = flood->offered, best = 0;
	struct probe probe = *flood;
	unsigned int tries;

	if (!flood->lost)
		return flood->received;
	for (tries = 0; tries < 12 && high > low * BISECT_CLOSE; tries++) {
		double rate = (low + high) / 2;

		probe = try(arg, rate);
		if (probe.lost) {
			high = rate;
			continue;
		}
		low = rate;
		if (probe.received > best)
			best = probe.received;
	}
	return best;
}

#endif /* BENCH_BISECT_H */
