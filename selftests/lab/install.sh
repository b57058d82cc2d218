#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# As a new user has it, on Debian with systemd: apt installs the packages, systemctl enables the
# units, and guests are members, also after they boot again; programs that configure the network
# leave the device alone; all of it can be purged. In a lab of 'scripts/lab up --image systemd'.
#
# A compiler takes minutes in an emulated guest. So DKMS builds the module in a copy of the guests'
# image on this machine, which needs root, and guests get DKMS's tarball of it. With DKMS_IN_GUEST=1
# each guest builds it when the package is installed.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/debian/changelog")
work=$top/build/install
unit=cokeeper@eth0
tarball=$work/cokeeper.dkms.tar.gz

# deb PACKAGE: its file.
deb() {
	echo "$top/build/packages/$1_${version}_"*.deb
}

# In a mount namespace of its own: DKMS builds the module, and makes the tarball.
build_module() {
	local dir=$work/copy root=$work/copy/root
	mkdir -p "$dir" && mount -t tmpfs tmpfs "$dir" && mkdir "$dir"/{lower,upper,work,root} &&
		mount -o loop,ro "$top/build/lab/$LAB/root-guest" "$dir/lower" &&
		mount -t overlay overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$root" &&
		mount -t proc proc "$root/proc" && cp "$(deb cokeeper-dkms)" "$root/root/" &&
		chroot "$root" sh -c "cd /root && apt-get -qq install ./cokeeper-dkms_*.deb &&
			dkms mktarball -m cokeeper -v $version -k \$(ls /lib/modules)" &&
		cp "$root/var/lib/dkms/cokeeper/$version/tarball/"*.tar.gz "$tarball"
}

# put HOST FILE...: into /root there.
put() {
	local file
	for file in "${@:2}"; do
		"$top/scripts/lab" copy --name "$LAB" "$file" "$1:/root/${file##*/}" || return
	done
}

# apt_install HOST PACKAGE...
apt_install() {
	local package host=$1
	for package in "${@:2}"; do
		put "$host" "$(deb "$package")" || return
	done
	on "$host" 'cd && DEBIAN_FRONTEND=noninteractive apt -y install $(printf "./%s_*.deb " "$@")' "${@:2}"
}

