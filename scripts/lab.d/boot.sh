# SPDX-License-Identifier: GPL-2.0
# Builds a lab's own files, boots it under QEMU and ends it.
# shellcheck shell=bash

max_guests=40

# Without eager-fpu, SSE and AVX registers leak between domains under emulation.
xen_args="console=com1 com1=115200,8n1 spec-ctrl=no,eager-fpu xpti=false bootscrub=0"
xen_args+=" loglvl=warning guest_loglvl=warning"
dom0_args="console=hvc0 mitigations=off nokaslr random.trust_cpu=on"

try_kvm() (
	cd "$state"
	timeout 15 qemu-system-x86_64 -accel kvm -cpu host -smp 2 -m 1024 -M q35 \
		-nodefaults -display none -no-reboot -serial file:kvm.log \
		-kernel xen -append "$xen_args dom0_mem=512M" \
		-initrd "vmlinux $dom0_args earlyprintk=xen panic=-1" </dev/null
)

# Does Xen come as far as to start a kernel under KVM? The device file alone
# says little. The answer holds until this machine boots again.
kvm_works() {
	local answer

	[[ -w /dev/kvm ]] || return
	answer=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [[ ! -e $answer ]]; then
		say "trying KVM (once)"
		rm -f "$cache"/kvm-*
		try_kvm 2>/dev/null || :
		if grep -qs "Linux version" "$state/kvm.log"; then echo yes; else echo no; fi >"$answer"
	fi
	[[ $(cat "$answer") == yes ]]
}

# install_ours ROLE DIR: what the project's Makefile installs there.
install_ours() {
	local target=install-$1 dir=$2 d

	make -C "$top" -s KVER="$guest_kver" KDIR="$headers" "$target" DESTDIR="$dir" >"$state/$target.log" 2>&1 || {
		tail -n 20 "$state/$target.log" >&2
		die "make $target failed; all its output is in $state/$target.log"
	}
	for d in bin sbin lib; do
		if [[ -d $dir/$d && ! -L $dir/$d ]]; then
			mkdir -p "$dir/usr/$d"
			cp -a "$dir/$d/." "$dir/usr/$d/"
			rm -r "${dir:?}/$d"
		fi
	done
	if [[ -d $dir/usr/lib/modules/$guest_kver ]]; then
		local t=$state/depmod m=lib/modules/$guest_kver
		mkdir -p "$t/lib/modules"
		cp -rl "$cache/kernel/$guest_kver/$m" "$t/lib/modules/" 2>/dev/null ||
			cp -r "$cache/kernel/$guest_kver/$m" "$t/lib/modules/"
		rm -f "$t/$m"/modules.{alias,dep,softdep,symbols,builtin.alias,builtin}*.bin \
			"$t/$m"/modules.{alias,dep,devname,softdep,symbols}
		cp -r "$dir/usr/$m/." "$t/$m/"
		depmod -b "$t" "$guest_kver"
		cp "$t/$m"/modules.* "$dir/usr/$m/"
		rm -r "$t"
	fi
}

# overlay ROLE DIR: all that goes into an image on top of Debian's packages.
make_overlay() {
	local role=$1 dir=$2/overlay
	local lib=$dir/usr/lib/cokeeper-lab

	mkdir -p "$lib"
	install_ours "${role/dom0/host}" "$dir"
	add_access "$dir"
	install -m 755 "$here/lab.d/init-$role" "$lib/init"
	install -m 755 "$here/lab.d/start" "$lib/start"
	ln -s start "$lib/stop"
	install -m 644 "$here/lab.d/init-common" "$lib/"
	install -m 644 "$here/lab.d/inittab" "$dir/etc/"
}

# add_access DIR: the way in by ssh, and all names.
add_access() {
	local dir=$1 i

	mkdir -p "$dir/etc/ssh"
	install -m 644 "$here/lab.d/sshd_config" "$dir/etc/ssh/"
	install -m 600 "$state/host_key" "$dir/etc/ssh/"
	install -m 644 "$state/key.pub" "$dir/etc/ssh/authorized_keys"
	{
		printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n10.0.0.1\tdom0\nfd00::1\tdom0\n10.0.0.2\tdom0-b\nfd00::2\tdom0-b\n'
		for ((i = 1; i <= max_guests; i++)); do
			printf '10.0.0.%d\td%d\nfd00::%d\td%d\n' $((10 + i)) "$i" $((10 + i)) "$i"
		done
	} >"$dir/etc/hosts"
}

# Where QEMU's clock is that of the instructions, so is the TSC. Xen does not know, and
# would emulate each reading of it, as it does on no host with a constant TSC.
native_tsc="tsc_mode = 'native'"

