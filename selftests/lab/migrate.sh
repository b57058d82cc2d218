#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest that moves, live or saved and restored, within a host or to another one, keeps its
# connections; its peers are those of the host that it is on; and nothing is left behind.
# Needs two hosts of two guests each: d1 and d2 on A, d3 and d4 on B. d2 moves.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

lab() {
	"$top/scripts/lab" "$1" --name "$LAB" "${@:2}"
}

# flow FROM TO: numbers go there by TCP all the time, each with many zeros before it; what
# leaves and what comes is summed up. The shell makes no process for them: each fork of a
# guest costs dear while its page tables are watched for the migration.
flow() {
	bg receive "d$2" 'socat -u TCP-LISTEN:7000 - | sha256sum'
	on "d$2" 'until ss -ltn | grep -q :7000; do :; done'
	on "d$1" 'rm -f /tmp/enough'
	bg send "d$1" "exec 3<> <(:); until [ -e /tmp/enough ]; do printf %08192d \$((n++)); read -rt 0.1 <&3; done |
		tee >(socat -u - TCP:$(ip4 "$2"):7000) | sha256sum"
}

# received GUEST: how many bytes of its flow.
received() {
	on "d$1" 'ss -tinH state established "sport = :7000" | grep -o "bytes_received:[0-9]*" | cut -d : -f 2'
}

more_than() {
	local now
	now=$(received "$1") && ((now > $2))
}

# flows_go_on: neither has been broken off, and both come to bring more.
flows_go_on() {
	local i before
	for i in 1 2; do
		before=$(received "$i") && busywait 60 more_than "$i" $((before + 40000)) || return
		on "d$i" '! [ -e /tmp/send.status ] && ! [ -e /tmp/receive.status ]' || return
	done
}

# flow_ends FROM TO: all that was sent has come.
flow_ends() {
	local sent received
	on "d$1" 'touch /tmp/enough' && busywait 60 ended receive "d$2" && busywait 10 ended send "d$1" &&
		sent=$(on "d$1" 'cat /tmp/send.log') && received=$(on "d$2" 'cat /tmp/receive.log') || return
	echo "sent: $sent, received: $received"
	[[ $sent == "$received" && $sent =~ ^[0-9a-f]{64}\ +-$ ]]
}

# flows_by_wire: they go on, and the wire carries them; flows_by_rings: the rings do.
wire_bytes() {
	on dom0 'cat /sys/class/net/wire/statistics/tx_bytes'
}

flows_by_wire() {
	local flow wire
	flow=$(received 2) && wire=$(wire_bytes) && flows_go_on &&
		flow=$(($(received 2) - flow)) && wire=$(($(wire_bytes) - wire)) || return
	echo "d2 received $flow bytes, the wire carried $wire"
	((wire >= 40000))
}

flows_by_rings() {
	local flow ring
	flow=$(received 2) && ring=$(peer 2 1 rx_bytes) && flows_go_on &&
		flow=$(($(received 2) - flow)) && ring=$(($(peer 2 1 rx_bytes) - ring)) || return
	echo "d2 received $flow bytes, its ring $ring"
	((ring >= 40000))
}

replies() {
	on d1 'grep -c "bytes from" /tmp/ping.log'
}

more_replies() {
	local now
	now=$(replies) && ((now >= $1))
}

