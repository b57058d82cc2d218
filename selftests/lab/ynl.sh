#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own client, ynl, speaks to the module by its specification, and shows
# statistics and NAPI contexts of its queues. For guests with Linux 6.12 or later.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# What that kernel's source has goes to d1, with the module's specification.
install_ynl() {
	local kver dir
	kver=$(on d1 'uname -r') && dir=$("$top/scripts/lab" ynl "$(cut -d . -f 1,2 <<<"$kver")") &&
		on d1 'rm -rf /tmp/ynl; mkdir /tmp/ynl' &&
		tar -C "$dir" -cz cli.py lib specs/netdev.yaml specs/ethtool.yaml -C "$top/Documentation/netlink" specs/cokeeper.yaml |
		"$top/scripts/lab" exec --name "$LAB" d1 -- tar -xz -C /tmp/ynl
}

# ynl FAMILY ARGUMENT...: its answer, in JSON.
ynl() {
	local family=$1
	shift
	"$top/scripts/lab" exec --name "$LAB" d1 -- python3 /tmp/ynl/cli.py --spec "/tmp/ynl/specs/$family.yaml" \
		--no-schema --process-unknown --output-json "$@" </dev/null
}

# answers FILTER FAMILY ARGUMENT...: is that true of the answer?
answers() {
	local filter=$1 answer
	answer=$(ynl "${@:2}")
	echo "$answer"
	jq -se --arg d1 "$(mac 1)" --arg d2 "$(mac 2)" --argjson dev "$dev" "flatten | $filter" <<<"$answer"
}

check "d1 has Python's YAML" on d1 'python3 -c "import yaml"'
check "d1 gets ynl" install_ynl
mark d1 d2
dev=$(on d1 'cat /sys/class/net/cokeeper0/ifindex')
one="{\"ifindex\":$dev}"
check "d1 and d2 have a channel" connect 1 2

# --- listing and listening
check "it lists the devices" answers \
	'.[] | select(.ifindex == $dev) | .mac == $d1 and .steer == "intercept" and .helper > 0 and .inactive == null' cokeeper --dump dev-get
check "it describes one" answers '.[0] | .ifindex == $dev and .mac == $d1' cokeeper --do dev-get --json "$one"
peer_filter='any(.[].peer | if type == "array" then .[] else . end;
	.mac == $d2 and .state == "connected" and .reason == "none" and ."tx-packets" > 0)'
check "it lists the peers" answers "$peer_filter" cokeeper --dump peer-get --json "$one"
node2="{\"mac\":\"$(node 2)\"}"
check "it describes one" answers "$peer_filter" cokeeper --do peer-get --json "{\"ifindex\":$dev,\"peer\":$node2}"

# It listens for some seconds from when it has read the specification, which takes as long
# as it takes; so options change, and the channel goes and comes, until it has ended.
# 6.12's prints one list at the end, later ones each message.
listen() {
	on d1 'peer=$1
		python3 /tmp/ynl/cli.py --spec /tmp/ynl/specs/cokeeper.yaml --no-schema --output-json \
			--subscribe monitor --sleep 5 >/tmp/monitor.json & ynl=$!
		set -- route 131072 intercept 262144
		while kill -0 $ynl 2>/dev/null; do
			ip link set cokeeper0 type cokeeper steer "$1" ring_size "$2" || break
			for try in 1 2 3 4 5 6 7 8 9 10; do
				ping -q -c 2 -i 0.1 -w 1 "$peer" >/dev/null
				! cokeeper show | grep -q connected || break
			done
			set -- "$3" "$4" "$1" "$2"
		done
		wait $ynl && ip link set cokeeper0 type cokeeper steer intercept ring_size 262144' "$(ip4 2)"
}
# heard FILTER: is there such a message?
heard() {
	local all
	all=$(on d1 'cat /tmp/monitor.json')
	tail -c 2000 <<<"$all"
	jq -se --arg d2 "$(mac 2)" --argjson dev "$dev" "flatten | any(.[]; .msg.ifindex == \$dev and .msg.time > 0 and $1)" <<<"$all"
}
# heard_peer EVENT
heard_peer() {
	heard ".name == \"peer-ntf\" and .msg.event == \"$1\" and any(.msg.peer | if type == \"array\" then .[] else . end; .mac == \$d2)"
}
check "it subscribes to the monitor group" listen
check "it hears how the device steers" heard '.name == "dev-ntf" and .msg.event == "device" and .msg.steer == "route"'
check "it hears of a channel that ends" heard_peer disconnect
check "it hears of one that is in use" heard_peer connect

# --- changing, as ethtool does
header='"header":{"dev-name":"cokeeper0"}'
check "it changes what ethtool changes" answers \
	'any(.[]; ."combined-count" == 2 and ."combined-max" == 8) and any(.[]; .rx == 131072 and .tx == 131072 and ."rx-max" == 1048576) and any(.[]; ."rx-usecs" == 20)' \
	ethtool --multi channels-set "{$header,\"combined-count\":2}" --multi rings-set "{$header,\"rx\":131072,\"tx\":131072}" \
	--multi coalesce-set "{$header,\"rx-usecs\":20}" \
	--multi channels-get "{$header}" --multi rings-get "{$header}" --multi coalesce-get "{$header}"
# refused TEXT FAMILY ARGUMENT...: is it told that?
refused() {
	local text=$1 out
	shift
	out=$(ynl "$@" 2>&1) && return 1
	echo "$out"
	grep -q "$text" <<<"$out"
}
check "it is told why it may not" refused 'power of two' ethtool --do rings-set --json "{$header,\"rx\":200000,\"tx\":200000}"
check "all can be put back" on d1 \
	'ethtool -L cokeeper0 combined 1 && ethtool -G cokeeper0 rx 262144 tx 262144 && ethtool -C cokeeper0 rx-usecs 50'

