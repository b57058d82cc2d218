// SPDX-License-Identifier: GPL-2.0
/* Token buckets, which bound what one guest can have others told or us do. */
#include "bucket.h"

#include <time.h>

uint64_t bucket_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BUCKET_SECOND + now.tv_nsec;
}

/* Return: when there is a token; a time in the past if there is one now. */
uint64_t bucket_ready(const struct bucket *bucket, const struct bucket_rate *rate)
{
	uint64_t slack = (rate->burst - 1) * rate->interval;

	return bucket->full_at > slack ? bucket->full_at - slack : 0;
}

/* Return: whether there was a token. */
bool bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now)
{
	if (bucket_ready(bucket, rate) > now)
		return false;
	if (bucket->full_at < now)
		bucket->full_at = now;
	bucket->full_at += rate->interval;
	return true;
}

/* Return: how many tokens there are. */
unsigned int bucket_tokens(const struct bucket *bucket, const struct bucket_rate *rate,
			   uint64_t now)
{
	if (bucket->full_at <= now)
		return rate->burst;
	if (bucket->full_at - now >= rate->burst * rate->interval)
		return 0;
	return rate->burst - (bucket->full_at - now + rate->interval - 1) / rate->interval;
}
