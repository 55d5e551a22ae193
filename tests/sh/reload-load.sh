#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A policy stands while it is loaded anew: 1,000 allowed connections a second,
# straight and by rdr into a jail, and as many forbidden ones, during 200 loads
# of rules that say the same in two ways (one of them with a run of rules that
# is a chain of its own). None is lost, none wrongly passes.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount

[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"
JAILNET=$BUILD/tests/jailnet
NEWCONN=$BUILD/tests/newconn
RELOADS=200

mount -t tmpfs none /run
[ ! -d /var/lib/gaol ] || mount -t tmpfs none /var/lib/gaol

# A network namespace kept by a process; its pid in $pid.
namespace() {
	unshare -n sleep infinity &
	pid=$!
	at_end "kill $pid"
	eventually another_namespace $pid
}

another_namespace() {
	[ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}

in_ns() {
	local pid=$1
	shift
	nsenter -t "$pid" -n "$@"
}

serve() { # PID ADDR:PORT...
	nsenter -t "$1" -n "$NEWCONN" serve "${@:2}" >"$TMP/serve.$1" &
	at_end "kill $!"
	eventually grep -q ready "$TMP/serve.$1"
}

set_up() {
	namespace && world=$pid
	ip link set lo up
	ip link add em0 type veth peer name w0 netns "/proc/$world/ns/net"
	ip addr add 192.168.178.40/24 dev em0
	ip link set em0 up
	in_ns "$world" ip addr add 192.168.178.20/24 dev w0
	in_ns "$world" ip link set w0 up
	in_ns "$world" ip route add 192.168.0.0/24 via 192.168.178.40

	cat >"$TMP/rc.conf" <<-EOF
	cloned_interfaces="lo1"
	ipv4_addrs_lo1="192.168.0.1/24"
	gateway_enable="YES"
	EOF
	"$JAILNET" up "$TMP/rc.conf" || return
	namespace && jail=$pid
	exec 7<"/proc/$jail/ns/net"
	"$JAILNET" jail web 'lo1|192.168.0.2' 7 || return
	exec 7<&-
	serve $$ 192.168.178.40:22 192.168.178.40:23 &&
	    serve "$jail" 192.168.0.2:80 192.168.0.2:81
}

cat >"$TMP/pf.0" <<'EOF'
set skip on lo0
nat on em0 from lo1:network to any -> (em0)
rdr on em0 proto tcp from any to 192.168.178.40 port 8080 -> 192.168.0.2 port 80
block all
pass in on em0 proto tcp from any to 192.168.178.40 port 22
pass in on em0 proto tcp from any to 192.168.0.2 port 80
EOF
cat >"$TMP/pf.1" <<'EOF'
nat on em0 from lo1:network to any -> (em0)
no rdr on em0 proto tcp from any to any port 8081
rdr on em0 inet proto tcp from any to (em0) port 8080 -> 192.168.0.2 port 80
pass in quick on em0 proto tcp from any to any port { 90 91 92 93 94 95 96 97 }
pass in quick on em0 proto tcp from any to 192.168.0.2 port 80
pass in quick on em0 proto tcp from any to (em0) port 22
block quick on em0 all
block all
pass quick on lo0
EOF

reload_all() {
	local i
	for ((i = 0; i < RELOADS; i++)); do
		pfctl -q -f "$TMP/pf.$((i % 2))" || return
	done
}

start_load() {
	nsenter -t "$world" -n "$NEWCONN" paced 500 \
	    +192.168.178.40:22 +192.168.178.40:8080 \
	    -192.168.178.40:23 -192.168.0.2:81 >"$TMP/load" &
	load=$!
	at_end "kill $load"
}

stop_load() {
	local rc
	kill -TERM "$load"
	wait "$load"
	rc=$?
	cat "$TMP/load"
	return $rc
}

test_expect 'a host, a jail and a world are wired up' 'set_up'
test_expect 'the policy is loaded' 'pfctl -e; pfctl -f "$TMP/pf.1"'
start_load
test_expect "$RELOADS loads succeed under load" 'reload_all'
test_expect 'no connection was lost, none wrongly passed' 'stop_load'
test_expect 'there were 1,000 allowed ones a second' \
    'read -r n _ <"$TMP/load" && [ "$n" -gt 2000 ]'
test_done
