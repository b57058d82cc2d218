/* SPDX-License-Identifier: GPL-2.0 */
/* A client of XenStore that need not wait for each answer. */
#ifndef CK_XS_H
#define CK_XS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "paths.h"
#include "value.h"

#define CK_XS_DEADLINE		10000	/* milliseconds for an answer */
#define CK_XS_ANSWER_MAX	(1u << 24)
#define CK_XS_NULL	0	/* no transaction */

struct ck_xs;

struct ck_xs_value {
	unsigned int len;
	char data[CK_VALUE_SIZE];	/* NUL-terminated */
};

typedef int (*ck_xs_fn)(struct ck_xs *xs, uint32_t t, void *arg);
typedef void (*ck_xs_done_fn)(void *arg, int err);
typedef void (*ck_xs_event_fn)(void *arg, const char *path);

int ck_xs_open(struct ck_xs **xs);
void ck_xs_close(struct ck_xs *xs);
int ck_xs_error(const struct ck_xs *xs);
int ck_xs_fd(const struct ck_xs *xs);

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path,
	       struct ck_xs_value *value);
int ck_xs_write(struct ck_xs *xs, uint32_t t, const char *path,
		const char *value);
int ck_xs_rm(struct ck_xs *xs, uint32_t t, const char *path);
int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path,
	       char ***names, unsigned int *n);
int ck_xs_share(struct ck_xs *xs, uint32_t t, const char *path,
		uint32_t reader);
int ck_xs_readers(struct ck_xs *xs, const char *path, uint32_t *readers,
		  unsigned int max, unsigned int *n);
int ck_xs_watch(struct ck_xs *xs, const char *path, bool on);
int ck_xs_introduced(struct ck_xs *xs, uint32_t domid, bool *introduced);
int ck_xs_transaction(struct ck_xs *xs, ck_xs_fn fn, void *arg);

void ck_xs_post_write(struct ck_xs *xs, uint32_t t, const char *path,
		     const char *value, ck_xs_done_fn done, void *arg);
void ck_xs_post_rm(struct ck_xs *xs, uint32_t t, const char *path,
		  ck_xs_done_fn done, void *arg);
void ck_xs_post_readers(struct ck_xs *xs, const char *path,
			const uint32_t *readers, unsigned int n,
			ck_xs_done_fn done, void *arg);
int ck_xs_flush(struct ck_xs *xs);

void ck_xs_on_event(struct ck_xs *xs, ck_xs_event_fn fn, void *arg);
int ck_xs_receive(struct ck_xs *xs, unsigned int max);
uint64_t ck_xs_deadline(const struct ck_xs *xs);
bool ck_xs_pending(const struct ck_xs *xs);
int ck_xs_next_event(struct ck_xs *xs, char path[CK_EVENT_SIZE]);

#endif /* CK_XS_H */
