# SPDX-License-Identifier: GPL-2.0
# Devices above eth0, and eth0 itself.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# What ip link shows of eth0.
case_link_show() {
	observe d1 'ip -d link show eth0 | grep -oE "<.*>| mtu [0-9]+|qdisc [a-z_]+|state [A-Z]+|promiscuity [0-9]+|g[sr]o_[a-z0-9_]+ [0-9]+"'
	expect 'd1: <BROADCAST,MULTICAST,UP,LOWER_UP>;  mtu 1500; qdisc fq_codel; state UP; promiscuity 0; gso_max_size 65536; gso_max_segs 65535; gro_max_size 65536'
}

# eth0 in a VRF.
case_vrf() { # quick
	setup d1 'keep_eth0 && vrf'
	setup d2 'serve udp 7000'
	observe d1 'reach $d2 -I red; probe ask -d red udp $d2 7000; reach $d2'
	observe d2 'reach $d1'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; no answer from 10.0.0.12: ping: connect: Network is unreachable
d2: 10.0.0.11 answers'
}

# A server in a VRF.
case_vrf_server() {
	setup d2 'keep_eth0 && vrf && serve -d red tcp 7000 && serve -d red udp 7000'
	observe d1 'probe ask tcp $d2 7000 300000; probe ask udp $d2 7000; probe ask tcp $d2_6 7000'
	expect 'd1: from 10.0.0.11 300000 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from fd00::11 1 bytes'
}

# eth0 as a port of a bridge that has its addresses.
case_bridge() {
	setup d1 'keep_eth0 && bridge'
	setup d2 'serve tcp 7000'
	observe d1 'reach $d2; reach $d2_6; probe ask tcp $d2 7000 300000'
	observe d2 'reach $d1'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers; from 10.0.0.11 300000 bytes
d2: 10.0.0.11 answers'
}

# A container with an address of its own at a bridge with eth0.
case_bridge_container() { # quick
	setup d1 'keep_eth0 && bridge && undo "ip link delete v-c" && ip link add v-c master br0 type veth peer name p-c address 02:00:00:00:00:70 && ip link set v-c up &&
		netns c 10.0.0.170/24 p-c && within c serve tcp 7000'
	setup d2 'serve tcp 7000'
	observe d1 'within c reach $d2; within c probe ask tcp $d2 7000 300000'
	observe d2 'reach 10.0.0.170; probe ask tcp 10.0.0.170 7000 300000'
	observe d3 'reach 10.0.0.170'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.170 300000 bytes
d2: 10.0.0.170 answers; from 10.0.0.12 300000 bytes
d3: 10.0.0.170 answers'
}

# A filter at a bridge with eth0 drops what goes by.
case_bridge_filter() {
	setup d1 'keep_eth0 && bridge && undo "ip link delete v-c" && ip link add v-c master br0 type veth peer name p-c address 02:00:00:00:00:70 && ip link set v-c up &&
		netns c 10.0.0.170/24 p-c && rules bridge "chain on { type filter hook forward priority 0; iifname eth0 ip saddr $d2 drop; }
		chain in { type filter hook input priority 0; iifname eth0 ip saddr $d2 icmp type echo-request drop; }"'
	observe d2 'reach 10.0.0.170; reach $d1'
	observe d3 'reach 10.0.0.170; reach $d1'
	expect 'd2: no answer from 10.0.0.170; no answer from 10.0.0.11
d3: 10.0.0.170 answers; 10.0.0.11 answers'
}

# eth0 in a bond that has its addresses.
case_bond() {
	setup d1 'keep_eth0 && undo "ip link delete bond0" && ip link add bond0 type bond mode active-backup miimon 100 &&
		ip link set eth0 down && ip link set eth0 master bond0 && ip link set bond0 up && move_addresses bond0'
	setup d2 'serve tcp 7000'
	observe d1 'reach $d2; reach $d2_6; probe ask tcp $d2 7000 300000'
	observe d2 'reach $d1'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers; from 10.0.0.11 300000 bytes
d2: 10.0.0.11 answers'
}

