#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that stands still holds nothing up: not the traffic to others, and its own
# goes on once it does.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d2 have a channel" connect 1 2
check "d1 and d3 have a channel" connect 1 3
mark d1 d2

serve_iperf d2
serve_iperf d3
bg tcp d1 "iperf3 -c $(ip4 3) -t 20"
bg ping d1 "ping -q -i 0.002 -s 1400 $(ip4 3)"
check "the load runs" busywait 5 on d1 'pgrep -x iperf3 && pgrep -x ping'

check "d3 is paused" on dom0 'xl pause d3'
check "what is sent to it falls back" busywait 10 stalled 1 3
# What is sent to d3 takes the netfront meanwhile.
netfront_max=1000000
check "no ping to d2 is lost, and all take the rings" \
	via_rings 1 2 100 on d1 "ping -q -i 0.01 -c 100 -W 1 $(ip4 2) | grep ' 0% packet loss'"
check "a transfer to d2 takes the rings" via_rings 1 2 100 on d1 "iperf3 -c $(ip4 2) -n 30M"
check "d1 and d2 still have their channel" connected 1 2

check "d3 goes on" on dom0 'xl unpause d3'
check "the transfer to it ends" busywait 60 ended tcp d1
check "without an error" on d1 'cat /tmp/tcp.log; [ "$(cat /tmp/tcp.status)" = 0 ]'
stop_bg ping d1
stop_bg iperf3-server d2
stop_bg iperf3-server d3
check "d1 and d3 use their rings" connect 1 3
check "nothing is logged at warning level" no_warnings d1 d2
finish
