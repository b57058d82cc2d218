// SPDX-License-Identifier: GPL-2.0
/* The administrator's word on who may see whom; cokeeper-hostd --help has the
 * format of the file.
 *
 * A line is blank, a comment, [section] or key = value, and nothing else. A file with a
 * mistake is refused as a whole, and what was in force stays so.
 */
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "alloc.h"
#include "enforced.h"
#include "log.h"
#include "membership.h"
#include "value.h"

#define EXCLUDED	"excluded"
#define NOT_LISTED	"not-listed"
#define NO_NAME		"no-name"
#define LINE_MAX_LEN	1000
#define FILE_MAX	(1 << 20)	/* bytes */
#define GUEST_MAX	255	/* characters of a name */
#define BLANK		" \t"

enum kind {
	SECTION_GROUP,
	SECTION_EXCLUDE,
	SECTION_UNLISTED,
	SECTION_GUEST,
};

/* A section of the file, which may be given in pieces; @entries counts its keys. */
struct section {
	STAILQ_ENTRY(section) next;
	enum kind kind;
	char *name;		/* of the group or guest */
	int line;
	unsigned int entries;
	bool join_given;
	uint32_t allow;
};

/* A guest that a [group] or [exclude] names. */
struct rule {
	STAILQ_ENTRY(rule) next;
	char *guest;
	int line;
	const struct section *section;
};

struct policy {
	STAILQ_HEAD(, section) sections;
	STAILQ_HEAD(, rule) rules;
	char *path;		/* NULL while no file was read */
	bool said;		/* it says something, be it a comment */
	bool listed_only;
	int line;		/* that is being read, in this section: */
	struct section *section;
	char error[256];
};

static struct policy current = {
	.sections = STAILQ_HEAD_INITIALIZER(current.sections),
	.rules = STAILQ_HEAD_INITIALIZER(current.rules),
};

static void policy_free(struct policy *policy)
{
	struct section *section;
	struct rule *rule;

	while ((rule = STAILQ_FIRST(&policy->rules))) {
		STAILQ_REMOVE_HEAD(&policy->rules, next);
		free(rule->guest);
		free(rule);
	}
	while ((section = STAILQ_FIRST(&policy->sections))) {
		STAILQ_REMOVE_HEAD(&policy->sections, next);
		free(section->name);
		free(section);
	}
	free(policy->path);
}

__attribute__((format(printf, 2, 3)))
static bool fail(struct policy *policy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(policy->error, sizeof(policy->error), fmt, ap);
	va_end(ap);
	return false;
}

static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	unsigned int i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	return !text[i];
}

/* May two texts of the configuration mean one guest? */
static bool same_guest(const char *a, const char *b, bool any_case)
{
	return !(any_case || is_uuid(a) ? strcasecmp : strcmp)(a, b);
}

/**
 * policy_means() - does the configuration mean this guest?
 * @text: what it says: a UUID means that one alone, for whoever may create a guest may
 *	  name it like the UUID of another one
 * @any_case: a name in any case
 * @name: the guest's name
 * @uuid: the guest's UUID
 */
bool policy_means(const char *text, bool any_case, const char *name, const char *uuid)
{
	return same_guest(text, is_uuid(text) ? uuid : name, any_case);
}

static bool excludes(const struct rule *rule)
{
	return rule->section->kind == SECTION_EXCLUDE;
}

/* An exclusion counts for more than a UUID, and that for more than a name. Whoever is to be
 * excluded is so however his name was written.
 */
static const struct rule *find_rule(const struct policy *policy, const char *name,
				    const char *uuid)
{
	const struct rule *rule, *found = NULL;

	STAILQ_FOREACH(rule, &policy->rules, next) {
		if (!policy_means(rule->guest, excludes(rule), name, uuid))
			continue;
		if (excludes(rule))
			return rule;
		if (!found || is_uuid(rule->guest))
			found = rule;
	}
	return found;
}

