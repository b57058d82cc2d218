# SPDX-License-Identifier: GPL-2.0
# A shell in dom0 and in each guest, by a network of their own, so that nothing that happens to
# eth0 cuts it off: what check-parity and check-transparency share.
# shellcheck shell=bash disable=SC2154

# For the callers: LAB, top, work (a directory for fifos), there (a directory in dom0 and the
# guests), files (arguments of tar: what is to be there, with the program 'guest', which reads
# commands, each ended by a NUL, and answers each with its output, a NUL, its status, a NUL),
# patience (a factor for time-outs, if any), no_answer (called with a host that does not answer).

lab() {
	"$top/scripts/lab" "$1" --name "$LAB" "${@:2}"
}

# prepare HOST SCRIPT: with the files that it needs there.
prepare() {
	tar -c "${files[@]}" |
		lab exec "$1" -- bash -ec "mkdir -p $there; tar -C $there -x --no-same-owner; $2"
}

# prepare_dom0 NUMBER...: the management network, with these guests.
prepare_dom0() {
	prepare dom0 "
		[[ -e /sys/class/net/management ]] || {
			ip link add management type bridge
			ip address add 10.9.0.1/24 dev management
			ip link set management up
		}
		for n in $*; do
			xl network-list d\$n | grep -qi 00:16:3e:09:00:0\$n ||
				xl network-attach d\$n mac=00:16:3e:09:00:0\$n bridge=management
		done"
}

# prepare_guest GUEST SCRIPT: a guest's end of that, and the script before it.
prepare_guest() {
	local n=${1#d}
	prepare "$1" "
		[[ ! -e /run/netns/management ]] || exit 0
		$2
		until [[ -e /sys/class/net/eth1 ]]; do :; done
		ip netns add management
		ip link set eth1 netns management
		ip -n management address add 10.9.0.1$n/24 dev eth1
		ip -n management link set eth1 up
		setsid ip netns exec management socat TCP-LISTEN:7001,fork,reuseaddr \
			EXEC:'nsenter -t 1 -n -m $there/guest' </dev/null >/dev/null 2>&1 &
		until ip netns exec management ss -ltn | grep -q :7001; do :; done"
}

declare -A to from
open_shell() {
	local host=$1 command=(bash "$there/guest") r w
	[[ $host == dom0 ]] || command=(socat - "TCP:10.9.0.1${host#d}:7001")
	rm -f "$work/to.$host"
	mkfifo "$work/to.$host"
	exec {w}<>"$work/to.$host"
	exec {r}< <(exec "$top/scripts/lab" exec --name "$LAB" dom0 -- "${command[@]}" <"$work/to.$host")
	to[$host]=$w from[$host]=$r
}

# close_shell HOST: of a guest that is gone.
close_shell() {
	local r=${from[$1]} w=${to[$1]}
	exec {r}<&- {w}>&-
	unset "to[$1]" "from[$1]"
}

ask() {
	[[ -z ${to[$1]:-} ]] || printf '%s\0' "$2" >&"${to[$1]}"
}

# hear HOST [SECONDS]: sets answer, and status, to those of a host's command. A host that does not
# answer has no shell any more.
hear() {
	answer="$1 has no shell" status=255
	[[ -n ${to[$1]:-} ]] || return 0
	{ IFS= read -r -d '' -t "$((${2:-120} * ${patience:-1}))" -u "${from[$1]}" answer && IFS= read -r -d '' -t 10 -u "${from[$1]}" status; } ||
		{ close_shell "$1"; no_answer "$1"; answer="$1 does not answer any more" status=255; }
	answer=${answer%$'\n'}
}

on() {
	ask "$1" "$2"
	hear "$1" "${3:-}"
	return "$status"
}

# each COMMAND HOST...: at once; sets answer to what those say in which it fails.
each() {
	local host all=
	for host in "${@:2}"; do ask "$host" "$1"; done
	for host in "${@:2}"; do
		hear "$host"
		[[ $status == 0 ]] || all+="$host: $answer"$'\n'
	done
	answer=$all
	[[ -z $all ]]
}
