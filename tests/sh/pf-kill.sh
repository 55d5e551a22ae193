#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl -k label, and -i with what kills states: no more than was meant.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
. "$(dirname "$0")/../pf-host.sh"

# One connection of the world's to each port, held open.
for port in 80 81 82 83; do
	socat "TCP-LISTEN:$port,fork,reuseaddr" EXEC:cat &
	at_end "kill $!"
	eventually bash -c "exec 3<>/dev/tcp/192.168.178.40/$port" 2>/dev/null
done
mkfifo "$TMP/never"
exec 7<>"$TMP/never"
connect() { # PORT...: anew
	local port
	for port; do
		world socat -u - "TCP:192.168.178.40:$port" <&7 &
		at_end "kill $!"
		eventually is_open "$port"
	done
}
is_open() {
	pfctl -s states | grep -q "192.168.178.40:$1 <- .*ESTABLISHED:ESTABLISHED"
}
# The ports whose connections have states.
states() {
	pfctl -s states | sed -n 's/.*192.168.178.40:\([0-9]*\) <- .*/\1/p' |
	    sort -u | paste -sd' '
}
cat >"$TMP/pf.conf" <<'EOF'
set skip on lo0
block drop in on em0
pass in on em0 proto tcp to port 80 label "web"
pass in on em0 proto tcp to port 81 keep state (if-bound) label "port-$dstport"
pass in on em0 proto tcp to port 83
anchor "mine" {
	pass in on em0 proto tcp to port 82 label "web"
}
EOF
pfctl -f "$TMP/pf.conf" && pfctl -q -e

test_expect '-k label kills the states of the rules with that label, in anchors too' '
	connect 80 81 82 83 && [ "$(states)" = "80 81 82 83" ] &&
	pfctl -k label -k web 2>"$TMP/err" && cat "$TMP/err" &&
	echo "killed 2 states" | diff - "$TMP/err" && [ "$(states)" = "81 83" ]
'
test_expect 'the label is what it was expanded to' '
	pfctl -k label -k "port-\$dstport" 2>&1 | grep -x "killed 0 states" &&
	pfctl -k label -k port-81 2>&1 | grep -x "killed 1 states" &&
	[ "$(states)" = 83 ]
'
test_expect 'no part of a label, and none of no label' '
	pfctl -k label -k we 2>&1 | grep -x "killed 0 states" &&
	fails 1 "^pfctl: no label specified" pfctl -k label -k "" &&
	fails 1 "^pfctl: no label specified" pfctl -k label &&
	fails 1 "^pfctl: no id specified" pfctl -k id &&
	grep -q "^usage: pfctl" "$TMP/.stderr" &&
	fails 1 "^pfctl: label too long: x*" pfctl -k label \
	    -k "$(printf "x%.0s" {1..64})" && [ "$(states)" = 83 ]
'
test_expect 'states of rules of before have no label that is known: that is told' '
	connect 80 && pfctl -f "$TMP/pf.conf" &&
	pfctl -k label -k web 2>"$TMP/err" && cat "$TMP/err" &&
	grep -qx "killed 0 states" "$TMP/err" &&
	grep -q "^pfctl: 2 states are of rules that were loaded before" "$TMP/err" &&
	[ "$(states)" = "80 83" ] && pfctl -q -k label -k web 2>"$TMP/err" &&
	[ ! -s "$TMP/err" ] && pfctl -q -F states
'
test_expect '-i kills only what is bound to that interface' '
	connect 80 81 && pfctl -i lo0 -k 192.168.178.20 2>&1 | grep "^killed 0 " &&
	pfctl -i em0 -k 192.168.178.20 2>&1 | grep "^killed 1 " &&
	[ "$(states)" = 80 ] && connect 81 &&
	pfctl -i em0 -k label -k web 2>&1 | grep -x "killed 0 states" &&
	pfctl -i all -k label -k web 2>&1 | grep -x "killed 1 states" &&
	[ "$(states)" = 81 ]
'
test_expect 'so does -F states' '
	connect 80 && pfctl -i em0 -F states 2>&1 | grep -x "1 states cleared" &&
	[ "$(states)" = 80 ] && connect 81 &&
	pfctl -i all -F states 2>&1 | grep -x "1 states cleared" &&
	[ "$(states)" = 81 ]
'
test_done
