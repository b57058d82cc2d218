// SPDX-License-Identifier: GPL-2.0
/* One call prints text or JSON: a format with the value, or the value by its key.
 *
 * A key belongs to the object that is open, and is NULL in an array. JSON is printed,
 * as one line, when all that was opened is closed.
 */
#include "output.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#define DEPTH_MAX	8

static bool json;
static struct json_object *open_values[DEPTH_MAX];
static unsigned int depth;

/* Print JSON from now on, or text. */
void out_use_json(bool on)
{
	json = on;
}

static void add(const char *key, struct json_object *value)
{
	struct json_object *to = depth ? open_values[depth - 1] : NULL;

	if (to && key)
		json_object_object_add(to, key, value);
	else if (to)
		json_object_array_add(to, value);
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
	puts(json_object_to_json_string_ext(open_values[0],
					    JSON_C_TO_STRING_PLAIN));
	json_object_put(open_values[0]);
}

/* Print what JSON has no use for. */
void out_text(const char *text)
{
	if (!json)
		fputs(text, stdout);
}

void out_string(const char *key, const char *fmt, const char *value)
{
	if (json)
		add(key, json_object_new_string(value));
	else
		printf(fmt, value);
}

/* @fmt has one PRIu64. */
void out_u64(const char *key, const char *fmt, uint64_t value)
{
	if (json)
		add(key, json_object_new_uint64(value));
	else
		printf(fmt, value);
}

/* Sixteen digits, as a string: JSON's numbers are not so exact. @fmt has one %s. */
void out_hex(const char *key, const char *fmt, uint64_t value)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	out_string(key, fmt, text);
}

/* There is no value. */
void out_null(const char *key, const char *text)
{
	if (json)
		add(key, NULL);
	else
		out_text(text);
}
