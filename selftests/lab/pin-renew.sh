#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# d3 maps all that d1 grants it, never unmaps it, and comes again as another instance, for 30
# or PIN_RENEW seconds: d1 grants it no more than a peer's share, and meanwhile still gets
# interfaces and disks, which work.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

seconds=${PIN_RENEW:-30}

# device FIELD, of_d3 FIELD: numbers that d1 shows; it has none of a peer that it does not know.
device() {
	show 1 | jq -e ".[0].$1 | numbers"
}
of_d3() {
	peer 1 3 "$1 | numbers"
}

# bounded: what d3 can hold of d1, and what all can.
bounded() {
	local all
	all=$(show 1) && jq -c '.[0] | {max_grants, max_peer_grants, max_ports, max_peer_ports},
		(.peers[] | {mac, reason, grants, late_grants, mapped, ports})' <<<"$all" &&
		jq -e --arg mac "$(mac 3)" '.[0] | . as $d | [.peers[] | select(.mac == $mac)] |
			all((.grants | type) == "number" and .grants <= $d.max_peer_grants and .late_grants <= .grants and .ports <= $d.max_peer_ports) and
			($d.max_peer_grants | type) == "number" and ($d.max_peer_ports | type) == "number"' <<<"$all" >/dev/null &&
		jq -e '.[0] | . as $d | ([.peers[].grants] | add) <= $d.max_grants and ([.peers[].ports] | add) <= $d.max_ports' \
			<<<"$all" >/dev/null
}

held() {
	end_hostile | tee /dev/stderr | grep -qE '^holds [1-9][0-9]* pages'
}

fewer_late() {
	local now
	now=$(of_d3 late_grants) && echo "$now late pages" && ((now < $1))
}

check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0
check "d3 has no module" turn_hostile
check "d3 holds a channel" hostile_goes_on pin-renew
end=$((SECONDS + seconds))
round=0
while ((SECONDS < end)); do
	round=$((round + 1))
	check "round $round: d1 gets an interface, and uses it" new_interface 1
	check "round $round: d1 gets a disk, and reads it" new_disk 1
	check "round $round: d1's netfront carries all" by_netfront 1
	check "round $round: d3 holds its share at most" bounded
done
check "d1 and d2 use their rings" by_rings 1 2
check "d1 gives d3 no channel" eval '[[ $(peer 1 3 reason) =~ ^(no-resources|flapping)$ ]]'
late=$(of_d3 late_grants)
check "d3 has kept pages" held
start 3
check "d3 is a good peer again" busywait 5 has_peer 1 3
# The kernel frees ten of them a second.
check "what it kept comes back" busywait 30 fewer_late "${late:-0}"

check "d3 holds a channel again" eval 'turn_hostile && hostile_goes_on pin-renew'
check "d3 is destroyed, and no zombie is left" eval 'on dom0 "xl destroy d3" && busywait 5 has_no_peer 1 3 && busywait 20 no_zombie d3'
check "a new d3 has nothing of it" eval "on dom0 'xl create -q /etc/xen/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3' &&
	busywait 5 has_peer 1 3 && [[ \$(of_d3 late_grants) == 0 ]]"
check "and gets a channel" connect 1 3
check "nothing is logged at warning level" no_warnings d1 d2 dom0
finish
