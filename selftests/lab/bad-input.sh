#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input from XenStore, netlink, and a peer: a clear error or a counted drop, and
# nothing else suffers.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0

# XenStore: what a guest announces.
m3=$(node 3)
hostd_says() {
	on dom0 "tail -n 5 /var/log/cokeeper-hostd.log" | grep -q "$1"
}
bad_announcement() {
	on d3 "xenstore-write data/cokeeper/$m3/announce $1" || return
	busywait 3 on d3 "xenstore-read cokeeper/$m3/roster | grep -q 'state=refused'" || return
	has_peer 1 3
}
good=$(on d3 "xenstore-read data/cokeeper/$m3/announce")
check "garbage is refused, the last good announcement kept" bad_announcement "'%%% garbage'"
check "an empty announcement is refused" bad_announcement "''"
check "a long one is refused" bad_announcement "\"\$(head -c 2000 /dev/zero | tr '\\0' x)\""
check "one that is not ASCII is refused" bad_announcement "\"\$(printf 'v=1 instance=\\303\\244')\""
check "another version is refused" bad_announcement "'v=2 instance=0000000000000001'"
check "an instance of zero is refused" bad_announcement "'v=1 instance=0000000000000000'"
check "the publisher names the node" hostd_says "$m3"
check "the good one is taken again" on d3 "xenstore-write data/cokeeper/$m3/announce '$good'"
check "its roster says so" busywait 3 on d3 "xenstore-read cokeeper/$m3/roster | grep -q 'state=member'"

foreign_mac() {
	on d3 'xenstore-write data/cokeeper/00163e000001/announce "v=1 instance=00000000000000aa"' || return
	busywait 3 on d3 'xenstore-read cokeeper/00163e000001/roster | grep -q state=refused' || return
	[[ $(peer 2 1 instance) != 00000000000000aa ]] && on d3 'xenstore-rm data/cokeeper/00163e000001'
}
check "a guest cannot announce another's interface" foreign_mac

# Netlink. Numbers are those of netlink/cokeeper.h.
copy_tool genl d1
genl() {
	local text=$1 out
	shift
	out=$(on d1 "/tmp/genl cokeeper0 $*" 2>&1)
	echo "$out"
	grep -q "$text" <<<"$out"
}
check "changing the peers takes the bound helper" genl "EPERM: only the bound helper" 7 '6{ 1=00163e0000ff 2=07000000 3=0100000000000000 }'
unprivileged() {
	local out
	out=$(on d1 'setpriv --reuid 1000 --clear-groups /tmp/genl cokeeper0 5')
	echo "$out"
	[[ $out == "error EPERM"* ]]
}
check "an unprivileged user may not" unprivileged
check "but may look" on d1 'setpriv --reuid 1000 --clear-groups cokeeper show >/dev/null'
check "a device that is none is refused" on d1 '/tmp/genl lo 1 | grep "ENODEV: no such cokeeper device"'
on d1 'pkill -9 -x cokeeperd'
check "a peer without a mac is refused" genl "EINVAL: a peer needs a mac" 5 : 7 '6{ 2=07000000 }'
check "a mac of five bytes is refused" genl "EINVAL\|ERANGE" 5 : 7 '6{ 1=00163e0000 2=07000000 3=0100000000000000 }'
check "a multicast mac is refused" genl "EINVAL: peer mac is not a unicast" 5 : 7 '6{ 1=01163e0000ff 2=07000000 3=0100000000000000 }'
check "one's own mac is refused" genl "EINVAL: peer mac is the device's own" 5 : 7 '6{ 1=00163e000001 2=07000000 3=0100000000000000 }'
check "a domain id out of range is refused" genl "ERANGE\|EINVAL" 5 : 7 '6{ 1=00163e0000ff 2=ffffffff 3=0100000000000000 }'
check "an instance of zero is refused" genl "EINVAL: a peer needs an instance" 5 : 7 '6{ 1=00163e0000ff 2=07000000 3=0000000000000000 }'
check "a peer twice in an update is refused whole" genl "EEXIST: a peer mac occurs twice" 5 : 6 \
	'6{ 1=00163e0000fe 2=07000000 3=0100000000000000 }' '6{ 1=00163e0000fe 2=08000000 3=0200000000000000 }'
check "more peers than the table takes are refused whole" genl "ENOSPC: more peers than the table takes" 5 : 6 \
	"\$(for ((i = 1; i <= 4097; i++)); do printf '6{ 1=02000000%04x 2=07000000 3=0100000000000000 } ' \$i; done)"
check "and changes nothing" busywait 1 has_peer 1 2
check "an offer without a port is refused" genl "EINVAL: an offer needs" 5 : 9 '6{ 1=00163e000002 3=0100000000000000 }' '7{ 1=01000000 2=01000000 }'
check "an offer of another instance is refused" genl "ESTALE" 5 : 9 \
	'6{ 1=00163e000002 3=0100000000000000 }' '7{ 1=01000000 2=01000000 3=01000000 }'
late_offer() {
	connected 1 2 && ! genl error 5 : 9 "6{ 1=00163e000002 3=$(peer 1 2 instance | fold -w 2 | tac | tr -d '\n') }" \
		'7{ 1=ffffffff 2=01000000 3=01000000 }'
}
check "an offer that comes late" late_offer
check "does not end an open channel" connected 1 2
check "an unknown attribute is refused" genl "EINVAL\|ERANGE" 5 : 7 '99=00' '6{ 1=00163e0000ff 2=07000000 3=0100000000000000 }'
run_helper 1
check "the helper comes back" busywait 5 on d1 'cokeeper -j show | grep -q "\"helper\":[0-9]"'
check "the channel has stayed through all this" connected 1 2

# A hostile peer, d3.
check "d3 is no peer" turn_hostile
for mode in bad-magic bad-version bad-size bad-gref bad-instance bad-port bad-control; do
	check "an offer with $mode is refused" hostile $mode refused
done
for mode in prod-beyond prod-backwards length-zero length-short length-mtu length-wrap not-ip bad-gso zero-gso wrong-family-gso \
	wrong-udp-gso; do
	check "a channel with $mode is stopped" hostile $mode closed
done

# A process of the peer may have any such packet sent.
check "packets whose checksum has no place are dropped, and end no channel" hostile bad-checksum open

# The same in the second lane, which d1 takes once it has two queues.
check "d1 has two queues" on d1 'ethtool -L cokeeper0 combined 2'
check "d1 and d2 have a channel" connect 1 2
check "two lanes in order are taken" hostile -2 storm open
for mode in bad-magic bad-version bad-size bad-gref bad-instance bad-port bad-control bad-loop; do
	check "an offer with $mode in the second lane is refused" hostile -2 $mode refused
done
for mode in prod-beyond length-zero bad-gso; do
	check "a channel with $mode in the second lane is stopped" hostile -2 $mode closed
done
check "d1 has one queue" on d1 'ethtool -L cokeeper0 combined 1'
check "d1 and d2 have a channel" connect 1 2
check "the drops are counted" on d1 'ethtool -S cokeeper0 | grep -q "rx_dropped_length: [1-9]" &&
	ethtool -S cokeeper0 | grep -q "rx_dropped_header: [1-9]"'
check "an event storm is borne" hostile storm open
check "the channel between the others works" \
	via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
start 3
check "d3 is a good peer again" busywait 5 has_peer 1 3
check "nothing is logged at warning level" no_warnings d1 d2 dom0
finish
