#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An unprivileged user of a guest, with namespaces of his own, causes no grant, no event
# channel, no device and no module.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# as_nobody SCRIPT: what fails in it is no matter, but that it ran.
as_nobody() {
	on d1 "setpriv --reuid 65534 --regid 65534 --clear-groups bash -c '$1; true'"
}

# What the guest has: modules, devices, event channels, and peers with what they are given.
state() {
	on d1 'cut -d " " -f 1 /proc/modules | sort | tr "\n" " "; echo
		ip -o link | cut -d : -f 2 | tr -d "\n"; echo
		awk "{ print \$NF }" /proc/interrupts | sort | uniq -c; ethtool -l cokeeper0; ip -d -j link show cokeeper0 | sed "s/\"mtu\".*linkinfo/linkinfo/"'
	show 1 | jq -c '.[0] | {inactive, helper, max_peer_grants}, (.peers[] | {mac, state, reason, grants, late_grants, mapped, ports})'
}
# unchanged DESCRIPTION SCRIPT: as nobody, in his own namespaces and without these.
unchanged() {
	check "$1: changes nothing" tries "$2"
}
tries() {
	local before after
	before=$(state) && as_nobody "$1" && as_nobody "unshare -Urn bash -c \"$1\"" && as_nobody "unshare -Ur bash -c \"$1\"" && after=$(state) &&
		diff <(echo "$before") <(echo "$after")
}
has_figures() {
	show 1 | jq -ce '.[0].peers[] | {mac, grants, ports}' | tee /dev/stderr | grep -qE '"grants":[1-9].*"ports":[1-9]'
}
has_namespaces() {
	as_nobody 'unshare -Urn ip link add dummy9 type dummy && echo made' | grep -x made
}

# The user has these loaded, whatever module is at hand.
on d1 'modprobe -a dummy veth'
copy_tool genl d1
check "d1 and d2 have a channel" connect 1 2
check "d1 and d3 have a channel" connect 1 3
mark d1
check "the user can have namespaces, and devices in them" has_namespaces
check "what peers are granted is shown" has_figures
unchanged "a device on the guest's own" 'ip link add ck9 link eth0 type cokeeper'
unchanged "a device on one of his" 'ip link add dummy9 type dummy; ip link add ck9 link dummy9 up type cokeeper'
unchanged "a device on nothing" 'ip link add ck9 up type cokeeper'
unchanged "options" 'ip link set cokeeper0 type cokeeper steer route ring_size 1048576 memory_share 50 poll_usecs 1000'
unchanged "up and down" 'ip link set cokeeper0 down; ip link set cokeeper0 up mtu 1400; ip link del cokeeper0'
unchanged "another namespace" 'ip link set cokeeper0 netns $$'
unchanged "queues" 'ethtool -L cokeeper0 combined 8'
unchanged "rings" 'ethtool -G cokeeper0 rx 131072 tx 131072'
unchanged "polling" 'ethtool -C cokeeper0 rx-usecs 1'
unchanged "being a helper" '/tmp/genl cokeeper0 5'
unchanged "peers" "/tmp/genl cokeeper0 5 : 7 6{ 1=00163e0000ff 2=07000000 3=0100000000000000 } : 8 6{ 1=$(node 2) }"
unchanged "no peers" '/tmp/genl cokeeper0 5 : 6'
unchanged "an offer" "/tmp/genl cokeeper0 5 : 9 6{ 1=$(node 2) 3=0100000000000000 } 7{ 1=01000000 2=01000000 3=01000000 }"
unchanged "a helper of his" 'timeout 5 cokeeperd --device cokeeper0'
unchanged "Xen's devices" ': <>/dev/xen/gntdev; : <>/dev/xen/gntalloc; : <>/dev/xen/evtchn; : <>/dev/xen/xenbus; : <>/proc/xen/xenbus'
unchanged "packet sockets" "echo x | socat -u - INTERFACE:cokeeper0; echo x | socat -u - INTERFACE:eth0"
unchanged "sockets to each peer" "for i in 1 2 3 4 5 6 7 8; do echo x | socat -u - UDP:$(ip4 2):9 & echo x | socat -u - UDP:$(ip4 3):9 & done; wait"
# A device that root put into the namespace of such a user, who has all capabilities there.
in_his_namespace() {
	on d1 'setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn sh -c "
			until ip link show ck9 | grep -q UP; do :; done 2>/dev/null
			ethtool -G ck9 rx 131072 tx 131072; ethtool -C ck9 rx-usecs 1; ethtool -L ck9 combined 2
			ip link set ck9 type cokeeper memory_share 50
			ethtool -l ck9 | tail -n 2; ip -d -j link show ck9" >/tmp/owner.log 2>&1 & owner=$!
		until [ "$(readlink /proc/$owner/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
		nsenter -n -t $owner sh -c "ip link add dummy9 up type dummy && ip link add ck9 link dummy9 type cokeeper && ip link set ck9 up" ||
			{ kill $owner; exit 1; }
		wait $owner; cat /tmp/owner.log
		grep -q "Combined:.*1" /tmp/owner.log && tail -n 1 /tmp/owner.log |
			grep "\"ring_size\":262144" | grep "\"poll_usecs\":50" | grep -q "\"memory_share\":12"'
}
check "a device in his namespace is not his to change" in_his_namespace
check "the channels have stayed" eval 'connected 1 2 && connected 1 3'

# Without the module, it is not loaded.
unloaded() {
	on d1 'modinfo cokeeper >/dev/null && ! grep "^cokeeper " /proc/modules'
}
stop 1
check "d1 has no module" unloaded
as_nobody 'ip link add ck9 type cokeeper; unshare -Urn ip link add ck9 type cokeeper' >/dev/null 2>&1
check "a device does not load it" unloaded
on d1 'rmmod cokeeper' 2>/dev/null
as_nobody '/tmp/genl lo 1; unshare -Urn /tmp/genl lo 1' >/dev/null 2>&1
check "netlink does not load it" unloaded
on d1 'rmmod cokeeper' 2>/dev/null
as_nobody 'modprobe cokeeper; unshare -Urn modprobe cokeeper' >/dev/null 2>&1
check "the user cannot" unloaded
start 1
check "d1 is a peer again" busywait 5 has_peer 2 1
check "nothing is logged at warning level" no_warnings d1
finish
