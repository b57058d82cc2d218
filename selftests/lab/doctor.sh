#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 'cokeeper doctor' finds what is wrong in a guest and in dom0, and its commands mend that.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

command=/usr/bin/cokeeper
vif=vif$(on dom0 'xl domid d1').0

# doctor HOST [OPTION]: what it says, whatever its status.
doctor() {
	on "$1" "$command ${2:-} doctor; [ \$? -le 3 ]"
}

# says HOST PATTERN: it has a line like that.
says() {
	doctor "$1" | tee /dev/stderr | grep -Eq "^$2"
}

# finding CHECK FIELD: of d1, of the first finding of that check that is not ok.
finding() {
	doctor d1 -j | jq -er --arg check "$1" "map(select(.check == \$check and .status != \"ok\"))[0].$2"
}

# mends CHECK: what d1 says against it is run, and then it is not found any more.
mends() {
	local run
	run=$(finding "$1" mend) && [[ $(finding "$1" where) == here ]] && echo "$run" && on d1 "$run" || return
	busywait 5 well "$1"
}

well() {
	! finding "$1" status && says d1 "ok   $1 "
}

# ill CHECK STATUS CAUSE: what was done to d1 is found, and mended.
ill() {
	check "$1: $3" busywait 5 eval "[[ \$(finding $1 status) == $2 ]]"
	check "$1: its command mends that" mends "$1"
}

check "d1 and d2 have a channel" connect 1 2
check "nothing fails in d1" on d1 "$command doctor"
check "it knows its group" says d1 'ok   group cokeeper0: member of xenbr0$'
check "and its netfront" says d1 'ok   lower eth0: up, netfront 0$'
check "and its peers" says d1 'ok   peers cokeeper0: 2, [12] of them with a channel$'
check "as JSON, too" eval 'doctor d1 -j | jq -e "length > 10 and all(.[]; .status != \"fail\")"'
check "a user is told that only root may ask XenStore" on d1 \
	"setpriv --reuid 1000 --clear-groups $command doctor | grep -q '^warn xenstore: only root.*; mend: sudo cokeeper doctor'"

on d1 'ip link set cokeeper0 down'
check "the status of a failure is 3" on d1 "$command doctor; [ \$? = 3 ]"
ill device fail "the device is down"
check "d1 is a member again" busywait 5 says d1 'ok   group cokeeper0: member of xenbr0$'

on d1 'ip link set cokeeper0 mtu 1400'
ill mtu warn "the device has another MTU"
on d1 'tc qdisc replace dev eth0 root tbf rate 1gbit burst 1m latency 50ms'
ill qdisc warn "the lower device is shaped"
on d1 'tc qdisc add dev eth0 clsact && tc filter add dev eth0 egress protocol ip u32 match ip dst 10.9.9.9 action ok'
ill tc warn "the lower device has a filter"
on d1 'tc qdisc del dev eth0 clsact; tc qdisc del dev eth0 root; ethtool -K eth0 tso off'
ill offload warn "the lower device does not segment"
check "d1 and d2 have a channel again" connect 1 2

on d1 'ip link set cokeeper0 type cokeeper steer route'
check "'steer route' has its rules" busywait 5 says d1 'ok   rules IPv4: '
on d1 'ip rule add pref 100 to 10.9.9.9 lookup 100'
check "a rule before it is found" says d1 'warn rules IPv4: what table 100 decides takes no ring, since rule 100 is before'
on d1 'ip rule del pref 100; echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter'
ill rp_filter fail "a strict reverse path filter"
on d1 'echo 0 >/proc/sys/net/ipv4/conf/eth0/rp_filter; ip link set cokeeper0 type cokeeper steer intercept'
check "d1 steers by interception" busywait 5 says d1 'ok   device cokeeper0: active on eth0, steer intercept$'

on d1 'pkill -9 -x cokeeperd'
check "a helper that was killed is missed" busywait 5 says d1 'fail helper cokeeper0: none is bound.*; mend: cokeeperd --device cokeeper0$'
run_helper 1
check "a new one is found" busywait 5 says d1 'ok   helper cokeeper0: '

# What dom0 does.
on dom0 "bridge link set dev $vif isolated on"
check "a guest is told what dom0 enforces" busywait 5 says d1 \
	"fail group cokeeper0: dom0 says isolated: .*; mend in dom0: printf .*allow = isolated"
check "the command is in dom0" "$top/scripts/lab" copy --name "$LAB" "$top/build/userspace/cokeeper" dom0:/tmp
command=/tmp/cokeeper
check "dom0 knows whom it leaves out" says dom0 "warn interface $vif: of d1, in no group, isolated: "
on dom0 "bridge link set dev $vif isolated off"
check "and nobody else" busywait 5 on dom0 "! /tmp/cokeeper doctor | grep -v '^ok'"
check "dom0 has a publisher with three members" busywait 5 says dom0 'ok   hostd: it runs; members: 3$'
check "a bridge with three guests" says dom0 'ok   bridge xenbr0: up; interfaces of guests: 3$'
check "and a configuration without a mistake" says dom0 'ok   config: without a mistake$'
on dom0 'mkdir -p /etc/cokeeper; echo nonsense >/etc/cokeeper/hostd.conf'
check "a mistake is found" says dom0 'fail config: /etc/cokeeper/hostd.conf:1: neither .section. nor key = value; mend: '
on dom0 'rm /etc/cokeeper/hostd.conf'
check "all is as before" eval 'busywait 5 has_peer 2 1 && connect 1 2'
finish
