#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Packets between guests go by the rings and arrive as they were sent, both ways of steering,
# whatever the MTU and the number of queues.

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap stop_guests EXIT

pings() {
	on "d$1" "ping -q -c 30 -i 0.01 -w 20 $(ip4 "$2") && ping -q -c 30 -i 0.01 -w 20 $(ip6 "$2")" |
		grep -c ' 0% packet loss' | grep -qx 2
}

# tcp GUEST OTHER [bidir]: a transfer of large packets.
tcp() {
	local rate
	rate=$(on "d$1" "traffic tcp_stream $(ip4 "$2") 65536 50 300 1 ${3:-}")
	echo "bytes per second: $rate"
	[[ -n $rate && ${rate%%[ .]*} -gt 1000000 ]]
}

# rr GUEST OTHER: requests and answers of small packets.
rr() {
	on "d$1" "traffic tcp_rr $(ip4 "$2") 64 150 && traffic udp_rr $(ip4 "$2") 64 150"
}

# Each datagram arrives once, in order and with what was sent.
datagrams_arrive() {
	bg sink "d$2" 'datagrams serve eth0 gro'
	wait_for 5 on "d$2" 'ss -Hlun | grep -q :7002'
	on "d$1" "datagrams send $(ip4 "$2") 500 gso" && wait_for 10 ended sink "d$2"
	cat /tmp/sink.log
	# Of the last run, too.
	awk '/^datagrams/ { n = $2 } END { exit !(n >= 500) }' /tmp/sink.log
}

set_mtu() {
	on "d$1" "ip link set eth0 mtu $2"
	[[ $(on "d$1" 'cat /sys/class/net/cokeeper0/mtu') == "$2" ]]
}

# queues GUEST N: the channel is made anew with the next packet.
queues() {
	on "d$1" "ethtool -L cokeeper0 combined $2"
}

uses_queues() {
	local i used=0
	for i in 0 1 2 3; do
		(($(nic_stat "$1" "tx_queue_${i}_packets") == 0)) || used=$((used + 1))
	done
	echo "used: $used"
	((used >= $2))
}

many_flows() {
	on "d$1" "traffic tcp_stream $(ip4 "$2") 8192 50 300 8"
}

start_guests 3
for n in 1 2 3; do
	bg "server$n" "d$n" 'traffic serve'
	wait_for 5 on "d$n" 'ss -Hltn | grep -q :7000'
done

check "guests connect" connect 1 2
check "a third guest connects" connect 1 3
check "pings go by the rings" via_rings 1 2 50 pings 1 2
check "TCP goes by the rings" via_rings 1 2 100 tcp 1 2
check "TCP both ways at once goes by the rings" via_rings 2 1 100 tcp 2 1 bidir
check "small TCP and UDP packets go by the rings" via_rings 1 3 200 rr 1 3
check "datagrams arrive as they were sent" datagrams_arrive 1 2
check "the table of peers shows the traffic" test "$(peer 1 2 tx_packets)" -gt 100

check "a smaller MTU is followed" set_mtu 1 1400
check "pings go by the rings with a smaller MTU" via_rings 1 2 50 pings 1 2
check "TCP goes by the rings with a smaller MTU" via_rings 2 1 100 tcp 2 1
check "a larger MTU is followed" set_mtu 1 1500

check "more queues are taken" queues 1 4
check "more queues are taken at the other end" queues 2 2
check "guests connect again" connect 1 2
check "many flows go by the rings" via_rings 1 2 100 many_flows 1 2
check "many flows use more than one queue" uses_queues 1 2
check "one queue is taken" queues 1 1
check "guests connect with one queue" connect 1 2
check "TCP goes by the rings with one queue" via_rings 1 2 100 tcp 1 2

check "steering by routes is taken" on d1 'ip link set cokeeper0 type cokeeper steer route'
on d1 "ip route add $(ip4 2)/32 dev cokeeper0 src $(ip4 1); ip route add $(ip6 2)/128 dev cokeeper0"
check "pings go by the rings by routes" via_rings 1 2 50 pings 1 2
check "TCP goes by the rings by routes" via_rings 1 2 100 tcp 1 2
check "steering by interception is taken again" on d1 'ip link set cokeeper0 type cokeeper steer intercept'
on d1 'ip route flush dev cokeeper0; ip -6 route flush dev cokeeper0'
check "pings go by the rings again" via_rings 1 2 50 pings 1 2

finish
