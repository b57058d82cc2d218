/* SPDX-License-Identifier: GPL-2.0 */
/* Reading netlink messages, but never beyond what they have. */
#ifndef CK_ATTR_H
#define CK_ATTR_H

#include <stddef.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

uint8_t ck_attr_u8(const struct nlattr *attr);
uint16_t ck_attr_u16(const struct nlattr *attr);
uint32_t ck_attr_u32(const struct nlattr *attr);
uint64_t ck_attr_u64(const struct nlattr *attr);
const char *ck_attr_str(const struct nlattr *attr);
const void *ck_attr_header(const struct nlmsghdr *nlh, size_t size);

#endif /* CK_ATTR_H */
