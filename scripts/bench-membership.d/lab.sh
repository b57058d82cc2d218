# SPDX-License-Identifier: GPL-2.0
# The lab that is measured: probes, daemons, observers in the guests, clocks, costs.
# shellcheck shell=bash

say() {
	printf '[%4d s] %s\n' "$SECONDS" "$*" >&2
}

host() {
	if [[ $1 == 0 ]]; then echo dom0; else echo "d$1"; fi
}

# Uses $LAB, or boots a lab of its own, which goes with this script.
use_lab() {
	local n h running

	if [[ -z $LAB ]]; then
		LAB=bench-membership-$$
		trap '"$top/scripts/lab" down --name "$LAB"' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		"$top/scripts/lab" up --name "$LAB" --icount --store "$store" --guests "$guests"
	fi
	running=$(on dom0 'cat "/proc/$(pgrep -ox "o?xenstored")/comm"')
	[[ $running == "$store" ]] || bad_usage "the lab '$LAB' has $running; give --store $running"
	for ((n = 0; n <= guests; n++)); do
		h=$(host "$n")
		tar -C "$top/build/tools" -c tiny probe-{cause,clock,events,links,store} |
			"$top/scripts/lab" exec --name "$LAB" "$h" -- \
				bash -c '/usr/lib/cokeeper-lab/stop; pkill -x "probe-.*"; tar -xmC /tmp'
	done
	on dom0 'printf "%s\n" "$@" >/tmp/tiny.cfg' "name = 'tiny'" "type = 'pv'" "kernel = '/tmp/tiny'" \
		"memory = 4" "vif = [ 'mac=$tiny_mac,bridge=xenbr0' ]" "on_crash = 'destroy'"
	bg clock d1 'exec /tmp/probe-clock serve'
	describe >"$out/environment"
	active=$guests
}
tiny_mac=00:16:3e:00:01:00

# What the figures depend on, KEY VALUE a line.
describe() {
	local commit
	commit=$(git -C "$top" describe --always --dirty 2>/dev/null) || commit=unknown
	printf '%s %s\n' commit "$commit" \
		store "$store" \
		mode "QEMU TCG, -icount shift=0: one instruction of any processor takes 1 ns" \
		qemu "$(qemu-system-x86_64 --version | sed -n 's/.*version \([^ ]*\).*/\1/p')"
	on dom0 'xl info | sed -n "s/^xen_version *: /xen /p; s/^release *: /dom0_kernel /p; s/^nr_cpus *: /processors /p"'
	on d1 'echo guest_kernel $(uname -r); echo guest_memory_mb $(($(awk "/MemTotal/ { print \$2 }" /proc/meminfo) / 1024))'
	echo samples "$samples"
}

# daemons watch|poll N: starts all daemons of dom0 and d1 to dN in that mode, none in
# the other guests, and waits until all know each other. Meanwhile the clocks are
# compared: without the daemons no route leads through a ring.
daemons() {
	local mode=$1 n=$2 i args=""

	[[ $mode == watch ]] || args="--poll 1"
	on d1 /usr/lib/cokeeper-lab/stop
	echo "d1 0 0" >"$out/clocks"
	for i in 0 $(seq 2 "$n"); do
		echo "$(host "$i") $(on "$(host "$i")" '/usr/lib/cokeeper-lab/stop && /tmp/probe-clock ask d1 50')"
	done >>"$out/clocks"
	for ((i = n + 1; i <= active; i++)); do
		on "d$i" /usr/lib/cokeeper-lab/stop
	done
	active=$n
	for ((i = 0; i <= n; i++)); do
		# shellcheck disable=SC2086 # words
		on "$(host "$i")" '/usr/lib/cokeeper-lab/start "$@"' $args
	done
	for ((i = 1; i <= n; i++)); do
		busywait 60 knows_others "$i" $((n - 1))
	done
}

knows_others() {
	[[ $(on "d$1" 'cokeeper | grep -c "^ *peer "') == "$2" ]]
}

