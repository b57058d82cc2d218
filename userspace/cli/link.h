/* SPDX-License-Identifier: GPL-2.0 */
/* All links of this network namespace, as the doctor looks at them. */
#ifndef CK_CLI_LINK_H
#define CK_CLI_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "nl.h"

#define LINK_KIND_SIZE	16

/**
 * struct cli_link - a link
 * @ifindex: its number
 * @name: printable, as from cli_ifname()
 * @flags: IFF_*
 * @mtu: in bytes
 * @master: the bridge, bond or VRF that it is in, or 0
 * @below: the link that it is stacked on, or 0
 * @kind: "bridge", "vlan" and so on; empty for a real device
 * @native_xdp: its driver runs an XDP program
 * @generic_xdp: the stack runs one
 */
struct cli_link {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	uint32_t flags;
	uint32_t mtu;
	uint32_t master;
	uint32_t below;
	char kind[LINK_KIND_SIZE];
	bool native_xdp;
	bool generic_xdp;
};

/**
 * struct cli_links - all links
 * @link: the links, to be freed
 * @n: their number
 */
struct cli_links {
	struct cli_link *link;
	unsigned int n;
};

int cli_links_read(struct ck_nl *nl, struct cli_links *links);
const struct cli_link *cli_link_find(const struct cli_links *links, uint32_t ifindex);

#endif /* CK_CLI_LINK_H */
