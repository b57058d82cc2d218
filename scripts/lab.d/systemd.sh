# SPDX-License-Identifier: GPL-2.0
# Images of Debian as it is installed: with systemd, and all that maintainer scripts do.
# shellcheck shell=bash

systemd_needs=(e2fsprogs mmdebstrap)
systemd_packages=(
	dbus ethtool ifupdown iproute2 iputils-ping kmod netbase openssh-server procps
	socat systemd-sysv udev xenstore-utils
)
# What cokeeper-host and cokeeper depend on is there: no guest reaches a mirror.
systemd_dom0_packages=(
	bridge-utils libjson-c5 libmnl0 nftables xen-utils-common
)
# With what DKMS needs to build a module.
systemd_guest_packages=(
	dkms libjson-c5 libmnl0 netplan.io network-manager sensible-utils
)
# More than that do not find a slot for their disk in the emulated machine.
systemd_max_guests=16

# release_xen RELEASE: prints the version of Xen that it has.
release_xen() {
	case $1 in
	bookworm) echo 4.17 ;;
	trixie) echo 4.20 ;;
	esac
}

# make_systemd_root ROLE KVER PACKAGE...: sets root to a file system image with the packages
# installed, and the kernel's modules.
make_systemd_root() {
	local role=$1 kver=$2 plan key new=$cache/tmp/root.squashfs boot=()
	shift 2

	plan=$(apt_plan "$@") || exit
	key=$({
		echo "$role $kver $image_release ${module_dirs[*]}"
		echo "$plan"
		declare -f make_systemd_root
		cat "$here/lab.d/systemd/customize"
	} | sha256sum | head -c 16)
	root=$cache/root/systemd-$role-$key.squashfs
	if [[ -e $root ]]; then
		touch "$root"
		return
	fi
	say "installing Debian $image_release with systemd for $role (once, in some minutes)"
	[[ $role != dom0 ]] || boot=("--customize-hook=copy-in '$cache/kernel/$kver/vmlinux' /boot")
	mkdir -p "$cache/root"
	rm -f "$new"
	# Not compressed: reading is cheaper so, and it is only a cache.
	mmdebstrap --quiet --variant=minbase --include="$(IFS=,; echo "$*")" \
		--aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--customize-hook="sync-in '$cache/kernel/$kver/lib' /usr/lib" "${boot[@]}" \
		--customize-hook="'$here/lab.d/systemd/customize' \"\$1\" $role" \
		"$image_release" - <"$apt/sources.list" 2>"$cache/tmp/log" |
		sqfstar -noI -noD -noF -noX -quiet -no-progress "$new" >/dev/null 2>&1 ||
		die "cannot install Debian: $(grep -v '^I: ' "$cache/tmp/log" | tail -n 3)"
	mv "$new" "$root"
	find "$cache/root" -name '*.squashfs' -mtime +30 -delete
}

# Sets root_guest and root_dom0.
make_systemd_roots() {
	make_systemd_root guest "$kver" "${systemd_packages[@]}" "${systemd_guest_packages[@]}" \
		"linux-headers-$kver" "${packages[@]}"
	root_guest=$root
	make_systemd_root dom0 "$kver" "${systemd_packages[@]}" "${systemd_dom0_packages[@]}" \
		"xen-utils-$xen_version"
	root_dom0=$root
	# For tests that look into it.
	ln -sfn "$root_guest" "$state/root-guest"
}

# What is copied over the image when it boots; CoKeeper is not in it.
make_systemd_overlay() {
	local role=$1 dir=$2/overlay f
	local lib=$dir/usr/lib/cokeeper-lab units=$dir/etc/systemd/system

	mkdir -p "$lib" "$units/multi-user.target.wants" "$dir/etc/sysctl.d"
	add_access "$dir"
	for f in prepare ready; do
		install -m 755 "$here/lab.d/systemd/$f" "$lib/"
	done
	install -m 644 "$here/lab.d/systemd/lab-ready.service" "$units/"
	ln -s ../lab-ready.service "$units/multi-user.target.wants/"
	printf 'net.ipv6.conf.%s.accept_dad = 0\n' all default >"$dir/etc/sysctl.d/lab.conf"
	if [[ $role == dom0 ]]; then
		# As in init-dom0.
		echo 'net.ipv4.tcp_retries2 = 6' >>"$dir/etc/sysctl.d/lab.conf"
		mkdir -p "$dir/etc/default"
		cat >"$dir/etc/default/xen" <<-EOF
			XENSTORED=${store:+/usr/lib/xen-$xen_version/bin/$store}
			XENCONSOLED_ARGS="--log=guest --log-dir=/var/log/xen/console"
		EOF
	fi
}

# guest_disk N: the file for what guest N writes.
guest_disk() {
	echo "$state/disk-d$1"
}

# guest_letter N: the last letter of its name in dom0, whose first two disks are the images.
guest_letter() {
	local letters=cdefghijklmnopqrstuvwxyz
	echo "${letters:$1-1:1}"
}

# Guests keep what they write when they boot again.
make_guest_disks() {
	local i
	for ((i = 1; i <= guests; i++)); do
		truncate -s 3G "$(guest_disk "$i")"
		mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 -J size=16 -N 65536 -m 0 "$(guest_disk "$i")"
	done
}
