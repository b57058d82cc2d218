#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What ip link takes and refuses.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

refused() {
	local text=$1 out
	shift
	out=$(on d1 "$*" 2>&1) && return 1
	echo "$out"
	grep -q "$text" <<<"$out"
}

mark d1
check "a lower device is needed" refused "lower device is needed" ip link add ck9 type cokeeper
check "it must be Ethernet" refused "not an Ethernet device" ip link add ck9 link lo type cokeeper
check "a second device on the same lower device is refused" \
	refused "already" ip link add ck9 link eth0 type cokeeper
check "the type is shown" on d1 'ip -d link show cokeeper0 | grep -q "cokeeper "'
check "the device stays in its network namespace" \
	refused . 'ip netns add ns1 && ip link set cokeeper0 netns ns1; r=$?; ip netns del ns1; exit $r'

mtu_follows() {
	on d1 'ip link set eth0 mtu 1400 && grep -qx 1400 /sys/class/net/cokeeper0/mtu'
	local status=$?
	on d1 'ip link set eth0 mtu 1500 && grep -qx 1500 /sys/class/net/cokeeper0/mtu' && return "$status"
}
check "the MTU follows the lower device" mtu_follows

lower_goes() {
	on d1 'modprobe dummy && ip link add dummy9 type dummy && ip link add ck9 link dummy9 type cokeeper &&
		ip link set ck9 up && ip link del dummy9 && ! [ -e /sys/class/net/ck9 ]'
}
check "the device goes with the lower one" lower_goes
check "nothing is logged at warning level" no_warnings d1
finish