add_guest_configs() {
	local dir=$1/overlay max_vcpus=8 i disks extra=""

	# Tests plug processors in; what is measured keeps to one.
	[[ -z $icount ]] || max_vcpus=1

	mkdir -p "$dir/etc/xen/scripts"
	install -m 755 "$here/lab.d/wait-ready" "$here/lab.d/guests" "$dir/usr/lib/cokeeper-lab/"
	install -m 755 "$here/lab.d/block" "$dir/etc/xen/scripts/block-lab"
	disks="'format=raw,vdev=xvda,access=ro,script=block-lab,target=/dev/vdb'"
	echo 'autoballoon="off"' >"$dir/etc/xen/xl.conf"
	for ((i = 1; i <= max_guests; i++)); do
		if [[ -n $image ]]; then
			((i <= guests)) || break
			# Dom0's disks are in the order that start_qemu gives them in.
			disks="'format=raw,vdev=xvda,access=ro,target=/dev/vdb',"
			disks+=" 'format=raw,vdev=xvdb,access=rw,target=/dev/vd$(guest_letter "$i")'"
			extra="lab.upper=xvdb net.ifnames=0"
		fi
		cat >"$dir/etc/xen/d$i.cfg" <<-EOF
			name = 'd$i'
			type = '$type'
			kernel = '/boot/vmlinux'
			ramdisk = '/boot/guest.cpio'
			extra = 'console=hvc0 mitigations=off loglevel=5 random.trust_cpu=on lab.root=xvda lab.guest=$i lab.cokeeper=$cokeeper${extra:+ $extra}'
			memory = $guest_memory
			vcpus = 1
			maxvcpus = $max_vcpus
			${icount:+$native_tsc}
			vif = [ 'mac=00:16:3e:00:00:$(printf %02x "$i"),bridge=xenbr0' ]
			disk = [ $disks ]
			on_poweroff = 'destroy'
			on_reboot = 'restart'
			on_crash = 'destroy'
		EOF
	done
}

make_keys() {
	local k
	for k in key host_key; do
		ssh-keygen -q -t ed25519 -N '' -C "cokeeper-lab" -f "$state/$k"
	done
	echo "lab $(cut -d ' ' -f 1,2 "$state/host_key.pub")" >"$state/known_hosts"
}

make_ssh_config() {
	local h i
	{
		for h in "${hosts[@]}"; do
			cat <<-EOF
				Host dom0$h
				    HostName 127.0.0.1
				    Port $(cat "$state/port$h")
			EOF
		done
		for ((i = 1; i <= max_guests; i++)); do
			printf 'Host d%d\n    HostName 10.0.0.%d\n    ProxyCommand ssh -F %q -W %%h:%%p dom0\n' \
				"$i" $((10 + i)) "$state/ssh_config"
		done
		cat <<-EOF
			Host *
			    User root
			    IdentityFile "$state/key"
			    IdentitiesOnly yes
			    UserKnownHostsFile "$state/known_hosts"
			    GlobalKnownHostsFile /dev/null
			    HostKeyAlias lab
			    BatchMode yes
			    CheckHostIP no
			    KexAlgorithms curve25519-sha256
			    LogLevel ERROR
			    TCPKeepAlive no
			    ServerAliveInterval 30
			    ServerAliveCountMax 4
			    ControlPath $run/ssh-%n
		EOF
	} >"$state/ssh_config"
}

