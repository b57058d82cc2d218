// SPDX-License-Identifier: GPL-2.0
/* cokeeper doctor in dom0: the publisher, its configuration, bridges, and who is in no group. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "finding.h"
#include "refusal.h"

#ifndef CK_SBINDIR
#define CK_SBINDIR "/usr/sbin"
#endif

#define HOSTD	CK_SBINDIR "/cokeeper-hostd"
#define EDIT	"sensible-editor /etc/cokeeper/hostd.conf && systemctl reload cokeeper-hostd"

/* Return: the last line of a text, which is cut there; without the program's name. */
static const char *last_line(char *text)
{
	static const char name[] = "cokeeper-hostd: ";
	size_t len = strlen(text);
	char *line;

	while (len && text[len - 1] == '\n')
		text[--len] = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	return strncmp(line, name, strlen(name)) ? line : line + strlen(name);
}

static void check_config(void)
{
	char *argv[] = { HOSTD, "--check", NULL }, *out, *err;
	int ret = system_run(argv, &out, &err);

	if (ret < 0) {
		found_fail("config", NULL, "%s: %s", HOSTD, strerror(-ret));
	} else if (ret) {
		found_fail("config", NULL, "%s", last_line(err));
		found_mend(EDIT);
	} else if (err[0]) {
		found_warn("config", NULL, "%s", last_line(err));
		found_mend(strstr(err, strerror(EACCES)) ? "sudo cokeeper doctor" : EDIT);
	} else {
		found_ok("config", NULL, "without a mistake");
	}
	free(out);
	free(err);
}

/* Return: a member of an object that is a string, or NULL. */
static const char *get_string(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* Return: the digits of a member of an object that is a number, or NULL. */
static const char *get_digits(struct json_object *object, const char *key, char buf[16])
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return NULL;
	snprintf(buf, 16, "%u", (unsigned int)json_object_get_int64(value));
	return buf;
}

/* Return: whether a word can be put into the configuration, and into a command, as it is. */
static bool plain(const char *word)
{
	return word && found_plain(word, "_.:-");
}

/* Guests that do not announce themselves have no CoKeeper, and do not miss it. */
static void check_iface(struct json_object *domain, struct json_object *iface)
{
	const char *reason = get_string(iface, "reason"), *name = get_string(domain, "name"),
		   *uuid = get_string(domain, "uuid"), *link = get_string(iface, "link"),
		   *mac = get_string(iface, "mac");
	char domid[16], index[16], buf[1024];
	struct refused who = {
		.guest = plain(name) ? name : plain(uuid) ? uuid : NULL,
		.domid = get_digits(domain, "domid", domid),
		.vif = plain(link) ? link : NULL,
		.index = get_digits(iface, "vif", index),
		.mac = plain(mac) ? mac : NULL,
	};

	if (!reason || !strcmp(reason, "not-announced") || !strcmp(reason, "domain-ended"))
		return;
	found_warn("interface", link ? link : mac, "of %s, in no group, %s: %s", name ? name : "?",
		   reason, refusal_text(reason));
	if (refusal_mend(reason, &who, buf))
		found_mend("%s", buf);
}

/* Call @fn for what is in an array of an object. Neither need be what it should be. */
static void for_each(struct json_object *object, const char *key,
		     void (*fn)(struct json_object *object, struct json_object *member))
{
	struct json_object *array;
	size_t i;

	if (!json_object_object_get_ex(object, key, &array) ||
	    !json_object_is_type(array, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(array); i++)
		fn(object, json_object_array_get_idx(array, i));
}

static void check_domain(struct json_object *status, struct json_object *domain)
{
	(void)status;
	for_each(domain, "interfaces", check_iface);
}

static void check_status(const char *text)
{
	struct json_object *status = json_tokener_parse(text);
	char members[16];

	if (!get_digits(status, "members", members)) {
		found_fail("hostd", NULL, "what cokeeper-hostd --status says is not understood");
	} else {
		found_ok("hostd", NULL, "it runs; members: %s", members);
		for_each(status, "domains", check_domain);
	}
	json_object_put(status);
}

static void check_hostd(void)
{
	char *argv[] = { HOSTD, "--status", "--json", NULL }, *out, *err;
	int ret = system_run(argv, &out, &err);

	if (!ret) {
		check_status(out);
	} else if (strstr(err, strerror(EACCES))) {
		found_warn("hostd", NULL, "only root may ask it");
		found_mend("sudo cokeeper doctor");
	} else if (ret > 0) {
		found_fail("hostd", NULL, "%s", last_line(err));
		found_mend(system_has("/run/systemd/system") ?
			   "systemctl enable --now cokeeper-hostd" : HOSTD);
	}
	free(out);
	free(err);
}

/* A bridge counts if a guest is in it. */
static void check_bridge(const struct doctor *doctor, const struct cli_link *bridge)
{
	const struct cli_link *link, *end = doctor->links.link + doctor->links.n;
	char node[SYSTEM_LINE], quoted[QUOTED_SIZE];
	unsigned int guests = 0;

	for (link = doctor->links.link; link < end; link++)
		guests += link->master == bridge->ifindex &&
			  system_read(node, "/sys/class/net/%s/device/nodename", link->name) &&
			  !strncmp(node, "backend/vif/", strlen("backend/vif/"));
	if (!guests)
		return;
	if (bridge->flags & IFF_UP) {
		found_ok("bridge", bridge->name, "up; interfaces of guests: %u", guests);
	} else {
		found_fail("bridge", bridge->name, "down; interfaces of guests: %u", guests);
		found_mend("ip link set dev %s up", found_quote(bridge->name, quoted));
	}
}

void doctor_host(struct doctor *doctor)
{
	const struct cli_link *link;

	doctor_store(doctor);
	if (system_has(HOSTD)) {
		check_config();
		check_hostd();
	} else {
		found_fail("hostd", NULL, "it is not installed");
		found_mend("apt-get install cokeeper-host");
	}
	for (link = doctor->links.link; link < doctor->links.link + doctor->links.n; link++)
		if (!strcmp(link->kind, "bridge"))
			check_bridge(doctor, link);
}
