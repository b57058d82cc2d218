// SPDX-License-Identifier: GPL-2.0
/* What the publisher knows and does, for people in dom0: cokeeper-hostd --status.
 *
 * The publisher listens on a socket that only root can open. Who connects gets the
 * status as text, a NUL character, and the status as JSON. One is served at a time, for
 * some seconds at most, and never waited for.
 */
#define _GNU_SOURCE
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "enforced.h"
#include "log.h"
#include "membership.h"
#include "output.h"
#include "policy.h"
#include "scan.h"
#include "vif.h"

#define SECONDS		5	/* for one who asks, and for the answer */
#define BACKLOG		4
#define SUFFIX		".status"

static struct {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	int client;
	sd_event_source *listener;
	sd_event_source *writer;
	sd_event_source *timer;
	char *answer;
	size_t size;
	size_t sent;
} self = { .fd = -1, .client = -1 };

static const char *const toolstack_name[] = {
	[TOOLSTACK_UNKNOWN] = "unknown",
	[TOOLSTACK_LIBXL] = "libxl",
	[TOOLSTACK_XAPI] = "xapi",
};

static void print_set(const char *key, const char *text, uint32_t set)
{
	unsigned int e;

	if (set)
		out_text(text);
	out_open_array(key);
	for (e = 0; e < ENFORCED_COUNT; e++)
		if (set & ENFORCED_BIT(e))
			out_string(NULL, " %s", enforced_name(e));
	out_close();
	if (set)
		out_text("\n");
}

static void print_group(const struct iface *iface)
{
	char text[CK_WORD_SIZE];

	if (iface->group) {
		group_key_format(&iface->group->key, text);
		out_string("group", " group %s,", text);
		out_null("reason", "");
	} else {
		out_null("group", " in no group:");
		out_string("reason", " %s,", iface_refusal(iface));
	}
	if (iface->roster_id)
		out_u64("roster", " roster %" PRIu64 ",", iface->roster_id);
	else
		out_null("roster", " no roster,");
	out_u64("offers", " offers %" PRIu64 "\n", iface->noffers);
}

static void print_iface(const struct iface *iface, uint32_t allow)
{
	static const struct vif none;
	/* What was said of one that is detached does not count any more. */
	const struct vif *vif = iface->given ? &iface->vif : &none;
	uint32_t enforced = vif_enforced(vif);
	char mac[CK_MAC_STRLEN];

	out_open_object(NULL);
	if (iface->given)
		out_u64("vif", "  vif %" PRIu64, vif->index);
	else
		out_null("vif", "  claimed");
	if (ck_mac_cmp(&iface->mac, &none.mac))
		out_string("mac", " %s", ck_mac_format(&iface->mac, mac));
	else
		out_null("mac", " no mac");
	if (vif->link[0])
		out_foreign("link", " %s:", vif->link);
	else
		out_null("link", " no link in dom0:");
	print_group(iface);
	if (iface->announced)
		out_hex("instance", "    instance %s\n", iface->announce.instance);
	else
		out_null("instance", "");
	out_addrs("addresses", "    addresses:", &iface->announce.addrs);
	out_sources("may_send_from", "    may send from:", &vif->sources);
	print_set("enforced", "    enforced:", enforced);
	print_set("allowed", "    allowed of these:", enforced & allow);
	if (iface->refused[0])
		out_string("refused", "    refused: %s\n", iface->refused);
	else
		out_null("refused", "");
	out_close();
}

static void print_left_out(struct domain *domain, const struct vif *vif, uint32_t allow)
{
	struct iface iface = {
		.domain = domain,
		.mac = vif->mac,
		.given = true,
		.vif = *vif,
		.barred = vif->barred,
	};

	print_iface(&iface, allow);
}

static void print_domain(struct domain *domain)
{
	const struct left_out *left_out;
	unsigned int announces, reads;
	struct policy_word policy;
	struct iface *iface;

	policy_lookup(domain->name, domain->uuid, &policy);
	scan_tokens(domain, &announces, &reads);
	out_open_object(NULL);
	out_u64("domid", "domain %" PRIu64, domain->domid);
	out_foreign("name", " %s", domain->name);
	out_foreign("uuid", " %s", domain->uuid);
	out_string("toolstack", ", toolstack %s", toolstack_name[domain->toolstack]);
	out_string("state", ", %s", domain->unknown ? "unknown" :
				    domain->stopped ? "ended" : "running");
	out_u64("announce_tokens", ", tokens: %" PRIu64 " for announcements", announces);
	out_u64("read_tokens", ", %" PRIu64 " for offers\n", reads);
	out_open_array("interfaces");
	TAILQ_FOREACH(iface, &domain->ifaces, in_domain)
		print_iface(iface, vif_allowed(&policy));
	STAILQ_FOREACH(left_out, &domain->left_out, next)
		print_left_out(domain, &left_out->vif, vif_allowed(&policy));
	out_close();
	out_close();
}

static void print_all(void)
{
	struct domain *domain;

	out_open_object(NULL);
	out_u64("members", "%" PRIu64 " members\n", membership_count());
	out_open_array("domains");
	TAILQ_FOREACH(domain, &domains, next)
		print_domain(domain);
	out_close();
	out_close();
}

