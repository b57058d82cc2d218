# SPDX-License-Identifier: GPL-2.0
# The parts of the membership benchmark.
# shellcheck shell=bash

# A guest writes, a bare watcher in dom0 answers, a bare watcher in the guest reads: with
# libxenstore, and with the daemons' own client, which is quicker.
part_round_trip() {
	local own
	for own in "" --own; do
		bg pong dom0 "exec /tmp/probe-store $own pong \$(xl domid d1)"
		on d1 "/tmp/probe-store $own ping \$1 20" $((samples * 4)) >"$out/round-trip$own"
		stop_bg pong dom0
	done
}

part_events() {
	local trace=(on d1 '/tmp/probe-cause announce "$1" 10 160 20' "$(node 1)")

	daemons watch 4
	announcing watch 160 20
	steer route
	series address.watch "2 3 4" routes d1 '/tmp/probe-cause address eth0 10.0.0.99 "$@"' "$samples" 160 20
	steer intercept
	series domain.watch "2 3 4" events dom0 "$domains" "$samples" 200 100
	series goodbye.watch 2 events d1 "$goodbyes" "$samples" 2
	series goodbyes.watch "2 3 4" events d1 "$goodbyes" "$samples" 2 3 4
	bg sender d2 'exec ping -q -i 0.0005 10.0.0.11'
	series up.watch 2 events d1 "$ups" "$samples"
	stop_bg sender d2
	helper_of_d1 STOP
	echo "20 $(trace "${trace[@]}")" >"$out/announce.watch/messages"
	helper_of_d1 CONT

	daemons poll 4
	announcing poll 3000 1000
	steer route
	series address.poll "2 3 4" routes d1 '/tmp/probe-cause address eth0 10.0.0.99 "$@"' "$samples" 3000 1000
	steer intercept
	series domain.poll "2 3 4" events dom0 "$domains" "$samples" 3000 1000
}

# announcing MODE GAP SPREAD: d1 is announced and withdrawn by turns, not by its helper, which
# would mend what another does.
announcing() {
	helper_of_d1 STOP
	series "announce.$1" "2 3 4" events d1 '/tmp/probe-cause announce "$@"' "$(node 1)" "$samples" "$2" "$3"
	helper_of_d1 CONT
}

helper_of_d1() {
	on d1 "pkill -$1 -x cokeeperd"
}

# steer HOW: the four guests; by routes, each has one to each other.
steer() {
	local i
	for i in 1 2 3 4; do
		on "d$i" "ip link set cokeeper0 type cokeeper steer $1" || return
	done
	[[ $1 == route ]] || return 0
	for i in 1 2 3 4; do
		busywait 60 on "d$i" '[[ $(ip route show table cokeeper | grep -c "^10\.") == 3 ]]'
	done
}

# domains COUNT GAP SPREAD, in dom0: a domain is made, announced (which counts as its
# creation), and destroyed or made to crash by turns. It does not announce itself, for
# that would take it a kernel and seconds to start.
# shellcheck disable=SC2016 # for the other shell
domains='
RANDOM=1
pause() {
	local ms=$(($1 + RANDOM % $2))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}
for ((i = 0; i < $1; i++)); do
	xl create -pq /tmp/tiny.cfg || exit
	path=/local/domain/$(xl domid tiny)/data/cokeeper/00163e000100/announce
	pause "$2" "$3"
	echo "$(/tmp/probe-store write "$path" "v=1 instance=$(printf %016x $((i + 1))) addr=10.0.1.1") create"
	pause "$2" "$3"
	if ((i % 2)); then
		echo "${EPOCHREALTIME/[.,]/}000 destroy"
		xl destroy tiny
	else
		echo "${EPOCHREALTIME/[.,]/}000 crash"
		xl unpause tiny
		while xl domid tiny >/dev/null 2>&1; do sleep 0.05; done
	fi
	pause "$2" "$3"
done'

