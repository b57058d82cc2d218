// SPDX-License-Identifier: GPL-2.0
/* What a guest tells others in XenStore, is told there, and does with it. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xengnttab.h>
#include <xenstore.h>

#include "hostile.h"

#define LANES_MAX	8

struct ck_mac own, victim;

static struct xs_handle *xs;
static xengnttab_handle *gnttab;
static unsigned int victim_domid;
static uint64_t victim_instance, instance;
/* The ids of the last offers of either side. */
static unsigned int offer_id, accepted_id;
static pid_t pinging;

/**
 * peer_open() - get at XenStore, and look for what the host writes
 */
void peer_open(void)
{
	char path[CK_PATH_SIZE];

	xs = xs_open(0);
	gnttab = xengnttab_open(NULL, 0);
	if (!xs || !gnttab)
		die("XenStore and gntdev are needed");
	ck_path_iface(path, CK_TREE_HOST, CK_DOMID_SELF, &own);
	if (!xs_watch(xs, path, "t"))
		die(path);
}

static void write_node(const char *path, const char *value)
{
	if (!xs_write(xs, XBT_NULL, path, value, strlen(value)))
		die(path);
}

/**
 * peer_announce() - be there, as another instance each time
 */
void peer_announce(void)
{
	char path[CK_PATH_SIZE], value[64];

	/* Never one that it had before, in another run either. */
	instance = instance ? instance + 1 : now_ms() << 20 | 1;
	ck_path_announce(path, CK_DOMID_SELF, &own);
	snprintf(value, sizeof(value), "v=1 instance=%016" PRIx64, instance);
	write_node(path, value);
}

/**
 * peer_await() - wait until the host may have written something
 * @ms: at most
 */
void peer_await(unsigned int ms)
{
	struct pollfd pfd = { .fd = xs_fileno(xs), .events = POLLIN };
	char **event;

	poll(&pfd, 1, ms);
	while ((event = xs_check_watch(xs)))
		free(event);
}

/* Finds the newest of what the roster tells of the victim, by the name of a node. */
static bool find_victim(unsigned int roster)
{
	char directory[CK_PATH_SIZE], mac[CK_MAC_STRLEN], **names;
	uint64_t at, newest = 0, it;
	unsigned int i, id, n = 0;

	ck_mac_format_node(&victim, mac);
	/* A small group has no other part. */
	ck_path_part(directory, roster, 0);
	names = xs_directory(xs, XBT_NULL, directory, &n);
	for (i = 0; i < n; i++)
		if (!strncmp(names[i], mac, strlen(mac)) &&
		    sscanf(names[i] + strlen(mac), "-%16" SCNx64 "-%u-%" SCNx64, &at, &id,
			   &it) == 3 && at > newest) {
			newest = at;
			victim_domid = id;
			victim_instance = it;
		}
	free(names);
	return newest;
}

/**
 * peer_await_victim() - wait until the roster tells of the victim
 */
void peer_await_victim(void)
{
	uint64_t end = now_ms() + DEADLINE_MS;
	char path[CK_PATH_SIZE], *head, *at;
	unsigned int roster = 0;

	ck_path_head(path, CK_DOMID_SELF, &own);
	while (now_ms() < end) {
		head = xs_read(xs, XBT_NULL, path, NULL);
		at = head ? strstr(head, "roster=") : NULL;
		if (at)
			sscanf(at, "roster=%u", &roster);
		free(head);
		if (roster && find_victim(roster))
			return;
		peer_await(100);
	}
	errno = ETIMEDOUT;
	die("the victim");
}

/**
 * peer_leave() - take back all that was announced and offered
 */
void peer_leave(void)
{
	char path[CK_PATH_SIZE];

	ck_path_iface(path, CK_TREE_GUEST, CK_DOMID_SELF, &own);
	xs_rm(xs, XBT_NULL, path);
}

/**
 * peer_make_lane() - make a lane for the victim
 * @lane: to be set up
 */
void peer_make_lane(struct lane *lane)
{
	lane_make(lane, victim_domid);
	lane->control->from = instance;
	lane->control->to = victim_instance;
}

