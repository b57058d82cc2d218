# SPDX-License-Identifier: GPL-2.0
# Firewalls: nftables and iptables at every hook.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# nft: a drop rule for iifname eth0 at input drops.
case_nft_input_drop() { # quick
	setup d2 'rules "chain in { type filter hook input priority 0; iifname eth0 icmp type echo-request drop; }"'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: no answer from 10.0.0.12; fd00::12 answers'
}

# nft: a drop rule for IPv6 by iifname eth0 at input drops.
case_nft_input_drop6() {
	setup d2 'rules "chain in { type filter hook input priority 0; iifname eth0 icmpv6 type echo-request drop; }"'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: 10.0.0.12 answers; no answer from fd00::12'
}

# nft: a default-deny input policy lets in what it accepts by interface.
case_nft_input_policy_interface() {
	setup d2 'rules "chain in { type filter hook input priority 0; policy drop; iifname eth0 accept; }"
		serve tcp 7000'
	observe d1 'reach $d2; probe ask tcp $d2 7000; probe ask tcp $d2_6 7000'
	expect 'd1: 10.0.0.12 answers; from 10.0.0.11 1 bytes; from fd00::11 1 bytes'
}

# nft: a default-deny input policy lets in what it accepts by MAC address.
case_nft_input_policy_mac() { # quick
	setup d2 'rules "chain in { type filter hook input priority 0; policy drop;
		iifname eth0 ether saddr $d1_mac accept; }"'
	observe d1 'reach $d2'
	observe d3 'reach $d2'
	expect 'd1: 10.0.0.12 answers
d3: no answer from 10.0.0.12'
}

# nft: what is known of an incoming packet's link layer and interface.
case_nft_input_meta() { # quick
	setup d2 'rules "counter exact {}; counter any {};
		chain in { type filter hook input priority 0; icmp type echo-request counter name any;
		icmp type echo-request ether saddr $d1_mac ether daddr $d2_mac meta iiftype ether meta iif eth0 \
		meta pkttype host meta protocol ip meta length 84 counter name exact; }"'
	observe d1 'pings 3 $d2'
	observe d2 'counts'
	expect 'd1: 3 received
d2: exact 3; any 3'
}

# nft: a drop rule for oifname eth0 at output drops.
case_nft_output_drop() { # quick
	setup d1 'rules "chain out { type filter hook output priority 0; oifname eth0 ip daddr $d2 drop; }"'
	observe d1 'reach $d2; reach $d3'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers'
}

# nft: a default-deny output policy lets out what it accepts by interface.
case_nft_output_policy_interface() {
	setup d1 'rules "chain out { type filter hook output priority 0; policy drop; oifname eth0 accept; }"'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers'
}

# nft: counters at each hook of sender and receiver count each packet once.
case_nft_counters() { # quick
	setup d1 'rules "counter raw {}; counter out {}; counter post {};
		chain raw { type filter hook output priority raw; oifname eth0 icmp type echo-request counter name raw; }
		chain out { type filter hook output priority 0; oifname eth0 icmp type echo-request counter name out; }
		chain post { type filter hook postrouting priority 0; oifname eth0 icmp type echo-request counter name post; }"'
	setup d2 'rules "counter pre {}; counter in {};
		chain pre { type filter hook prerouting priority 0; iifname eth0 icmp type echo-request counter name pre; }
		chain in { type filter hook input priority 0; iifname eth0 icmp type echo-request counter name in; }"'
	observe d1 'pings 5 $d2; counts'
	observe d2 'counts'
	expect 'd1: 5 received; raw 5; out 5; post 5
d2: pre 5; in 5'
}

# nft: counters at each hook count each IPv6 packet once.
case_nft_counters6() {
	setup d1 'rules "counter out {}; counter post {};
		chain out { type filter hook output priority 0; oifname eth0 icmpv6 type echo-request counter name out; }
		chain post { type filter hook postrouting priority 0; oifname eth0 icmpv6 type echo-request counter name post; }"'
	setup d2 'rules "counter pre {}; counter in {};
		chain pre { type filter hook prerouting priority 0; iifname eth0 icmpv6 type echo-request counter name pre; }
		chain in { type filter hook input priority 0; iifname eth0 icmpv6 type echo-request counter name in; }"'
	observe d1 'pings 5 $d2_6; counts'
	observe d2 'counts'
	expect 'd1: 5 received; out 5; post 5
d2: pre 5; in 5'
}

