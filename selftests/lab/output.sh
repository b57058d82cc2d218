#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What 'cokeeper show' and 'cokeeper monitor' print, as text and as JSON, and its metrics.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Names what differs from run to run, if it is a value that can be: anything else stays,
# and so differs from the golden file.
normalise() {
	sed -E '
		s/\b20[0-9]{2}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}[+-][0-9]{2}:[0-9]{2}/TIME/
		s/\b0{16}\b/ZERO/
		s/\b[0-9a-f]{16}\b/INSTANCE/
		s/\b(domid|generation|helper|[rt]x_packets|[rt]x_bytes|fallback_packets)(": | )[1-9][0-9]*\b/\1\2NUMBER/g
		s/\b([rt]x) [1-9][0-9]* packets [1-9][0-9]* bytes/\1 NUMBER packets NUMBER bytes/g
		s/\bfallback [1-9][0-9]*\b/fallback NUMBER/
		s/\b(129 grants \(0 late\), 0|0 grants \(0 late\), 129) mapped pages/RINGS/
		s/"(grants|mapped)": (0|129),/"\1": RINGS,/'
}

# golden FILE COMMAND...: it prints what the file has; a JSON one has line breaks.
golden() {
	local file=$1 output
	shift
	output=$("$@") || return
	[[ $file != *.json ]] || output=$(jq . <<<"$output") || return
	normalise <<<"$output" | diff -u "$top/selftests/lab/output/$file" -
}

cokeeper() {
	on d1 "cokeeper $1"
}

# A new device, so that the counters of d3 are zero.
check "d1 is started anew" eval 'stop 1 && start 1'
check "d1 and d2 have a channel" connect 1 2
check "d1 knows d3" busywait 5 has_peer 1 3
check "show as text" golden show.txt cokeeper show
check "show without its name" golden show.txt cokeeper ''
check "show of a device" golden show.txt cokeeper 'show cokeeper0'
check "show of a device after 'dev'" golden show.txt cokeeper 'show dev cokeeper0'
check "show as JSON" golden show.json cokeeper '-j show'
check "show as JSON, the option behind" golden show.json cokeeper 'show cokeeper0 -j'
check "one that is not there is an error" on d1 'cokeeper show nosuch 2>&1 >/dev/null | grep -q "there is no device .nosuch."; [ "${PIPESTATUS[*]}" = "1 0" ]'
check "--help and --version" on d1 'cokeeper --help | grep -q "^Usage" && cokeeper --version'
# misused ARGUMENT...: status 1, and the way to help.
misused() {
	local out
	out=$(cokeeper "$* 2>&1; echo status \$?") && echo "$out" && grep -qF 'try "cokeeper help"' <<<"$out" && grep -qx 'status 1' <<<"$out"
}
for wrong in --nonsense -x nonsense 'show dev' 'show cokeeper0 more' 'monitor more' 'monitor dev' \
	'monitor peer nonsense' 'monitor event nonsense' 'metrics more' '-j metrics' 'doctor more'; do
	check "'cokeeper $wrong' is refused with a hint" misused "$wrong"
done
check "a device of another kind is an error of the kernel's" on d1 'cokeeper show eth0 2>&1 >/dev/null | grep -q "no such cokeeper device"; [ "${PIPESTATUS[*]}" = "2 0" ]'
check "short options may be joined" on d1 'cokeeper -jV | grep -q "^cokeeper [0-9]"'

# Only root may ask XenStore.
as_user() {
	on d1 "setpriv --reuid 1000 --clear-groups cokeeper $1"
}
check "a user's JSON has neither group nor addresses" golden user.json as_user '-j show'
check "nor has the text" golden user.txt as_user 'show'
says_why() {
	as_user 'show 2>&1 >/dev/null' | grep 'group and addresses are not shown.*Permission denied'
}
check "and he is told why" says_why

# Prometheus' reader knows all of it, and a user may ask for it.
metrics() {
	as_user metrics >"$1" && "$top/selftests/userspace/metrics-test" "$1" cokeeper0
}
# has_sample LINE: one of them is that.
has_sample() {
	cokeeper metrics | grep -qxF "$1"
}
tmp=$(mktemp)
check "a user's metrics are in the format of Prometheus" metrics "$tmp"
rm "$tmp"
check "they have the state of each peer" eval '[[ $(cokeeper metrics | grep -c "^cokeeper_peer_state{.*} 1$") == 2 ]]'
check "the one with a channel is connected" has_sample \
	'cokeeper_peer_state{device="cokeeper0",peer="00:16:3e:00:00:02",state="connected"} 1'

# monitor NAME OPTIONS: in the background, its process in /tmp/NAME.monitor.
monitor() {
	bg "$1" d1 "sh -c 'echo \$\$ >/tmp/$1.monitor; exec cokeeper monitor $2'"
}

