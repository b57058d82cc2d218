# SPDX-License-Identifier: GPL-2.0
# Sizes of packets.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# Counts what of d1 comes to d2 in fragments, before they are put together.
count_fragments() {
	setup d2 'rules netdev "counter fragments {}; counter whole {};
		chain in { type filter hook ingress device eth0 priority 0;
		ip saddr $d1 ip frag-off & 0x3fff != 0 counter name fragments; ip saddr $d1 ip protocol udp ip frag-off & 0x3fff == 0 counter name whole; }"
		serve udp 7000'
}

# Datagrams larger than the MTU come in fragments.
case_fragments() { # quick
	count_fragments
	observe d1 'probe ask udp $d2 7000 1000; probe ask udp $d2 7000 8000'
	observe d2 counts
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1000 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 8000 bytes
d2: fragments 6; whole 1'
}

# A route with 'mtu lock' counts for a peer.
case_mtu_lock() { # quick
	count_fragments
	setup d1 'route $d2 dev eth0 mtu lock 1000'
	observe d1 'probe ask udp $d2 7000 1400'
	observe d2 counts
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1400 bytes
d2: fragments 2; whole 0'
}

# 'mtu lock' of the connected route counts.
case_mtu_lock_connected() {
	count_fragments
	setup d1 'undo "ip route change 10.0.0.0/24 dev eth0 proto kernel scope link src $d1" &&
		ip route change 10.0.0.0/24 dev eth0 proto kernel scope link src $d1 mtu lock 1000'
	observe d1 'probe ask udp $d2 7000 1400'
	observe d2 counts
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1400 bytes
d2: fragments 2; whole 0'
}

# A smaller MTU of the sender.
case_mtu_sender() {
	setup d1 'undo "ip link set eth0 mtu 1500" && ip link set eth0 mtu 1300'
	setup d2 'serve tcp 7000 && rules "counter mss {}; chain in { type filter hook input priority 0; tcp dport 7000 tcp option maxseg size 1260 counter name mss; }"'
	observe d1 'reach $d2 -s 1400 -M do; reach $d2 -M dont -s 1400; probe ask tcp $d2 7000 300000; reach $d2_6 -s 1400'
	observe d2 counts
	expect 'd1: no answer from 10.0.0.12: ping: local error: message too long; 10.0.0.12 answers; from 10.0.0.11 300000 bytes; fd00::12 answers
d2: mss 1'
}

# A smaller MTU of the receiver.
case_mtu_receiver() { # quick
	setup d2 'undo "ip link set eth0 mtu 1500" && ip link set eth0 mtu 1300 && serve tcp 7000 && serve udp 7000'
	observe d1 'reach $d2 -s 1400 -M do; probe ask tcp $d2 7000 300000; probe ask udp $d2 7000 1400'
	observe d2 'reach $d1 -M dont -s 1400'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.11 300000 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1400 bytes
d2: 10.0.0.11 answers'
}

# The MTU of a path through a peer is discovered.
case_path_mtu() {
	setup d1 'undo "ip route flush cache" && undo "ip -6 route flush cache" && route 172.16.0.0/24 via $d2 && route fd16::/64 via $d2_6'
	setup d2 'forward && container c && ip link set v-c mtu 1300 && ip -n c link set eth0 mtu 1300'
	observe d1 'reach 172.16.0.2 -s 1400 -M do; reach fd16::2 -s 1400 -M do
		ip route get 172.16.0.2 | grep -o "mtu [0-9]*"; ip -6 route get fd16::2 | grep -o "mtu [0-9]*"'
	expect 'd1: no answer from 172.16.0.2: Frag needed and DF set (mtu = 1300); no answer from fd16::2: Packet too big: mtu=1300; mtu 1300; mtu 1300'
}

# Without segmentation offload no packet is larger than the MTU.
case_no_segmentation() {
	setup d1 'offload tso && offload gso'
	setup d2 'serve tcp 7000 && offload gro && dump all -i eth0 src host $d1 and tcp dst port 7000'
	observe d1 'probe ask tcp $d2 7000 300000'
	observe d2 'longest all'
	expect 'd1: from 10.0.0.11 300000 bytes
d2: at most 1448'
}
