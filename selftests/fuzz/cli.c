// SPDX-License-Identifier: GPL-2.0
/* What the command line tools print of what the kernel and XenStore say: "cokeeper show",
 * "monitor" and "doctor" as text and as JSON, "metrics", and what ip prints of a link. Of the
 * machine, a line of the input says one thing:
 *
 *   : PATH TEXT	the first line of a file; programs write "out" and "err", and end with "status"
 *   t NAME VALUE	a counter of "ethtool -S", and a feature of "ethtool -k"
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"
#include "fds.h"
#include "fuzz.h"
#include "if_link.h"
#include "iproute2.h"
#include "kernel.h"
#include "output.h"
#include "store.h"
#include "system.h"

#define FILES_MAX	32
#define STRINGS_MAX	40

extern struct link_util cokeeper_link_util;

/* ip has these functions. */
int print_color_uint(enum output_type type, enum color_attr color, const char *key,
		     const char *fmt, unsigned int value)
{
	char text[64];

	(void)type;
	(void)color;
	assert(key && snprintf(text, sizeof(text), fmt, value) > 0);
	return 0;
}

int print_color_string(enum output_type type, enum color_attr color, const char *key,
		       const char *fmt, const char *value)
{
	char text[64];

	(void)type;
	(void)color;
	assert(key && snprintf(text, sizeof(text), fmt, value) > 0);
	return 0;
}

int addattr32(struct nlmsghdr *n, int maxlen, int type, uint32_t data)
{
	(void)n;
	(void)maxlen;
	(void)type;
	(void)data;
	return 0;
}

int get_u32(uint32_t *val, const char *arg, int base)
{
	(void)val;
	(void)arg;
	(void)base;
	return -1;
}

void invarg(const char *msg, const char *arg)
{
	(void)msg;
	(void)arg;
	abort();
}

void duparg(const char *key, const char *arg)
{
	(void)key;
	(void)arg;
	abort();
}

/* Some devices have no name here, some one that no terminal should see. */
char *if_indextoname(unsigned int ifindex, char name[IF_NAMESIZE])
{
	errno = ENXIO;
	if (ifindex % 3 == 0)
		return NULL;
	snprintf(name, IF_NAMESIZE, "%s%u", ifindex % 3 == 1 ? "d'" : "\033", ifindex);
	return name;
}

/* What the input says of the machine: pointers into it. */
static struct {
	const char *path;
	const char *text;
} files[FILES_MAX];
static unsigned int nfiles;

static struct {
	const char *name;
	uint64_t value;
} strings[STRINGS_MAX];
static unsigned int nstrings;

const char *system_root = "";

__attribute__((format(printf, 1, 0)))
static const char *file(const char *fmt, va_list ap)
{
	char path[1024];
	unsigned int i;

	vsnprintf(path, sizeof(path), fmt, ap);
	for (i = 0; i < nfiles; i++)
		if (!strcmp(files[i].path, path))
			return files[i].text;
	return NULL;
}

__attribute__((format(printf, 1, 2)))
static const char *text_of(const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = file(fmt, ap);
	va_end(ap);
	return text;
}

bool system_has(const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = file(fmt, ap);
	va_end(ap);
	return text;
}

bool system_read(char line[SYSTEM_LINE], const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = file(fmt, ap);
	va_end(ap);
	if (text)
		snprintf(line, SYSTEM_LINE, "%s", text);
	return text;
}

bool system_finds(const char *word, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = file(fmt, ap);
	va_end(ap);
	return text && strstr(text, word);
}

bool system_config(const char *release, const char *option, bool *set)
{
	const char *text = text_of("config");

	(void)release;
	*set = text && strstr(text, option);
	return text;
}

int system_run(char *const argv[], char **out, char **err)
{
	const char *text = text_of("out"), *error = text_of("err"), *status = text_of("status");

	(void)argv;
	*out = strdup(text ? text : "");
	*err = strdup(error ? error : "");
	return status ? (int)strtoul(status, NULL, 10) % 256 - 2 : 0;
}

int no_socket(int family, int type, int protocol)
{
	(void)family;
	(void)type;
	(void)protocol;
	return fd_new();
}

static void give_strings(struct ethtool_gstrings *gstrings)
{
	uint32_t i;

	for (i = 0; i < gstrings->len && i < nstrings; i++)
		strncpy((char *)gstrings->data + i * ETH_GSTRING_LEN, strings[i].name,
			ETH_GSTRING_LEN);
}

