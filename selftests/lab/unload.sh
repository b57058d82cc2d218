#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The device and the module go under traffic; connections stay, and nothing is left.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d2 have a channel" connect 1 2
mark d1 d2
serve_iperf d2
bg transfer d1 "iperf3 -c $(ip4 2) -t 20"

check "the device can be taken down and up" on d1 'ip link set cokeeper0 down && ip link set cokeeper0 up'
check "the device can be deleted" on d1 'ip link del cokeeper0'
check "and made again, and the helper takes it up" on d1 \
	'ip link add cokeeper0 link eth0 type cokeeper && ip link set cokeeper0 up'
check "it is a peer again" busywait 5 has_peer 2 1
check "and has its peers" busywait 5 has_peer 1 2
check "the module can be removed" on d1 'ip link del cokeeper0; rmmod cokeeper'
check "and loaded many times" on d1 'for i in $(seq 30); do
	modprobe cokeeper && ip link add cokeeper0 link eth0 type cokeeper && ip link set cokeeper0 up &&
		rmmod cokeeper || exit; done'
check "the transfer ends" busywait 60 ended transfer d1
check "without an error" on d1 'cat /tmp/transfer.log; [ "$(cat /tmp/transfer.status)" = 0 ]'
stop_bg iperf3-server d2

# An offer that nobody takes stands for five seconds.
start 1
check "d1 is a peer again" busywait 5 has_peer 1 2
on d2 'pkill -STOP -x cokeeperd'
on d1 'ip link set cokeeper0 down && ip link set cokeeper0 up'
offered() {
	on d1 "ping -q -c 1 -w 1 $(ip4 2)"
	[[ $(peer 1 2 state) == offered ]]
}
check "an offer stands" busywait 5 offered
check "the module can be removed" on d1 'ip link del cokeeper0 && rmmod cokeeper'
check "d1 is well when the offer would have ended" on dom0 "ping -q -i 0.2 -c 30 -w 10 $(ip4 1) | grep ' 0% packet loss'"
on d2 'pkill -CONT -x cokeeperd'
stop 1
start 1
check "d1 is a peer again" busywait 5 has_peer 2 1
check "nothing is logged at warning level" no_warnings d1 d2
finish
