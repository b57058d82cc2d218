#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each allocation fails once (case 36): a clean error, and the next attempt works. The module's
# own tests do the same for what works for peers (fault_test.c).

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap stop_guests EXIT

# each_fails UNDO COMMAND...: until there is no further allocation. What fails for want of memory
# leaves nothing for UNDO, but the kernel may do without some of it.
each_fails() {
	local undo=$1 nth failed=0
	shift
	for ((nth = 1; nth < 2000; nth++)); do
		rm -f /tmp/hit
		FAIL_NTH=$nth FAIL_HIT=/tmp/hit LD_PRELOAD=$build/nth.so "$@" >/tmp/each.log 2>&1 || {
			failed=$((failed + 1))
			grep -qiE 'memory|buffer|space|ENOMEM|ENOBUFS|EMSGSIZE|not defined|invalid argument|terminated|timed out' /tmp/each.log ||
				{ echo "allocation $nth:"; cat /tmp/each.log; return 1; }
		}
		$undo 2>/dev/null
		[[ -e /tmp/hit ]] || break
	done
	echo "$((nth - 1)) allocations, $failed failures"
	((failed > 0)) && "$@" && $undo
}

in_d1() {
	ip -n d1 "$@"
}

start_guests 2
stop_helpers
in_d1 link del cokeeper0

check "each allocation of a link's creation" each_fails "ip -n d1 link del cokeeper0" \
	ip -n d1 link add cokeeper0 numtxqueues 2 numrxqueues 2 link eth0 type cokeeper
add_device 1
on d1 'ip link set cokeeper0 down'
check "each allocation of setting it up" each_fails "ip -n d1 link set cokeeper0 down" ip -n d1 link set cokeeper0 up
on d1 'ip link set cokeeper0 up'
check "each allocation of a change of options" each_fails "ip -n d1 link set cokeeper0 type cokeeper ring_size 262144" \
	ip -n d1 link set cokeeper0 type cokeeper ring_size 131072 steer route
in_d1 link set cokeeper0 type cokeeper steer intercept
# Numbers are those of netlink/cokeeper.h.
check "each allocation of what a helper says" each_fails true ip netns exec d1 genl cokeeper0 \
	5 : 6 '6{' 1=00163e000002 2=02000000 3=0100000000000000 '}' '6{' 1=00163e000003 2=03000000 3=0100000000000000 '}' : \
	7 '6{' 1=00163e000004 2=04000000 3=0100000000000000 '}' : 8 '6{' 1=00163e000004 '}'
check "each allocation of a look at devices and peers" each_fails true ip netns exec d1 cokeeper show
check "guests connect after all that" eval 'start_helpers 1 2 && connect 1 2'

# In softirqs it is chance which one fails: every tenth, of those that cannot wait.
bg server1 d1 'traffic serve'
bg server2 d2 'traffic serve'
for fault in failslab fail_page_alloc; do
	attr=/sys/kernel/debug/$fault
	echo Y >"$attr/ignore-gfp-wait"
	echo 10 >"$attr/probability"
	echo -1 >"$attr/times"
	bg flood d1 "for i in 1 2 3; do timeout 20 traffic tcp_stream $(ip4 2) 65536 10 1000 2 bidir
		timeout 20 traffic udp_flood $(ip4 2) 1400 500; done"
	wait_for 100 ended flood d1
	echo 0 >"$attr/probability"
	echo N >"$attr/ignore-gfp-wait"
	check "packets go by the rings after faults ($fault)" via_rings 1 2 90 on d1 "ping -q -c 100 -i 0.01 -w 30 $(ip4 2)"
done

stop_guests
unload
check "each allocation of the module's load" each_fails "rmmod cokeeper" insmod "$build/module/cokeeper.ko"
check "nothing is held" nothing_held
finish