/* Each name is one of a counter and one of a feature. */
int ask_driver(int fd, unsigned long request, ...)
{
	struct ethtool_gfeatures *features;
	struct ethtool_sset_info *sets;
	struct ethtool_stats *stats;
	struct ifreq *ifr;
	va_list ap;
	uint32_t i;

	(void)fd;
	assert(request == SIOCETHTOOL);
	va_start(ap, request);
	ifr = va_arg(ap, struct ifreq *);
	va_end(ap);
	sets = (void *)ifr->ifr_data;
	stats = (void *)ifr->ifr_data;
	features = (void *)ifr->ifr_data;
	switch (sets->cmd) {
	case ETHTOOL_GSSET_INFO:
		sets->data[0] = nstrings;
		break;
	case ETHTOOL_GSTRINGS:
		give_strings((void *)ifr->ifr_data);
		break;
	case ETHTOOL_GSTATS:
		for (i = 0; i < stats->n_stats && i < nstrings; i++)
			stats->data[i] = strings[i].value;
		break;
	case ETHTOOL_GFEATURES:
		for (i = 0; i < features->size && i < nstrings; i++) {
			features->features[i].active = strings[i].value;
			features->features[i].available = strings[i].value >> 32;
		}
		break;
	}
	return 0;
}

static unsigned int polls;
static bool opened;

int __real_cli_open(struct ck_genl *genl);

int __wrap_cli_open(struct ck_genl *genl)
{
	int ret = __real_cli_open(genl);

	opened = !ret;
	return ret;
}

/* There are events, and then somebody ends the monitor. */
int poll_input(struct pollfd *fds, nfds_t n, int timeout)
{
	nfds_t i;

	(void)timeout;
	for (i = 0; i < n; i++)
		fds[i].revents = i == polls ? POLLIN : 0;
	polls++;
	return 1;
}

int no_signals(int fd, const sigset_t *mask, int flags)
{
	(void)fd;
	(void)mask;
	(void)flags;
	return fd_new();
}

int keep_signals(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	(void)old;
	return 0;
}

void __wrap_cli_error(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

void store_written(const char *path, const char *value)
{
	(void)path;
	(void)value;
	abort();
}

void store_line(char *line)
{
	char *word = line + 1 + (line[0] && line[1] == ' '), *rest = word;

	if (line[0] == ':' && nfiles < FILES_MAX) {
		strsep(&rest, " ");
		files[nfiles].path = word;
		files[nfiles++].text = rest ? rest : "";
	} else if (line[0] == 't' && nstrings < STRINGS_MAX) {
		strsep(&rest, " ");
		strings[nstrings].name = word;
		strings[nstrings++].value = rest ? strtoull(rest, NULL, 10) : 0;
	}
}

/* The first of each kind, as ip finds them. */
static int print_link(const struct nlmsghdr *nlh, void *arg)
{
	struct rtattr *table[IFLA_COKEEPER_MAX + 1] = { 0 };
	const struct nlattr *attr;

	(void)arg;
	mnl_attr_for_each(attr, nlh, 4)
		if (mnl_attr_get_type(attr) <= cokeeper_link_util.maxattr)
			table[mnl_attr_get_type(attr)] = (struct rtattr *)attr;
	cokeeper_link_util.print_opt(&cokeeper_link_util, stdout, table);
	return MNL_CB_OK;
}

/* Lines of text that a terminal can show, or of JSON. */
static void check(char *text, bool json)
{
	struct json_object *value;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		check_printable(line);
		if (!json || !line[0])
			continue;
		value = json_tokener_parse(line);
		assert(value);
		json_object_put(value);
	}
}

static void print(const char *input, int (*command)(int argc, char **argv), bool json)
{
	char *kernel = strdup(input), *store = strdup(input), *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	out_to(file);
	out_use_json(json);
	polls = 0;
	nfiles = 0;
	nstrings = 0;
	kernel_start(kernel);
	kernel_next();
	store_start(store);
	store_next();
	opened = false;
	/* If it fails, the list of devices is not complete. */
	if (command(0, NULL) && opened && command == cmd_show)
		out_close();
	kernel_tell(print_link, NULL);
	fclose(file);
	check(text, json);
	free(text);
	free(kernel);
	free(store);
	store_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size);

	print(text, cmd_show, false);
	print(text, cmd_show, true);
	print(text, cmd_monitor, false);
	print(text, cmd_monitor, true);
	print(text, cmd_doctor, false);
	print(text, cmd_doctor, true);
	print(text, cmd_metrics, false);
	free(text);
	return 0;
}
