#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every event in the life of a guest is told to its peers, with its cause.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# since: what the monitor in d1 said since the last call of begin.
begin() {
	seen=$(on d1 'wc -l </tmp/monitor.log')
}

since() {
	on d1 "tail -n +$((seen + 1)) /tmp/monitor.log"
}

# told EVENT CAUSE [MAC]: the monitor in d1 told of it since begin.
told() {
	since | jq -e --arg e "$1" --arg c "$2" --arg m "${3:-$(mac 3)}" -s \
		'any(.[]; .event == $e and .cause == $c and .mac == $m)' >/dev/null
}

# expect DESCRIPTION EVENT CAUSE COMMAND...: the command brings the event about.
expect() {
	local what=$1 event=$2 cause=$3
	shift 3
	begin
	check "$what: $event, $cause" brings "$event" "$cause" "$@"
}

brings() {
	local event=$1 cause=$2
	shift 2
	"$@" && busywait 30 told "$event" "$cause" && return
	since
	return 1
}

dom0() {
	on dom0 "$1"
}

# The peers know before the toolstack has taken the domain apart.
gone() {
	on dom0 'for i in $(seq 200); do xl domid d3 >/dev/null 2>&1 || exit 0; sleep 0.1; done; exit 1'
}

again() {
	gone && on dom0 'xl create -q /etc/xen/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3'
}

check "d1 and d3 have a channel" connect 1 3
check "d2 and d3 have a channel" connect 2 3
bg monitor d1 'exec cokeeper -j monitor'
on d1 'until [ -e /tmp/monitor.log ]; do :; done'
mark d1 d2 dom0

expect "another address" update address on d3 'ip addr add 10.0.0.99/24 dev eth0'
expect "an address less" update address on d3 'ip addr del 10.0.0.99/24 dev eth0'

begin
check "a domain can be paused" dom0 'xl pause d3'
check "and go on" dom0 'xl unpause d3'
expect "an exclusion" leave policy configure '[exclude]\nguest = d3\n'
check "pausing it brought no event" eval \
	'since | jq -e -s "all(.[]; .event != \"join\")" >/dev/null'
check "it is told so" busywait 5 on d3 'xenstore-read cokeeper/00163e000003/roster | grep -q reason=excluded'
check "it knows nobody" busywait 5 on d3 'cokeeper -j show | grep -q "\"peers\":\[\]"'
expect "no exclusion any more" join policy configure ''
expect "a group of its own" leave policy configure '[group alone]\nguest = d3\n'
expect "a group with d1" join policy configure '[group two]\nguest = d3\nguest = d1\n'
check "which d2 is not in" has_no_peer 2 3
private() {
	local id
	id=$(on dom0 'xl domid d3') &&
		! on d2 "xenstore-ls /local/domain/$id/cokeeper" && ! on d2 "xenstore-ls /local/domain/$id/data/cokeeper"
}
check "and whose nodes it cannot read" private
mistake() {
	local out
	out=$(on dom0 "printf '[exclude]\nguest d1\n' >/tmp/bad.conf; cokeeper-hostd --check -c /tmp/bad.conf" 2>&1) && return 1
	echo "$out"
	grep -q '/tmp/bad.conf:2: ' <<<"$out"
}
check "a mistake is found by --check, with its line" mistake
expect "one group again" update address eval 'configure "" && on d3 "ip addr add 10.0.0.98/24 dev eth0"'

expect "the helper stops" leave withdrawn stop 3
expect "the helper starts" join announced start 3

attach() {
	on dom0 'xl network-attach d3 bridge=xenbr0 mac=00:16:3e:00:01:03' &&
		on d3 'until [ -d /sys/class/net/eth1 ]; do :; done
			ip link set eth1 up; ip link add cokeeper1 link eth1 type cokeeper; ip link set cokeeper1 up
			setsid cokeeperd -d cokeeper1 </dev/null >/tmp/cokeeper1.log 2>&1 &' &&
		busywait 30 told join announced 00:16:3e:00:01:03
}
detach() {
	on dom0 'xl network-detach d3 1' && busywait 30 told leave detached 00:16:3e:00:01:03
}
begin
check "an interface is plugged in: join, announced" attach
check "and taken away: leave, detached" detach
on d3 'pkill -f "cokeeperd -d cokeeper1"'

