# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The machines around the host, each a network namespace held by /lab/net/NAME,
# and the host's own life: boot and power off. Sourced at the console.
#
#	host em0 .40 -- 192.168.178.0/24 -- .1 router .1 -- 203.0.113.0/24
#	    with client .9, name server .53, web server .80, mirror .81

in_net() {
	local name=$1
	shift
	nsenter --net="/lab/net/$name" "$@"
}

world_machine() {
	local name=$1
	: >"/lab/net/$name"
	unshare --net="/lab/net/$name" ip link set lo up
}

# Machine $1 outside, at 203.0.113.$2 and 2001:db8:113::$2.
world_outside() {
	local name=$1 n=$2
	world_machine "$name"
	in_net router ip -batch - <<-END
	link add $name type veth peer name eth0 netns /lab/net/$name
	link set $name master wan up
	END
	in_net "$name" ip -batch - <<-END
	link set eth0 up
	addr add 203.0.113.$n/24 dev eth0
	addr add 2001:db8:113::$n/64 dev eth0 nodad
	route add default via 203.0.113.1
	route add default via 2001:db8:113::1
	END
}

world_router() {
	world_machine router
	in_net router ip -batch - <<-END
	link add wan type bridge
	link set wan up
	addr add 203.0.113.1/24 dev wan
	addr add 2001:db8:113::1/64 dev wan nodad
	END
	in_net router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# Run server $1's program $2... in the background, logging to /lab/log.
world_serve() {
	local name=$1
	shift
	in_net "$name" "$@" </dev/null >"/lab/log/$name" 2>&1 &
}

world_servers() {
	world_serve dns dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --user=root --pid-file= --no-resolv --no-hosts --log-facility=- \
	    --log-queries --address=/www.digitalocean.com/203.0.113.80 \
	    --address=/deb.debian.org/203.0.113.81 \
	    --address=/security.debian.org/203.0.113.81 \
	    --local=/#/
	world_serve web busybox httpd -f -vv -p 80 -h "$LAB_D/www"
	world_serve mirror busybox httpd -f -vv -p 80 -h /lab/mirror
	world_wait dns 53
	world_wait web 80
	world_wait mirror 80
}

# Until something listens on port $2 of machine $1.
world_wait() {
	local i
	for ((i = 0; i < 100; i++)); do
		! in_net "$1" bash -c ": </dev/tcp/127.0.0.1/$2" 2>/dev/null ||
		    return 0
		sleep 0.05
	done
	die "the $1 server does not answer: $(cat "/lab/log/$1")"
}

world_make() {
	world_router
	world_outside client 9
	world_outside dns 53
	world_outside web 80
	world_outside mirror 81
	world_servers
}

# A fresh network namespace for the host, wired to the router.
host_network() {
	world_machine host
	in_net router ip -batch - <<-END
	link add lan type veth peer name em0 netns /lab/net/host
	link set lan up
	addr add 192.168.178.1/24 dev lan
	addr add 2001:db8:178::1/64 dev lan nodad
	END
}

# Move process $2 to group $1 of the lab in each hierarchy.
join_groups() {
	local g
	for g in /lab/cgroup/*/; do
		[ -d "$g" ] || continue
		mkdir -p "$g$1"
		echo "$2" >"$g$1/cgroup.procs"
	done
}

# Boot the host: lab.d/boot runs as its PID 1 and writes its number when ready.
host_boot() {
	local ready host_pid
	host_network
	rm -f /lab/host.pid /lab/ready
	mkfifo /lab/ready
	exec {ready}<>/lab/ready
	(
		# unshare takes these groups for the roots of the hierarchies.
		join_groups host $BASHPID
		exec nsenter --net=/lab/net/host unshare --mount --uts --ipc \
		    --pid --cgroup --propagation private --fork --kill-child \
		    "$LAB_D/boot" </dev/null >/lab/log/host 2>&1 {ready}<&- 6>&- 7>&-
	) &
	# Its end, at a power cut, is not worth a message.
	disown
	read -r -t 30 -u "$ready" host_pid ||
	    die "the host did not boot: $(cat /lab/log/host)"
	# A process in a root would keep v2 from giving controllers to groups.
	join_groups console $!
	exec {ready}<&-
	echo "$host_pid" >/lab/host.pid
}

# A power cut: every process of the host dies at once, mounts and network too.
host_off() {
	local g
	read -r host_pid </lab/host.pid
	kill -KILL "$host_pid"
	while [ -d "/proc/$host_pid" ]; do
		sleep 0.02
	done
	umount /lab/net/host
	in_net router ip link del lan 2>/dev/null || :
	for g in /lab/cgroup/*/host; do
		[ ! -d "$g" ] || find "$g" -mindepth 1 -depth -type d -exec rmdir {} +
	done
}
