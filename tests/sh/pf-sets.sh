#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A load, pfctl -T replace and a change of addresses touch only those elements
# of sets that differ: the kernel has moments in a transaction that empties and
# fills a set in which a packet finds neither the old nor the new.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
. "$(dirname "$0")/../pf-host.sh"

rules() { # ADDRESS...: of the table
	cat <<-EOF
	set state-policy if-bound
	table <friends> persist { $* }
	rdr on em0 proto tcp to port 1000:1010 -> 192.0.2.9 port 2000:*
	nat on em0 from <friends> to any -> { 192.0.2.1, 192.0.2.2 } round-robin
	block in on em0
	pass in on em0 proto tcp from <friends> to (em0) port 22
	pass in on em0 proto udp from (em0:network) to any
	EOF
}
load() {
	rules "$@" >"$TMP/pf.conf" && pfctl -q -f "$TMP/pf.conf"
}
# Elements that come and go while CMD runs.
touched() {
	local pid rc
	nft monitor >"$TMP/events" 2>&1 &
	pid=$!
	eventually heard nothing-yet && "$@"
	rc=$?
	eventually heard done-now
	kill $pid && wait $pid 2>/dev/null
	grep -E "(add|delete) element inet pf" "$TMP/events" |
	    sed 's/ element inet pf//; s/ table[46]_/ /' | sort >"$TMP/touched"
	cat "$TMP/touched"
	return $rc
}
# The monitor tells of all that came before this table.
heard() {
	nft add table ip "$1" && sleep 0.05 && nft delete table ip "$1" &&
	grep -q "table ip $1" "$TMP/events"
}
in_set() {
	nft list set inet pf "$1" | tr -d '\n\t ' | sed 's/.*elements={//; s/}.*//'
}

load 203.0.113.0/24 198.51.100.7 && pfctl -q -e
test_expect 'the same rules again: no element is touched' '
	touched load 203.0.113.0/24 198.51.100.7 && [ ! -s "$TMP/touched" ]
'
test_expect 'one address more, one less: no other is' '
	touched load 203.0.113.0/24 198.51.100.8 &&
	! grep 203.0.113 "$TMP/touched" &&
	grep "^add.*198.51.100.8" "$TMP/touched" &&
	grep "^delete.*198.51.100.7" "$TMP/touched" &&
	[ "$(in_set table4_friends)" = 198.51.100.8,203.0.113.0/24 ]
'
test_expect 'pfctl -T replace, too' '
	touched pfctl -q -t friends -T replace 203.0.113.0/24 198.51.100.9 &&
	! grep 203.0.113 "$TMP/touched" &&
	grep "^add.*198.51.100.9" "$TMP/touched" &&
	[ "$(in_set table4_friends)" = 198.51.100.9,203.0.113.0/24 ]
'
test_expect 'a range that gets a hole' '
	load 10.0.0.0/8 && [ "$(in_set table4_friends)" = 10.0.0.0/8 ] &&
	load 10.0.0.0/16 10.255.0.0/16 &&
	[ "$(in_set table4_friends)" = 10.0.0.0/16,10.255.0.0/16 ] &&
	pfctl -q -t friends -T replace 10.0.0.0/17 10.255.128.0/17 &&
	[ "$(in_set table4_friends)" = 10.0.0.0/17,10.255.128.0/17 ]
'
test_expect 'up to the last address, and nothing' '
	load 128.0.0.0/1 && [ "$(in_set table4_friends)" = 128.0.0.0/1 ] &&
	load 192.0.0.0/2 && [ "$(in_set table4_friends)" = 192.0.0.0/2 ] &&
	pfctl -q -t friends -T flush && ! nft list set inet pf table4_friends |
	    grep elements
'
networks() { # SET...: of em0, as pf has them
	[ "$(in_set dyn4_1_32_em0)" = "$1" ]
}
gaol watch >"$TMP/watch" 2>&1 &
at_end "kill $!"
test_expect 'addresses of an interface: one network loses its middle' '
	load 10.0.0.0/8 && ip addr add 10.0.0.1/8 dev em0 &&
	ip addr add 10.0.0.2/16 dev em0 && ip addr add 10.255.0.1/16 dev em0 &&
	eventually networks 10.0.0.0/8,192.168.178.0/24 &&
	ip addr del 10.0.0.1/8 dev em0 &&
	eventually networks 10.0.0.0/16,10.255.0.0/16,192.168.178.0/24 || {
		cat "$TMP/watch"
		in_set dyn4_1_32_em0
		false
	}
'
test_expect 'a pool of addresses with one other member' '
	sed -i s/192.0.2.2/192.0.2.3/ "$TMP/pf.conf" &&
	touched pfctl -q -f "$TMP/pf.conf" && grep 192.0.2.3 "$TMP/touched" &&
	! grep 192.0.2.1 "$TMP/touched"
'
test_done