/**
 * peer_offer() - offer a channel to the victim, once more if it was offered before
 * @first: its first lane
 */
void peer_offer(const struct lane *first)
{
	char path[CK_PATH_SIZE], value[256];

	ck_path_offer(path, CK_TREE_GUEST, CK_DOMID_SELF, &own, &victim);
	snprintf(value, sizeof(value),
		 "v=1 id=%u from=%016" PRIx64 " to=%016" PRIx64 " gref=%u port=%u", ++offer_id,
		 instance, victim_instance, first->ref, first->port);
	write_node(path, value);
}

/* Reads what the victim offers to the instance that we are. */
static bool read_offer(unsigned int *id, uint32_t *ref, uint32_t *port)
{
	char path[CK_PATH_SIZE], *value;
	uint64_t from = 0, to = 0;
	bool found;

	ck_path_offer(path, CK_TREE_HOST, CK_DOMID_SELF, &own, &victim);
	value = xs_read(xs, XBT_NULL, path, NULL);
	found = value && sscanf(value, "v=1 id=%u from=%" SCNx64 " to=%" SCNx64 " gref=%u port=%u",
				id, &from, &to, ref, port) == 5 &&
		from == victim_instance && to == instance;
	free(value);
	return found;
}

/**
 * peer_offered() - does the victim offer a channel that we have not taken?
 * Return: true if it does.
 */
bool peer_offered(void)
{
	unsigned int id;
	uint32_t ref, port;

	return read_offer(&id, &ref, &port) && id != accepted_id;
}

/**
 * peer_accept() - map all that the victim offers, for as long as we live, and open it
 * Return: the number of pages; 0 if there is nothing new, or it is gone already.
 */
unsigned int peer_accept(void)
{
	struct ck_control *control[LANES_MAX];
	evtchn_port_t local[LANES_MAX];
	unsigned int n = 0, pages = 0, id, nr;
	uint32_t ref, port;

	if (!read_offer(&id, &ref, &port) || id == accepted_id)
		return 0;
	accepted_id = id;
	for (; ref && n < LANES_MAX; n++) {
		struct ck_control *c;

		c = xengnttab_map_grant_ref(gnttab, victim_domid, ref, PROT_READ | PROT_WRITE);
		if (!c || c->magic != CK_CONTROL_MAGIC)
			break;
		nr = 2 * c->ring_size / CK_RING_PAGE;
		if (!xengnttab_map_domain_grant_refs(gnttab, nr, victim_domid, c->ref,
						     PROT_READ | PROT_WRITE))
			break;
		pages += nr + 1;
		control[n] = c;
		local[n] = lane_bind(victim_domid, port);
		ref = c->next_ref;
		port = c->next_port;
	}
	/* Lane 0 last (protocol.h). */
	while (n--) {
		control[n]->end[CK_ACCEPTOR].mtu = MTU;
		__atomic_store_n(&control[n]->end[CK_ACCEPTOR].state, CK_END_OPEN,
				 __ATOMIC_RELEASE);
		lane_notify(&(struct lane){ .port = local[n] });
	}
	return pages;
}

/**
 * peer_elicit() - have the victim send to us, by asking it by netfront
 * @go_on: do not wait, and go on until we end
 * @count: how many pings, unless it is to go on
 * @size: bytes in each
 *
 * The addresses are those of the lab.
 */
void peer_elicit(bool go_on, unsigned int count, unsigned int size)
{
	char address[16], nr[16], bytes[16];

	snprintf(address, sizeof(address), "10.0.0.%u", 10 + victim.b[5]);
	snprintf(nr, sizeof(nr), "%u", go_on ? 0 : count);
	snprintf(bytes, sizeof(bytes), "%u", size);
	pinging = fork();
	if (!pinging) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		if (go_on)
			execlp("ping", "ping", "-q", "-i", "0.02", "-s", bytes, address, NULL);
		else
			execlp("ping", "ping", "-q", "-i", "0.002", "-W", "1", "-c", nr, "-s",
			       bytes, address, NULL);
		_exit(1);
	}
	if (pinging < 0)
		die("ping");
	if (!go_on)
		waitpid(pinging, NULL, 0);
}
