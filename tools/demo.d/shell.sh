# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Typing at the host, at the client outside and at a jail's console, shown as a
# person would see it. Sourced by tools/demo.

run_rc=0

# Show the file "out" as it grows; of long output the end only.
show_output() {
	local tail=$1
	if [ -z "$tail" ]; then
		tee "$demo_dir/out"
		# What ends in a question has no newline.
		[ -z "$(tail -c 1 "$demo_dir/out")" ] || echo
		return
	fi
	cat >"$demo_dir/out"
	local lines
	lines=$(wc -l <"$demo_dir/out")
	[ "$lines" -le "$tail" ] || printf '[%d lines more]\n' $((lines - tail))
	tail -n "$tail" "$demo_dir/out"
}

type_and_run() {
	local prompt=$1 tail=$2 where=$3 cmd=$4
	printf '\n%s%s%s%s\n' "$bold" "$prompt" "$cmd" "$plain"
	run_rc=0
	set +e
	"$where" bash -c "$cmd" 2>&1 </dev/null | show_output "$tail"
	run_rc=${PIPESTATUS[0]}
	set -e
}

# Type a command on the host. It must succeed; run_rc has how it ended.
run() {
	type_and_run 'jailhost# ' '' host "$1"
	[ $run_rc = 0 ] || claim "'$1' succeeds" ended_with 0
}

# The same, with only the end of its long output shown.
run_long() {
	type_and_run 'jailhost# ' 6 host "$1"
	[ $run_rc = 0 ] || claim "'$1' succeeds" ended_with 0
}

# The same for a command that is to fail.
run_refused() {
	type_and_run 'jailhost# ' '' host "$1"
}

outside() {
	type_and_run 'client# ' '' world "$1"
}

# Write the file $1 on the host, and show it.
write_file() {
	printf '\n%sjailhost# cat > %s%s\n' "$bold" "$1" "$plain"
	tee "$demo_dir/file"
	# shellcheck disable=SC2016
	host bash -c 'cat >"$0"' "$1" <"$demo_dir/file"
}

# iocage console $@, as at a terminal: script(1) gives it one.
console_open() {
	printf '\n%sjailhost# iocage console %s%s\n' "$bold" "$*" "$plain"
	coproc CONSOLE {
		host env TERM=dumb script -qec "iocage console $*" /dev/null 2>&1
	}
	console_pid=$CONSOLE_PID
	console_n=0
	console_until
}

# Show what comes from the console until its prompt, or until text $1.
console_until() {
	local want=${1-} c line='' said=''
	while IFS= read -r -N 1 -t 300 -u "${CONSOLE[0]}" c; do
		[ "$c" != $'\r' ] || continue
		printf '%s' "$c"
		said+=$c line+=$c
		[ "$c" != $'\n' ] || line=''
		if [ -n "$want" ]; then
			[[ $line != *"$want"* ]] || break
		else
			[[ $line != root@*:*'# ' ]] || break
		fi
	done
	printf '%s' "$said" >"$demo_dir/console.$console_n"
	[ -n "$c" ] || claim "the jail's console answers" false
}

# Type a line; show what comes until the prompt, or until text $2.
console_type() {
	console_n=$((console_n + 1))
	printf '%s\n' "$1" >&"${CONSOLE[1]}"
	console_until "${2-}"
}

console_close() {
	printf 'exit\n' >&"${CONSOLE[1]}"
	tr -d '\r' <&"${CONSOLE[0]}"
	wait "$console_pid" || :
}

# For claims about what came after the line typed as number $1.
console_said() {
	grep -Eq -- "$2" "$demo_dir/console.$1" || {
		echo "the console did not show: $2"
		return 1
	}
}
