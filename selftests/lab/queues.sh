#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several queues: flows spread over the lanes of a channel, each keeps its order, and
# the number of lanes changes under traffic.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# queues GUEST NUMBER: sets it.
queues() {
	on "d$1" "ethtool -L cokeeper0 combined $2"
}

# has_queues GUEST NUMBER: has it so many in use?
has_queues() {
	on "d$1" "ethtool -l cokeeper0 | tail -n +7 | grep -qx 'Combined:[[:space:]]*$2'"
}

# queue_packets GUEST tx|rx: what went through each queue, in one line.
queue_packets() {
	on "d$1" "ethtool -S cokeeper0 | sed -n 's/ *$2_queue_[0-9]*_packets: //p'" | tr '\n' ' '
}

# all_packets: those sent by d1 and received by d2, then those of the other direction.
all_packets() {
	echo "$(queue_packets 1 tx)$(queue_packets 2 rx)$(queue_packets 2 tx)$(queue_packets 1 rx)"
}

# has_lanes NUMBER: has d1's one channel so many? Each has an event channel.
has_lanes() {
	on d1 "grep -c cokeeper0 /proc/interrupts | grep -qx $1"
}

# spreads: sixteen flows from d1 to d2 and back take both of the first two queues, at
# either end.
spreads() {
	local i before after
	before=$(all_packets)
	on d1 "iperf3 -c $(ip4 2) -P 16 -n 10M && iperf3 -c $(ip4 2) -P 16 -n 10M -R" || return
	after=$(all_packets)
	printf '%s\n' "$before" "$after"
	read -ra before <<<"$before"
	read -ra after <<<"$after"
	((${#after[@]} == 4 * 8)) || return
	for i in 0 1 8 9 16 17 24 25; do
		((after[i] - before[i] >= 20)) || return
	done
}

refused() {
	! on d1 "ethtool -L cokeeper0 combined $1" && has_queues 1 1
}

check "with one processor there is one queue" has_queues 1 1
check "no queue is refused" refused 0
check "more than there could be processors are refused" refused 9
mark d1 d2
check "d1 gets a second processor" plug 1 2
check "and with it a second queue" has_queues 1 2
check "d2 gets a second processor" plug 2 2
check "d1 and d2 see each other" busywait 5 has_peer 1 2
check "d1 and d2 have a channel" connect 1 2
check "of two lanes" has_lanes 2
check "whose events go to different processors" on d1 '
	for i in $(sed -n "s/^ *\([0-9]*\):.*cokeeper0$/\1/p" /proc/interrupts); do
		cat /proc/irq/$i/smp_affinity_list; done | sort | uniq | grep -c . | grep -qx 2'

# What TCP saw out of order, at either end.
reordered() {
	on "d$1" 'nstat -asz TcpExtTCPOFOQueue TcpExtTCPSACKReorder TcpExtTCPTSReorder TcpExtTCPRenoReorder |
		tail -n +2' | awk '{ n += $2 } END { print n + 0 }'
}
# What waited too long for a slow peer, and so took another way, at either end.
fell_back() {
	on "d$1" 'ethtool -S cokeeper0' | awk '/tx_fallback_(timeout|stalled|full)/ { n += $2 } END { print n + 0 }'
}
# in_order COMMAND...: by the rings alone, that is: what falls back may overtake.
in_order() {
	local before after fell try
	for ((try = 1; try < 7; try++)); do
		fell=$(fell_back 1)/$(fell_back 2)
		before=$(reordered 1)/$(reordered 2)
		"$@" || return
		after=$(reordered 1)/$(reordered 2)
		echo "try $try: reordered: $before -> $after, fell back: $fell -> $(fell_back 1)/$(fell_back 2)"
		[[ $fell != "$(fell_back 1)/$(fell_back 2)" ]] || break
	done
	((try < 7)) && [[ $before == "$after" ]]
}
serve_iperf d2
check "flows take both" spreads
check "one flow stays in order" in_order via_rings 1 2 100 on d1 "iperf3 -c $(ip4 2) -n 10M -b 20M"
# Slow enough that no CPU is out of breath.
check "so do eight" in_order via_rings 1 2 100 on d1 "iperf3 -c $(ip4 2) -P 8 -b 1M -n 4M"
stop_bg iperf3-server d2

# Ends that want different numbers take the smaller, whoever of them offers.
check "d1 has four queues" queues 1 4
check "d1 and d2 have a channel" connect 1 2
check "d2's two count" has_lanes 2
check "d1 has one queue" queues 1 1
check "d2 has eight" queues 2 8
check "d2 and d1 have a channel" connect 2 1
check "d1's one counts" has_lanes 1
check "d1 has eight, too" queues 1 8
check "d1 and d2 have a channel" connect 1 2
check "all count" has_lanes 8

# The number changes while a transfer runs, which takes what way there is.
transfer 1 2
changes() {
	local n
	for n in 1 2 4 8 3; do
		queues 1 "$n" && queues 2 $((9 - n)) && connect 1 2 || return
	done
	transfer_goes_on 1 2
}
check "the number changes under traffic" changes
check "the transfer ends, and nothing was lost" transfer_ends 1 2

check "d1 is back at one processor" plug 1 1
check "and at one queue" has_queues 1 1
check "so is d2" plug 2 1
check "nothing is logged at warning level" no_warnings d1 d2
finish
