# SPDX-License-Identifier: GPL-2.0
# Sockets and the programs that use them.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# ping -I eth0 is answered.
case_ping_device() { # quick
	observe d1 'reach $d2 -I eth0; reach $d2_6 -I eth0'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers'
}

# A server bound to eth0 is reached, and told that it was by eth0.
case_server_bound() { # quick
	setup d2 'serve -d eth0 tcp 7000 && serve -d eth0 udp 7000'
	observe d1 'probe ask tcp $d2 7000; probe ask udp $d2 7000; probe ask udp $d2_6 7000'
	expect 'd1: from 10.0.0.11 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from fd00::11 by eth0 ttl 64 tos 0 1 bytes'
}

# A client bound to eth0 is answered.
case_client_bound() { # quick
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'probe ask -d eth0 tcp $d2 7000; probe ask -d eth0 udp $d2 7000'
	expect 'd1: from 10.0.0.11 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes'
}

# Link-local addresses of peers, by %eth0.
case_link_local() { # quick
	setup d2 'serve tcp 7000 && serve udp 7000'
	observe d1 'reach fe80::216:3eff:fe00:2%eth0; probe ask tcp fe80::216:3eff:fe00:2%eth0 7000; probe ask udp fe80::216:3eff:fe00:2%eth0 7000'
	expect 'd1: fe80::216:3eff:fe00:2%eth0 answers; from fe80::216:3eff:fe00:1 1 bytes; from fe80::216:3eff:fe00:1 by eth0 ttl 64 tos 0 1 bytes'
}

# Multicast and broadcast by eth0.
case_multicast() { # quick
	setup d2 'ctl net/ipv4/icmp_echo_ignore_broadcasts=0'
	observe d1 'reach 224.0.0.1 -I eth0; reach 10.0.0.255 -b; reach ff02::1%eth0'
	expect 'd1: 224.0.0.1 answers; 10.0.0.255 answers; ff02::1%eth0 answers'
}

# Type of service and time to live arrive as they were sent.
case_tos_ttl() {
	setup d2 'serve udp 7000'
	observe d1 'probe ask -q 0xb9 -t 3 udp $d2 7000; probe ask -q 0xb9 -t 3 udp $d2_6 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 3 tos 185 1 bytes; from fd00::11 by eth0 ttl 3 tos 185 1 bytes'
}

# Packets with IP options: ping -R is told of the way.
case_ip_options() {
	observe d1 'ping -n -c 1 -w 2 -R $d2 | grep -oE "(10\.0\.0\.[0-9]+|1 received)$|1 received"'
	expect 'd1: 10.0.0.11; 10.0.0.12; 10.0.0.12; 10.0.0.11; 1 received'
}

# The kernel's own counters of a receiver count what arrived.
case_snmp() { # quick
	setup d2 'nstat -n'
	observe d1 'pings 5 $d2'
	observe d2 'nstat IcmpInEchos IcmpOutEchoReps | awk "NR > 1 { print \$1, \$2 }"'
	expect 'd1: 5 received
d2: IcmpInEchos 5; IcmpOutEchoReps 5'
}

# Datagrams of all sizes arrive as they were sent.
case_sizes() { # quick
	setup d2 'serve udp 7000'
	observe d1 'for n in 0 1 17 18 1472 1473 8000 65507; do probe ask udp $d2 7000 $n; done; probe ask udp $d2_6 7000 65000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 0 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 17 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 18 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1472 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1473 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 8000 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 65507 bytes; from fd00::11 by eth0 ttl 64 tos 0 65000 bytes'
}

# TCP streams arrive as they were sent.
case_streams() {
	setup d2 'serve tcp 7000'
	observe d1 'probe ask tcp $d2 7000 3000000; probe ask tcp $d2_6 7000 3000000'
	expect 'd1: from 10.0.0.11 3000000 bytes; from fd00::11 3000000 bytes'
}

# ICMP errors for closed ports come back.
case_closed_port() { # quick
	observe d1 'probe ask udp $d2 7000; probe ask udp $d2_6 7000; probe ask tcp $d2 7000; probe ask tcp $d2_6 7000'
	expect 'd1: Connection refused; Connection refused; Connection refused; Connection refused'
}

# SCTP.
case_sctp() {
	setup d2 'serve sctp 7000'
	observe d1 'probe ask sctp $d2 7000 1000; probe ask sctp $d2_6 7000 1000'
	expect 'd1: from 10.0.0.11 1000 bytes; from fd00::11 1000 bytes'
}

# Datagrams sent at once by UDP_SEGMENT are counted one by one at the receiver.
case_udp_segment() { # quick
	setup d2 'rules "counter in {}; chain in { type filter hook input priority 0; iifname eth0 udp dport 7000 counter name in; }" &&
		serve udp 7000'
	observe d1 'probe ask -g 1000 -n 10 udp $d2 7000 10000'
	observe d2 'counts'
	expect 'd1: 10 of 10 answers
d2: in 10'
}

# Many datagrams in a row are counted one by one at the receiver.
case_udp_burst() {
	setup d2 'rules "counter in {}; chain in { type filter hook input priority 0; iifname eth0 udp dport 7000 counter name in; }" &&
		serve udp 7000'
	observe d1 'probe ask -n 40 udp $d2 7000 100'
	observe d2 'counts'
	expect 'd1: 40 of 40 answers
d2: in 40'
}

