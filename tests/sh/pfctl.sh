#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pfctl against the kernel: on and off, what it shows, what it flushes, whom it
# spares, and what it does when others change nf_tables. (That packets are
# judged as pf judges them is replay-kernel's to show.)
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid
. "$(dirname "$0")/../pf-host.sh"

# Can the outside open a connection to this port, and how is it told if not?
reach() {
	world timeout 2 socat -T1 -u "TCP:192.168.178.40:$1,connect-timeout=1" - \
	    2>&1 | tee "$TMP/reach" | grep -q hello
}
refused() {
	! reach "$1" && grep -q 'Connection refused' "$TMP/reach"
}
silent() {
	! reach "$1" && ! grep -q 'Connection refused' "$TMP/reach"
}
serve 22
serve 80

cat >"$TMP/pf.conf" <<'EOF'
table <bad> persist { 198.51.100.0/24, !198.51.100.7 }
set skip on lo0
nat on em0 inet from 10.0.0.0/8 to any -> 192.168.178.40
block drop all
pass in on em0 proto tcp to port 22
pass out on em0
EOF

# A connection that stays open: lines typed to fd 5 come back.
socat TCP-LISTEN:2222,fork,reuseaddr EXEC:cat &
at_end "kill $!"
mkfifo "$TMP/in"
talk() { # SOURCE-PORT
	[ -z "${talker-}" ] || kill "$talker"
	exec 5<>"$TMP/in"
	: >"$TMP/out"
	nsenter -t "$outside" -n socat - \
	    "TCP:192.168.178.40:2222,sourceport=$1" <&5 >"$TMP/out" &
	talker=$!
	said one
}
said() {
	echo "$1" >&5
	eventually grep -qx "$1" "$TMP/out"
}
# ---- the session that pf is enabled in ----

test_expect 'a session of before is given a state when pf is enabled' '
	talk 40001 && pfctl -f "$TMP/pf.conf" &&
	SSH_CONNECTION="192.168.178.20 40001 192.168.178.40 2222" \
	    pfctl -e 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "kept the state of the session from 192.168.178.20 port 40001" \
	    "$TMP/err" && said zero && pfctl -s states | grep -q 40001 &&
	pfctl -q -d && pfctl -q -F all
'

# ---- who may ----

test_expect 'showing writes nothing' '
	rm -r /run/gaol/pf && nft flush ruleset && pfctl -s rules &&
	[ ! -e /run/gaol/pf ]
'
test_expect 'without root: one sentence, but -n works' '
	cp "$BUILD/pfctl" "$TMP/pfctl" && chmod 755 "$TMP" "$TMP/pfctl" &&
	nobody="setpriv --reuid 65534 --regid 65534 --clear-groups" &&
	! $nobody "$TMP/pfctl" -s rules 2>"$TMP/err" &&
	grep -q "^pfctl: the rules of this machine are root.s: become root" \
	    "$TMP/err" && [ "$(wc -l <"$TMP/err")" = 1 ] &&
	echo "pass all" | $nobody "$TMP/pfctl" -nf -
'

# ---- on and off ----

test_expect 'a load does not enable, and enabling says so' '
	pfctl -f "$TMP/pf.conf" && [ "$(pfctl -s Running)" = Disabled ] &&
	reach 80 &&
	pfctl -e 2>&1 | grep -qx "pf enabled" &&
	[ "$(pfctl -s Running)" = Enabled ] && reach 22 && silent 80
'
test_expect 'twice is refused' '
	! pfctl -e 2>"$TMP/err" &&
	[ "$(cat "$TMP/err")" = "pfctl: pf already enabled" ]
'
test_expect 'off: everything passes, the rules are kept' '
	pfctl -d 2>&1 | grep -qx "pf disabled" && reach 80 &&
	pfctl -s rules | grep -qx "block drop all" &&
	! pfctl -d 2>"$TMP/err" &&
	[ "$(cat "$TMP/err")" = "pfctl: pf not enabled" ] &&
	pfctl -q -e && silent 80
'

# ---- block return, and what it needs ----

test_expect 'block return refuses at once, coming in and going out' '
	sed "s/block drop/block return/; s/^pass out.*//" "$TMP/pf.conf" |
	    pfctl -f - && refused 80 && reach 22 &&
	[ "$(cat /proc/sys/net/ipv4/fwmark_reflect)" = 1 ] &&
	! socat -u TCP:192.168.178.20:9,connect-timeout=5 - 2>"$TMP/err" &&
	grep -q "Connection refused" "$TMP/err"
