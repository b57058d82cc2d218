# SPDX-License-Identifier: GPL-2.0
# Firewalls. What a case is, is said in scripts/check-parity.
# shellcheck shell=bash disable=SC2016 # variables are for the guests

# nft: a drop rule for iifname eth0 at input drops.
case_nft_input_drop() { # quick
	setup d2 'rules "chain in { type filter hook input priority 0; iifname eth0 icmp type echo-request drop; }"'
	observe d1 'reach $d2; reach $d2_6'
	expect 'd1: no answer from 10.0.0.12; fd00::12 answers'
}

# nft: a default-deny input policy lets in what it accepts by interface and MAC address.
case_nft_input_policy_mac() { # quick
	setup d2 'rules "chain in { type filter hook input priority 0; policy drop;
		iifname eth0 ether saddr $d1_mac accept; meta l4proto ipv6-icmp accept; }"'
	observe d1 'reach $d2'
	observe d3 'reach $d2'
	expect 'd1: 10.0.0.12 answers
d3: no answer from 10.0.0.12'
}

# nft: a drop rule for oifname eth0 at output drops.
case_nft_output_drop() { # quick
	setup d1 'rules "chain out { type filter hook output priority 0; oifname eth0 ip daddr $d2 drop; }"'
	observe d1 'reach $d2; reach $d3'
	expect 'd1: no answer from 10.0.0.12; 10.0.0.13 answers'
}

# nft: counters at each hook of a guest that sends and one that receives count each packet once.
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
