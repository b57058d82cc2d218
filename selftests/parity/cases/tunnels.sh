# SPDX-License-Identifier: GPL-2.0
# Tunnels, and forwarding into what takes less than eth0 does.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# WireGuard between two guests; only its packets are seen at eth0.
case_wireguard() { # quick
	setup d1 'wireguard 1 10.66.0.2/32'
	setup d2 'wireguard 2 10.66.0.1/32 && serve tcp 7000 && rules netdev "counter plain {}; counter tunnel {};
		chain in { type filter hook ingress device eth0 priority 0; ip saddr $d1 udp dport 51820 counter name tunnel;
		ip saddr 10.66.0.0/24 counter name plain; }"'
	observe d1 'reach 10.66.0.2'
	observe d2 counts
	observe d1 'probe ask tcp 10.66.0.2 7000 300000'
	expect 'd1: 10.66.0.2 answers
d2: plain 0; tunnel 2
d1: from 10.66.0.1 300000 bytes'
}

# A route to one peer through WireGuard to another.
case_wireguard_route() {
	setup d1 'wireguard 1 10.66.0.2/32,$d3/32 && route $d3 dev wg0'
	setup d2 'forward && wireguard 2 10.66.0.1/32 && rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }"'
	setup d3 'serve udp 7000'
	observe d1 'probe ask udp $d3 7000'
	expect 'd1: from 10.0.0.12 by eth0 ttl 63 tos 0 1 bytes'
}

# VXLAN between two guests.
case_vxlan() {
	setup d1 'vxlan $d1 $d2 10.67.0.1/24'
	setup d2 'vxlan $d2 $d1 10.67.0.2/24 && serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask tcp 10.67.0.2 7000 300000; probe ask udp 10.67.0.2 7000'
	expect 'd1: from 10.67.0.1 300000 bytes; from 10.67.0.1 by vx0 ttl 64 tos 0 1 bytes'
}

# GRE, IPIP, and IPv6 in IPv4 between two guests.
case_tunnels() {
	setup d1 'tunnel gre $d1 $d2 10.68.0.1/24 && tunnel ipip $d1 $d2 10.69.0.1/24 && tunnel sit $d1 $d2 fd68::1/64'
	setup d2 'tunnel gre $d2 $d1 10.68.0.2/24 && tunnel ipip $d2 $d1 10.69.0.2/24 && tunnel sit $d2 $d1 fd68::2/64 && serve tcp 7000'
	observe d1 'probe ask tcp 10.68.0.2 7000 300000; probe ask tcp 10.69.0.2 7000 300000; probe ask tcp fd68::2 7000 300000'
	expect 'd1: from 10.68.0.1 300000 bytes; from 10.69.0.1 300000 bytes; from fd68::1 300000 bytes'
}

# IPsec in transport mode between two guests: nothing passes in the clear.
case_ipsec() {
	setup d1 'ipsec $d1 $d2'
	setup d2 'ipsec $d2 $d1 && serve tcp 7000 && rules netdev "counter clear {}; counter sealed {};
		chain in { type filter hook ingress device eth0 priority 0; ip saddr $d1 ip protocol esp counter name sealed;
		ip saddr $d1 ip protocol { tcp, icmp } counter name clear; }"'
	observe d1 'pings 3 $d2'
	observe d2 counts
	observe d1 'probe ask tcp $d2 7000 300000'
	expect 'd1: 3 received
d2: clear 0; sealed 3
d1: from 10.0.0.11 300000 bytes'
}

# Streams are forwarded into VXLAN, which takes smaller packets.
case_forward_vxlan() {
	setup d1 'route 10.67.0.0/24 via $d2'
	setup d2 'forward && vxlan $d2 $d3 10.67.0.2/24'
	setup d3 'vxlan $d3 $d2 10.67.0.3/24 && route $d1 via 10.67.0.2 && serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask tcp 10.67.0.3 7000 300000; probe ask udp 10.67.0.3 7000 1000'
	expect 'd1: from 10.0.0.11 300000 bytes; from 10.0.0.11 by vx0 ttl 63 tos 0 1000 bytes'
}

# Streams and datagrams are forwarded into a tun device: whole packets, valid checksums.
case_forward_tun() { # quick
	setup d1 'route 10.70.0.0/24 via $d2'
	setup d2 'modprobe tun && forward && background tun probe tun tun0 tun1 && says tun ready && ip link set tun0 up && route 10.70.0.0/24 dev tun0 &&
		netns c 10.70.0.2/24 tun1 && ip -n c route add default dev eth0 && within c serve tcp 7000 && within c serve udp 7000'
	observe d1 'probe ask tcp 10.70.0.2 7000 300000; probe ask -n 3 udp 10.70.0.2 7000'
	observe d2 'stop tun'
	expect 'd1: from 10.0.0.11 300000 bytes; 3 of 3 answers
d2: tcp checksum valid; udp checksum valid 6'
}

# Streams are forwarded to a container behind a smaller MTU.
case_forward_mtu() { # quick
	setup d1 'undo "ip route flush cache"; route 172.16.0.0/24 via $d2 && route fd16::/64 via $d2_6'
	setup d2 'forward && container c && ip link set v-c mtu 1300 && ip -n c link set eth0 mtu 1300 && within c serve tcp 7000'
	observe d1 'probe ask tcp 172.16.0.2 7000 300000; probe ask tcp fd16::2 7000 300000'
	expect 'd1: from 10.0.0.11 300000 bytes; from fd00::11 300000 bytes'
}

# Streams of a container are forwarded to a peer, and from one peer to another.
case_forward_stream() {
	setup d1 'route 10.3.0.3 via $d2 && forward && container c'
	setup d2 'forward && route 10.3.0.3 via $d3 && route 172.16.0.0/24 via $d1'
	setup d3 'address 10.3.0.3/32 && route 172.16.0.0/24 via $d2 && serve tcp 7000'
	observe d1 'probe ask tcp 10.3.0.3 7000 300000; within c probe ask tcp 10.3.0.3 7000 300000'
	expect 'd1: from 10.0.0.11 300000 bytes; from 172.16.0.2 300000 bytes'
}

# A flow table of nft takes forwarded streams a shorter way.
case_flowtable() {
	setup d1 'route 172.16.0.0/24 via $d2'
	setup d2 'forward && container c && within c serve tcp 7000 && rules ip "flowtable f { hook ingress priority 0; devices = { eth0, v-c }; }
		chain on { type filter hook forward priority 0; meta l4proto tcp flow add @f; }" && modprobe nf_conntrack_netlink'
	observe d1 'probe ask tcp 172.16.0.2 7000 3000000'
	expect 'd1: from 10.0.0.11 3000000 bytes'
}
