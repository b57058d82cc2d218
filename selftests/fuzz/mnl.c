// SPDX-License-Identifier: GPL-2.0
/* libmnl's readers of attributes, which read without a look at the length: here it is a fault
 * to read more than there is.
 */
#include <assert.h>
#include <libmnl/libmnl.h>
#include <string.h>

static void get(const struct nlattr *attr, void *value, size_t size)
{
	assert(mnl_attr_get_payload_len(attr) >= size);
	memcpy(value, mnl_attr_get_payload(attr), size);
}

uint8_t mnl_attr_get_u8(const struct nlattr *attr)
{
	uint8_t value;

	get(attr, &value, sizeof(value));
	return value;
}

uint16_t mnl_attr_get_u16(const struct nlattr *attr)
{
	uint16_t value;

	get(attr, &value, sizeof(value));
	return value;
}

uint32_t mnl_attr_get_u32(const struct nlattr *attr)
{
	uint32_t value;

	get(attr, &value, sizeof(value));
	return value;
}

uint64_t mnl_attr_get_u64(const struct nlattr *attr)
{
	uint64_t value;

	get(attr, &value, sizeof(value));
	return value;
}

const char *mnl_attr_get_str(const struct nlattr *attr)
{
	const char *text = mnl_attr_get_payload(attr);

	assert(memchr(text, 0, mnl_attr_get_payload_len(attr)));
	return text;
}
