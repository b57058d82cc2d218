#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that takes little, or does not say what it took, delays no packet to another peer,
# and none to itself by more than 30 ms.
#
# d1 sends so many datagrams to d2 that they fill a ring in 20 ms, by a socket that also
# answers d3. Meanwhile d1 and d3 ping each other. The times are compared with those of a d2
# that behaves well.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

m1=00163e000001 m2=00163e000002
samples=300
# Pings before those.
settle=200
sndbuf=65536
# In microseconds: what a greedy peer may add for others, and what a sender may wait.
extra_max=1000
wait_max=30000

# times HOST LOG: the statistics of a ping's output, as 'hold ask' prints them, without those
# pings at first that were there to be disturbed by programs that start.
times() {
	on "$1" "cat /tmp/$2" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | tail -n +$((settle + 1)) | sort -n |
		awk -v samples="$samples" '{ t[NR] = $1 * 1000 } END {
			printf "median %d p99 %d longest %d lost %d\n", t[int((NR + 1) / 2)],
				t[NR - int(NR / 100)], t[NR], samples - NR }'
}

# measure NAME: sends to d2, and has figures of it.
measure() {
	bg feed d1 "exec /tmp/hold feed $(ip4 2) $sndbuf"
	on d1 'until ss -lun | grep -q :7100; do :; done' || return
	bg out d1 "ping -i 0.002 -c $((settle + samples)) $(ip4 3)"
	on d3 "ping -i 0.002 -c $((settle + samples)) $(ip4 1) >/tmp/in.log &
		sleep 0.4; /tmp/hold ask $(ip4 1) $samples >/tmp/ask.log; wait"
	busywait 60 ended out d1 && on d1 'until grep -q ^sent /tmp/feed.log; do :; done' || return
	{
		echo "answer $(on d3 'cat /tmp/ask.log')"
		echo "ping-in $(times d3 in.log)"
		echo "ping-out $(times d1 out.log)"
		echo "feed $(on d1 'cat /tmp/feed.log')"
		echo "charge $(on d1 "/tmp/hold charge $(ip4 2) 10 $sndbuf")"
	} >"$figures/$1"
	sed "s/^/# $1: /" "$figures/$1" >&3
	[[ $(grep -c ' lost 0$' "$figures/$1") == 3 ]]
}

# figure NAME WHAT KEY: of those.
figure() {
	grep -Po "^$2 .*\b$3 \K[0-9]+" "$figures/$1"
}

# no_later NAME WHAT: compared with the good peer, and with one that is reached by netfront, as
# a stalled one is.
no_later() {
	local q time good absent
	for q in median p99; do
		time=$(figure "$1" "$2" "$q") && good=$(figure good "$2" "$q") && absent=$(figure absent "$2" "$q") || return
		echo "$q: $time us, with a good peer $good us, by netfront $absent us"
		((time <= (good > absent ? good : absent) + extra_max)) || return
	done
}

at_most_wait() {
	local sending charged
	sending=$(figure "$1" feed longest) && charged=$(figure "$1" charge longest) || return
	echo "one call took $sending us at most, and a socket was charged for $charged us"
	((sending <= wait_max && charged <= wait_max))
}

count() {
	on d1 "ethtool -S cokeeper0 | sed -n 's/^ *$1: //p'"
}

# remember, then grown COUNTER...: have they?
counters=(tx_fallback_timeout tx_fallback_stalled)
remember() {
	local c
	for c in "${counters[@]}"; do
		count "$c" >"$figures/$c"
	done
}
grown() {
	local c before now
	for c; do
		before=$(<"$figures/$c") now=$(count "$c")
		echo "$c: $before -> $now"
		((now > before)) || return
	done
}

