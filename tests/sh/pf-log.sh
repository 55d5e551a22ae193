#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Which packets that cross the machine are logged, and as what.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
. "$(dirname "$0")/../pf-through.sh"

for group in 0 1; do
	python3 "$TOP/tests/nflog.py" $group >"$TMP/group$group" &
	at_end "kill $!"
	eventually grep -q ready "$TMP/group$group"
done
pass() { # PACKET
	comes "$1" "src=10.9.0.2 ttl=63"
}
answer() {
	[ "$(python3 "$TOP/tests/through.py" $B:far $MAC $A:far \
		"udp 10.9.1.2:2000 > 10.9.0.2:$FROM ipid=8 len=9")" = \
		"src=10.9.1.2 ttl=63" ]
}
# logged LINE...: since the last call
seen0=1 seen1=1
logged() { group_logged 0 "$@"; }
group_logged() { # GROUP LINE...
	local group=$1 seen=seen$1
	shift
	printf '%s\n' "$@" >"$TMP/want"
	eventually lines "$TMP/group$group" "$((${!seen} + $#))" || {
		tail -n "+$((${!seen} + 1))" "$TMP/group$group"
		return 1
	}
	tail -n "+$((${!seen} + 1))" "$TMP/group$group" | diff "$TMP/want" - || return
	printf -v "$seen" %d "$((${!seen} + $#))"
}
lines() { # FILE N
	[ "$(wc -l <"$1")" = "$2" ]
}

"$BUILD/pfctl" -q -e
test_expect 'log: the packet that makes a state' \
	'load "pass in log on em0 proto udp" "pass out log on em1 proto udp" && FROM=1001 &&
	pass "$(udp)" && pass "$(udp)" && answer &&
	logged "pf rule 0 pass in" "pf rule 1 pass out"'
test_expect 'log (all): every packet of the state, both ways' \
	'load "pass in log (all) on em0 proto udp" "pass out on em1" && FROM=1002 &&
	pass "$(udp)" && pass "$(udp)" && answer &&
	logged "pf rule 0 pass in" "pf rule 0 pass in" "pf rule 0 pass out"'
test_expect '.. of either rule that has made one' \
	'load "pass in on em0 proto udp" "pass out log (all) on em1 proto udp" && FROM=1003 &&
	pass "$(udp)" && pass "$(udp)" && answer &&
	logged "pf rule 1 pass out" "pf rule 1 pass out" "pf rule 1 pass in"'
test_expect '.. and to which group' \
	'load "pass in log (all, to pflog1) on em0 proto udp" "pass out on em1" &&
	FROM=1004 && pass "$(udp)" && pass "$(udp)" &&
	group_logged 1 "pf rule 0 pass in" "pf rule 0 pass in"'
test_expect '.. in an anchor' \
	'load "anchor in on em0 {" "pass log (all) proto udp" "}" "pass out on em1" &&
	FROM=1005 && pass "$(udp)" && pass "$(udp)" &&
	logged "pf rule 0 pass in" "pf rule 0 pass in"'
test_expect 'log (all) of what makes no state is log' \
	'load "pass in log (all) on em0 proto udp no state" "block out log (all) on em1 proto udp" &&
	comes "$(FROM=1006 udp)" lost && comes "$(FROM=1006 udp)" lost &&
	logged "pf rule 0 pass in" "pf rule 1 block out" \
		"pf rule 0 pass in" "pf rule 1 block out"'
test_done
