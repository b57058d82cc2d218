/* SPDX-License-Identifier: GPL-2.0 */
/* Directories of XenStore whose names mean numbers. */
#ifndef CK_LISTING_H
#define CK_LISTING_H

#include "xs.h"

int ck_list_numbers(struct ck_xs *xs, const char *path, uint32_t max, uint32_t **numbers,
		    unsigned int *n);
int ck_list_offer_parts(struct ck_xs *xs, uint32_t t, const char *path, unsigned int *parts);

#endif /* CK_LISTING_H */
