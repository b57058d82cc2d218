#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Under traffic, guests' processors and memory come and go; and a guest whose grants or
# event channels somebody else has taken goes on by netfront.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

mark d1 d2
check "d1 gets a second processor" plug 1 2
check "so does d2" plug 2 2
check "d1 and d2 see each other" busywait 5 has_peer 1 2
check "d1 and d2 have a channel" connect 1 2
transfer 1 2
# Each changes twenty times, at the same time.
processors() {
	local i
	for i in 1 2; do
		bg processors "d$i" 'for i in $(seq 20); do
			echo 0 >/sys/devices/system/cpu/cpu1/online && echo 1 >/sys/devices/system/cpu/cpu1/online || exit; done'
	done
	for i in 1 2; do
		busywait 120 ended processors "d$i" && on "d$i" 'cat /tmp/processors.log; [ "$(cat /tmp/processors.status)" = 0 ]' || return
	done
}
check "processors come and go" processors
check "the transfer goes on" transfer_goes_on 1 2
check "d1 and d2 have their channel" busywait 10 connect 1 2

# balloon GUEST: fifty times 16 MiB go, and come back.
balloon() {
	on "d$1" 'cd /sys/devices/system/xen_memory/xen_memory0
		full=$(cat info/current_kb)
		for i in $(seq 50); do
			for kb in $((full - 16384)) $full; do
				echo $kb >target_kb
				timeout 20 sh -c "until [ \$(cat info/current_kb) = $kb ]; do :; done" || exit
			done
		done'
}
check "memory of d1 goes and comes back" balloon 1
check "so does that of d2" balloon 2
check "the transfer goes on, too" transfer_goes_on 1 2
check "d1 and d2 still have their channel" connect 1 2
check "it ends, and nothing was lost" transfer_ends 1 2
check "d1 is back at one processor" plug 1 1
check "so is d2" plug 2 1

# Four pages of grants are 2048, of which netfront and disk need most.
check "there is a guest with few grants" \
	on dom0 'xl create -q /etc/xen/d4.cfg max_grant_frames=4 && /usr/lib/cokeeper-lab/wait-ready 4'
check "it is a peer" busywait 5 has_peer 1 4
check "d1 and it have a channel" connect 1 4
check "they use it" via_rings 1 4 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 4)"
check "it takes a quarter of the grants at most" eval '[[ $(show 4 | jq ".[0].max_grants") == 512 ]]'
check "it gets an interface, and uses it" new_interface 4
check "it gets a disk, and reads it" new_disk 4

# without WHAT: none is left for the channel, which was ended.
without() {
	stop 4 && on d4 'echo 100000 >/sys/module/xen_gntalloc/parameters/limit'
	bg exhaust d4 "exec /tmp/exhaust $1" && busywait 20 on d4 'grep until /tmp/exhaust.log' && on d4 'cat /tmp/exhaust.log' &&
		start 4 && busywait 5 has_peer 1 4
}
refused() {
	by_netfront 4 && on d1 "ping -q -i 0.05 -c 40 -w 10 $(ip4 4) | grep ' 0% packet loss'" &&
		! connected 1 4 && [[ $(peer 4 1 reason) == no-resources || $(peer 1 4 reason) == no-resources ]]
}
copy_tool exhaust d4
check "all grants of d4 are taken" without grants
check "its netfront goes on" by_netfront 4
check "it takes the channel that d1 offers" connect 1 4
stop_bg exhaust d4
check "all ports of d4 are taken" without ports
check "it goes on by netfront, and says why" busywait 10 refused
stop_bg exhaust d4
check "with ports, it has a channel again" busywait 30 connect 1 4
check "the fourth guest goes" on dom0 'xl destroy d4'
check "it is no peer any more" busywait 5 has_no_peer 1 4
check "nothing is logged at warning level" no_warnings d1 d2
finish
