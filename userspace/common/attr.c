// SPDX-License-Identifier: GPL-2.0
/* Reading netlink messages, but never beyond what they have. libmnl's own readers do not look
 * at the length.
 */
#include "attr.h"

#include <assert.h>
#include <string.h>

#define HEADER_MAX	32

/* Only what has exactly this size is such a number; else it is 0. */
static void get(const struct nlattr *attr, void *value, size_t size)
{
	if (mnl_attr_get_payload_len(attr) == size)
		memcpy(value, mnl_attr_get_payload(attr), size);
}

/**
 * ck_attr_u8() - read a number
 * @attr: an attribute
 *
 * ck_attr_u16(), ck_attr_u32() and ck_attr_u64() are alike.
 *
 * Return: the number, 0 if the attribute has another size than it.
 */
uint8_t ck_attr_u8(const struct nlattr *attr)
{
	uint8_t value = 0;

	get(attr, &value, sizeof(value));
	return value;
}

uint16_t ck_attr_u16(const struct nlattr *attr)
{
	uint16_t value = 0;

	get(attr, &value, sizeof(value));
	return value;
}

uint32_t ck_attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	get(attr, &value, sizeof(value));
	return value;
}

uint64_t ck_attr_u64(const struct nlattr *attr)
{
	uint64_t value = 0;

	get(attr, &value, sizeof(value));
	return value;
}

/* Return: the text that an attribute has, empty if it does not end within it. */
const char *ck_attr_str(const struct nlattr *attr)
{
	const char *text = mnl_attr_get_payload(attr);

	return memchr(text, 0, mnl_attr_get_payload_len(attr)) ? text : "";
}

/**
 * ck_attr_header() - the header of a message, before its attributes
 * @nlh: the message
 * @size: of the header, at most HEADER_MAX
 *
 * Return: the header; all zero if the message is too short for it, and so has no attributes.
 */
const void *ck_attr_header(const struct nlmsghdr *nlh, size_t size)
{
	static const uint64_t none[HEADER_MAX / sizeof(uint64_t)];

	assert(size <= sizeof(none));
	return mnl_nlmsg_get_payload_len(nlh) >= size ? mnl_nlmsg_get_payload(nlh) : none;
}
