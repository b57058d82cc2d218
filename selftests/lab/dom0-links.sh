#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What dom0 does to a guest's interface is followed: the peers drop the guest, and it is back
# when that is undone; in icount mode, within two bare XenStore round trips.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

vif=vif$(on dom0 'xl domid d3').0

# follows WHAT REASON DO UNDO: the reason is what d3 is told.
follows() {
	check "$1: d3 is dropped" drops "$2" "$3"
	check "$1, undone: d3 is back" returns "$4"
}

drops() {
	on dom0 "$2" && busywait 5 has_no_peer 1 3 && busywait 5 has_no_peer 2 3 &&
		busywait 5 told "$1"
}

told() {
	local head
	head=$(on dom0 "xenstore-read /local/domain/$(on dom0 'xl domid d3')/cokeeper/$(mac 3 | tr -d :)/roster")
	echo "$head"
	grep -q " reason=$1 " <<<"$head "
}

returns() {
	on dom0 "$1" && busywait 5 has_peer 1 3 && busywait 5 has_peer 2 3 && busywait 5 has_peer 3 1
}

mark dom0
follows "the vif is down" vif-down "ip link set $vif down" "ip link set $vif up"
follows "the vif has no master" not-bridged "ip link set $vif nomaster" "ip link set $vif master xenbr0"
on dom0 'ip link add lab-other up type bridge'
follows "the vif has another master" other-bridge "ip link set $vif master lab-other" "ip link set $vif master xenbr0"
on dom0 'ip link del lab-other'
follows "the port is isolated" isolated "bridge link set dev $vif isolated on" "bridge link set dev $vif isolated off"
follows "the vif has a tc filter" tc-filter "tc qdisc add dev $vif clsact
	tc filter add dev $vif ingress protocol ip u32 match ip dst 10.9.9.9 action drop" "tc qdisc del dev $vif clsact"
follows "the bridge has an nftables rule" bridge-filter \
	'nft "add table bridge lab; add chain bridge lab forward { type filter hook forward priority 0; };
		add rule bridge lab forward ip daddr 10.9.9.9 drop"' 'nft delete table bridge lab'
check "all know each other" eval 'busywait 5 has_peer 1 2 && busywait 5 has_peer 2 1'

# The kernel of d1 stamps what it is told, dom0 what it does; the clocks are compared.
tmp=$(mktemp -d)
measure() {
	local tool
	for tool in probe-clock probe-store; do
		copy_tool "$tool" dom0
		copy_tool "$tool" d1
	done
	copy_tool probe-events d1
	copy_tool probe-links dom0
	bg pong dom0 'exec /tmp/probe-store pong $(xl domid d1)'
	on d1 '/tmp/probe-store ping 50 20' >"$tmp/trips"
	stop_bg pong dom0
	bg clock d1 'exec /tmp/probe-clock serve'
	on dom0 '/tmp/probe-clock ask d1 50' >"$tmp/clock"
	stop_bg clock d1
	bg events d1 'exec /tmp/probe-events'
	on d1 'until grep -q ready /tmp/events.log; do :; done'
	on dom0 "ip link add lab-other type bridge; tc qdisc add dev $vif clsact
		/tmp/probe-links $vif xenbr0 lab-other 5 1000
		ip link del lab-other; tc qdisc del dev $vif clsact" >"$tmp/causes"
	stop_bg events d1
	on d1 'while pgrep -x probe-events >/dev/null; do :; done; grep ^[0-9] /tmp/events.log' >"$tmp/events"
	[[ -s $tmp/trips && -s $tmp/clock && -s $tmp/causes && -s $tmp/events ]]
}

# latency CHANGE: of each change of that kind, the ns until d1 knew, or nothing if it never did.
latency() {
	awk -v mac="$(mac 3)" -v change="$1" '
		FILENAME ~ /clock$/ { ahead = $1 }
		FILENAME ~ /causes$/ { at[++n] = $1 + ahead; what[n] = $2 }
		FILENAME ~ /events$/ && $3 == mac { ++m; event[m] = $2; when[m] = $1 }
		END {
			at[n + 1] = 1e30
			want = change ~ /undone$/ ? "join" : "leave"
			for (i = 1; i <= n; i++)
				for (j = 1; what[i] == change && j <= m; j++)
					if (event[j] == want && when[j] >= at[i] - 1e5 && when[j] < at[i + 1]) {
						printf "%d\n", when[j] - at[i]
						break
					}
		}' "$tmp/clock" "$tmp/causes" "$tmp/events"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

soon() {
	local found trip
	found=$(latency "$1")
	trip=$(median <"$tmp/trips")
	echo "bare round trip $trip ns, until d1 knew: ${found//$'\n'/ }"
	[[ $(wc -l <<<"$found") == 5 ]] && (($(median <<<"$found") <= 2 * trip))
}

if icount; then
	check "dom0's changes are measured" measure
	for change in down nomaster other-master isolated tc-filter; do
		check "$change: within two bare round trips" soon $change
		check "$change undone: within two bare round trips" soon $change-undone
	done
fi
rm -r "$tmp"
check "nothing is logged at warning level" no_warnings dom0
finish