# Both have joined their group.
listening() {
	on d1 'for name in text json; do
		grep -Eq "^[0-9a-f]+ +16 +$(cat /tmp/$name.monitor) +0*[1-9a-f][0-9a-f]* " /proc/net/netlink || exit
	done'
}

monitor text ''
monitor json -j
bg filtered d1 'exec cokeeper monitor dev cokeeper0 peer 00:16:3e:00:00:03 event leave event join'

# told LINES: each monitor has printed so many.
told() {
	on d1 "[ \$(wc -l </tmp/text.log) = $1 ] && [ \$(wc -l </tmp/json.log) = $1 ]"
}
check "two monitors listen" busywait 10 listening
check "so does one to the coming and going of d3" busywait 10 on d1 \
	'grep -Eq "^[0-9a-f]+ +16 +$(cat /tmp/filtered.pid) +0*[1-9a-f][0-9a-f]* " /proc/net/netlink'
check "an address is told of" eval 'on d3 "ip addr add 10.0.0.99/24 dev eth0" && busywait 5 told 1'
check "its end is" eval 'on d3 "ip addr del 10.0.0.99/24 dev eth0" && busywait 5 told 2'
check "a guest that leaves is" eval 'stop 3 && busywait 5 told 3'
check "a guest that joins is" eval 'start 3 && busywait 5 told 4'
check "a channel is" eval 'connect 1 3 && busywait 5 told 5'
check "a helper that ends is" eval 'on d1 "pkill -9 -x cokeeperd" && busywait 5 told 6'
check "one that starts is" eval 'run_helper 1 && busywait 5 told 7'
check "they are told to end" on d1 'kill -INT $(cat /tmp/text.monitor); kill -TERM $(cat /tmp/json.monitor)'
check "SIGINT ends a monitor" busywait 5 ended text d1
check "SIGTERM does, too" busywait 5 ended json d1
check "with status 0" on d1 'cat /tmp/text.status /tmp/json.status | tr -d "\n" | grep -qx 00'
bg reader d1 'set -o pipefail; cokeeper monitor | true'
check "a monitor whose reader has gone ends with status 0" eval 'busywait 5 ended reader d1 && on d1 "grep -qx 0 /tmp/reader.status"'
stop_bg filtered d1
check "the one with filters printed that alone" eval \
	'diff <(on d1 "cat /tmp/filtered.log") <(on d1 "grep -E \" (leave|join) \" /tmp/text.log")'
check "monitor as text" golden monitor.txt on d1 'cat /tmp/text.log'
check "monitor as JSON" golden monitor.json on d1 'cat /tmp/json.log'

# The publisher writes a roster anew after some changes. That is no cause by itself.
roster() {
	on d1 'xenstore-read cokeeper/00163e000001/roster' | grep -o 'roster=.*'
}
renewed() {
	local before i
	before=$(roster) || return
	for ((i = 0; i < 40; i++)); do
		on d3 'ip addr add 10.0.0.99/24 dev eth0; ip addr del 10.0.0.99/24 dev eth0' || return
		[[ $(roster) == "$before" ]] || return 0
	done
	return 1
}
# causes CAUSE: what happened to peers had that cause and no other.
causes() {
	on d1 'cat /tmp/renewal.log' | tee /dev/stderr | grep -o ' cause .*' | sort -u | grep -qx " cause $1" &&
		[[ $(on d1 'cat /tmp/renewal.log' | grep -o ' cause .*' | sort -u | wc -l) == 1 ]]
}
bg renewal d1 'exec cokeeper monitor'
check "another monitor listens" busywait 10 on d1 \
	'grep -Eq "^[0-9a-f]+ +16 +$(cat /tmp/renewal.pid) +0*[1-9a-f][0-9a-f]* " /proc/net/netlink'
check "changes of addresses have the roster written anew" renewed
check "it tells of these changes alone" busywait 5 causes address
stop_bg renewal d1

# says FIELD VALUE: of the device, in text and in JSON.
says() {
	on d1 'cokeeper' | grep -q "^cokeeper0: .* $1 $2\b" &&
		show 1 | jq -e --arg value "$2" ".[0].$1 == \$value"
}
check "it says how the device steers" eval \
	'on d1 "ip link set cokeeper0 type cokeeper steer route" && busywait 5 says steer route'
check "and again" eval \
	'on d1 "ip link set cokeeper0 type cokeeper steer intercept" && busywait 5 says steer intercept'
check "it says why a device is inactive" eval \
	'on d1 "ip link set cokeeper0 down" && busywait 5 says inactive link-down'
check "d1 is active again" eval 'on d1 "ip link set cokeeper0 up" && busywait 5 has_peer 1 2'
finish
