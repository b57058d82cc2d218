# SPDX-License-Identifier: GPL-2.0
# The events of check-transparency. Each is named by a line
#	event NAME KIND FLAGS DESCRIPTION
# and has a function NAME_event, which makes it happen to d2 and returns when all is as before, or
# as it is to stay; and, where need be, NAME_before and NAME_after, which are not measured. What
# kind it is decides what it may cost:
#	planned   without CoKeeper nothing happens at all: it costs next to nothing
#	outage    d2 cannot be reached for a while, with CoKeeper or without
#	fatal     what runs in d2 ends
# Flags: quick; begins-without, ends-without: d1 and d2 have no channel then; new-device: the
# counters of cokeeper0 begin anew; migratable, hosts: it needs such a lab.
# shellcheck shell=bash disable=SC2034,SC2154

# The guests' own commands are in 'guest'.
# d2_is STATE [SECONDS]: to d1, it is; connected for both ends.
d2_is() {
	on d1 "await $1 d2 ${2:-20}" && { [[ $1 != connected ]] || on d2 "await connected d1"; }
}

# to_dom0 SCRIPT [SECONDS]
to_dom0() {
	on dom0 "$1" "${2:-}"
}

# Waits until the publisher answers, which it does between events.
publisher_answers='wait_until 20 eval "cokeeper-hostd --status >/dev/null 2>&1"'

event nothing planned "" "nothing happens"
nothing_event() {
	to_dom0 'pause 4'
}

event leave planned quick,ends-without "cokeeper0 of d2 goes down"
leave_event() {
	on d2 'ip link set cokeeper0 down' && d2_is absent
}

event join planned quick,begins-without "cokeeper0 of d2 goes up"
join_before() {
	on d2 'ip link set cokeeper0 down' && d2_is absent
}
join_event() {
	on d2 'ip link set cokeeper0 up' && d2_is connected
}

event unload planned quick,ends-without,new-device "the helper of d2 stops, and the module is unloaded"
unload_event() {
	on d2 '/usr/lib/cokeeper-lab/stop' && d2_is absent
}

event load planned quick,begins-without,new-device "the module is loaded in d2, and the helper starts"
load_before() {
	on d2 '/usr/lib/cokeeper-lab/stop' && d2_is absent
}
load_event() {
	on d2 "start_cokeeper $link_options" && d2_is connected
}

event helper-killed planned "" "the helper of d2 is killed; what it announced ends; a new one starts"
helper_killed_event() {
	on d2 'pkill -9 -x cokeeperd' && d2_is absent 60 && on d2 "start_cokeeper $link_options" && d2_is connected
}

event publisher-killed planned quick "the publisher is killed, and a new one starts"
publisher_killed_event() {
	to_dom0 "pkill -9 -x cokeeper-hostd; /usr/lib/cokeeper-lab/start && $publisher_answers" && d2_is connected
}

event hostd-reloaded planned quick "the publisher reads its configuration again, which is the same"
hostd_reloaded_event() {
	to_dom0 "pkill -HUP -x cokeeper-hostd && $publisher_answers" && d2_is connected
}

event group-changed planned quick "d2 gets a group of its own, and is back in that of all"
group_changed_event() {
	to_dom0 'configure "[group alone]" "guest = d2"' && d2_is absent && to_dom0 'configure ""' && d2_is connected
}

event steer-changed planned "" "d2 steers the other way, and back"
steer_changed_event() {
	local other=route
	[[ $mode == intercept ]] || other=intercept
	on d2 "ip link set cokeeper0 type cokeeper steer $other" && d2_is connected &&
		on d2 "ip link set cokeeper0 type cokeeper steer $mode" && d2_is connected
}

event paused outage "" "d2 is paused for a second"
paused_event() {
	to_dom0 'xl pause d2 && pause 1; xl unpause d2' && connected_again
}

event save-restore outage quick "d2 is saved and restored"
save_restore_event() {
	to_dom0 'xl save d2 /tmp/d2.save >/dev/null && xl restore /tmp/d2.save >/dev/null && rm /tmp/d2.save' 300 &&
		connected_again
}

# What there was without CoKeeper is there again.
connected_again() {
	[[ $mode == absent ]] || d2_is connected 40
}

event save-cancelled outage "" "d2 is to be saved, for which there is no space: it goes on"
save_cancelled_event() {
	to_dom0 'mkdir -p /tmp/full && mount -t tmpfs -o size=2m full /tmp/full && ! xl save d2 /tmp/full/d2.save >/tmp/full.log
		failed=$?
		umount /tmp/full
		exit_with $failed' 300 && connected_again
}

