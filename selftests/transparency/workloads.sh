# SPDX-License-Identifier: GPL-2.0
# The workloads of check-transparency. Each is named by a line
#	describe NAME GROUP FLAGS DESCRIPTION
# and has a function NAME_client, which starts its client in d1, and, where it needs more than
# 'workload serve', which runs in all guests, NAME_set_up, which runs in each guest ($me). Those of
# a group run side by side. Flags: tcp (has a row in steer route), datagram, d3 (it is with d3 as
# well), bystander (it is with d3 alone, which nothing happens to), moves (it finds d3 by itself if d2
# is gone), quick.
# shellcheck shell=bash disable=SC2034,SC2154

# --- plain: little traffic, at a pace

describe tcp-echo plain tcp,quick "a TCP stream of which every byte is verified, both ways"
tcp_echo_client() {
	client workload echo "$d2"
}

describe tcp-echo6 plain tcp,quick "the same by IPv6"
tcp_echo6_client() {
	client workload echo "$d2_6"
}

describe tcp-connect plain tcp,quick "many short connections, every byte verified"
tcp_connect_client() {
	client workload connect "$d2"
}

describe udp plain datagram,quick "numbered datagrams, there and back, every byte verified"
udp_client() {
	client workload udp "$d2"
}

describe udp6 plain datagram "the same by IPv6"
udp6_client() {
	client workload udp "$d2_6"
}

describe ping plain datagram,quick "ping"
ping_client() {
	client workload lines icmp_seq= ping -n -i "${ping_interval:-0.1}" "$d2"
}

describe ping6 plain datagram "ping by IPv6"
ping6_client() {
	client workload lines icmp_seq= ping -n -i "${ping_interval:-0.1}" "$d2_6"
}

describe wireguard plain "" "a TCP stream through WireGuard"
wireguard_set_up() {
	local other=$((3 - me))
	((me <= 2)) || return 0
	ip link delete wg0 2>/dev/null
	ip link add wg0 type wireguard && undo 'ip link delete wg0' &&
		workload fill 32 "$me" | base64 >wg.key && workload fill 32 "$other" | base64 | wg pubkey >wg.peer &&
		wg set wg0 listen-port 51820 private-key wg.key peer "$(<wg.peer)" \
			endpoint "10.0.0.1$other:51820" allowed-ips "10.8.0.$other/32" &&
		ip address add "10.8.0.$me/24" dev wg0 && ip link set wg0 up
}
wireguard_client() {
	client workload echo 10.8.0.2
}

describe nat plain tcp "a TCP stream between two containers, which their guests masquerade and forward a port to"
nat_set_up() {
	((me <= 2)) || return 0
	container "172.16.$me.2/24" && ip address add "172.16.$me.1/24" dev box &&
		ip -n box route add default via "172.16.$me.1" &&
		echo 1 >/proc/sys/net/ipv4/ip_forward && undo 'echo 0 >/proc/sys/net/ipv4/ip_forward' &&
		nft -f - <<-END && undo 'nft delete table ip transparency' || return
			table ip transparency {}
			delete table ip transparency
			table ip transparency {
				chain prerouting {
					type nat hook prerouting priority -100
					ip daddr 10.0.0.1$me tcp dport 8100 dnat to 172.16.$me.2:7100
				}
				chain postrouting {
					type nat hook postrouting priority 100
					ip saddr 172.16.$me.0/24 ip daddr 10.0.0.0/24 masquerade
				}
			}
		END
	background ip netns exec box workload serve
}
nat_client() {
	client ip netns exec box workload echo "$d2" 8100
}

describe vrrp plain tcp,d3,moves "short connections to an address that keepalived moves from d2 to d3"
vrrp_set_up() {
	((me >= 2)) || return 0
	cat >keepalived.conf <<-END
		global_defs {
			dynamic_interfaces allow_if_changes
		}
		vrrp_instance moves {
			interface $([[ -e /sys/class/net/br0 ]] && echo br0 || echo eth0)
			state BACKUP
			virtual_router_id 7
			priority $((400 - 100 * me))
			advert_int 1
			virtual_ipaddress {
				10.0.0.200/32
			}
		}
	END
	background keepalived -n -P -f "$PWD/keepalived.conf" -p "$PWD/keepalived.pid" -r "$PWD/vrrp.pid"
	[[ $me != 2 ]] || wait_until 30 has_address 10.0.0.200
}
vrrp_client() {
	client workload connect 10.0.0.200
}