static int make_answer(void)
{
	FILE *file = open_memstream(&self.answer, &self.size);
	bool failed;

	if (!file)
		return -errno;
	out_to(file);
	out_use_json(false);
	print_all();
	fputc(0, file);
	out_use_json(true);
	print_all();
	out_to(NULL);
	failed = ferror(file);
	return fclose(file) || failed ? -ENOMEM : 0;
}

static void end_client(void)
{
	self.writer = sd_event_source_disable_unref(self.writer);
	self.timer = sd_event_source_disable_unref(self.timer);
	if (self.client >= 0)
		close(self.client);
	self.client = -1;
	free(self.answer);
	self.answer = NULL;
	self.sent = 0;
	if (self.listener)
		sd_event_source_set_enabled(self.listener, SD_EVENT_ON);
}

static int writable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	ssize_t n;

	(void)source;
	(void)revents;
	(void)arg;
	n = send(fd, self.answer + self.sent, self.size - self.sent, MSG_NOSIGNAL);
	if (n > 0)
		self.sent += n;
	if ((n < 0 && errno != EAGAIN) || self.sent == self.size)
		end_client();
	return 0;
}

static int expired(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	(void)arg;
	end_client();
	return 0;
}

static int acceptable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	sd_event *event = sd_event_source_get_event(source);
	int err;

	(void)revents;
	(void)arg;
	sd_event_source_set_enabled(self.listener, SD_EVENT_OFF);
	err = sd_event_add_time_relative(event, &self.timer, CLOCK_MONOTONIC,
					 SECONDS * 1000000ull, 0, expired, NULL);
	self.client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/* Without a file descriptor, who waits is served when the time is over. */
	if (self.client < 0 && err >= 0)
		return 0;
	if (err >= 0)
		err = make_answer();
	if (err >= 0)
		err = sd_event_add_io(event, &self.writer, self.client, EPOLLOUT, writable, NULL);
	if (err < 0) {
		ck_err("status: %s", strerror(-err));
		end_client();
	}
	return 0;
}

/* The socket is beside the lock file. */
static int socket_path(const char *lock_file, struct sockaddr_un *address)
{
	int len;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	len = snprintf(address->sun_path, sizeof(address->sun_path), "%s" SUFFIX, lock_file);
	return len < (int)sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

/**
 * status_open() - answer those who ask for the status
 * @event: the loop that does so
 * @lock_file: held by this process, so that a socket beside it is a dead one's
 *
 * Return: 0 or a negative errno.
 */
int status_open(sd_event *event, const char *lock_file)
{
	struct sockaddr_un address;
	mode_t mask;
	int err;

	err = socket_path(lock_file, &address);
	if (err)
		return err;
	self.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self.fd < 0)
		return -errno;
	unlink(address.sun_path);
	mask = umask(0177);
	err = bind(self.fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (!err) {
		strcpy(self.path, address.sun_path);
		err = listen(self.fd, BACKLOG) ? -errno : 0;
	}
	if (!err)
		err = sd_event_add_io(event, &self.listener, self.fd, EPOLLIN, acceptable, NULL);
	return err < 0 ? err : 0;
}

void status_close(void)
{
	self.listener = sd_event_source_disable_unref(self.listener);
	end_client();
	if (self.fd >= 0)
		close(self.fd);
	self.fd = -1;
	if (self.path[0])
		unlink(self.path);
}

static int read_answer(int fd, bool json)
{
	struct timeval limit = { .tv_sec = SECONDS };
	bool second = false;
	char buf[4096], *end;
	ssize_t n, first;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		end = second ? NULL : memchr(buf, 0, n);
		first = second ? 0 : end ? end - buf : n;
		if (json && end)
			fwrite(end + 1, 1, n - first - 1, stdout);
		else if (json && second)
			fwrite(buf, 1, n, stdout);
		else if (!json)
			fwrite(buf, 1, first, stdout);
		second |= end != NULL;
	}
	if (n < 0)
		return -errno;
	return second ? 0 : -EPIPE;
}

/**
 * status_ask() - print the status of the publisher that runs
 * @lock_file: which one holds
 * @json: print JSON, not text
 *
 * Return: 0 or a negative errno, which has been explained.
 */
int status_ask(const char *lock_file, bool json)
{
	struct sockaddr_un address;
	int fd = -1, err;

	err = socket_path(lock_file, &address);
	if (!err) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			err = -errno;
	}
	if (err == -ENOENT || err == -ECONNREFUSED)
		ck_err("no cokeeper-hostd is running: nobody answers at %s", address.sun_path);
	else if (err)
		ck_err("%s: %s", address.sun_path, strerror(-err));
	if (!err) {
		err = read_answer(fd, json);
		if (err)
			ck_err("status: %s", err == -EAGAIN ? "no answer in time" : strerror(-err));
	}
	if (!err) {
		err = out_flush();
		if (err)
			ck_err("standard output: %s", strerror(-err));
	}
	if (fd >= 0)
		close(fd);
	return err;
}
