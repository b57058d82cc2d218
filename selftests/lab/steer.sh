#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Steering by route: what the routes and the rule do, and what they leave alone; and the
# off switch.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# steer HOW GUEST...
steer() {
	local how=$1 n
	shift
	for n; do
		on "d$n" "ip link set cokeeper0 type cokeeper steer $how" || return
	done
}

# leads GUEST FAMILY ADDRESS DEVICE [SELECTOR]: what 'ip route get' says of it.
leads() {
	on "d$1" "ip $2 route get $3 ${5:-}" | tee /dev/stderr | grep -q " dev $4 "
}

leads_to_rings() {
	leads 1 -4 "$(ip4 2)" cokeeper0 && leads 1 -6 "$(ip6 2)" cokeeper0
}

exec 3>&1
mark d1 d2 d3
check "the guests steer by route" steer route 1 2 3
check "d1 and d2 have a channel" connect 1 2
check "IPv4 and IPv6 to d2 are routed to the rings" busywait 5 leads_to_rings

# A client behind d1, and the way back to it through d1.
on d1 'ip netns add client && ip link add inner type veth peer name uplink netns client &&
	ip addr add 10.7.0.1/24 dev inner && ip addr add fd07::1/64 nodad dev inner && ip link set inner up &&
	ip netns exec client sh -c "ip link set uplink up; ip addr add 10.7.0.2/24 dev uplink
		ip addr add fd07::2/64 nodad dev uplink; ip route add default via 10.7.0.1
		ip -6 route add default via fd07::1" &&
	echo 1 | tee /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv6/conf/all/forwarding'
gateway_is_by_eth0() {
	on d2 "ip route add 10.7.0.0/24 via $(ip4 1) && ip -6 route add fd07::/64 via $(ip6 1)" &&
		leads 2 -4 10.7.0.2 eth0 && leads 2 -6 fd07::2 eth0
}
check "a route through a peer goes by the lower device" gateway_is_by_eth0
forwarded() {
	local before after
	before=$(counters 1) && on d1 "ip netns exec client ping -q -i 0.05 -c 10 -w 10 $1" && after=$(counters 1) || return
	echo "$before -> $after"
	[[ ${before% * * } == "${after% * * }" ]]
}
check "forwarded IPv4 packets go by the lower device" forwarded "$(ip4 2)"
check "forwarded IPv6 packets go by the lower device" forwarded "$(ip6 2)"
check "and so says 'ip route get'" leads 1 -4 "$(ip4 2)" eth0 'from 10.7.0.2 iif inner'
on d1 'ip netns del client; echo 0 | tee /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv6/conf/all/forwarding'
on d2 'ip route del 10.7.0.0/24; ip -6 route del fd07::/64'

# user_wins FAMILY ADDRESS ROUTE EXPECTED
user_wins() {
	on d1 "ip $1 route add $3" &&
		busywait 5 on d1 "ip $1 route get $2 2>&1 | tee /dev/stderr | grep -Eq '$4'" &&
		busywait 5 on d1 "! ip $1 route show table cokeeper | grep -q '^$2 '" &&
		on d1 "ip $1 route del $3" && busywait 5 leads_to_rings
}
check "a host route of the user's through d3 wins" user_wins -4 "$(ip4 2)" "$(ip4 2) via $(ip4 3)" "via $(ip4 3) dev eth0"
check "a more specific prefix of the user's wins" user_wins -4 "$(ip4 2)" "10.0.0.8/29 via $(ip4 3)" "via $(ip4 3) dev eth0"
check "an unreachable route wins" user_wins -4 "$(ip4 2)" "unreachable $(ip4 2)" unreachable\|'No route'
check "an IPv6 host route of the user's wins" user_wins -6 "$(ip6 2)" "$(ip6 2) via $(ip6 3)" "via $(ip6 3) dev eth0"

