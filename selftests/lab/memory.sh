#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Channels take 12 % of a guest's memory at most: the one that was not used for the
# longest time makes room for a new one, and what has none takes the netfront.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Two channels fit, three do not, with as many of the largest lanes as that takes.
lanes=$(on d1 'awk "/^MemTotal:/ { printf \"%d\", \$2 * 0.12 / 2 / 2052 }" /proc/meminfo')
enlarge() {
	on "d$1" "ip link set cokeeper0 type cokeeper ring_size 1048576 && ethtool -L cokeeper0 combined $lanes"
}
# idle GUEST: has d1 no channel to it for want of memory?
idle() {
	local is
	is="$(peer 1 "$1" state) $(peer 1 "$1" reason)"
	echo "d$1: $is"
	[[ $is != connected* && $is == *' no-resources' ]]
}
given_up() {
	local state
	state=$(peer 2 1 state) && [[ $state != connected ]]
}
# use NAME GUEST: keeps d1's channel to it in use, from when this returns.
use() {
	bg "$1" d1 "stdbuf -oL ping -i 0.1 $(ip4 "$2")" &&
		on d1 "timeout 5 sh -c 'until grep -q \"bytes from\" /tmp/$1.log; do :; done'"
}

echo "# $lanes lanes a channel"
mark d1 d2 d3
check "there is a fourth guest" \
	on dom0 'xl create -q /etc/xen/d4.cfg && /usr/lib/cokeeper-lab/wait-ready 4'
check "it is a peer" busywait 5 has_peer 1 4
for i in 1 2 3 4; do
	check "d$i has large channels" enlarge "$i"
done

check "d1 and d2 have a channel" connect 1 2
check "so have d1 and d3" connect 1 3
check "both fit" connected 1 2
check "it is in use" use busy3 3
check "d1 and d4 get one" busywait 10 connect 1 4
check "the one to d3, which is in use, has stayed" connected 1 3
check "the idle one to d2 was given up" idle 2
check "d2 gave it up, too" busywait 5 given_up

# With both in use there is no room: d2 is reached by the netfront.
check "the one to d4 is in use, too" use busy4 4
no_room() {
	on d1 "ping -q -i 0.05 -c 100 -w 20 $(ip4 2) | grep ' 0% packet loss'" && idle 2 && connected 1 3 && connected 1 4
}
check "no ping to d2 is lost meanwhile, and the others keep theirs" no_room
check "they use them" via_rings 1 3 10 on d1 "ping -q -i 0.05 -c 10 -w 5 $(ip4 3)"

stop_bg busy4 d1
check "once one is idle, d2 gets its channel back" busywait 30 connect 1 2
check "and uses it" via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
check "in place of that to d4" idle 4
stop_bg busy3 d1

check "the fourth guest goes" on dom0 'xl destroy d4'
check "it is no peer any more" busywait 5 has_no_peer 1 4
for i in 1 2 3; do
	check "d$i is as it was" on "d$i" 'ip link set cokeeper0 type cokeeper ring_size 262144 && ethtool -L cokeeper0 combined 1'
done
# With more queues than CPUs, pollers share one.
at_rest() {
	on "d$1" 'for t in $(pgrep "^cokeeper/"); do grep -q "^State:.[SI]" "/proc/$t/status" || exit 1; done'
}
for i in 1 2 3; do
	check "no thread of d$i polls any more" busywait 10 at_rest "$i"
done
check "nothing is logged at warning level" no_warnings d1 d2 d3
finish
