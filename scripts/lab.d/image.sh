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
dom0_packages=(nftables xen-utils-4.17 xen-utils-common)
module_dirs=(
	arch crypto fs/{ext4,fuse,jbd2,mbcache.ko,overlayfs,squashfs,netfs,9p,lockd,nfs,nfs_common,nfsd} lib net
	drivers/{block,virtio,xen} drivers/net/{bonding,ipvlan,team,vxlan,wireguard,xen-netback}
)
declare -A early_modules=(
	[dom0]="virtio_pci virtio_blk squashfs overlay"
	[guest]="xen-blkfront squashfs overlay"
	[systemd-guest]="xen-blkfront squashfs overlay ext4 crc32c_generic"
)

# find_kernel X.Y [RELEASE]: sets kver to the full version of that kernel, and apt to the packages
# that it is among.
find_kernel() {
	local from=${2:-$(kernel_release "$1")}

	apt_setup "$from"
	kver=$(kernel_version "$1" "$from")
	[[ -n $kver ]] || die "Debian ($from) has no kernel $1"
}

# kernel_version X.Y RELEASE: prints the full version of the newest such kernel: the one whose
# headers are installed, so that modules can be built for it, else the newest of all.
kernel_version() {
	local re="^${1//./\\.}\\.[^-]+(-[0-9][^-]*)?-amd64$" installed=""

	[[ $2 == trixie ]] || installed=$(for d in /lib/modules/*/build; do basename "${d%/build}"; done |
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
	local kver=$1 dir=$cache/kernel/$1 tmp=$cache/tmp/kernel lib d f

	[[ $(cat "$dir/done" 2>/dev/null) != "${module_dirs[*]}" ]] || return 0
	say "unpacking kernel $kver"
	rm -rf "$tmp" "$dir"
	mkdir -p "$tmp/usr/lib" "$dir/lib/modules/$kver/kernel/drivers/net" "$cache/kernel"
	ln -s usr/lib "$tmp/lib"
	# Before 7 all of it is in linux-image.
	# shellcheck disable=SC2046 # one word a package
	apt_unpack "$tmp" "linux-image-$kver" $(lab_apt cache pkgnames "linux-" |
		grep -xF -e "linux-base-$kver" -e "linux-binary-$kver" -e "linux-modules-$kver")
	lib=$tmp/lib/modules/$kver
	find "$lib" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -d
	for d in "${module_dirs[@]}"; do
		[[ ! -e $lib/kernel/$d ]] || {
			mkdir -p "$dir/lib/modules/$kver/kernel/${d%/*}"
			cp -r "$lib/kernel/$d" "$dir/lib/modules/$kver/kernel/${d%/*}"
		}
	done
	cp "$lib"/kernel/drivers/net/*.ko "$dir/lib/modules/$kver/kernel/drivers/net"
	cp "$lib"/modules.{builtin,builtin.modinfo,order} "$dir/lib/modules/$kver"
	depmod -b "$dir" "$kver"
	for f in "$tmp/boot/vmlinuz-$kver" "$lib/vmlinuz"; do
		[[ ! -e $f ]] || extract_vmlinux "$f" "$dir/vmlinux"
	done
	rm -rf "$tmp"
	echo "${module_dirs[*]}" >"$dir/done"
}

# Sets headers to where modules are built for a kernel: the machine's own headers,
# or the packages unpacked, with the absolute paths in them mended.
make_headers() {
	local kver=$1 dir=$cache/headers/$1 tmp=$cache/tmp/headers packages src

	headers=/lib/modules/$kver/build
	[[ ! -e $headers ]] || return 0
	headers=$dir/build
	[[ ! -e $headers ]] || return 0
	say "unpacking the headers of kernel $kver"
	mapfile -t packages < <(lab_apt cache depends "linux-headers-$kver" |
		sed -nE 's/^ *Depends: (linux-(headers|kbuild)-.*)/\1/p')
	rm -rf "$tmp" "$dir"
	mkdir -p "$tmp" "$cache/headers"
	apt_unpack "$tmp" "linux-headers-$kver" "${packages[@]}"
	src=$tmp/usr/src/linux-headers-$kver
	sed -i -E "s,(^include |=)/usr/,\\1$dir/usr/," "$src/Makefile"
	# With it the build would want pahole, to make type information that is not needed.
	rm -f "$src/vmlinux"
	use_own_compiler "$src"
	use_own_libraries "$tmp"/usr/lib/linux-kbuild-* "$dir"
	ln -s "usr/src/linux-headers-$kver" "$tmp/build"
	mv "$tmp" "$dir"
}

# A kernel of a later Debian: has modules for it built with this machine's compiler, and
# takes what that does not know from the kernel's configuration; the code built fits.
use_own_compiler() {
	local src=$1 cc

	cc=$(sed -nE 's/^CC = .*\$\(CROSS_COMPILE\)(gcc-[0-9]+)$/\1/p' "$src/.kernelvariables")
	[[ -n $cc ]] && ! command -v "x86_64-linux-gnu-$cc" >/dev/null || return 0
	sed -i "s/^CC = .*/CC = gcc/" "$src/.kernelvariables"
	sed -i -E '/\bCONFIG_(CC_HAS_COUNTED_BY(_PTR)?|CC_HAS_MIN_FUNCTION_ALIGNMENT|CC_OPT_INLINE_MEMSET)\b/d' \
		"$src/include/config/auto.conf" "$src/include/generated/autoconf.h"
}

# use_own_libraries KBUILD DIR: the tools of a later Debian that do not run with this
# machine's libraries are run with their own, from DIR/own.
use_own_libraries() {
	local kbuild=$1 dir=$2 tmp=${1%/usr/lib/*} f lib=own/usr/lib/x86_64-linux-gnu libraries

	while read -r f; do
		if [[ $(ldd "$f" 2>&1) == *"not found"* ]]; then
			mv "$f" "$f.elf"
			printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$dir/$lib/ld-linux-x86-64.so.2" \
				"$dir/$lib" "$dir${f#"$tmp"}.elf" >"$f"
			chmod +x "$f"
		fi
	done < <(find "$kbuild" -type f -perm -1 -exec grep -lE '^.ELF' {} +)
	[[ -n $(find "$kbuild" -name '*.elf' -print -quit) ]] || return 0
	mapfile -t libraries < <(apt_plan "${kbuild##*/}" | sed -nE 's/^((lib|zlib)[^_]*)_.*/\1/p')
	mkdir "$tmp/own"
	apt_unpack "$tmp/own" "${libraries[@]}"
}

# make_hypervisor X.Y: sets xen to that version.
make_hypervisor() {
	local plan tmp=$cache/tmp/xen

	plan=$(apt_plan "xen-hypervisor-$1-amd64" | grep ^xen-hypervisor-4)
	xen=$cache/${plan%.deb}
	[[ ! -e $xen ]] || return 0
	say "unpacking the hypervisor"
	rm -rf "$tmp" && mkdir -p "$tmp"
	apt_unpack "$tmp" "xen-hypervisor-$1-amd64"
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
	local role=$1 kver=$2 early=$cache/kernel/$2/early-$1.cpio t=$cache/tmp/early f

	[[ ! -e $early || $here/lab.d/stage1 -nt $early || $here/lab.d/image.sh -nt $early ]] || return 0
	rm -rf "$t"
	mkdir -p "$t"/{bin,dev,proc,sys,modules,lower,upper,root}
	cp /bin/busybox "$t/bin/"
	install -m 755 "$here/lab.d/stage1" "$t/init"
	for f in ${early_modules[$role]}; do
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

# make_initramfs FILE ROLE KVER OVERLAY: adds what is copied over the root file system.
make_initramfs() {
	{
		cat "$cache/kernel/$3/early-$2.cpio"
		pack "$4"
	} >"$1"
}

# make_schemas X.Y: sets schemas to where that kernel's schemas of netlink specifications
# are, out of its documentation.
make_schemas() {
	local tmp=$cache/tmp/doc

	schemas=$cache/schemas/$1
	[[ ! -e $schemas ]] || return 0
	say "unpacking the netlink schemas of Linux $1"
	rm -rf "$tmp"
	mkdir -p "$tmp" "$cache/schemas"
	apt_unpack "$tmp" "linux-doc-$1"
	gunzip "$tmp/usr/share/doc/linux-doc-$1/Documentation/netlink/"*.yaml.gz
	mkdir "$tmp/schemas"
	mv "$tmp/usr/share/doc/linux-doc-$1/Documentation/netlink/"*.yaml "$tmp/schemas"
	mv "$tmp/schemas" "$schemas"
	rm -rf "$tmp"
}
