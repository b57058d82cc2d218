# SPDX-License-Identifier: GPL-2.0
# A copy of this machine that is thrown away, for what tests the packages.
# shellcheck shell=bash

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

debs=$top/build/packages
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/debian/changelog")

build_packages() {
	make -s -C "$top" packages
}

# deb PACKAGE: its file.
deb() {
	echo "$debs/$1_${version}_"*.deb
}

# The copy is $SCRATCH/root, in a mount namespace that ends with the test. What is written there is
# in memory.
make_root() {
	mount -t tmpfs tmpfs "$SCRATCH" && mkdir "$SCRATCH"/{root,upper,work} &&
		mount -t overlay overlay -o "lowerdir=/,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" "$SCRATCH/root" &&
		mount -t proc proc "$SCRATCH/root/proc" && mount -t tmpfs tmpfs "$SCRATCH/root/run" &&
		mount -t tmpfs tmpfs "$SCRATCH/root/mnt"
}

in_root() {
	DEBIAN_FRONTEND=noninteractive chroot "$SCRATCH/root" "$@"
}

# install_debs FILE...: as apt does when all dependencies are there.
install_debs() {
	local file
	for file; do
		cp "$file" "$SCRATCH/root/mnt/" || return
		set -- "${@:2}" "/mnt/${file##*/}"
	done
	in_root dpkg --force-confdef --force-confold -i "$@"
}

# silent COMMAND...: succeeds and prints nothing.
silent() {
	local output
	output=$("$@" 2>&1) && [[ -z $output ]] && return
	echo "$output"
	return 1
}
