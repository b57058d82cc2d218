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

# icount: does the lab's clock count instructions, so that times mean something?
icount() {
	grep -q icount "$top/build/lab/$LAB/options"
}

# timed DESCRIPTION COMMAND...: a check of times, which mean something only there.
timed() {
	! icount || check "$@"
}

# In such a lab the processors take turns, and each keeps its turn for long. So all work is
# put on one of them, where Xen lets who wakes up run at once; and no idle loop polls.
one_processor() {
	on dom0 'xl sched-credit2 -s -r 0 && for d in 0 d1 d2 d3; do xl vcpu-pin $d all 0 || exit; done'
}

# polling USECS GUEST...: how long their idle loops poll.
polling() {
	local usecs=$1 i
	for i in "${@:2}"; do
		on "d$i" "ip link set cokeeper0 type cokeeper poll_usecs $usecs" || return
	done
}

# Ends the script: the plan, and kselftest's exit status.
finish() {
	echo "1..$checks"
	[[ $failures == 0 ]] || exit 1
	exit 0
}

# busywait SECONDS COMMAND...: repeats it until it succeeds, or the time is over.
busywait() {
	retry : "$@"
}

# retry PAUSE SECONDS COMMAND...: the same, with a command to run in between.
retry() {
	local pause=$1 end=$((SECONDS + $2 + 1))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= end)); then
			echo "still failing: $*"
			"$@"
			return 1
		fi
		$pause
	done
}

mac() {
	printf '00:16:3e:00:00:%02x' "$1"
}

