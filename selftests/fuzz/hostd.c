// SPDX-License-Identifier: GPL-2.0
/* The publisher in dom0, as a whole but for its main(), dom0's links and the hypervisor: what
 * guests and the toolstack write into XenStore, in any order and while it reads. Besides what
 * store.c knows, an input has these lines:
 *
 *   d DOMID MAC BRIDGE	a domain comes to be, with an interface; its name is the bridge's
 *   e DOMID HOW	it ended: 0 not, 1 is gone, 2 shut down, 3 suspended, 4 nobody knows
 *   l NAME HOW		a link of dom0 changes: 0 there, 1 down, 2 gone, 3 filtered
 *   p TEXT		the configuration, with | for the end of a line
 *   t MILLISECONDS	time passes
 */
/* The Makefile has sources call read_clock() and open_input() for these. */
#undef clock_gettime
#undef fopen

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "cokeeper.h"
#include "enforced.h"
#include "fuzz.h"
#include "guest.h"
#include "hypervisor.h"
#include "links.h"
#include "log.h"
#include "membership.h"
#include "policy.h"
#include "publish.h"
#include "roster.h"
#include "scan.h"
#include "store.h"
#include "vif.h"

#define DOMAINS		8	/* that an input names */
#define LINKS		8
#define STEPS_MAX	4096

/* What became of domains: a cause, or why that is not known. */
static int ended[DOMAINS];

static struct {
	char name[IFNAMSIZ];
	unsigned int how;
} links[LINKS];

static unsigned int nlinks;
static uint64_t now_ns = 1000000000;
static const char *file;
static bool foreign;	/* the input makes rosters as well */
static struct ck_xs *xs;

/* No two readings are the same. */
int read_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	now_ns += 1000;
	now->tv_sec = now_ns / 1000000000;
	now->tv_nsec = now_ns % 1000000000;
	return 0;
}

FILE *open_input(const char *path, const char *mode)
{
	(void)path;
	return fmemopen((void *)file, strlen(file), mode);
}

int hypervisor_domain(uint32_t domid, uint32_t *cause, bool *paused)
{
	int state = domid < DOMAINS ? ended[domid] : COKEEPER_CAUSE_DESTROYED;

	if (state < 0)
		return state;
	*cause = state;
	if (paused)
		*paused = state == COKEEPER_CAUSE_SUSPENDED;
	return 0;
}

/* All links are ports of br0, but those that an input says more of. */
void links_vif(const char *name, struct links_vif *vif)
{
	unsigned int i, how = 0;

	for (i = 0; i < nlinks; i++)
		if (!strcmp(links[i].name, name))
			how = links[i].how;
	memset(vif, 0, sizeof(*vif));
	if (how == 2)
		return;
	vif->exists = true;
	vif->up = how != 1;
	vif->untagged = true;
	vif->enforced = how == 3 ? ENFORCED_BIT(ENFORCED_TC_FILTER) : 0;
	strcpy(vif->bridge, "br0");
}

/* What guests are told is well-formed. */
void store_written(const char *path, const char *value)
{
	struct ck_value_error why;
	struct ck_member member;
	struct ck_roster head;
	struct ck_offer offer;
	struct ck_path parsed;

	assert(ck_path_parse(path, &parsed));
	switch (parsed.kind) {
	case CK_PATH_TREE:
		assert(parsed.tree == CK_TREE_HOST);
		break;
	case CK_PATH_HEAD:
		assert(ck_roster_parse(value, strlen(value), &head, &why));
		break;
	case CK_PATH_OFFER:
		assert(parsed.tree == CK_TREE_HOST);
		assert(ck_offer_parse(value, strlen(value), &offer, &why));
		break;
	case CK_PATH_MEMBER:
		assert(ck_member_parse(parsed.node, &member));
		break;
	case CK_PATH_ROSTER:
		assert(ck_word_valid(value));
		break;
	default:
		abort();
	}
}

static void add_domain(char *text)
{
	char path[CK_PATH_SIZE], vm[64];
	uint32_t domid = strtoul(text, &text, 10) % DOMAINS;
	char *mac = text + (*text == ' '), *bridge = mac;

	strsep(&bridge, " ");
	if (!domid || !bridge)
		return;
	ended[domid] = COKEEPER_CAUSE_NONE;
	ck_path_vif(path, domid, 0, "mac");
	store_set(path, mac);
	ck_path_vif(path, domid, 0, "bridge");
	store_set(path, bridge);
	ck_path_name(path, domid);
	store_set(path, bridge);
	ck_path_vm(path, domid);
	snprintf(vm, sizeof(vm), "/vm/%u-%u", domid, (unsigned int)(now_ns / 1000000));
	if (!store_value(path))
		store_set(path, vm);
	store_fire(ck_path_introduced);
}

