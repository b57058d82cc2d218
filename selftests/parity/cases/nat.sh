# SPDX-License-Identifier: GPL-2.0
# Address translation, connection tracking, containers.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# A container behind nft's masquerade by oifname eth0 reaches peers as its guest.
case_nat_masquerade() { # quick
	setup d1 'forward && container c &&
		rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 ip saddr 172.16.0.0/24 masquerade; }"'
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'within c probe ask tcp $d2 7000 300000; within c probe ask udp $d2 7000; within c reach $d2'
	expect 'd1: from 10.0.0.11 300000 bytes; from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes; 10.0.0.12 answers'
}

# A container behind nft's masquerade reaches peers by IPv6.
case_nat_masquerade6() {
	setup d1 'forward && container c &&
		rules ip6 "chain post { type nat hook postrouting priority srcnat; oifname eth0 ip6 saddr fd16::/64 masquerade; }"'
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'within c probe ask tcp $d2_6 7000 300000; within c probe ask udp $d2_6 7000; within c reach $d2_6'
	expect 'd1: from fd00::11 300000 bytes; from fd00::11 by eth0 ttl 63 tos 0 1 bytes; fd00::12 answers'
}

# A container behind iptables' MASQUERADE by -o eth0 reaches peers as its guest.
case_nat_iptables_masquerade() {
	setup d1 'forward && container c && iptables -t nat -A POSTROUTING -o eth0 -s 172.16.0.0/24 -j MASQUERADE'
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'within c probe ask tcp $d2 7000; within c probe ask udp $d2 7000; within c reach $d2'
	expect 'd1: from 10.0.0.11 1 bytes; from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes; 10.0.0.12 answers'
}

# Masquerade gives what a guest itself sends from another address the address of eth0.
case_nat_masquerade_local() {
	setup d1 'address 10.1.0.1/32 &&
		rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }"'
	setup d2 'serve udp 7000'
	observe d1 'probe ask -s 10.1.0.1 udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes'
}

# Snat by oifname eth0 gives packets another address of the guest.
case_nat_snat() { # quick
	setup d1 'address 10.0.0.111/24 eth0 &&
		rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 ip daddr $d2 snat to 10.0.0.111; }"'
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask tcp $d2 7000; probe ask udp $d2 7000'
	expect 'd1: from 10.0.0.111 1 bytes; from 10.0.0.111 by eth0 ttl 64 tos 0 1 bytes'
}

# A port of a container is published by dnat for iifname eth0.
case_nat_dnat_container() { # quick
	setup d2 'forward && container c && within c serve tcp 7000 &&
		rules ip "chain pre { type nat hook prerouting priority dstnat; iifname eth0 tcp dport 8080 dnat to 172.16.0.2:7000; }"'
	observe d1 'probe ask tcp $d2 8080 300000'
	expect 'd1: from 10.0.0.11 300000 bytes'
}

# Dnat to a third guest, with masquerade.
case_nat_dnat_guest() {
	setup d2 'forward && rules ip "
		chain pre { type nat hook prerouting priority dstnat; iifname eth0 tcp dport 8080 dnat to $d3:7000; }
		chain post { type nat hook postrouting priority srcnat; oifname eth0 ct status dnat masquerade; }"'
	setup d3 'serve tcp 7000'
	observe d1 'probe ask tcp $d2 8080 300000'
	expect 'd1: from 10.0.0.12 300000 bytes'
}

# Dnat of what a guest itself sends.
case_nat_dnat_output() {
	setup d1 'route 10.9.9.9 via $d3 && rules ip "
		chain out { type nat hook output priority -100; ip daddr 10.9.9.9 dnat to $d2; }"'
	setup d2 'serve udp 7000'
	observe d1 'probe ask udp 10.9.9.9 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes'
}

# Redirect by iifname eth0 to a local port.
case_nat_redirect() { # quick
	setup d2 'rules "chain pre { type nat hook prerouting priority dstnat; iifname eth0 tcp dport 80 redirect to :7000; }" &&
		serve tcp 7000'
	observe d1 'probe ask tcp $d2 80; probe ask tcp $d2_6 80'
	expect 'd1: from 10.0.0.11 1 bytes; from fd00::11 1 bytes'
}

# iptables: REDIRECT, of the legacy kind.
case_nat_iptables_redirect() {
	setup d2 'legacy -t nat -A PREROUTING -i eth0 -p tcp --dport 80 -j REDIRECT --to-ports 7000 && serve tcp 7000'
	observe d1 'probe ask tcp $d2 80'
	expect 'd1: from 10.0.0.11 1 bytes'
}

# iptables: NETMAP maps a whole prefix to containers.
case_nat_netmap() {
	setup d2 'forward && container c && within c serve udp 7000 &&
		iptables -t nat -A PREROUTING -i eth0 -d 10.7.0.0/24 -j NETMAP --to 172.16.0.0/24'
	setup d1 'route 10.7.0.0/24 via $d2'
	observe d1 'probe ask udp 10.7.0.2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes'
}

# An ICMP error finds the container behind masquerade that it is about.
case_nat_error() {
	setup d1 'forward && container c &&
		rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }"'
	observe d1 'within c probe ask udp $d2 7000'
	expect 'd1: Connection refused'
}

# Connections are tracked once, with state and numbers of packets and bytes.
case_conntrack() { # quick
	setup d1 'track'
	setup d2 'track && serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask udp $d2 7000; probe ask tcp $d2 7000; tracked udp; tracked tcp'
	observe d2 'tracked udp; tracked tcp'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 1 bytes; udp      17 src=10.0.0.11 dst=10.0.0.12 sport=* dport=7000 packets=1 bytes=29 src=10.0.0.12 dst=10.0.0.11 sport=7000 dport=* packets=1 bytes=72 mark=0; tcp      6 TIME_WAIT src=10.0.0.11 dst=10.0.0.12 sport=* dport=7000 src=10.0.0.12 dst=10.0.0.11 sport=7000 dport=* [ASSURED] mark=0
d2: udp      17 src=10.0.0.11 dst=10.0.0.12 sport=* dport=7000 packets=1 bytes=29 src=10.0.0.12 dst=10.0.0.11 sport=7000 dport=* packets=1 bytes=72 mark=0; tcp      6 TIME_WAIT src=10.0.0.11 dst=10.0.0.12 sport=* dport=7000 src=10.0.0.12 dst=10.0.0.11 sport=7000 dport=* [ASSURED] mark=0'
}

# Masqueraded connections are tracked once, with both addresses.
case_conntrack_masquerade() {
	setup d1 'track && forward && container c &&
		rules ip "chain post { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }"'
	setup d2 'serve udp 7000'
	observe d1 'within c probe ask udp $d2 7000; tracked udp'
	expect 'd1: from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes; udp      17 src=172.16.0.2 dst=10.0.0.12 sport=* dport=7000 packets=1 bytes=29 src=10.0.0.12 dst=10.0.0.11 sport=7000 dport=* packets=1 bytes=72 mark=0'
}

# A container at a bridge of its guest, with routes and without translation.
case_container_bridge() {
	setup d2 'forward && undo "ip link delete docker0" && ip link add docker0 type bridge && container c docker0 &&
		within c serve tcp 7000'
	setup d1 'route 172.16.0.0/24 via $d2'
	observe d1 'probe ask tcp 172.16.0.2 7000 300000; reach 172.16.0.2'
	observe d2 'within c reach $d1'
	expect 'd1: from 10.0.0.11 300000 bytes; 172.16.0.2 answers
d2: 10.0.0.11 answers'
}
