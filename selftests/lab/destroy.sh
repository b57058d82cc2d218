#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest is destroyed under load: the others drop it, and nothing else suffers.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d3 have a channel" connect 1 3
check "d2 and d3 have a channel" connect 2 3
check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0

serve_iperf d2
serve_iperf d3
bg doomed d1 "iperf3 -c $(ip4 3) -t 60"
bg doomed d2 "ping -q -f -w 60 $(ip4 3)"
bg transfer d1 "iperf3 -c $(ip4 2) -t 12"
check "the load runs" busywait 5 on d1 '[ "$(pgrep -c iperf3)" -ge 2 ]'

destroy() {
	on dom0 'xl destroy d3' && busywait 1 has_no_peer 1 3 && busywait 1 has_no_peer 2 3
}
check "a destroyed guest is dropped by the others at once" destroy

check "no zombie is left" busywait 5 no_zombie d3

stop_bg doomed d1
stop_bg doomed d2
check "the transfer between the others ends" busywait 30 ended transfer d1
check "without an error" on d1 'cat /tmp/transfer.log; [ "$(cat /tmp/transfer.status)" = 0 ]'
stop_bg iperf3-server d2
check "nothing is logged at warning level" no_warnings d1 d2 dom0

again() {
	on dom0 'xl create -q /etc/xen/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3' &&
		busywait 5 has_peer 1 3 && busywait 5 has_peer 3 1 && connect 1 3
}
check "a new guest of that name is a peer, and gets a channel" again
finish