# nft: a netdev chain at ingress of eth0 drops.
case_nft_ingress_drop() { # quick
	setup d2 'rules netdev "chain in { type filter hook ingress device eth0 priority 0; ip saddr $d1 drop; }"'
	observe d1 'reach $d2'
	observe d3 'reach $d2'
	expect 'd1: no answer from 10.0.0.12
d3: 10.0.0.12 answers'
}

# nft: a netdev chain at egress of eth0 drops.
case_nft_egress_drop() { # quick
	setup d1 'rules netdev "chain out { type filter hook egress device eth0 priority 0; ip daddr $d2 drop; }"'
	observe d1 'reach $d2; reach $d3'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers'
}

# nft: counters at ingress and egress of eth0, by MAC address, count each packet once.
case_nft_netdev_counters() {
	setup d1 'rules netdev "counter out {}; counter in {};
		chain out { type filter hook egress device eth0 priority 0; ether daddr $d2_mac icmp type echo-request counter name out; }
		chain in { type filter hook ingress device eth0 priority 0; ether saddr $d2_mac icmp type echo-reply counter name in; }"'
	observe d1 'pings 5 $d2; counts'
	expect 'd1: 5 received; out 5; in 5'
}

# nft: a chain of family inet at ingress of eth0 drops.
case_nft_inet_ingress_drop() {
	setup d2 'rules "chain in { type filter hook ingress device eth0 priority 0; ip6 saddr $d1_6 drop; }"'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: 10.0.0.12 answers; no answer from fd00::12'
}

# nft: what a chain at egress changes in a packet arrives changed.
case_nft_egress_change() {
	setup d1 'rules netdev "chain out { type filter hook egress device eth0 priority 0; ip daddr $d2 ip ttl set 7; }"'
	setup d2 'serve udp 7000'
	observe d1 'probe ask udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 7 tos 0 1 bytes'
}

# nft: what a chain at ingress changes in a packet is changed.
case_nft_ingress_change() {
	setup d2 'rules netdev "chain in { type filter hook ingress device eth0 priority 0; ip saddr $d1 ip ttl set 7; }"
		serve udp 7000'
	observe d1 'probe ask udp $d2 7000'
	expect 'd1: from 10.0.0.11 by eth0 ttl 7 tos 0 1 bytes'
}

# nft: what a chain at ingress duplicates to another device is there, and goes on.
case_nft_ingress_dup() {
	setup d2 'undo "ip link delete copy"; ip link add copy type dummy && ip link set copy up &&
		rules netdev "chain in { type filter hook ingress device eth0 priority 0; ip saddr $d1 icmp type echo-request dup to copy; }" &&
		dump copy -i copy icmp'
	observe d1 'pings 3 $d2'
	observe d2 'dumped copy'
	expect 'd1: 3 received
d2: 3 10.0.0.11 > 10.0.0.12: ICMP echo request'
}

# nft: a limit lets through as many packets as it says.
case_nft_limit() {
	setup d2 'rules "chain in { type filter hook input priority 0; iifname eth0 icmp type echo-request \
		limit rate over 1/hour burst 4 packets drop; }"'
	observe d1 'pings 10 $d2'
	expect 'd1: 4 received'
}

# nft: log says the interface and the addresses, at the sender and at the receiver.
case_nft_log() { # quick
	setup d1 'rules "chain out { type filter hook postrouting priority 0; icmp type echo-request log prefix \"parity \"; }"'
	setup d2 'rules "chain in { type filter hook input priority 0; icmp type echo-request log prefix \"parity \"; }"'
	observe d1 'pings 1 $d2; logged'
	observe d2 'logged'
	expect 'd1: 1 received; IN= OUT=eth0 SRC=10.0.0.11 DST=10.0.0.12 LEN=84 TOS=0x00 PREC=0x00 TTL=64
d2: IN=eth0 OUT= MAC=00:16:3e:00:00:02:00:16:3e:00:00:01:08:00 SRC=10.0.0.11 DST=10.0.0.12 LEN=84 TOS=0x00 PREC=0x00 TTL=64'
}