/* Return: the section for what dom0 may enforce on a guest, by UUID rather than by name. */
static const struct section *find_guest(const struct policy *policy, const char *name,
					const char *uuid)
{
	const struct section *section, *found = NULL;

	STAILQ_FOREACH(section, &policy->sections, next)
		if (section->kind == SECTION_GUEST &&
		    policy_means(section->name, false, name, uuid) &&
		    (!found || is_uuid(section->name)))
			found = section;
	return found;
}

static struct section *find_section(const struct policy *policy,
				    enum kind kind, const char *name)
{
	struct section *section;

	STAILQ_FOREACH(section, &policy->sections, next)
		if (section->kind == kind &&
		    (kind == SECTION_GUEST ? same_guest(section->name, name, false) :
					     !strcmp(section->name, name)))
			return section;
	return NULL;
}

/* A name or an UUID: no list, no quotes, no comment behind it. */
static bool check_guest(struct policy *policy, const char *guest)
{
	size_t len = strlen(guest);

	if (!len)
		return fail(policy, "a name or an UUID of a guest is needed");
	if (len > GUEST_MAX)
		return fail(policy, "the name of a guest is too long: %zu characters, at most %d",
			    len, GUEST_MAX);
	if (strpbrk(guest, ";#"))
		return fail(policy, "'%s': a comment needs a line of its own",
			    guest);
	if (strpbrk(guest, "\"'\\"))
		return fail(policy, "'%s': a guest is written without quotes and backslashes",
			    guest);
	if (strpbrk(guest, ", \t"))
		return fail(policy, "'%s': one guest a line; one whose name has a space or a comma goes by its UUID",
			    guest);
	return true;
}

static bool add_guest(struct policy *policy, struct section *section,
		      const char *guest)
{
	const struct rule *other;
	struct rule *rule;

	if (!check_guest(policy, guest))
		return false;
	STAILQ_FOREACH(other, &policy->rules, next)
		if (same_guest(other->guest, guest,
			       excludes(other) || section->kind == SECTION_EXCLUDE))
			break;
	if (other && excludes(other))
		return fail(policy, "guest '%s' is excluded above, in line %d",
			    guest, other->line);
	if (other)
		return fail(policy, "guest '%s' is in group '%s' above, in line %d",
			    guest, other->section->name, other->line);
	rule = ck_alloc(sizeof(*rule));
	rule->guest = ck_strdup(guest);
	rule->line = policy->line;
	rule->section = section;
	STAILQ_INSERT_TAIL(&policy->rules, rule, next);
	return true;
}

static bool set_join(struct policy *policy, struct section *section,
		     const char *value)
{
	if (section->join_given)
		return fail(policy, "'join' is given twice");
	if (strcmp(value, "bridge") && strcmp(value, "none"))
		return fail(policy, "join takes 'bridge' or 'none', not '%s'",
			    value);
	section->join_given = true;
	policy->listed_only = !strcmp(value, "none");
	return true;
}

static bool add_allow(struct policy *policy, struct section *section,
		      const char *value)
{
	char known[200] = "";
	enum enforced e;
	int len = 0;

	if (enforced_parse(value, &e)) {
		if (section->allow & ENFORCED_BIT(e))
			return fail(policy, "'allow = %s' is given twice",
				    value);
		section->allow |= ENFORCED_BIT(e);
		return true;
	}
	for (e = 0; e < ENFORCED_COUNT && len < (int)sizeof(known); e++)
		len += snprintf(known + len, sizeof(known) - len, "%s%s",
				len ? ", " : "", enforced_name(e));
	return fail(policy, "allow takes one of %s, not '%.40s'", known, value);
}

static const struct {
	const char *key;
	unsigned int sections;
	bool (*take)(struct policy *policy, struct section *section,
		     const char *value);
} keys[] = {
	{ "guest", 1 << SECTION_GROUP | 1 << SECTION_EXCLUDE, add_guest },
	{ "join", 1 << SECTION_UNLISTED, set_join },
	{ "allow", 1 << SECTION_GROUP | 1 << SECTION_UNLISTED |
		   1 << SECTION_GUEST, add_allow },
};

