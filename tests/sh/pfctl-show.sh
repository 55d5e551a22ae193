#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What pfctl -s tells of this machine and of the rules' traffic.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
. "$(dirname "$0")/../pf-host.sh"

load() {
	cat >"$TMP/pf.conf" && pfctl -f "$TMP/pf.conf"
}
ct() {
	echo "/proc/sys/net/netfilter/nf_conntrack_$1"
}

load <<'EOF'
set skip on lo0
block in on em0 proto tcp to port 23
pass out on em0
EOF
pfctl -q -e

test_expect 'time-outs are those that conntrack has' '
    echo 77 >"$(ct tcp_timeout_syn_recv)" &&
    echo 7 >"$(ct udp_timeout_stream)" &&
    pfctl -s timeouts >"$TMP/out" && [ "$(wc -l <"$TMP/out")" = 20 ] &&
    grep -qx "tcp.opening                  77s" "$TMP/out" &&
    grep -qx "udp.multiple                  7s" "$TMP/out" &&
    grep -qx "adaptive.start                0 states" "$TMP/out"'

test_expect 'the limit of states is that of conntrack' '
    pfctl -s memory >"$TMP/out" && [ "$(wc -l <"$TMP/out")" = 4 ] &&
    grep -qx "states        hard limit *$(cat "$(ct max)")" "$TMP/out" &&
    grep -qx "src-nodes     unlimited" "$TMP/out"'

test_expect 'interfaces, skipped ones, and what refers to them' '
    pfctl -s Interfaces >"$TMP/out" &&
    grep -qx em0 "$TMP/out" && grep -qx all "$TMP/out" &&
    grep -qx lo0 "$TMP/out" && [ "$(pfctl -s Interfaces -i em0)" = em0 ] &&
    pfctl -s Interfaces -v 2>&1 | grep -qx "lo0 (skip)" &&
    pfctl -s Interfaces -vv -i em0 2>&1 | grep -q "Rules: 2 "'

# counters FIELD RULE: of the rule, by -s rules -v
counters() {
	pfctl -s rules -v 2>/dev/null | grep -A2 "^$2" |
	    sed -n "s/.*$1: \([^ ]*\) .*/\1/p"
}
serve 80
load <<'EOF'
set skip on lo0
block drop in on em0 inet proto tcp
block drop in on em0 inet6
pass in on em0 inet proto tcp to port 80 label "web"
pass in on em0 inet proto tcp to port 81 flags any no state label "open"
anchor "mine" in on em0 {
	pass in on em0 inet proto tcp to port 82
}
EOF

test_expect 'a rule counts the packets of its states, both ways' '
    reach 80 && reach 80 &&
    [ "$(counters "State Creations" "pass.*http")" = 2 ] &&
    pfctl -s labels >"$TMP/out" && cat "$TMP/out" &&
    set -- $(grep ^web "$TMP/out") && [ "$2" = - ] &&
    [ $(($5 + $7)) = "$3" ] && [ $(($6 + $8)) = "$4" ] && [ "$9" = 2 ] &&
    [ "$5" -ge 8 ] && [ "$7" -ge 6 ]'

test_expect 'so do rules that block and that keep no state' '
    ! reach 79 1 && ! reach 81 1 &&
    [ "$(counters Packets "block.*tcp")" -ge 1 ] &&
    [ "$(counters Packets "pass.*no state")" -ge 1 ] &&
    [ "$(counters States "pass.*no state")" = 0 ]'

test_expect 'a rule in an anchor counts for the one that calls it, too' '
    ! reach 82 1 && [ "$(counters Packets anchor)" -ge 1 ] &&
    [ "$(counters Packets anchor)" = "$(
	pfctl -a mine -s rules -v 2>/dev/null |
	    sed -n "s/.*Packets: \([0-9]*\).*/\1/p")" ]'

test_expect 'what is not counted has no number' '
    [ "$(counters Evaluations "pass.*http")" = - ]'

test_expect 'the rules say who loaded them' '
    pfctl -s rules -v 2>/dev/null >"$TMP/out" &&
    ! grep "Inserted: uid 0 pid 0 " "$TMP/out" &&
    grep "Inserted: uid 0 pid [0-9]" "$TMP/out" >/dev/null'

test_expect '-z: from 0 again, anchors stay, and -s shows first' '
    pfctl -z -s labels | grep -q "^web - [1-9]" &&
    pfctl -s labels | grep -qx "web - 0 0 0 0 0 0 0" &&
    [ "$(counters Packets "block.*tcp")" = 0 ] &&
    pfctl -a mine -s rules -v 2>/dev/null | grep -q "Packets: [1-9]" &&
    reach 80 && [ "$(counters "State Creations" "pass.*http")" = 1 ] &&
    pfctl -a mine -z &&
    pfctl -a mine -s rules -v 2>/dev/null | grep -q "Packets: 0 " &&
    pfctl -s labels | grep -q "^web - [1-9]"'

test_expect 'rules that were put back count from 0, whatever -z noted' '
    reach 80 && pfctl -z && nft delete table inet pf &&
    pfctl --restore >/dev/null && pfctl -q -e 2>/dev/null; reach 80 &&
    pfctl -s rules -v 2>&1 | grep -A2 "pass.*http" &&
    [ "$(counters "State Creations" "pass.*http")" = 1 ]'

test_expect 'a load begins at 0' '
    pfctl -f "$TMP/pf.conf" &&
    pfctl -s labels | grep -qx "web - 0 0 0 0 0 0 0"'

