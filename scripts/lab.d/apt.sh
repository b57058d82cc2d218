# SPDX-License-Identifier: GPL-2.0
# Debian packages for the images, by a private apt that leaves the machine's own alone.
# shellcheck shell=bash

release=bookworm

# The release that kernel X.Y is taken from.
kernel_release() {
	case $1 in
	6.1 | 6.12) echo $release ;;
	*) echo sid ;;
	esac
}

lab_apt() {
	local tool=$1
	shift
	"apt-$tool" -qq -c "$apt/apt.conf" "$@"
}

# The mirrors are those that this machine's apt is set up with.
apt_mirror() {
	apt-get indextargets --format '$(REPO_URI)' "Label: $1" 'Created-By: Packages' | head -n 1
}

# apt_setup RELEASE [src]: sets apt, the directory of the private apt for that release,
# or for its source packages.
apt_setup() {
	local options="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg" main security suite
	local type=deb${2:+-$2}

	main=$(apt_mirror Debian)
	security=$(apt_mirror Debian-Security)
	[[ -n $main ]] ||
		die "apt knows no Debian mirror; set one up and run: apt-get update"

	apt=$cache/apt
	[[ $1 == "$release" ]] || apt+=-$1
	apt+=${2:+-$2}
	mkdir -p "$apt"/{lists,archives}/partial
	: >"$apt/status"
	if [[ $1 == sid ]]; then
		# A mirror may lag behind sid's short expiry; what it has is signed all the same.
		echo "$type [$options check-valid-until=no] $main sid main"
	else
		for suite in "$1" "$1-updates" "$1-backports"; do
			echo "$type [$options] $main $suite main"
		done
		[[ -z $security ]] || echo "$type [$options] $security $1-security main"
	fi >"$apt/sources.new"
	cmp -s "$apt/sources.new" "$apt/sources.list" || {
		mv "$apt/sources.new" "$apt/sources.list"
		rm -f "$apt/updated"
	}
	cat >"$apt/apt.conf" <<-EOF
		APT::Architecture "amd64";
		APT::Get::Assume-Yes "true";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Dir::Cache "$apt";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$apt";
		Dir::State::status "$apt/status";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
	[[ -n $(find "$apt/updated" -mmin -1440 2>/dev/null) ]] || apt_update
}

apt_update() {
	say "updating the package lists"
	if lab_apt get update >"$apt/log" 2>&1; then
		touch "$apt/updated"
	elif [[ -e $apt/updated ]]; then
		say "cannot update the package lists; going on with those of $(date -r "$apt/updated" +%F)"
	else
		die "cannot read the package lists: $(grep -m 1 ^E: "$apt/log")"
	fi
}

# Prints the file names of the packages asked for and all that they depend on.
apt_plan() {
	local plan

	plan=$(lab_apt get -s install "$@" 2>"$apt/log") ||
		die "cannot get the packages: $(sed -n 's/^E: //p' "$apt/log" | paste -sd ' ')"
	sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*\[([a-z0-9]+)\]\).*/\1_\2_\3.deb/p' <<<"$plan" |
		sed 's/:/%3a/g' | sort
}

# Downloads what apt_plan named.
apt_download() {
	lab_apt get --download-only install "$@" >"$apt/log" 2>&1 || {
		apt_update
		lab_apt get --download-only install "$@" >"$apt/log" 2>&1
	} || die "cannot download: $(grep -m 1 ^E: "$apt/log")"
}

# Downloads packages without what they depend on, and unpacks them in DIR.
apt_unpack() {
	local dir=$1 p
	shift

	(cd "$apt/archives" && lab_apt get download "$@" >"$apt/log" 2>&1) ||
		die "cannot download: $(grep -m 1 ^E: "$apt/log")"
	for p; do
		unpack "$dir" "$(cd "$apt/archives" && ls -t "${p}"_*.deb | head -n 1)"
	done
}

# download_source PACKAGE VERSION: into $apt/archives; fails if the mirror does not have it.
download_source() {
	(cd "$apt/archives" && lab_apt get source --download-only "$1=$2" >"$apt/log" 2>&1)
}

# unpack DIR FILE...: unpacks package files; /bin and the like may be links.
unpack() {
	local dir=$1 f
	shift
	for f; do
		dpkg-deb --fsys-tarfile "$apt/archives/$f" |
			tar -C "$dir" -x --keep-directory-symlink --no-same-owner ||
			die "cannot unpack $f"
	done
}