#define NKEYS	(sizeof(keys) / sizeof(keys[0]))

static bool take_key(struct policy *policy, const char *key, const char *value)
{
	struct section *section = policy->section;
	const char *known[NKEYS];
	unsigned int i, n = 0;

	if (!section)
		return fail(policy, "'%s' stands before the first [section]",
			    key);
	for (i = 0; i < NKEYS; i++) {
		if (!(keys[i].sections & 1 << section->kind))
			continue;
		if (!strcmp(key, keys[i].key)) {
			section->entries++;
			return keys[i].take(policy, section, value);
		}
		known[n++] = keys[i].key;
	}
	return fail(policy, "'%s' is unknown in this section; %s%s%s", key,
		    known[0], n > 1 ? " and " : "",
		    n > 1 ? known[1] : " is known");
}

static bool parse_header(struct policy *policy, char *text, enum kind *kind,
			 const char **name)
{
	char *rest = text + strcspn(text, BLANK);

	if (*rest)
		*rest++ = 0;
	rest += strspn(rest, BLANK);
	*name = rest;
	if (!strcmp(text, "group")) {
		*kind = SECTION_GROUP;
		if (ck_word_valid(rest) && !strchr(rest, '@') &&
		    strlen(rest) < CK_NAMED_SIZE)
			return true;
		return fail(policy, "'%s' is no name of a group: one word without '@', at most %d characters",
			    rest, CK_NAMED_SIZE - 1);
	}
	if (!strcmp(text, "guest")) {
		*kind = SECTION_GUEST;
		return check_guest(policy, rest);
	}
	*kind = !strcmp(text, "exclude") ? SECTION_EXCLUDE : SECTION_UNLISTED;
	if (!*rest && (*kind == SECTION_EXCLUDE || !strcmp(text, "unlisted")))
		return true;
	return fail(policy, "section '%s%s%s' is unknown; there are [group NAME], [exclude], [unlisted] and [guest NAME]",
		    text, *rest ? " " : "", rest);
}

static bool begin_section(struct policy *policy, char *line)
{
	char *end = strchr(line, ']'), *text = line + 1;
	struct section *section;
	const char *name;
	enum kind kind;

	if (!end)
		return fail(policy, "neither [section] nor key = value: ']' is missing");
	if (end[1])
		return fail(policy, "'%s' behind the section; a comment needs a line of its own",
			    end + 1);
	*end = 0;
	while (end > text && strchr(BLANK, end[-1]))
		*--end = 0;
	text += strspn(text, BLANK);
	if (!parse_header(policy, text, &kind, &name))
		return false;
	policy->section = find_section(policy, kind, name);
	if (policy->section)
		return true;
	section = ck_alloc(sizeof(*section));
	section->kind = kind;
	section->name = ck_strdup(name);
	section->line = policy->line;
	STAILQ_INSERT_TAIL(&policy->sections, section, next);
	policy->section = section;
	return true;
}

static bool take_line(struct policy *policy, char *line)
{
	size_t len = strlen(line);
	char *key, *value;

	while (len && strchr(BLANK "\r\n", line[len - 1]))
		line[--len] = 0;
	/* A lone CR ends a line for some editors, and would hide what follows from us. */
	for (key = line; *key; key++)
		if (iscntrl((unsigned char)*key) && *key != '\t')
			return fail(policy, "the line has a control character (0x%02x)",
				    (unsigned char)*key);
	key = line + strspn(line, BLANK);
	policy->said |= *key;
	if (!*key || *key == '#' || *key == ';')
		return true;
	if (*key == '[')
		return begin_section(policy, key);
	value = strchr(key, '=');
	if (!value || value == key)
		return fail(policy, "neither [section] nor key = value");
	len = value - key;
	*value++ = 0;
	while (len && strchr(BLANK, key[len - 1]))
		key[--len] = 0;
	return take_key(policy, key, value + strspn(value, BLANK));
}

