// SPDX-License-Identifier: GPL-2.0
/* One call prints text or JSON: a format with the value, or the value by its key.
 *
 * A key belongs to the object that is open, and is NULL in an array. JSON is printed,
 * as one line, when all that was opened is closed.
 */
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#define DEPTH_MAX	8
#define FOREIGN_SIZE	1100	/* 255 characters, each written as four */

static FILE *output;	/* NULL: stdout */
static bool json;
static struct json_object *open_values[DEPTH_MAX];
static unsigned int depth;

/* Return: where all is printed. */
FILE *out_file(void)
{
	return output ? output : stdout;
}

/* Print into a file from now on. */
void out_to(FILE *file)
{
	output = file;
}

/* Print JSON from now on, or text. */
void out_use_json(bool on)
{
	json = on;
}

/* Return: whether JSON is printed. */
bool out_json(void)
{
	return json;
}

static void add(const char *key, struct json_object *value)
{
	struct json_object *parent = depth ? open_values[depth - 1] : NULL;

	if (parent && key)
		json_object_object_add(parent, key, value);
	else if (parent)
		json_object_array_add(parent, value);
}

static void open_value(const char *key, struct json_object *value)
{
	add(key, value);
	open_values[depth++] = value;
}

void out_open_object(const char *key)
{
	if (json)
		open_value(key, json_object_new_object());
}

void out_open_array(const char *key)
{
	if (json)
		open_value(key, json_object_new_array());
}

/* Close what was opened last. */
void out_close(void)
{
	if (!json || --depth)
		return;
	fprintf(out_file(), "%s\n", json_object_to_json_string_ext(open_values[0],
							     JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(open_values[0]);
}

/* Print what JSON has no use for. */
void out_text(const char *text)
{
	if (!json)
		fputs(text, out_file());
}

void out_string(const char *key, const char *fmt, const char *value)
{
	if (json)
		add(key, json_object_new_string(value));
	else
		fprintf(out_file(), fmt, value);
}

/* Print a text that others chose, so that neither a terminal nor a reader of JSON or of lines
 * obeys it: what is not printable ASCII, and a backslash, is written \xNN. @fmt has one %s.
 */
void out_foreign(const char *key, const char *fmt, const char *value)
{
	char text[FOREIGN_SIZE], *to = text;

	for (; *value && to < text + sizeof(text) - sizeof("\\xNN"); value++)
		if (*value < ' ' || *value > '~' || *value == '\\')
			to += sprintf(to, "\\x%02x", (unsigned char)*value);
		else
			*to++ = *value;
	*to = 0;
	out_string(key, fmt, text);
}

/* @fmt has one PRIu64. */
void out_u64(const char *key, const char *fmt, uint64_t value)
{
	if (json)
		add(key, json_object_new_uint64(value));
	else
		fprintf(out_file(), fmt, value);
}

/* Sixteen digits, as a string: JSON's numbers are not so exact. @fmt has one %s. */
void out_hex(const char *key, const char *fmt, uint64_t value)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	out_string(key, fmt, text);
}

/* Print an array of addresses; the text is a line that begins with @text, if there are any. */
void out_addrs(const char *key, const char *text, const struct ck_addrs *addrs)
{
	char buf[CK_ADDR_STRLEN];
	unsigned int i;

	if (addrs->n)
		out_text(text);
	out_open_array(key);
	for (i = 0; i < addrs->n; i++)
		out_string(NULL, " %s", ck_addr_format(&addrs->a[i], buf));
	out_close();
	if (addrs->n)
		out_text("\n");
}

/* The same, with the length of each prefix. */
void out_sources(const char *key, const char *text, const struct ck_sources *sources)
{
	char addr[CK_ADDR_STRLEN], buf[CK_ADDR_STRLEN + 8];
	unsigned int i;

	if (sources->n)
		out_text(text);
	out_open_array(key);
	for (i = 0; i < sources->n; i++) {
		snprintf(buf, sizeof(buf), "%s/%u",
			 ck_addr_format(&sources->s[i].addr, addr), sources->s[i].len);
		out_string(NULL, " %s", buf);
	}
	out_close();
	if (sources->n)
		out_text("\n");
}

/* There is no value. */
void out_null(const char *key, const char *text)
{
	if (json)
		add(key, NULL);
	else
		out_text(text);
}

/* Write what was printed. Return: 0 or a negative errno. */
int out_flush(void)
{
	if (fflush(stdout))
		return -errno;
	return ferror(stdout) ? -EIO : 0;
}
