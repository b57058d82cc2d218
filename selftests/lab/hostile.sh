#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# d3 breaks the rules, lies, floods, comes and goes: d1 ends its channel or bears it, says so,
# and what d1 and d2 send each other goes on. hostile-cost.sh says how fast.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# --- what d1 says of it

count() {
	on d1 "ethtool -S cokeeper0 | sed -n 's/^ *$1: //p'"
}

# quarantines: how often d1 has said so of d3.
quarantines() {
	on d1 'cat /tmp/monitor.log' | jq -s --arg mac "$(mac 3)" \
		'[.[] | select(.event == "quarantine" and .mac == $mac)] | length'
}

# grown BEFORE AFTER: are both numbers, and the second one larger?
grown() {
	echo "$1 -> $2"
	[[ $1 =~ ^[0-9]+$ && $2 =~ ^[0-9]+$ ]] && (($2 > $1))
}

# counted COUNTER COMMAND...: it succeeds, and has d1 count.
counted() {
	local before
	before=$(count "$1") && "${@:2}" && grown "$before" "$(count "$1")"
}

quarantined() {
	local before
	before=$(quarantines) && "$@" && busywait 5 grown "$before" "$(quarantines)"
}

reason() {
	[[ $(peer 1 3 reason) == "$1" ]]
}

