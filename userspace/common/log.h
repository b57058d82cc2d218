/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to stderr, for people and for the journal. */
#ifndef CK_LOG_H
#define CK_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

void ck_log_init(const char *program, bool verbose);
void ck_log(int priority, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define ck_err(...)	ck_log(LOG_ERR, __VA_ARGS__)
#define ck_warn(...)	ck_log(LOG_WARNING, __VA_ARGS__)
#define ck_info(...)	ck_log(LOG_INFO, __VA_ARGS__)
#define ck_debug(...)	ck_log(LOG_DEBUG, __VA_ARGS__)

/**
 * struct ck_ratelimit - bounds what one source can make us log
 * @start: begin of the present interval, in seconds of the monotonic clock
 * @count: messages let through in it
 * @suppressed: messages held back since the last one let through
 */
struct ck_ratelimit {
	uint64_t start;
	unsigned int count;
	unsigned int suppressed;
};

bool ck_ratelimit(struct ck_ratelimit *rl, unsigned int *suppressed);

/* Log what others can cause, or what lasts: no more than that from one place. */
#define ck_limited(log, ...)						\
	do {								\
		static struct ck_ratelimit ck_limit;			\
		unsigned int ck_suppressed;				\
									\
		if (ck_ratelimit(&ck_limit, &ck_suppressed))		\
			log(__VA_ARGS__);				\
	} while (0)

#endif /* CK_LOG_H */