# goodbyes COUNT PEER..., in d1: the device goes down while these are connected. A guest that
# makes more than one channel a second for long is put into quarantine.
# shellcheck disable=SC2016
goodbyes='
count=$1
shift
for ((i = 0; i < count; i++)); do
	ip link set cokeeper0 up
	until [[ $(cokeeper | grep -c "state connected") == $# ]]; do
		for n; do ping -q -c 2 -i 0.1 -W 1 10.0.0.1$n >/dev/null & done
		wait
	done
	sleep 0.5
	/tmp/probe-cause down cokeeper0
	sleep 0.5
done
ip link set cokeeper0 up'

# ups COUNT, in d1: the device comes up while d2 sends, and gets a channel. (A flood would keep
# the processors busy, whose time is what is measured.)
# shellcheck disable=SC2016
ups='
for ((i = 0; i < $1; i++)); do
	ip link set cokeeper0 down
	sleep 1
	/tmp/probe-cause up cokeeper0
	for ((n = 0; n < 50; n++)); do
		! cokeeper | grep -q "state connected" || break
		sleep 0.1
	done
done'

# Whole guests: each event takes seconds, so there are fewer.
part_lifecycle() {
	daemons watch 4
	series lifecycle.watch "2 3" events dom0 "$lifecycle" $(((samples + 9) / 10))
}

# lifecycle COUNT, in dom0: d4 boots again, is saved, and restored.
# shellcheck disable=SC2016
lifecycle='
now() {
	local time=${EPOCHREALTIME/[.,]/}000
	printf "$time %s\n" "$@"
}
save=/var/lib/xen/d4.save
for ((i = 0; i < $1; i++)); do
	id=$(xl domid d4)
	now reboot back
	xl reboot d4
	/usr/lib/cokeeper-lab/wait-ready "4:$id" || exit
	sleep 1
	now save
	xl save d4 $save >/dev/null 2>&1 || exit
	sleep 1
	now restore
	xl restore $save >/dev/null 2>&1 || exit
	rm $save
	sleep 5
done'

# What dom0 does to the interface of a guest.
part_links() {
	daemons watch 4
	on dom0 'vif=vif$(xl domid d4).0
		ip link add lab-other type bridge && tc qdisc add dev "$vif" clsact'
	series links.watch "1 2 3" events dom0 '/tmp/probe-links vif$(xl domid d4).0 xenbr0 lab-other "$@"' "$samples" 400
	on dom0 'ip link del lab-other; tc qdisc del dev "vif$(xl domid d4).0" clsact'
}

part_scaling() {
	local n cause=(d1 '/tmp/probe-cause announce "$@"' "$(node 1)" "$samples" 160 20)
	for n in 2 4 8 16; do
		daemons watch "$n"
		helper_of_d1 STOP
		series "scale-$n.watch" "$(seq -s ' ' 2 "$n")" events "${cause[@]}"

		# The others, which would have processors of their own, use none of ours.
		on dom0 'for ((i = 2; i < $1; i++)); do xl pause "d$i"; done' "$n"
		series "scale-$n.alone" "$n" events "${cause[@]}"
		on dom0 'for ((i = 2; i < $1; i++)); do xl unpause "d$i"; done' "$n"
		helper_of_d1 CONT
	done
}

# For a minute nothing happens.
part_idle() {
	local mode seconds=60
	for mode in watch poll; do
		daemons "$mode" 8
		say "  idle.$mode"
		mkdir -p "$out/idle.$mode"
		on dom0 'sleep 5'
		all_usage 8 >"$out/idle.$mode/usage-before"
		echo "$seconds $(trace on dom0 "sleep $seconds")" >"$out/idle.$mode/messages"
		all_usage 8 >"$out/idle.$mode/usage-after"
	done
}

# The publisher alone, on this machine: only its CPU time and memory say much.
part_synthetic() {
	make -s -C "$top/selftests/userspace" O="$top/build/selftests" "$top/build/selftests/xen-shim.so"
	XENSTORE_DAEMON=$store "$top/selftests/userspace/hostd-bench" "$top/build/userspace/cokeeper-hostd" \
		"$top/build/selftests/xen-shim.so" >"$out/synthetic.new"
	mv "$out/synthetic.new" "$out/synthetic"
}
