// SPDX-License-Identifier: GPL-2.0
/* The administrator's word on who may see whom; cokeeper-hostd --help has the
 * format of the file.
 */
#include "policy.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "alloc.h"
#include "log.h"
#include "value.h"

#define EXCLUDED	"excluded"
#define NOT_LISTED	"not-listed"

/* A guest that the file names, and its group; NULL if it is excluded. */
struct rule {
	SLIST_ENTRY(rule) next;
	char *guest;
	char *group;
};

struct policy {
	SLIST_HEAD(, rule) rules;
	bool listed_only;
	char error[256];
};

static struct policy current = { .rules = SLIST_HEAD_INITIALIZER(rules) };

static void policy_free(struct policy *policy)
{
	struct rule *rule;

	while ((rule = SLIST_FIRST(&policy->rules))) {
		SLIST_REMOVE_HEAD(&policy->rules, next);
		free(rule->guest);
		free(rule->group);
		free(rule);
	}
}

/* The first mistake counts: what follows may come of it. */
__attribute__((format(printf, 2, 3)))
static int fail(struct policy *policy, const char *fmt, ...)
{
	va_list ap;

	if (policy->error[0])
		return 0;
	va_start(ap, fmt);
	vsnprintf(policy->error, sizeof(policy->error), fmt, ap);
	va_end(ap);
	return 0;
}

static const struct rule *find(const struct policy *policy, const char *guest)
{
	const struct rule *rule;

	SLIST_FOREACH(rule, &policy->rules, next)
		if (!strcasecmp(rule->guest, guest))
			return rule;
	return NULL;
}

static int add(struct policy *policy, const char *guest, const char *group)
{
	const struct rule *other = find(policy, guest);
	struct rule *rule;

	if (!*guest)
		return fail(policy, "guest: a name or an UUID is needed");
	if (other && !other->group)
		return fail(policy, "guest '%s' is excluded above", guest);
	if (other)
		return fail(policy, "guest '%s' is in group '%s' above", guest,
			    other->group);
	rule = ck_alloc(sizeof(*rule));
	SLIST_INSERT_HEAD(&policy->rules, rule, next);
	rule->guest = ck_strdup(guest);
	rule->group = group ? ck_strdup(group) : NULL;
	return 1;
}

static int take(void *arg, const char *section, const char *key,
		const char *value)
{
	const char *group = NULL;
	struct policy *policy = arg;

	if (!strcmp(section, "unlisted")) {
		if (strcmp(key, "join"))
			return fail(policy, "'%s' is unknown in [unlisted]; 'join' is not",
				    key);
		if (strcmp(value, "bridge") && strcmp(value, "none"))
			return fail(policy, "join takes 'bridge' or 'none', not '%s'",
				    value);
		policy->listed_only = !strcmp(value, "none");
		return 1;
	}
	if (!strncmp(section, "group ", 6)) {
		group = section + 6 + strspn(section + 6, " ");
		if (!ck_word_valid(group) || strchr(group, '@'))
			return fail(policy, "'%s' is no name of a group: one word without '@'",
				    group);
	} else if (strcmp(section, "exclude")) {
		return fail(policy, "section '%s' is unknown; there are [group NAME], [exclude] and [unlisted]",
			    section);
	}
	if (strcmp(key, "guest"))
		return fail(policy, "'%s' is unknown in [%s]; 'guest' is not",
			    key, section);
	return add(policy, value, group);
}

struct reader {
	FILE *f;
	int line;
	int too_long;
};

/* The library would take the rest of a long line for the next one. */
static char *read_line(char *buf, int size, void *arg)
{
	struct reader *reader = arg;
	char *line = fgets(buf, size, reader->f);

	reader->line++;
	if (line && !strchr(line, '\n') && !feof(reader->f) &&
	    !reader->too_long)
		reader->too_long = reader->line;
	return line;
}

/* Return: 0, the number of the first line with a mistake, or a negative errno. */
static int parse(const char *path, struct policy *policy)
{
	struct reader reader = { .f = fopen(path, "re") };
	int line;

	if (!reader.f)
		return -errno;
	line = ini_parse_stream(read_line, &reader, take, policy);
	if (ferror(reader.f))
		line = -EIO;
	fclose(reader.f);
	if (!reader.too_long || (line && line < reader.too_long))
		return line;
	policy->error[0] = 0;
	fail(policy, "the line is too long");
	return reader.too_long;
}

/**
 * policy_load() - read the configuration file
 * @path: the file
 * @optional: without the file, guests are grouped by bridge
 *
 * A file with a mistake is reported, and what was in force stays so.
 *
 * Return: whether it was read.
 */
bool policy_load(const char *path, bool optional)
{
	struct policy fresh = { .rules = SLIST_HEAD_INITIALIZER(rules) };
	int line;

	line = parse(path, &fresh);
	if (line == -ENOENT && optional)
		line = 0;
	if (line) {
		if (line < 0)
			ck_err("%s: %s", path, strerror(-line));
		else
			ck_err("%s:%d: %s", path, line, fresh.error[0] ?
			       fresh.error : "neither [section] nor key = value");
		policy_free(&fresh);
		return false;
	}
	policy_free(&current);
	current = fresh;
	return true;
}

/**
 * policy_group() - which group is a guest in?
 * @name: the guest's name
 * @uuid: the guest's UUID, which counts for more
 * @barred: result: a word that says why it is in none, or NULL
 *
 * Return: the name of its group, or NULL if its bridge alone decides.
 */
const char *policy_group(const char *name, const char *uuid,
			 const char **barred)
{
	const struct rule *rule = find(&current, uuid);

	if (!rule)
		rule = find(&current, name);
	*barred = NULL;
	if (!rule && current.listed_only)
		*barred = NOT_LISTED;
	else if (rule && !rule->group)
		*barred = EXCLUDED;
	return rule ? rule->group : NULL;
}
