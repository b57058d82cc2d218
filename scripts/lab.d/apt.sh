# SPDX-License-Identifier: GPL-2.0
# Debian packages for the images, by a private apt that leaves the machine's own alone.
# shellcheck shell=bash

release=bookworm

lab_apt() {
	local tool=$1
	shift
	"apt-$tool" -qq -c "$cache/apt/apt.conf" "$@"
}

# The mirrors are those that this machine's apt is set up with.
apt_mirror() {
	apt-get indextargets --format '$(REPO_URI)' "Label: $1" 'Created-By: Packages' | head -n 1
}

apt_setup() {
	local dir=$cache/apt main security suite

	main=$(apt_mirror Debian)
	security=$(apt_mirror Debian-Security)
	[[ -n $main ]] ||
		die "apt knows no Debian mirror; set one up and run: apt-get update"

	mkdir -p "$dir"/{lists,archives}/partial
	: >"$dir/status"
	{
		for suite in $release $release-updates $release-backports; do
			echo "deb $main $suite main"
		done
		[[ -z $security ]] || echo "deb $security $release-security main"
	} | sed 's,^deb ,&[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ,' >"$dir/sources.new"
	cmp -s "$dir/sources.new" "$dir/sources.list" || {
		mv "$dir/sources.new" "$dir/sources.list"
		rm -f "$dir/updated"
	}
	cat >"$dir/apt.conf" <<-EOF
		APT::Architecture "amd64";
		APT::Get::Assume-Yes "true";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Dir::Cache "$dir";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
	[[ -n $(find "$dir/updated" -mmin -1440 2>/dev/null) ]] || apt_update
}

apt_update() {
	say "updating the package lists"
	if lab_apt get update >"$cache/apt/log" 2>&1; then
		touch "$cache/apt/updated"
	elif [[ -e $cache/apt/updated ]]; then
		say "cannot update the package lists; going on with those of $(date -r "$cache/apt/updated" +%F)"
	else
		die "cannot read the package lists: $(grep -m 1 ^E: "$cache/apt/log")"
	fi
}

# Prints the file names of the packages asked for and all that they depend on.
apt_plan() {
	local plan

	plan=$(lab_apt get -s install "$@" 2>"$cache/apt/log") ||
		die "cannot get the packages: $(sed -n 's/^E: //p' "$cache/apt/log" | paste -sd ' ')"
	sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*\[([a-z0-9]+)\]\).*/\1_\2_\3.deb/p' <<<"$plan" |
		sed 's/:/%3a/g' | sort
}

# Downloads what apt_plan named.
apt_download() {
	lab_apt get --download-only install "$@" >"$cache/apt/log" 2>&1 || {
		apt_update
		lab_apt get --download-only install "$@" >"$cache/apt/log" 2>&1
	} || die "cannot download: $(grep -m 1 ^E: "$cache/apt/log")"
}

# unpack DIR FILE...: unpacks package files; /bin and the like may be links.
unpack() {
	local dir=$1 f
	shift
	for f; do
		dpkg-deb --fsys-tarfile "$cache/apt/archives/$f" |
			tar -C "$dir" -x --keep-directory-symlink --no-same-owner ||
			die "cannot unpack $f"
	done
}