be_hostile() {
	bg hostile d2 "exec /tmp/hostile $m2 $m1 $1" && busywait 20 on d2 'grep ^open /tmp/hostile.log' &&
		connected 1 2
}
by_netfront() {
	local before after
	before=$(packets 1 cokeeper0 tx) && on d1 "ping -q -c 20 -i 0.05 -w 10 $(ip4 2) | grep ' 0% packet loss'" &&
		after=$(packets 1 cokeeper0 tx) && echo "the rings carried $((after - before))" && ((after - before < 10))
}
by_rings() {
	local before after
	before=$(packets 1 cokeeper0 tx) && on d1 "ping -q -c 20 -i 0.05 -w 10 $(ip4 2) | grep ' 0% packet loss'" &&
		after=$(packets 1 cokeeper0 tx) && echo "the rings carried $((after - before))" && ((after - before >= 20)) &&
		! stalled 1 2
}
behaves() {
	on d2 'kill -USR1 "$(cat /tmp/hostile.pid)"' && busywait 5 by_rings
}
# taken: what it took before it behaved.
leaves() {
	on d2 'kill "$(cat /tmp/hostile.pid)"; until grep ^taken /tmp/hostile.log; do :; done' && busywait 5 has_no_peer 1 2
}
taken() {
	on d2 "sed -n 's/^taken //p' /tmp/hostile.log"
}
# Begun before there is a ring that it could be caught in.
transfer_goes_on() {
	bg tcp d1 "iperf3 -c $(ip4 2) -b 100M -t 20" && busywait 5 on d2 'ss -tn | grep -q "ESTAB.*:5201 "' &&
		be_hostile hold && busywait 60 ended tcp d1 && on d1 'cat /tmp/tcp.log; [ "$(cat /tmp/tcp.status)" = 0 ]' &&
		stalled 1 2
}
start_sink() {
	bg sink d2 'exec /tmp/hold sink' && on d2 'until ss -lun | grep -q :7101; do :; done'
}
# Prints how many datagrams came.
stop_sink() {
	on d2 'kill "$(cat /tmp/sink.pid)"; until grep -q ^received /tmp/sink.log; do :; done; sed "s/received //" /tmp/sink.log'
}

exec 3>&1
figures=$(mktemp -d)
trap 'rm -r "$figures"' EXIT
for i in 1 2 3; do
	copy_tool hold "d$i"
done
copy_tool hostile d2
! icount || check "all work is on one processor" one_processor
check "d1 and d3 do not poll" polling 0 1 3
on d2 'ip link set cokeeper0 type cokeeper poll_usecs 0'
check "d1 and d2 have a channel" connect 1 2
check "d1 and d3 have a channel" connect 1 3
mark d1 d3
serve_iperf d2
start_sink
check "a good peer is measured" measure good
timed "and keeps no sender waiting" at_most_wait good

stop 2
on d2 'modprobe -a xen-gntalloc xen-evtchn tun'
check "d2 is no peer" busywait 5 has_no_peer 1 2
check "one that is no peer is measured" measure absent
stop_sink >/dev/null
for mode in hold drip burst mute mute-poll; do
	start_sink
	remember
	check "$mode: there is a channel" be_hostile $mode
	check "$mode: it is measured, and d3 loses nothing" measure $mode
	timed "$mode: d3's pings are not later" no_later $mode ping-in
	timed "$mode: pings to d3 are not later" no_later $mode ping-out
	timed "$mode: the socket that sends to d2 answers d3 no later" no_later $mode answer
	timed "$mode: no sender waits longer than 30 ms" at_most_wait $mode
	case $mode in
	drip)
		# Its ring may be empty again by now.
		check "$mode: packets fell back, at first after a time" grown tx_fallback_timeout tx_fallback_stalled
		;;
	hold)
		check "$mode: packets fell back, at first after a time" grown tx_fallback_timeout tx_fallback_stalled
		check "$mode: the peer is shown as stalled" stalled 1 2
		check "$mode: all goes by netfront" by_netfront
		;;
	burst)
		check "$mode: packets fell back after a time" grown tx_fallback_timeout
		;;
	esac
	if [[ $mode == hold ]]; then
		received=$(stop_sink)
		start_sink
		check "$mode: the datagrams arrive by netfront" test "$received" -gt 1000
		check "$mode: d2 took nothing, and leaves" eval 'leaves && [[ $(taken) == 0 ]]'
		check "$mode: a transfer goes on" transfer_goes_on
		on d2 'ip tuntap add dev rings mode tun vnet_hdr && ip link set rings up'
		check "$mode: d2 leaves, and is so again" eval 'leaves && be_hostile hold'
		check "$mode: its ring is full" eval "on d1 '/tmp/hold charge $(ip4 2) 1' && stalled 1 2"
	fi
	check "$mode: the rings are used again once it behaves" behaves
	check "$mode: d2 leaves" leaves
	stop_sink >/dev/null
done

stop_bg iperf3-server d2
on d2 'ip link del rings'
start 2
check "d2 is a good peer again" busywait 5 has_peer 1 2
polling 50 1 3
check "nothing is logged at warning level" no_warnings d1 d3
finish
