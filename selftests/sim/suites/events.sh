#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What happens to devices, helpers and the domain while packets are on their way: rings are left
# and taken again, traffic goes on, and nothing is held for what is gone.

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap stop_guests EXIT

# Traffic from d1 to d2 and d3 that goes on whatever happens, and leaves time for the rest.
start_traffic() {
	bg flow2 d1 "while :; do ping -q -s 1400 -i 0.05 $(ip4 2); sleep 1; done"
	bg flow3 d1 "while :; do ping -q -s 1400 -i 0.05 $(ip6 3); sleep 1; done"
}

# As much as there can be, until what comes next ends it, or ten seconds are over.
flood() {
	bg flood d1 "timeout 10 traffic udp_flood $(ip4 2) 1000 10000"
}

stop_traffic() {
	stop_bg flow2 d1
	stop_bg flow3 d1
}

disconnected() {
	[[ $(peer "$1" "$2" state) != connected ]]
}

# reason GUEST OTHER REASON
reason() {
	[[ $(peer "$1" "$2" reason) == "$3" ]]
}

inactive() {
	[[ $(show "$1" | jq -r '.[0].inactive') == "$2" ]]
}

reaches() {
	on "d$1" "ping -q -c 10 -i 0.05 -w 10 $(ip4 "$2")" | grep ' 0% packet loss'
}

rejoin() {
	wait_for 10 connect "$1" "$2"
}

start_guests 3
for n in 1 2 3; do
	bg "server$n" "d$n" 'while :; do traffic serve; done'
	wait_for 5 on "d$n" 'ss -Hltn | grep -q :7000'
done
check "guests connect" connect 1 2
check "a third guest connects" connect 1 3
start_traffic

# The devices.
on d1 'ip link set eth0 down'
check "a lower device that is down ends the channel" wait_for 5 disconnected 2 1
check "the device says why" inactive 1 lower-down
on d1 'ip link set eth0 up; ip -6 address add "$1/64" dev eth0 nodad' "$(ip6 1)"
check "once it is up the guests connect" rejoin 1 2
on d2 'ip link set cokeeper0 down'
check "the off switch ends the channel" wait_for 5 disconnected 1 2
check "traffic goes on by the lower device" reaches 1 2
check "nothing else ends" connect 1 3
on d2 'ip link set cokeeper0 up'
check "once it is on the guests connect" rejoin 1 2
for i in {1..10}; do
	on d2 'ip link set cokeeper0 down; ip link set cokeeper0 up'
done
check "after 10 times off and on the guests connect" rejoin 1 2
on d2 'ip link set eth0 address 00:16:3e:00:01:02'
mac() {
	[[ $1 == 2 ]] && echo 00:16:3e:00:01:02 || printf '00:16:3e:00:00:%02x' "$1"
}
check "another MAC is another peer" wait_for 5 has_peer 1 2
check "the guests connect under it" rejoin 1 2
on d2 "ip link set eth0 address 00:16:3e:00:00:02"
mac() {
	printf '00:16:3e:00:00:%02x' "$1"
}
check "the first MAC is taken back" rejoin 1 2

# Options and limits.
check "another ring size is taken" on d1 'ip link set cokeeper0 type cokeeper ring_size 131072'
check "the guests connect with it" rejoin 1 2
check "no polling is taken" on d1 'ip link set cokeeper0 type cokeeper poll_usecs 0'
check "the guests reach each other without polling" reaches 1 2
check "a share of memory is taken" on d1 'ip link set cokeeper0 type cokeeper memory_share 1'

# What tc does on the lower device is not passed by.
falls_back() {
	local before
	before=$(nic_stat 1 "tx_fallback_$1")
	reaches 1 2 && (($(nic_stat 1 "tx_fallback_$1") > before))
}
on d1 'tc qdisc add dev eth0 clsact'
on d1 'tc filter add dev eth0 egress matchall action ok'
check "a filter at tc's egress is not passed by" falls_back tc
on d1 'tc qdisc del dev eth0 clsact; tc qdisc add dev eth0 root netem delay 1ms'
check "a discipline that delays is not passed by" falls_back qdisc
on d1 'tc qdisc del dev eth0 root'
for n in 1 2; do
	on "d$n" 'ip link add link eth0 name eth0.5 type vlan id 5 && ip address add "10.5.0.$1/24" dev eth0.5 &&
		ip link set eth0.5 up' "$n"
done
vlan() {
	local before
	before=$(nic_stat 1 tx_fallback_vlan)
	on d1 'ping -q -c 5 -i 0.05 -w 5 10.5.0.2' && (($(nic_stat 1 tx_fallback_vlan) > before))
}
check "packets with a VLAN tag go by the lower device" vlan
for n in 1 2; do
	on "d$n" 'ip link del eth0.5'
