#!/bin/bash
# Each step of create and start fails once: the error names it, and nothing is
# left. The steps are asked from the programs, so that a new one is tested
# without being named here. Three ways each: it fails, it counts as failed
# after it was done, and the process is killed after it.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool"

# steps_of CMD...: run it, print the steps that it took as ARRAY:STEP.
steps_of() {
	GAOL_STEPS=1 "$@" 2>&1 >/dev/null | sed -n 's/^step //p'
}

# Something in the error says that the fault was met, after naming the step.
named() {
	cat "$TMP/out"
	grep -q "^gaol: .*: fault put in by GAOL_FAULT$" "$TMP/out"
}

gaol create -n probe -r tiny >/dev/null && gaol destroy -f probe >/dev/null
if GAOL_FAULT=create:clone gaol create -n x -r tiny >/dev/null 2>&1; then
	:
else
	built=1
fi
[ -n "${built-}" ] || skip_all "built without GAOL_FAULTS"

# ---- create ----

steps=$(steps_of gaol create -n probe -r tiny)
gaol destroy -f probe >/dev/null
test_expect 'create takes steps' '[ $(wc -l <<<"$steps") -ge 4 ]'
for step in $steps; do
	remember
	for mode in '' :after; do
		test_expect "create: $step$mode fails, and nothing is left" '
			GAOL_FAULT=$step$mode gaol create -n x -r tiny \
			    >"$TMP/out" 2>&1
			[ $? = 1 ] && named && unchanged
		'
	done
	test_expect "create: killed after $step, all or nothing" '
		GAOL_FAULT=$step:kill gaol create -n x -r tiny >"$TMP/out" 2>&1
		[ $? = 137 ] || exit 1
		gaol list -H | cut -f2 | grep -qx x && gaol destroy -f x
		gaol create -e -n y && gaol destroy -f y && unchanged
	'
done

# ---- start ----

# With all that makes a step wanted. The first start leaves files of its /etc
# and a log.
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' exec_prestart=true \
    exec_created=true exec_poststart=true exec_prestop=true \
    exec_poststop=true memoryuse=deny=64M maxproc=deny=100 >/dev/null
gone() {
	eventually bash -c '! ip link show jail-web' >/dev/null 2>&1
}
steps=$(steps_of gaol start web)
gaol stop web >/dev/null
gone
test_expect 'start takes steps' '[ $(wc -l <<<"$steps") -ge 10 ]'
test_expect 'and all that --plan shows' '
	gaol start --plan web | sed -n "s/^  \([a-z-]*\): .*/start:\1/p" |
	    sort >"$TMP/plan" &&
	grep "^start:" <<<"$steps" | sort | diff "$TMP/plan" -
'
is_down() {
	[ "$(gaol get state web)" = down ]
}

# After the last step the jail runs on without the start; before it, gaol-init
# ends with it, a moment later.
last=$(tail -1 <<<"$steps")
settled() {
	if [ "$step" = "$last" ]; then ! is_down; else eventually is_down; fi
}

remember
for step in $steps; do
	for mode in '' :after; do
		test_expect "start: $step$mode fails, and nothing is left" '
			GAOL_FAULT=$step$mode gaol start web >"$TMP/out" 2>&1
			[ $? = 1 ] && named && unchanged
		'
	done
	test_expect "start: killed after $step, and stop clears up" '
		GAOL_FAULT=$step:kill gaol start web >"$TMP/out" 2>&1
		cat "$TMP/out"
		settled && { gaol stop web || is_down; } && unchanged
	'
	test_expect "start: killed after $step, and the next start works" '
		GAOL_FAULT=$step:kill gaol start web >"$TMP/out" 2>&1
		settled && { ! is_down || gaol start web; } &&
		gaol exec web true && gaol stop web && unchanged
	'
done

# ---- stop ----

test_expect 'a gaol-init that was killed shows as down and is cleared up' '
	gaol start web && kill -9 "$(gaol get jid web)" &&
	eventually is_down &&
	gaol stop web && unchanged
'
test_expect 'and so does a start after it' '
	gaol start web && kill -9 "$(gaol get jid web)" &&
	eventually is_down &&
	gaol start web && gaol exec web true && gaol stop web && unchanged
'

# ---- a start that is told to end ----

gaol set exec_start="sleep 30" web >/dev/null 2>&1
gone
remember
for signal in INT TERM HUP; do
	test_expect "SIG$signal while it starts: nothing is left" '
		number=$(kill -l $signal)
		# The shell has what it puts aside ignore SIGINT.
		env --default-signal=INT gaol start web >"$TMP/out" 2>&1 &
		pid=$!
		eventually pgrep -fx "sleep 30" >/dev/null
		kill -$signal $pid
		wait $pid
		[ $? = $((128 + number)) ] || { cat "$TMP/out"; exit 1; }
		grep -q "the start of jail .web. was interrupted" "$TMP/out" &&
		[ "$(gaol get state web)" = down ] && unchanged
	'
done

test_done
