#!/bin/bash
# Each step of `pfctl -f` fails once, on a host without rules and on one with
# others: the error names it, and the rules that stood still stand, in the
# kernel and by their text. The steps are asked from pfctl.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
ip link add em0 type dummy 2>/dev/null || ip link add em0 type bridge
ip link set em0 addrgenmode none
ip addr add 192.168.178.40/24 dev em0
ip link set em0 up

cat >"$TMP/old.conf" <<END
set skip on lo
nat on em0 from lo1:network to any -> 192.168.178.40
block in all
pass in on em0 proto tcp to port 22 keep state
pass out all keep state
END
cat >"$TMP/new.conf" <<END
set block-policy return
scrub in all
table <friends> { 203.0.113.0/24 }
rdr on em0 proto tcp to 192.168.178.40 port 80 -> 127.0.0.1 port 8080
block all
pass in on em0 proto tcp from <friends> to port { 22, 80 }
pass out on em0 all
END

rules() {
	pfctl -s nat 2>&1
	pfctl -s rules 2>&1
	pfctl -s Running 2>&1
}

LOAD='pfctl -f $TMP/new.conf'
load() {
	eval "$LOAD"
}

steps_of_load() {
	GAOL_STEPS=1 load 2>&1 >/dev/null | sed -n 's/^step //p'
}

no_rules() {
	pfctl -d -F all
	nft delete table inet pf
	nft delete table ip pf
	nft delete table ip6 pf
} >/dev/null 2>&1

old_rules() {
	pfctl -e
	pfctl -f "$TMP/old.conf"
} >/dev/null 2>&1

# faults TITLE RESET CHECK: RESET makes what stands before, CHECK is run after
# each fault.
faults() {
	title=$1 check=$3
	$2
	steps=$(steps_of_load)
	$2
	remember
	rules >"$TMP/rules-before"
	for step in $steps; do
		for mode in '' :after; do
			test_expect "$title: $step$mode fails, and nothing changes" '
				GAOL_FAULT=$step$mode load >"$TMP/out" 2>&1
				got=$?
				cat "$TMP/out"
				[ $got = 1 ] &&
				grep -q "[a-z]: fault put in by GAOL_FAULT" "$TMP/out" &&
				rules | diff "$TMP/rules-before" - && $check
			'
		done
	done
}

[ -n "$(steps_of_load)" ] ||
    skip_all "built without GAOL_FAULTS, or pfctl cannot load"
no_rules

faults 'no rules before' no_rules unchanged
old_rules
# A rule's number is not used twice: putting the old rules back after the new
# ones stood for a moment gives them new numbers. So the text counts here.
faults 'other rules before' old_rules true
test_expect 'there are more steps where rules are enabled' '
	grep -q sysctl <<<"$steps"
'
for step in $steps; do
	test_expect "killed after $step: the old rules or the new ones" '
		old_rules
		rules >"$TMP/rules-before"
		GAOL_FAULT=$step:kill pfctl -f "$TMP/new.conf" >"$TMP/out" 2>&1
		[ $? = 137 ] || exit 1
		rules >"$TMP/rules-after"
		cmp "$TMP/rules-before" "$TMP/rules-after" ||
		    grep -q friends "$TMP/rules-after" || exit 1
		pfctl -f "$TMP/new.conf" && rules | grep -q friends
	'
done

# On trial there are more steps, and a way back.
LOAD='pfctl -f $TMP/new.conf --confirm 600'
no_trial() {
	! pfctl --confirm
} 2>/dev/null
faults 'on trial' old_rules no_trial
test_expect 'there are more steps on trial' 'grep -q clock <<<"$steps"'
for step in $steps; do
	test_expect "killed after $step on trial: the old rules come back" '
		old_rules
		rules >"$TMP/rules-before"
		GAOL_FAULT=$step:kill load >"$TMP/out" 2>&1
		[ $? = 137 ] || exit 1
		rules >"$TMP/rules-after"
		cmp "$TMP/rules-before" "$TMP/rules-after" ||
		    pfctl --revert || exit 1
		rules | cmp "$TMP/rules-before" -
	'
done

test_done