'
test_expect 'kernel settings are given back' '
	pfctl -q -d && [ "$(cat /proc/sys/net/ipv4/fwmark_reflect)" = 0 ] &&
	pfctl -q -f "$TMP/pf.conf" && pfctl -q -e
'

# ---- rdr to the host's own loopback ----

socat TCP-LISTEN:7777,bind=127.0.0.1,fork,reuseaddr "EXEC:echo hello" &
test_expect 'rdr to 127.0.0.1 works, and only what is redirected gets there' '
	printf "rdr on em0 proto tcp to port 8888 -> 127.0.0.1 port 7777\npass all\n" |
	    pfctl -f - && reach 8888 &&
	[ "$(cat /proc/sys/net/ipv4/conf/em0/route_localnet)" = 1 ] &&
	nft list chain inet pf martian | grep -q drop &&
	pfctl -q -d && [ "$(cat /proc/sys/net/ipv4/conf/em0/route_localnet)" = 0 ] &&
	pfctl -q -f "$TMP/pf.conf" && pfctl -q -e
'

# ---- errors ----

test_expect 'a syntax error on line 2: named, and the old rules stand' '
	printf "pass all\nblock frobnicate\n" >"$TMP/bad.conf" &&
	! pfctl -f "$TMP/bad.conf" 2>"$TMP/err" &&
	grep -q "bad.conf:2: syntax error" "$TMP/err" &&
	silent 80 && reach 22 && pfctl -s rules | grep -qx "block drop all"
'
test_expect 'what cannot be done on Linux: line, reason, nothing changed' '
	printf "pass all\npass in user 0\n" >"$TMP/bad.conf" &&
	! pfctl -F all -f "$TMP/bad.conf" 2>"$TMP/err" &&
	grep -q "bad.conf:2: user works only in rules with" "$TMP/err" &&
	! grep -q cleared "$TMP/err" && silent 80 &&
	pfctl -s rules | grep -qx "block drop all"
'
test_expect '-n says the same and loads nothing' '
	! pfctl -nf "$TMP/bad.conf" 2>"$TMP/err" &&
	grep -q "bad.conf:2: user works only" "$TMP/err" &&
	pfctl -s rules | grep -qx "block drop all"
'

# ---- states, and the session that must live ----

sed 's/port 22$/port { 22 2222 }/' "$TMP/pf.conf" >"$TMP/talk.conf"

test_expect 'a connection shows as a state' '
	pfctl -q -f "$TMP/talk.conf" && talk 40000 &&
	pfctl -s states >"$TMP/states" &&
	grep -qx "all tcp 192.168.178.40:2222 <- 192.168.178.20:40000       ESTABLISHED:ESTABLISHED" "$TMP/states" &&
	pfctl -s info | grep -Eq "current entries +[1-9]"
'
test_expect 'it outlives a load that no longer allows it' '
	pfctl -q -f "$TMP/pf.conf" && said two
'
test_expect '-F all -f spares the session it is typed in, and says so' '
	# As sudo does: the shell has the variable, pfctl has not.
	SSH_CONNECTION="192.168.178.20 40000 192.168.178.40 2222" bash -c "
		env -u SSH_CONNECTION pfctl -F all -f $TMP/pf.conf; true
	" 2>"$TMP/err"
	cat "$TMP/err"
	grep -q "kept the state of the session from 192.168.178.20 port 40000" \
	    "$TMP/err" && said three
'
test_expect 'the messages of -F all -f are those of pf' '
	grep -v "^pfctl:" "$TMP/err" | sed "s/^[0-9]* states/N states/" |
	    diff - <(cat <<-EOF
		rules cleared
		nat cleared
		1 tables deleted.
		N states cleared
		source tracking entries cleared
		pf: statistics cleared
		pf: interface flags reset
		EOF
	    )
'
test_expect 'without a session, -F states cuts it' '
	pfctl -F states 2>&1 | grep -Eqx "[1-9][0-9]* states cleared" &&
	echo four >&5 && sleep 0.3 && ! grep -qx four "$TMP/out" &&
	! pfctl -s states | grep -q 40000
'

# ---- parts ----

test_expect '-F rules leaves nat and tables, -F nat the rest' '
	pfctl -q -f "$TMP/pf.conf" && pfctl -q -F rules &&
	[ -z "$(pfctl -s rules)" ] && [ -n "$(pfctl -s nat)" ] &&
	[ "$(pfctl -s Tables)" = bad ] && reach 80 &&
	pfctl -q -F nat && [ -z "$(pfctl -s nat)" ] &&
	pfctl -q -f "$TMP/pf.conf"
