#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl -s Sources, -K and -F Sources: who has states of rules that track
# sources, and limits that forget him.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
. "$(dirname "$0")/../pf-host.sh"

world ip addr add 192.168.178.21/24 dev w0
world ip addr add fd00::20/64 dev w0 nodad
ip addr add fd00::40/64 dev em0 nodad
ip link set lo up

# A server that keeps its connections, and connections that stay.
hold() { # PORT
	socat "TCP6-LISTEN:$1,fork,reuseaddr,ipv6only=0" "EXEC:cat" 2>/dev/null &
	at_end "kill $!"
	eventually bash -c "exec 3<>/dev/tcp/192.168.178.40/$1" 2>/dev/null
}
# connect FROM TO PORT: 0 if it comes up; it stays.
calls=0
connect() {
	local from=$1 to=$2 call=$TMP/call.$((++calls))
	mkfifo "$call"
	# shellcheck disable=SC2034 # held open
	exec {keep}<>"$call"
	world socat "TCP:$to:$3,bind=$from,connect-timeout=2" - \
	    <"$call" >"$call.out" 2>/dev/null &
	at_end "kill $!"
	echo hello >"$call"
	for _ in 1 2 3; do
		eventually answered "$call" $! && break
	done
	grep -qs hello "$call.out"
}
answered() { # CALL PID
	grep -qs hello "$1.out" || ! kill -0 "$2" 2>/dev/null
}
sources() {
	pfctl -s Sources "$@" >"$TMP/out" && cat "$TMP/out"
}

cat >"$TMP/pf.conf" <<'EOF'
set skip on lo0
block in on em0
pass in on em0 inet6 proto icmp6
pass in on em0 proto tcp to port 22 keep state (source-track rule, max-src-states 2)
pass in on em0 proto tcp to port 23 keep state (max-src-conn-rate 100/10)
pass in on em0 proto tcp to port 24 keep state (source-track global)
pass in on em0 proto tcp to port 25
EOF
pfctl -f "$TMP/pf.conf" && pfctl -q -e
for port in 22 23 24 25; do
	hold $port
done

test_expect 'without states there are none' 'sources && [ ! -s "$TMP/out" ]'
test_expect 'each source has a line, with its states and connections' '
	connect 192.168.178.20 192.168.178.40 22 &&
	connect 192.168.178.20 192.168.178.40 22 &&
	connect 192.168.178.21 192.168.178.40 22 &&
	connect [fd00::20] [fd00::40] 22 &&
	sources && diff - "$TMP/out" <<-END
	192.168.178.20 -> 0.0.0.0 ( states 2, connections 2, rate 0.0/0s )
	192.168.178.21 -> 0.0.0.0 ( states 1, connections 1, rate 0.0/0s )
	fd00::20 -> :: ( states 1, connections 1, rate 0.0/0s )
	END
'
test_expect 'a rule that tracks none has none; -v tells the rule, or that it is of all' '
	connect 192.168.178.21 192.168.178.40 25 &&
	connect 192.168.178.21 192.168.178.40 24 &&
	connect 192.168.178.21 192.168.178.40 23 &&
	sources -v && grep -A1 178.21 "$TMP/out" >"$TMP/21" &&
	diff - "$TMP/21" <<-END
	192.168.178.21 -> 0.0.0.0 ( states 1, connections 1, rate 0.0/0s )
	   age -, - pkts, - bytes
	192.168.178.21 -> 0.0.0.0 ( states 1, connections 1, rate 0.0/0s )
	   age -, - pkts, - bytes, filter rule 2
	192.168.178.21 -> 0.0.0.0 ( states 1, connections 1, rate -/10s )
	   age -, - pkts, - bytes, filter rule 3
	END
'
test_expect '-s all has them below their title' '
	pfctl -s all >"$TMP/out" 2>/dev/null
	grep -A1 "^SOURCE TRACKING NODES:" "$TMP/out" | grep "^192.168.178.20 -> "
'
test_expect 'a source that is full is let in again after -K' '
	! connect 192.168.178.20 192.168.178.40 22 &&
	pfctl -K 192.168.178.20 >"$TMP/out" 2>&1 && cat "$TMP/out" &&
	grep -qx "killed 1 src nodes from 1 sources and 0 destinations" "$TMP/out" &&
	sources && ! grep 178.20 "$TMP/out" && grep 178.21 "$TMP/out" &&
	connect 192.168.178.20 192.168.178.40 22 &&
	sources && grep "^192.168.178.20.*states 1, connections 1" "$TMP/out"
'
test_expect 'its states of before live on, and are nobodys' '
	[ "$(pfctl -s states | grep -c "192.168.178.40:22 <- 192.168.178.20")" = 3 ]
'
test_expect 'a network, and a second name that is no destination' '
	pfctl -K 192.168.178.0/24 -K 192.0.2.1 2>&1 | tee "$TMP/out" &&
	grep -qx "killed 0 src nodes from 1 sources and 1 destinations" "$TMP/out" &&
	pfctl -K 192.168.178.0/24 2>&1 | tee "$TMP/out" &&
	grep -qx "killed 4 src nodes from 1 sources and 0 destinations" "$TMP/out" &&
	sources && [ "$(cat "$TMP/out")" = "fd00::20 -> :: ( states 1, connections 1, rate 0.0/0s )" ]
'
test_expect '-F Sources forgets all, and the limits begin again' '
	connect 192.168.178.21 192.168.178.40 22 &&
	connect 192.168.178.21 192.168.178.40 22 &&
	! connect 192.168.178.21 192.168.178.40 22 &&
	[ "$(pfctl -F Sources 2>&1)" = "source tracking entries cleared" ] &&
	sources && [ ! -s "$TMP/out" ] &&
	connect 192.168.178.21 192.168.178.40 22 &&
	connect 192.168.178.21 192.168.178.40 22 &&
	! connect 192.168.178.21 192.168.178.40 22
'
test_expect '-F all -f forgets them, too' '
	connect 192.168.178.21 192.168.178.40 23 && sources && [ -s "$TMP/out" ] &&
	pfctl -q -F all -f "$TMP/pf.conf" && sources && [ ! -s "$TMP/out" ] &&
	connect 192.168.178.21 192.168.178.40 22
'
test_expect 'three -K are one too many, and a name must resolve' '
	fails 1 "can only specify -K twice" pfctl -K 1.1.1.1 -K 1.1.1.2 -K 1.1.1.3 &&
	fails 1 "getaddrinfo: " pfctl -K no.such.name.invalid
'
test_done
