# SPDX-License-Identifier: GPL-2.0
# Traffic control, both ways.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# A filter at egress of eth0 drops.
case_tc_egress_drop() { # quick
	setup d1 'clsact && tc filter add dev eth0 egress protocol ip u32 match ip dst $d2 action drop'
	observe d1 'reach $d2; reach $d3; reach $d2_6'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers; fd00::12 answers'
}

# A filter at ingress of eth0 drops.
case_tc_ingress_drop() { # quick
	setup d2 'clsact && tc filter add dev eth0 ingress protocol ip u32 match ip src $d1 action drop'
	observe d1 'reach $d2; reach $d2_6'
	observe d3 'reach $d2'
	expect 'd1: no answer from 10.0.0.12; fd00::12 answers
d3: 10.0.0.12 answers'
}

# BPF at egress and at ingress of eth0 drops.
case_tc_bpf() {
	setup d1 'clsact && tc filter add dev eth0 egress protocol ip bpf bytecode "4,40 0 0 12,21 0 1 2048,6 0 0 4294967295,6 0 0 0" action drop'
	setup d2 'clsact && tc filter add dev eth0 ingress protocol ipv6 bpf bytecode "1,6 0 0 4294967295" action drop'
	observe d1 'reach $d2'
	observe d3 'reach $d2; reach $d2_6'
	expect 'd1: no answer from 10.0.0.12
d3: 10.0.0.12 answers; no answer from fd00::12'
}

# A policer at egress drops what is too much.
case_tc_egress_police() {
	setup d2 'serve udp 7000'
	setup d1 'clsact && tc filter add dev eth0 egress protocol ip u32 match ip dst $d2 police rate 1kbit burst 500 drop'
	observe d1 'some $d2'
	expect 'd1: some answers'
}

# A policer at ingress drops what is too much.
case_tc_ingress_police() {
	setup d2 'serve udp 7000 && clsact && tc filter add dev eth0 ingress protocol ip u32 match ip src $d1 police rate 1kbit burst 500 drop'
	observe d1 'some $d2'
	expect 'd1: some answers'
}

# A packet editor at egress changes packets.
case_tc_egress_edit() { # quick
	setup d1 'clsact && tc filter add dev eth0 egress protocol ip u32 match ip dst $d2 action pedit ex munge ip ttl set 9 pipe csum ip'
	setup d2 'serve udp 7000'
	observe d1 'probe ask udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 9 tos 0 1 bytes'
}

# A mirror at egress and one at ingress copy packets to other devices.
case_tc_mirror() {
	setup d1 'clsact && undo "ip link delete copy" && ip link add copy type dummy && ip link set copy up &&
		tc filter add dev eth0 egress protocol ip u32 match ip dst $d2 action mirred egress mirror dev copy && dump copy -i copy icmp'
	setup d2 'clsact && undo "ip link delete copy" && ip link add copy type dummy && ip link set copy up &&
		tc filter add dev eth0 ingress protocol ip u32 match ip src $d1 action mirred egress mirror dev copy && dump copy -i copy icmp'
	observe d1 'pings 3 $d2; dumped copy'
	observe d2 'dumped copy'
	expect 'd1: 3 received; 3 10.0.0.11 > 10.0.0.12: ICMP echo request
d2: 3 10.0.0.11 > 10.0.0.12: ICMP echo request'
}

# ingress of eth0 is redirected to ifb, where it is shaped.
case_tc_ifb() {
	setup d2 'clsact && undo "ip link delete ifb7" && ip link add ifb7 type ifb && ip link set ifb7 up &&
		tc qdisc add dev ifb7 root netem delay 300ms && tc filter add dev eth0 ingress protocol ip u32 match ip src $d1 action mirred egress redirect dev ifb7'
	observe d1 'delayed $d2'
	expect 'd1: delayed'
}

# netem at eth0 delays.
case_tc_netem_delay() { # quick
	setup d1 'qdisc netem delay 300ms'
	observe d1 'delayed $d2; delayed $d2_6'
	expect 'd1: delayed; delayed'
}

# netem at eth0 loses.
case_tc_netem_loss() {
	setup d1 'qdisc netem loss 100%'
	observe d1 'reach $d2'
	expect 'd1: no answer from 10.0.0.12'
}

# tbf at eth0 limits: of a burst, not all arrives.
case_tc_tbf() { # quick
	setup d1 'qdisc tbf rate 10kbit burst 1600 limit 1600'
	setup d2 'serve udp 7000'
	observe d1 'some $d2'
	expect 'd1: some answers'
}

# Classes of htb count what goes to a peer.
case_tc_htb() {
	setup d1 'qdisc handle 1: htb default 1 && tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit &&
		tc class add dev eth0 parent 1: classid 1:2 htb rate 1gbit &&
		tc filter add dev eth0 parent 1: protocol ip u32 match ip dst $d2 match ip protocol 1 0xff classid 1:2'
	observe d1 'pings 5 $d2; tc -s class show dev eth0 classid 1:2 | grep -o "[0-9]* pkt"'
	expect 'd1: 5 received; 5 pkt'
}

# A filter of the qdisc prio drops.
case_tc_prio() {
	setup d1 'qdisc handle 1: prio && tc filter add dev eth0 parent 1: protocol ip u32 match ip dst $d2 action drop'
	observe d1 'reach $d2; reach $d3'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers'
}

# fq at eth0 keeps flows to a rate.
case_tc_fq() {
	setup d1 'qdisc fq maxrate 100kbit initial_quantum 1514 quantum 1514'
	setup d2 'serve udp 7000'
	observe d1 's=$SECONDS; probe ask -n 40 udp $d2 7000 1000; ((SECONDS - s >= 2)) && echo slow || echo fast'
	expect 'd1: 40 of 40 answers; slow'
}
