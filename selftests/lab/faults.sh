#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the guests' kernels reported since the lab was booted, those of guests that are gone
# as well. Most is found by a kernel for that alone: LAB_KERNEL=debug.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

reports='BUG:|WARNING:|INFO: (task|rcu)|Oops|general protection|corruption|ODEBUG|refcount_t|DEBUG_LOCKS|kmemleak:'

# no_reports DOM0 FILE: prints those of one console's log, with what follows each.
no_reports() {
	on "$1" "! grep -E -A 40 '$reports' '$2'"
}

# looks GUEST: lockdep goes silent after the first report, and without memory.
looks() {
	on "d$1" 'grep -E "^ *debug_locks: *1$" /proc/lockdep_stats && grep -q " cokeeper" /proc/modules'
}

# no_leaks GUEST: what neither of two scans finds a pointer to is a leak.
no_leaks() {
	on "d$1" 'mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
		cd /sys/kernel/debug && echo scan >kmemleak && echo scan >kmemleak && ! grep . kmemleak'
}

if on d1 'uname -r' | grep -q -- -debug-; then
	for n in 1 2 3; do
		check "lockdep has looked at d$n to the end" looks "$n"
		check "d$n leaks no memory" no_leaks "$n"
	done
fi
for host in $(dom0s); do
	logs=$(on "$host" 'ls /var/log/xen/console/guest-*.log')
	check "$host has a log of each guest" [ "$(grep -c . <<<"$logs")" -ge 2 ]
	for log in $logs; do
		check "no report in $host's ${log##*/}" no_reports "$host" "$log"
	done
done
finish