describe others-tcp plain tcp,d3,bystander,quick "a TCP stream to d3, which nothing happens to"
others_tcp_client() {
	client workload echo "$d3"
}

describe others-udp plain datagram,d3,bystander "datagrams to d3, which nothing happens to"
others_udp_client() {
	client workload udp "$d3"
}

# --- apps: programs that people use. They begin anew all the time.

describe redis apps tcp,quick "redis-benchmark"
redis_set_up() {
	[[ $me == 2 ]] || return 0
	background redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir /tmp
	wait_until 20 listening 6379
}
redis_client() {
	client workload run redis-benchmark -h "$d2" -n 200 -c 2 -d 100 -t set,get --csv
}

describe memcached apps tcp "memcached, with a client that compares what it gets"
memcached_set_up() {
	[[ $me == 2 ]] || return 0
	background memcached -u nobody -l 0.0.0.0 -m 8 -t 1
	wait_until 20 listening 11211
}
# It succeeds whatever happens.
memcached_ask() {
	local report
	report=$(memcaslap -s "$d2:11211" -T 1 -c 2 -x 1000 -X 100 -v 1 2>&1)
	[[ $report =~ Ops:\ 1000\  && $report =~ verify_failed:\ 0$'\n' ]] || { echo "${report##*$'\n'}"; return 1; }
}
memcached_client() {
	export -f memcached_ask
	client workload run bash -c memcached_ask
}

describe nginx apps tcp,quick "nginx, of which ab fetches files"
nginx_set_up() {
	[[ $me == 2 ]] || return 0
	mkdir -p www && workload fill 100000 1 >www/file && mkdir -p /var/log/nginx /var/lib/nginx &&
		echo 'user root; daemon off; events {} http { access_log off; server { listen 80; root /tmp/transparency/www; } }' >nginx.conf
	background nginx -c "$PWD/nginx.conf"
	wait_until 20 listening 80
}
# Each answer has to be the whole file.
nginx_fetch() {
	local report
	report=$(ab -q -n 30 -c 2 "http://$d2/file" 2>&1)
	[[ $report =~ "Document Length:"\ +100000\ bytes && $report =~ "Failed requests:"\ +0$'\n' &&
		$report =~ "Complete requests:"\ +30$'\n' ]] || { echo "${report##*$'\n'}"; return 1; }
}
nginx_client() {
	export -f nginx_fetch
	client workload run bash -c nginx_fetch
}

describe rsync apps tcp "rsync of a tree, with checksums"
rsync_set_up() {
	local i
	((me <= 2)) || return 0
	mkdir -p tree
	for i in {1..20}; do
		workload fill $((i * 5000)) "$i" >"tree/$i"
	done
	[[ $me == 2 ]] || { (cd tree && sha256sum -- *) >tree.sums; return; }
	printf '[tree]\npath = %s/tree\nuse chroot = no\nuid = 0\ngid = 0\n' "$PWD" >rsyncd.conf
	background rsync --daemon --no-detach --config "$PWD/rsyncd.conf"
	wait_until 20 listening 873
}
rsync_copy() {
	rm -rf copy && rsync -rc "rsync://$d2/tree/" copy && cd copy && sha256sum --quiet -c ../tree.sums
}
rsync_client() {
	export -f rsync_copy
	client workload run bash -c rsync_copy
}

describe postgres apps tcp "PostgreSQL with pgbench"
postgres_set_up() {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp) bin=/usr/lib/postgresql/15/bin
	[[ $me == 2 ]] || return 0
	mkdir -p /tmp/postgres /var/run/postgresql && chown 65534:65534 /tmp/postgres /var/run/postgresql || return
	if [[ ! -e /tmp/postgres/data ]]; then
		"${as[@]}" $bin/initdb -D /tmp/postgres/data -U bench -A trust --locale=C -E UTF8 --wal-segsize=1 --no-sync >/dev/null &&
			echo 'host all all 10.0.0.0/24 trust' >>/tmp/postgres/data/pg_hba.conf || return
	fi
	background "${as[@]}" $bin/postgres -D /tmp/postgres/data -h '*' -c shared_buffers=8MB -c max_connections=10 \
		-c max_wal_size=4MB -c min_wal_size=2MB -c fsync=off -c autovacuum=off -c jit=off
	wait_until 60 listening 5432 && "${as[@]}" $bin/pgbench -h 127.0.0.1 -U bench -i -q -s 1 postgres >/dev/null 2>&1
}
postgres_client() {
	client workload run /usr/lib/postgresql/15/bin/pgbench -h "$d2" -U bench -n -c 2 -t 10 postgres
}

