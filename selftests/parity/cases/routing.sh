# SPDX-License-Identifier: GPL-2.0
# Routes, rules, neighbours.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# d1 sends from three addresses: one whose way back is by eth0, one whose way back is by
# another device of d2, one that d2 has no route to. What d2 receives is counted.
reverse_paths() {
	setup d1 'address 10.1.0.1/32 && address 10.1.0.2/32 && address 10.1.0.3/32'
	setup d2 "ctl net/ipv4/conf/all/rp_filter=$1 net/ipv4/conf/eth0/rp_filter=$1"' &&
		undo "ip link delete other" && ip link add other type dummy && ip link set other up &&
		route 10.1.0.1 via $d1 && route 10.1.0.2 dev other &&
		rules "counter way {}; counter other {}; counter none {};
		chain in { type filter hook input priority 0;
		ip saddr 10.1.0.1 counter name way; ip saddr 10.1.0.2 counter name other; ip saddr 10.1.0.3 counter name none; }"'
	observe d1 'pings 2 $d2; for a in 1 2 3; do pings 2 $d2 -I 10.1.0.$a; done'
	observe d2 counts
}

# rp_filter 0 lets everything in.
case_rp_filter_0() {
	reverse_paths 0
	expect 'd1: 2 received; 2 received; 0 received; 0 received
d2: way 2; other 2; none 2'
}

# rp_filter 1 lets in what has its way back by eth0.
case_rp_filter_1() {
	reverse_paths 1
	expect 'd1: 2 received; 2 received; 0 received; 0 received
d2: way 2; other 0; none 0'
}

# rp_filter 2 lets in what has any way back.
case_rp_filter_2() {
	reverse_paths 2
	expect 'd1: 2 received; 2 received; 0 received; 0 received
d2: way 2; other 2; none 0'
}

# rp_filter 1 while the off switch is used at one side.
case_rp_filter_off_switch() { # quick
	setup d1 'off_switch'
	setup d2 'ctl net/ipv4/conf/all/rp_filter=1 && serve tcp 7000'
	observe d1 'reach $d2; probe ask tcp $d2 7000 300000; reach $d2_6'
	observe d2 'reach $d1'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.11 300000 bytes; fd00::12 answers
d2: 10.0.0.11 answers'
}

# The off switch is used at one side while another guest forwards to it.
case_off_switch_forward() {
	setup d2 'forward && route 10.3.0.3 via $d3'
	setup d3 'off_switch && address 10.3.0.3/32 && serve tcp 7000'
	setup d1 'route 10.3.0.3 via $d2'
	observe d1 'probe ask tcp 10.3.0.3 7000 300000'
	expect 'd1: from 10.0.0.11 300000 bytes'
}

# The route to a peer is what it was.
case_route_get() {
	observe d1 'ip route get $d2 | grep dev; ip -6 route get $d2_6 | grep -o ".* src [^ ]*"'
	expect 'd1: 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 ; fd00::12 from :: dev eth0 proto kernel src fd00::11'
}

# A policy rule by source sends packets to a peer through another guest.
case_policy_source() { # quick
	setup d1 'address 10.1.0.1/32 && rule from 10.1.0.1 lookup 100 && route $d2 via $d3 table 100'
	setup d2 'route 10.1.0.1 via $d1 && serve udp 7000'
	setup d3 'forward'
	observe d1 'probe ask udp $d2 7000; probe ask -s 10.1.0.1 udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.1.0.1 by eth0 ttl 63 tos 0 1 bytes'
}

# A policy rule by mark sends packets to a peer through another guest.
case_policy_mark() {
	setup d1 'rule fwmark 7 lookup 100 && route $d2 via $d3 table 100'
	setup d2 'serve udp 7000 && serve tcp 7000'
	setup d3 'forward'
	observe d1 'probe ask udp $d2 7000; probe ask -m 7 udp $d2 7000; probe ask -m 7 tcp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes; from 10.0.0.11 1 bytes'
}

# A policy rule for IPv6 by source.
case_policy_source6() {
	setup d1 'address fd01::1/128 && rule from fd01::1 lookup 100 && route $d2_6 via $d3_6 table 100'
	setup d2 'route fd01::1 via $d1_6 && serve udp 7000'
	setup d3 'forward'
	observe d1 'probe ask udp $d2_6 7000; probe ask -s fd01::1 udp $d2_6 7000'
	expect 'd1: from fd00::11 by eth0 ttl 64 tos 0 1 bytes; from fd01::1 by eth0 ttl 63 tos 0 1 bytes'
}