# Pings from d1 to d2 that go on all the time; the last one may be on its way.
start_witness() {
	bg witness d1 "exec ping -q -i 0.05 $(ip4 2)"
}
nothing_lost() {
	local said
	said=$(on d1 'said() { grep -c packets /tmp/witness.log; }
		n=$(said) p=$(cat /tmp/witness.pid); kill -QUIT "$p"
		until [ "$(said)" -gt "$n" ]; do kill -0 "$p" || exit; done; tail -n 1 /tmp/witness.log')
	echo "$said"
	[[ $said =~ ([0-9]+)/([0-9]+)\ packets ]] && ((BASH_REMATCH[2] - BASH_REMATCH[1] <= 1))
}

goes_on() {
	nothing_lost && by_rings 1 2
}

check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0
bg monitor d1 'exec cokeeper -j monitor'
start_witness
check "d3 has no module" turn_hostile

# --- offers and rings
check "an offer with rings of no size is refused" hostile bad-empty refused
for mode in prod-unaligned cons-ahead cons-backwards; do
	check "$mode: quarantine" quarantined hostile $mode closed
done
check "length-max: dropped, counted, then quarantine" \
	quarantined counted rx_dropped_length hostile length-max closed
check "frags-gso: dropped, counted, then quarantine" \
	quarantined counted rx_dropped_header hostile frags-gso closed
for mode in states alias; do
	check "$mode: the channel ends" hostile $mode closed
done
check "length-flips: only the first reading counts" counted rx_dropped_header hostile -t 3 length-flips open
check "rewrite: what was checked once is not read again" hostile rewrite open
check "mtus: what is longer than the peer takes goes by netfront" \
	counted tx_fallback_size hostile mtus open
check "csum: checksums and segments of all kinds are dropped, and end no channel" \
	counted rx_dropped_header hostile csum open
check "storm: events without end are borne" hostile -t 5 storm open
check "d1 and d2 have lost nothing, and use their rings" goes_on

# --- who offers
check "cross: d1's offer stands, though d3 offers as well" hostile_goes_on cross
check "cross: and d3 takes it" busywait 5 connected 1 3
crossed() {
	end_hostile | tee /dev/stderr | grep -qx 'one channel'
}
check "cross: there was one channel" crossed
check "silent: d3 has an offer" hostile_goes_on silent
# The next packet after a back-off has it offer again; the back-off is longer each time.
check "silent: d1 gives up" busywait 60 reason offer-timeout
check "silent: what d1 sends goes by netfront" on d1 "ping -q -c 20 -i 0.02 -w 10 $(ip4 3) | grep ' 0% packet loss'"
check "silent: d3 leaves" end_hostile

# --- how it takes what d1 sends; greedy.sh has more
for mode in hold drip mute; do
	check "$mode: there is a channel" hostile_goes_on $mode
	on d1 "ping -q -i 0.002 -s 1400 -c 500 -W 1 $(ip4 3)" >/dev/null
	check "$mode: d1 and d2 have lost nothing, and use their rings" goes_on
	check "$mode: d3 leaves" end_hostile
done

# --- what it says of who it is. dom0 gives d3's interface an address, as 'ip=' does.
d3_domid=$(on dom0 'xl domid d3')
configure_ip() {
	on dom0 "xenstore-write /libxl/$d3_domid/device/vif/0/ip '$1'"
}
# received MODE: prints how many datagrams of it a socket of d1 got.
received() {
	bg sink d1 'exec /tmp/hold sink' && on d1 'until ss -lun | grep -q :7101; do :; done' &&
		hostile "$1" open >&2 &&
		on d1 'kill "$(cat /tmp/sink.pid)"; until grep -q ^received /tmp/sink.log; do :; done; sed "s/received //" /tmp/sink.log'
}
# Nor is there a route or an address that came from there.
no_router() {
	local all
	all=$(on d1 'ip -6 addr; ip -6 route; ip route; ip route show cache; ip -6 route show cache; ip neigh')
	echo "$all"
	! grep -E '2001:db8:bad|fe80::bad' <<<"$all" && grep -q "$(ip4 2) " <<<"$all"
}
own_sources_only() {
	local n
	n=$(received spoof)
	echo "d1 received $n"
	[[ $n == 10 ]]
}
copy_tool hold d1
check "dom0 gives d3 an address" configure_ip "$(ip4 3)"
check "spoof: of datagrams from other addresses none arrives" own_sources_only
check "spoof: they are counted" counted rx_dropped_source hostile spoof open
check "ra: routers, redirects and boot servers are dropped and counted" counted rx_dropped_source hostile ra open
check "ra: without a trace" no_router
on dom0 "xenstore-rm /libxl/$d3_domid/device/vif/0/ip"
check "ra: without an address from dom0, nothing of it comes to cokeeper0" eval \
	'hostile ra open && ! on d1 "ip -6 addr show dev cokeeper0; ip -6 route show dev cokeeper0" | grep .'
on d1 'sysctl -q -w net.ipv6.conf.eth0.accept_ra=0; ip -6 route flush proto ra; ip -6 addr flush dev eth0 dynamic; sysctl -q -w net.ipv6.conf.eth0.accept_ra=1'
check "d1 and d2 have lost nothing, and use their rings" goes_on

# --- the largest number of fragments, by a process of an honest guest
fragments_arrive() {
	local before after
	copy_tool pieces d1 && on d1 'head -c 20000 /dev/urandom >/tmp/whole' &&
		bg whole d2 'exec socat -u TCP-LISTEN:7002 CREATE:/tmp/whole' &&
		on d2 'until ss -ltn | grep -q :7002; do :; done' && before=$(packets 1 cokeeper0 tx) &&
		on d1 "timeout 60 /tmp/pieces $(ip4 2) 7002 </tmp/whole" && after=$(packets 1 cokeeper0 tx) &&
		echo "$((after - before)) packets" && busywait 10 same_file /tmp/whole && ((after - before >= 20000 / 17))
}
same_file() {
	[[ $(on d1 "sha256sum $1") == "$(on d2 "sha256sum $1")" ]]
}
check "packets of as many fragments as can be, of one byte each, arrive" fragments_arrive

# --- coming and going
anew() {
	stop 1 && start 1 && busywait 5 has_peer 1 2 && connect 1 2
}
check "renew: another instance each time" hostile_goes_on renew
check "renew: d1 and d2 have lost nothing, and use their rings" goes_on
check "renew: d3 leaves" end_hostile
check "flap: d3 opens and closes" hostile_goes_on flap
check "flap: it is in quarantine" busywait 30 reason flapping
check "flap: d1 tells of it" busywait 5 on d1 "grep '$(mac 3)' /tmp/monitor.log | grep quarantine | grep flapping"
check "flap: d1 and d2 have lost nothing, and use their rings" goes_on
check "flap: d3 leaves" end_hostile
check "flap: another instance does not end it" eval 'hostile_goes_on renew && busywait 5 reason flapping && end_hostile'

# --- a guest that ends at a bad moment
ends() {
	on dom0 'xl destroy d3' && busywait 5 has_no_peer 1 3 && busywait 20 no_zombie d3
}
again() {
	on dom0 'xl create -q /etc/xen/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3'
}
stop_bg monitor d1
check "what d3 did is forgotten with the module" anew
for mode in silent hold; do
	check "$mode: d3 begins" hostile_goes_on $mode
	[[ $mode != hold ]] || on d1 "ping -q -i 0.002 -s 1400 -c 500 -W 1 $(ip4 3)" >/dev/null
	check "$mode: d3 is destroyed, and no zombie is left" ends
	check "$mode: d3 is created again" again
	check "$mode: and is hostile again" turn_hostile
done
check "d1 and d2 have lost nothing, and use their rings" goes_on
stop_bg witness d1

check "what d3 did is forgotten with the module" anew
start 3
check "d3 is a good peer again" busywait 5 has_peer 1 3
check "d1 and d3 have a channel" connect 1 3
check "nothing is logged at warning level" no_warnings d1 d2 dom0
finish
