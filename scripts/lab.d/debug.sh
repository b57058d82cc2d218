# SPDX-License-Identifier: GPL-2.0
# A kernel for the guests that looks for faults, from Debian's source.
# shellcheck shell=bash

debug_base=6.1
debug_packages=(bc bison flex gcc libelf-dev "linux-source-$debug_base")

# The fixed options, and of Debian's configuration FILE those of the network.
debug_config() {
	cat "$here/lab.d/debug.config"
	echo "# Debian's:"
	grep -E "^CONFIG_(BONDING|BRIDGE|DUMMY=|GENEVE|IFB|INET|IP6?_|IPV6|IPVLAN|LLC|MACV|NET_(ACT|CLS|EMATCH|SCH)_\
|NET_(CORE|FOU|IPGRE|IPIP|IP_TUNNEL|IPVTI|KEY|L3_MASTER_DEV|RX_BUSY_POLL|UDP_TUNNEL|VRF)|NETFILTER|NF_|NFT_|NLMON\
|PACKET|RFS|RPS|STP|TAP|TCP_CONG|TUN|UNIX=|VETH|VLAN_|VXLAN|WIREGUARD|XFRM|XPS)" "$1" | sort
}

# Sets guest_kver and headers. The kernel is built unless the cache has it for this
# configuration; the cache is not locked meanwhile.
make_debug_kernel() {
	local config=$cache/debug.config key

	check_needs "${debug_packages[@]}"
	exec 6>"$cache/debug.lock"
	flock -n 6 || { say "waiting for another 'up' to build the debug kernel"; flock 6; }
	{
		flock 7
		find_kernel $debug_base
		make_headers "$kver"
	} 7>"$cache/lock"
	debug_config "$headers/.config" >"$config"
	key=$(sha256sum "$config" | head -c 8)
	if ! compgen -G "$cache/kernel/*-debug-$key/done" >/dev/null; then
		say "building the debug kernel (once, in half an hour)"
		"$here/lab.d/build-debug" "$config" "$key" "$cache" >"$cache/debug.log" 2>&1 ||
			die "cannot build the debug kernel; what was said is in $cache/debug.log"
	fi
	guest_kver=$(compgen -G "$cache/kernel/*-debug-$key")
	guest_kver=${guest_kver##*/}
	headers=$cache/headers/$guest_kver/build
	exec 6>&-
}