/* Return: whether the file was read and has no mistake. */
static bool parse(FILE *f, struct policy *policy)
{
	bool ok = true;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (ok && (len = getline(&line, &size, f)) >= 0) {
		policy->line++;
		if (len > LINE_MAX_LEN)
			ok = fail(policy, "the line is too long: %zd characters, at most %d",
				  len, LINE_MAX_LEN);
		else if (strlen(line) != (size_t)len)
			ok = fail(policy, "the line has a NUL character");
		else
			ok = take_line(policy, line);
	}
	free(line);
	return ok && !ferror(f);
}

/* As an editor may leave it on a full disk. What is no file, as /dev/null, means it so. */
static bool is_empty(FILE *f, const struct policy *policy)
{
	struct stat st;

	return !policy->said && !fstat(fileno(f), &st) && S_ISREG(st.st_mode);
}

/* No pipe keeps us waiting. Return: the file, or NULL with errno. */
static FILE *open_file(const char *path)
{
	struct stat st;

	if (!stat(path, &st)) {
		if (!S_ISREG(st.st_mode) &&
		    !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))) {
			errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
			return NULL;
		}
		if (st.st_size > FILE_MAX) {
			errno = EFBIG;
			return NULL;
		}
	}
	return fopen(path, "re");
}

static bool read_file(const char *path, bool optional, struct policy *policy)
{
	FILE *f = open_file(path);
	bool ok, empty;

	errno = f ? 0 : errno;
	if (!f && errno == ENOENT && optional)
		return true;
	ok = f && parse(f, policy);
	empty = ok && is_empty(f, policy);
	if (empty)
		ck_err("%s: the file is empty; one that is to say nothing needs a comment that says so",
		       path);
	else if (!ok && policy->error[0])
		ck_err("%s:%d: %s", path, policy->line, policy->error);
	else if (!ok)
		ck_err("%s: %s", path, strerror(errno));
	if (f)
		fclose(f);
	policy->path = ck_strdup(path);
	return ok && !empty;
}

static void warn_empty(const struct policy *policy)
{
	const struct section *section;

	STAILQ_FOREACH(section, &policy->sections, next)
		if (!section->entries)
			ck_warn("%s:%d: nothing in this section",
				policy->path, section->line);
}

/* May a [group] mean this guest? A UUID there may be that of a guest that goes by its name here,
 * or the other way round.
 */
static bool may_be_grouped(const struct policy *policy, const char *guest)
{
	const struct rule *rule;

	STAILQ_FOREACH(rule, &policy->rules, next)
		if (!excludes(rule) && (is_uuid(rule->guest) != is_uuid(guest) ||
					same_guest(rule->guest, guest, false)))
			return true;
	return false;
}

/* A routed interface is on no bridge, so that 'allow' alone puts it into no group. */
static void warn_routed(const struct policy *policy)
{
	const struct section *section;

	STAILQ_FOREACH(section, &policy->sections, next)
		if (section->allow & ENFORCED_ROUTED &&
		    (section->kind == SECTION_UNLISTED ||
		     (section->kind == SECTION_GUEST && !may_be_grouped(policy, section->name))))
			ck_warn("%s:%d: 'allow = %s' has no effect in this section: a routed interface needs a [group] that names its guest",
				policy->path, section->line,
				enforced_first(section->allow & ENFORCED_ROUTED));
}

/**
 * policy_load() - read the configuration file
 * @path: the file
 * @optional: without the file, guests are grouped by bridge. A file that was read
 *	      once is no longer optional
 *
 * A file with a mistake is reported, and what was in force stays so.
 *
 * Return: whether it was read.
 */
