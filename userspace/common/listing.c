// SPDX-License-Identifier: GPL-2.0
/* Directories of XenStore whose names mean numbers. */
#include "listing.h"

#include <stdlib.h>

#include "alloc.h"
#include "paths.h"
#include "value.h"

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/**
 * ck_list_numbers() - which numbers are names in a directory?
 * @xs: the connection
 * @path: the directory; if it is absent, there are none
 * @max: the greatest that counts; other names are passed over
 * @numbers: result: in their order, to be freed; NULL after an error
 * @n: how many there are
 *
 * Return: 0 or a negative errno.
 */
int ck_list_numbers(struct ck_xs *xs, const char *path, uint32_t max, uint32_t **numbers,
		    unsigned int *n)
{
	unsigned int i, count;
	char **names;
	int err;

	*numbers = NULL;
	*n = 0;
	err = ck_xs_list(xs, CK_XS_NULL, path, &names, &count);
	if (err)
		return err;
	*numbers = ck_alloc((count + 1) * sizeof(**numbers));
	for (i = 0; i < count; i++)
		if (ck_u32_parse(names[i], 0, max, &(*numbers)[*n]))
			++*n;
	free(names);
	qsort(*numbers, *n, sizeof(**numbers), compare);
	return 0;
}

/**
 * ck_list_offer_parts() - which directories of offers are there?
 * @xs: the connection
 * @t: transaction, or CK_XS_NULL
 * @path: where they are: ck_path_offers()
 * @parts: result: a bit for each of CK_OFFER_PARTS; 0 after an error
 *
 * Return: 0 or a negative errno.
 */
int ck_list_offer_parts(struct ck_xs *xs, uint32_t t, const char *path, unsigned int *parts)
{
	unsigned int i, n;
	char **names;
	int err, part;

	*parts = 0;
	err = ck_xs_list(xs, t, path, &names, &n);
	for (i = 0; i < n; i++) {
		part = ck_offer_part_parse(names[i]);
		if (part >= 0)
			*parts |= 1u << part;
	}
	free(names);
	return err;
}
