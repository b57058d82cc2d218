// SPDX-License-Identifier: GPL-2.0
/* Reading what the host tells a guest of its group (Documentation/xenstore-paths.md). */
#include "roster_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "listing.h"

#define READ_TRIES	8

static int fail(struct ck_value_error *why, int err, const char *what)
{
	snprintf(why->text, sizeof(why->text), "%.48s: %s", what, strerror(-err));
	return err;
}

/**
 * ck_roster_head() - which roster this guest is to read
 * @xs: a connection of the guest
 * @mac: the interface
 * @head: the answer; all zero if the host says nothing
 * @why: what is wrong, set only on failure
 *
 * Return: 0, -EBADMSG for a node that is malformed, or another negative errno.
 */
int ck_roster_head(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_roster *head, struct ck_value_error *why)
{
	struct ck_value_error bad;
	struct ck_xs_value text;
	char path[CK_PATH_SIZE];
	int err;

	*head = (struct ck_roster){ 0 };
	ck_path_head(path, CK_DOMID_SELF, mac);
	err = ck_xs_read(xs, CK_XS_NULL, path, &text);
	if (err)
		return err == -ENOENT ? 0 : fail(why, err, path);
	if (ck_roster_parse(text.data, text.len, head, &bad))
		return 0;
	*head = (struct ck_roster){ 0 };
	snprintf(why->text, sizeof(why->text), "%.48s: %.100s", path, bad.text);
	return -EBADMSG;
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

/* Add what one part says to what is known from those before it. */
static int read_part(struct ck_xs *xs, uint32_t roster, uint32_t part, struct ck_member **members,
		     unsigned int *n)
{
	char path[CK_PATH_SIZE], **names;
	struct ck_member word, *have;
	unsigned int i, count;
	int err;

	ck_path_part(path, roster, part);
	err = ck_xs_list(xs, CK_XS_NULL, path, &names, &count);
	if (err)
		return err;
	/* It was listed, so it had some. */
	if (!count) {
		free(names);
		return -ENOENT;
	}
	*members = ck_realloc(*members, (*n + count + 1) * sizeof(word));
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
 * ck_roster_members() - the last word on each guest of a roster
 * @xs: a connection of the guest
 * @roster: its number
 * @members: those that joined and those that left, to be freed; none if the roster
 *	was replaced just now, since it tells of the reader at least
 * @n: their number
 *
 * Nodes are only added, and only to the last part. So what is read part by part is
 * what the roster said when its last part was read: whatever has a greater sequence
 * number than all of it is news.
 *
 * Return: 0 or a negative errno.
 */
int ck_roster_members(struct ck_xs *xs, uint32_t roster,
		      struct ck_member **members, unsigned int *n)
{
	unsigned int i, count;
	char path[CK_PATH_SIZE];
	uint32_t *parts;
	int err;

	*members = NULL;
	*n = 0;
	ck_path_roster(path, roster);
	err = ck_list_numbers(xs, path, UINT32_MAX, &parts, &count);
	for (i = 0; i < count && !err; i++)
		err = read_part(xs, roster, parts[i], members, n);
	free(parts);
	if (err) {
		free(*members);
		*members = NULL;
		*n = 0;
	}
	/* Of what is gone xenstored says to a guest that it may not see it. */
	return err == -ENOENT || err == -EACCES ? 0 : err;
}

/* The head of a member whose last announcement was refused does not name its group; the
 * roster does.
 */
static int read_group(struct ck_xs *xs, struct ck_roster *head)
{
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	int err;

	if (head->group[0])
		return 0;
	ck_path_roster(path, head->roster);
	err = ck_xs_read(xs, CK_XS_NULL, path, &value);
	if (!err && (value.len != strlen(value.data) || !ck_word_valid(value.data)))
		err = -EBADMSG;
	if (!err)
		strcpy(head->group, value.data);
	return err;
}

/**
 * ck_roster_read() - what the host says of the group of an interface, now
 * @xs: a connection of the guest
 * @mac: the interface
 * @head: as from ck_roster_head(), and with the group whenever it is in one
 * @members: as from ck_roster_members(); none if it is in no group
 * @n: their number
 * @why: what is wrong, set only on failure
 *
 * Return: 0 or a negative errno.
 */
int ck_roster_read(struct ck_xs *xs, const struct ck_mac *mac,
		   struct ck_roster *head, struct ck_member **members,
		   unsigned int *n, struct ck_value_error *why)
{
	int i, err;

	for (i = 0; i < READ_TRIES; i++) {
		*members = NULL;
		*n = 0;
		err = ck_roster_head(xs, mac, head, why);
		if (err || !head->roster)
			return err;
		err = ck_roster_members(xs, head->roster, members, n);
		if (!err && *n)
			err = read_group(xs, head);
		if (!err && *n)
			return 0;
		free(*members);
		*members = NULL;
		*n = 0;
		/* The roster may have gone after its members were read. */
		if (err && err != -ENOENT && err != -EACCES)
			return fail(why, err, "roster");
	}
	return fail(why, -EAGAIN, "the roster is being replaced");
}
