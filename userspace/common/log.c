// SPDX-License-Identifier: GPL-2.0
/* Messages to stderr, for people and for the journal. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RATELIMIT_SECONDS	60
#define RATELIMIT_BURST		10

static const char *program_name = "cokeeper";
static bool log_debug;
static bool to_journal;

/**
 * ck_log_init() - set up logging
 * @program: name that messages begin with on a terminal
 * @verbose: show debug messages too
 */
void ck_log_init(const char *program, bool verbose)
{
	program_name = program;
	log_debug = verbose;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void ck_log(int priority, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (priority == LOG_DEBUG && !log_debug)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (to_journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "%s: %s\n", program_name, text);
}

/**
 * ck_ratelimit() - may this source log one more message?
 * @rl: state of the source, zeroed at first
 * @suppressed: how many messages were held back before this one
 *
 * Return: whether to log now.
 */
bool ck_ratelimit(struct ck_ratelimit *rl, unsigned int *suppressed)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!rl->start ||
	    (uint64_t)now.tv_sec >= rl->start + RATELIMIT_SECONDS) {
		rl->start = now.tv_sec;
		rl->count = 0;
	}
	if (rl->count == RATELIMIT_BURST) {
		rl->suppressed++;
		return false;
	}
	rl->count++;
	*suppressed = rl->suppressed;
	rl->suppressed = 0;
	return true;
}
