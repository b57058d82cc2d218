#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Beside a hostile d3, d1 and d2 keep 80 % of the throughput and less than twice the latency
# (p99) that they have beside an honest d3 that is as busy.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

samples=500

# measure NAME: the throughput from d1 to d2 in bytes a second, and then the times of pings.
measure() {
	on d1 "/tmp/traffic tcp_stream $(ip4 2) 65536 200 1000 | sed 's/^/rate /'
		ping -i 0.002 -c $samples $(ip4 2) | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
		awk -v samples=$samples '{ t[NR] = \$1 * 1000 } END {
			printf \"median %d\\np99 %d\\nlost %d\\n\", t[int((NR + 1) / 2)], t[NR - int(NR / 100)], samples - NR }'" \
		>"$figures/$1"
	sed "s/^/# $1: /" "$figures/$1" >&3
	grep -q '^rate [1-9]' "$figures/$1" && grep -qx 'lost 0' "$figures/$1"
}

# figure NAME KEY: of those.
figure() {
	sed -n "s/^$2 \([0-9]*\).*/\1/p" "$figures/$1"
}

cheap() {
	local rate p99 honest_rate honest_p99
	rate=$(figure "$1" rate) p99=$(figure "$1" p99) honest_rate=$(figure honest rate) honest_p99=$(figure honest p99)
	echo "$rate bytes a second, p99 $p99 us; beside an honest peer $honest_rate, $honest_p99 us"
	((rate * 100 >= honest_rate * 80 && p99 < 2 * honest_p99))
}

# Sends to d3 all the time, as much as fills a ring in 20 ms; d3 asks for it.
feed_d3() {
	bg feed d1 "exec /tmp/hold feed $(ip4 3)" && on d1 'until ss -lun | grep -q :7100; do :; done' &&
		on d3 "printf 1234 | socat -t 0 - UDP:$(ip4 1):7100"
}

# again_and_again MODE: what does not last.
again_and_again() {
	bg hostile d3 "while :; do /tmp/hostile -t 1 $(node 3) $(node 1) $1; done" && busywait 300 on d3 'grep . /tmp/hostile.log'
}
no_more() {
	stop_bg hostile d3
	on d3 "xenstore-rm data/cokeeper/$(node 3); true" && busywait 5 has_no_peer 1 3
}

exec 3>&1
figures=$(mktemp -d)
trap 'rm -r "$figures"' EXIT
make -s -C "$top/selftests/bench" O="$top/build/bench" "$top/build/bench/traffic"
for i in 1 2; do
	"$top/scripts/lab" copy --name "$LAB" "$top/build/bench/traffic" "d$i:/tmp/traffic"
done
copy_tool hold d1
! icount || check "all work is on one processor" one_processor
check "d1 and d2 do not poll" polling 0 1 2
check "d1 and d3 have a channel" connect 1 3
check "d1 and d2 have a channel" connect 1 2
mark d1 d2
bg serve d2 'exec /tmp/traffic serve'
serve_iperf d1
check "d1 sends to d3 all the time" feed_d3
bg busy d3 "exec iperf3 -c $(ip4 1) -t 3600"
check "d3 sends to d1 all the time" busywait 5 on d1 'ss -tn | grep -q "ESTAB.*:5201 "'
check "beside an honest peer d1 and d2 are measured, and lose nothing" measure honest
stop_bg busy d3

check "d3 has no module" turn_hostile
for mode in prod-beyond cons-ahead length-zero length-flips bad-gso storm spoof ra csum; do
	check "$mode: again and again" again_and_again $mode
	check "$mode: d1 and d2 are measured, and lose nothing" measure $mode
	check "$mode: d3 leaves" no_more
	timed "$mode: they keep 80 % of the rate, and half of the speed" cheap $mode
done
for mode in hold drip mute silent renew flap pin-renew; do
	check "$mode: it begins" hostile_goes_on $mode
	check "$mode: d1 and d2 are measured, and lose nothing" measure $mode
	check "$mode: d3 leaves" end_hostile
	timed "$mode: they keep 80 % of the rate, and half of the speed" cheap $mode
done
stop_bg feed d1
stop_bg serve d2
stop_bg iperf3-server d1

# What d3 did is forgotten with the module.
stop 1
start 1
start 3
check "d3 is a good peer again" busywait 5 has_peer 1 3
polling 50 1 2
check "nothing is logged at warning level" no_warnings d1 d2
finish