event checkpoint outage "" "d2 is saved and goes on (xl save -c)"
checkpoint_event() {
	to_dom0 'xl save -c d2 /tmp/d2.save >/dev/null; saved=$?; rm /tmp/d2.save; exit_with $saved' 300 &&
		connected_again
}

event vif-replugged outage new-device "the vif of d2 is detached, and one with the same address attached"
vif_replugged_event() {
	to_dom0 'xl network-detach d2 "$(vif_index 2)"' && on d2 'wait_until 20 eval "[[ ! -e /sys/class/net/eth0 ]]"' &&
		to_dom0 'xl network-attach d2 mac="$(mac d2)" bridge=xenbr0' && on d2 eth0_up && { [[ $mode == absent ]] || on d2 "start_cokeeper $link_options"; } && connected_again
}

event bridge-moved outage "" "the vif of d2 moves to another bridge, and two seconds later back"
bridge_moved_before() {
	to_dom0 '[[ -e /sys/class/net/other ]] || ip link add other up type bridge forward_delay 0'
}
bridge_moved_event() {
	to_dom0 'vif=vif$(xl domid d2).$(vif_index 2) && ip link set "$vif" master other && pause 2 && ip link set "$vif" master xenbr0' &&
		connected_again
}

event crash fatal new-device "the kernel of d2 panics; the domain is destroyed and created again"
crash_before() {
	[[ $d2_on_crash == destroy ]] || revive destroy
}
crash_event() {
	crash_d2 && to_dom0 'wait_until 30 eval "! xl domid d2 >/dev/null 2>&1"' && revive "$(next_on_crash)"
}

event crash-preserved fatal new-device "the kernel of d2 panics; the domain is preserved, then destroyed and created again"
crash_preserved_before() {
	[[ $d2_on_crash == preserve ]] || revive preserve
}
crash_preserved_event() {
	crash_d2 && to_dom0 'wait_until 30 eval "xl list d2 | grep -q -e ---sc-"' &&
		{ [[ $mode == absent ]] || d2_is absent; } && revive destroy
}

event migrate outage migratable "d2 migrates live, within the host"
migrate_event() {
	moves d2 && connected_again
}

event migrate-out outage hosts,ends-without "d2 migrates live to the other host"
migrate_out_event() {
	moves d2 A B && { [[ $mode == absent ]] || d2_is absent; }
}
migrate_out_after() {
	[[ " ${events[*]} " == *" migrate-in "* ]] || moves d2 B A
}

event migrate-in outage hosts,begins-without "d2 migrates live from the other host"
migrate_in_before() {
	! to_dom0 'xl domid d2' || moves d2 A B
}
migrate_in_event() {
	moves d2 B A && connected_again
}

# moves ARGUMENT...: of 'scripts/lab migrate'.
moves() {
	answer=$(lab migrate "$@" 2>&1)
}

crash_d2() {
	ask d2 'echo c >/proc/sysrq-trigger'
	[[ -z ${to[d2]:-} ]] || close_shell d2
}

# What the next event wants of it.
next_on_crash() {
	if [[ " ${events[*]} " == *" crash-preserved "* ]]; then echo preserve; else echo destroy; fi
}

# revive ON_CRASH: a new d2, with all that it is to have. Clients begin anew.
revive() {
	d2_on_crash=$1
	to_dom0 "! xl domid d2 >/dev/null 2>&1 || xl destroy d2
		sed \"s/^on_crash.*/on_crash = '$1'/\" /etc/xen/d2.cfg >/tmp/d2.cfg &&
		xl create -q /tmp/d2.cfg && /usr/lib/cokeeper-lab/wait-ready 2" 300 || return
	[[ -z ${to[d2]:-} ]] || close_shell d2
	add_guest d2 && { [[ $mode == absent ]] || on d2 "start_cokeeper $link_options"; } && on d2 "set_up ${set_up[*]}" 300 &&
		{ [[ -z $measuring ]] || { on d1 "abandon $(have_to_do_with_d2)" && connected_again; }; }
}

# Those of the running workloads whose clients know only that d2.
have_to_do_with_d2() {
	local name
	for name in "${running[@]}"; do
		has_flag "$name" bystander || has_flag "$name" moves || echo "$name"
	done
}