# A netfront must be down for that, which loses it its IPv6 address.
other_mac() {
	on d3 "set_mac() { ip link set eth0 down && ip link set eth0 address \$1 && ip link set eth0 up; }
		set_mac 00:16:3e:00:00:77
		timeout 10 sh -c 'until xenstore-read cokeeper/00163e000077/roster; do :; done' | grep -q not-your-mac
		told=\$?
		set_mac 00:16:3e:00:00:03; ip addr add $(ip6 3)/64 dev eth0 nodad
		exit \$told"
}
expect "another mac than the toolstack gave" leave withdrawn other_mac
check "the old mac again" busywait 10 has_peer 1 3

check "d1 and d3 have a channel again" connect 1 3
expect "save" leave suspended dom0 'xl save d3 /tmp/d3.save'
check "no zombie is left" busywait 5 no_zombie
expect "restore" join resumed dom0 'xl restore /tmp/d3.save && rm /tmp/d3.save'
check "the channel is made again" connect 1 3
check "and to the other" connect 2 3
expect "save that leaves it running" leave suspended dom0 'xl save -c d3 /tmp/d3.save; rm /tmp/d3.save'
check "it goes on: join, resumed" busywait 10 told join resumed
check "the channel is made once more" connect 1 3


# To xl, that was its end: nobody would create it again.
expect "destroy" leave destroyed dom0 'xl destroy d3'
check "no zombie is left" busywait 5 no_zombie
expect "create" join created again
# The connection may not outlive the command that ends the guest.
ends() {
	busywait 20 on d3 true && { on d3 "(sleep 0.1; $1) >/dev/null 2>&1 </dev/null &" || :; }
}
expect "reboot" leave reboot ends 'reboot -f'
check "it is created again: join, created" busywait 90 told join created
check "and is ready" on dom0 '/usr/lib/cokeeper-lab/wait-ready 3'
expect "crash" leave crashed ends 'echo c >/proc/sysrq-trigger'
expect "create" join created again
expect "shutdown" leave shutdown ends 'poweroff -f'

other_guest() {
	gone && on dom0 "sed \"s/^on_crash.*//; s/^extra = '/&ipv6.disable=1 /; \\\$a on_crash = 'preserve'\" /etc/xen/d3.cfg >/tmp/d3.cfg &&
		xl create -q /tmp/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3" && busywait 10 has_peer 1 3
}
check "a guest is there that has no IPv6" other_guest
# An IPv6 packet to no protocol, which only a packet socket can send there.
survives_ipv6() {
	on d3 '[ ! -e /proc/sys/net/ipv6 ] && ip link set cokeeper0 type cokeeper steer route &&
		head -c 40 /dev/zero | sed "s/^......../\x60\x0\x0\x0\x0\x0\x3b\x40/" | socat -u - INTERFACE:cokeeper0 &&
		[ "$(cat /sys/class/net/cokeeper0/statistics/tx_dropped)" = 1 ] && ethtool -S cokeeper0 | grep -w "tx_fallback_no_neigh: 1" &&
		ip link set cokeeper0 type cokeeper steer intercept' && connect 1 3
}
check "it drops an IPv6 packet and goes on" survives_ipv6
preserved() {
	begin && ends 'echo c >/proc/sysrq-trigger' && busywait 20 told leave crashed
}
check "a crash that is preserved: leave, crashed" preserved
on dom0 'xl destroy d3'
check "d3 is there again" again
check "every line has a time and an event" on d1 '[ "$(grep -c . /tmp/monitor.log)" = "$(grep -c "\"time\":\"....-..-..T.*\"event\":\"" /tmp/monitor.log)" ]'
stop_bg monitor d1
check "nothing is logged at warning level" no_warnings d1 d2 dom0
finish