# start_qemu HOST
# Emulated processors wait for each other in loops: if they cannot really run
# at the same time, one thread for both of them is far quicker than two.
start_qemu() {
	local h=$1 wire=() disks=() i
	local accel=(-accel "tcg,thread=single") cpu=max,-smap,-smep,-la57,-rdtscp,-erms,-fsrm pid
	local dom0_vcpus=2
	local memory=$((dom0_memory + 768 + (guests + 4) * (guest_memory + 24)))

	((memory > 8192)) || memory=8192
	# QEMU takes Xen's boot modules as a list: no commas or spaces in their names.
	ln -sfn "$xen" "$state/xen"
	ln -sfn "$cache/kernel/$kver/vmlinux" "$state/vmlinux"
	if [[ -n $icount ]]; then
		accel=(-accel "tcg,thread=single" -icount "shift=0,sleep=off")
	elif { [[ $type == pv ]] || grep -qs '[1Y]' /sys/module/kvm_{amd,intel}/parameters/nested; } && kvm_works; then
		accel=(-accel kvm)
		cpu=host
	elif [[ -n $parallel || $(nproc) -ge 4 ]]; then
		accel=(-accel "tcg,thread=multi")
	else
		dom0_vcpus=1
	fi
	# Host A has the socket of the wire, so it comes first.
	[[ ${#hosts[@]} -eq 1 ]] || wire=(
		-netdev "stream,id=wire,server=$([[ -n $h ]] && echo off || echo on),addr.type=unix,addr.path=$run/wire"
		-device "virtio-net-pci,netdev=wire,mac=02:00:00:00:00:0${#h},romfile="
	)
	for ((i = 1; i <= guests; i++)); do
		[[ -z $image ]] ||
			disks+=(-drive "file=$(guest_disk "$i"),format=raw,if=virtio,cache=unsafe")
	done
	[[ -z $plugin ]] || accel+=(-plugin "$plugin,control=$run/plugin")
	say "starting QEMU${wire:+ for host $(letter "$h")} (${accel[*]}, $memory MB)"
	(
		cd "$state"
		exec qemu-system-x86_64 "${accel[@]}" -cpu "$cpu" -smp 2 -m "$memory" -M q35 \
			-nodefaults -display none -no-reboot -daemonize -pidfile "qemu$h.pid" \
			-kernel xen -append "$xen_args noreboot dom0_max_vcpus=$dom0_vcpus dom0_mem=${dom0_memory}M,max:${dom0_memory}M" \
			-initrd "vmlinux $dom0_args loglevel=5 \
lab.root=vda lab.store=$store lab.cokeeper=$cokeeper${image:+ net.ifnames=0}${icount:+ lab.icount=1}${wire:+ lab.host=$(letter "$h" | tr AB ab)},dom0.cpio" \
			-serial "file:console$h.log" \
			-monitor "unix:$run/monitor$h,server=on,wait=off" \
			-qmp "unix:$run/qmp$h,server=on,wait=off" \
			-netdev user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22 \
			-device virtio-net-pci,netdev=net,romfile= "${wire[@]}" \
			-drive "file=$root_dom0,format=raw,if=virtio,readonly=on" \
			-drive "file=$root_guest,format=raw,if=virtio,readonly=on" "${disks[@]}"
	) 9>&- || die "QEMU did not start"
	pid=$(cat "$state/qemu$h.pid")
	echo "$pid $(start_time "$pid")" >"$state/pid$h"
	ssh_port "$h" >"$state/port$h" || boot_failed "$h" "QEMU did not say its port"
}

ssh_port() {
	socat -t 5 - "UNIX-CONNECT:$run/monitor$1" <<<"info usernet" |
		awk '/HOST_FORWARD/ && !n++ { print $4 } END { exit !n }'
}

# wait_dom0 HOST: until dom0 says on the console that it is ready.
wait_dom0() {
	local h=$1 pid line tail fd

	pid=$(lab_pid "$h") || boot_failed "$h" "QEMU ended"
	exec {fd}< <(exec tail -n +1 --pid="$pid" -s 0.1 -f "$state/console$h.log" 2>/dev/null)
	tail=$!
	while read -r -t 600 line <&"$fd"; do
		case $line in
		*"lab: dom0 ready"*)
			kill "$tail" 2>/dev/null || :
			exec {fd}<&-
			connect "dom0$h" || boot_failed "$h" "dom0 cannot be reached"
			say "dom0$h is ready"
			return
			;;
		*"lab: dom0 failed"*) break ;;
		esac
	done
	kill "$tail" 2>/dev/null || :
	boot_failed "$h" "dom0 did not become ready"
}

# create_guests HOST FIRST: creates its guests and waits for them; the limit is for each
# step of one guest.
create_guests() {
	local h=$1 pid line late=0 fd

	exec {fd}< <(exec ssh -F "$state/ssh_config" "dom0$h" /usr/lib/cokeeper-lab/guests \
		"$2" $(($2 + guests - 1)) </dev/null 2>&1)
	pid=$!
	while read -r -t 300 line <&"$fd" || late=$?; [[ $late == 0 ]]; do
		say "$line"
	done
	((late <= 128)) || kill "$pid"
	wait "$pid" || boot_failed "$h" "the guests did not start"
	exec {fd}<&-
}

# boot_failed HOST WHAT
boot_failed() {
	say "the last lines of the console:"
	tail -n 30 "$state/console$1.log" >&2
	die "$2; the whole console is in $state/console$1.log"
}

# Opens the connection that all later commands to HOST share. One whose process is
# gone, or that has been dead for two minutes, is opened anew.
connect() {
	local host=$1

	ssh -F "$state/ssh_config" -O check "$host" 2>/dev/null && return
	[[ $host == dom0* ]] || connect dom0 || return
	(
		flock 8
		ssh -F "$state/ssh_config" -O check "$host" 2>/dev/null && exit
		rm -f "$run/ssh-$host"
		ssh -F "$state/ssh_config" -fNM "$host" </dev/null >"$run/log-$host" 2>&1 8>&- 9>&-
	) 8>"$run/lock-$host" && return
	cat "$run/log-$host" >&2
	printf 'lab: no connection to %s; is it running and on the network? (scripts/lab exec dom0 -- xl list)\n' "$host" >&2
	return 1
}

end_lab() {
	local h pid s i

	run=$(readlink "$state/run") || :
	for s in "$run"/ssh-d[0-9]* "$run"/ssh-dom0*; do
		[[ ! -S $s ]] || ssh -F "$state/ssh_config" -O exit "${s##*/ssh-}" >/dev/null 2>&1 || :
	done
	for h in "${all_hosts[@]}"; do
		pid=$(lab_pid "$h") || continue
		kill "$pid"
		for ((i = 0; i < 100; i++)); do
			lab_pid "$h" >/dev/null || break
			sleep 0.1
		done
		! lab_pid "$h" >/dev/null || kill -KILL "$pid"
	done
	[[ ! -d $run ]] || rm -r "$run"
	rm -f "$state"/{pid,qemu}{,-b}.pid "$state"/{pid,pid-b,run,dom0.cpio,ssh_config} "$state"/disk-d*
}
