// SPDX-License-Identifier: GPL-2.0
/* The values of CoKeeper's XenStore nodes (Documentation/xenstore-paths.md).
 *
 * What is parsed here was written by another domain: nothing is accepted that
 * the documentation does not describe, unknown keys apart.
 */
#include "value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cokeeper.h"
#include "names.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum field_type {
	FIELD_U32,
	FIELD_INSTANCE,
	FIELD_WORD,
	FIELD_CAUSE,
	FIELD_ADDRS,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	uint32_t min;
	uint32_t max;
	bool required;
};

static bool fail(struct ck_value_error *err, const char *reason,
		 const char *fmt, ...)
{
	va_list ap;

	err->reason = reason;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return false;
}

/**
 * ck_u32_parse() - read a decimal number
 * @text: the whole string: digits only
 * @min: smallest value accepted
 * @max: largest value accepted
 * @result: the number, set only on success
 *
 * Return: whether @text is such a number.
 */
bool ck_u32_parse(const char *text, uint32_t min, uint32_t max,
		  uint32_t *result)
{
	size_t len = strlen(text);
	uint64_t n;

	if (!len || len > 10 || strspn(text, "0123456789") != len)
		return false;
	n = strtoull(text, NULL, 10);
	if (n < min || n > max)
		return false;
	*result = n;
	return true;
}

static bool parse_instance(const char *text, uint64_t *result)
{
	uint64_t n;

	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	n = strtoull(text, NULL, 16);
	if (!n)
		return false;
	*result = n;
	return true;
}

/* Return: whether @word can be the value of a group= or reason= word. */
bool ck_word_valid(const char *word)
{
	size_t len = strlen(word), i;

	if (!len || len >= CK_WORD_SIZE)
		return false;
	for (i = 0; i < len; i++)
		if (word[i] <= ' ' || word[i] > '~')
			return false;
	return true;
}

static bool parse_addr(const char *text, struct ck_addrs *addrs,
		       struct ck_value_error *err)
{
	struct ck_addr addr;

	if (!ck_addr_parse(text, &addr))
		return fail(err, "malformed",
			    "addr=%.48s: not a usable unicast address", text);
	if (ck_addrs_have(addrs, &addr))
		return fail(err, "malformed", "addr=%.48s: given twice", text);
	if (addrs->n == CK_ADDRS_MAX)
		return fail(err, "malformed",
			    "addr=%.48s: more than %u addresses", text,
			    CK_ADDRS_MAX);
	addrs->a[addrs->n++] = addr;
	return true;
}

static bool parse_field(const struct field *f, const char *text, void *result,
			struct ck_value_error *err)
{
	void *p = (char *)result + f->offset;

	switch (f->type) {
	case FIELD_U32:
		if (!ck_u32_parse(text, f->min, f->max, p))
			return fail(err, "malformed",
				    "%s=%.32s: not a number from %" PRIu32
				    " to %" PRIu32,
				    f->key, text, f->min, f->max);
		return true;
	case FIELD_INSTANCE:
		if (!parse_instance(text, p))
			return fail(err, "malformed",
				    "%s=%.32s: not 16 lower-case hexadecimal digits, or zero",
				    f->key, text);
		return true;
	case FIELD_WORD:
		if (!ck_word_valid(text))
			return fail(err, "malformed",
				    "%s=%.32s: empty or too long", f->key,
				    text);
		strcpy(p, text);
		return true;
	case FIELD_CAUSE:
		/* One that a later version knows is none to us. */
		*(uint32_t *)p = ck_cause_parse(text);
		return true;
	case FIELD_ADDRS:
		return parse_addr(text, p, err);
	}
	return false;
}

static bool check_text(const char *value, size_t len,
		       struct ck_value_error *err)
{
	size_t i;

	if (!len)
		return fail(err, "malformed", "empty value");
	if (len > CK_VALUE_MAX)
		return fail(err, "malformed", "%zu bytes, more than %u", len,
			    CK_VALUE_MAX);
	for (i = 0; i < len; i++)
		if (value[i] < ' ' || value[i] > '~')
			return fail(err, "malformed",
				    "byte %zu is 0x%02x, not printable ASCII",
				    i, (unsigned char)value[i]);
	return true;
}

static bool check_version(const char *text, struct ck_value_error *err)
{
	uint32_t version;

	if (!ck_u32_parse(text, 0, UINT32_MAX, &version))
		return fail(err, "malformed", "v=%.32s: not a number", text);
	if (version != CK_VALUE_VERSION)
		return fail(err, "version", "v=%.32s: only version %u is known",
			    text, CK_VALUE_VERSION);
	return true;
}

static bool parse(const char *value, size_t len, const struct field *fields,
		  unsigned int nfields, void *result,
		  struct ck_value_error *err)
{
	char text[CK_VALUE_SIZE], *word, *save, *arg;
	bool version = false;
	uint32_t seen = 0;
	unsigned int i;

	if (!check_text(value, len, err))
		return false;
	memcpy(text, value, len);
	text[len] = 0;

	for (word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		arg = strchr(word, '=');
		if (!arg)
			return fail(err, "malformed", "%.32s: no key=value",
				    word);
		*arg++ = 0;

		if (!strcmp(word, "v")) {
			if (version)
				return fail(err, "malformed", "v: given twice");
			if (!check_version(arg, err))
				return false;
			version = true;
			continue;
		}
		for (i = 0; i < nfields && strcmp(word, fields[i].key); i++)
			;
		if (i == nfields)
			continue;
		if ((seen & 1u << i) && fields[i].type != FIELD_ADDRS)
			return fail(err, "malformed", "%s: given twice", word);
		if (!parse_field(&fields[i], arg, result, err))
			return false;
		seen |= 1u << i;
	}

