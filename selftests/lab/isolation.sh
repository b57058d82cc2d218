#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Groups do not reach each other: a guest reads, offers, maps and binds nothing of another
# group, and one that gets the domain id of another guest gets nothing else of it.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

domid() {
	on dom0 "xl domid d$1"
}
# roster GUEST: the directory of its group.
roster() {
	on dom0 "xenstore-read /local/domain/$(domid "$1")/cokeeper/$(node "$1")/roster" |
		sed -n 's/.* roster=\([1-9][0-9]*\).*/\/tool\/cokeeper\/roster\/\1/p'
}

# reads GUEST PATH, denied GUEST PATH: it is there, for dom0, and the guest may, or may not.
reads() {
	on dom0 "xenstore-exists '$2'" && on "d$1" "xenstore-list '$2'"
}
denied() {
	local out
	on dom0 "xenstore-exists '$2'" || return
	out=$(on "d$1" "xenstore-ls '$2'" 2>&1) && return 1
	echo "$out"
	grep -q 'Permission denied' <<<"$out"
}
# cannot_write GUEST PATH
cannot_write() {
	! on "d$1" "xenstore-write '$2' x" && ! on "d$1" "xenstore-rm '$2'" && ! on "d$1" "xenstore-chmod '$2' b$(domid "$1")"
}

# guesses GUEST OTHER: what of OTHER it can get at.
guesses() {
	on "d$1" "/tmp/guess $(domid "$2") 4096 512"
}
guesses_right() {
	guesses 3 1 | tee /dev/stderr | grep -qE '^grants [1-9][0-9]* ports [1-9]'
}
guesses_nothing() {
	guesses 3 1 | tee /dev/stderr | grep -qx 'grants 0 ports 0'
}

# --- in one group, all of it works
check "d1 and d2 have a channel" connect 1 2
mark d1 d2 dom0
for i in 1 2 3; do
	check "d$i is in the group" busywait 5 has_peer "$i" $((i % 3 + 1))
done
copy_tool guess d3
old=$(roster 1)
check "d3 reads its group's roster" reads 3 "$old"
check "and nobody else's nodes" denied 3 "/local/domain/$(domid 1)/cokeeper"
check "d3 has no module" turn_hostile
check "d1 offers it a channel" hostile_goes_on silent
check "d3 can map what it was granted, and bind" busywait 60 guesses_right
check "d3 leaves" end_hostile

# --- another group
check "d3 is put into another group" configure '[group left]\nguest = d1\nguest = d2\n\n[group right]\nguest = d3\n'
start 3
check "d1 knows d2" busywait 5 has_peer 1 2
check "d3 is in a group of its own" busywait 5 on d3 "xenstore-read cokeeper/$(node 3)/roster | grep 'state=member group=right@'"
check "d1 and d3 do not know each other" eval 'busywait 5 has_no_peer 1 3 && busywait 5 has_no_peer 3 1'
check "d1 and d2 have a channel" connect 1 2
new=$(roster 1)
check "the group has a roster that d3 has not seen" eval '[[ -n $new && $new != "$old" ]]'
check "which d1 reads" reads 1 "$new"
check "and d3 does not" denied 3 "$new"
check "nor its part" denied 3 "$new/0"
for path in cokeeper data/cokeeper "cokeeper/$(node 1)/roster" "data/cokeeper/$(node 1)/announce"; do
	check "d3 cannot read $path of d1" denied 3 "/local/domain/$(domid 1)/$path"
done
for path in "$new" "$new/0" "/local/domain/$(domid 1)/cokeeper/$(node 1)/roster" "/local/domain/$(domid 1)/data/cokeeper/$(node 1)/announce" \
	"/local/domain/$(domid 3)/cokeeper/$(node 3)/roster"; do
	check "d3 cannot write ${path#/local/domain/}" cannot_write 3 "$path"
done
check "d1 and d2 still have a channel" connected 1 2
check "d3 maps nothing of d1, and binds nothing" guesses_nothing
check "what d1 sends to d3 goes by netfront" on d1 "ping -q -c 20 -i 0.02 -w 10 $(ip4 3) | grep ' 0% packet loss'"
check "d3's program finds no victim" eval "turn_hostile && ! on d3 'timeout 30 /tmp/hostile $(node 3) $(node 1) storm'"
start 3

