// SPDX-License-Identifier: GPL-2.0
/* Which group an interface is in, if dom0's toolstack, kernel and administrator agree. */
#include "vif.h"

#include <string.h>

#include "enforced.h"
#include "links.h"

/* Reasons why an interface is in no group, besides the toolstack's and the names of what
 * dom0 enforces.
 */
#define FOREIGN_BACKEND	"foreign-backend"	/* another domain than dom0 has the bridge */
#define NO_VIF		"no-vif"		/* dom0 has no such link */
#define VIF_DOWN	"vif-down"
#define NOT_BRIDGED	"not-bridged"
#define OTHER_BRIDGE	"other-bridge"		/* than the toolstack says */
#define OTHER_VLAN	"other-vlan"
#define VLAN_TAGGED	"vlan-tagged"		/* nothing comes or goes without a tag */

/* Return: why a link of dom0 is not where the toolstack says, or NULL. */
static const char *misplaced(const struct links_vif *live, struct group_key *key)
{
	if (!live->bridge[0])
		return NOT_BRIDGED;
	if (strcmp(live->bridge, key->bridge))
		return OTHER_BRIDGE;
	if (!live->untagged)
		return VLAN_TAGGED;
	if (key->vlan && key->vlan != live->vlan)
		return OTHER_VLAN;
	key->vlan = live->vlan;
	return NULL;
}

static const char *place_in_dom0(const struct vif *vif, uint32_t allow, struct group_key *key)
{
	const char *reason = NULL;
	struct links_vif live;

	links_vif(vif->link, &live);
	if (!live.exists)
		return NO_VIF;
	if (!live.up)
		return VIF_DOWN;
	if (vif->enforced & ENFORCED_ROUTED)
		key->bridge[0] = 0;
	else if (live.enforced & ENFORCED_BIT(ENFORCED_OPENVSWITCH))
		key->ovs = true;
	else
		reason = misplaced(&live, key);
	return reason ? reason : enforced_first(live.enforced & ~allow);
}

/* Return: bits of all that dom0 may enforce on an interface that is in a group. */
uint32_t vif_allowed(const struct policy_word *policy)
{
	return policy->group ? policy->allow : policy->allow & ~ENFORCED_ROUTED;
}

/**
 * vif_place() - which group is an interface in?
 * @vif: what the toolstack says of it
 * @policy: what the administrator says of its domain
 * @key: result: the group
 *
 * What the toolstack does not bridge has no bridge that could be its group: it takes a named
 * one, as does what dom0 cannot see.
 *
 * Return: a word that says why it is in none, or NULL.
 */
const char *vif_place(const struct vif *vif, const struct policy_word *policy,
		      struct group_key *key)
{
	uint32_t allow = vif_allowed(policy);

	*key = vif->key;
	if (policy->group)
		strcpy(key->named, policy->group);
	if (policy->barred)
		return policy->barred;
	if (vif->barred)
		return vif->barred;
	if (vif->key.backend && !policy->group)
		return FOREIGN_BACKEND;
	if (vif->enforced & ~allow)
		return enforced_first(vif->enforced & ~allow);
	return vif->key.backend ? NULL : place_in_dom0(vif, allow, key);
}

/* Return: whether a reason may be that the toolstack takes the interface away. */
bool vif_cut_off(const char *reason)
{
	return !strcmp(reason, NO_VIF) || !strcmp(reason, VIF_DOWN) ||
	       !strcmp(reason, NOT_BRIDGED);
}

/* Return: bits of all that dom0 enforces on an interface, allowed or not. */
uint32_t vif_enforced(const struct vif *vif)
{
	struct links_vif live = { 0 };

	if (vif->link[0])
		links_vif(vif->link, &live);
	return vif->enforced | live.enforced;
}