# moves WHAT ARGUMENT...: d2 does, pinged by d1; sets gap to the longest time without a reply.
# It is that of d1's clock.
moves() {
	local what=$1 began=$SECONDS
	shift
	bg ping d1 "exec ping -n -D -i 0.1 $(ip4 2)"
	busywait 10 more_replies 20
	check "$what: d2 moves" lab migrate "$@"
	check "$what: it answers" busywait 60 more_replies $(($(replies) + 20))
	stop_bg ping d1
	gap=$(on d1 'awk -F "[][]" "/bytes from/ { if (n++ && \$2 - at > gap) gap = \$2 - at; at = \$2 }
		END { printf \"%d\", gap * 1000 }" /tmp/ping.log')
	echo "# $what: $gap ms without a reply; $(grep -c . <<<"$(on d1 'grep DUP /tmp/ping.log')") lines of duplicates; took $((SECONDS - began)) s"
	check "$what: the connections go on" flows_go_on
	check "$what: no zombie is left" busywait 10 no_zombie
}

on_a() {
	check "$1: d1 and d2 are peers" busywait 10 has_peer 1 2
	check "$1: and have a channel" connect 1 2
	check "$1: their connections go by it" flows_by_rings
	check "$1: their pings as well" by_rings 1 2
	check "$1: d3 does not know d2" has_no_peer 3 2
}

on_b() {
	check "$1: d1 does not know d2" busywait 5 has_no_peer 1 2
	check "$1: their connections go by the wire" flows_by_wire
	check "$1: d3 and d2 are peers" busywait 10 has_peer 3 2
	check "$1: and have a channel" connect 3 2
	check "$1: their pings go by it" by_rings 2 3
}

# ports GUEST DOM0: the event channels of it that Xen knows.
ports() {
	on "$2" "/usr/lib/xen-4.17/bin/lsevtchn \$(xl domid d$1) | wc -l"
}

# state: all that could be left behind, when no guest has a channel.
state() {
	local n host
	for n in 1 2 3 4; do
		on "d$n" 'ip link set cokeeper0 down && ip link set cokeeper0 up' || return
	done
	for n in 1 2 3 4; do
		busywait 20 holds_nothing "$n" >&2 || return
	done
	for host in dom0 dom0-b; do
		echo "$host"
		resources "$host" && on "$host" 'xl list | tail -n +2 | cut -d " " -f 1 | sort; ls /proc/$(pidof xenconsoled)/fd | wc -l' || return
	done
	for n in 1 2; do
		echo "d$n has $(ports "$n" dom0) event channels"
	done
}

check "there are two hosts" on dom0-b true
[[ $failures == 0 ]] || finish
tmp=$(mktemp -d)
trap 'rm -r "$tmp"' EXIT
mark d1 d3 dom0 dom0-b
check "d1 and d2 are peers" busywait 10 has_peer 1 2
# What polls here takes from dom0's processor.
check "idle loops do not poll" polling 0 1 2 3 4
check "nobody holds anything" eval 'state >"$tmp/before"'

declare -A gaps
moves=("live, A to A:A A" "live, A to B:A B" "live, B to A:B A" "saved, A to B:--save A B" "saved, B to A:--save B A")
flow 1 2
flow 2 1
for move in "${moves[@]}"; do
	what=${move%:*}
	# shellcheck disable=SC2086 # words
	moves "$what" d2 ${move#*:}
	gaps[$what]=$gap
	if [[ $what == *"to A" ]]; then on_a "$what"; else on_b "$what"; fi
done
check "no byte from d1 to d2 is wrong or lost" flow_ends 1 2
check "nor from d2 to d1" flow_ends 2 1
check "nobody holds anything" eval 'state >"$tmp/after"'
check "what there is is what there was" diff "$tmp/before" "$tmp/after"

for n in 1 2 3 4; do
	check "d$n goes without the module" stop $n
done
flow 1 2
flow 2 1
for move in "${moves[@]}"; do
	what=${move%:*}
	# shellcheck disable=SC2086 # words
	moves "$what, without the module" d2 ${move#*:}
	echo "# $what: the longest gap is ${gaps[$what]} ms, $gap ms without the module"
done
check "no byte from d1 to d2 is wrong or lost" flow_ends 1 2
check "nor from d2 to d1" flow_ends 2 1
for n in 1 2 3 4; do
	check "d$n has the module again" start $n
done
check "d1 and d2 are peers" busywait 10 has_peer 1 2
check "nothing is logged at warning level" no_warnings d1 d3 dom0 dom0-b
finish
