/* SPDX-License-Identifier: GPL-2.0 */
/* The live state of dom0's network, as far as it carries guests' interfaces. */
#ifndef CK_LINKS_H
#define CK_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct links_vif - what a link of dom0 does with the frames of a guest, as of now
 * @exists: there is such a link, and all about it is known
 * @up: it is set up and not dormant, and its bridge does not block it. The carrier is the
 *	guest's own
 * @bridge: name of the Linux bridge whose port it is; empty if it is none's
 * @vlan: into which the bridge puts untagged frames; 0: the bridge knows no VLANs
 * @untagged: untagged frames pass the port in both directions
 * @enforced: bits of enum enforced
 */
struct links_vif {
	bool exists;
	bool up;
	char bridge[IFNAMSIZ];
	uint16_t vlan;
	bool untagged;
	uint32_t enforced;
};

typedef void (*links_changed_fn)(const char *name, void *arg);

int links_open(links_changed_fn changed, void *arg);
int links_fd(void);
int links_process(void);
void links_vif(const char *name, struct links_vif *vif);
void links_close(void);

#endif /* CK_LINKS_H */
