# A private host for tests that make jails: everything that gaol touches is
# the test's own and gone with it. Source it after lib.sh and in_namespaces:
#
#	. "$(dirname "$0")/../lib.sh"
#	in_namespaces net mount pid uts ipc
#	. "$(dirname "$0")/../host.sh"
#	private_host		# a root of our own; empty /run, /mnt, /var/lib/gaol
#	lo1			# lo1 with 192.168.0.1/24
#	pool_dir tank		# a pool on a directory, active
#	release tiny		# a release of busybox in it
#	remember

# The root becomes an overlay over what was there: a pool is mounted at /NAME.
private_host() {
	only_in_namespaces
	local new=$TMP/root dir
	mkdir "$new" && mount -t tmpfs -o size=512m none "$new" &&
	mkdir "$new/up" "$new/work" "$new/root" &&
	mount -t overlay -o "lowerdir=/,upperdir=$new/up,workdir=$new/work" \
	    none "$new/root" || skip_all "no overlay file system here"
	# /tmp without what was just mounted in it.
	dir=$(dirname "$TMP")
	mount --bind "$dir" "$new/root$dir" || skip_all "cannot bind $dir"
	for dir in /proc /sys /dev "$TOP" "$BUILD"; do
		mkdir -p "$new/root$dir" && mount --rbind "$dir" "$new/root$dir" ||
		    skip_all "cannot bind $dir"
	done
	mkdir "$new/root/.old" && cd "$new/root" && pivot_root . .old && cd / &&
	umount -l /.old && rmdir /.old || skip_all "cannot change the root"
	cd "$TOP" || exit 1
	mount -t tmpfs none /run && place_for_pools &&
	mkdir -p /var/lib/gaol && mount -t tmpfs none /var/lib/gaol
	ip link set lo up
	private_cgroups
}

# The root of a jail is idmapped, which a tmpfs can be since Linux 6.3. Before
# that /mnt is an ext4 in a file in it.
place_for_pools() {
	local oldest
	mount -t tmpfs none /mnt || return
	oldest=$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -n 1)
	[ "$oldest" != 6.3 ] || return 0
	truncate -s 1G /mnt/disk && mkfs.ext4 -q /mnt/disk &&
	mount -o loop /mnt/disk /mnt && rmdir /mnt/lost+found
}

# Control groups of our own in each hierarchy, mounted over the host's: gaol
# makes its groups below the mount points that it sees.
private_cgroups() {
	local mp
	own_group=gaol-test-$(stat -c %i /proc/self/ns/mnt)
	cgroup_mounts=$(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' \
	    /proc/mounts)
	at_end remove_cgroups
	for mp in $cgroup_mounts; do
		[ ! -e "$mp/cgroup.subtree_control" ] ||
		    echo '+memory +cpu +pids' >"$mp/cgroup.subtree_control"
		mkdir "$mp/$own_group" &&
		mount --bind "$mp/$own_group" "$mp"
	done 2>/dev/null
}

# The jails that still run are ours: they are in our PID namespace.
remove_cgroups() {
	local mp i
	kill -9 -1
	for mp in $cgroup_mounts; do
		umount "$mp"
		for ((i = 0; i < 50; i++)); do
			find "$mp/$own_group" -depth -type d -exec rmdir {} \;
			[ -d "$mp/$own_group" ] || break
			sleep 0.02
		done
	done
}

lo1() {
	# No link-local address: it would come up by itself, some time later.
	ip link add lo1 type bridge && ip link set lo1 addrgenmode none &&
	ip link set lo1 up &&
	ip addr add 192.168.0.1/24 dev lo1
}

pool_dir() {
	mkdir -p "/mnt/$1" && gaol pool create "$1" --dir "/mnt/$1" >/dev/null &&
	gaol activate "$1" >/dev/null
}

# A root in which a shell and a few commands run; its /etc/rc does nothing.
release() {
	local pool root cmd
	pool=$(gaol get -p) &&
	root=/$pool/iocage/releases/$1/root &&
	mkdir -p "${root%/root}" && {
		[ "$(stat -f -c %T "${root%/root}")" != btrfs ] ||
		    btrfs subvolume create "$root" >/dev/null
	} &&
	mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,var/tmp} &&
	cp "$(command -v busybox)" "$root/bin/busybox" || return 1
	# Where it is not a static one, with its libraries.
	ldd "$root/bin/busybox" 2>/dev/null | grep -oE '/lib[^ ]*' |
	    xargs -r cp -L --parents -t "$root"
	for cmd in cat echo env false hostname id ls mkdir nc ping ps sh sleep \
	    touch true; do
		ln -s busybox "$root/bin/$cmd"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'www:x:33:33:www:/tmp:/bin/sh' >>"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	echo 'exit 0' >"$root/etc/rc"
	echo 'exit 0' >"$root/etc/rc.shutdown"
}

