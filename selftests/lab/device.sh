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

mark d1 d2
check "a lower device is needed" refused "lower device is needed" ip link add ck9 type cokeeper
check "it must be Ethernet" refused "not an Ethernet device" ip link add ck9 link lo type cokeeper
on d1 'ip link add lower9 type bond'
check "a bond is refused, even with no ports yet" \
	refused "lower devices of its own" ip link add ck9 link lower9 type cokeeper
on d1 'ip link del lower9; ip link add lower9 type bridge'
check "so is a bridge" refused "lower devices of its own" ip link add ck9 link lower9 type cokeeper
on d1 'ip link del lower9'
check "a second device on the same lower device is refused" \
	refused "already" ip link add ck9 link eth0 type cokeeper
check "the type is shown" on d1 'ip -d link show cokeeper0 | grep -q "cokeeper "'
check "the device stays in its network namespace" \
	refused "Invalid argument" 'ip netns add ns1 && ip link set cokeeper0 netns ns1; r=$?; ip netns del ns1; exit $r'

mtu_follows() {
	on d1 'ip link set eth0 mtu 1400 && grep -qx 1400 /sys/class/net/cokeeper0/mtu'
	local status=$?
	on d1 'ip link set eth0 mtu 1500 && grep -qx 1500 /sys/class/net/cokeeper0/mtu' && return "$status"
}
check "the MTU follows the lower device" mtu_follows

# option NAME VALUE: does ip show it so?
option() {
	on d1 'ip -d -j link show cokeeper0' | jq -e ".[0].linkinfo.info_data.$1 == $2"
}
# set_option WORD...: at the live device.
set_option() {
	on d1 "ip link set cokeeper0 type cokeeper $*"
}
check "it intercepts by default" option steer '"intercept"'
check "how it steers can be changed" eval "set_option steer route && option steer '\"route\"'"
check "and back" eval "set_option steer intercept && option steer '\"intercept\"'"
check "the time of polling can be set" eval "set_option poll_usecs 20 && option poll_usecs 20"
check "within bounds" refused . ip link set cokeeper0 type cokeeper poll_usecs 1001
check "the share of the memory can be set" eval "set_option memory_share 20 && option memory_share 20"
check "within bounds" refused . ip link set cokeeper0 type cokeeper memory_share 51
check "the number of queues is shown" on d1 'ethtool -l cokeeper0 | grep -q "Combined:.*1"'

check "a ring's size is shown" option ring_size 262144
check "one that is no power of two is refused" refused "power of two" ip link set cokeeper0 type cokeeper ring_size 200000
check "one that is too small is refused" refused "power of two" ip link set cokeeper0 type cokeeper ring_size 65536
unprivileged() {
	refused "initial user namespace" "unshare -Urn sh -c 'ip link add lower9 type dummy &&
		ip link add ck9 link lower9 type cokeeper'"
}
check "root of another user namespace makes no device" unprivileged
check "d1 and d2 have a channel" connect 1 2
serve_iperf d2
bg transfer d1 "iperf3 -c $(ip4 2) -t 4"
check "the size changes under traffic" \
	on d1 'for s in 131072 1048576 524288; do ip link set cokeeper0 type cokeeper ring_size $s || exit; done'
check "it is shown" option ring_size 524288
check "the channel is made anew" connect 1 2
check "the transfer ends" busywait 30 ended transfer d1
check "without an error" on d1 'cat /tmp/transfer.log; [ "$(cat /tmp/transfer.status)" = 0 ]'
stop_bg iperf3-server d2
check "all can be put back" set_option ring_size 262144 poll_usecs 50 memory_share 12

check "routers do not reach the device" on d1 \
	'cd /proc/sys/net/ipv6/conf && paste cokeeper0/accept_ra cokeeper0/accept_redirects && ! grep -v "^0$" cokeeper0/accept_ra cokeeper0/accept_redirects'

# --- following a lower device
on d1 'modprobe dummy && ip link add dummy9 up type dummy && ip link add ck9 up link dummy9 type cokeeper'
# ck9_is WORD VALUE: of 'ip -j link show'.
ck9_is() {
	on d1 'ip -j link show ck9' | jq -ce ".[0] | .mtu, .operstate, .flags, .$1 == $2" | tee /dev/stderr | tail -n 1 | grep -qx true
}
check "a lower device that is up has it up" ck9_is operstate '"UNKNOWN"'
check "without an address of its own" on d1 'ip -6 addr show dev ck9 | grep -c . | grep -qx 0'
on d1 'ip link set dummy9 carrier off mtu 1400'
check "it follows the lower device's MTU" busywait 2 ck9_is mtu 1400
check "and its carrier" busywait 2 ck9_is operstate '"LOWERLAYERDOWN"'
on d1 'ip link set dummy9 carrier on'
check "there and back" busywait 2 ck9_is operstate '"UP"'
on d1 'ip link set dummy9 down'
check "one that is down is said to be the reason" on d1 'cokeeper -j show | tee /dev/stderr | grep -q lower-down'
check "the device goes with the lower one" on d1 'ip link del dummy9 && ! [ -e /sys/class/net/ck9 ]'
check "nothing is logged at warning level" no_warnings d1 d2
finish
