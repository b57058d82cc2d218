/* SPDX-License-Identifier: GPL-2.0 */
/* Why dom0 leaves an interface out of all groups, and what its administrator can do. */
#ifndef CK_CLI_REFUSAL_H
#define CK_CLI_REFUSAL_H

/**
 * struct refused - which interface it is
 * @guest: the name or UUID that the publisher's configuration has for the guest
 * @domid: its domain
 * @vif: its link in dom0
 * @index: the number of the interface
 * @mac: its MAC
 *
 * What is not known is NULL.
 */
struct refused {
	const char *guest;
	const char *domid;
	const char *vif;
	const char *index;
	const char *mac;
};

const char *refusal_text(const char *reason);
const char *refusal_mend(const char *reason, const struct refused *refused, char buf[1024]);

#endif /* CK_CLI_REFUSAL_H */