# Everything that a verb could leave behind or change, as text. Two of these
# are compared; files of pools by size, mode and content.
system_state() {
	echo '== mounts'
	# Without the device's number, which is another at each mount.
	cut -d' ' -f4- /proc/self/mountinfo | sort
	echo '== links, addresses, routes, neighbours'
	ip -o link | sed 's/^[0-9]*: //; s/@[^:]*//'
	ip -o addr | sed 's/^[0-9]*: //'
	ip route show table all
	ip -6 route show table all
	ip neigh show nud permanent
	echo '== nftables'
	nft list ruleset 2>/dev/null
	echo '== kernel settings'
	head -vn 1 /proc/sys/net/ipv4/ip_forward \
	    /proc/sys/net/ipv[46]/conf/*/{forwarding,route_localnet,proxy_arp} \
	    /proc/sys/net/ipv4/conf/*/{rp_filter,arp_ignore,accept_local} \
	    /proc/sys/net/ipv6/conf/*/proxy_ndp \
	    /proc/sys/net/netfilter/nf_conntrack_{acct,tcp_be_liberal} 2>/dev/null
	echo '== network namespaces'
	lsns -t net -n -o NS 2>/dev/null | sort -u
	echo '== loop devices'
	losetup -ln -O NAME,BACK-FILE 2>/dev/null | grep -F "$TMP" | sort
	echo '== control groups'
	find /sys/fs/cgroup -type d -path '*gaol/*' 2>/dev/null | sort
	echo '== processes'
	ps -e -o comm= | grep -E 'gaol|mmdebstrap' | sort
	echo '== files'
	local dir
	for dir in /run /var/lib/gaol /tank /mnt; do
		[ -e "$dir" ] || continue
		# blkid's cache in /run is no business of ours.
		find "$dir" -mindepth 1 ! -path '/run/blkid*' \
		    -printf '%p %y %m %U:%G %l\n' | sort
		find "$dir" -type f ! -path '*/root/*' ! -path '/run/blkid*' \
		    -print0 | sort -z |
		    xargs -0r sha256sum
	done
}

# What goes on for a tenth of a second after a command: a helper that waits for
# the kernel in its place, and the link of a jail that was stopped.
at_rest() {
	! ps -e -o comm= | grep -Eqx 'gaol|pfctl' &&
	    [ "$(ip -o link | grep -c ' jail-')" -le \
		"$(find /run/gaol/jails -type f 2>/dev/null | wc -l)" ]
}

# Write down how the system is, once the commands before have come to rest.
remember() {
	eventually at_rest
	system_state >"$TMP/before"
}

# Nothing changed since remember was called. Waits for what
# the kernel takes down by itself, a network namespace for instance.
unchanged() {
	local i
	for ((i = 0; i < 60; i++)); do
		system_state >"$TMP/after"
		cmp -s "$TMP/before" "$TMP/after" && return 0
		sleep 0.05
	done
	diff "$TMP/before" "$TMP/after"
}

# What `gaol check` (with --repair: after it) finds of killed commands, a code a
# line. What else it finds, a host without a default route, does not count.
leftovers() {
	gaol check "$@" --json >"$TMP/check.json"
	jq -r '.findings[] | select(.mended | not) | .code' "$TMP/check.json" |
	    grep -xE 'left-.*|(partial|dead|lost)-jail|no-guard|half-made-pool'
}
no_leftovers() {
	! leftovers "$@"
}
