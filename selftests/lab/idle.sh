#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A channel that nothing uses is given back, and the next packet makes it anew.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d2 have a channel" connect 1 2
mark d1 d2
idle() {
	[[ $(peer "$1" "$2" state) == idle ]]
}
check "it is given back after a minute without traffic" busywait 90 idle 1 2
check "at the other end, too" busywait 5 idle 2 1
check "the next packets make it anew" connect 1 2
check "nothing is logged at warning level" no_warnings d1 d2
finish
