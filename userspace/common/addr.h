/* SPDX-License-Identifier: GPL-2.0 */
/* IP addresses, as members announce them. */
#ifndef CK_ADDR_H
#define CK_ADDR_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

#include "cokeeper.h"

#define CK_ADDRS_MAX	16
#define CK_ADDR_STRLEN	INET6_ADDRSTRLEN
#define CK_SOURCES_MAX	COKEEPER_MAX_SOURCES

/**
 * struct ck_addr - an IPv4 or IPv6 address
 * @family: AF_INET or AF_INET6
 * @b: in network byte order; the tail of a shorter address is zero
 */
struct ck_addr {
	uint8_t family;
	uint8_t b[16];
};

struct ck_addrs {
	unsigned int n;
	struct ck_addr a[CK_ADDRS_MAX];
};

/**
 * struct ck_source - addresses that a guest may send from
 * @addr: the first of them
 * @len: leading bits that all have in common
 */
struct ck_source {
	struct ck_addr addr;
	uint8_t len;
};

/**
 * struct ck_sources - all addresses that a guest may send from
 * @n: 0: no matter which
 */
struct ck_sources {
	unsigned int n;
	struct ck_source s[CK_SOURCES_MAX];
};

unsigned int ck_addr_len(const struct ck_addr *addr);
unsigned int ck_addr_map(const struct ck_addr *addr, uint8_t ip6[16]);
void ck_addr_set(struct ck_addr *addr, int family, const void *bytes);
bool ck_addr_usable(const struct ck_addr *addr);
bool ck_addr_parse(const char *text, struct ck_addr *addr);
const char *ck_addr_format(const struct ck_addr *addr,
			   char buf[CK_ADDR_STRLEN]);
int ck_addr_cmp(const struct ck_addr *a, const struct ck_addr *b);

bool ck_addrs_have(const struct ck_addrs *set, const struct ck_addr *addr);
bool ck_addrs_equal(const struct ck_addrs *a, const struct ck_addrs *b);

bool ck_source_parse(const char *text, struct ck_source *source);
bool ck_sources_allow(const struct ck_sources *sources,
		      const struct ck_addr *addr);
bool ck_sources_equal(const struct ck_sources *a, const struct ck_sources *b);

#endif /* CK_ADDR_H */