static void end_domain(uint32_t domid, unsigned int how)
{
	static const int state[] = {
		COKEEPER_CAUSE_NONE, COKEEPER_CAUSE_DESTROYED, COKEEPER_CAUSE_SHUTDOWN,
		COKEEPER_CAUSE_SUSPENDED, -EIO,
	};

	ended[domid % DOMAINS] = state[how % 5];
	store_fire(ck_path_released);
}

static void change_link(char *text)
{
	char *how = text;

	strsep(&how, " ");
	if (nlinks == LINKS || strlen(text) >= IFNAMSIZ || !how)
		return;
	strcpy(links[nlinks].name, text);
	links[nlinks++].how = strtoul(how, NULL, 10) % 4;
	scan_link_changed(text);
}

static void load_policy(char *text)
{
	char *end;

	for (end = text; *end; end++)
		if (*end == '|')
			*end = '\n';
	file = *text ? text : "\n";
	if (policy_load("hostd.conf", false))
		scan_policy_changed();
}

void store_line(char *line)
{
	char *text = line[0] && line[1] ? line + 2 : line + strlen(line);
	uint32_t domid;

	switch (line[0]) {
	case 'd':
		add_domain(text);
		break;
	case 'e':
		domid = strtoul(text, &text, 10);
		end_domain(domid, strtoul(text, NULL, 10));
		break;
	case 'l':
		change_link(text);
		break;
	case 'p':
		load_policy(text);
		break;
	case 't':
		now_ns += strtoul(text, NULL, 10) % 100000 * 1000000;
		break;
	}
}

static void event(void *arg, const char *text)
{
	struct ck_path path;

	(void)arg;
	ck_path_parse(text, &path);
	scan_event(&path, text);
	publish_event(&path, text);
}

/* Do all that is to be done now. */
static void serve(void)
{
	unsigned int i;
	uint64_t now;

	for (i = 0; i < STEPS_MAX; i++) {
		now = bucket_now();
		ck_xs_receive(xs, 16);
		if (scan_due() <= now)
			scan_step(now);
		publish_now();
		if (publish_due() <= now) {
			publish_step(now);
			publish_now();
		}
		now = bucket_now();
		if (scan_due() > now && publish_due() > now && !ck_xs_pending(xs))
			return;
	}
	/* There was no end to it. */
	abort();
}

static void check_group(const struct group *group)
{
	char text[CK_WORD_SIZE], other[CK_WORD_SIZE];
	const struct iface *iface;
	const struct group *next;

	assert(!TAILQ_EMPTY(&group->members));
	TAILQ_FOREACH(iface, &group->members, in_group) {
		assert(iface->given && iface->announced && !iface->barred);
		assert(!iface->domain->stopped && iface->group == group);
		assert(group_key_equal(&iface->key, &group->key));
	}
	group_key_format(&group->key, text);
	for (next = TAILQ_NEXT(group, next); next; next = TAILQ_NEXT(next, next)) {
		group_key_format(&next->key, other);
		assert(strcmp(text, other));
	}
}

static void check(void)
{
	const struct group *group;

	TAILQ_FOREACH(group, &groups, next)
		check_group(group);
}

static void check_nothing_left(const char *path, const char *value)
{
	(void)value;
	assert(strncmp(path, ck_path_rosters, strlen(ck_path_rosters)));
}

/* All domains end, and nothing is left of them. */
static void end(void)
{
	unsigned int i;

	store_stop();
	for (i = 0; i < DOMAINS; i++)
		ended[i] = COKEEPER_CAUSE_DESTROYED;
	store_remove("/local");
	store_remove("/libxl");
	store_fire(ck_path_released);
	for (i = 0; i < 3; i++) {
		serve();
		/* What failed is tried again. */
		now_ns += 2000000000;
	}
	assert(TAILQ_EMPTY(&domains) && TAILQ_EMPTY(&groups) && !membership_count());
	if (!foreign)
		store_each(check_nothing_left);
	store_clear();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (ck_xs_open(&xs))
		abort();
	ck_xs_on_event(xs, event, NULL);
	if (scan_start(xs, true) || publish_start(xs))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), none[] = "";

	memset(ended, 0, sizeof(ended));
	nlinks = 0;
	load_policy(none);
	foreign = strstr(text, "=/tool") || strstr(text, "= /tool");
	store_start(text);
	while (store_next()) {
		serve();
		check();
	}
	end();
	free(text);
	return 0;
}
