/* SPDX-License-Identifier: GPL-2.0 */
/* Queueing disciplines and filters of traffic control, as rtnetlink lists them. */
#ifndef CK_QDISC_H
#define CK_QDISC_H

#include <linux/pkt_sched.h>
#include <stdbool.h>

#include "nl.h"

#define CK_TC_INGRESS	TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define CK_TC_EGRESS	TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

/**
 * struct ck_qdisc - a queueing discipline
 * @ifindex: its device
 * @handle: names it for its parts and filters; 0 for one that the kernel made
 * @parent: the class or discipline that it is a part of, or TC_H_ROOT and the like
 * @kind: its name, in the message that told of it
 * @options: its options there, or NULL
 * @ingress_block: its filters at ingress are shared, and told of without the device
 * @egress_block: the same at egress
 */
struct ck_qdisc {
	uint32_t ifindex;
	uint32_t handle;
	uint32_t parent;
	const char *kind;
	const struct nlattr *options;
	bool ingress_block;
	bool egress_block;
};

int ck_qdisc_dump(struct ck_nl *nl, mnl_cb_t cb, void *arg);
bool ck_qdisc_parse(const struct nlmsghdr *nlh, struct ck_qdisc *qdisc);
bool ck_qdisc_takes_filters(const struct ck_qdisc *qdisc);
int ck_tc_has_filters(struct ck_nl *nl, uint32_t ifindex, uint32_t parent, bool *any);

#endif /* CK_QDISC_H */
