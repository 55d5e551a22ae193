#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What pfctl -s tells of this machine and of the rules' traffic.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
mount -t tmpfs none /run
mount -t tmpfs none /var/lib

[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"
unset SSH_CONNECTION

unshare -n sleep infinity &
outside=$!
at_end "kill $outside"
other_net() {
	[ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/$$/ns/net)" ]
}
eventually other_net
world() {
	nsenter -t "$outside" -n "$@"
}
ip link set lo up
ip link add em0 type veth peer name w0 netns "/proc/$outside/ns/net"
ip addr add 192.168.178.40/24 dev em0
ip link set em0 up
world ip addr add 192.168.178.20/24 dev w0
world ip link set w0 up

load() {
	cat >"$TMP/pf.conf" && pfctl -f "$TMP/pf.conf"
}
ct() {
	echo "/proc/sys/net/netfilter/nf_conntrack_$1"
}

load <<'EOF'
set skip on lo0
block in on em0 proto tcp to port 23
pass out on em0
EOF
pfctl -q -e

test_expect 'time-outs are those that conntrack has' '
    echo 77 >"$(ct tcp_timeout_syn_recv)" &&
    echo 7 >"$(ct udp_timeout_stream)" &&
    pfctl -s timeouts >"$TMP/out" && [ "$(wc -l <"$TMP/out")" = 20 ] &&
    grep -qx "tcp.opening                  77s" "$TMP/out" &&
    grep -qx "udp.multiple                  7s" "$TMP/out" &&
    grep -qx "adaptive.start                0 states" "$TMP/out"'

test_expect 'the limit of states is conntrack'\''s' '
    pfctl -s memory >"$TMP/out" && [ "$(wc -l <"$TMP/out")" = 4 ] &&
    grep -qx "states        hard limit *$(cat "$(ct max)")" "$TMP/out" &&
    grep -qx "src-nodes     unlimited" "$TMP/out"'

test_expect 'interfaces, skipped ones, and what refers to them' '
    pfctl -s Interfaces >"$TMP/out" &&
    grep -qx em0 "$TMP/out" && grep -qx all "$TMP/out" &&
    grep -qx lo0 "$TMP/out" && [ "$(pfctl -s Interfaces -i em0)" = em0 ] &&
    pfctl -s Interfaces -v 2>&1 | grep -qx "lo0 (skip)" &&
    pfctl -s Interfaces -vv -i em0 2>&1 | grep -q "Rules: 2 "'
test_done