'
test_expect 'tables: added to, taken from, tested, in the kernel too' '
	echo "block drop in quick from <bad>" |
	    cat "$TMP/pf.conf" - | pfctl -f - && reach 22 &&
	pfctl -t bad -T add 192.168.178.20 2>&1 |
	    grep -qx "1/1 addresses added." && silent 22 &&
	pfctl -t bad -T test 192.168.178.20 198.51.100.7
	[ $? = 2 ] && pfctl -t bad -T show | grep -qx "   192.168.178.20" &&
	pfctl -q -t bad -T delete 192.168.178.20 && reach 22
'
test_expect 'the addresses of a file are a table command'"'"'s too' '
	printf "%s\n" "203.0.113.0/24 # a comment" "!203.0.113.9" >"$TMP/list" &&
	pfctl -q -t bad -T replace -f "$TMP/list" 192.0.2.1 &&
	printf "   %s\n  !%s\n   %s\n" 192.0.2.1 203.0.113.9 203.0.113.0/24 |
	    sort >"$TMP/want" &&
	pfctl -t bad -T show | sort | diff "$TMP/want" - &&
	echo 192.0.2.7 | pfctl -t bad -T add -f - 2>&1 |
	    grep -qx "1/1 addresses added." &&
	fails 255 "^pfctl: cannot load $TMP/none: No such file" \
	    pfctl -t bad -T delete -f "$TMP/none" &&
	fails 1 "^usage: pfctl" pfctl -t bad -T show -f "$TMP/list"
'
test_expect '-v tells what became of each address' '
	pfctl -vv -t bad -T delete 192.0.2.7 192.0.2.7 203.0.113.9 10.9.9.9 \
	    2>/dev/null >"$TMP/out" &&
	printf "%s\n" "D  192.0.2.7" "X  192.0.2.7" "Y  203.0.113.9" \
	    "   10.9.9.9" | diff - "$TMP/out" &&
	pfctl -v -t bad -T add 192.0.2.8 192.0.2.1 "!192.0.2.1" 2>/dev/null |
	    diff <(printf "%s\n" "A  192.0.2.8" "Y !192.0.2.1") - &&
	pfctl -v -t bad -T replace 192.0.2.8 "!192.0.2.1" 2>/dev/null |
	    diff <(printf "%s\n" "C !192.0.2.1" "D  203.0.113.0/24" \
		"D !203.0.113.9") <(sort) &&
	pfctl -q -f "$TMP/pf.conf"
'
test_expect 'what was added to a table stays in it when the file is loaded again' '
	{ echo "table <seen> persist"; cat "$TMP/pf.conf"
	  echo "block drop in quick from <seen>"; } >"$TMP/seen.conf" &&
	pfctl -q -f "$TMP/seen.conf" && pfctl -q -t seen -T add 192.168.178.20 &&
	silent 22 && pfctl -q -f "$TMP/seen.conf" && silent 22 &&
	[ "$(pfctl -t seen -T show)" = "   192.168.178.20" ] &&
	pfctl -q -F all -f "$TMP/seen.conf" && [ -z "$(pfctl -t seen -T show)" ] &&
	reach 22
'
test_expect 'an address leaves a table by its age, over loads too' '
	pfctl -q -f "$TMP/seen.conf" && pfctl -q -t seen -T add 192.0.2.1 &&
	sleep 3 && pfctl -q -t seen -T add 192.0.2.2 192.0.2.3 &&
	pfctl -q -f "$TMP/seen.conf" &&
	pfctl -vv -t seen -T expire 2 >"$TMP/out" 2>"$TMP/err" &&
	grep -qx "1/1 addresses expired." "$TMP/err" &&
	echo "D  192.0.2.1" | diff - "$TMP/out" &&
	[ "$(pfctl -t seen -T show | wc -l)" = 2 ] &&
	pfctl -t seen -T expire 100 2>&1 | grep -qx "0/0 addresses expired." &&
	fails 1 "^pfctl: expiry time: soon is not a number" \
	    pfctl -t seen -T expire soon
