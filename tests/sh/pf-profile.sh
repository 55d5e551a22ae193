#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl -o profile: quick rules in the order of what they counted.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
. "$(dirname "$0")/../pf-host.sh"

calls() { # PORT N: so many connections
	local i
	for ((i = 0; i < $2; i++)); do
		reach "$1" || return 1
	done
}
# The quick rules that are loaded, by what they are for, in their order.
order() {
	pfctl -s rules | sed -n 's/.*quick.* port = \([^ ]*\) .*/\1/p
	    s/.*quick.* proto udp .*/udp/p' | paste -sd' '
}
send() { # N TEXT: so many datagrams
	world bash -c 'exec 3>/dev/udp/192.168.178.40/99
	    for ((i = 0; i < $1; i++)); do echo "$2" >&3; done' - "$1" "$2"
}
verdicts() {
	reach 22 && reach 80 && ! reach 23 1 &&
	    send 1 "number $((++sent))" &&
	    eventually grep -qx "number $sent" "$TMP/datagrams"
}
sent=0
socat -u UDP4-RECV:99 "CREATE:$TMP/datagrams" &
at_end "kill $!"
for port in 22 23 80; do
	serve $port
done

cat >"$TMP/pf.conf" <<'EOF'
set skip on lo0
block drop in on em0
pass in quick on em0 inet proto tcp from em0:network to any port { 22 80 }
pass in quick on em0 inet proto udp from { 192.168.178.20 192.168.178.21 192.168.178.22 192.168.178.23 192.168.178.24 192.168.178.25 }
EOF
pfctl -f "$TMP/pf.conf" && pfctl -q -e

test_expect 'without packets profile orders as basic does, and says nothing' '
	pfctl -o profile -f "$TMP/pf.conf" 2>"$TMP/err" && [ ! -s "$TMP/err" ] &&
	[ "$(order)" = "ssh http udp" ]
'
test_expect 'a busier rule goes before the others, and packets pass as before' '
	verdicts && calls 80 4 &&
	pfctl -o profile -f "$TMP/pf.conf" 2>"$TMP/err" && [ ! -s "$TMP/err" ] &&
	[ "$(order)" = "http ssh udp" ] && verdicts
'
test_expect 'so does one with a table of the optimiser, whatever its name is' '
	send 200 x &&
	pfctl -o profile -f "$TMP/pf.conf" && [ "$(order)" = "udp ssh http" ] &&
	send 200 x && calls 80 2 &&
	pfctl -o profile -f "$TMP/pf.conf" && [ "$(order)" = "udp http ssh" ] &&
	verdicts
'
test_expect 'the file can ask for it, -o basic forgets it' '
	(echo "set ruleset-optimization profile" && cat "$TMP/pf.conf") \
	    >"$TMP/own.conf" &&
	calls 80 3 && pfctl -f "$TMP/own.conf" && [ "$(order)" = "http ssh udp" ] &&
	calls 80 3 && pfctl -o basic -f "$TMP/own.conf" &&
	[ "$(order)" = "ssh http udp" ]
'
test_expect '-n shows the order that a load would make' '
	calls 80 3 && pfctl -o profile -nvf "$TMP/pf.conf" >"$TMP/out" &&
	grep "port = " "$TMP/out" | head -1 | grep http &&
	[ "$(order)" = "ssh http udp" ]
'
test_expect 'for a described machine the counters of this one say nothing' '
	printf "%s\n" "iface em0 index=2 broadcast" \
	    "addr em0 inet 192.168.178.40/24" >"$TMP/facts" &&
	pfctl --facts "$TMP/facts" -o profile -nvf "$TMP/pf.conf" >"$TMP/out" \
	    2>"$TMP/err" && [ ! -s "$TMP/err" ] &&
	grep "port = " "$TMP/out" | head -1 | grep ssh
'
test_expect 'what -z took off does not count' '
	calls 80 3 && pfctl -z && calls 22 1 &&
	pfctl -o profile -f "$TMP/pf.conf" && [ "$(order)" = "ssh http udp" ]
'
test_expect 'a load by itself keeps the order, whatever was counted since' '
	calls 80 3 && pfctl -o profile -f "$TMP/pf.conf" &&
	[ "$(order)" = "http ssh udp" ] && calls 22 6 &&
	[ -z "$(pfctl --follow)" ] && ip addr add 10.7.0.1/24 dev em0 &&
	pfctl --follow | grep "loaded again" &&
	pfctl -s rules | grep "quick.* 10.7.0.0/24.* port = http" &&
	[ "$(pfctl -s rules | grep "quick.* 192.168.178.0/24.* port" |
	    sed -n "s/.* port = \([^ ]*\) .*/\1/p" | paste -sd" ")" = "http ssh" ] &&
	ip addr del 10.7.0.1/24 dev em0 && pfctl --follow | grep "loaded again" &&
	[ "$(order)" = "http ssh udp" ] && verdicts
'
test_expect 'counters that another program took away are told' '
	calls 80 3 && nft delete table inet pf &&
	pfctl -o profile -f "$TMP/pf.conf" 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "^pfctl: what the running rules counted is not known: another program" \
	    "$TMP/err" && [ "$(order)" = "ssh http udp" ] && verdicts
'
test_expect 'who may not read them is told, and the file is checked' '
	install -m 755 "$BUILD/pfctl" "$TMP/pfctl" && chmod 755 "$TMP" &&
	setpriv --reuid 65534 --clear-groups "$TMP/pfctl" -o profile \
	    -nvf "$TMP/pf.conf" >"$TMP/out" 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "root.s to read; profile orders as basic does" "$TMP/err" &&
	grep -q "quick.*port = http" "$TMP/out"
'
test_done
