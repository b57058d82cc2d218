#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The commands of the README's section "Use it" do what it says.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# The commands stand indented, their explanation after two spaces.
mapfile -t commands < <(sed -n '/^## Use it/,$ s/^    \([^ ]\+\( [^ ]\+\)*\).*/\1/p' "$top/README.md")

run() {
	case $1 in
	cokeeperd) run_helper 1 ;;
	'cokeeper doctor') busywait 5 on d1 "$1" ;;
	'cokeeper monitor') on d1 'timeout --preserve-status 1 cokeeper monitor' ;;
	*) on d1 "$1" ;;
	esac
}

check "there are commands" [ "${#commands[@]}" -ge 9 ]
check "d1 is without CoKeeper" stop 1
for command in "${commands[@]}"; do
	check "$command" run "$command"
done
check "d1 has its peers again" busywait 5 has_peer 1 2
check "and a channel to one" connect 1 2
check "d1 is as it was" eval 'stop 1 && start 1 && busywait 5 has_peer 1 2'
finish
