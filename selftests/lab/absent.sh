#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Without the module, or without a publisher that knows it, a guest is as any other.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

exchange() {
	on d1 "ping -q -i 0.05 -c 10 -w 10 $1" && on d2 "ping -q -i 0.05 -c 10 -w 10 $2"
}

mark d1 d2
stop 2
check "d2 is no peer" busywait 5 has_no_peer 1 2
check "no route of ours leads to it" on d1 "ip route get $(ip4 2) | grep -q 'dev eth0'"
check "traffic is exchanged" exchange "$(ip4 2)" "$(ip4 1)"
check "IPv6 traffic is exchanged" exchange "$(ip6 2)" "$(ip6 1)"
check "and nothing of us is left in d2" on d2 \
	'xenstore-exists data && ! lsmod | grep -q cokeeper && ! ip rule | grep -q cokeeper && ! xenstore-exists data/cokeeper/00163e000002/announce'

on d2 'modprobe cokeeper && ip link add cokeeper0 link eth0 type cokeeper && ip link set cokeeper0 up'
check "with the module but in no group, traffic is exchanged" exchange "$(ip4 2)" "$(ip4 1)"
check "and the reason is said" on d2 'cokeeper | tee /dev/stderr | grep -qx "    group none reason no-helper"'
falls_back() {
	on d2 "ip route add $(ip4 1) dev cokeeper0" &&
		on d2 "ping -q -i 0.05 -c 10 -w 10 $(ip4 1)" &&
		on d2 'ethtool -S cokeeper0 | grep -q "tx_fallback_no_peer: [1-9]"'
}
check "what is routed to the device takes the lower one, counted" falls_back
on d2 'ip link del cokeeper0; rmmod cokeeper'
start 2
check "d2 is a peer again" busywait 5 has_peer 1 2

check "nothing is logged at warning level" no_warnings d1 d2
finish
