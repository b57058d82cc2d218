// SPDX-License-Identifier: GPL-2.0
/* Reading what the host tells a guest of its group (Documentation/xenstore-paths.md). */
#include "roster_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"

#define READ_TRIES	8

/**
 * ck_roster_head() - which roster this guest is to read
 * @xs: a connection of the guest
 * @mac: the interface
 * @head: the answer; all zero if the host says nothing
 *
 * Return: 0, -EBADMSG for a node that is malformed, or another negative errno.
 */
int ck_roster_head(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_roster *head)
{
	char path[CK_PATH_SIZE], name[CK_MAC_STRLEN];
	struct ck_value_error why;
	struct ck_xs_value text;
	int err;

	*head = (struct ck_roster){ 0 };
	snprintf(path, sizeof(path), "cokeeper/%s/roster",
		 ck_mac_format_node(mac, name));
	err = ck_xs_read(xs, CK_XS_NULL, path, &text);
	if (err)
		return err == -ENOENT ? 0 : err;
	return ck_roster_parse(text.data, text.len, head, &why) ? 0 : -EBADMSG;
}

static struct ck_member *find(struct ck_member *members, unsigned int n,
			      const struct ck_mac *mac)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!ck_mac_cmp(&members[i].mac, mac))
			return &members[i];
	return NULL;
}

/**
 * ck_roster_members() - the last word on each guest of a roster
 * @xs: a connection of the guest
 * @roster: its number
 * @members: those that joined and those that left, to be freed; none if the roster
 *	was replaced just now, since it tells of the reader at least
 * @n: their number
 *
 * Return: 0 or a negative errno.
 */
int ck_roster_members(struct ck_xs *xs, uint32_t roster,
		      struct ck_member **members, unsigned int *n)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_member word, *have;
	unsigned int i, count;
	int err;

	*members = NULL;
	*n = 0;
	snprintf(path, sizeof(path), "/tool/cokeeper/roster/%" PRIu32, roster);
	err = ck_xs_list(xs, CK_XS_NULL, path, &names, &count);
	if (err)
		return err;
	*members = ck_alloc(count * sizeof(word));
	for (i = 0; i < count; i++) {
		if (!ck_member_parse(names[i], &word))
			continue;
		have = find(*members, *n, &word.mac);
		if (!have)
			have = &(*members)[(*n)++];
		else if (have->seq > word.seq)
			continue;
		*have = word;
	}
	free(names);
	return 0;
}

/**
 * ck_roster_read() - what the host says of the group of an interface, now
 * @xs: a connection of the guest
 * @mac: the interface
 * @members: as from ck_roster_members(); none if it is in no group
 * @n: their number
 *
 * Return: 0 or a negative errno.
 */
int ck_roster_read(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_member **members, unsigned int *n)
{
	struct ck_roster head;
	int i, err;

	for (i = 0; i < READ_TRIES; i++) {
		*members = NULL;
		*n = 0;
		err = ck_roster_head(xs, mac, &head);
		if (err || !head.roster)
			return err;
		err = ck_roster_members(xs, head.roster, members, n);
		if (err || *n)
			return err;
		free(*members);
	}
	*members = NULL;
	return -EAGAIN;
}
