/* SPDX-License-Identifier: GPL-2.0 */
/* IP addresses, as members announce them. */
#ifndef CK_ADDR_H
#define CK_ADDR_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

#define CK_ADDRS_MAX	16
#define CK_ADDR_STRLEN	INET6_ADDRSTRLEN

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

unsigned int ck_addr_len(const struct ck_addr *addr);
void ck_addr_set(struct ck_addr *addr, int family, const void *bytes);
bool ck_addr_usable(const struct ck_addr *addr);
bool ck_addr_parse(const char *text, struct ck_addr *addr);
const char *ck_addr_format(const struct ck_addr *addr,
			   char buf[CK_ADDR_STRLEN]);
int ck_addr_cmp(const struct ck_addr *a, const struct ck_addr *b);

bool ck_addrs_have(const struct ck_addrs *set, const struct ck_addr *addr);
bool ck_addrs_equal(const struct ck_addrs *a, const struct ck_addrs *b);

#endif /* CK_ADDR_H */
