/* SPDX-License-Identifier: GPL-2.0 */
/* The administrator's word on who may see whom. */
#ifndef CK_POLICY_H
#define CK_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define CK_POLICY_FILE	"/etc/cokeeper/hostd.conf"

/**
 * struct policy_word - what the configuration says of a guest
 * @group: name of its group, or NULL if its bridge alone decides
 * @barred: a word that says why it is in no group, or NULL
 * @allow: set of what dom0 may enforce on it (bits of enum enforced) though rings
 *	   pass that by
 */
struct policy_word {
	const char *group;
	const char *barred;
	uint32_t allow;
};

/* Return: whether a guest runs on this host that policy_means() of these. */
typedef bool (*policy_known_fn)(const char *text, bool any_case, void *arg);

bool policy_load(const char *path, bool optional);
int policy_save(const char *path);
bool policy_means(const char *text, bool any_case, const char *name, const char *uuid);
void policy_lookup(const char *name, const char *uuid,
		   struct policy_word *word);
void policy_warn_unknown(policy_known_fn known, void *arg);

#endif /* CK_POLICY_H */
