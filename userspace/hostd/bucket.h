/* SPDX-License-Identifier: GPL-2.0 */
/* Token buckets, which bound what one guest can have others told or us do. */
#ifndef CK_BUCKET_H
#define CK_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_NEVER	UINT64_MAX	/* the time of what does not happen */
#define BUCKET_SECOND	1000000000ull

/**
 * struct bucket - a bucket; all zero is a full one
 * @full_at: when it will be full again, in nanoseconds of the monotonic clock
 */
struct bucket {
	uint64_t full_at;
};

/**
 * struct bucket_rate - what a bucket gives
 * @interval: a token comes so often, in nanoseconds
 * @burst: so many fit into it
 */
struct bucket_rate {
	uint64_t interval;
	unsigned int burst;
};

uint64_t bucket_now(void);
uint64_t bucket_ready(const struct bucket *bucket, const struct bucket_rate *rate);
bool bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now);
unsigned int bucket_tokens(const struct bucket *bucket, const struct bucket_rate *rate,
			   uint64_t now);

#endif /* CK_BUCKET_H */
