#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A policy stands while it is loaded anew: 1,000 allowed connections a second,
# straight and by rdr into a jail, and as many forbidden ones, during 200 loads
# of rules that say the same in two ways (one of them with a run of rules that
# is a chain of its own). None is lost, none wrongly passes: counters before and
# after all hooks of pf say so, for a busy machine loses packets in queues, too.
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
	for ((i = 0; i < RELOADS || $(counted syn-in) < 2000; i++)); do
		pfctl -q -f "$TMP/pf.$((i % 2))" || return
	done
}

# What comes in and what gets through: SYNs to the allowed ports, the answers to
# them, and anything at all to the forbidden ones.
count_packets() {
	nft -f - <<-'EOF'
	table ip count {
		counter syn-in { }
		counter syn-through { }
		counter answer-in { }
		counter answer-through { }
		counter forbidden { }
		chain first {
			type filter hook prerouting priority -1000
			tcp flags & (syn | ack) == syn tcp dport { 22, 8080 } counter name syn-in
			tcp flags & (syn | ack) == (syn | ack) ip saddr 192.168.0.2 counter name answer-in
		}
		chain host-answers {
			type filter hook output priority -1000
			tcp flags & (syn | ack) == (syn | ack) tcp sport 22 counter name answer-in
		}
		chain to-host {
			type filter hook input priority 1000
			tcp flags & (syn | ack) == syn tcp dport 22 counter name syn-through
			tcp dport 23 counter name forbidden
		}
		chain last {
			type filter hook postrouting priority 1000
			tcp flags & (syn | ack) == syn ip daddr 192.168.0.2 tcp dport 80 counter name syn-through
			ip daddr 192.168.0.2 tcp dport 81 counter name forbidden
			tcp flags & (syn | ack) == (syn | ack) oif em0 tcp sport { 22, 8080 } counter name answer-through
		}
	}
	EOF
}

counted() {
	nft list counter ip count "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

nothing_dropped() {
	nft list counters table ip count
	[ "$(counted syn-in)" -ge 2000 ] &&
	[ "$(counted syn-in)" = "$(counted syn-through)" ] &&
	[ "$(counted answer-in)" -ge 2000 ] &&
	[ "$(counted answer-in)" = "$(counted answer-through)" ]
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
test_expect 'packets are counted before and after it' 'count_packets'
start_load
test_expect "$RELOADS loads succeed under load" 'reload_all'
test_expect 'all allowed connections came up, no forbidden one' 'stop_load'
test_expect 'no packet of an allowed one was dropped' 'nothing_dropped'
test_expect 'none of a forbidden one got through' '[ "$(counted forbidden)" = 0 ]'
test_done