'
test_expect '-T show -v tells since when it is there, -T zero begins anew' '
	sleep 2 && old=$(date -d "1 second ago" +%s) &&
	pfctl -vt seen -T show 2>/dev/null >"$TMP/out" &&
	since=$(date -d "$(sed -n "s/^\tCleared: *//p" "$TMP/out" | head -1)" +%s) &&
	[ "$since" -le "$old" ] && [ "$since" -gt $((old - 30)) ] &&
	pfctl -t seen -T zero 2>&1 | grep -qx "1 table/stats cleared." &&
	pfctl -vt seen -T show 2>/dev/null | diff - "$TMP/out"
	[ $? = 1 ] && pfctl -q -F all -f "$TMP/pf.conf"
'
test_expect 'what cannot be loaded is told with its own line all the same' '
	printf "%s\n" "table <seen> persist" "" \
	    "scrub in all reassemble tcp" >"$TMP/bad.conf" &&
	fails 1 "^$TMP/bad.conf:3: reassemble tcp " pfctl -q -f "$TMP/bad.conf"
'
test_expect 'a table waits for the rules of its anchor' '
	{ cat "$TMP/pf.conf"; echo "anchor \"x\""; } >"$TMP/anchor.conf" &&
	pfctl -q -f "$TMP/anchor.conf" &&
	pfctl -a x -t peer -T add 192.168.178.20 2>&1 |
	    grep -qx "1 table created." &&
	pfctl -q -f "$TMP/anchor.conf" && [ "$(pfctl -a x -s Tables)" = peer ] &&
	silent 80 && echo "pass in proto tcp from <peer> to port 80" |
	    pfctl -q -a x -f - && reach 80 &&
	pfctl -q -a x -F all && silent 80
'
test_expect 'an anchor that is not there' '
	fails 0 "^pfctl: Anchor or Ruleset does not exist\.$" \
	    pfctl -a nope -s Tables &&
	fails 0 "^pfctl: DIOCGETRULES: Invalid argument$" pfctl -a nope -s rules &&
	fails 0 "^Anchor .nope. not found\.$" pfctl -a nope -s Anchors &&
	fails 0 "^pfctl: Anchor or Ruleset does not exist\.$" \
	    pfctl -a nope -F all
'
test_expect 'an anchor is loaded by itself and stays when the rest is' '
	{ cat "$TMP/pf.conf"; echo "anchor \"x\""; } >"$TMP/anchor.conf" &&
	pfctl -q -f "$TMP/anchor.conf" && silent 80 &&
	echo "pass in proto tcp to port 80" | pfctl -a x -f - && reach 80 &&
	[ "$(pfctl -s Anchors)" = "  x" ] &&
	pfctl -q -f "$TMP/anchor.conf" && reach 80 &&
	pfctl -q -a x -F rules && silent 80
'

written() {
	pfctl -s written | sed "1,/^# written$/d"
}
test_expect '-s written: the rules as the file has them, as long as they are those' '
	cat >"$TMP/written.conf" <<-"EOF" &&
	set skip on lo0
	table <t> persist { 10.0.0.1 }
	block all
	anchor "x"
	pass out proto tcp to port { 80 443 }
	pass out from <t>
	pass out from <t>
	EOF
	cat >"$TMP/want" <<-"EOF" &&
	skip lo0
	anchor 
	block drop all
	anchor "x" all
	pass out proto tcp from any to any port = 80 flags S/SA keep state
	pass out proto tcp from any to any port = 443 flags S/SA keep state
	pass out from <t> to any flags S/SA keep state
	pass out from <t> to any flags S/SA keep state
	EOF
	pfctl -q -f "$TMP/written.conf" && written | diff "$TMP/want" - &&
	pfctl -s loaded | grep -c "from <t>" | grep -qx 1 &&
	pfctl -q -t t -T add 10.0.0.2 && written | diff "$TMP/want" - &&
	pfctl -s written | sed "/^# random /,\$d" |
	    diff <(pfctl -s loaded | grep -E "^(table <|# anchor)") - &&
	echo "pass in proto tcp to port 80" | pfctl -q -a x -f - &&
	written | diff "$TMP/want" - &&
	pfctl -s written | grep -A1 -x "# anchor x" | grep "^pass in" &&
	pfctl -q -f "$TMP/written.conf" && written | diff "$TMP/want" - &&
	pfctl -q -a x -F rules && written | diff "$TMP/want" - &&
	pfctl -q -F nat && written | diff "$TMP/want" - &&
	pfctl -q -F all -f "$TMP/written.conf" && written | diff "$TMP/want" - &&
	pfctl -q -R -f "$TMP/written.conf" && written | diff "$TMP/want" - &&
	pfctl -q -F rules && [ -z "$(written)" ] &&
	pfctl -q -F all -f "$TMP/pf.conf"'

test_expect 'an anchor can be loaded before there is a main ruleset' '
	pfctl -q -d && nft flush ruleset && rm -r /run/gaol/pf &&
	echo "pass in proto tcp to port 80" | pfctl -a x -f - &&
	[ -z "$(pfctl -s rules)" ] && [ -n "$(pfctl -a x -s rules)" ] &&
	pfctl -q -e && pfctl -q -f "$TMP/anchor.conf" && reach 80 &&
	pfctl -q -f "$TMP/pf.conf"
'

# ---- others ----

test_expect 'a flush by another program is seen and said' '
	pfctl -q -f "$TMP/pf.conf" && nft flush ruleset &&
	! pfctl -s rules 2>"$TMP/err" &&
	grep -q "another program removed table inet pf" "$TMP/err" &&
	grep -q "pfctl -f" "$TMP/err"
'
test_expect 'and mended by a load: enabled as before' '
	pfctl -q -f "$TMP/pf.conf" && [ "$(pfctl -s Running)" = Enabled ] &&
	silent 80
'
test_expect 'so is a rule that was slipped in' '
	nft insert rule inet pf ext_in accept &&
	! pfctl -s rules 2>"$TMP/err" &&
	grep -q "another program changed table inet pf" "$TMP/err" &&
	pfctl -q -f "$TMP/pf.conf" && silent 80
'
test_expect 'a foreign drop is named, with the lines that cure it' '
	nft add table inet filter &&
	nft "add chain inet filter forward { type filter hook forward priority 0; policy drop; }" &&
	pfctl -f "$TMP/pf.conf" 2>"$TMP/err" && cat "$TMP/err" &&
	grep -q "chain forward of table inet filter (nftables.service) drops in forward" \
	    "$TMP/err" &&
	sed -n "s/^nft /&/p" "$TMP/err" >"$TMP/cure" && [ -s "$TMP/cure" ] &&
	sh -e "$TMP/cure" && pfctl -f "$TMP/pf.conf" 2>"$TMP/err" &&
	! grep -q "inet filter" "$TMP/err" && nft delete table inet filter
'
test_expect 'no table but its own is touched' '
	nft add table inet mine && nft add chain inet mine c &&
	pfctl -q -F all && pfctl -q -f "$TMP/pf.conf" &&
	nft list chain inet mine c && nft delete table inet mine
'
test_expect 'rules from a pipe are waited for' '
	pfctl -nvf <(sleep 0.2; echo "pass in on em0 all no state") >"$TMP/out" &&
	echo "pass in on em0 all no state" | diff - "$TMP/out"
'
test_expect 'an interface is in the group of its driver' '
	ip link add br7 type bridge && ip addr add 10.9.0.1/24 dev br7 &&
	echo "pass in on bridge from bridge to any" | pfctl -nvf - >"$TMP/out" &&
	ip link delete br7 &&
	echo "pass in on bridge inet from 10.9.0.1 to any flags S/SA keep state" |
	    diff - "$TMP/out"
'
test_expect 'two loaders at once: one or the other, whole' '
	for i in 1 2 3 4 5; do
		pfctl -q -f "$TMP/pf.conf" & a=$!
		pfctl -q -f "$TMP/talk.conf" & b=$!
		wait $a && wait $b || exit 1
		n=$(pfctl -s rules | wc -l)
		[ "$n" = 3 ] || [ "$n" = 4 ] || exit 1
	done
'
test_expect '-r shows names of hosts in states and tables' '
	printf "%s\n" "192.168.178.20 client.example" "192.168.178.40 server.example" \
	    >"$TMP/hosts" && mount --bind "$TMP/hosts" /etc/hosts &&
	echo "pass in on em0 proto tcp to port 80" >"$TMP/r.conf" &&
	pfctl -q -f "$TMP/r.conf" && reach 80 &&
	pfctl -r -s states | tee "$TMP/out" &&
	grep "server.example:80 <- client.example:[0-9]" "$TMP/out" &&
	! pfctl -s states | grep example &&
	pfctl -q -t named -T add 192.168.178.20 192.0.2.0/24 192.0.2.77 &&
	pfctl -r -t named -T show | diff - <(printf "   %s\n" 192.0.2.0/24 \
	    192.0.2.77 "192.168.178.20	(client.example)") &&
	pfctl -r -v -t named -T test 192.168.178.20 2>/dev/null |
	    grep -x "M  192.168.178.20	(client.example)"
'
test_done
