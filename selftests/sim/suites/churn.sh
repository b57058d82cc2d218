#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module is loaded and unloaded a thousand times (case 35), some of them under traffic.

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap stop_guests EXIT

idle=1000
busy=20

churn() {
	local i
	for ((i = 0; i < idle; i++)); do
		load && unload || return
	done
}

# Devices are made, used and taken away with the module.
churn_busy() {
	local i n
	for ((i = 0; i < busy; i++)); do
		load
		for n in 1 2; do
			add_device "$n" || return
		done
		start_helpers 1 2
		bg flood d1 "while :; do timeout 2 traffic udp_flood $(ip4 2) 1000 500; done"
		connect 1 2 || return
		unload || return
		stop_bg flood d1
		stop_helpers
		nothing_held || return
	done
}

not_on_xen() {
	local out
	out=$(insmod "$build/module/cokeeper.ko" 2>&1) && return 1
	grep -q 'No such device' <<<"$out" && dmesg | grep -q 'cokeeper: not on Xen'
}

unload
knob native 1
check "without Xen the module is not loaded, and says so" not_on_xen
knob native 0
check "the module is loaded and unloaded $idle times" churn
start_guests 2
on d1 'ip link del cokeeper0'
on d2 'ip link del cokeeper0'
stop_helpers
bg server2 d2 'traffic serve'
check "the module is unloaded under traffic $busy times" churn_busy
finish