# A policy rule by incoming interface decides where packets are forwarded.
case_policy_iif() { # quick
	setup d1 'route 10.3.0.3 via $d2'
	setup d2 'forward && rule iif eth0 lookup 100 && route 10.3.0.3 via $d3 table 100'
	setup d3 'address 10.3.0.3/32'
	observe d1 'reach 10.3.0.3'
	observe d2 'reach 10.3.0.3'
	expect 'd1: 10.3.0.3 answers
d2: no answer from 10.3.0.3: ping: connect: Network is unreachable'
}

# A policy rule by outgoing interface counts for sockets bound to it.
case_policy_oif() {
	setup d1 'rule oif eth0 lookup 100 && route $d2 via $d3 dev eth0 table 100'
	setup d2 'serve udp 7000'
	setup d3 'forward'
	observe d1 'probe ask udp $d2 7000; probe ask -d eth0 udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes'
}

# A prohibit rule for a peer.
case_prohibit_rule() {
	setup d1 'rule to $d2 prohibit && rule to $d2_6 prohibit'
	observe d1 'reach $d2; reach $d2_6; reach $d3'
	expect 'd1: no answer from 10.0.0.12: ping: Do you want to ping broadcast? Then -b. If not; no answer from fd00::12: ping: connect: Permission denied; 10.0.0.13 answers'
}

# Unreachable, prohibit and blackhole routes for peers.
case_null_routes() { # quick
	setup d1 'route unreachable $d2 && route prohibit $d3 && route blackhole $d2_6 && route unreachable $d3_6'
	observe d1 'reach $d2; reach $d3; reach $d2_6; reach $d3_6'
	expect 'd1: no answer from 10.0.0.12: ping: connect: No route to host; no answer from 10.0.0.13: ping: Do you want to ping broadcast? Then -b. If not; no answer from fd00::12: ping: connect: Invalid argument; no answer from fd00::13: ping: connect: No route to host'
}

# An unreachable route of a guest that forwards is told to the sender.
case_null_route_forward() {
	setup d1 'route 10.3.0.0/24 via $d2'
	setup d2 'forward && route unreachable 10.3.0.3 && route prohibit 10.3.0.4'
	observe d1 'reach 10.3.0.3; reach 10.3.0.4'
	expect 'd1: no answer from 10.3.0.3: Destination Host Unreachable; no answer from 10.3.0.4: Packet filtered'
}

# A host route to a peer through a third guest, a firewall.
case_host_route() { # quick
	setup d1 'route $d2 via $d3'
	setup d2 'serve udp 7000'
	setup d3 'forward && rules "counter on {}; chain on { type filter hook forward priority 0; ip saddr $d1 counter name on; }"'
	observe d1 'probe ask udp $d2 7000'
	observe d3 counts
	expect 'd1: from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes
d3: on 1'
}

# Prefixes behind peers, IPv4 and IPv6.
case_gateway() { # quick
	setup d1 'route 10.3.0.0/24 via $d2 && route fd03::/64 via $d2_6'
	setup d2 'address 10.3.0.2/32 && address fd03::2/128 && serve tcp 7000'
	observe d1 'probe ask tcp 10.3.0.2 7000 300000; probe ask tcp fd03::2 7000 300000'
	expect 'd1: from 10.0.0.11 300000 bytes; from fd00::11 300000 bytes'
}

# An IPv4 prefix behind an IPv6 gateway, and a nexthop object.
case_gateway_other() { # quick
	setup d1 'route 10.3.0.0/24 via inet6 $d2_6 && undo "ip nexthop flush" &&
		ip nexthop add id 7 via $d2 dev eth0 && route 10.4.0.0/24 nhid 7'
	setup d2 'address 10.3.0.2/32 && address 10.4.0.2/32'
	observe d1 'reach 10.3.0.2; reach 10.4.0.2'
	expect 'd1: 10.3.0.2 answers; 10.4.0.2 answers'
}

# traceroute names the guests on the way.
case_traceroute() {
	setup d1 'route 10.3.0.3 via $d2'
	setup d2 'forward && route 10.3.0.3 via $d3'
	setup d3 'address 10.3.0.3/32'
	observe d1 'traceroute -n -q 1 -m 4 -w 2 10.3.0.3 | sed "1d; s/  [0-9.]* ms//"'
	expect 'd1:  1  10.0.0.12;  2  10.3.0.3'
}

