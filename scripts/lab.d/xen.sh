# SPDX-License-Identifier: GPL-2.0
# A hypervisor with which PV guests migrate live, from Debian's source.
# shellcheck shell=bash

xen_build_packages=(bison flex gcc libc6-dev python3)

# Sets xen to a hypervisor with shadow paging, built unless the cache has it: of the newest
# source of the version that the toolstack has. A mirror may lack that of the security suite.
make_migratable_hypervisor() {
	local key versions version xen_version=4.17

	check_needs "${xen_build_packages[@]}"
	exec 6>"$cache/xen.lock"
	flock -n 6 || { say "waiting for another 'up' to build the hypervisor"; flock 6; }
	apt_setup $release src
	key=$(sha256sum "$here/lab.d/build-xen" | head -c 8)
	mapfile -t versions < <(lab_apt cache showsrc xen | sed -n "s/^Version: $xen_version/$xen_version/p" | sort -uVr)
	for version in "${versions[@]}"; do
		xen=$cache/xen-migratable-$version-$key
		[[ ! -e $xen ]] || break
		download_source xen "$version" || continue
		say "building the hypervisor $version (once, in some minutes)"
		"$here/lab.d/build-xen" "$apt/archives/xen_${version%-*}.orig.tar.xz" "$xen" "$cache/tmp/xen-build" \
			>"$cache/xen.log" 2>&1 || die "cannot build the hypervisor; what was said is in $cache/xen.log"
		break
	done
	[[ -e ${xen:-} ]] || die "cannot download the source of Xen $xen_version: $(grep -m 1 ^E: "$apt/log")"
	exec 6>&-
}
