#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each kind of traffic takes the rings, which the counters of both ends prove.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check "a channel is set up by traffic" connect 1 2
mark d1 d2

check "ping takes the rings" via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip4 2)"
check "large pings take the rings" via_rings 1 2 5 on d1 "ping -q -s 20000 -i 0.05 -c 5 -w 10 $(ip4 2)"
check "IPv6 ping takes the rings" via_rings 1 2 20 on d1 "ping -q -i 0.05 -c 20 -w 10 $(ip6 2)"

serve_iperf d2
check "TCP takes the rings" via_rings 1 2 100 on d1 "iperf3 -c $(ip4 2) -n 30M"
check "TCP over IPv6 takes the rings" via_rings 2 1 100 on d1 "iperf3 -c $(ip6 2) -n 30M -R"
check "UDP takes the rings" via_rings 1 2 5 on d1 "iperf3 -c $(ip4 2) -u -l 1000 -b 2M -n 100K"
stop_bg iperf3-server d2

refused() {
	on d1 "echo x | socat -t 2 - UDP-CONNECT:$1:9" 2>&1 | grep -q 'Connection refused'
}
check "an ICMP error comes back by the rings" via_rings 1 2 1 refused "$(ip4 2)"
check "an ICMPv6 error comes back by the rings" via_rings 1 2 1 refused "[$(ip6 2)]"

checksums() {
	local sum
	bg receive d2 'socat -u TCP-LISTEN:7000 OPEN:/tmp/received,creat,trunc'
	on d2 'until ss -ltn | grep -q :7000; do :; done' || return
	sum=$(on d1 "head -c 20000000 /dev/urandom >/tmp/sent; socat -u OPEN:/tmp/sent TCP:$(ip4 2):7000; sha256sum </tmp/sent")
	busywait 10 on d2 "[ \"\$(sha256sum </tmp/received)\" = '$sum' ]"
}
check "20 MB of random bytes arrive as they were sent" via_rings 1 2 100 checksums

copy_tool datagrams d1
copy_tool datagrams d2
# datagrams HOW [GRO [GSO]]: many, each of which must arrive as it was sent; HOW they came, by
# the server's count of packets with several, and of what a read gave at most.
datagrams() {
	bg datagrams d2 "/tmp/datagrams serve eth0 ${2:-}"
	on d2 'until ss -lun | grep -q :7002; do :; done'
	on d1 "/tmp/datagrams send $(ip4 2) 20000 ${3:-}" && busywait 5 ended datagrams d2
	on d2 'cat /tmp/datagrams.log' | tee /dev/stderr | grep -Eq "^datagrams 200.. $1\$"
}
check "datagrams arrive as they were sent, one by one" via_rings 1 2 100 datagrams 'lists 0 most 1'
check "so do those that are sent as one" via_rings 1 2 100 datagrams 'lists 0 most 1' '' gso
on d2 'ethtool -K eth0 rx-gro-list on'
check "with rx-gro-list several come as one packet" \
	via_rings 1 2 100 datagrams 'lists [1-9][0-9]+ most 1'
check "also to a socket that reads several at once" \
	via_rings 1 2 100 datagrams 'lists [1-9][0-9]+ most ([2-9]|[1-9][0-9])' gro
on d2 'ethtool -K eth0 rx-gro-list off'

# rings_unused COMMAND: d1 runs it.
rings_unused() {
	local before after
	before=$(packets 1 cokeeper0 tx) && on d1 "$1" && after=$(packets 1 cokeeper0 tx) || return
	echo "sent by the rings: $before -> $after"
	[[ $before == "$after" ]]
}
check "traffic to dom0 does not enter the device" rings_unused 'ping -q -i 0.05 -c 5 -w 10 10.0.0.1'
check "a neighbour is asked for by the netfront" rings_unused \
	"ip -6 neigh replace $(ip6 2) lladdr $(mac 2) dev eth0 nud probe &&
		timeout 5 sh -c 'until ip -6 neigh show $(ip6 2) | grep REACHABLE; do :; done'"

check "ip -s link counts" on d1 'ip -s -j link show cokeeper0 | grep -q "\"packets\":[1-9]"'
check "nothing is logged at warning level" no_warnings d1 d2
finish
