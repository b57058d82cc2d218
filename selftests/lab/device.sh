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

check "rx-usecs says how long it looks for packets" \
	on d1 'ethtool -C cokeeper0 rx-usecs 20 && ethtool -c cokeeper0 | grep -q "^rx-usecs:.*20"'
check "within bounds" refused "at most 1000" ethtool -C cokeeper0 rx-usecs 1001
check "the number of queues is shown" on d1 'ethtool -l cokeeper0 | grep -q "Combined:.*1"'

ring_size() {
	on d1 "ethtool -g cokeeper0 | tail -n +6 | grep -q 'TX:.*$1'"
}
check "a ring's size is shown" ring_size 262144
check "one that is no power of two is refused" refused "power of two" ethtool -G cokeeper0 tx 200000
check "one that is too small is refused" refused "power of two" ethtool -G cokeeper0 tx 65536
check "d1 and d2 have a channel" connect 1 2
serve_iperf d2
bg transfer d1 "iperf3 -c $(ip4 2) -t 4"
check "the size changes under traffic" \
	on d1 'for s in 131072 1048576 524288; do ethtool -G cokeeper0 tx $s || exit; done'
check "it is shown" ring_size 524288
check "the channel is made anew" connect 1 2
check "the transfer ends" busywait 30 ended transfer d1
check "without an error" on d1 'cat /tmp/transfer.log; [ "$(cat /tmp/transfer.status)" = 0 ]'
stop_bg iperf3-server d2
check "the size can be put back" on d1 'ethtool -G cokeeper0 tx 262144; ethtool -C cokeeper0 rx-usecs 50'

lower_goes() {
	on d1 'modprobe dummy && ip link add dummy9 type dummy && ip link add ck9 link dummy9 type cokeeper &&
		ip link set ck9 up && ip link del dummy9 && ! [ -e /sys/class/net/ck9 ]'
}
check "the device goes with the lower one" lower_goes
check "nothing is logged at warning level" no_warnings d1 d2
finish
