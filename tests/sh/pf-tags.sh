#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Tags on packets that cross the machine: those that a state gives to its
# packets, and their numbers from load to load. (What rules make of tags is in
# replay-kernel.sh and replay-random.sh.)
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
. "$(dirname "$0")/../pf-through.sh"

plain="src=10.9.0.2 ttl=63"
passes() { # PACKET
	comes "$1" "$plain"
}
lost() { # PACKET
	comes "$1" lost
}

"$BUILD/pfctl" -q -e
test_expect 'what one interface tags the other one tests' \
	'load "block all" "pass in on em0 proto udp from any to any port 2000 tag A" \
		"pass in on em0 proto udp from any to any port 2001" \
		"pass in on em0 inet6 tag A" "pass out on em1 tagged A" &&
	passes "$(udp)" && lost "$(PORT=2001 udp)" &&
	comes "$(udp6 hlim=9)" "hlim=8 tc=0x0"'
test_expect 'a later packet has the tag of its state' \
	'load "block all" "pass in on em0 proto udp tag A" \
		"pass out on em1 no state tagged A" &&
	passes "$(FROM=1002 udp)" && passes "$(FROM=1002 udp)"'
test_expect 'scrub sees it, too' \
	'load "scrub out on em1 tagged A min-ttl 77" "block all" \
		"pass in on em0 proto udp tag A" "pass out on em1" &&
	comes "$(FROM=1003 udp)" "src=10.9.0.2 ttl=77" &&
	comes "$(FROM=1003 udp)" "src=10.9.0.2 ttl=77"'
test_expect 'a state keeps its tag when rules with other tags are loaded' \
	'load "block all" "pass in on em0 tag A" "pass out on em1 no state" &&
	passes "$(FROM=1004 udp)" &&
	load "block all" "pass in on em1 tag B" "pass out on em1 no state tagged B" &&
	lost "$(FROM=1004 udp)" &&
	load "block all" "pass in on em1 tag C" "pass out on em1 no state tagged A" &&
	passes "$(FROM=1004 udp)"'
test_expect '.. and rules without any' \
	'load "block all" "pass out on em1 no state" && passes "$(FROM=1004 udp)" &&
	load "block all" "pass out on em1 no state tagged C" && lost "$(FROM=1004 udp)" &&
	load "block all" "pass out on em1 no state tagged A" && passes "$(FROM=1004 udp)"'
test_expect 'a change of a table leaves it' \
	'load "table <t> { 192.0.2.1 }" "block all" "pass in on em0 from <t> tag X" \
		"pass out on em1 no state tagged A" &&
	"$BUILD/pfctl" -q -t t -T add 192.0.2.2 && passes "$(FROM=1004 udp)"'
many() { # COUNT
	echo "pass in on em0 from 192.0.2.1 tag A"
	seq "$(($1 - 1))" | sed "s/.*/pass in on em0 from 192.0.2.1 tag T&/"
	echo "pass out on em1 no state tagged A"
}
test_expect '63 tags at once; those of rules that are gone make room' \
	'many 63 | "$BUILD/pfctl" -q -f - && passes "$(FROM=1004 udp)"'
test_expect '.. and no more' '! many 64 | "$BUILD/pfctl" -q -f - 2>"$TMP/said" &&
	grep "^stdin:64: more than 63 tags" "$TMP/said" && passes "$(FROM=1004 udp)"'
# The mark of what it answers comes with an answer of the kernel, if pf blocks
# with an answer somewhere; the tag must not.
refused() { # by nobody who listens there
	ip netns exec $A python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((\"10.9.0.1\", 9))
s.send(b\"\")
try:
    s.recv(1)
except ConnectionRefusedError:
    exit(0)
exit(1)"
}
test_expect 'an answer of the host has not the tag of the question' \
	'load "block return in proto tcp to port 9" "pass in no state tag A" \
		"block out quick tagged A" "pass out no state" && refused'
test_done
