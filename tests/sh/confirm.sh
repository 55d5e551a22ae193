#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl -f FILE --confirm SECONDS: unless it is confirmed in time, what was
# there before comes back, whatever became of the one who loaded it.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
mount -t tmpfs none /run
mkdir -p /var/lib/gaol
mount -t tmpfs none /var/lib/gaol
unset SSH_CONNECTION
ip link set lo up
ip link add em0 type veth peer name w0
ip addr add 192.168.178.40/24 dev em0
ip link set em0 up

LAST=/var/lib/gaol/pf
echo 'pass all label "old"' >"$TMP/old.conf"
echo 'block all label "new"' >"$TMP/new.conf"
echo 'block all label "newer"' >"$TMP/newer.conf"

stands() { # LABEL
	pfctl -s rules | grep -q "label \"$1\"" &&
	    [ "$(pfctl -s rules | wc -l)" = 1 ]
}
loaded_before() {
	pfctl -f "$TMP/old.conf" &&
	    { [ "$(pfctl -s Running)" = Enabled ] || pfctl -e; }
} 2>/dev/null
# A state, and whether it is there.
make_state() {
	ip addr add 192.168.178.41/24 dev em0 2>/dev/null
	echo x >/dev/udp/192.168.178.41/9
	state_there
}
state_there() {
	pfctl -s states | grep -q ':9 '
}
no_tables() {
	[ -z "$(nft list tables)" ]
}
# The processes that wait for a deadline.
clocks() {
	local p
	for p in /proc/[0-9]*; do
		tr '\0' ' ' <"$p/cmdline" 2>/dev/null |
		    grep -q '^pfctl .*--confirm' && echo "${p#/proc/}"
	done
}

loaded_before
test_expect 'rules on trial stand at once, and the states with them' '
	make_state &&
	pfctl -F all -f "$TMP/new.conf" --confirm 2 2>"$TMP/said" &&
	stands new && state_there &&
	grep -q "come back in 2 seconds; to keep these: pfctl --confirm" \
	    "$TMP/said"
'
test_expect 'the next boot would not begin with them' '
	grep -q old "$LAST/rules" && ! grep -q new "$LAST/rules"
'
test_expect 'unconfirmed, the old rules come back, the states are there' '
	eventually stands old && state_there && [ -z "$(clocks)" ] &&
	[ "$(pfctl -s Running)" = Enabled ]
'
test_expect 'a boot does not load for good what was never confirmed' '
	cmp "$LAST/unconfirmed" "$TMP/new.conf"
'

test_expect 'confirmed, they stay, and what was to be flushed is' '
	make_state &&
	pfctl -F all -f "$TMP/new.conf" --confirm=2 && stands new &&
	pfctl --confirm >"$TMP/said" 2>&1 && grep -q "rules confirmed" "$TMP/said" &&
	cat "$TMP/said" && grep -q "states cleared" "$TMP/said" && ! state_there &&
	grep -q new "$LAST/rules" && [ ! -e "$LAST/unconfirmed" ] &&
	sleep 3 && stands new && [ -z "$(clocks)" ]
'
test_expect 'there is nothing more to confirm' '
	! pfctl --confirm 2>"$TMP/said" &&
	grep -q "pfctl: no rules wait for a confirmation" "$TMP/said"
'

loaded_before
test_expect 'the loader, its shell and its session die: the old rules come back' '
	setsid bash -c "pfctl -f \"$TMP/new.conf\" --confirm 2; kill -9 0"
	stands new && eventually stands old
'
test_expect 'and so they do when the clock is killed, too' '
	pfctl -f "$TMP/new.conf" --confirm 1 && kill -9 $(clocks) &&
	stands new && sleep 4 && stands old
'
test_expect '--revert does not wait' '
	pfctl -f "$TMP/new.conf" --confirm 60 && stands new &&
	pfctl --revert && stands old && ! pfctl --revert
'
test_expect 'a second trial: what was confirmed last comes back' '
	pfctl -f "$TMP/new.conf" --confirm 60 &&
	pfctl -f "$TMP/newer.conf" --confirm 2 && stands newer &&
	eventually stands old
'
test_expect 'the clock of the first does not end the second' '
	pfctl -f "$TMP/new.conf" --confirm 1 &&
	pfctl -f "$TMP/newer.conf" --confirm 60 && sleep 3 &&
	stands newer && pfctl --revert && stands old
'
test_expect 'a load without --confirm ends the trial' '
	pfctl -f "$TMP/new.conf" --confirm 1 && pfctl -f "$TMP/newer.conf" &&
	sleep 3 && stands newer && ! pfctl --confirm &&
	grep -q newer "$LAST/rules" && [ ! -e "$LAST/unconfirmed" ]
'
test_expect 'a load that fails does not: the trial goes on' '
	loaded_before && pfctl -f "$TMP/new.conf" --confirm 2 &&
	echo "pass from" >"$TMP/bad.conf" && ! pfctl -f "$TMP/bad.conf" &&
	stands new && eventually stands old
'
test_expect 'a table changed on trial: the old rules come back' '
	echo "table <t> persist { 10.0.0.1 } block from <t> label \"new\"" |
	    sed "s/ block/\nblock/" >"$TMP/table.conf" &&
	pfctl -f "$TMP/table.conf" --confirm 2 &&
	pfctl -t t -T add 10.0.0.2 && eventually stands old &&
	! pfctl -t t -T show
'
test_expect 'pf was disabled: so it is again' '
	loaded_before && pfctl -d &&
	pfctl -e -f "$TMP/new.conf" --confirm 1 &&
	[ "$(pfctl -s Running)" = Enabled ] && stands new &&
	eventually stands old && [ "$(pfctl -s Running)" = Disabled ]
'
test_expect 'there was nothing before: nothing is left' '
	pfctl -F all
	nft flush ruleset && rm -r /run/gaol &&
	pfctl -e -f "$TMP/new.conf" --confirm 1 && stands new &&
	eventually no_tables
'
test_expect 'another program flushes it all: the old rules come back' '
	loaded_before && pfctl -f "$TMP/new.conf" --confirm 2 &&
	nft flush ruleset && eventually stands old &&
	[ "$(pfctl -s Running)" = Enabled ]
'

complains() { # MESSAGE ARG...
	local want=$1
	shift
	! pfctl "$@" 2>"$TMP/said" && grep -qF "$want" "$TMP/said"
}
test_expect 'it is said what does not go together' '
	complains "needs the seconds to wait" -f "$TMP/new.conf" --confirm &&
	complains "is for a file that is loaded" --confirm 60 &&
	complains "is for a file that is loaded" -nf "$TMP/new.conf" --confirm 60 &&
	complains "1 to 86400 seconds, not '"'0'"'" -f "$TMP/new.conf" --confirm 0 &&
	complains "1 to 86400 seconds" -f "$TMP/new.conf" --confirm=soon &&
	stands old
'

test_done
