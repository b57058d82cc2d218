// SPDX-License-Identifier: GPL-2.0
/* What dom0's kernel tells the publisher of its links, traffic control and filters. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "attr.h"
#include "enforced.h"
#include "fds.h"
#include "fuzz.h"
#include "kernel.h"
#include "links.h"
#include "log.h"

#define NAMES_MAX	16

/* What was last said of the links that were told of. */
static struct {
	char name[IFNAMSIZ];
	struct links_vif vif;
	bool told;
} links[NAMES_MAX];

/* Links have had names; the kernel never gives one to two of them. */
static struct {
	char name[IFNAMSIZ];
	int ifindex;
} named[NAMES_MAX];

static unsigned int nlinks, nnamed;
static bool ambiguous;
static const char *uevent;
static bool on;		/* what is in files says that it filters */

/* One event in each round is the input itself. */
ssize_t receive_uevent(int fd, void *buf, size_t len, int flags)
{
	size_t n = uevent ? strlen(uevent) : 0;

	(void)fd;
	(void)flags;
	if (!n) {
		errno = EAGAIN;
		return -1;
	}
	if (n > len)
		n = len;
	memcpy(buf, uevent, n);
	uevent = NULL;
	return n;
}

int find_file(const char *path, int mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return on ? 0 : -1;
}

int open_file(const char *path, int flags, ...)
{
	(void)path;
	(void)flags;
	return fd_new();
}

ssize_t read_file(int fd, void *buf, size_t size, off_t offset)
{
	(void)fd;
	(void)offset;
	memset(buf, on ? '1' : '0', size);
	return size;
}

static void changed(const char *name, void *arg)
{
	unsigned int i;

	(void)arg;
	assert(strlen(name) < IFNAMSIZ);
	for (i = 0; i < nlinks && strcmp(links[i].name, name); i++)
		;
	if (i == NAMES_MAX)
		return;
	nlinks += i == nlinks;
	strcpy(links[i].name, name);
	links[i].told = true;
}

static int find_name(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		snprintf(arg, IFNAMSIZ, "%s", ck_attr_str(attr));
	return MNL_CB_OK;
}

/* What is said of two links of one name is not told apart. */
static int note_name(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	char name[IFNAMSIZ] = "";
	unsigned int i;

	(void)arg;
	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*ifi), find_name, name);
	for (i = 0; i < nnamed && strcmp(named[i].name, name); i++)
		;
	if (i == NAMES_MAX || (i < nnamed && named[i].ifindex != ifi->ifi_index)) {
		ambiguous = true;
	} else if (i == nnamed) {
		strcpy(named[nnamed].name, name);
		named[nnamed++].ifindex = ifi->ifi_index;
	}
	return MNL_CB_OK;
}

static bool open_to_others(const struct links_vif *vif)
{
	return vif->exists && vif->up && vif->bridge[0] && vif->untagged;
}

/* As long as not all was read, nothing is opened. */
static void check_closed(const struct links_vif *before, const struct links_vif *now)
{
	if (!open_to_others(now))
		return;
	assert(open_to_others(before));
	assert(!strcmp(before->bridge, now->bridge) && before->vlan == now->vlan);
	assert(!(before->enforced & ~now->enforced));
}

/* All that changed was told of. @partly: not all was read that may have changed. */
static void check(bool partly)
{
	struct links_vif vif;
	unsigned int i;

	for (i = 0; i < nlinks; i++) {
		links_vif(links[i].name, &vif);
		assert(strnlen(vif.bridge, IFNAMSIZ) < IFNAMSIZ);
		assert(!(vif.enforced >> ENFORCED_COUNT));
		if (!links[i].told && !ambiguous)
			assert(!memcmp(&vif, &links[i].vif, sizeof(vif)));
		if (partly && !ambiguous)
			check_closed(&links[i].vif, &vif);
		links[i].vif = vif;
		links[i].told = false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = input_text(data, size), *copy = input_text(data, size);
	int err;

	memset(links, 0, sizeof(links));
	nlinks = 0;
	nnamed = 0;
	ambiguous = false;
	on = strstr(text, "ebtables");
	kernel_start(text);
	kernel_next();
	kernel_tell(note_name, NULL);
	err = links_open(changed, NULL);
	check(err);
	while (kernel_next()) {
		/* It is told that something changed, and reads what. */
		uevent = copy;
		kernel_tell(note_name, NULL);
		err = links_process();
		check(err || !kernel_requests());
		err = links_process();
		check(err);
	}
	links_close();
	free(copy);
	free(text);
	return 0;
}
