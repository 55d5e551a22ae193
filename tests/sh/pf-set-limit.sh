#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# set limit: the kernel's settings while pf is enabled and as they were after
# it; what cannot be set is an error that names the line.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"

PEER=pfsetlimit$$
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
ip netns add $PEER
at_end "ip netns del $PEER"
ip link set lo up
ip link add em0 type veth peer name em1 netns $PEER
ip addr add 10.9.0.1/24 dev em0
ip link set em0 address 02:00:00:00:00:01 up
ip -n $PEER link set lo up
ip -n $PEER addr add 10.9.0.2/24 dev em1
ip -n $PEER link set em1 up
ip -n $PEER neigh add 10.9.0.1 dev em1 nud permanent lladdr 02:00:00:00:00:01

NET=/proc/sys/net
MAX=$NET/netfilter/nf_conntrack_max
BUCKETS=$NET/netfilter/nf_conntrack_buckets
HIGH=$NET/ipv4/ipfrag_high_thresh
LOW=$NET/ipv4/ipfrag_low_thresh
HIGH6=$NET/netfilter/nf_conntrack_frag6_high_thresh

load() { # LINE...
	printf '%s\n' "$@" pass >"$TMP/pf.conf"
	pfctl -q -f "$TMP/pf.conf"
}
is() { # FILE VALUE
	[ "$(cat "$1")" = "$2" ] || { echo "$1 is $(cat "$1"), not $2" && false; }
}
memory() { # NAME VALUE
	pfctl -s memory | grep -qx "$1 *hard limit *$2"
}

load
pfctl -q -e
machine=$(cat $MAX)
high=$(cat $HIGH) low=$(cat $LOW) high6=$(cat $HIGH6)

# Where the kernel's limit is the whole machine's it is not ours to set.
[ ! -w $MAX ] || skip_all "$MAX can be written in a network namespace"
for n in $((machine - 1)) $((machine + 1)); do
	test_expect "states $n: no namespace has a limit of its own" '
		fails 1 "^$TMP/pf.conf:2: set limit states $n cannot hold: $MAX is $machine and cannot be written here" \
		    load "set skip on lo" "set limit states $n"'
done
test_expect 'the rules of before stand' '
	pfctl -s rules | grep -qx "pass all flags S/SA keep state"'
test_expect 'nor is it set when pf is enabled later' '
	pfctl -q -d && fails 1 "set limit states 5000 cannot hold" \
	    load "set limit states 5000"; rc=$?
	pfctl -q -e && [ $rc = 0 ]'
test_expect 'with -n it is no error' '
	echo "set limit states 5000" | pfctl -nvf - >"$TMP/out" &&
	grep -qx "set limit states 5000" "$TMP/out"'
test_expect 'states as the machine has them hold' '
	load "set limit states $machine" && memory states $machine'

# From here on files stand in for the machine's two settings.
echo "$machine" >"$TMP/max"
echo 512 >"$TMP/buckets"
mount --bind "$TMP/max" $MAX
at_end "umount $MAX"
mount --bind "$TMP/buckets" $BUCKETS
at_end "umount $BUCKETS"

test_expect 'conntrack has the limit of states, and room to find them' '
	load "set limit states 4000" && is $MAX 4000 && is $BUCKETS 1001 &&
	memory states 4000'
test_expect 'fewer states need no fewer buckets' '
	load "set limit states 800" && is $MAX 800 && is $BUCKETS 1001'
test_expect '-d gives both back, -e sets them again' '
	pfctl -q -d && is $MAX $machine && is $BUCKETS 512 &&
	pfctl -q -e && is $MAX 800 && is $BUCKETS 512'
test_expect 'rules of a disabled pf set nothing' '
	pfctl -q -d && load "set limit states 900" && is $MAX $machine &&
	pfctl -q -e && is $MAX 900'
test_expect 'rules without a limit give back what it was' '
	load && is $MAX $machine && memory states $machine'
test_expect 'a load with -N leaves it' '
	load "set limit states 700" && echo "no nat all" |
	    pfctl -q -N -f - && is $MAX 700'
