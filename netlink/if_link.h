/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Options of a link of kind "cokeeper": rtnetlink's IFLA_INFO_DATA. */
#ifndef _UAPI_LINUX_COKEEPER_IF_LINK_H
#define _UAPI_LINUX_COKEEPER_IF_LINK_H

/* Options of a cokeeper link, each a u32:
 *
 * @IFLA_COKEEPER_STEER: an enum cokeeper_steer
 * @IFLA_COKEEPER_RING_SIZE: bytes in each ring of the next channel that is offered, a
 *	power of two
 * @IFLA_COKEEPER_POLL_USECS: microseconds that an idle CPU polls the rings after
 *	traffic; 0: never
 * @IFLA_COKEEPER_MEMORY_SHARE: per cent of the memory that all channels may take
 */
enum {
	IFLA_COKEEPER_UNSPEC,
	IFLA_COKEEPER_STEER,
	IFLA_COKEEPER_RING_SIZE,
	IFLA_COKEEPER_POLL_USECS,
	IFLA_COKEEPER_MEMORY_SHARE,

	__IFLA_COKEEPER_MAX,
	IFLA_COKEEPER_MAX = (__IFLA_COKEEPER_MAX - 1)
};

#endif /* _UAPI_LINUX_COKEEPER_IF_LINK_H */
