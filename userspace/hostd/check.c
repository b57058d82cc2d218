// SPDX-License-Identifier: GPL-2.0
/* Whether the guests that the configuration names run on this host, for --check:
 * there is no publisher then to ask.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "log.h"
#include "policy.h"

struct running {
	struct ck_xs *xs;
	uint32_t *domids;
	unsigned int n;
};

/* Return: the value of a node behind a prefix, empty if it does not begin so. */
static const char *read_node(struct ck_xs *xs, const char *path, const char *prefix,
			     struct ck_xs_value *value)
{
	size_t len = strlen(prefix);

	if (ck_xs_read(xs, CK_XS_NULL, path, value) || strncmp(value->data, prefix, len))
		return "";
	return value->data + len;
}

static bool runs(const char *text, bool any_case, void *arg)
{
	struct running *running = arg;
	struct ck_xs_value name, vm;
	char path[2][CK_PATH_SIZE];
	unsigned int i;

	for (i = 0; i < running->n; i++) {
		ck_path_name(path[0], running->domids[i]);
		ck_path_vm(path[1], running->domids[i]);
		if (policy_means(text, any_case, read_node(running->xs, path[0], "", &name),
				 read_node(running->xs, path[1], "/vm/", &vm)))
			return true;
	}
	return false;
}

/* What is not known to be absent is not reported. */
static bool not_looked_up(const char *text, bool any_case, void *arg)
{
	bool *named = arg;

	(void)text;
	(void)any_case;
	*named = true;
	return true;
}

static int list_domains(struct running *running)
{
	int err;

	err = ck_xs_open(&running->xs);
	if (err)
		return err;
	return ck_list_numbers(running->xs, ck_path_domains, CK_DOMID_MAX, &running->domids,
			       &running->n);
}

/**
 * check_guests() - warn of guests that the configuration names and that do not run
 *
 * If it cannot be known which ones run, that is said, unless the configuration names none.
 */
void check_guests(void)
{
	struct running running = { 0 };
	bool named = false;
	int err;

	err = list_domains(&running);
	policy_warn_unknown(err ? not_looked_up : runs, err ? (void *)&named : &running);
	if (named)
		ck_warn("whether the guests that the configuration names run was not checked: XenStore: %s",
			strerror(-err));
	free(running.domids);
	if (running.xs)
		ck_xs_close(running.xs);
}