# nft: a mark set by interface at prerouting is there at input; the sender's mark is not.
case_nft_mark() {
	setup d2 'rules "counter own {}; counter foreign {};
		chain pre { type filter hook prerouting priority mangle; iifname eth0 udp dport 7000 meta mark 0 meta mark set 9; }
		chain in { type filter hook input priority 0; meta mark 9 counter name own; meta mark 7 counter name foreign; }"
		serve udp 7000'
	observe d1 'probe ask -m 7 udp $d2 7000'
	observe d2 'counts'
	expect 'd1: from 10.0.0.11 by eth0 ttl 64 tos 0 1 bytes
d2: own 1; foreign 0'
}

# nft: reject answers with the error that it says.
case_nft_reject() {
	setup d2 'rules "chain in { type filter hook input priority 0; iifname eth0 tcp dport 7000 reject with tcp reset;
		iifname eth0 icmp type echo-request reject with icmp type admin-prohibited;
		iifname eth0 icmpv6 type echo-request reject with icmpv6 type admin-prohibited; }" && serve tcp 7000'
	observe d1 'probe ask tcp $d2 7000; reach $d2; reach $d2_6'
	expect 'd1: Connection refused; no answer from 10.0.0.12: Packet filtered; no answer from fd00::12: Destination unreachable: Administratively prohibited'
}

# nft: the state of connections decides who may open one.
case_nft_ct_state() { # quick
	setup d1 'serve tcp 7000'
	setup d2 'rules "chain in { type filter hook input priority 0; policy drop; ct state established,related accept;
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }" && serve tcp 7000'
	observe d1 'probe ask tcp $d2 7000'
	observe d2 'probe ask tcp $d1 7000; probe ask tcp $d1_6 7000'
	expect 'd1: no answer
d2: from 10.0.0.12 1 bytes; from fd00::12 1 bytes'
}

# nft: the reverse path check by fib finds eth0.
case_nft_fib() {
	setup d2 'rules "counter lost {}; chain pre { type filter hook prerouting priority raw;
		iifname eth0 fib saddr . iif oif missing counter name lost drop; }"'
	observe d1 'reach $d2; reach $d2_6'
	observe d2 'counts'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers
d2: lost 0'
}

# nft: a forward chain drops by incoming and outgoing interface.
case_nft_forward_drop() {
	setup d2 'forward && route 10.3.0.3 via $d3 && rules "chain on { type filter hook forward priority 0; iifname eth0 oifname eth0 icmp type echo-request drop; }"'
	setup d3 'address 10.3.0.3/32 && serve udp 7000'
	setup d1 'route 10.3.0.3 via $d2'
	observe d1 'reach 10.3.0.3; probe ask udp 10.3.0.3 7000'
	expect 'd1: no answer from 10.3.0.3; from 10.0.0.11 by eth0 ttl 63 tos 0 1 bytes'
}

# nft: a default-deny forward policy lets through what it accepts by interface.
case_nft_forward_policy() {
	setup d2 'forward && route 10.3.0.3 via $d3 && rules "chain on { type filter hook forward priority 0; policy drop;
		iifname eth0 oifname eth0 ether saddr { $d1_mac, $d3_mac } accept; }"'
	setup d3 'address 10.3.0.3/32 && route $d1 via $d2'
	setup d1 'route 10.3.0.3 via $d2'
	observe d1 'reach 10.3.0.3'
	expect 'd1: 10.3.0.3 answers'
}

# nft: counters of a guest that forwards count each packet once, at all hooks that it passes.
case_nft_forward_counters() {
	setup d2 'forward && route 10.3.0.3 via $d3 && rules "counter pre {}; counter on {}; counter post {};
		chain pre { type filter hook prerouting priority 0; iifname eth0 ip daddr 10.3.0.3 counter name pre; }
		chain on { type filter hook forward priority 0; iifname eth0 oifname eth0 ip daddr 10.3.0.3 counter name on; }
		chain post { type filter hook postrouting priority 0; oifname eth0 ip daddr 10.3.0.3 counter name post; }"'
	setup d3 'address 10.3.0.3/32'
	setup d1 'route 10.3.0.3 via $d2'
	observe d1 'pings 5 10.3.0.3'
	observe d2 'counts'
	expect 'd1: 5 received
d2: pre 5; on 5; post 5'
}