# --- changing, as a helper does
check "one that is no helper is refused" refused 'only the bound helper' cokeeper --do peer-del --json "{\"ifindex\":$dev,\"peer\":$node2}"
on d1 'pid=$(cat /run/lab-cokeeperd.pid); kill $pid; while [ -d /proc/$pid ]; do :; done'
# An address is text to later ones.
address=00000000000000000000ffff0a000063
! grep -q _from_string "$("$top/scripts/lab" ynl "$(on d1 'uname -r' | cut -d . -f 1,2)")/lib/ynl.py" || address=::ffff:10.0.0.99
source="{\"address\":\"$address\",\"prefix-len\":128}"
new_peer="{\"mac\":\"$(node 99)\",\"domid\":99,\"instance\":1,\"source\":[$source]}"
no_peer="{\"ifindex\":$dev,\"peer\":{\"mac\":\"$(node 99)\"}}"
# The last helper's announcement may be on its way out of XenStore.
as_helper() {
	busywait 30 answers "$1" cokeeper --multi helper-bind "$one" "${@:2}"
}
has_99='any(.[] | objects | .peer | if type == "array" then .[] else . end;
	.mac == "00:16:3e:00:00:63" and .domid == 99 and .state == "idle")'
check "it binds, and sets all peers" as_helper "$has_99" --multi roster-set "{\"ifindex\":$dev,\"peer\":[$new_peer],\"cause\":\"resync\"}" \
	--multi dev-set "{\"ifindex\":$dev,\"source\":[{\"address\":\"${address}\",\"prefix-len\":96}]}" \
	--multi peer-get "$no_peer"
check "they are the peers" has_peer 1 99
check "no other is left" has_no_peer 1 2
check "it sets one, and takes it out" as_helper "$has_99" \
	--multi peer-set "{\"ifindex\":$dev,\"peer\":$new_peer,\"cause\":\"created\"}" --multi peer-get "$no_peer" \
	--multi peer-del "{\"ifindex\":$dev,\"peer\":{\"mac\":\"$(node 99)\"},\"cause\":\"withdrawn\"}"
check "that is gone" has_no_peer 1 99
check "an offer of a peer that is not there is refused" refused 'no such peer' cokeeper --multi helper-bind "$one" \
	--multi offer-set "{\"ifindex\":$dev,\"peer\":{\"mac\":\"$(node 98)\",\"instance\":1},\"offer\":{\"id\":1,\"gref\":8,\"port\":1}}"
run_helper 1
check "d1's helper sets all right" eval 'busywait 20 has_no_peer 1 99 && busywait 20 has_peer 1 2 && busywait 20 has_peer 2 1'

# --- statistics and NAPI contexts of queues
queues() {
	on d1 "ethtool -L cokeeper0 combined $1" && on d2 "ethtool -L cokeeper0 combined $1" && connect 1 2
}
# What ip -s link shows, as a condition for jq's $sum.
total() {
	on d1 'cd /sys/class/net/cokeeper0/statistics; paste rx_packets rx_bytes tx_packets tx_bytes' |
		awk '{ printf "$sum == [%s, %s, %s, %s]", $1, $2, $3, $4 }'
}
# sums SCOPE CONDITION: of all statistics of that scope, [rx-packets, rx-bytes, tx-packets, tx-bytes].
sums() {
	answers "([.[].\"rx-packets\"] | add) as \$a | ([.[].\"rx-bytes\"] | add) as \$b | ([.[].\"tx-packets\"] | add) as \$c |
		([.[].\"tx-bytes\"] | add) as \$d | [\$a, \$b, \$c, \$d] as \$sum | $2" netdev --dump qstats-get --json "{\"ifindex\":$dev$1}"
}
queue=',"scope":"queue"'
device_is_total() { sums '' "$(total)"; }
queues_are_total() { sums "$queue" "$(total)"; }
queues_are_less() { sums "$queue" "$(total)" >/dev/null && return 1; sums "$queue" 'length == 2 and $sum[2] > 0'; }
# All that there are, so that none is left out of the sum.
check "eight queues are in use" queues 8
serve_iperf d2
check "flows take them" on d1 "iperf3 -c $(ip4 2) -P 16 -n 2M"
stop_bg iperf3-server d2
check "the device's statistics are those of ip -s link" busywait 30 device_is_total
check "they say what was dropped" answers '.[0]."rx-hw-drops" >= 0' netdev --dump qstats-get --json "$one"
check "so is the sum of the queues in use" busywait 30 queues_are_total
check "each queue in use has some" answers 'length == 16 and ([.[] | select(."tx-packets" > 0)] | length >= 2)' \
	netdev --dump qstats-get --json "{\"ifindex\":$dev$queue}"
linked='length == 16 and (group_by(.id) | length == 8 and all(.[]; length == 2 and .[0]."napi-id" > 0 and .[0]."napi-id" == .[1]."napi-id")) and
	([.[]."napi-id"] | unique | length == 8)'
check "each has a NAPI context" answers "$linked" netdev --dump queue-get --json "$one"
check "which are listed" answers 'length == 8 and all(.[]; .ifindex == $dev)' netdev --dump napi-get --json "$one"
on d1 'ip link set cokeeper0 down'
check "a device that is down has none" answers 'length == 0' netdev --dump queue-get --json "$one"
on d1 'ip link set cokeeper0 up'
check "one that is up again has them again" answers "$linked" netdev --dump queue-get --json "$one"
check "one queue is in use" queues 1
check "the device's statistics keep what others carried" busywait 30 device_is_total
check "its one queue's do not" queues_are_less
check "nothing is logged at warning level" no_warnings d1 d2
finish
