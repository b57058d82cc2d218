// SPDX-License-Identifier: GPL-2.0
/* The publisher's configuration. A form feed in an input begins another file, which is
 * read after the first one.
 */
/* The Makefile has policy.c call open_input() for it. */
#undef fopen

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "enforced.h"
#include "fuzz.h"
#include "log.h"
#include "membership.h"
#include "policy.h"
#include "value.h"

#define NAMES_MAX	6

static const char *file;
static size_t file_size;
static unsigned int errors;

/* What the configuration says of a guest. */
struct answer {
	char group[CK_NAMED_SIZE];
	char barred[16];
	uint32_t allow;
};

static struct {
	const char *name[NAMES_MAX];
	unsigned int n;
	struct answer answer[NAMES_MAX][NAMES_MAX];
} guests;

FILE *open_input(const char *path, const char *mode)
{
	(void)path;
	return fmemopen((void *)(file_size ? file : "\n"), file_size ? file_size : 1, mode);
}

void ck_log(int priority, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	errors += priority == LOG_ERR;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

static bool load(const char *text, size_t size)
{
	unsigned int before = errors;
	bool ok;

	file = text;
	file_size = size;
	ok = policy_load("hostd.conf", false);
	/* Nothing is refused without a word. */
	assert(ok == (errors == before));
	return ok;
}

static void ask(const char *name, const char *uuid, struct answer *answer)
{
	struct policy_word word;

	memset(answer, 0, sizeof(*answer));
	policy_lookup(name, uuid, &word);
	assert(!word.group || !word.barred);
	assert(!(word.allow >> ENFORCED_COUNT));
	answer->allow = word.allow;
	if (word.group) {
		assert(ck_word_valid(word.group) && !strchr(word.group, '@'));
		assert(strlen(word.group) < CK_NAMED_SIZE);
		strcpy(answer->group, word.group);
	}
	if (word.barred)
		strcpy(answer->barred, word.barred);
}

static void ask_all(struct answer answer[NAMES_MAX][NAMES_MAX])
{
	unsigned int i, k;

	memset(answer, 0, NAMES_MAX * sizeof(answer[0]));
	for (i = 0; i < guests.n; i++)
		for (k = 0; k < guests.n; k++)
			ask(guests.name[i], guests.name[k], &answer[i][k]);
}

static bool excluded(const struct answer *answer)
{
	return !strcmp(answer->barred, "excluded");
}

/* An exclusion counts, whether it means the name or the UUID, and means one of them. */
static void check_exclusion(void)
{
	const struct answer *answer;
	unsigned int i, k;
	bool uuid;

	for (i = 0; i < guests.n; i++) {
		/* Nothing else means a guest that has no name. */
		uuid = policy_means(guests.name[i], false, "", guests.name[i]);
		for (k = 0; k < guests.n; k++) {
			answer = uuid ? &guests.answer[k][i] : &guests.answer[i][k];
			if (excluded(&guests.answer[i][i]))
				assert(excluded(answer));
		}
	}
}

/* A name that looks like a UUID says nothing. */
static void check_names(void)
{
	struct answer none, named;
	unsigned int i;

	for (i = 0; i < guests.n; i++) {
		if (!guests.name[i][0] ||
		    !policy_means(guests.name[i], false, "", guests.name[i]))
			continue;
		ask("-", "", &none);
		ask(guests.name[i], "", &named);
		assert(!memcmp(&none, &named, sizeof(none)));
	}
}

static bool known(const char *text, bool any_case, void *arg)
{
	(void)arg;
	return (strlen(text) & 1) != any_case;
}

/* The last words of a file name guests, sections or keys; the empty one a guest without. */
static void find_names(char *text)
{
	char *word, *save;

	guests.n = 1;
	guests.name[0] = "";
	for (word = strtok_r(text, "\f\r\n=[] \t", &save); word;
	     word = strtok_r(NULL, "\f\r\n=[] \t", &save)) {
		if (guests.n == NAMES_MAX)
			memmove(guests.name + 1, guests.name + 2,
				(--guests.n - 1) * sizeof(guests.name[0]));
		guests.name[guests.n++] = word;
	}
}

static void take_file(const char *text, size_t size)
{
	struct answer before[NAMES_MAX][NAMES_MAX], again[NAMES_MAX][NAMES_MAX];

	ask_all(before);
	if (load(text, size)) {
		ask_all(guests.answer);
		check_exclusion();
		check_names();
		policy_warn_unknown(known, NULL);
		assert(load(text, size));
		ask_all(again);
		assert(!memcmp(guests.answer, again, sizeof(again)));
	} else {
		/* What was in force stays so. */
		ask_all(again);
		assert(!memcmp(before, again, sizeof(again)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words = input_text(data, size);
	const char *text = (const char *)data, *end = text + size, *next;

	memset(guests.answer, 0, sizeof(guests.answer));
	find_names(words);
	for (; text; text = next ? next + 1 : NULL) {
		next = memchr(text, '\f', end - text);
		take_file(text, (next ? next : end) - text);
	}
	assert(load("", 0));
	free(words);
	return 0;
}