# node GUEST: its MAC as XenStore's paths have it.
node() {
	printf '00163e0000%02x' "$1"
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
	local all
	all=$(show "$1") && jq -er --arg mac "$(mac "$2")" ".[0].peers[] | select(.mac == \$mac) | .$3" <<<"$all"
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

# dom0s: prints the names of them.
dom0s() {
	echo dom0
	! grep -qw hosts=2 "$top/build/lab/$LAB/options" || echo dom0-b
}

# no_zombie [NAME]: no domain is left that has ended, nor is there one of that name.
no_zombie() {
	local host list
	for host in $(dom0s); do
		list=$(on "$host" 'xl list') || return
		! grep -E "\(null\)${1:+|$1}" <<<"$list" || return
	done
}

# holds_nothing GUEST: no peer makes it hold anything, and it is a member again.
holds_nothing() {
	show "$1" | jq -e '.[0] | .group and all(.peers[]; .grants + .late_grants + .mapped + .ports == 0)' &&
		! on "d$1" 'grep cokeeper0 /proc/interrupts'
}

# resources DOM0: what it has of all this: nodes in XenStore, files of the publisher.
resources() {
	on "$1" 'xenstore-ls /tool/cokeeper/roster | grep -c "^ [0-9]"
		for id in $(xl list | awk "NR > 2 { print \$2 }"); do
			xenstore-ls -f /local/domain/$id/cokeeper /local/domain/$id/data/cokeeper | sed "s/ = .*//; s/domain.$id/domain/"
		done | sort
		ls /proc/$(pidof cokeeper-hostd)/fd | wc -l'
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
	return 0
}

# packets GUEST DEVICE tx|rx: the device's counter.
packets() {
	on "d$1" "cat /sys/class/net/$2/statistics/$3_packets"
}

# counters GUEST: packets that the rings sent and received, and so of netfront.
counters() {
	on "d$1" 'cd /sys/class/net; cat {cokeeper0,eth0}/statistics/{tx,rx}_packets' | tr '\n' ' '
}

# Runs COMMAND; succeeds if it does, if the rings of guests A and B carried at
# least MIN packets each way, and their netfronts at most 40 (ARP, IPv6
# neighbours, and the connection that reads the counters excepted by its bound).
# via_rings A B MIN COMMAND...
# A machine that stands still for 20 ms has packets go by netfront, and for 4 s what finds the
# ring full (tx.c); so there are three tries.
via_rings() {
	via_rings_once "$@" || via_rings_once "$@" || via_rings_once "$@"
}

via_rings_once() {
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

# by_rings GUEST OTHER: its pings reach the other by rings, not by netfront, which GUEST may use
# for others meanwhile.
by_rings() {
	local rings netfront
	rings=$(packets "$2" cokeeper0 rx) && netfront=$(packets "$2" eth0 rx) &&
		on "d$1" "ping -q -i 0.01 -c 100 -w 10 $(ip4 "$2") | grep ' 0% packet loss'" || return
	rings=$(($(packets "$2" cokeeper0 rx) - rings)) netfront=$(($(packets "$2" eth0 rx) - netfront))
	echo "d$2 received $rings packets by its rings, $netfront by netfront"
	((rings >= 100 && netfront <= netfront_max))
}

# mark HOST...: from here on, no_warnings looks.
mark() {
	local host
	for host; do
		on "$host" 'echo "selftest mark" >/dev/kmsg'
	done
}

# no_warnings HOST...: the kernels logged nothing at warning level since mark, but
# that the emulated machine had to wait for its processor, or got another one; and that data
# of a device that is gone has waited for its reader for a minute. What is lost would be told of
# each minute.
no_warnings() {
	local host found=0 log
	for host; do
		log=$(on "$host" 'dmesg -x') || { echo "$host cannot be asked"; found=1; }
		log=$(tac <<<"$log" | sed '/selftest mark/q' | tac | tail -n +2 |
			grep -E '^[a-z]+ *:(warn|err|crit|alert|emerg)' |
			grep -vE 'clocksource: |hrtimer: interrupt took |xen-blkback: Scheduled work from previous purge|cpu [0-9]+ spinlock event irq |page_pool_release_retry\(\) stalled pool shutdown [0-9]+ [a-z]+ 60 sec')
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

# plug GUEST NUMBER: gives a guest one or two processors, and a device made with them.
plug() {
	local online=0
	[[ $2 == 1 ]] || online=0-1
	on dom0 "xl vcpu-set d$1 $2" && on "d$1" "cd /sys/devices/system/cpu
		until grep -qx $online online; do [ $2 = 1 ] || echo 1 >cpu1/online; done" 2>/dev/null &&
		stop "$1" && start "$1"
}

# transfer FROM TO: starts one, of random bytes by TCP, which takes what way there is.
transfer() {
	bg receive "d$2" 'socat -u TCP-LISTEN:7000 - | sha256sum'
	on "d$2" 'until ss -ltn | grep -q :7000; do :; done'
	on "d$1" 'rm -f /tmp/enough; head -c 10000000 /dev/urandom >/tmp/piece'
	bg send "d$1" "until [ -e /tmp/enough ]; do cat /tmp/piece || exit; done |
		tee >(socat -u - TCP:$(ip4 "$2"):7000) | sha256sum"
}

# transfer_goes_on FROM TO: it has not been broken off.
transfer_goes_on() {
	on "d$1" '! [ -e /tmp/send.status ]' && on "d$2" '! [ -e /tmp/receive.status ]'
}

# transfer_ends FROM TO: has it end; succeeds if all that was sent came.
transfer_ends() {
	local sent received
	on "d$1" 'touch /tmp/enough' && busywait 30 ended receive "d$2" &&
		sent=$(on "d$1" 'cat /tmp/send.log; rm /tmp/piece') && received=$(on "d$2" 'cat /tmp/receive.log')
	echo "sent: $sent, received: $received"
	[[ $sent == "$received" && $sent =~ ^[0-9a-f]{64}\ +-$ ]]
}

# new_interface GUEST: it gets one more, uses it, and it goes.
new_interface() {
	on dom0 "ip addr replace 10.0.1.1/24 dev xenbr0; xl network-attach d$1 bridge=xenbr0 mac=00:16:3e:00:01:01" &&
		on "d$1" 'timeout 20 sh -c "until [ -d /sys/class/net/eth1 ]; do :; done" && ip addr add 10.0.1.11/24 dev eth1 && ip link set eth1 up &&
			ping -q -c 20 -i 0.02 -w 20 10.0.1.1 && ping -q -c 1 -w 5 -s 20000 10.0.1.1' && on dom0 "xl network-detach d$1 1; ip addr del 10.0.1.1/24 dev xenbr0" &&
		on "d$1" 'timeout 20 sh -c "while [ -d /sys/class/net/eth1 ]; do :; done"'
}

# new_disk GUEST: it gets one more, reads it, and it goes.
new_disk() {
	on dom0 "xl block-attach d$1 format=raw,vdev=xvdb,access=ro,script=block-lab,target=/dev/vdb" &&
		on "d$1" 'timeout 20 sh -c "until [ -b /dev/xvdb ]; do :; done" && dd if=/dev/xvdb of=/dev/null bs=1M count=8 iflag=direct' &&
		on dom0 "xl block-detach d$1 xvdb" && on "d$1" 'timeout 20 sh -c "while [ -b /dev/xvdb ]; do :; done"'
}

# by_netfront GUEST: what it sends to dom0 arrives.
by_netfront() {
	on "d$1" "ping -q -i 0.01 -c 50 -w 10 -s 1400 10.0.0.1 | grep ' 0% packet loss'"
}

# configure TEXT: what the publisher's configuration is from now on.
configure() {
	on dom0 "mkdir -p /etc/cokeeper; printf '# of a test\n$1' >/etc/cokeeper/hostd.conf; pkill -HUP -x cokeeper-hostd"
}

# run_helper GUEST: the helper alone, where the last one was killed.
run_helper() {
	on "d$1" 'setsid cokeeperd --device cokeeper0 </dev/null >>/var/log/cokeeperd.log 2>&1 &
		echo $! >/run/lab-cokeeperd.pid'
}

# turn_hostile: from here on d3 is a guest without the module, for selftests/tools/hostile.
turn_hostile() {
	stop 3 && copy_tool hostile d3 && busywait 5 has_no_peer 1 3
}

# hostile [OPTION...] MODE OUTCOME: d3 does that to d1, and it ends so; d2 keeps its channel.
hostile() {
	local outcome=${*: -1} out
	out=$(on d3 "timeout 120 /tmp/hostile ${*:1:$#-2} $(node 3) $(node 1) ${*: -2:1}" 2>&1)
	echo "$out"
	[[ $out == "$outcome" ]] && busywait 3 has_no_peer 1 3 && connected 1 2
}

# hostile_goes_on MODE: the same for a mode that lasts until end_hostile; it has begun.
hostile_goes_on() {
	bg hostile d3 "exec /tmp/hostile $(node 3) $(node 1) $1" &&
		busywait 100 on d3 'grep . /tmp/hostile.log || ! [ -d "/proc/$(cat /tmp/hostile.pid)" ]' &&
		on d3 'cat /tmp/hostile.log; grep -qxE "open|offered" /tmp/hostile.log'
}

# end_hostile: prints all that it said.
end_hostile() {
	on d3 'p=$(cat /tmp/hostile.pid); kill "$p"; while [ -d "/proc/$p" ]; do :; done; cat /tmp/hostile.log' &&
		busywait 5 has_no_peer 1 3
}
