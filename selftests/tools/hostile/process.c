// SPDX-License-Identifier: GPL-2.0
/* What a peer that breaks the rules is as a process: its clock, its signals, its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hostile.h"

volatile sig_atomic_t behaves, ended;
unsigned int duration_ms = 2000;

/**
 * die() - end with an error
 * @what: what errno is about
 */
void die(const char *what)
{
	fprintf(stderr, "hostile: %s: %s\n", what, strerror(errno));
	exit(2);
}

/**
 * now_ms() - what time is it?
 * Return: milliseconds since some time.
 */
uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

static void on_signal(int nr)
{
	if (nr == SIGUSR1)
		behaves = 1;
	else
		ended = 1;
}

/**
 * heed_signals() - from here on SIGUSR1 sets @behaves, and SIGTERM sets @ended
 */
void heed_signals(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
}