test_expect '-m leaves what is not given' '
	load "set limit { states 700, src-nodes 7 }" &&
	printf "%s\n" "set limit states 600" pass | pfctl -q -m -f - &&
	is $MAX 600 && memory src-nodes 7'
for mode in '' :after; do
	test_expect "a load that fails leaves the limit of before ($mode)" '
		load "set limit states 700" &&
		fails 1 "fault put in" env GAOL_FAULT=pf-load:commit$mode \
		    bash -c "echo set limit states 300 | pfctl -q -f -" &&
		is $MAX 700 && pfctl -q -d && is $MAX $machine && pfctl -q -e'
done
read_only() { # FILE COMMAND...: while the file is read-only
	mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || return
	"${@:2}"
	local rc=$?
	umount "$1" && return $rc
}
test_expect 'what is read-only is an error that names the line' '
	load "set limit states 700" && read_only $HIGH \
	    fails 1 "conf:1: set limit frags 9 cannot hold: $HIGH is $high and .*Read-only" \
	    load "set limit { states 300, frags 9 }" && is $MAX 700'
test_expect 'when one cannot be set the others are as before' '
	read_only $HIGH6 fails 1 "cannot set $HIGH6 to 20736: Read-only" \
	    load "set limit { states 300, frags 9 }" &&
	is $MAX 700 && is $HIGH $high && is $LOW $low &&
	load && is $MAX $machine'

test_expect 'frags: memory for as many, of each family' '
	load "set limit frags 50" && is $HIGH $((50 * 2304)) &&
	is $HIGH6 $((50 * 2304)) && memory frags 50'
test_expect 'frags: fewer, and more' '
	load "set limit frags 10" && is $HIGH 23040 &&
	load "set limit frags 5000" && is $HIGH $((5000 * 2304)) &&
	load "set limit frags 20" && memory frags 20'
test_expect 'frags: -d gives the memory back' '
	pfctl -q -d && is $HIGH $high && is $LOW $low && is $HIGH6 $high6 &&
	pfctl -q -e && is $HIGH $((20 * 2304))'
waiting() { # first fragments that nothing follows: N wait
	sed -n 's/^FRAG: inuse \([0-9]*\) .*/\1/p' /proc/net/sockstat
}
fragments() { # N
	ip netns exec $PEER python3 "$TOP/tests/limits.py" fragments \
	    10.9.0.2 10.9.0.1 "$1"
}
test_expect 'no more fragments wait' '
	load "set limit frags 5" &&
	fragments 40 && eventually [ "$(waiting)" -ge 5 ] &&
	waiting && [ "$(waiting)" -le 6 ]'
test_expect 'without, more do' '
	load && is $HIGH $high && fragments 40 && eventually eval "[ \$(waiting) -ge 40 ]"'

test_expect 'a load with more table entries is an error that names the table' '
	fails 1 "^$TMP/pf.conf:3: table <b>: with its 1 address all tables together have 3, more than set limit table-entries 2" \
	    load "set limit table-entries 2" "table <a> { 10.0.0.1 10.0.0.2 }" "table <b> { 10.0.0.3 }"'
test_expect 'table-entries: as many load' '
	load "set limit table-entries 3" "table <a> persist { 10.0.0.1 10.0.0.2 }" "table <b> persist { 10.0.0.3 }" &&
	memory table-entries 3'
test_expect 'table-entries: -T add finds no room, all stays' '
	fails 255 "all tables together would have 4 addresses, and set limit table-entries of the loaded rules is 3" \
	    pfctl -t b -T add 10.0.0.4; rc=$?
	[ $rc = 0 ] && [ "$(pfctl -t b -T show)" = "   10.0.0.3" ]'
test_expect 'table-entries: -T replace with more neither' '
	fails 255 "would have 4 addresses" pfctl -t b -T replace 10.0.0.4 10.0.0.5 &&
	[ "$(pfctl -t b -T show)" = "   10.0.0.3" ]'
test_expect 'table-entries: -T replace with as many, and add after delete' '
	pfctl -q -t b -T replace 10.0.0.4 && pfctl -q -t a -T delete 10.0.0.1 &&
	pfctl -q -t b -T add 10.0.0.5'
test_done
