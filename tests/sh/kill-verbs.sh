#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 at everything that a verb does: after each system call of a verb that
# changed something (tests/crash/killat.c counts them), the verb is run again
# and killed there. What follows must find its way: a list that works, the next
# verb that completes or undoes, and in the end nothing that was not there
# before. Every second time `gaol check --repair` comes first, and then
# `gaol check` finds nothing.
#
#	KILL_EVERY=N	only every N-th call (the first is drawn; make check
#			uses 17); 1: all
#	KILL_FROM=N	start with the N-th
#	KILL_ONLY=WORD	only rows whose title has the word
#
# A verb that changes something and has no row in rows.sh fails the test.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../crash/rows.sh"
KILLAT=$BUILD/tests/killat
[ -x "$KILLAT" ] || skip_all "tests/killat is not built: make tests"
: "${KILL_EVERY:=17}"
: "${KILL_FROM:=$((RANDOM % KILL_EVERY + 1))}"
echo "# KILL_EVERY=$KILL_EVERY KILL_FROM=$KILL_FROM"
# A killed process has no time to tell the leak checker; a traced one may not.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
# ---- the walk

done_verbs=()
# at N: the verb is prepared, killed after its N-th call, and the next follows.
at() {
	local n=$1 rc
	$prep || { echo "cannot prepare it"; return 1; }
	# shellcheck disable=SC2086 # words of a command line
	"$KILLAT" "$n" "$TMP/calls" $command >"$TMP/out" 2>&1 </dev/null
	rc=$?
	[ $rc -lt 2 ] || [ $rc = 137 ] || [ $rc = 255 ] || {
		echo "exit $rc"
		return 1
	}
	sane && { [ $((n % 2)) = 0 ] || mends; } && $next && unchanged
}

# Each row of rows.sh: not killed, then killed at one call after the other.
row() {
	local verb=$1 command=$2 prep=$3 next=$4 title="$1${5+, $5}" total
	done_verbs+=("$verb")
	[[ $title == *"${KILL_ONLY-}"* ]] || return 0
	test_expect "$title: not killed, it leaves nothing" '
		at 0 && total=$(wc -l <"$TMP/calls") && [ "$total" -gt 0 ]
	'
	total=$(wc -l <"$TMP/calls")
	test_expect "$title: killed after each of $total calls" '
		bad=0
		for ((n = KILL_FROM; n <= total + 2; n += KILL_EVERY)); do
			at $n >"$TMP/at" 2>&1 && continue
			echo "-- killed after $n: $(sed -n "${n}p" "$TMP/calls")"
			cat "$TMP/out" "$TMP/at"
			bad=$((bad + 1))
			$next; remember
			[ $bad -lt 4 ] || break
		done
		[ $bad = 0 ]
	'
}

verbs_prepare
rows

# ---- the rules for the next boot

# Those of one load with the facts of the same, and they load.
pair() {
	local last=/var/lib/gaol/pf facts rules
	facts=$(grep -c "iface em7" $last/facts) rules=$(grep -c em7 $last/rules)
	[ "$facts" = "$rules" ] &&
	pfctl -q --facts $last/facts -f $last/rules -n
}
test_expect 'pfctl -f: rules and facts for the next boot go together' '
	echo "block out on em7" | cat "$TMP/old.conf" - >"$TMP/em7.conf" &&
	for ((n = 1; n < 120; n += 1 + KILL_EVERY / 5)); do
		pfctl -q -f "$TMP/old.conf" && ip link add em7 type bridge &&
		"$KILLAT" $n "$TMP/calls" pfctl -q -f "$TMP/em7.conf"
		pair; got=$?
		ip link del em7
		[ $got = 0 ] || break
	done
	[ $n -ge 120 ] || { echo "after $n"; tail -n 1 "$TMP/calls"; false; }
'

# ---- is any verb left out?

# Those that have --plan change something.
writing_verbs() {
	local verb sub subs
	for verb in $(gaol --help | awk '/^Verbs:/ { on = 1; next }
	    /^$/ { on = 0 } on { print $1 }'); do
		subs=$(gaol "$verb" --help | awk '/^Verbs of/ { on = 1; next }
		    on { print $1 }')
		for sub in ${subs:-''}; do
			! gaol "$verb" ${sub:+"$sub"} --help | grep -q -- --plan ||
			    echo "$verb${sub:+ $sub}"
		done
	done
}
test_expect 'no verb that changes something is left out' '
	writing_verbs | sort >"$TMP/want" &&
	printf "%s\n" "${done_verbs[@]}" | grep -Ev "pfctl|--repair" |
	    sort -u >"$TMP/have" &&
	[ $(wc -l <"$TMP/want") -ge 15 ] && diff "$TMP/want" "$TMP/have"
'

# All options of pfctl but those that only look or say how; and
# those that are for gaol watch.
writing_options() {
	pfctl --candidates - | cut -f1 | grep -Evx -e \
	    '-[ADNOPRaghimnopqrstv]|--(facts|json|lint|test)'
	printf '%s\n' --follow --restore
}
test_expect 'no option of pfctl that changes something is left out' '
	writing_options | sort >"$TMP/want" &&
	printf "%s\n" "${done_verbs[@]}" | sed -n "s/^pfctl //p" |
	    sort -u >"$TMP/have" &&
	[ $(wc -l <"$TMP/want") -ge 11 ] && diff "$TMP/want" "$TMP/have"
'
gaol pool destroy -f lake >/dev/null
test_done
