# SPDX-License-Identifier: GPL-2.0
# The kernel's own client of netlink specifications, out of Debian's source package.
# shellcheck shell=bash

# make_ynl X.Y: sets ynl to a directory with cli.py, lib and the kernel's specs.
make_ynl() {
	local tmp=$cache/tmp/ynl source=linux-source-$1 dir

	ynl=$cache/ynl/$1
	[[ ! -e $ynl ]] || return 0
	say "unpacking ynl of Linux $1"
	rm -rf "$tmp"
	mkdir -p "$tmp" "$cache/ynl"
	apt_unpack "$tmp" "$source"
	tar -xJf "$tmp/usr/src/$source.tar.xz" -C "$tmp" --strip-components 1 --wildcards \
		"$source/tools/net/ynl" "$source/Documentation/netlink/specs"
	# Since 6.13 it is a Python package.
	dir=$tmp/tools/net/ynl
	[[ ! -d $dir/pyynl ]] || dir+=/pyynl
	mkdir "$tmp/ynl"
	cp -r "$dir/cli.py" "$dir/lib" "$tmp/Documentation/netlink/specs" "$tmp/ynl"
	find "$tmp/ynl/lib" ! -name '*.py' -type f -delete
	mv "$tmp/ynl" "$ynl"
	rm -rf "$tmp"
}
