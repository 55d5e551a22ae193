#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Limits of states and sources with real connections: who goes over them is in
# the table, is cut off, and is let in again when he is taken out.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"

PEER=pflimits$$
mount -t tmpfs tmpfs /run
ip netns add $PEER
at_end "ip netns del $PEER"
ip link set lo up
ip link add em0 type veth peer name em1 netns $PEER
ip addr add 10.9.0.1/24 dev em0
ip link set em0 up
ip -n $PEER link set lo up
ip -n $PEER addr add 10.9.0.2/24 dev em1
ip -n $PEER addr add 10.9.0.3/24 dev em1
ip -n $PEER link set em1 up

python3 "$TOP/tests/limits.py" serve 10.9.0.1 22 80 &
at_end "kill $!; wait $!"

load() { # RULES
	printf '%s\n' "${option-}" "table <bad> persist" \
		"block in quick from <bad>" "$@" | "$BUILD/pfctl" -q -f -
}
peer() { ip netns exec $PEER python3 "$TOP/tests/limits.py" "$@"; }
# times N WHAT: so often did -s info count it
times() {
	"$BUILD/pfctl" -v -s info | tee "$TMP/info" |
		grep -Ex "  $2 +$1 +([0-9.]+/s)?" || { cat "$TMP/info"; return 1; }
}
bad() { "$BUILD/pfctl" -q -t bad -T show | tr -d ' \n'; }

serves() { [ "$(peer open 10.9.0.2 10.9.0.1 22 1)" = 1 ]; }
eventually serves
"$BUILD/pfctl" -q -e

load 'pass in proto tcp to port 22 keep state (max-src-conn-rate 3/600, overload <bad> flush global)' \
	'pass in proto tcp to port 80'
test_expect 'a fast source gets three connections, then none lives' \
	'[ "$(peer held 10.9.0.2 10.9.0.1 22 5)" = "0 of 5" ]'
test_expect 'and is in the table' '[ "$(bad)" = 10.9.0.2 ]'
test_expect 'what -s info counted' 'times 1 max-src-conn-rate &&
	times 1 "overload table insertion" && times 1 "overload flush states" &&
	times 1 src-limit && times 0 max-src-conn && "$BUILD/pfctl" -q -F info &&
	times 0 src-limit'
test_expect 'another source is not troubled' \
	'[ "$(peer held 10.9.0.3 10.9.0.1 22 3)" = "3 of 3" ]'
test_expect 'none of its states is shown' \
	'! "$BUILD/pfctl" -ss | grep -q 10.9.0.2'
load 'pass in proto tcp to port 22 keep state (max-src-conn-rate 3/600, overload <bad> flush global)'
test_expect 'a load keeps it in the table' '[ "$(bad)" = 10.9.0.2 ]'
test_expect 'and out' '[ "$(peer open 10.9.0.2 10.9.0.1 22 1)" = 0 ]'
"$BUILD/pfctl" -q -t bad -T delete 10.9.0.2
test_expect 'taken out of the table it may come again' \
	'[ "$(peer held 10.9.0.2 10.9.0.1 22 2)" = "2 of 2" ]'
"$BUILD/pfctl" -q -t bad -T flush

load 'pass in proto tcp to port 22 keep state (max-src-conn 2, overload <bad>)'
test_expect 'without flush the first two live' \
	'[ "$(peer held 10.9.0.2 10.9.0.1 22 3)" = "2 of 3" ]'
test_expect 'who went over max-src-conn is in the table' \
	'[ "$(bad)" = 10.9.0.2 ]'
"$BUILD/pfctl" -q -t bad -T flush
test_expect 'what -s info counted of max-src-conn' 'times 1 max-src-conn &&
	times 1 "overload table insertion" && times 0 "overload flush states" &&
	times 1 src-limit && "$BUILD/pfctl" -q -F info'

load 'pass in proto tcp to port 22 keep state (max 2)'
test_expect 'max: two connections of whoever' \
	'[ "$(peer open 10.9.0.2 10.9.0.1 22 3)" = 2 ]'
test_expect '.. is a limit of states' '
	"$BUILD/pfctl" -v -s info | grep "  max states per rule  *[1-9]" &&
	"$BUILD/pfctl" -s info | grep "  state-limit  *[1-9]" && times 0 src-limit'
load 'pass in proto tcp to port 22 keep state (max-src-nodes 1)'
test_expect 'max-src-nodes: one source, as often as it likes' \
	'[ "$(peer both 10.9.0.2 10.9.0.3 10.9.0.1 22)" = "2 0" ]'
load 'pass in proto tcp to port 22 keep state (max-src-states 2, source-track rule)'
test_expect 'max-src-states: each source its own' \
	'[ "$(peer open 10.9.0.2 10.9.0.1 22 3)" = 2 ] &&
	[ "$(peer open 10.9.0.3 10.9.0.1 22 3)" = 2 ]'
test_expect '.. and -s info tells of both limits, and that sources are tracked' '
	"$BUILD/pfctl" -v -s info | grep "  max-src-nodes  *[1-9]" &&
	"$BUILD/pfctl" -v -s info | grep "  max-src-states  *[1-9]" &&
	"$BUILD/pfctl" -v -s info | grep -A 2 "^Source Tracking" |
		grep -A 1 "  current entries  *[1-9]" | grep "searches  *- *$"'

option='set limit src-nodes 1'
load 'pass in proto tcp to port 22 keep state (source-track rule)'
test_expect 'a source of src-nodes, as often as it likes' \
	'[ "$(peer both 10.9.0.2 10.9.0.3 10.9.0.1 22)" = "2 0" ]'
load 'pass in proto tcp to port 22 keep state (max-src-conn-rate 9/60)'
test_expect 'src-nodes: of a rule with a rate too' \
	'[ "$(peer both 10.9.0.2 10.9.0.3 10.9.0.1 22)" = "2 0" ]'
two() { # TRACKING: two rules
	load "pass in proto tcp to port 22 keep state (source-track $1)" \
		"pass in proto tcp to port 80 keep state (source-track $1)"
}
two global
test_expect 'src-nodes: a source of all rules counts once' \
	'[ "$(peer ports 10.9.0.2 10.9.0.1 22 80)" = "1 1" ]'
two rule
test_expect 'src-nodes: one of rules of their own for each' \
	'[ "$(peer ports 10.9.0.2 10.9.0.1 22 80)" = "1 0" ]'
for n in 70000 80000; do
	option="set limit src-nodes $n"
	load 'pass in proto tcp to port 22 keep state (max-src-states 2, source-track rule)'
done
test_expect 'src-nodes: more than a set has without' \
	'nft list set inet pf sources_80000 | grep -q "size 80000" &&
	nft list set inet pf states_1_2_80000 | grep -q "size 80000"'

option='set limit table-entries 1'
load 'pass in proto tcp to port 22 keep state (max-src-conn-rate 1/600, overload <bad>)'
test_expect 'table-entries: packets put in no more either' '
	peer held 10.9.0.2 10.9.0.1 22 2 && peer held 10.9.0.3 10.9.0.1 22 2 &&
	[ "$(bad)" = 10.9.0.2 ] &&
	! nft list set inet pf over4_bad | grep -q 10.9.0.3'
test_done