load <<'EOF'
set skip on lo0
nat on em0 inet from 10.0.0.0/8 to any -> 192.168.178.40
rdr pass on em0 inet proto tcp from any to any port 8080 -> 192.168.178.40 port 80
block in on em0 inet proto tcp
EOF

test_expect 'a rule that passes what it translates counts it' '
    reach 8080 && pfctl -s nat -v 2>/dev/null >"$TMP/out" &&
    grep -A1 "^rdr pass" "$TMP/out" | grep "Packets: [1-9]" >/dev/null &&
    grep -A2 "^rdr pass" "$TMP/out" |
	grep "State Creations: 1 " >/dev/null &&
    grep -A1 "^nat on" "$TMP/out" |
	grep "Packets: -  .* States: -  " >/dev/null'

test_expect 'all is shown' '
    pfctl -s all >"$TMP/out" 2>"$TMP/err" && [ ! -s "$TMP/err" ] &&
    grep ":$" "$TMP/out" >"$TMP/titles" &&
    printf "%s:\n" "TRANSLATION RULES" "FILTER RULES" STATES INFO TIMEOUTS \
	LIMITS TABLES | diff - "$TMP/titles"'

test_expect 'nft lists the tables without complaint' '
    ! command -v nft || { nft list ruleset >/dev/null 2>"$TMP/err" &&
    [ ! -s "$TMP/err" ]; }'

load <<'EOF'
set timeout { udp.first 5000, udp.multiple 8 }
block in
pass out on em0
pass out on em0 proto udp to port 99 keep state (udp.first 9000)
EOF
life() {
	echo x >"/dev/udp/192.168.178.20/$1"
	pfctl -ss -v | grep -A1 ":$1 " | grep "$2"
}
test_expect 'time-outs that rules set are told, the others of UDP with them' '
    pfctl -s timeouts >"$TMP/out" &&
    grep -qx "udp.first                  5000s" "$TMP/out" &&
    grep -qx "udp.single                   30s" "$TMP/out" &&
    grep -qx "udp.multiple                  8s" "$TMP/out" &&
    grep -qx "tcp.opening                  77s" "$TMP/out"'
test_expect 'a state lives by set timeout' 'life 98 "expires in 01:2"'
test_expect 'a state lives by its rule' 'life 99 "expires in 02:[23]"'
pfctl -ef "$TMP/pf.conf" 2>/dev/null
test_expect 'time-outs outlive a load of what is loaded' '
    pfctl -s timeouts | grep -qx "udp.first                  5000s" &&
    life 97 "expires in 01:2"'

# four FIELD [PART], six ..: its number of that family, in the part "Packets
# IN|OUT" if given. (What IPv6 does by itself comes when it likes.)
interface() {
	pfctl -s info >"$TMP/info"
	grep -x "Interface Stats for em0  *IPv4  *IPv6" "$TMP/info" >/dev/null &&
	    sed -n "/${2-Interface}/,/^$/p" "$TMP/info" |
	    sed -n "s/^ *$1  *\([0-9]*\)  *\([0-9]*\)$/\1 \2/p" | head -n 1
}
four() {
	interface "$@" | cut -d " " -f 1
}
six() {
	interface "$@" | cut -d " " -f 2
}
load <<'EOF'
set loginterface em0
set skip on lo0
pass on em0 inet
block return in on em0 inet proto tcp to port 23
block drop in on em0 inet6
block drop out on em0 inet proto udp
EOF
shout() { # 20 + 8 + 6 bytes
	world bash -c "printf 123456 >/dev/udp/192.168.178.40/9"
}
test_expect 'set loginterface: nothing yet' '
    [ "$(four "Bytes In")" = 0 ] && [ "$(four Blocked "Packets Out")" = 0 ]'
test_expect '.. what passes in, with its bytes' '
    shout && shout && [ "$(four "Bytes In")" = 68 ] &&
    [ "$(four Passed "Packets In")" = 2 ] &&
    [ "$(four Blocked "Packets In")" = 0 ]'
test_expect '.. what is blocked, with an answer or without one' '
    ! reach 23 && [ "$(four Blocked "Packets In")" -ge 1 ] &&
    pfctl -q -F info && ! bash -c "printf 1 >/dev/udp/192.168.178.20/9" &&
    [ "$(four Blocked "Packets Out")" = 1 ] &&
    [ "$(four Passed "Packets Out")" = 0 ] && [ "$(four "Bytes Out")" = 29 ]'
test_expect '.. of IPv6' '
    ip addr add fd00::1/64 dev em0 nodad && world ip addr add fd00::2/64 dev w0 nodad &&
    world bash -c "printf 1 >/dev/udp/fd00::1/9" &&
    [ "$(six Blocked "Packets In")" -ge 1 ] && [ "$(six "Bytes In")" -ge 40 ]'
test_expect '.. and -F info begins again, a load does not' '
    pfctl -q -F info && [ "$(four "Bytes In")" = 0 ] && shout &&
    pfctl -f "$TMP/pf.conf" && [ "$(four "Bytes In")" = 34 ] &&
    pfctl -t none -T add 192.0.2.1 2>/dev/null && [ "$(four "Bytes In")" = 34 ]'
test_expect '.. a loopback is refused, with its line' '
    ! printf "set loginterface lo0\npass\n" | pfctl -q -f - 2>"$TMP/err" &&
    grep -q "^stdin:1: set loginterface lo0 is not built yet" "$TMP/err"'

test_done