# macvlan above eth0 in a container.
case_macvlan() { # quick
	setup d1 'ip link add link eth0 name m0 address 02:00:00:00:00:71 type macvlan mode bridge && netns c 10.0.0.171/24 m0 && within c serve tcp 7000'
	setup d2 'serve tcp 7000'
	observe d1 'within c reach $d2; within c probe ask tcp $d2 7000 300000; reach $d2'
	observe d2 'reach 10.0.0.171; probe ask tcp 10.0.0.171 7000 300000; reach $d1'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.171 300000 bytes; 10.0.0.12 answers
d2: 10.0.0.171 answers; from 10.0.0.12 300000 bytes; 10.0.0.11 answers'
}

# macvlan at both ends.
case_macvlan_both() {
	setup d1 'ip link add link eth0 name m0 address 02:00:00:00:00:71 type macvlan mode bridge && netns c 10.0.0.171/24 m0'
	setup d2 'ip link add link eth0 name m0 address 02:00:00:00:00:72 type macvlan mode bridge && netns c 10.0.0.172/24 m0 && within c serve tcp 7000'
	observe d1 'within c probe ask tcp 10.0.0.172 7000 300000'
	expect 'd1: from 10.0.0.171 300000 bytes'
}

# ipvlan above eth0 in a container, mode L2.
case_ipvlan_l2() { # quick
	setup d1 'ip link add link eth0 name i0 type ipvlan mode l2 && netns c 10.0.0.173/24 i0 && within c serve tcp 7000'
	setup d2 'serve tcp 7000'
	observe d1 'within c reach $d2; within c probe ask tcp $d2 7000 300000; reach $d2'
	observe d2 'reach 10.0.0.173; probe ask tcp 10.0.0.173 7000 300000; reach $d1'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.173 300000 bytes; 10.0.0.12 answers
d2: 10.0.0.173 answers; from 10.0.0.12 300000 bytes; 10.0.0.11 answers'
}

# ipvlan above eth0 in a container, mode L3.
case_ipvlan_l3() {
	setup d1 'ip link add link eth0 name i0 type ipvlan mode l3 && netns c 10.5.0.1/24 i0 && ip -n c route add default dev eth0 && within c serve tcp 7000'
	setup d2 'route 10.5.0.0/24 via $d1 && serve tcp 7000'
	observe d1 'within c reach $d2; within c probe ask tcp $d2 7000 300000'
	observe d2 'reach 10.5.0.1; probe ask tcp 10.5.0.1 7000 300000'
	expect 'd1: 10.0.0.12 answers; from 10.5.0.1 300000 bytes
d2: 10.5.0.1 answers; from 10.0.0.12 300000 bytes'
}

# A VLAN above eth0 at both ends.
case_vlan() { # quick
	setup d1 'vlan 10.6.0.1/24'
	setup d2 'vlan 10.6.0.2/24 && serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask tcp 10.6.0.2 7000 300000; probe ask udp 10.6.0.2 7000'
	expect 'd1: from 10.6.0.1 300000 bytes; from 10.6.0.1 by eth0.5 ttl 64 tos 0 1 bytes'
}

# A VLAN at one end only: nothing arrives.
case_vlan_one_end() {
	setup d1 'vlan 10.6.0.1/24 && undo "ip neigh flush dev eth0.5" && ip neigh replace 10.6.0.2 lladdr $d2_mac nud permanent dev eth0.5'
	setup d2 'address 10.6.0.2/24 eth0 && rules "counter in {}; chain in { type filter hook prerouting priority 0; ip daddr 10.6.0.2 counter name in; }"'
	observe d1 'reach 10.6.0.2'
	observe d2 counts
	expect 'd1: no answer from 10.6.0.2
d2: in 0'
}