# --- offers; d2 gets them, so the publisher has looked at those to d1, too
instance() {
	on "d$1" "xenstore-read data/cokeeper/$(node "$1")/announce" | sed -n 's/.*instance=\([0-9a-f]*\).*/\1/p'
}
# digit GUEST: the one before its MAC in the path of an offer.
digit() {
	printf %x $((0xa ^ $1))
}
# offers FROM TO: d3 does so, in the name of FROM; offered FROM TO: TO is told.
offers() {
	local from=$1 to=$2 instance
	instance=$(instance "$to") && on d3 "xenstore-write data/cokeeper/$(node "$from")/offer/$(digit "$to")/$(node "$to") \
		'v=1 id=77 from=$(instance 3) to=$instance gref=8 port=8'"
}
offered() {
	on dom0 "xenstore-exists /local/domain/$(domid "$2")/cokeeper/$(node "$2")/offer/$(digit "$1")/$(node "$1")"
}
check "d2 is put into d3's group" configure '[group left]\nguest = d1\n\n[group right]\nguest = d2\nguest = d3\n'
check "d2 and d3 know each other" eval 'busywait 5 has_peer 2 3 && busywait 5 has_peer 3 2'
check "d3 offers to d1, and then to d2" eval 'offers 3 1 && offers 3 2'
check "d2 is told" busywait 5 offered 3 2
check "d1 is not" eval '! offered 3 1'
check "d3 offers to d2 in the name of d1" offers 1 2
check "and to d2 once more in its own" eval "on d3 'xenstore-rm data/cokeeper/$(node 3)/offer' && busywait 5 eval '! offered 3 2' && offers 3 2 && busywait 5 offered 3 2"
check "that of d1 does not arrive" eval '! offered 1 2'
check "nor is d1 a peer of d2" has_no_peer 2 1
on d3 "xenstore-rm data/cokeeper/$(node 1); xenstore-rm data/cokeeper/$(node 3)/offer"

# --- a domain ends, and another one has its id
# A guest whose XenStore requests were refused as above does not suspend: Linux 6.1 waits in
# xs_suspend() for transactions that are over.
check "d3 is started anew" on dom0 'xl destroy d3 && xl create -q /etc/xen/d3.cfg && /usr/lib/cokeeper-lab/wait-ready 3'
copy_tool guess d3
check "d3 is put into d1's group" configure '[group left]\nguest = d1\nguest = d3\n'
check "d1 and d3 have a channel" connect 1 3
left=$(roster 1)
check "d3 reads the roster" reads 3 "$left"
old_domid=$(domid 3)
check "d3 is saved with its id" on dom0 'xl save -D d3 /tmp/d3.save'
check "d1 does not know it any more" busywait 5 has_no_peer 1 3
# libxl keeps ids back for a minute.
check "a domain of another group gets the id" eval \
	'configure "[group left]\nguest = d1\n\n[group right]\nguest = d3\n" && on dom0 "LIBXL_DOMID_REUSE_TIMEOUT=0 xl restore /tmp/d3.save"'
check "it has it" test "$(domid 3)" = "${old_domid:-none}"
check "it is in its own group" busywait 10 on d3 "xenstore-read cokeeper/$(node 3)/roster | grep 'state=member group=right@'"
check "it cannot read the roster that its predecessor read" denied 3 "$(roster 1)"
gone_or_denied() {
	! on dom0 "xenstore-exists '$left'" || denied 3 "$left"
}
check "nor the one that it was then" gone_or_denied
check "d1 does not know it, nor it d1" eval 'has_no_peer 1 3 && has_no_peer 3 1'
check "it maps nothing of d1, and binds nothing" guesses_nothing
on dom0 'rm -f /tmp/d3.save'

check "all are in one group again" configure ''
check "d1 and d3 have a channel" eval 'busywait 5 has_peer 1 3 && busywait 5 has_peer 3 1 && connect 1 3'
check "d1 and d2 have a channel" eval 'busywait 5 has_peer 1 2 && connect 1 2'
check "nothing is logged at warning level" no_warnings d1 d2 dom0
finish
