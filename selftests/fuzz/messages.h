/* SPDX-License-Identifier: GPL-2.0 */
/* Netlink messages that an input spells out, so that what is mutated has the form of one. */
#ifndef CK_FUZZ_MESSAGES_H
#define CK_FUZZ_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGES_SIZE	8192
#define NESTS_MAX	8
#define ERRORS_MAX	16

/**
 * struct messages - what is said at one time
 * @buf: messages, as a socket gives them
 * @len: bytes of them
 * @error: what becomes of requests, in their order
 * @nerrors: their number; all others succeed
 */
struct messages {
	char buf[MESSAGES_SIZE] __attribute__((aligned(8)));
	size_t len;
	int error[ERRORS_MAX];
	unsigned int nerrors;
	/* While it is being read: */
	size_t message;		/* where the last message begins */
	size_t last;		/* where the last message or attribute begins */
	size_t nest[NESTS_MAX];	/* where those attributes begin that are not ended */
	unsigned int depth;
	bool open;		/* the last message may get longer */
	bool pretends;		/* its length was given */
};

bool messages_read(struct messages *m, char **text);

#endif /* CK_FUZZ_MESSAGES_H */
