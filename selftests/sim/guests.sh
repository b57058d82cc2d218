# SPDX-License-Identifier: GPL-2.0
# What suites in the simulation share: guests are network namespaces here.
#
#   d1          d2          d3        namespaces, with cokeeper0 on eth0
#   |           |           |
#   veth1       veth2       veth3     the other ends of eth0
#   +---- xenbr0 (initial namespace) ----+
#
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=selftests/lib.sh
. "$here/../lib.sh"
build=$top/build/sim
sim=/sys/kernel/debug/xen_sim
export IP_LIB_DIR=$build/userspace PATH=$build:$build/userspace:$PATH

# As in the lab, with a namespace for a guest and the initial one for dom0.
on() {
	local host=$1
	shift
	if [[ $host == dom0 ]]; then
		bash -c "$1" bash "${@:2}" </dev/null
	else
		ip netns exec "$host" bash -c "$1" bash "${@:2}" </dev/null
	fi
}

# wait_for SECONDS COMMAND...: repeats it each tenth of a second until it succeeds. Time goes on
# at once while nothing runs, unlike with busywait.
wait_for() {
	retry "sleep 0.1" "$@"
}

load() {
	[[ -e /sys/module/cokeeper ]] || insmod "$build/module/cokeeper.ko"
}

unload() {
	[[ ! -e /sys/module/cokeeper ]] || rmmod cokeeper
}

# add_guest N [OPTION...]: with options of the cokeeper device, which has 4 queues and uses 1.
add_guest() {
	local n=$1
	shift
	ip netns add "d$n"
	ip link add "veth$n" type veth peer name eth0 netns "d$n"
	ip link set "veth$n" master xenbr0 up
	on "d$n" 'ip link set lo up; ip link set eth0 address "$1" up
		ip address add "$2/24" dev eth0; ip address add "$3/64" dev eth0 nodad' \
		"$(mac "$n")" "$(ip4 "$n")" "$(ip6 "$n")"
	add_device "$n" "$@"
}

add_device() {
	local n=$1
	shift
	on "d$n" 'ip link add cokeeper0 numtxqueues 4 numrxqueues 4 link eth0 type cokeeper "$@" &&
		ip link set cokeeper0 up' "$@"
}

# del_guest N: with all that runs in it, which would keep it.
del_guest() {
	local pids
	pids=$(ip netns pids "d$1")
	# shellcheck disable=SC2086 # one word a process
	[[ -z $pids ]] || kill -KILL $pids
	ip netns del "d$1"
}

# start_helpers N...: of these guests; the domain id of dN is N.
start_helpers() {
	local n args=()
	for n; do
		args+=("d$n/cokeeper0/$n")
	done
	helpers "${args[@]}" >/tmp/helpers.log 2>&1 &
	helpers=$!
	wait_for 10 grep -q ready /tmp/helpers.log
}

stop_helpers() {
	[[ -z ${helpers:-} ]] || { kill "$helpers"; wait "$helpers"; } 2>/dev/null
	helpers=
}

# start_guests N [OPTION...]: the bridge, guests d1 to dN and their helpers.
start_guests() {
	local n nr=$1
	shift
	load
	ip link add xenbr0 type bridge
	ip link set xenbr0 up
	for ((n = 1; n <= nr; n++)); do
		add_guest "$n" "$@"
	done
	# shellcheck disable=SC2046 # one word a guest
	start_helpers $(seq "$nr")
}

stop_guests() {
	local ns
	stop_helpers
	for ns in /run/netns/*; do
		[[ ! -e $ns ]] || del_guest "${ns##*/d}"
	done
	ip link del xenbr0 2>/dev/null
	wait_for 30 nothing_held
}

knob() {
	echo "$2" >"$sim/$1"
}

nothing_held() {
	local what value found=0
	for what in grants maps pages ports irqs deferred kept; do
		value=$(<"$sim/$what")
		[[ $value == 0 ]] || { echo "$what: $value"; found=1; }
	done
	return $found
}

# nic_stat GUEST NAME: a counter of ethtool -S.
nic_stat() {
	on "d$1" "ethtool -S cokeeper0 | sed -n 's/^ *$2: //p'"
}
