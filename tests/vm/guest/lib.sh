# For the stories, in the machine. Source it first:
#	. ./lib.sh
# All of tests/lib.sh (test_expect, eventually, ..), and what follows here.

BUILD=${BUILD:-/usr/sbin}
. /job/src/tests/lib.sh
# The installed programs are under test, not those of a build tree.
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin

# The machine has systemd?
systemd() {
	[ -d /run/systemd/system ]
}

# The control channel is there before the boot is over.
boot_is_over() {
	if systemd; then
		systemctl is-system-running --wait >/dev/null
	else
		while pgrep -x rc >/dev/null; do sleep 1; done
	fi
	return 0
}

# Does a service of ours run?
running() {
	if systemd; then
		systemctl -q is-active "$1.service"
	else
		[ -n "$(ls /run/gaol/jails 2>/dev/null)" ]
	fi
}

# Like eventually, for things that take long here: up to 5 minutes.
at_last() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" && return 0
		sleep 1
	done
	return 1
}

# ---- the outside ----

# The second network card is the outside's, on the same wire as em0.
make_world() {
	ip netns add world
	ip link set world0 netns world
	world ip addr add 192.168.178.1/24 dev world0
	world ip addr add 203.0.113.9/32 dev lo
	world ip link set lo up
	world ip link set world0 up
	at_last wire_is_up
}

# pf may refuse a ping; who has the address is told below it.
wire_is_up() {
	world ping -c 1 -W 1 -q 192.168.178.40 >/dev/null
	world ip neigh show 192.168.178.40 | grep -q lladdr
}

world() {
	ip netns exec world "$@"
}

# answer TEXT PORT: the outside answers a connection with TEXT; $TMP/heard is
# what came, $TMP/from whom from.
answer() {
	: >"$TMP/from"
	# Not by "world": it is nc that has to end, or it would share the port
	# with the next one.
	echo "$1" | ip netns exec world nc -n -v -l -p "$2" -q 1 \
	    -s 203.0.113.9 >"$TMP/heard" 2>"$TMP/from" &
	answerer=$!
	at_last world sh -c "ss -Hltn 'sport = :$2' | grep -q ."
}

# ---- a host as the tutorial has it ----

write_rc_conf() {
	cat >/etc/rc.conf <<-'E'
	cloned_interfaces="lo1"
	ipv4_addrs_lo1="192.168.0.1/24"
	gateway_enable="YES"
	pf_enable="YES"
	iocage_enable="YES"
	E
}

write_pf_conf() {
	cat >/etc/pf.conf <<-'E'
	ext_if = "em0"
	jail_if = "lo1"
	jail_net = $jail_if:network
	ip_pub = "192.168.178.40"
	set skip on lo0
	set skip on lo1
	scrub in all
	nat pass on $ext_if from $jail_net to any -> $ip_pub
	rdr pass on $ext_if proto tcp from any to $ip_pub port 8080 -> 192.168.0.2 port 80
	block all
	pass in inet proto tcp to $ext_if port ssh
	pass out
	E
}

# A jail's root of busybox: quick to make, and enough to look at what holds it.
busybox_root() {
	local root=$1 a
	mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,root,run,var/log}
	cp /usr/bin/busybox "$root/bin/" || return
	for a in sh ls cat id ping nc echo sleep grep head dd mount hostname \
	    true false kill ps rm tail wc touch ip wget env mkdir; do
		ln -sf busybox "$root/bin/$a"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	printf 'exit 0\n' >"$root/etc/rc"
	printf 'exit 0\n' >"$root/etc/rc.shutdown"
}

# busybox_jail NAME ADDRESS [PROPERTY...]: an empty jail with such a root.
busybox_jail() {
	local name=$1 addr=$2
	shift 2
	iocage create -e -n "$name" ip4_addr="lo1|$addr" &&
	busybox_root "/iocage/jails/$name/root" &&
	{ [ $# = 0 ] || iocage set "$@" "$name"; }
}

# Everything up to a running jail "web" with a pool on the fourth partition;
# what another story left is taken as it is.
host_with_jail() {
	boot_is_over
	[ -d /iocage/iocage ] || gaol pool list -H 2>/dev/null | grep -q iocage ||
	    { gaol pool create iocage /dev/vdb4 && iocage activate iocage; } || return
	write_rc_conf
	write_pf_conf
	ip netns list | grep -q '^world' || make_world || return
	gaol net up && pfctl -q -F all -f /etc/pf.conf || return
	pfctl -q -e 2>/dev/null
	iocage list -H | grep -qw web ||
	    busybox_jail web 192.168.0.2 boot=on || return
	iocage list -H | grep -w web | grep -qw up || iocage start web
}

# Can a jail reach the outside, and be reached through rdr?
jail_reaches_out() {
	answer hello 7777
	[ "$(iocage exec "${1:-web}" sh -c 'nc -w 30 203.0.113.9 7777 </dev/null')" = hello ]
	local rc=$?
	kill "$answerer" 2>/dev/null
	wait "$answerer" 2>/dev/null
	return $rc
}

jail_serves() {
	iocage exec web sh -c 'echo served | nc -l -p 80 -w 60' &
	local server=$!
	# As long as the server lives: without a jail there is none.
	at_last sh -c "! kill -0 $server 2>/dev/null ||
	    iocage exec web grep -q ':0050 ' /proc/net/tcp /proc/net/tcp6"
	[ "$(world nc -n -w 30 -q 1 -s 203.0.113.9 192.168.178.40 8080 </dev/null)" = served ]
	local rc=$?
	kill $server 2>/dev/null
	wait $server 2>/dev/null
	return $rc
}
