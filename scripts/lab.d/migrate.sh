# SPDX-License-Identifier: GPL-2.0
# Moves guests while they run, within a host or to the other one.
# shellcheck shell=bash

# in_dom0 HOST SCRIPT
in_dom0() {
	ssh -F "$state/ssh_config" -o LogLevel=FATAL "dom0$1" "$2" </dev/null
}

# migrate_failed WHAT: with what both ends said.
migrate_failed() {
	local h
	[[ -z $receiver ]] || wait "$receiver" || :
	for h in "${hosts[@]}"; do
		[[ ! -s $log$h ]] || sed "s/^/    dom0$h: /" "$log$h" >&2
	done
	rm -f "$log" "$log-b"
	die "$guest was not migrated: $1"
}

# receive ADDRESS: what comes by the wire to host TO goes there, socat's way. Host FROM
# connects to $wire.
receive() {
	in_dom0 "$to" "socat ${save:+-u} TCP-LISTEN:$port,reuseaddr,accept-timeout=20 $1" >"$log$to" 2>&1 &
	receiver=$!
}

send() {
	in_dom0 "$from" "$1" >"$log$from" 2>&1 || migrate_failed "it failed in dom0$from"
}

migrate_live() {
	grep -qwE 'migratable|type=pvh' "$state/options" ||
		die "no PV guest of the lab '$name' migrates live; boot it with: scripts/lab up --migratable"
	if [[ $from == "$to" ]]; then
		send "xl migrate -s '' $guest '/bin/bash -c \"xl migrate-receive\"'"
	else
		receive "EXEC:'xl migrate-receive'"
		send "xl migrate -s '' $guest 'socat - $wire'"
		# The sender knows whether it went well; the end of the connection says nothing.
		wait "$receiver" || :
	fi
}

migrate_saved() {
	local file=/tmp/migrate-$guest

	send "xl save $guest $file"
	if [[ $from != "$to" ]]; then
		receive "CREATE:$file"
		send "socat -u OPEN:$file $wire"
		wait "$receiver" || migrate_failed "what was saved is $file in dom0$from"
	fi
	in_dom0 "$to" "xl restore $file && rm $file" >"$log$to" 2>&1 ||
		migrate_failed "what was saved is $file in dom0$to"
	in_dom0 "$from" "rm -f $file"
}

# migrate_guest GUEST [FROM TO]: the hosts by their letters.
migrate_guest() {
	local guest=$1 from to h at="" id log=$run/migrate-$1 port=$((7000 + ${1#d})) wire receiver=""

	for h in "${hosts[@]}"; do
		! in_dom0 "$h" "xl domid $guest" >/dev/null 2>&1 || at+=$(letter "$h")
	done
	[[ -n $at ]] || die "there is no guest $guest"
	[[ ${#at} -eq 1 ]] || die "there is a guest $guest on both hosts"
	from=${2:-$at} to=${3:-$at}
	[[ ${from^} == "$at" ]] || die "$guest is not on host ${from^}, but on $at"
	from=${from/[Aa]/} from=${from/[Bb]/-b} to=${to/[Aa]/} to=${to/[Bb]/-b}
	check_running "$to" || exit 255
	wire=TCP:dom0$to:$port,retry=100,interval=0.1

	if [[ -n $save ]]; then migrate_saved; else migrate_live; fi
	id=$(in_dom0 "$to" "xl domid $guest" 2>&1) || migrate_failed "it is gone: $id"
	rm -f "$log" "$log-b"
	say "$guest is domain $id now${hosts[1]:+, on host $(letter "$to")}"
}
