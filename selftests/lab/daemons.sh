#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Either daemon is killed and started again: traffic goes on, and the state converges.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0

run_publisher() {
	on dom0 'setsid cokeeper-hostd </dev/null >>/var/log/cokeeper-hostd.log 2>&1 & echo $! >/run/lab-cokeeper-hostd.pid'
}

# The module waits 20 s for a new helper.
on d1 'pkill -9 -x cokeeperd'
stop 3 &
check "without a helper, traffic goes on by the rings" \
	via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
check "the table says that there is no helper" on d1 'cokeeper -j show | grep -q "\"helper\":null"'
wait
run_helper 1
check "a new helper learns what went on meanwhile" busywait 5 has_no_peer 1 3
check "the channel has stayed" connected 1 2
start 3
check "and it learns what comes" busywait 5 has_peer 1 3

# announced GUEST: it is, for the host.
announced() {
	on "d$1" "xenstore-exists data/cokeeper/$(mac "$1" | tr -d :)/announce"
}
not_announced() {
	! announced "$1" && on "d$1" 'xenstore-exists data'
}
check "d1 is announced" announced 1
on d1 'pkill -9 -x cokeeperd'
check "what a killed helper announced ends" busywait 40 not_announced 1
check "and the others learn of it" busywait 5 has_no_peer 2 1
check "d1 knows nobody then" busywait 5 has_no_peer 1 2
run_helper 1
check "a new helper announces it again" busywait 5 announced 1
check "d2 knows it again" busywait 5 has_peer 2 1
check "and it knows d2" busywait 5 has_peer 1 2
on d1 'pkill -9 -x cokeeperd; ip link del cokeeper0'
check "what was announced ends with the device, if its helper is killed" busywait 5 not_announced 1
stop 1
start 1
check "d1 is a peer again" busywait 5 has_peer 2 1
on d1 'ip link del cokeeper0; ip link add cokeeper0 up link eth0 type cokeeper'
check "a device made anew is announced by the same helper" busywait 5 eval 'announced 1 && has_peer 2 1 && has_peer 1 2'
check "d1 and d2 have a channel again" connect 1 2

# Whatever XenStore is, it does not answer for a while.
store() {
	on dom0 "pkill -$1 -x 'o?xenstored'"
}
store STOP
check "without XenStore, traffic goes on by the rings" \
	via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
on d3 'pkill -9 -x cokeeperd'
on d1 'ip addr add 10.0.0.99/24 dev eth0'
check "the helpers wait in vain" on dom0 'sleep 15'
store CONT
check "what changed meanwhile is told: an address" busywait 40 on d2 'cokeeper show | grep -q "addr .*10.0.0.99"'
check "and a guest whose helper was killed" busywait 40 has_no_peer 1 3
on d1 'ip addr del 10.0.0.99/24 dev eth0'
run_helper 3
check "all is as before" busywait 40 eval 'has_peer 1 3 && has_peer 3 1 && has_peer 2 3'
check "the channel has stayed" connected 1 2

# A guest may have 1000 nodes in XenStore, and 2048 bytes of names in each. xenstore-write
# writes all or nothing.
fill() {
	on d3 'i=0
		for n in 100 10 1; do
			while xenstore-write $(seq -f "data/fill/$((i / 200))/%g x" "$i" $((i + n - 1))) 2>/dev/null; do
				i=$((i + n))
			done
		done
		echo "$i nodes"; [ "$i" -gt 500 ]'
}
stop 3
check "d3 has no more space in XenStore" fill
on d3 ': >/var/log/cokeeperd.log'
start 3
check "its helper says so" busywait 10 on d3 'grep "announce: No space left on device" /var/log/cokeeperd.log'
check "and it is no peer" has_no_peer 1 3
on d3 'xenstore-rm data/fill'
check "it is one as soon as there is space" busywait 20 has_peer 1 3

# refused HOST REASON COMMAND: it ends with an error that gives the reason.
refused() {
	local out
	out=$(on "$1" "timeout 5 $3" 2>&1) && return 1
	echo "$out"
	grep -q "$2" <<<"$out"
}
check "a second helper is refused with the reason" refused d1 'another helper' 'cokeeperd --device cokeeper0'
check "a second publisher is refused with the reason" refused dom0 'another cokeeper-hostd is running' cokeeper-hostd

on dom0 'pkill -9 -x cokeeper-hostd'
check "without the publisher, traffic goes on by the rings" \
	via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
stop 3
run_publisher
check "a new publisher learns what went on meanwhile" busywait 5 has_no_peer 1 3
check "the channel has stayed" connected 1 2
start 3
check "and it learns what comes" busywait 5 has_peer 1 3
check "nothing is logged at warning level" no_warnings d1 d2 dom0

check "cokeeperd --help and --version" on d1 'cokeeperd --help | grep -q "^Usage" && cokeeperd --version'
check "cokeeperd refuses nonsense with status 2" on d1 'cokeeperd --nonsense 2>/dev/null; [ $? = 2 ]'
check "cokeeper-hostd --help and --version" on dom0 'cokeeper-hostd --help | grep -q "^Usage" && cokeeper-hostd --version'
check "cokeeper-hostd refuses nonsense with status 2" on dom0 'cokeeper-hostd --nonsense 2>/dev/null; [ $? = 2 ]'

poll() {
	stop 1 && on d1 '/usr/lib/cokeeper-lab/start --poll 1' && busywait 5 has_peer 1 3 || return
	stop 3 && busywait 5 has_no_peer 1 3 && start 3 && busywait 5 has_peer 1 3 && stop 1 && start 1
}
check "a helper that polls learns who goes and who comes" poll
check "a period that is no number of seconds is refused with status 2" \
	on d1 'cokeeperd --poll 0 2>/dev/null; [ $? = 2 ]'

# switches HOST DAEMON: how often it has been switched to.
switches() {
	on "$1" "awk '/ctxt_switches/ { s += \$2 } END { print s }' /proc/\$(pgrep -x $2)/status"
}

idle() {
	local before after
	before="$(switches d1 cokeeperd) $(switches dom0 cokeeper-hostd)"
	on dom0 'sleep 5'
	after="$(switches d1 cokeeperd) $(switches dom0 cokeeper-hostd)"
	echo "before $before, after $after"
	[[ $before == "$after" ]]
}
check "while nothing happens neither daemon wakes" idle
finish
