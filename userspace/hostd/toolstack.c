// SPDX-License-Identifier: GPL-2.0
/* What dom0's toolstack says of the interfaces that it gave to a domain.
 *
 * xl and libvirt keep that in /libxl/DOMID, xapi in the backend's directory and in its own,
 * /xapi/UUID. Only dom0 can write there. The frontend's directory (~/device) is never
 * read, for the guest can.
 */
#include "toolstack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforced.h"
#include "listing.h"
#include "log.h"

#define VLAN_MAX	4094

/* Reasons why an interface is in no group. */
#define NO_BRIDGE	"no-bridge"	/* the toolstack names none that could be one */
#define BAD_IP		"bad-ip"	/* its ip= is none, or too long */
#define BAD_MAC		"bad-mac"	/* its mac is none */
#define BAD_VALUE	"bad-value"	/* another value has a NUL character */

static int exists(struct ck_xs *xs, const char *path, bool *there)
{
	struct ck_xs_value value;
	int err = ck_xs_read(xs, CK_XS_NULL, path, &value);

	*there = !err;
	return err == -ENOENT ? 0 : err;
}

/* What has interfaces in libxl's directory was made by libxl, whatever else there is. */
static int find_toolstack(struct ck_xs *xs, const struct domain *domain, enum toolstack *toolstack)
{
	char path[CK_PATH_SIZE];
	bool there;
	int err;

	*toolstack = TOOLSTACK_LIBXL;
	ck_path_libxl(path, domain->domid);
	err = exists(xs, path, &there);
	if (err || there)
		return err;
	*toolstack = TOOLSTACK_XAPI;
	if (domain->uuid[0]) {
		ck_path_xapi(path, domain->uuid);
		err = exists(xs, path, &there);
	}
	if (err || there)
		return err;
	ck_path_backends(path, domain->domid);
	err = exists(xs, path, &there);
	if (!err && !there)
		*toolstack = TOOLSTACK_UNKNOWN;
	return err;
}

/**
 * toolstack_list() - which interfaces has a domain?
 * @xs: the store
 * @domain: the domain
 * @toolstack: result: which one gave them to it
 * @vifs: result: their numbers, in order, to be freed
 * @n: how many there are
 *
 * Return: 0 or a negative errno.
 */
int toolstack_list(struct ck_xs *xs, const struct domain *domain, enum toolstack *toolstack,
		   uint32_t **vifs, unsigned int *n)
{
	char path[CK_PATH_SIZE];
	int err;

	*toolstack = TOOLSTACK_LIBXL;
	ck_path_vifs(path, domain->domid);
	err = ck_list_numbers(xs, path, INT32_MAX, vifs, n);
	if (err || *n)
		return err;
	err = find_toolstack(xs, domain, toolstack);
	if (err || *toolstack != TOOLSTACK_XAPI)
		return err;
	free(*vifs);
	ck_path_backends(path, domain->domid);
	return ck_list_numbers(xs, path, INT32_MAX, vifs, n);
}

/**
 * struct source - an interface that is being read
 * @domain: who has it
 * @toolstack: who gave it
 * @index: its number
 */
struct source {
	struct ck_xs *xs;
	const struct domain *domain;
	enum toolstack toolstack;
	uint32_t index;
};

/* Return: 0, -ENOENT, -EBADMSG for a value that is no text, or another negative errno. */
static int read_text(const struct source *source, const char *key, struct ck_xs_value *value)
{
	char path[CK_PATH_SIZE];
	int err;

	if (source->toolstack == TOOLSTACK_XAPI)
		ck_path_backend(path, source->domain->domid, source->index, key);
	else
		ck_path_vif(path, source->domain->domid, source->index, key);
	err = ck_xs_read(source->xs, CK_XS_NULL, path, value);
	if (err == -ENOENT && source->toolstack == TOOLSTACK_XAPI) {
		ck_path_xapi_vif(path, source->domain->uuid, source->index, key);
		err = ck_xs_read(source->xs, CK_XS_NULL, path, value);
	}
	if (!err && value->len != strlen(value->data)) {
		ck_warn("%s: a NUL character in the value", path);
		return -EBADMSG;
	}
	return err;
}