	if (!version)
		return fail(err, "malformed", "v= is missing");
	for (i = 0; i < nfields; i++)
		if (fields[i].required && !(seen & 1u << i))
			return fail(err, "malformed", "%s= is missing",
				    fields[i].key);
	return true;
}

/**
 * ck_announce_parse() - read an announcement
 * @value: the node's bytes
 * @len: their number
 * @a: result, valid only on success
 * @err: what is wrong, set only on failure
 *
 * ck_offer_parse() and ck_roster_parse() are alike.
 *
 * Return: whether the value is well-formed.
 */
bool ck_announce_parse(const char *value, size_t len, struct ck_announce *a,
		       struct ck_value_error *err)
{
	static const struct field fields[] = {
		{ "instance", FIELD_INSTANCE,
		  offsetof(struct ck_announce, instance), .required = true },
		{ "cause", FIELD_CAUSE, offsetof(struct ck_announce, cause),
		  .required = false },
		{ "addr", FIELD_ADDRS, offsetof(struct ck_announce, addrs),
		  .required = false },
	};

	memset(a, 0, sizeof(*a));
	return parse(value, len, fields, ARRAY_SIZE(fields), a, err);
}

bool ck_offer_parse(const char *value, size_t len, struct ck_offer *o,
		    struct ck_value_error *err)
{
	static const struct field fields[] = {
		{ "id", FIELD_U32, offsetof(struct ck_offer, id),
		  0, UINT32_MAX, true },
		{ "gref", FIELD_U32, offsetof(struct ck_offer, gref),
		  1, UINT32_MAX, true },
		{ "port", FIELD_U32, offsetof(struct ck_offer, port),
		  1, CK_PORT_MAX, true },
		{ "from", FIELD_INSTANCE, offsetof(struct ck_offer, from),
		  .required = true },
		{ "to", FIELD_INSTANCE, offsetof(struct ck_offer, to),
		  .required = true },
	};

	memset(o, 0, sizeof(*o));
	return parse(value, len, fields, ARRAY_SIZE(fields), o, err);
}

bool ck_roster_parse(const char *value, size_t len, struct ck_roster *r,
		     struct ck_value_error *err)
{
	static const struct field fields[] = {
		{ "state", FIELD_WORD, offsetof(struct ck_roster, state),
		  .required = true },
		{ "group", FIELD_WORD, offsetof(struct ck_roster, group),
		  .required = false },
		{ "reason", FIELD_WORD, offsetof(struct ck_roster, reason),
		  .required = false },
		{ "roster", FIELD_U32, offsetof(struct ck_roster, roster),
		  0, UINT32_MAX, false },
	};

	memset(r, 0, sizeof(*r));
	if (!parse(value, len, fields, ARRAY_SIZE(fields), r, err))
		return false;
	r->member = !strcmp(r->state, "member");
	if (!r->member && strcmp(r->state, "refused"))
		return fail(err, "malformed", "state=%.32s: unknown",
			    r->state);
	if (r->member && !r->group[0])
		return fail(err, "malformed", "group= of a member is missing");
	if (!r->member && !r->reason[0])
		return fail(err, "malformed", "reason= of a refusal is missing");
	return true;
}

static void format_addrs(const struct ck_addrs *addrs, char *buf, size_t size)
{
	char text[CK_ADDR_STRLEN];
	unsigned int i;
	size_t len;

	for (i = 0; i < addrs->n; i++) {
		len = strlen(buf);
		snprintf(buf + len, size - len, " addr=%s",
			 ck_addr_format(&addrs->a[i], text));
	}
}

/**
 * ck_announce_format() - write an announcement
 * @a: what to say
 * @buf: result; 16 addresses always fit
 *
 * ck_offer_format() and ck_roster_format() are alike.
 */
void ck_announce_format(const struct ck_announce *a, char buf[CK_VALUE_SIZE])
{
	snprintf(buf, CK_VALUE_SIZE, "v=%u instance=%016" PRIx64,
		 CK_VALUE_VERSION, a->instance);
	if (a->cause != COKEEPER_CAUSE_NONE) {
		strcat(buf, " cause=");
		strcat(buf, ck_cause_name(a->cause));
	}
	format_addrs(&a->addrs, buf, CK_VALUE_SIZE);
}

void ck_offer_format(const struct ck_offer *o, char buf[CK_VALUE_SIZE])
{
	snprintf(buf, CK_VALUE_SIZE,
		 "v=%u id=%" PRIu32 " from=%016" PRIx64 " to=%016" PRIx64
		 " gref=%" PRIu32 " port=%" PRIu32,
		 CK_VALUE_VERSION, o->id, o->from, o->to, o->gref, o->port);
}

void ck_roster_format(const struct ck_roster *r, char buf[CK_VALUE_SIZE])
{
	if (r->member)
		snprintf(buf, CK_VALUE_SIZE,
			 "v=%u state=member group=%s roster=%" PRIu32,
			 CK_VALUE_VERSION, r->group, r->roster);
	else
		snprintf(buf, CK_VALUE_SIZE,
			 "v=%u state=refused reason=%s roster=%" PRIu32,
			 CK_VALUE_VERSION, r->reason, r->roster);
}
