#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random netlink messages (case 33): errors at most. Without privileges they change nothing
# (case 32).

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap stop_guests EXIT

seconds=8

# fuzz GUEST SEED [COMMAND...]
fuzz() {
	local n=$1 seed=$2 out
	shift 2
	out=$(ip netns exec "d$n" "$@" fuzz "$seed" "$seconds" cokeeper0 eth1)
	echo "$out"
	grep -q ' sent, ' <<<"$out"
}

# All but what traffic changes.
configuration() {
	show "$1" | jq '[.[] | {instance, generation, helper, peers: [.peers[] | {mac, domid, instance, state}]}]'
	on "d$1" 'ip -d link'
}

unchanged() {
	local before
	before=$(configuration 2)
	fuzz 2 "$1" setpriv --reuid 1000 --clear-groups && [[ $(configuration 2) == "$before" ]]
}

# With all capabilities, but in a user namespace.
unchanged_by_container() {
	local before
	before=$(configuration 2)
	fuzz 2 "$1" unshare --user --map-root-user && [[ $(configuration 2) == "$before" ]]
}

start_guests 3
for n in 1 2; do
	on "d$n" 'ip link add eth1 type dummy; ip link set eth1 up'
done
check "guests connect" connect 2 3
check "random messages without privileges change nothing" unchanged 1
check "random messages from a user namespace change nothing" unchanged_by_container 2
check "the guests are still connected" connected 2 3
check "random messages do no harm" fuzz 1 3
stop_helpers
# Now there is no helper, so the messages may bind one.
check "random messages that may bind a helper do no harm" fuzz 1 4
on d1 'ip link del cokeeper0 2>/dev/null; ip link set eth0 up'
add_device 1
check "a helper finds a device as new" eval 'start_helpers 1 2 3 && wait_for 10 connect 1 2'
finish