/* The same, for a value that is one word. */
static int read_word(const struct source *source, const char *key, char word[CK_WORD_SIZE])
{
	struct ck_xs_value value;
	int err;

	err = read_text(source, key, &value);
	if (err)
		return err;
	if (!ck_word_valid(value.data)) {
		ck_warn("domain %u, vif %u: %s is not one word of printable ASCII",
			source->domain->domid, source->index, key);
		return -EBADMSG;
	}
	strcpy(word, value.data);
	return 0;
}

static int read_backend(const struct source *source, uint32_t *domid)
{
	char word[CK_WORD_SIZE];
	int err;

	/* Of xapi's, those of dom0 are listed. */
	if (source->toolstack == TOOLSTACK_XAPI)
		return 0;
	err = read_word(source, "backend", word);
	if (!err && sscanf(word, "/local/domain/%" SCNu32 "/", domid) != 1)
		return -EBADMSG;
	return err == -ENOENT ? 0 : err;
}

/* Interfaces are together when one bridge of one backend domain, and one VLAN of it,
 * joins them.
 */
static int read_key(const struct source *source, struct vif *vif)
{
	struct group_key *key = &vif->key;
	char word[CK_WORD_SIZE];
	uint32_t vlan = 0;
	int err;

	err = read_word(source, "bridge", word);
	if (!err && strlen(word) >= sizeof(key->bridge))
		err = -EBADMSG;
	if (!err) {
		strcpy(key->bridge, word);
		err = read_backend(source, &key->backend);
	}
	if (!err) {
		err = read_word(source, "vlan", word);
		if (!err && !ck_u32_parse(word, 1, VLAN_MAX, &vlan))
			err = -EBADMSG;
		key->vlan = vlan;
		err = err == -ENOENT ? 0 : err;
	}
	if (err != -ENOENT && err != -EBADMSG)
		return err;
	vif->barred = NO_BRIDGE;
	return 0;
}

static uint32_t script_enforces(const char *script)
{
	static const struct {
		const char *name;
		uint32_t enforced;
	} scripts[] = {
		{ "vif-bridge", 0 },
		{ "vif-route", ENFORCED_BIT(ENFORCED_SCRIPT_ROUTE) },
		{ "vif-nat", ENFORCED_BIT(ENFORCED_SCRIPT_NAT) },
		{ "vif-openvswitch", ENFORCED_BIT(ENFORCED_OPENVSWITCH) },
	};
	const char *name = strrchr(script, '/');
	unsigned int i;

	name = name ? name + 1 : script;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (!strcmp(name, scripts[i].name))
			return scripts[i].enforced;
	return ENFORCED_BIT(ENFORCED_SCRIPT_CUSTOM);
}

/* netback goes by what is in its own directory, also if that changes, and libxl keeps a copy
 * of what it wrote there.
 */
static int read_rate(const struct source *source, struct vif *vif)
{
	struct ck_xs_value value;
	char path[CK_PATH_SIZE];
	int err;

	err = read_text(source, "rate", &value);
	if (err == -ENOENT && !vif->key.backend) {
		ck_path_backend(path, source->domain->domid, source->index, "rate");
		err = ck_xs_read(source->xs, CK_XS_NULL, path, &value);
	}
	if (!err)
		vif->enforced |= ENFORCED_BIT(ENFORCED_RATE_LIMITED);
	return err == -ENOENT ? 0 : err;
}

/* xapi's script is the same whatever it does. */
static int read_enforced(const struct source *source, struct vif *vif)
{
	bool xapi = source->toolstack == TOOLSTACK_XAPI;
	struct ck_xs_value value;
	int err;

	err = read_text(source, xapi ? "locking-mode" : "script", &value);
	if (!err && xapi && strcmp(value.data, "unlocked"))
		vif->enforced |= ENFORCED_BIT(ENFORCED_LOCKING_MODE);
	else if (!err && !xapi)
		vif->enforced |= script_enforces(value.data);
	else if (err && err != -ENOENT)
		return err;
	return read_rate(source, vif);
}

