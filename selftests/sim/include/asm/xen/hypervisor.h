/* SPDX-License-Identifier: GPL-2.0 */
/* <xen/grant_table.h> includes it, and needs nothing of it. */
