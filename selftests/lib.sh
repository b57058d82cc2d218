# SPDX-License-Identifier: GPL-2.0
# What the tests in the lab share: KTAP, waiting with a deadline, looking into guests.
# shellcheck shell=bash

set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LAB=${LAB:-lab}
checks=0
failures=0

# on HOST SCRIPT [ARG...]: runs a shell script in dom0 or a guest.
on() {
	local host=$1
	shift
	"$top/scripts/lab" exec --name "$LAB" "$host" -- bash -c "$1" bash "${@:2}" </dev/null
}

# bg NAME HOST SCRIPT: the same in the background; see busy, stop_bg, and /tmp/NAME.log
# there for its output.
bg() {
	on "$2" 'rm -f "/tmp/$1.status"
		setsid bash -c "$2; echo \$? >/tmp/$1.status" </dev/null >"/tmp/$1.log" 2>&1 & echo $! >"/tmp/$1.pid"' "$1" "$3"
}

# ended NAME HOST: has it ended by itself?
ended() {
	on "$2" "[ -e /tmp/$1.status ]"
}

stop_bg() {
	on "$2" "kill -- -\$(cat /tmp/$1.pid) 2>/dev/null; true"
}

# serve_iperf HOST: an iperf3 server there, listening.
serve_iperf() {
	bg iperf3-server "$1" 'exec iperf3 -s' &&
		on "$1" 'until ss -ltn | grep -q :5201; do :; done'
}

# copy_tool NAME HOST: puts one of selftests/tools there, as /tmp/NAME.
copy_tool() {
	"$top/scripts/lab" copy --name "$LAB" "$top/build/tools/$1" "$2:/tmp/$1"
}

# check DESCRIPTION COMMAND...: one test, passed if the command succeeds.
check() {
	local what=$1 output status=0
	shift
	checks=$((checks + 1))
	output=$("$@" 2>&1) || status=$?
	if [[ $status == 0 ]]; then
		echo "ok $checks - $what"
	else
		failures=$((failures + 1))
		echo "not ok $checks - $what"
		printf '# exit status %s of: %s\n' "$status" "${*//$'\n'/; }"
		[[ -z $output ]] || tail -n 20 <<<"$output" | sed 's/^/# /'
	fi
}

# Ends the script: the plan, and kselftest's exit status.
finish() {
	echo "1..$checks"
	[[ $failures == 0 ]] || exit 1
	exit 0
}

# busywait SECONDS COMMAND...: repeats it until it succeeds, or the time is over.
busywait() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= end)); then
			echo "still failing: $*"
			"$@"
			return 1
		fi
	done
}

mac() {
	printf '00:16:3e:00:00:%02x' "$1"
}

ip4() {
	echo "10.0.0.$((10 + $1))"
}

ip6() {
	echo "fd00::$((10 + $1))"
}

# show GUEST: 'cokeeper show -j' of it.
show() {
	on "d$1" 'cokeeper -j show'
}

# peer GUEST OTHER FIELD: what GUEST's table says of OTHER; fails if it has no such peer.
peer() {
	show "$1" | jq -er --arg mac "$(mac "$2")" ".[0].peers[] | select(.mac == \$mac) | .$3"
}

has_peer() {
	peer "$1" "$2" mac
}

has_no_peer() {
	local all
	all=$(show "$1") && ! grep -qi "$(mac "$2")" <<<"$all"
}

connected() {
	[[ $(peer "$1" "$2" state) == connected ]]
}

# stalled GUEST OTHER: has packets to OTHER go by netfront until it has taken what is in its ring.
stalled() {
	[[ $(peer "$1" "$2" reason) == stalled ]]
}

# no_zombie [NAME]: no domain is left that has ended, nor is there one of that name.
no_zombie() {
	local list
	list=$(on dom0 'xl list') && ! grep -E "\(null\)${1:+|$1}" <<<"$list"
}

# connect GUEST OTHER: has traffic set the channel up, and waits for it.
connect() {
	local end=$((SECONDS + 10))

	# Both ends and both families, so that all neighbours are known as well.
	until connected "$1" "$2" && connected "$2" "$1"; do
		((SECONDS < end)) || return
		on "d$1" "ping -q -c 2 -i 0.1 -w 2 $(ip4 "$2"); ping -q -c 2 -i 0.1 -w 2 $(ip6 "$2")"
		on "d$2" "ping -q -c 2 -i 0.1 -w 2 $(ip4 "$1"); ping -q -c 2 -i 0.1 -w 2 $(ip6 "$1")"
	done
}

# packets GUEST DEVICE tx|rx: the device's counter.
packets() {
	on "d$1" "cat /sys/class/net/$2/statistics/$3_packets"
}

# Runs COMMAND; succeeds if it does, if the rings of guests A and B carried at
# least MIN packets each way, and their netfronts at most 40 (ARP, IPv6
# neighbours, and the connection that reads the counters excepted by its bound).
# via_rings A B MIN COMMAND...
counters() {
	on "d$1" 'cd /sys/class/net; cat {cokeeper0,eth0}/statistics/{tx,rx}_packets' | tr '\n' ' '
}

via_rings() {
	local a=$1 b=$2 min=$3 a0 b0 a1 b1 i
	shift 3
	read -ra a0 <<<"$(counters "$a")"
	read -ra b0 <<<"$(counters "$b")"
	"$@" || return
	read -ra a1 <<<"$(counters "$a")"
	read -ra b1 <<<"$(counters "$b")"
	echo "d$a: ${a0[*]} -> ${a1[*]} (ring tx rx, netfront tx rx)"
	echo "d$b: ${b0[*]} -> ${b1[*]}"
	for i in 0 1; do
		((a1[i] - a0[i] >= min && b1[i] - b0[i] >= min)) ||
			{ echo "the rings carried less than $min packets"; return 1; }
	done
	for i in 2 3; do
		((a1[i] - a0[i] <= netfront_max && b1[i] - b0[i] <= netfront_max)) ||
			{ echo "the netfronts carried more than $netfront_max packets"; return 1; }
	done
}
netfront_max=60

# mark HOST...: from here on, no_warnings looks.
mark() {
	local host
	for host; do
		on "$host" 'echo "selftest mark" >/dev/kmsg'
	done
}

# no_warnings HOST...: the kernels logged nothing at warning level since mark, but
# that the emulated machine had to wait for its processor.
no_warnings() {
	local host found=0 log
	for host; do
		log=$(on "$host" 'dmesg -x') || { echo "$host cannot be asked"; found=1; }
		log=$(tac <<<"$log" | sed '/selftest mark/q' | tac | tail -n +2 |
			grep -E '^[a-z]+ *:(warn|err|crit|alert|emerg)' |
			grep -vE 'clocksource: |hrtimer: interrupt took |xen-blkback: Scheduled work from previous purge')
		[[ -z $log ]] || { echo "$host: $log"; found=1; }
	done
	return $found
}

# stop GUEST, start GUEST: the device and the helper, as an administrator would.
stop() {
	on "d$1" /usr/lib/cokeeper-lab/stop
}

start() {
	on "d$1" /usr/lib/cokeeper-lab/start
}

# run_helper GUEST: the helper alone, where the last one was killed.
run_helper() {
	on "d$1" 'setsid cokeeperd --device cokeeper0 </dev/null >>/var/log/cokeeperd.log 2>&1 &
		echo $! >/run/lab-cokeeperd.pid'
}
