/* SPDX-License-Identifier: GPL-2.0 */
/* MAC addresses, and their two spellings. */
#ifndef CK_MAC_H
#define CK_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define CK_MAC_BYTES	6
#define CK_MAC_STRLEN	18	/* either spelling, with its NUL */

struct ck_mac {
	uint8_t b[CK_MAC_BYTES];
};

bool ck_mac_parse(const char *text, struct ck_mac *mac);
bool ck_mac_parse_node(const char *text, struct ck_mac *mac);
const char *ck_mac_format(const struct ck_mac *mac, char buf[CK_MAC_STRLEN]);
const char *ck_mac_format_node(const struct ck_mac *mac,
			       char buf[CK_MAC_STRLEN]);
int ck_mac_cmp(const struct ck_mac *a, const struct ck_mac *b);

#endif /* CK_MAC_H */
