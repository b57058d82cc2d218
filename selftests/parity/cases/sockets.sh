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
	setup d2 'serve -d eth0 tcp 7000; serve -d eth0 udp 7000'
	observe d1 'probe ask tcp $d2 7000; probe ask udp $d2 7000; probe ask udp $d2_6 7000'
	expect 'd1: from 10.0.0.11 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes; from fd00::11 by eth0 ttl 64 tos 0 1 bytes'
}

# A client bound to eth0 is answered.
case_client_bound() { # quick
	setup d2 'serve tcp 7000; serve udp 7000'
	observe d1 'probe ask -d eth0 tcp $d2 7000; probe ask -d eth0 udp $d2 7000'
	expect 'd1: from 10.0.0.11 1 bytes; from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes'
}

# tcpdump at eth0 sees both directions.
case_tcpdump() { # quick
	setup d1 'dump all -i eth0 icmp'
	observe d1 'pings 2 $d2; dumped all'
	expect 'd1: 2 received; 2 10.0.0.11 > 10.0.0.12: ICMP echo request; 2 10.0.0.12 > 10.0.0.11: ICMP echo reply'
}
