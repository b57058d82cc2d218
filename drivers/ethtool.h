/* SPDX-License-Identifier: GPL-2.0 */
/* What ethtool shows and changes of the cokeeper device. */
#ifndef CK_ETHTOOL_H
#define CK_ETHTOOL_H

#include <linux/ethtool.h>

extern const struct ethtool_ops ck_ethtool_ops;

#endif /* CK_ETHTOOL_H */
