// SPDX-License-Identifier: GPL-2.0
/* A thin layer over libxenstore: lengths, error codes, retries. */
#include "xs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRANSACTION_TRIES	64

/**
 * ck_xs_read() - read a node
 * @xs: the store
 * @t: transaction, or XBT_NULL
 * @path: the node
 * @value: its bytes; an oversize value keeps its first CK_VALUE_MAX bytes but
 *	   its true length, so that parsing it fails
 *
 * Return: 0, -ENOENT or another negative errno.
 */
int ck_xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path,
	       struct ck_xs_value *value)
{
	unsigned int len;
	char *data;

	data = xs_read(xs, t, path, &len);
	if (!data)
		return -errno;
	value->len = len;
	if (len > CK_VALUE_MAX)
		len = CK_VALUE_MAX;
	memcpy(value->data, data, len);
	value->data[len] = 0;
	free(data);
	return 0;
}

int ck_xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path,
		const char *value)
{
	return xs_write(xs, t, path, value, strlen(value)) ? 0 : -errno;
}

/* Remove a node and what is below it; one that is not there is no error. */
int ck_xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	if (xs_rm(xs, t, path) || errno == ENOENT)
		return 0;
	return -errno;
}

/**
 * ck_xs_list() - names of a node's children
 * @xs: the store
 * @t: transaction, or XBT_NULL
 * @path: the node; if it is absent, it has no children
 * @names: the names, to be freed by one free()
 * @n: their number
 *
 * Return: 0 or a negative errno.
 */
int ck_xs_list(struct xs_handle *xs, xs_transaction_t t, const char *path,
	       char ***names, unsigned int *n)
{
	*names = xs_directory(xs, t, path, n);
	if (*names)
		return 0;
	*n = 0;
	return errno == ENOENT ? 0 : -errno;
}

/**
 * ck_xs_transaction() - run a function in a transaction
 * @xs: the store
 * @fn: the function; it is called again when somebody else interfered
 * @arg: its argument
 *
 * Return: 0, what @fn returned, or -EAGAIN when there was no end to it.
 */
int ck_xs_transaction(struct xs_handle *xs, ck_xs_fn fn, void *arg)
{
	xs_transaction_t t;
	int i, err;

	for (i = 0; i < TRANSACTION_TRIES; i++) {
		t = xs_transaction_start(xs);
		if (t == XBT_NULL)
			return -errno;
		err = fn(xs, t, arg);
		if (err) {
			xs_transaction_end(xs, t, true);
			if (err != -EAGAIN)
				return err;
			continue;
		}
		if (xs_transaction_end(xs, t, false))
			return 0;
		if (errno != EAGAIN)
			return -errno;
	}
	return -EAGAIN;
}

/**
 * ck_xs_next_event() - take the next watch event, without waiting
 * @xs: the store
 * @path: what changed; a path too long to be ours is passed over
 *
 * Call it until it returns 0: the descriptor may not become readable again
 * for events that were left.
 *
 * Return: 1 for an event, 0 for none, or a negative errno.
 */
int ck_xs_next_event(struct xs_handle *xs, char path[CK_PATH_SIZE])
{
	char **event;
	size_t len;

	for (;;) {
		event = xs_check_watch(xs);
		if (!event)
			return errno == EAGAIN ? 0 : -errno;
		len = strlen(event[XS_WATCH_PATH]);
		if (len < CK_PATH_SIZE)
			memcpy(path, event[XS_WATCH_PATH], len + 1);
		free(event);
		if (len < CK_PATH_SIZE)
			return 1;
	}
}