# nft: tproxy hands a connection to another address to a local server.
case_nft_tproxy() {
	setup d2 'rule fwmark 7 lookup 100 && undo "ip route flush table 100" && ip route add local default dev lo table 100 &&
		rules "chain pre { type filter hook prerouting priority mangle;
		iifname eth0 ip daddr 10.3.0.3 tcp dport 80 tproxy ip to :7000 meta mark set 7; }" &&
		serve -t tcp 7000'
	setup d1 'route 10.3.0.3 via $d2'
	observe d1 'probe ask tcp 10.3.0.3 80'
	expect 'd1: from 10.0.0.11 1 bytes'
}

# iptables: a drop rule for -i eth0 at INPUT drops.
case_iptables_input_drop() {
	setup d2 'iptables -A INPUT -i eth0 -p icmp --icmp-type echo-request -j DROP'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: no answer from 10.0.0.12; fd00::12 answers'
}

# iptables: a drop rule for -i eth0 at INPUT drops IPv6.
case_iptables_input_drop6() {
	setup d2 'ip6tables -A INPUT -i eth0 -p icmpv6 --icmpv6-type echo-request -j DROP'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: 10.0.0.12 answers; no answer from fd00::12'
}

# iptables: a default-deny policy lets in what it accepts by MAC address.
case_iptables_policy_mac() {
	setup d2 'iptables -A INPUT -i eth0 -m mac --mac-source $d1_mac -j ACCEPT && iptables -A INPUT -i eth0 -j DROP'
	observe d1 'reach $d2'
	observe d3 'reach $d2'
	expect 'd1: 10.0.0.12 answers
d3: no answer from 10.0.0.12'
}

# iptables: a drop rule for -o eth0 at OUTPUT drops.
case_iptables_output_drop() {
	setup d1 'iptables -A OUTPUT -o eth0 -d $d2 -j DROP'
	observe d1 'reach $d2; reach $d3'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers'
}

# iptables: rules of the legacy kind count each packet once, in raw, mangle and filter.
case_iptables_legacy_counters() {
	setup d2 'legacy -t raw -A PREROUTING -i eth0 -p icmp --icmp-type echo-request &&
		legacy -t mangle -A PREROUTING -i eth0 -p icmp --icmp-type echo-request &&
		legacy -t filter -A INPUT -i eth0 -p icmp --icmp-type echo-request'
	observe d1 'pings 5 $d2'
	observe d2 'for t in raw mangle filter; do iptables-legacy -t $t -S -v | grep -oE "eth0 .*-c [0-9]+"; done'
	expect 'd1: 5 received
d2: eth0 -p icmp -m icmp --icmp-type 8 -c 5; eth0 -p icmp -m icmp --icmp-type 8 -c 5; eth0 -p icmp -m icmp --icmp-type 8 -c 5'
}

# iptables: the match rpfilter lets in what comes by eth0 from peers.
case_iptables_rpfilter() {
	setup d2 'iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP &&
		ip6tables -t raw -A PREROUTING -m rpfilter --invert -j DROP'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: 10.0.0.12 answers; fd00::12 answers'
}

# iptables: LOG says the interface and the addresses.
case_iptables_log() { # quick
	setup d2 'iptables -A INPUT -p icmp --icmp-type echo-request -j LOG --log-prefix "parity "'
	observe d1 'pings 1 $d2'
	observe d2 'logged'
	expect 'd1: 1 received
d2: IN=eth0 OUT= MAC=00:16:3e:00:00:02:00:16:3e:00:00:01:08:00 SRC=10.0.0.11 DST=10.0.0.12 LEN=84 TOS=0x00 PREC=0x00 TTL=64'
}

# iptables: TEE sends a copy of each packet to another guest.
case_iptables_tee() { # quick
	setup d2 'iptables -t mangle -A PREROUTING -i eth0 -s $d1 -p icmp --icmp-type echo-request -j TEE --gateway $d3'
	setup d3 'dump copies -i eth0 host $d1 and icmp'
	observe d1 'pings 3 $d2'
	observe d3 'dumped copies'
	expect 'd1: 3 received
d3: 3 10.0.0.11 > 10.0.0.12: ICMP echo request'
}

# nft: dup sends a copy of what leaves to another guest.
case_nft_dup() {
	setup d1 'rules ip "chain out { type filter hook postrouting priority 0; ip daddr $d2 icmp type echo-request dup to $d3 device eth0; }"'
	setup d3 'dump copies -i eth0 host $d1 and icmp'
	observe d1 'pings 3 $d2'
	observe d3 'dumped copies'
	expect 'd1: 3 received
d3: 3 10.0.0.11 > 10.0.0.12: ICMP echo request'
}