/* Return: whether a list of addresses was understood as a whole. */
static bool parse_sources(char *text, struct ck_sources *sources)
{
	char *word, *save;

	for (word = strtok_r(text, " ,", &save); word; word = strtok_r(NULL, " ,", &save)) {
		if (sources->n == CK_SOURCES_MAX ||
		    !ck_source_parse(word, &sources->s[sources->n]))
			return false;
		sources->n++;
	}
	return true;
}

static int add_sources(const struct source *source, const char *key, struct vif *vif)
{
	struct ck_xs_value value;
	int err;

	err = read_text(source, key, &value);
	if (err == -EBADMSG || (!err && !parse_sources(value.data, &vif->sources))) {
		ck_warn("domain %u, vif %u: %s is no list of at most %u addresses or networks",
			source->domain->domid, source->index, key, CK_SOURCES_MAX);
		vif->barred = BAD_IP;
		return 0;
	}
	return err == -ENOENT ? 0 : err;
}

static int read_sources(const struct source *source, struct vif *vif)
{
	if (source->toolstack == TOOLSTACK_LIBXL)
		return add_sources(source, "ip", vif);
	return add_sources(source, "ipv4-allowed", vif) ?:
	       add_sources(source, "ipv6-allowed", vif);
}

static int read_link(const struct source *source, struct vif *vif)
{
	struct ck_xs_value value;
	int err;

	if (vif->key.backend)
		return 0;
	err = read_text(source, "vifname", &value);
	if (!err && strlen(value.data) < sizeof(vif->link))
		strcpy(vif->link, value.data);
	else if (err == -ENOENT)
		snprintf(vif->link, sizeof(vif->link), "vif%u.%u", source->domain->domid,
			 source->index);
	return err == -ENOENT ? 0 : err;
}

/**
 * toolstack_read() - what does the toolstack say of an interface?
 * @xs: the store
 * @domain: the domain that has it
 * @toolstack: who gave it
 * @index: its number
 * @vif: result
 *
 * Return: 0, -ENOENT if it is not (or not yet) there, -EBADMSG if a value is none, which
 * @vif->barred is about, or another negative errno if it could not be read: then nothing is known.
 */
int toolstack_read(struct ck_xs *xs, const struct domain *domain, enum toolstack toolstack,
		   uint32_t index, struct vif *vif)
{
	struct source source = { xs, domain, toolstack, index };
	char word[CK_WORD_SIZE];
	bool bad_mac;
	int err;

	memset(vif, 0, sizeof(*vif));
	vif->index = index;
	err = read_word(&source, "mac", word);
	if (err && err != -EBADMSG)
		return err;
	bad_mac = err;
	if (!bad_mac && !ck_mac_parse(word, &vif->mac)) {
		ck_warn("domain %u, vif %u: '%s' is no mac", domain->domid, index, word);
		memset(&vif->mac, 0, sizeof(vif->mac));
		bad_mac = true;
	}
	err = read_key(&source, vif) ?: read_link(&source, vif) ?:
	      read_enforced(&source, vif) ?: read_sources(&source, vif);
	if (err == -EBADMSG)
		vif->barred = BAD_VALUE;
	if (err || !bad_mac)
		return err;
	vif->barred = BAD_MAC;
	return -EBADMSG;
}

/* Return: whether the toolstack is taking an interface away: its link goes first. */
bool toolstack_unplugs(struct ck_xs *xs, uint32_t domid, uint32_t index)
{
	struct ck_xs_value online;
	char path[CK_PATH_SIZE];
	int err;

	ck_path_backend(path, domid, index, "online");
	err = ck_xs_read(xs, CK_XS_NULL, path, &online);
	return err == -ENOENT || (!err && !strcmp(online.data, "0"));
}