# usage_of HOST DAEMON...: DAEMON HOST CPU-NS SWITCHES, over all its threads; either
# daemon of XenStore is o?xenstored, and goes by the name xenstored.
usage_of() {
	on "$1" 'host=$1
		for d in "${@:2}"; do
			cd "/proc/$(pgrep -ox "$d")/task" || { tail "/var/log/$d.log" >&2; exit 1; }
			awk -v d="${d#o[?]}" -v h="$host" "FILENAME ~ /schedstat/ { cpu += \$1 }
				/ctxt_switches/ { sw += \$2 }
				END { printf \"%s %s %.0f %d\n\", d, h, cpu, sw }" */schedstat */status
		done' "$@"
}

# all_usage N: of the daemons in dom0 and d1 to dN.
all_usage() {
	local i
	usage_of dom0 cokeeper-hostd 'o?xenstored'
	for ((i = 1; i <= $1; i++)); do
		usage_of "d$i" cokeeperd
	done
}

# observe NAME HOST COMMAND: starts it in the background; returns when it says 'ready'.
observe() {
	on "$2" ': >"/tmp/$1.log"
		setsid $2 </dev/null >"/tmp/$1.log" 2>&1 & echo $! >"/tmp/$1.pid"
		until grep -q ready "/tmp/$1.log"; do :; done' "$1" "$3"
}

# collect NAME HOST: ends what observe started, and prints what it wrote.
collect() {
	on "$2" 'pid=$(cat "/tmp/$1.pid"); kill -- -"$pid"
		while pgrep -g "$pid" >/dev/null; do :; done
		cat "/tmp/$1.log"' "$1"
}

# trace COMMAND...: runs it, and prints how many messages XenStore's clients sent and got.
trace() {
	"trace_$store" "$@"
}

trace_xenstored() {
	on dom0 'rm -f /tmp/xenstore.trace; xenstore-control logfile /tmp/xenstore.trace; xenstore-control log on' >/dev/null
	"$@" >/dev/null
	on dom0 'xenstore-control log off >/dev/null; grep -E "^(IN|OUT) " /tmp/xenstore.trace | grep -cvE " CONTROL "' || :
}

# Its log has events and requests; each of these has an answer, and only an error is logged.
trace_oxenstored() {
	on dom0 'cd /var/log/xen; rm -f xenstored-access.log.*; : >xenstored-access.log'
	"$@" >/dev/null
	on dom0 'cat /var/log/xen/xenstored-access.log*' | awk '
		$3 ~ /^(newconn|endconn|coalesce|conflict|commit|error)$/ || $3 $4 == "wnotfired" { next }
		{ n += $3 $4 == "wevent" ? 1 : 2 }
		END { print n + 0 }'
}

# series NAME PEERS WHAT HOST SCRIPT [ARG...]: runs SCRIPT, which prints causes, on HOST
# while the guests PEERS observe events or routes, and what dom0 sees released is noted.
series() {
	local dir=$out/$1 peers=$2 what=$3 from=$4 i
	shift 4

	say "  ${dir##*/}"
	rm -rf "$dir"
	mkdir -p "$dir"
	cp "$out/clocks" "$dir/"
	[[ $what == routes ]] || what=""
	for i in $peers; do
		observe events "d$i" "/tmp/probe-events $what"
	done
	observe release dom0 '/tmp/probe-store watch @releaseDomain'
	{ usage_of dom0 cokeeper-hostd 'o?xenstored'; usage_of "d$i" cokeeperd; } >"$dir/usage-before"
	on "$from" "$@" | sed "s/\$/ $from/" >"$dir/causes"
	{ usage_of dom0 cokeeper-hostd 'o?xenstored'; usage_of "d$i" cokeeperd; } >"$dir/usage-after"
	for i in $peers; do
		collect events "d$i" | grep '^[0-9]' >"$dir/events-d$i" || :
	done
	collect release dom0 | grep '^[0-9]' >"$dir/release" || :
}
