#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A transfer that starts on netfront goes on through the rings when the peer's module
# is loaded, whichever way either end steers, by netfront while a device is down, and
# when the module is unloaded, without an error.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

mark d1 d2
stop 2
check "d2 is no peer" busywait 5 has_no_peer 1 2
on d1 'rm -f /tmp/sent /tmp/enough'
on d2 'rm -f /tmp/received'
bg receive d2 'socat -u TCP-LISTEN:7000 OPEN:/tmp/received,creat,trunc'
on d2 'until ss -ltn | grep -q :7000; do :; done'
# At a pace that leaves memory for it, until all changes are made.
bg send d1 "set -o pipefail; until [ -e /tmp/enough ]; do
		head -c 1048576 /dev/urandom | tee -a /tmp/sent; sleep 0.1
	done | socat -u - TCP:$(ip4 2):7000"

received() {
	on d2 'stat -c %s /tmp/received'
}

beyond() {
	local now
	now=$(received) && ((now > $1))
}

check "the transfer starts on netfront" busywait 10 beyond 2000000
at_load=$(received)
start 2
check "it goes on through the rings" busywait 20 connected 1 2
before=$(peer 2 1 rx_bytes)
rings_carry() {
	local now
	now=$(peer 2 1 rx_bytes) && ((now > before + 10000000))
}
check "which carry it" busywait 30 rings_carry
# goes_on COMMAND...: it does, after the command.
goes_on() {
	local at
	"$@" && at=$(received) && busywait 30 beyond $((at + 2000000))
}
steer() {
	on "d$1" "ip link set cokeeper0 type cokeeper steer $2"
}
updown() {
	on "d$1" "ip link set cokeeper0 $2"
}
for end in 1 2; do
	check "it goes on when d$end steers by route" goes_on steer "$end" route
done
check "the rings still carry it" busywait 10 connected 1 2
for end in 2 1; do
	check "it goes on when d$end intercepts" goes_on steer "$end" intercept
	check "it goes on when the device of d$end is down" goes_on updown "$end" down
	check "d$end is no member then" busywait 5 has_no_peer $((3 - end)) "$end"
	check "it goes on when that is up" goes_on updown "$end" up
	check "by the rings" busywait 10 connected 1 2
done
at_unload=$(received)
stop 2
check "it goes on by netfront" busywait 30 beyond $((at_unload + 2000000))
on d1 'touch /tmp/enough'
check "it ends" busywait 30 ended send d1
check "without an error" on d1 'cat /tmp/send.log; [ "$(cat /tmp/send.status)" = 0 ]'
echo "# $at_load bytes had come when the module was loaded, $at_unload when it was unloaded"
same() {
	local a b
	a=$(on d1 'sha256sum </tmp/sent') && b=$(on d2 'sha256sum </tmp/received') && [[ $a == "$b" ]]
}
check "and no byte is wrong" busywait 10 same
on d1 'rm -f /tmp/sent /tmp/enough'
on d2 'rm -f /tmp/received'
start 2
check "d2 is a peer again" busywait 5 has_peer 1 2
check "nothing is logged at warning level" no_warnings d1 d2
finish
