/* SPDX-License-Identifier: GPL-2.0 */
/* What a link plugin uses of iproute2, which installs no headers. It is the same in
 * iproute2 6.1 to 7.1: include/{utils,libnetlink,json_print,color}.h, ip/ip_common.h.
 */
#ifndef CK_IPROUTE2_H
#define CK_IPROUTE2_H

#include <stdint.h>
#include <stdio.h>
#include <linux/rtnetlink.h>

/**
 * struct link_util - a kind of link; ip looks for the symbol <id>_link_util in
 *	link_<id>.so
 * @next: ip's
 * @maxattr: the highest attribute in the table that @print_opt gets
 * @parse_opt: add the options in argv to a message; not 0: there was an error
 * @print_opt: print them; the table is NULL if there are none
 * @print_help: print the help
 */
struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *lu, int argc, char **argv,
			 struct nlmsghdr *n);
	void (*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *lu, FILE *f,
			     struct rtattr *xstats);
	void (*print_help)(struct link_util *lu, int argc, char **argv,
			   FILE *f);
	int (*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *n, void *arg);
};

enum output_type {
	PRINT_FP = 1,
	PRINT_JSON = 2,
	PRINT_ANY = 4,
};

enum color_attr {
	COLOR_NONE = 6,
};

int print_color_uint(enum output_type type, enum color_attr color,
		     const char *key, const char *fmt, unsigned int value);
int print_color_string(enum output_type type, enum color_attr color,
		       const char *key, const char *fmt, const char *value);

int addattr32(struct nlmsghdr *n, int maxlen, int type, uint32_t data);
int get_u32(uint32_t *val, const char *arg, int base);
void invarg(const char *msg, const char *arg) __attribute__((noreturn));
void duparg(const char *key, const char *arg) __attribute__((noreturn));

#endif /* CK_IPROUTE2_H */