# A software time stamp of sending is given.
case_time_stamp() { # quick
	setup d2 'serve udp 7000'
	observe d1 'probe ask -T udp $d2 7000'
	expect 'd1: software time stamp'
}

# MSG_ZEROCOPY: the memory is given back when it was sent.
case_zerocopy() { # quick
	setup d2 'serve udp 7000'
	observe d1 'probe ask -z udp $d2 7000 1000'
	expect 'd1: sent'
}

# tcpdump at eth0 sees both directions.
case_tcpdump() { # quick
	setup d1 'dump all -i eth0 icmp'
	observe d1 'pings 2 $d2; dumped all'
	expect 'd1: 2 received; 2 10.0.0.11 > 10.0.0.12: ICMP echo request; 2 10.0.0.12 > 10.0.0.11: ICMP echo reply'
}

# tcpdump and a counter at egress see each packet of a burst once.
case_tcpdump_burst() {
	setup d1 'rules netdev "counter out {}; chain out { type filter hook egress device eth0 priority 0; udp dport 7700 counter name out; }" &&
		dump all -i eth0 -Q out udp port 7700'
	setup d2 'serve udp 7700'
	observe d1 'probe ask -n 80 udp $d2 7700 1000; counts; dumped all'
	expect 'd1: 80 of 80 answers; out 80; 80 10.0.0.11.* > 10.0.0.12.7700: UDP, length 1000'
}

# tcpdump at all devices sees each packet once, and by which device.
case_tcpdump_any() { # quick
	setup d2 'dump all -i any icmp'
	observe d1 'pings 2 $d2'
	observe d2 'dumped -l all'
	expect 'd1: 2 received
d2: 2 eth0  In  IP 10.0.0.11 > 10.0.0.12: ICMP echo request; 2 eth0  Out IP 10.0.0.12 > 10.0.0.11: ICMP echo reply'
}

# tcpdump sees the MAC addresses that belong there, in both directions.
case_tcpdump_link() {
	setup d2 'dump all -e -i eth0 icmp'
	observe d1 'pings 2 $d2'
	observe d2 'dumped -l all'
	expect 'd1: 2 received
d2: 2 00:16:3e:00:00:01 > 00:16:3e:00:00:02, ethertype IPv4 (0x0800), length 98: 10.0.0.11 > 10.0.0.12: ICMP echo request; 2 00:16:3e:00:00:02 > 00:16:3e:00:00:01, ethertype IPv4 (0x0800), length 98: 10.0.0.12 > 10.0.0.11: ICMP echo reply'
}

# Packet sockets see which checksums are left to the device.
case_checksum_partial() {
	setup d2 'sniff eth0 7000 && serve udp 7000 && serve tcp 7000'
	observe d1 'probe ask udp $d2 7000; probe ask tcp $d2 7000 300000'
	observe d2 'stop sniff'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from 10.0.0.11 300000 bytes
d2: in tcp checksum not ready; in udp checksum not ready 1; out tcp checksum not ready; out udp checksum not ready 1'
}

# Packet sockets see valid checksums if eth0 does not offload them.
case_checksum_valid() { # quick
	setup d1 'offload tx && offload gro'
	setup d2 'offload tx && offload gro && sniff eth0 7000 && serve udp 7000 && serve tcp 7000'
	observe d1 'probe ask udp $d2_6 7000; probe ask tcp $d2_6 7000 300000'
	observe d2 'stop sniff'
	expect 'd1: from fd00::11 by eth0 ttl 64 tos 0 1 bytes; from fd00::11 300000 bytes
d2: in tcp checksum valid; in udp checksum valid 1; out tcp checksum valid; out udp checksum valid 1'
}

# A frame written to a packet socket arrives.
case_packet_socket() { # quick
	setup d2 'rules "counter in {}; chain in { type filter hook input priority 0; iifname eth0 udp dport 7000 counter name in; }" && serve udp 7000'
	observe d1 'probe inject eth0 $d2_mac $d1 $d2 7000; pings 1 $d2'
	observe d2 'counts'
	expect 'd1: 1 received
d2: in 1'
}

# arping finds the peer's MAC address.
case_arping() { # quick
	observe d1 'arping -c 1 -w 2 -I eth0 $d2 | grep -o "from .*\]"'
	expect 'd1: from 10.0.0.12 [00:16:3E:00:00:02]'
}

# dnsmasq with interface=eth0 answers.
case_dnsmasq() { # quick
	setup d2 'dnsmasq_eth0 --address=/parity.test/192.0.2.1'
	observe d1 'nslookup parity.test $d2 | grep "Address: 192"'
	expect 'd1: Address: 192.0.2.1'
}

# dnsmasq with interface=eth0 leases an address; it is renewed and released.
case_dhcp() { # quick
	setup d2 'dnsmasq_eth0 --port=0 --dhcp-range=10.0.0.150,10.0.0.150 --dhcp-sequential-ip --no-ping --dhcp-leasefile=/tmp/parity/out.leases'
	observe d1 'lease'
	expect 'd1: bound 10.0.0.150 from 10.0.0.12; renew 10.0.0.150 from 10.0.0.12'
}

# The same with the roles exchanged.
case_dhcp_back() {
	setup d1 'dnsmasq_eth0 --port=0 --dhcp-range=10.0.0.150,10.0.0.150 --dhcp-sequential-ip --no-ping --dhcp-leasefile=/tmp/parity/out.leases'
	observe d2 'lease'
	expect 'd2: bound 10.0.0.150 from 10.0.0.11; renew 10.0.0.150 from 10.0.0.11'
}