describe nfs apps tcp "NFS: a file is written, read and compared"
nfs_set_up() {
	((me <= 2)) || return 0
	workload fill 100000 3 >nfs.file
	modprobe nfsv4
	[[ $me == 2 ]] || { undo 'umount -lf nfs 2>/dev/null'; return 0; }
	mkdir -p /srv/nfs /var/lib/nfs/v4recovery /var/lib/nfs/sm && touch /var/lib/nfs/{etab,rmtab} && modprobe nfsd &&
		mount -t tmpfs -o size=8m nfs /srv/nfs && undo 'umount /srv/nfs' &&
		mount -t nfsd nfsd /proc/fs/nfsd && undo 'umount /proc/fs/nfsd' &&
		echo '/srv/nfs *(rw,fsid=0,no_root_squash,insecure,no_subtree_check,async)' >/etc/exports &&
		exportfs -a && undo 'exportfs -ua' && rpc.nfsd -N 3 -V 4 -G 5 -L 5 1 && undo 'rpc.nfsd 0' || return
	background rpc.mountd -F -N 3
	echo Y >/proc/fs/nfsd/v4_end_grace
}
nfs_copy() {
	mkdir -p nfs
	mountpoint -q nfs || mount -t nfs4 -o vers=4.2,hard,proto=tcp "$d2:/" nfs || return
	# Not out of the cache.
	! dd if=nfs.file of=nfs/file bs=32k conv=fsync status=none ||
		! dd if=nfs/file bs=32k iflag=direct status=none | cmp - nfs.file || ! rm nfs/file || return 0
	umount -lf nfs
	return 1
}
nfs_client() {
	export -f nfs_copy
	client workload run bash -c nfs_copy
}

# --- groups of their own: MPI's processes never sleep, the others change eth0 of d2

describe mpi mpi tcp,d3 "messages around a ring of three MPI processes, every byte verified"
mpi_set_up() {
	# A shell for those who start processes here.
	background socat TCP-LISTEN:7102,fork,reuseaddr EXEC:/bin/bash
	[[ $me == 1 ]] || return 0
	cat >launch <<-'END'
		#!/bin/bash
		# As ssh has it: -x HOST COMMAND...
		printf 'exec %s\n' "${*:3}" | exec socat -t 86400 - "TCP:$2:7102"
	END
	chmod +x launch
}
mpi_client() {
	client workload lines round= env UCX_TLS=tcp,self UCX_NET_DEVICES=eth0 UCX_LOG_LEVEL=error \
		mpiexec.hydra -launcher ssh -launcher-exec "$PWD/launch" -hosts d1,d2,d3 -n 3 "$PWD/ring"
}

describe jumbo jumbo tcp "a TCP stream to d2, whose MTU is 9000"
jumbo_set_up() {
	[[ $me == 2 ]] || return 0
	mtu=9000
	undo 'mtu=1500; ip link set eth0 mtu 1500'
	ip link set eth0 mtu 9000
}
jumbo_client() {
	client workload echo "$d2"
}

describe jumbo-udp jumbo datagram "datagrams to d2, whose MTU is 9000"
jumbo_udp_client() {
	client workload udp "$d2"
}

describe bridge-container bridge tcp "a TCP stream to a container at a bridge of d2 with eth0"
bridge_container_set_up() {
	[[ $me == 2 ]] || return 0
	ip link add br0 address 00:16:3e:00:00:02 type bridge forward_delay 0 && undo 'ip link delete br0; eth0_addresses eth0' &&
		ip link set br0 up && ip address flush dev eth0 scope global && ip link set eth0 master br0 && eth0_addresses br0 &&
		container 10.0.0.112/24 && ip link set box master br0 &&
		background ip netns exec box workload serve
}
bridge_container_client() {
	client workload echo 10.0.0.112
}

describe bridge-host bridge tcp "a TCP stream to d2 itself, whose addresses the bridge has"
bridge_host_client() {
	client workload echo "$d2"
}

describe bridge-udp bridge datagram "datagrams to d2 itself, whose addresses the bridge has"
bridge_udp_client() {
	client workload udp "$d2"
}