rules() {
	[[ $(on d1 "{ ip rule; ip -6 rule; } | grep -c 'lookup cokeeper'") == "$1" ]]
}
rule_comes_back() {
	on d1 'ip rule del lookup cokeeper && ip -6 rule del lookup cokeeper' && busywait 5 rules 2
}
check "a rule that is deleted comes back" rule_comes_back
is_bounded() {
	local n
	n=$(on d1 'n=0 end=$((SECONDS + 8)); while ((SECONDS < end)); do
		! ip rule del lookup cokeeper 2>/dev/null || n=$((n + 1)); done; echo $n')
	echo "deleted $n times in 8 s"
	((n >= 2 && n <= 5))
}
check "but not for ever at once" is_bounded
check "and it is back in the end" busywait 64 rules 2

# --- the off switch
absent() {
	on "d$1" "! xenstore-exists data/cokeeper/00163e00000$1/announce"
}
# caused GUEST EVENT OTHER CAUSE: GUEST's monitor has told of it.
caused() {
	on "d$1" 'cat /tmp/monitor.log' | jq -es --arg mac "$(mac "$3")" --arg event "$2" --arg cause "$4" \
		'any(.[]; .mac == $mac and .event == $event and .cause == $cause)'
}
exchange() {
	on d1 "ping -q -i 0.05 -c 10 -w 10 $(ip4 2)" && on d2 "ping -q -i 0.05 -c 10 -w 10 $(ip6 1)"
}
nothing_left() {
	on d2 '! { ip rule; ip -6 rule; } | grep -q "lookup cokeeper"' &&
		on d2 '[ -z "$(ip route show table cokeeper; ip -6 route show table cokeeper)" ]' &&
		has_no_peer 2 1
}

bg monitor d1 'exec cokeeper -j monitor'
check "d1 and d2 have a channel" connect 1 2
on d2 'ip link set cokeeper0 down'
check "a device that is down is no member" busywait 2 has_no_peer 1 2
check "it withdrew" caused 1 leave 2 withdrawn
check "and has no rule, no route and no peer" busywait 2 nothing_left
check "traffic goes on by netfront" exchange
on d2 'kill -9 $(cat /run/lab-cokeeperd.pid); /usr/lib/cokeeper-lab/start'
check "a helper that starts again leaves it down" busywait 5 on d2 'tail -n 1 /var/log/cokeeperd.log | grep "inactive: link-down"'
check "and unannounced" absent 2
check "traffic still goes on" exchange

# connects_soon WHO: once d2 is up, WHO's first packets to the other of d1 and d2 have a channel,
# and no attempt fails before. By WHO's clock, and with the way to d2's shell.
connects_soon() {
	local who=$1 other=$((3 - $1)) up joined connected
	bg monitor2 "d$who" 'exec cokeeper -j monitor'
	up=$(on "d$who" 'date +%s.%N') && on d2 'ip link set cokeeper0 up' || return
	on "d$who" "until grep -q '\"connect\"' /tmp/monitor2.log; do
		ping -q -c 1 -W 0.1 $(ip4 "$other") >/dev/null; ((SECONDS < 10)) || exit; done" || return
	stop_bg monitor2 "d$who"
	joined=$(event_time "$who" join "$other") && connected=$(event_time "$who" connect "$other") || return
	awk -v u="$up" -v j="$joined" -v c="$connected" -v who="d$who" 'BEGIN {
		printf "# %s: within %.0f ms of setting d2 up joined, within %.0f ms connected\n", who, (j - u) * 1e3, (c - u) * 1e3
		exit c - u >= 5 }' >&3 &&
		on "d$who" 'cat /tmp/monitor2.log' | tee /dev/stderr | jq -es --arg mac "$(mac "$other")" \
			'[.[] | select(.mac == $mac) | .event] == ["join", "connect"]'
}
event_time() {
	local time
	time=$(on "d$1" 'cat /tmp/monitor2.log' | jq -r --arg mac "$(mac "$3")" --arg event "$2" \
		'select(.event == $event and .mac == $mac) | .time' | tail -n 1)
	[[ -n $time ]] && date -d "$time" +%s.%N
}
check "it is up, and d2's first packets have a channel at once" connects_soon 2
check "it was announced" caused 1 join 2 announced
on d2 'ip link set cokeeper0 down'
check "it is down again" busywait 2 has_no_peer 1 2
check "traffic goes on" exchange
check "it is up, and d1's first packets have a channel at once" connects_soon 1

# Sooner than the host looks, so that it could take it for no change.
blinks() {
	local i
	stop_bg monitor d1
	bg monitor d1 'exec cokeeper -j monitor'
	for i in 1 2 3; do
		connect 1 2 && on d2 'ip link set cokeeper0 down; ip link set cokeeper0 up' &&
			busywait 5 times "$i" leave && busywait 5 times "$i" join || return
	done
	connect 1 2
}
times() {
	[[ $(on d1 "grep -c '\"$2\".*$(mac 2)\|$(mac 2).*\"$2\"' /tmp/monitor.log") -ge $1 ]]
}
check "one that is down for a moment leaves and joins" blinks
stop_bg monitor d1

# --- where packets to the device would be dropped
hindered_by_rp_filter() {
	on d2 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter' && busywait 2 has_no_peer 1 2 &&
		busywait 2 nothing_left && exchange
	local status=$?
	on d2 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter' && return "$status"
}
check "with a strict rp_filter it is no member" hindered_by_rp_filter
check "without it is one again" busywait 5 connect 1 2

# Its network is away meanwhile, so d2 does all that by itself.
bg vrf d2 "ip link add vrf9 up type vrf table 9 && ip link set eth0 master vrf9
	end=\$((SECONDS + 5))
	while xenstore-exists data/cokeeper/00163e000002/announce && ((SECONDS < end)); do :; done
	! xenstore-exists data/cokeeper/00163e000002/announce; echo \$? >/tmp/absent
	ip link del vrf9 && ip addr add $(ip6 2)/64 nodad dev eth0"
check "d2 was in a VRF" busywait 20 ended vrf d2
check "and no member then" on d2 'cat /tmp/vrf.log; [ "$(cat /tmp/vrf.status) $(cat /tmp/absent)" = "0 0" ]'
check "without it is one again" busywait 5 connect 1 2

# --- back
nothing_is_routed() {
	local n
	for n in 1 2 3; do
		on "d$n" '! { ip rule; ip -6 rule; } | grep "lookup cokeeper" &&
			[ -z "$(ip route show table cokeeper; ip -6 route show table cokeeper)" ]' || return
	done
}
check "the guests steer at the lower device" steer intercept 1 2 3
check "no rule and no route is left" busywait 2 nothing_is_routed
check "d1 and d2 have a channel" connect 1 2
check "which is used" via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
check "nothing is logged at warning level" no_warnings d1 d2 d3
finish