# install_module GUEST
install_module() {
	if [[ -n ${DKMS_IN_GUEST:-} ]]; then
		apt_install "d$1" cokeeper-dkms
	else
		on "d$1" 'touch /etc/dkms/no-autoinstall' && apt_install "d$1" cokeeper-dkms && put "d$1" "$tarball" &&
			on "d$1" "rm /etc/dkms/no-autoinstall
				dkms ldtarball --force /root/${tarball##*/} && dkms install -m cokeeper -v $version"
	fi
	on "d$1" 'dkms status; modinfo -n cokeeper'
}

# state HOST UNIT STATE: systemctl is-active says so.
state() {
	[[ $(on "$1" 'systemctl is-active "$1"' "$2") == "$3" ]]
}

# says HOST UNIT TEXT: what systemctl status has of it.
says() {
	local text
	text=$(on "$1" 'systemctl show -P StatusText "$1"' "$2")
	echo "$text"
	[[ $text == "$3" ]]
}

# pings GUEST OTHER: by the rings.
pings() {
	via_rings "$1" "$2" 20 on "d$1" "ping -q -i 0.05 -c 20 -w 10 $(ip4 "$2") | grep ' 0% packet loss'"
}

check "the packages are built" make -s -C "$top" packages
if [[ -z ${DKMS_IN_GUEST:-} ]]; then
	export -f deb build_module
	export top work version tarball LAB
	check "DKMS builds the module" unshare --mount bash -c build_module
fi
mark dom0 d1 d2 d3
check "apt installs cokeeper-host in dom0" apt_install dom0 cokeeper-host
check "the publisher runs" state dom0 cokeeper-hostd active
check "it starts with the host" on dom0 'systemctl is-enabled cokeeper-hostd'
for n in 1 2 3; do
	check "apt installs cokeeper-dkms in d$n, and DKMS the module" install_module $n
	check "apt installs cokeeper in d$n" apt_install d$n cokeeper
	check "the unit is enabled and starts in d$n" on d$n "systemctl enable --now $unit"
done
for n in 1 2 3; do
	check "the unit of d$n is active" busywait 10 state d$n $unit active
done
for pair in "1 2" "2 1" "1 3" "3 1"; do
	check "'cokeeper' shows d${pair% *} its peer d${pair#* }" \
		busywait 10 on "d${pair% *}" "cokeeper | tee /dev/stderr | grep -q $(mac "${pair#* }")"
done
check "systemctl status says where d1 is" busywait 5 says d1 $unit "cokeeper0: group xenbr0, peers: 2"
check "and how many members dom0 has" busywait 5 says dom0 cokeeper-hostd "members: 3"
check "d1 and d2 have a channel" busywait 10 connect 1 2
check "pings go by the rings" pings 1 2
check "'cokeeper doctor' finds nothing wrong" busywait 10 on d1 'cokeeper doctor'

check "the helper is started anew" on d1 "systemctl restart $unit"
check "d1 left meanwhile, is a member again and has a channel" busywait 20 connect 1 2
check "pings go by the rings" pings 1 2
# new_helper PID: d1 has another one.
new_helper() {
	local pid
	pid=$(on d1 "systemctl show -P MainPID $unit") && [[ $pid != 0 && $pid != "$1" ]]
}
helper=$(on d1 "systemctl show -P MainPID $unit")
check "the helper is killed" on d1 "kill -9 $helper"
check "systemd starts another one" busywait 20 new_helper "$helper"
check "and d1 knows its peers" busywait 10 has_peer 1 2
check "the channel is as before" connected 1 2
installed_again() {
	apt_install d2 cokeeper && on d2 'cd && DEBIAN_FRONTEND=noninteractive apt -y --reinstall install ./cokeeper_*.deb'
}
helper=$(on d2 "systemctl show -P MainPID $unit")
check "the package is installed again in d2" installed_again
check "its helper was started anew" on d2 "[ \$(systemctl show -P MainPID $unit) != $helper ]"
check "d2 is a member, and has a channel again" busywait 20 connect 2 1
check "its pings go by the rings" pings 2 1

# d1's interface is also the way to look into it.
check "the interface of d1 is detached" on dom0 'xl network-detach d1 0'
check "d1 is no peer then" busywait 20 has_no_peer 2 1
check "it is attached again" on dom0 "xl network-attach d1 bridge=xenbr0 mac=$(mac 1)"
check "d1 is a peer again" busywait 60 has_peer 2 1
check "its unit is active" busywait 20 state d1 $unit active
check "and it has a channel again" busywait 20 connect 1 2

# boots_again GUEST
boots_again() {
	local id
	id=$(on dom0 "xl domid d$1") || return
	on "d$1" 'systemctl --no-block reboot'
	on dom0 "/usr/lib/cokeeper-lab/wait-ready $1:$id"
}
check "d1 boots again" boots_again 1
check "it is a member without a hand" busywait 60 has_peer 2 1
check "its unit is active, and says so" busywait 20 says d1 $unit "cokeeper0: group xenbr0, peers: 2"
check "it has a channel" busywait 20 connect 1 2
check "pings go by the rings again" pings 1 2

# snapshot GUEST: what a program that configures the network is to leave alone.
snapshot() {
	on "d$1" "ip -d -j link show cokeeper0" |
		jq -c '.[0] | {ifindex, address, flags, mtu, operstate, qdisc, linkinfo}' &&
		on "d$1" "ip -br addr show cokeeper0; ip rule show; ip route show table cokeeper 2>/dev/null
			systemctl show -P MainPID $unit" &&
		show "$1" | jq -c '.[0] | {instance, helper, steer, inactive, group, peers: [.peers[] | {mac, instance, state, addresses}]}'
}

# is_as GUEST SNAPSHOT
is_as() {
	diff <(echo "$2") <(snapshot "$1")
}

# leaves_alone GUEST OTHER COMMAND
leaves_alone() {
	local before
	busywait 10 connect "$1" "$2" && before=$(snapshot "$1") && on "d$1" "$3" &&
		busywait 15 is_as "$1" "$before" && pings "$1" "$2"
}

# steer HOW: all guests.
steer() {
	local n
	for n in 1 2 3; do
		on "d$n" "ip link set cokeeper0 type cokeeper steer $1" || return
	done
}

# Without the files that the package has for them, these would: a file for all devices matches,
# and NetworkManager takes over what has an address.
check "systemd-networkd does not manage the device" on d2 'printf "[Match]\nName=*\n[Network]\nAddress=192.0.2.2/24\n" \
	>/etc/systemd/network/z-all.network && systemctl restart systemd-networkd &&
	networkctl list cokeeper0 | tee /dev/stderr | grep -q " unmanaged"'
check "nor does NetworkManager" on d3 'ip addr add 192.0.2.3/32 dev cokeeper0 && systemctl restart NetworkManager && nm-online -s -q &&
	nmcli device | tee /dev/stderr | grep -qE "^cokeeper0 .* unmanaged" && ip addr del 192.0.2.3/32 dev cokeeper0'
for how in intercept route; do
	check "guests steer by $how" steer $how
	for command in "networkctl reload" "networkctl reconfigure eth0" "systemctl restart systemd-networkd"; do
		check "steer $how: '$command' leaves all as it was" leaves_alone 2 1 "$command"
	done
	for command in "nmcli general reload" "nmcli device reapply eth0" "nmcli connection up eth0" \
		"systemctl restart NetworkManager"; do
		check "steer $how: '$command' leaves all as it was" leaves_alone 3 1 "$command"
	done
	# These take the interface down, and so all channels end.
	for command in "ifdown eth0 && ifup eth0" "systemctl restart networking"; do
		check "steer $how: '$command' is run" on d1 "$command"
		check "steer $how: d1 has a channel again" busywait 20 connect 1 2
		check "steer $how: its pings go by the rings" pings 1 2
	done
done
check "guests steer by intercept" steer intercept
netplan() {
	on d2 'rm /etc/systemd/network/eth0.network && umask 077 && cat >/etc/netplan/lab.yaml <<-EOF
			network:
			  version: 2
			  ethernets:
			    eth0:
			      addresses: ["'"$(ip4 2)"'/24", "'"$(ip6 2)"'/64"]
		EOF' && leaves_alone 2 1 'netplan apply'
}
check "'netplan apply' leaves all as it was" netplan
check "nothing is logged at warning level" no_warnings d2 d3

# leftovers HOST: prints files of the packages.
leftovers() {
	on "$1" 'find / -xdev \( -path /proc -o -path /sys -o -path /root -o -path "/var/lib/dpkg" -o -path "/var/lib/apt" -o -path "/var/cache" \
		-o -path /var/log -o -path /usr/lib/cokeeper-lab -o -path /var/tmp -o -path /tmp \) -prune -o -name "*cokeeper*" -print'
}
nothing_left() {
	local found
	found=$(leftovers "$1") && echo "$found" && [[ -z $found ]] && on "$1" '! [ -e /sys/class/net/cokeeper0 ] && ! [ -e /sys/module/cokeeper ]'
}
check "d3 leaves" on d3 "systemctl disable --now $unit && modprobe -r cokeeper"
check "it is no peer any more" busywait 10 has_no_peer 1 3
check "its packages are purged" on d3 'DEBIAN_FRONTEND=noninteractive apt -y purge cokeeper cokeeper-dkms'
check "nothing stays in d3" nothing_left d3
check "d3 goes on by netfront" by_netfront 3
check "dom0 has the guests leave" on dom0 "printf '[unlisted]\njoin = none\n' >/etc/cokeeper/hostd.conf && systemctl reload cokeeper-hostd"
check "d1 has no peer" busywait 10 has_no_peer 1 2
check "the package is purged in dom0" on dom0 'DEBIAN_FRONTEND=noninteractive apt -y purge cokeeper-host'
check "nothing stays in dom0" nothing_left dom0
check "d1 and d2 go on by netfront" on d1 "ping -q -c 5 -i 0.2 -w 10 $(ip4 2) | grep ' 0% packet loss'"
finish
