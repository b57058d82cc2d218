#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What ethtool shows of the device, and changes.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# shows OPTION LINE...: is each line in what ethtool says of d1's device? Blanks count as one.
shows() {
	local output line found=0
	output=$(on d1 "ethtool $1 cokeeper0") || return
	output=$(tr -s ' \t' ' ' <<<"$output" | sed 's/^ //; s/ $//')
	echo "$output"
	for line in "${@:2}"; do
		grep -qxF -- "$line" <<<"$output" || { echo "missing: $line"; found=1; }
	done
	return "$found"
}

# refused TEXT OPTION...: does ethtool say that?
refused() {
	local text=$1 out
	shift
	out=$(on d1 "ethtool $*" 2>&1) && return 1
	echo "$out"
	grep -q "$text" <<<"$out"
}

# option NAME VALUE: does ip show it so?
option() {
	on d1 'ip -d -j link show cokeeper0' | jq -e ".[0].linkinfo.info_data.$1 == $2"
}

# counters_named: names of ethtool -S.
counters_named() {
	on d1 'ethtool -S cokeeper0' | sed -n '2,$s/^ *\(.*\): [0-9]*$/\1/p'
}

mark d1
check "the link is up" shows '' 'Link detected: yes'
check "-i names the driver, and the kernel's version" \
	shows -i 'driver: cokeeper' "version: $(on d1 'uname -r')" 'bus-info:' 'supports-statistics: yes'

# --- counters
has_counters() {
	local names
	names=$(counters_named)
	echo "$names"
	grep -qx tx_fallback_no_channel <<<"$names" && grep -qx rx_dropped_length <<<"$names" &&
		[[ $(grep -cxE 'tx_queue_[0-7]_packets' <<<"$names") == 8 && $(grep -cxE 'rx_queue_[0-7]_packets' <<<"$names") == 8 ]]
}
repeats_none() {
	local names
	names=$(counters_named)
	[[ -z $(sort <<<"$names" | uniq -d) ]] && ! grep -xE '[rt]x_(packets|bytes|errors|dropped)' <<<"$names"
}
check "-S has counters, and those of eight queues" has_counters
check "no name comes twice, or is one of ip -s link" repeats_none

# --- queues
queues() {
	[[ $(on d1 "ethtool -l cokeeper0 | sed -n 's/^Combined:[[:space:]]*//p'" | paste -sd /) == "$1" ]]
}
check "-l has eight queues at most, and one in use" queues 8/1
check "-L changes that" eval 'on d1 "ethtool -L cokeeper0 combined 3" && queues 8/3'
check "there and back" eval 'on d1 "ethtool -L cokeeper0 combined 1" && queues 8/1'
check "none is refused" refused . -L cokeeper0 combined 0
check "queues for one direction are refused" refused . -L cokeeper0 rx 1

# --- rings
rings() {
	[[ $(on d1 "ethtool -g cokeeper0 | sed -n 's/^[RT]X:[[:space:]]*//p'" | paste -sd /) == "$1" ]]
}
check "-g has the size of the rings in bytes" rings 1048576/1048576/262144/262144
check "d1 and d2 have a channel" connect 1 2
check "-G changes it" eval \
	'on d1 "ethtool -G cokeeper0 rx 131072 tx 131072" && rings 1048576/1048576/131072/131072 && option ring_size 131072'
check "the channel is made anew" connect 1 2
check "one ring alone is refused" refused 'rx and tx the same' -G cokeeper0 rx 262144
check "what is no power of two is refused" refused 'power of two' -G cokeeper0 rx 200000 tx 200000
check "what is too small is refused" refused 'power of two' -G cokeeper0 rx 65536 tx 65536
check "what is too large is refused" refused . -G cokeeper0 rx 2097152 tx 2097152
check "none of that changed anything" rings 1048576/1048576/131072/131072
check "the size can be put back" eval 'on d1 "ethtool -G cokeeper0 rx 262144 tx 262144" && option ring_size 262144'

# --- coalescing
check "-c has the time of polling" shows -c 'rx-usecs: 50' 'tx-usecs: n/a' 'rx-frames: n/a'
check "-C changes it" eval 'on d1 "ethtool -C cokeeper0 rx-usecs 20" && shows -c "rx-usecs: 20" && option poll_usecs 20'
check "more than a millisecond is refused" refused '1000 microseconds' -C cokeeper0 rx-usecs 1001
check "so is what the device does not have" refused . -C cokeeper0 tx-usecs 20
check "it can be turned off" eval 'on d1 "ethtool -C cokeeper0 rx-usecs 0" && option poll_usecs 0'
check "it can be put back" eval 'on d1 "ethtool -C cokeeper0 rx-usecs 50" && option poll_usecs 50'

# --- features and time stamps
check "-k has what it takes whole" shows -k 'rx-checksumming: on [fixed]' 'tx-checksumming: on' \
	'scatter-gather: on' 'tcp-segmentation-offload: on' 'generic-receive-offload: on'
check "-K changes that" eval \
	'on d1 "ethtool -K cokeeper0 tso off" && shows -k "tcp-segmentation-offload: off" && on d1 "ethtool -K cokeeper0 tso on"'
check "it can be put back" shows -k 'tcp-segmentation-offload: on'
check "-T has time stamps by software, and no clock" \
	shows -T software-transmit software-receive software-system-clock 'PTP Hardware Clock: none'
check "d1 and d2 have a channel" connect 1 2
check "nothing is logged at warning level" no_warnings d1
finish
