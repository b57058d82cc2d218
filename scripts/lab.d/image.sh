# SPDX-License-Identifier: GPL-2.0
# The images: kernel, root file systems, initramfs. All but the last are cached.
# shellcheck shell=bash

# Any change to these lists or to the functions below makes new images.
base_packages=(
	base-files base-passwd bash busybox-static coreutils dash diffutils ethtool
	findutils grep gzip hostname iperf3 iproute2 iputils-arping iputils-ping
	kmod libjson-c5 libmnl0 libsystemd0 libxenstore4 mawk mount ncurses-base
	netbase openssh-server openssh-client procps sed socat tar tcpdump
	util-linux xenstore-utils
)
dom0_packages=(libinih1 xen-utils-4.17 xen-utils-common)
module_dirs=(
	arch crypto fs/{fuse,overlayfs,squashfs,netfs,9p} lib net
	drivers/{block,virtio,xen} drivers/net/{bonding,ipvlan,team,vxlan,wireguard,xen-netback}
)
early_modules=(virtio_pci virtio_blk xen-blkfront squashfs overlay)

# Prints the full version of the newest kernel X.Y: the one whose headers are
# installed, so that modules can be built for it, else the newest of all.
kernel_version() {
	local re="^${1//./\\.}\\.[^-]+(-[0-9][^-]*)?-amd64$" installed

	installed=$(for d in /lib/modules/*/build; do basename "${d%/build}"; done |
		grep -E "$re" | sort -V | tail -n 1)
	[[ -z $installed ]] || { echo "$installed"; return; }
	lab_apt cache pkgnames "linux-image-$1." | sed 's/^linux-image-//' | grep -E "$re" | sort -V | tail -n 1
}

# Debian's vmlinuz holds a compressed ELF image, which takes long to unpack in
# an emulated machine; Xen takes the ELF image itself.
extract_vmlinux() {
	local setup offset length magic unpack

	setup=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
	offset=$(((setup + 1) * 512 + offset))
	magic=$(od -An -tx1 -j "$offset" -N 4 "$1")
	case $magic in
	*"28 b5 2f fd") unpack=(zstd -dcq) ;;
	*"fd 37 7a 58") unpack=(xz -dc --single-stream) ;;
	*"1f 8b"*) unpack=(gzip -dc) ;;
	*) die "$1: unknown compression ($magic)" ;;
	esac
	# The last four bytes are the size: some tools complain about them.
	tail -c +$((offset + 1)) "$1" | head -c "$length" | "${unpack[@]}" >"$2" 2>/dev/null || :
	[[ $(head -c 4 "$2" | od -An -c) == *"177   E   L   F"* ]] || die "$1: cannot unpack the kernel"
}

# The kernel and its modules: $cache/kernel/KVER/{vmlinux,lib/modules/KVER}
make_kernel() {
	local kver=$1 dir=$cache/kernel/$1 tmp=$cache/tmp/kernel d

	[[ ! -e $dir/done ]] || return 0
	say "unpacking kernel $kver"
	(cd "$cache/apt/archives" && lab_apt get download "linux-image-$kver" >"$cache/apt/log" 2>&1) ||
		die "Debian has no package linux-image-$kver (any more)"
	rm -rf "$tmp" "$dir"
	mkdir -p "$tmp" "$dir/lib/modules/$kver/kernel/drivers/net" "$cache/kernel"
	unpack "$tmp" "$(cd "$cache/apt/archives" && ls -t "linux-image-${kver}"_*.deb | head -n 1)"
	tmp+=/lib/modules/$kver
	find "$tmp" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -d
	for d in "${module_dirs[@]}"; do
		[[ ! -d $tmp/kernel/$d ]] || {
			mkdir -p "$dir/lib/modules/$kver/kernel/${d%/*}"
			cp -r "$tmp/kernel/$d" "$dir/lib/modules/$kver/kernel/${d%/*}"
		}
	done
	cp "$tmp"/kernel/drivers/net/*.ko "$dir/lib/modules/$kver/kernel/drivers/net"
	cp "$tmp"/modules.{builtin,builtin.modinfo,order} "$dir/lib/modules/$kver"
	depmod -b "$dir" "$kver"
	extract_vmlinux "$cache/tmp/kernel/boot/vmlinuz-$kver" "$dir/vmlinux"
	rm -rf "$cache/tmp/kernel"
	touch "$dir/done"
}

# Sets headers to where modules are built for a kernel: the machine's own headers,
# or the packages unpacked, with the one absolute path in them mended.
make_headers() {
	local kver=$1 dir=$cache/headers/$1 tmp=$cache/tmp/headers p plan

	headers=/lib/modules/$kver/build
	[[ ! -e $headers ]] || return 0
	headers=$dir/build
	[[ ! -e $headers ]] || return 0
	say "unpacking the headers of kernel $kver"
	plan=$(apt_plan "linux-headers-$kver" | grep -E '^linux-(headers|kbuild)-')
	for p in $plan; do
		(cd "$cache/apt/archives" && lab_apt get download "${p%%_*}" >"$cache/apt/log" 2>&1) ||
			die "cannot download ${p%%_*}"
	done
	rm -rf "$tmp" "$dir"
	mkdir -p "$tmp" "$cache/headers"
	# shellcheck disable=SC2086 # one word a file
	unpack "$tmp" $plan
	sed -i "s,^include /,include $dir/," "$tmp/usr/src/linux-headers-$kver/Makefile"
	# With it the build would want pahole, to make type information that is not needed.
	rm -f "$tmp/usr/src/linux-headers-$kver/vmlinux"
	ln -s "usr/src/linux-headers-$kver" "$tmp/build"
	mv "$tmp" "$dir"
}

make_hypervisor() {
	local plan tmp=$cache/tmp/xen

	plan=$(apt_plan xen-hypervisor-4.17-amd64 | grep ^xen-hypervisor-4)
	xen=$cache/${plan%.deb}
	[[ ! -e $xen ]] || return 0
	say "unpacking the hypervisor"
	(cd "$cache/apt/archives" && lab_apt get download xen-hypervisor-4.17-amd64 >"$cache/apt/log" 2>&1) ||
		die "cannot download xen-hypervisor-4.17-amd64"
	rm -rf "$tmp" && mkdir -p "$tmp"
	unpack "$tmp" "$plan"
	gzip -dc "$tmp"/boot/xen-*.gz >"$tmp/xen"
	mv "$tmp/xen" "$xen"
	rm -rf "$tmp"
}

# make_root ROLE KVER PACKAGE...: sets root to a file system image that has the
# packages as unpacked, without running their maintainer scripts, and what these
# would have made that anything here needs.
make_root() {
	local role=$1 kver=$2 plan key r=$cache/tmp/root a d
	shift 2

	plan=$(apt_plan "$@") || exit
	key=$({ echo "$role $kver"; echo "$plan"; cat "$here/lab.d/image.sh"; } | sha256sum | head -c 16)
	root=$cache/root/$role-$key.squashfs
	if [[ -e $root ]]; then
		touch "$root"
		return
	fi
	say "building the $role image for kernel $kver ($(wc -l <<<"$plan") packages)"
	apt_download "$@"
	rm -rf "$r"
	mkdir -p "$r"/usr/{bin,sbin,lib,lib32,lib64,libx32} "$cache/root"
	for d in bin sbin lib lib32 lib64 libx32; do ln -s "usr/$d" "$r/$d"; done
	# shellcheck disable=SC2086 # one word a file
	unpack "$r" $plan

	rm -rf "$r"/usr/share/{doc,info,lintian,locale,man,perl,zoneinfo} "$r"/usr/lib/x86_64-linux-gnu/{gconv,perl*} \
		"$r/var/run" "$r/var/lock"
	mkdir -p "$r"/{boot,dev,etc/ssh,mnt,proc,root,run,sys,tmp,overlay} "$r/usr/lib/modules" "$r/var/log" "$r/var/tmp"
	chmod 1777 "$r/tmp" "$r/var/tmp"
	ln -s /run "$r/var/run"
	ln -s /run/lock "$r/var/lock"
	[[ -e $r/bin/sh ]] || ln -s dash "$r/bin/sh"
	ln -sf mawk "$r/usr/bin/awk"
	cp "$r/usr/share/base-passwd/passwd.master" "$r/etc/passwd"
	cp "$r/usr/share/base-passwd/group.master" "$r/etc/group"
	echo 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin' >>"$r/etc/passwd"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files' 'services: files' 'protocols: files' >"$r/etc/nsswitch.conf"
	for a in $(busybox --list); do
		[[ -e $r/usr/bin/$a || -e $r/usr/sbin/$a ]] || ln -s ../bin/busybox "$r/usr/sbin/$a"
	done
	cp -r "$cache/kernel/$kver/lib/modules/$kver" "$r/usr/lib/modules/"
	[[ $role != dom0 ]] || cp "$cache/kernel/$kver/vmlinux" "$r/boot/vmlinux"
	ldconfig -r "$r"

	rm -f "$cache/tmp/root.squashfs"
	# Not compressed: reading is cheaper so, and it is only a cache.
	mksquashfs "$r" "$cache/tmp/root.squashfs" -all-root -noappend -no-progress -quiet \
		-noI -noD -noF -noX >"$cache/tmp/log" 2>&1 || die "mksquashfs failed: $(tail -n 1 "$cache/tmp/log")"
	mv "$cache/tmp/root.squashfs" "$root"
	rm -rf "$r"
	find "$cache/root" -name '*.squashfs' -mtime +30 -delete
}

pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet)
}

# The part of the initramfs that loads the modules for the root file system and
# mounts that below a writable one.
make_early() {
	local kver=$1 early=$cache/kernel/$1/early.cpio t=$cache/tmp/early f

	[[ ! -e $early || $here/lab.d/stage1 -nt $early || $here/lab.d/image.sh -nt $early ]] || return 0
	rm -rf "$t"
	mkdir -p "$t"/{bin,dev,proc,sys,modules,lower,upper,root}
	cp /bin/busybox "$t/bin/"
	install -m 755 "$here/lab.d/stage1" "$t/init"
	for f in "${early_modules[@]}"; do
		modprobe -d "$cache/kernel/$kver" -S "$kver" --show-depends "$f" ||
			die "kernel $kver has no module $f"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r f; do
		cp "$f" "$t/modules/"
		basename "$f" >>"$t/modules/order"
	done
	pack "$t" >"$early.new"
	mv "$early.new" "$early"
	rm -rf "$t"
}

# make_initramfs FILE KVER OVERLAY: adds what is copied over the root file system.
make_initramfs() {
	{
		cat "$cache/kernel/$2/early.cpio"
		pack "$3"
	} >"$1"
}