# A guest that forwards by the interface that it received by sends a redirect.
case_redirect() { # quick
	setup d1 'undo "ip route flush cache"; route 10.3.0.3 via $d2'
	setup d2 'forward && route 10.3.0.3 via $d3 && ctl net/ipv4/conf/all/send_redirects=1 net/ipv4/conf/eth0/send_redirects=1'
	setup d3 'address 10.3.0.3/32'
	observe d1 'pings 3 10.3.0.3; ip route get 10.3.0.3 | grep dev; ip route get 10.3.0.3 | grep -o redirected'
	expect 'd1: 3 received; 10.3.0.3 via 10.0.0.13 dev eth0 src 10.0.0.11 uid 0 ; redirected'
}

# A peer answers ARP for its containers.
case_proxy_arp() {
	setup d2 'forward && container c && undo "ip neigh delete proxy 10.0.0.160 dev eth0" && ip neigh add proxy 10.0.0.160 dev eth0 &&
		ip -n c address add 10.0.0.160/32 dev eth0 && route 10.0.0.160 via 172.16.0.2'
	observe d1 'reach 10.0.0.160'
	expect 'd1: 10.0.0.160 answers'
}

# An address that moves from one guest to another, as with VRRP, is followed at once.
case_address_moves() { # quick
	setup d1 'undo "ip neigh flush to 10.0.0.100"'
	setup d2 'address 10.0.0.100/24 eth0'
	observe d1 'reach 10.0.0.100; ip neigh show 10.0.0.100 | grep -o "lladdr [^ ]*"'
	setup d2 'ip address delete 10.0.0.100/24 dev eth0; undos=()'
	setup d3 'address 10.0.0.100/24 eth0 && arping -q -c 1 -U -I eth0 10.0.0.100'
	observe d1 'reach 10.0.0.100; ip neigh show 10.0.0.100 | grep -o "lladdr [^ ]*"'
	expect 'd1: 10.0.0.100 answers; lladdr 00:16:3e:00:00:02
d1: 10.0.0.100 answers; lladdr 00:16:3e:00:00:03'
}

# A permanent neighbour entry decides who gets the packets.
case_neighbour_permanent() {
	setup d1 'undo "ip neigh flush dev eth0 nud permanent" && ip neigh replace 10.0.0.100 lladdr $d3_mac nud permanent dev eth0'
	setup d2 'address 10.0.0.100/32'
	setup d3 'rules netdev "counter in {}; chain in { type filter hook ingress device eth0 priority 0; ip daddr 10.0.0.100 counter name in; }"'
	observe d1 'reach 10.0.0.100 -w 1'
	observe d3 counts
	expect 'd1: no answer from 10.0.0.100
d3: in 1'
}

# LVS by direct routing.
case_lvs_direct() { # quick
	# IPVS remembers a closed connection for two minutes, unless it is unloaded.
	setup d2 'address 10.0.0.100/32 eth0 && undo "ipvsadm -C && modprobe -r ip_vs_rr ip_vs" && ipvsadm -A -t 10.0.0.100:7000 -s rr &&
		ipvsadm -a -t 10.0.0.100:7000 -r $d3:7000 -g'
	setup d3 'ctl net/ipv4/conf/all/arp_ignore=1 net/ipv4/conf/all/arp_announce=2 && address 10.0.0.100/32 && serve tcp 7000'
	observe d1 'probe ask tcp 10.0.0.100 7000 300000'
	observe d2 'ipvsadm -L -n -c | awk "/7000/ { print \$5, \$6 }"'
	expect 'd1: from 10.0.0.11 300000 bytes
d2: 10.0.0.100:7000 10.0.0.13:7000'
}

# LVS by translation.
case_lvs_nat() {
	setup d2 'forward && address 10.0.0.100/32 eth0 && undo "ipvsadm -C" && ipvsadm -A -t 10.0.0.100:7000 -s rr &&
		ipvsadm -a -t 10.0.0.100:7000 -r $d3:7000 -m'
	setup d3 'route $d1 via $d2 && serve tcp 7000'
	observe d1 'probe ask tcp 10.0.0.100 7000 300000'
	expect 'd1: from 10.0.0.11 300000 bytes'
}
