/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel, a XenStore and devices for the tests of cokeeper(8), and what it prints. */
#ifndef CK_CLI_FAKES_H
#define CK_CLI_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli.h"

#define FAMILY		40

/* The kernel lists and tells what is added here. */
void message_ifindex(uint32_t ifindex);
struct nlmsghdr *add_message(uint8_t cmd);
struct nlmsghdr *add_dev(uint8_t cmd);
struct nlmsghdr *add_peer(uint8_t cmd, uint8_t last, uint32_t state, uint32_t reason);
struct nlmsghdr *add_rtnl(uint16_t type, const void *header, size_t size);
void put_mac(struct nlmsghdr *nlh, uint16_t type, uint8_t last);

/* Requests of this type fail; GENL_ID_CTRL: the module is not loaded. */
void fail_request(uint16_t type, int err);

/* XenStore has this, or cannot be opened. */
void store_set(const char *path, const char *value);
void store_fail(int err);

/* How a device is called; NULL: it has no name here. */
void name_device(uint32_t ifindex, const char *name);
void name_until_events(uint32_t ifindex);

/* What "ethtool -S" says of each device, up to a NULL, and "ethtool -k". */
void set_stats(const char *const *names);
void set_stat(unsigned int i, uint64_t value);
void add_feature(const char *name, bool on, bool can);
void change_feature(const char *name, bool on, bool can);

/* What the last command printed. */
extern char out[], err[];

int run_args(int (*command)(int, char **), int argc, char **argv);
void run(int (*command)(int, char **));
void check_misuse(int (*command)(int, char **), int argc, char **argv, const char *error);
void assert_golden(const char *file);

int fakes_reset(void **state);
bool fakes_open(void);

#endif /* CK_CLI_FAKES_H */
