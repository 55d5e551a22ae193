#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What scrub changes, seen on packets that cross the machine: each edit, the
# checksums, and which rule decides.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
. "$(dirname "$0")/../pf-through.sh"

"$BUILD/pfctl" -q -e
test_expect 'without scrub a packet only loses one of its ttl' \
	'load "pass" && comes "$(udp ttl=5 tos=0x0b df)" \
		"src=10.9.0.2 ttl=4 tos=0xb df" &&
	comes "$(syn mss=1460)" "src=10.9.0.2 ttl=63 mss=1460" &&
	comes "$(udp6 hlim=5 tc=0x0b)" "hlim=4 tc=0xb"'
test_expect 'no-df' 'load "scrub in on em0 all no-df" &&
	comes "$(udp df)" "src=10.9.0.2 ttl=63" &&
	comes "$(udp)" "src=10.9.0.2 ttl=63"'
test_expect 'min-ttl raises what is less, before the packet is forwarded' \
	'load "scrub in on em0 all min-ttl 20" &&
	comes "$(udp ttl=1)" "src=10.9.0.2 ttl=19" &&
	comes "$(udp ttl=30)" "src=10.9.0.2 ttl=29" &&
	comes "$(udp6 hlim=1)" "hlim=19 tc=0x0" &&
	comes "$(udp6 hlim=30)" "hlim=29 tc=0x0"'
test_expect 'set-tos: the bits of ECN stay; of IPv4 only, as in FreeBSD 12.1' \
	'load "scrub in on em0 all set-tos 0x10" &&
	comes "$(udp tos=0x0b)" "src=10.9.0.2 ttl=63 tos=0x13" &&
	comes "$(udp6 hlim=9 tc=0x0b)" "hlim=8 tc=0xb"'
test_expect 'random-id' 'load "scrub in on em0 all random-id" &&
	for i in 1 2 3; do trip "$(udp)"; done | grep -x "src=10.9.0.2 ttl=63 new id"'
test_expect 'max-mss lowers what is more' \
	'load "scrub in on em0 all max-mss 1440" &&
	comes "$(syn mss=1460)" "src=10.9.0.2 ttl=63 mss=1440" &&
	comes "$(syn mss=1400)" "src=10.9.0.2 ttl=63 mss=1400" &&
	comes "$(syn)" "src=10.9.0.2 ttl=63"'
test_expect 'all of them, on the way out, before nat' \
	'load "scrub out on em1 from 10.9.0.2 no-df min-ttl 50 set-tos 4 max-mss 1300" \
		"nat on em1 inet from 10.9.0.2 -> 10.9.1.1" &&
	comes "$(FROM=1001 syn mss=1460 ttl=9 df)" "src=10.9.1.1 ttl=50 tos=0x4 mss=1300"'
test_expect 'the first rule that matches decides' \
	'load "no scrub in on em0 proto udp from 10.9.0.2 to any" \
		"scrub in on em0 all set-tos 4" "scrub in all set-tos 8" &&
	comes "$(udp)" "src=10.9.0.2 ttl=63" &&
	comes "$(syn)" "src=10.9.0.2 ttl=63 tos=0x4"'
test_expect 'ports count for the TCP header alone' \
	'load "scrub in on em0 proto tcp to port 80 min-ttl 20 max-mss 1300" \
		"scrub in on em0 all min-ttl 30 max-mss 1400" &&
	comes "$(syn mss=1460 ttl=1)" "src=10.9.0.2 ttl=19 mss=1300" &&
	comes "$(PORT=81 syn mss=1460 ttl=1)" "src=10.9.0.2 ttl=19 mss=1400"'
test_expect 'another interface, the other direction and set skip change nothing' \
	'load "scrub in on em1 all min-ttl 20" "scrub out on em0 all min-ttl 20" &&
	comes "$(udp ttl=9)" "src=10.9.0.2 ttl=8" &&
	load "set skip on em0" "scrub all min-ttl 20" &&
	comes "$(udp ttl=9)" "src=10.9.0.2 ttl=20" &&
	load "set skip on { em0 em1 }" "scrub all min-ttl 20" &&
	comes "$(udp ttl=9)" "src=10.9.0.2 ttl=8"'
test_expect 'flags that make no sense are dropped where a scrub rule matches' \
	'load "scrub in on em0 all" && all_come() {
		for flags in . F FS SR FPU; do
			comes "tcp 10.9.0.2:1000 > 10.9.1.2:80 $flags ipid=7" "$1" || return 1
		done
	} && all_come lost && comes "$(syn)" "src=10.9.0.2 ttl=63" &&
	comes "tcp 10.9.0.2:1000 > 10.9.1.2:80 R ipid=7" "src=10.9.0.2 ttl=63" &&
	load "no scrub in on em0 all" "scrub in all" &&
	all_come "src=10.9.0.2 ttl=63"'
test_expect 'of fragments that are put together' \
	'load "scrub in on em0 all no-df set-tos 4" && big="udp 10.9.0.2:1000 > 10.9.1.2:2001 ipid=9 len=1192" &&
	comes "$big df frag=0+800+" lost &&
	comes "$big df frag=800+400" "src=10.9.0.2 ttl=63 tos=0x4 frag=0+800+"'

# One datagram to a socket of this machine, sent from a network namespace ("":
# this one), and how it comes: [(1, tos), (2, ttl)].
to_host() { # NETNS ADDRESS
	local at=${1:+ip netns exec $1}
	python3 - "$2" "$at" <<-'EOF'
		import socket, subprocess, sys
		a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		a.bind((sys.argv[1], 0))
		a.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
		a.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
		a.settimeout(2)
		subprocess.run(sys.argv[2].split() + ["python3", "-c", """if True:
		    import socket
		    b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    b.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 3)
		    b.sendto(b"x", %r)""" % (a.getsockname(),)], check=True)
		print(sorted((kind, value[0]) for _, kind, value in
		             a.recvmsg(9, 999)[1]))
	EOF
}
test_expect 'over a loopback a packet goes out and comes in' \
	'load "scrub in on lo0 all min-ttl 30" "scrub out on lo0 all min-ttl 20 set-tos 4" &&
	[ "$(to_host "" 127.0.0.1)" = "[(1, 4), (2, 30)]" ]'
# What tells the interface of a jail is its group.
J=pfscrubj$$
link $J em2 2
ip link set em2 group 0x6a61696c
ip -n $J route add default via 10.9.2.1
test_expect 'so does what a jail sends to the host' \
	'[ "$(to_host $J 10.9.2.1)" = "[(1, 4), (2, 30)]" ]'
test_expect 'a jail and the outside meet at the outer interface alone' \
	'load "scrub on lo0 all set-tos 4" "scrub in on em0 all set-tos 8" \
		"scrub out on em1 all set-tos 16" "scrub on em2 all set-tos 32" &&
	python3 "$TOP/tests/through.py" $A:far $MAC $J:far \
		"udp 10.9.0.2:1000 > 10.9.2.2:2000 ipid=7 len=9" |
		grep -x "src=10.9.0.2 ttl=63 tos=0x8" &&
	python3 "$TOP/tests/through.py" $J:far $MAC $B:far \
		"udp 10.9.2.2:1000 > 10.9.1.2:2002 ipid=7 len=9" |
		grep -x "src=10.9.2.2 ttl=63 tos=0x10"'
test_done
