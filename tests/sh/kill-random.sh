#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 at random moments: a verb out of all that change something, killed
# after a part of the time that it takes. What follows must find its way, and
# in the end nothing is there that was not there before. A third of the times
# `gaol check --repair` comes first.
#
#	KILLS=N		how many (make check: 60); a verb that ended before it
#			could be killed does not count
#	SEED=N		draws the same verbs and moments again
#	KILL_ONLY=WORD	only rows whose title has the word
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../crash/rows.sh"
: "${KILLS:=60}"
: "${SEED:=$((RANDOM * 32768 + RANDOM))}"
echo "# KILLS=$KILLS SEED=$SEED"
RANDOM=$SEED
verbs_prepare

titles=() commands=() preps=() nexts=() takes=() killed=() ended=() total=0
row() {
	local title="$1${5+, $5}"
	[[ $title == *"${KILL_ONLY-}"* ]] || return 0
	titles+=("$title")
	commands+=("$2")
	preps+=("$3")
	nexts+=("$4")
}
rows

now() {
	echo $((${EPOCHREALTIME/./}))
}
# How long a row's verb takes, in microseconds.
measure() {
	local i=$1 from
	${preps[i]} && from=$(now) && ${commands[i]} </dev/null >/dev/null 2>&1
	takes[i]=$(($(now) - from))
	killed[i]=0 ended[i]=0
	${nexts[i]}
}
measure_all() {
	local i
	for i in "${!titles[@]}"; do
		measure "$i" && unchanged || {
			echo "${titles[i]}, not killed"
			return 1
		}
	done
}
test_expect "each of ${#titles[@]} verbs is measured, and leaves nothing" measure_all

# Sets i, the row, and moment, in seconds. (Not printed: a subshell would draw
# the same again.)
draw() {
	i=$((RANDOM % ${#titles[@]}))
	local us=$(((RANDOM * 32768 + RANDOM) % (takes[i] * 11 / 10 + 1)))
	moment=$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))
	repair=$((RANDOM % 3))
}
one() {
	local rc
	${preps[i]} || { echo "cannot prepare it"; return 1; }
	# shellcheck disable=SC2086 # words of a command line
	timeout --foreground -s KILL "$moment" ${commands[i]} \
	    >"$TMP/out" 2>&1 </dev/null
	rc=$?
	case $rc in
	137) killed[i]=$((killed[i] + 1)) total=$((total + 1)) ;;
	0 | 124) ended[i]=$((ended[i] + 1)) ;;
	*)
		# A check that was not killed found a fault.
		[[ $rc.${commands[i]} == '1.gaol check'* ]] || {
			echo "exit $rc"
			return 1
		}
		ended[i]=$((ended[i] + 1))
		;;
	esac
	sane && { [ $repair != 0 ] || mends; } && ${nexts[i]} && unchanged
}
random_kills() {
	local n bad=0
	total=0
	for ((n = 1; total < KILLS && n <= 6 * KILLS; n++)); do
		draw
		one >"$TMP/one" 2>&1 && continue
		echo "-- $n: ${titles[i]}, killed after $moment s," \
		    "repair=$repair"
		cat "$TMP/out" "$TMP/one"
		${nexts[i]} >/dev/null 2>&1
		remember
		bad=$((bad + 1))
		[ $bad -lt 5 ] || break
	done
	[ $bad = 0 ] && [ $total = "$KILLS" ]
}
test_expect "killed at $KILLS random moments" random_kills
for i in "${!titles[@]}"; do
	echo "# ${killed[i]} killed, ${ended[i]} ended before, of $((takes[i] / 1000)) ms: ${titles[i]}"
done
gaol pool destroy -f lake >/dev/null 2>&1
test_done