done
on d2 'nft add table netdev t && nft add chain netdev t c "{ type filter hook ingress device eth0 priority 0; }" &&
	nft add rule netdev t c ip protocol icmp drop'
check "the receiver's ingress rules hold" on d1 "! ping -q -c 3 -i 0.05 -w 2 $(ip4 2)"
on d2 'nft delete table netdev t'
check "without them packets arrive" reaches 1 2
on d1 'nft add table netdev t && nft add chain netdev t c "{ type filter hook egress device eth0 priority 0; }" &&
	nft add rule netdev t c ip protocol icmp drop'
check "the sender's egress rules hold" on d1 "! ping -q -c 3 -i 0.05 -w 2 $(ip4 2)"
on d1 'nft delete table netdev t'
check "without them packets leave" reaches 1 2

# A program of the lower device's driver.
on d2 'xdp eth0 on'
check "a native XDP program ends the channel" wait_for 5 inactive 2 xdp
check "traffic goes on by the lower device, past the program" reaches 1 2
on d2 'xdp eth0 off'
check "without the program the guests connect" wait_for 5 rejoin 1 2

# Events that get lost, as Xen's do not: what fills the ring falls back, and all that comes after it.
knob lose_events 1000000
flood
check "packets arrive by the lower device if all events are lost" wait_for 15 reaches 1 2
knob lose_events 0
stop_bg flood d1
on d1 'ip link set cokeeper0 down; ip link set cokeeper0 up'
check "a channel made anew works" rejoin 1 2

# The domain. All devices of this kernel suspend at once.
for how in thaw restore; do
	before=$(peer 1 2 instance)
	flood
	knob suspend freeze
	check "nothing is held while the domain is suspended ($how)" wait_for 5 nothing_held
	check "the device says why ($how)" inactive 1 suspended
	knob suspend $how
	check "the guests connect after it ($how)" rejoin 1 2
	after=$(peer 1 2 instance)
	if [[ $how == thaw ]]; then
		check "the instance is the same" test "$before" == "$after"
	else
		check "the instance is a new one" test "$before" != "$after"
	fi
done
knob suspend shutdown
check "nothing is held once the domain shuts down" wait_for 5 nothing_held
knob suspend thaw
check "the guests connect" rejoin 1 2

# Helpers.
stop_helpers
start_helpers 1 2 3
check "helpers that come back soon find the peers as they were" connected 1 2
removed=$(<"$sim/removed")
stop_helpers
sleep 10
check "peers are kept for a while without a helper" has_peer 1 2
check "they are forgotten later" wait_for 20 has_no_peer 1 2
check "what was announced is removed" test $(($(<"$sim/removed") - removed)) -ge 3
start_helpers 1 2 3
check "with helpers the guests connect" rejoin 1 2
knob xenbus_error 5
stop_helpers
sleep 25
knob xenbus_error 0
start_helpers 1 2 3
check "and also if the announcement could not be removed" rejoin 1 2

# Peers that go.
flood
ip link del veth2
check "a lower device that is unplugged takes its device with it" on d2 '! ip link show cokeeper0'
check "its peers forget it" wait_for 10 has_no_peer 1 2
check "what others use stays" connect 1 3
stop_helpers
del_guest 2
add_guest 2
bg server2 d2 'traffic serve'
start_helpers 1 2 3
check "one that comes back connects" rejoin 1 2
flood
# A socket of theirs would keep it.
stop_helpers
del_guest 2
start_helpers 1 3
check "a namespace that is removed leaves nothing behind" wait_for 10 has_no_peer 1 2
stop_helpers
add_guest 2
start_helpers 1 2 3
check "its successor connects" rejoin 1 2

# Pages that peers do not give back.
knob keep_mapped 1
for i in {1..6}; do
	on d1 'ip link set cokeeper0 down; ip link set cokeeper0 up'
	wait_for 3 connect 1 2 >/dev/null
done
check "peers keep pages" test "$(<"$sim/kept")" -gt 0
check "traffic goes on" reaches 1 2
for i in {1..8}; do
	on d1 'ip link set cokeeper0 down; ip link set cokeeper0 up'
	on d1 "ping -q -c 3 -i 0.1 -w 1 $(ip4 2)" >/dev/null
done
check "there is an end to what they may keep" test "$(<"$sim/kept")" -lt 5000
knob keep_mapped 0
knob unmap_kept 1
check "late pages come back" wait_for 20 eval '[[ $(<$sim/deferred) == 0 ]]'

stop_traffic
check "a device is deleted" on d1 'ip link del cokeeper0'
stop_guests
check "nothing is held" nothing_held
finish
