// SPDX-License-Identifier: GPL-2.0
/* What cokeeper doctor found, and the command that mends it: a line each.
 *
 * Text may have parts that others wrote, so nothing but printable ASCII gets out. In a command
 * these are quoted, for people paste it into root's shell.
 */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

enum level {
	LEVEL_OK,
	LEVEL_WARN,
	LEVEL_FAIL,
};

/* The last finding, until its command is known. */
static struct {
	bool pending;
	enum level level;
	const char *check;
	char subject[128];
	char text[1024];
	char mend[1024];
	const char *where;
} last;

static bool any_failed;

/* How a status is printed, on a terminal and elsewhere (https://no-color.org). */
static const char *const terminal_formats[] = {
	[LEVEL_OK] = "\033[32m%-4s\033[0m",
	[LEVEL_WARN] = "\033[33m%-4s\033[0m",
	[LEVEL_FAIL] = "\033[31m%-4s\033[0m",
};

static const char *status_format(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && no_color[0]) || !isatty(fileno(out_file())))
		return "%-4s";
	return terminal_formats[last.level];
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void print_last(void)
{
	static const char *const names[] = { "ok", "warn", "fail" };

	if (!last.pending)
		return;
	make_printable(last.subject);
	make_printable(last.text);
	make_printable(last.mend);
	out_open_object(NULL);
	out_string("status", status_format(), names[last.level]);
	out_string("check", " %s", last.check);
	if (last.subject[0])
		out_string("subject", " %s", last.subject);
	else
		out_null("subject", "");
	out_string("text", ": %s", last.text);
	if (last.where) {
		out_string("where", strcmp(last.where, "here") ? "; mend in %s:" : "; mend:",
			   last.where);
		out_string("mend", " %s", last.mend);
	} else {
		out_null("where", "");
		out_null("mend", "");
	}
	out_text("\n");
	out_close();
	last.pending = false;
}

__attribute__((format(printf, 4, 0)))
static void found(enum level level, const char *check, const char *subject, const char *fmt,
		  va_list ap)
{
	print_last();
	last.pending = true;
	last.level = level;
	last.check = check;
	last.where = NULL;
	last.mend[0] = 0;
	snprintf(last.subject, sizeof(last.subject), "%s", subject ? subject : "");
	vsnprintf(last.text, sizeof(last.text), fmt, ap);
	any_failed |= level == LEVEL_FAIL;
}

void found_ok(const char *check, const char *subject, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	found(LEVEL_OK, check, subject, fmt, ap);
	va_end(ap);
}

void found_warn(const char *check, const char *subject, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	found(LEVEL_WARN, check, subject, fmt, ap);
	va_end(ap);
}

void found_fail(const char *check, const char *subject, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	found(LEVEL_FAIL, check, subject, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 0)))
static void mend(const char *where, const char *fmt, va_list ap)
{
	last.where = where;
	vsnprintf(last.mend, sizeof(last.mend), fmt, ap);
}

void found_mend(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mend("here", fmt, ap);
	va_end(ap);
}

void found_mend_in_dom0(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mend("dom0", fmt, ap);
	va_end(ap);
}

/**
 * found_plain() - may a word stand in a command as it is?
 * @word: the word
 * @others: characters that it may have besides ASCII letters and digits
 *
 * Return: whether it has no others, is not empty, and is no option.
 */
bool found_plain(const char *word, const char *others)
{
	if (!word[0] || word[0] == '-')
		return false;
	for (; *word; word++)
		if (!(*word >= 'a' && *word <= 'z') && !(*word >= 'A' && *word <= 'Z') &&
		    !(*word >= '0' && *word <= '9') && !strchr(others, *word))
			return false;
	return true;
}

/**
 * found_quote() - quote a word for a shell
 * @word: at most 255 characters
 * @buf: room for it
 *
 * Return: the word, in quotation marks where that makes a difference.
 */
const char *found_quote(const char *word, char buf[QUOTED_SIZE])
{
	char *to = buf;

	if (found_plain(word, "_.:-"))
		return word;
	*to++ = '\'';
	for (; *word && to < buf + QUOTED_SIZE - 6; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *word;
	}
	strcpy(to, "'");
	return buf;
}

/* What is found from now on is printed. */
void found_start(void)
{
	any_failed = false;
	out_open_array(NULL);
}

/* Return: whether nothing failed. */
bool found_end(void)
{
	print_last();
	out_close();
	return !any_failed;
}
