#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who is there: members are known at once, to all, and gone at once.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

lists_the_others() {
	local n
	for n in 1 2 3; do
		[[ $n == "$1" ]] || has_peer "$1" "$n" || return
	done
}

for n in 1 2 3; do
	check "d$n lists the two others" busywait 5 lists_the_others "$n"
done

# The publisher's host sees the announcement; d1 sees the peer.
joins_within() {
	local limit=$1 announced joined
	stop 3 && busywait 5 has_no_peer 1 3 || return
	bg monitor d1 'exec cokeeper -j monitor'
	# The first event is that of setting the watch.
	bg watch dom0 'xenstore-watch -n 2 /local/domain/$(xl domid d3)/data/cokeeper; date +%s.%N >/tmp/announced'
	on dom0 'until pgrep -x xenstore-watch; do :; done'
	start 3 || return
	busywait 5 on d1 "grep '$(mac 3)' /tmp/monitor.log | grep -q join" || return
	stop_bg monitor d1
	announced=$(on dom0 'cat /tmp/announced') || return
	joined=$(on d1 'cat /tmp/monitor.log' | jq -r --arg mac "$(mac 3)" \
		'select(.event == "join" and .mac == $mac) | .time' | tail -n 1)
	joined=$(date -d "$joined" +%s.%N) || return
	echo "announced $announced, joined $joined"
	awk -v a="$announced" -v j="$joined" -v l="$limit" 'BEGIN { exit !(j - a < l) }'
}
check "a guest is listed within a second of its announcement" joins_within 1

leaves() {
	stop 3 && busywait 2 has_no_peer 1 3 && busywait 2 has_no_peer 2 3
}
check "a guest whose helper stops is dropped" leaves

comes_back() {
	start 3 && busywait 3 has_peer 1 3 && busywait 3 has_peer 2 3 && busywait 3 has_peer 3 1
}
check "it is listed again when it starts" comes_back

# has_address GUEST OTHER ADDRESS: does GUEST know it as OTHER's?
has_address() {
	peer "$1" "$2" "addresses | index(\"$3\") != null"
}
both_addresses() {
	has_address 1 3 "$(ip4 3)" && has_address 1 3 "$(ip6 3)"
}
check "its IPv4 and IPv6 addresses are known" busywait 2 both_addresses

no_route() {
	on d1 "ip route get $(ip4 3)" | grep -q 'dev eth0' && [[ -z $(on d1 'ip route show table cokeeper') ]]
}
check "no route leads to the device" no_route

address_is_followed() {
	on d3 'ip addr add 10.0.0.99/24 dev eth0' || return
	busywait 3 has_address 1 3 10.0.0.99 || return
	on d3 'ip addr del 10.0.0.99/24 dev eth0'
	busywait 3 eval '! has_address 1 3 10.0.0.99'
}
check "an address that comes and goes is followed" address_is_followed

finish