bool policy_load(const char *path, bool optional)
{
	struct policy fresh = {
		.sections = STAILQ_HEAD_INITIALIZER(fresh.sections),
		.rules = STAILQ_HEAD_INITIALIZER(fresh.rules),
	};

	if (!read_file(path, optional && !current.path, &fresh)) {
		if (current.path)
			ck_err("%s: the configuration that was read before stays in force",
			       path);
		policy_free(&fresh);
		return false;
	}
	warn_empty(&fresh);
	warn_routed(&fresh);
	policy_free(&current);
	current = fresh;
	/* The heads of empty lists point to themselves. */
	if (STAILQ_EMPTY(&current.sections))
		STAILQ_INIT(&current.sections);
	if (STAILQ_EMPTY(&current.rules))
		STAILQ_INIT(&current.rules);
	return true;
}

static void write_section(FILE *f, const struct section *section)
{
	static const char *const heads[] = {
		[SECTION_GROUP] = "group ",
		[SECTION_EXCLUDE] = "exclude",
		[SECTION_UNLISTED] = "unlisted",
		[SECTION_GUEST] = "guest ",
	};
	const struct rule *rule;
	enum enforced e;

	fprintf(f, "[%s%s]\n", heads[section->kind], section->name);
	STAILQ_FOREACH(rule, &current.rules, next)
		if (rule->section == section)
			fprintf(f, "guest = %s\n", rule->guest);
	for (e = 0; e < ENFORCED_COUNT; e++)
		if (section->allow & ENFORCED_BIT(e))
			fprintf(f, "allow = %s\n", enforced_name(e));
	if (section->join_given)
		fprintf(f, "join = %s\n", current.listed_only ? "none" : "bridge");
}

/**
 * policy_save() - keep what is in force, for a successor whose file is gone or wrong
 * @path: where; as policy_load() reads it
 *
 * Nothing is kept as long as no file was read.
 *
 * Return: 0 or a negative errno.
 */
int policy_save(const char *path)
{
	const struct section *section;
	char fresh[PATH_MAX];
	int err = 0;
	FILE *f;

	if (!current.path)
		return 0;
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	f = fopen(fresh, "we");
	if (!f)
		return -errno;
	fputs("# What cokeeper-hostd has in force.\n", f);
	STAILQ_FOREACH(section, &current.sections, next)
		write_section(f, section);
	if (ferror(f))
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	if (!err && rename(fresh, path))
		err = -errno;
	return err;
}

/**
 * policy_lookup() - what does the configuration say of a guest?
 * @name: the guest's name
 * @uuid: the guest's UUID
 * @word: result
 *
 * A guest without a name is in no group as long as there are rules, for one may mean it.
 */
void policy_lookup(const char *name, const char *uuid,
		   struct policy_word *word)
{
	const struct rule *rule = find_rule(&current, name, uuid);
	const struct section *section;

	memset(word, 0, sizeof(*word));
	if (!rule && !name[0] && !STAILQ_EMPTY(&current.rules))
		word->barred = NO_NAME;
	else if (!rule && current.listed_only)
		word->barred = NOT_LISTED;
	else if (rule && excludes(rule))
		word->barred = EXCLUDED;
	else if (rule)
		word->group = rule->section->name;

	section = rule ? rule->section : find_section(&current, SECTION_UNLISTED, "");
	if (section)
		word->allow = section->allow;
	section = find_guest(&current, name, uuid);
	if (section)
		word->allow |= section->allow;
}

static void warn_unknown(int line, const char *guest, bool any_case, policy_known_fn known,
			 void *arg)
{
	if (!known(guest, any_case, arg))
		ck_warn("%s:%d: no guest of this host has the %s '%s' now", current.path, line,
			is_uuid(guest) ? "UUID" : "name", guest);
}

/**
 * policy_warn_unknown() - name the guests of the configuration that do not run here
 * @known: tells which ones do
 * @arg: its argument
 */
void policy_warn_unknown(policy_known_fn known, void *arg)
{
	const struct section *section;
	const struct rule *rule;

	STAILQ_FOREACH(rule, &current.rules, next)
		warn_unknown(rule->line, rule->guest, excludes(rule), known, arg);
	STAILQ_FOREACH(section, &current.sections, next)
		if (section->kind == SECTION_GUEST)
			warn_unknown(section->line, section->name, false, known, arg);
}
