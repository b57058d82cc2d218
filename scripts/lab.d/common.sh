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
# directory for sockets, whose paths have a limit of 107 characters.
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

# Prints the process id of the lab's QEMU, if that is still the same process.
lab_pid() {
	local pid start
	read -r pid start 2>/dev/null <"$state/pid" || return
	[[ -n $start && $(start_time "$pid") == "$start" ]] && echo "$pid"
}

# Is the lab running? If not, says so.
check_running() {
	if [[ ! -e $state/pid ]]; then
		echo "lab: there is no lab '$name'; start it with: scripts/lab up --name $name" >&2
	elif ! lab_pid >/dev/null; then
		echo "lab: the lab '$name' has ended by itself; its console is in $state/console.log" >&2
	else
		return 0
	fi
	return 1
}
