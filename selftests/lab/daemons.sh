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

on d1 'pkill -9 -x cokeeperd'
check "without a helper, traffic goes on by the rings" \
	via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
check "the table says that there is no helper" on d1 'cokeeper -j show | grep -q "\"helper\":null"'
stop 3
run_helper 1
check "a new helper learns what went on meanwhile" busywait 5 has_no_peer 1 3
check "the channel has stayed" connected 1 2
start 3
check "and it learns what comes" busywait 5 has_peer 1 3

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

for daemon in cokeeperd cokeeper; do
	check "$daemon --help and --version" on d1 "$daemon --help | grep -q '^Usage' && $daemon --version"
	check "$daemon refuses nonsense with status 2" on d1 "$daemon --nonsense 2>/dev/null; [ \$? = 2 ]"
done
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