# A second vif at the same bridge.
case_two_vifs() {
	setup dom0 'undo "xl network-detach d1 2; wait_until test ! -e /sys/class/net/vif1.2" &&
		xl network-attach d1 devid=2 mac=00:16:3e:00:01:01 bridge=xenbr0'
	setup d1 'undo "wait_until test ! -e /sys/class/net/eth1" && wait_until test -e /sys/class/net/eth1 &&
		ip link set eth1 up && ip address add 10.0.0.181/24 dev eth1 && serve -d eth1 udp 7001'
	setup d2 'serve udp 7000'
	observe d1 'probe ask -d eth1 udp $d2 7000; probe ask -d eth0 udp $d2 7000; probe ask udp $d2 7000'
	observe d2 'probe ask udp 10.0.0.181 7001; reach $d1'
	expect 'd1: from 10.0.0.181 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes
d2: from 10.0.0.12 by eth1 ttl 64 tos 0 1 bytes; 10.0.0.11 answers'
}

# eth0 of the sender goes down and up.
case_down_up() {
	setup d1 'keep_eth0 && ip link set eth0 down'
	observe d1 'reach $d2'
	setup d1 'ip link set eth0 up'
	observe d1 'reach $d2'
	expect 'd1: no answer from 10.0.0.12: ping: connect: Network is unreachable
d1: 10.0.0.12 answers'
}

# eth0 of the receiver goes down and up: meanwhile nothing arrives.
case_down_up_receiver() { # quick
	setup d2 'keep_eth0 && rules "counter in {}; chain in { type filter hook prerouting priority 0; ip saddr $d1 counter name in; }" &&
		ip link set eth0 down'
	observe d1 'reach $d2'
	observe d2 counts
	setup d2 'ip link set eth0 up'
	observe d1 'reach $d2'
	expect 'd1: no answer from 10.0.0.12
d2: in 0
d1: 10.0.0.12 answers'
}

# eth0 gets another MAC address.
case_mac_change() {
	setup d1 'keep_eth0 && ip link set eth0 down && ip link set eth0 address 00:16:3e:00:02:01 && ip link set eth0 up && restore_addresses'
	setup d2 'serve tcp 7000'
	observe d1 'reach $d2; probe ask tcp $d2 7000 300000'
	observe d2 'reach $d1; ip neigh show $d1 | grep -o "lladdr [^ ]*"'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.11 300000 bytes
d2: 10.0.0.11 answers; lladdr 00:16:3e:00:02:01'
}

# A generic XDP program that drops.
case_xdp_generic() {
	setup d2 'background xdp probe drop eth0 generic && says xdp ready'
	observe d1 'reach $d2; reach $d2_6'
	setup d2 'stop xdp'
	observe d1 'reach $d2'
	expect 'd1: no answer from 10.0.0.12; no answer from fd00::12
d1: 10.0.0.12 answers'
}

# A native XDP program that drops.
case_xdp_native() { # quick
	setup d2 'background xdp probe drop eth0 native && says xdp ready'
	observe d1 'reach $d2; reach $d2_6'
	setup d2 'stop xdp'
	observe d1 'reach $d2'
	expect 'd1: no answer from 10.0.0.12; no answer from fd00::12
d1: 10.0.0.12 answers'
}

# eth0 is renamed.
case_rename() {
	setup d1 'keep_eth0 && ip link set eth0 down && ip link set eth0 name lan0 && ip link set lan0 up && restore_addresses lan0 &&
		serve -d lan0 tcp 7000'
	observe d1 'reach $d2 -I lan0; reach $d2'
	observe d2 'probe ask tcp $d1 7000 300000'
	expect 'd1: 10.0.0.12 answers; 10.0.0.12 answers
d2: from 10.0.0.12 300000 bytes'
}

# eth0 moves into another network namespace.
case_netns() { # quick
	setup d1 'keep_eth0 && netns other 10.0.0.11/24 eth0 && within other serve tcp 7000'
	observe d1 'within other reach $d2; reach $d2'
	observe d2 'reach $d1; probe ask tcp $d1 7000 300000'
	expect 'd1: 10.0.0.12 answers; no answer from 10.0.0.12: ping: connect: Network is unreachable
d2: 10.0.0.11 answers; from 10.0.0.12 300000 bytes'
}
