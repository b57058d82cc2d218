// SPDX-License-Identifier: GPL-2.0
/* The helper of a guest, as a whole but for its main(): what the kernel tells it of devices,
 * addresses and routes, and what the host tells it in XenStore.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>

#include "fds.h"
#include "fuzz.h"
#include "helper.h"
#include "kernel.h"
#include "log.h"
#include "store.h"

#define ROUNDS_MAX	64

unsigned int if_nametoindex(const char *name)
{
	(void)name;
	return 7;
}

char *if_indextoname(unsigned int ifindex, char name[IF_NAMESIZE])
{
	(void)ifindex;
	(void)name;
	return NULL;
}

int ck_loop_add(struct ck_loop *loop, int fd, ck_loop_fn fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)fn;
	(void)arg;
	return 0;
}

void ck_loop_del(struct ck_loop *loop, int fd)
{
	(void)loop;
	(void)fd;
}

void ck_loop_when_quiet(struct ck_loop *loop, ck_loop_fn fn, void *arg)
{
	loop->quiet = fn;
	loop->quiet_arg = arg;
}

/* It writes only what is its own, and an announcement that the host takes: the kernel has no
 * device without an instance.
 */
void store_written(const char *path, const char *value)
{
	struct ck_announce announce;
	struct ck_value_error why;
	struct ck_path parsed;

	assert(!strncmp(path, "data/cokeeper/", 14));
	check_printable(value);
	if (ck_path_parse(path, &parsed) && parsed.kind == CK_PATH_ANNOUNCE &&
	    !strstr(value, "instance=0000000000000000"))
		assert(ck_announce_parse(value, strlen(value), &announce, &why));
}

void store_line(char *line)
{
	(void)line;
}

/* The addresses that it announces, and the routes that it keeps. */
static void ask_kernel(struct helper *h)
{
	struct ck_route route = { 0 };
	struct ck_routes routes = { 0 };
	struct ck_addrs addrs;
	unsigned int i;

	rtnl_addresses(&h->rtnl, 3, &addrs);
	assert(addrs.n <= CK_ADDRS_MAX);
	for (i = 0; i < addrs.n; i++) {
		assert(ck_addr_usable(&addrs.a[i]));
		assert(!i || ck_addr_cmp(&addrs.a[i - 1], &addrs.a[i]) < 0);
	}
	assert(ck_addr_parse("10.0.0.2", &route.dst));
	if (rtnl_onlink(&h->rtnl, 3, &route))
		assert(route.src.family == AF_INET || route.src.family == AF_INET6);
	rtnl_routes(&h->rtnl, 0, &routes);
	ck_routes_sort(&routes);
	for (i = 0; i < routes.n; i++) {
		assert(routes.r[i].dst.family == AF_INET || routes.r[i].dst.family == AF_INET6);
		assert(!i || ck_addr_cmp(&routes.r[i - 1].dst, &routes.r[i].dst) < 0);
	}
	ck_routes_free(&routes);
}

static void check(const struct helper *h)
{
	const struct peer *peer, *other;

	TAILQ_FOREACH(peer, &h->peers, next) {
		assert(peer->member || peer->offered);
		assert(peer->value.addrs.n <= CK_ADDRS_MAX);
		TAILQ_FOREACH(other, &h->peers, next)
			assert(other == peer || ck_mac_cmp(&other->mac, &peer->mac));
	}
	assert(!h->watched || h->roster);
	assert(h->attached || TAILQ_EMPTY(&h->peers));
}

/* As the loop would, with its timer. */
static int serve(struct helper *h)
{
	if (h->attached) {
		ck_nl_drain(&h->bound.nl);
		ck_nl_drain(&h->events.nl);
	}
	ck_nl_drain(&h->rtnl_events);
	h->todo |= h->failed;
	h->failed = 0;
	if (reconcile(h))
		return -1;
	check(h);
	if (h->loop.quiet)
		h->loop.quiet(h->loop.quiet_arg);
	h->loop.quiet = NULL;
	return 0;
}

static void run(struct helper *h)
{
	unsigned int i;
	bool more = true;

	for (i = 0; i < ROUNDS_MAX && more; i++) {
		more = store_next();
		more |= kernel_next();
		if (more && serve(h))
			return;
		ask_kernel(h);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), *copy = input_text(data, size);
	struct helper h = { .device = "cokeeper0" };

	TAILQ_INIT(&h.peers);
	STAILQ_INIT(&h.orders);
	STAILQ_INIT(&h.route_changes);
	kernel_start(text);
	store_start(copy);
	if (routes_open(&h) || reconcile_open(&h))
		abort();
	run(&h);
	device_stop(&h);
	assert(TAILQ_EMPTY(&h.peers) && STAILQ_EMPTY(&h.orders));
	reconcile_close(&h);
	routes_close(&h);
	store_clear();
	free(copy);
	free(text);
	return 0;
}
