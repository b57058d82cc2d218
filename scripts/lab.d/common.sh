# SPDX-License-Identifier: GPL-2.0
# Messages, errors and the state of a running lab, for scripts/lab and its parts.
# shellcheck shell=bash

# These packages are all that the lab needs on a Debian machine.
needed_packages=(
	apt bash busybox-static coreutils cpio debian-archive-keyring diffutils
	dpkg findutils gawk grep kmod make openssh-client procps qemu-system-x86
	sed socat squashfs-tools tar util-linux xz-utils zstd
)

say() {
	printf '[%4d s] %s\n' "$SECONDS" "$*" >&2
}

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

usage_error() {
	printf 'lab: %s\n' "$1" >&2
	printf "Try 'scripts/lab %s--help'.\n" "${2:+$2 }" >&2
	exit 2
}

# check_needs PACKAGE...: ends unless they are installed.
check_needs() {
	local p missing=()

	command -v dpkg-query >/dev/null ||
		die "this is no Debian machine; the lab is built from Debian's packages"
	for p; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] ||
			missing+=("$p")
	done
	[[ ${#missing[@]} -eq 0 ]] ||
		die "missing packages; run: apt-get install ${missing[*]}"
}

# A lab's state is in build/lab/NAME: pid (process id and its start time),
# port, options, console.log, ssh_config, the keys, and run, a link to a short
# directory for sockets, whose paths have a limit of 107 characters. What a
# second host, B, has of its own ends in "-b": pid-b, console-b.log, dom0-b.
all_hosts=("" -b)

use_lab() {
	name=$1
	[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$ ]] ||
		usage_error "'$name' is no lab name: use at most 32 letters, digits, '.', '_' and '-'"
	state=$labs/$name
}

start_time() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
	set -- ${stat##*) }
	echo "${20}"
}

# Sets hosts to those of a lab that was booted.
lab_hosts() {
	hosts=("")
	[[ ! -e $state/pid-b ]] || hosts+=(-b)
}

# letter HOST: what users call it.
letter() {
	if [[ -n $1 ]]; then echo B; else echo A; fi
}

# lab_pid HOST: prints the process id of its QEMU, if that is still the same process.
lab_pid() {
	local pid start
	read -r pid start 2>/dev/null <"$state/pid$1" || return
	[[ -n $start && $(start_time "$pid") == "$start" ]] && echo "$pid"
}

the_host() {
	if [[ ${#hosts[@]} -gt 1 ]]; then echo "host $(letter "$1") of the lab '$name'"; else echo "the lab '$name'"; fi
}

# check_running HOST: is the lab's host running? If not, says so.
check_running() {
	lab_hosts
	if [[ ! -e $state/pid ]]; then
		echo "lab: there is no lab '$name'; start it with: scripts/lab up --name $name" >&2
	elif [[ ! -e $state/pid$1 ]]; then
		echo "lab: the lab '$name' has one host; one with two is booted by: scripts/lab up --hosts 2" >&2
	elif ! lab_pid "$1" >/dev/null; then
		echo "lab: $(the_host "$1") has ended by itself; its console is in $state/console$1.log" >&2
	else
		return 0
	fi
	return 1
}
