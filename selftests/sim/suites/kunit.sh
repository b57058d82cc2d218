#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The KUnit suites: what a hostile peer does, the table of peers, the life of a channel, and
# allocations that fail.

# shellcheck source=../guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guests.sh"
trap 'rmmod cokeeper_test; ip link del cokeeper0; ip link del eth0' EXIT

load
ip link add eth0 address "$(mac 1)" type dummy
# It sends nothing of its own accord.
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
ip link set eth0 up
ip link add cokeeper0 numtxqueues 4 numrxqueues 4 link eth0 type cokeeper
ip link set cokeeper0 up

# passed SUITE: KUnit says so.
passed() {
	grep -Ex "ok [0-9]+ $1" <<<"$results"
}

check "the tests can be loaded" insmod "$build/module/cokeeper_test.ko"
results=$(dmesg -t | grep -E '^ *(KTAP|[0-9]+\.\.[0-9]+|ok [0-9]|not ok [0-9]|# )' | sed 's/ *$//')
grep '^ ' <<<"$results"
for suite in accept connect faults peertable receive send; do
	check "the suite $suite passes" passed "cokeeper-$suite"
done
finish
