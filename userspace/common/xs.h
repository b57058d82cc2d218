/* SPDX-License-Identifier: GPL-2.0 */
/* A thin layer over libxenstore: lengths, error codes, retries. */
#ifndef CK_XS_H
#define CK_XS_H

#include <stddef.h>
#include <xenstore.h>

#include "value.h"

#define CK_PATH_SIZE	256

struct ck_xs_value {
	unsigned int len;
	char data[CK_VALUE_SIZE];	/* NUL-terminated */
};

typedef int (*ck_xs_fn)(struct xs_handle *xs, xs_transaction_t t, void *arg);

int ck_xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
	       struct ck_xs_value *value);
int ck_xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path,
		const char *value);
int ck_xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path);
int ck_xs_list(struct xs_handle *xs, xs_transaction_t t, const char *path,
	       char ***names, unsigned int *n);
int ck_xs_transaction(struct xs_handle *xs, ck_xs_fn fn, void *arg);
int ck_xs_next_event(struct xs_handle *xs, char path[CK_PATH_SIZE]);

#endif /* CK_XS_H */
