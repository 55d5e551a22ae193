# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the demo claims, sourced by tools/demo: each claim is checked where it is
# made; the first that fails ends the demo.

claims=()
demo_dir=$(mktemp -d)
demo_started=$SECONDS

if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' green='' red='' plain=''
fi

title() {
	printf '\n%s== %s %s%s\n' "$bold" "$1" \
	    "$(printf '=%.0s' $(seq $((74 - ${#1}))))" "$plain"
}

# A paragraph for the reader.
say() {
	printf '\n'
	printf '%s\n' "$*" | tr -s ' \t\n' ' ' | fold -s -w 78 | sed 's/ *$//'
	printf '\n'
}

# claim TEXT CMD...: TEXT is true if CMD succeeds. What CMD prints is shown only
# if it fails.
claim() {
	local text=$1
	shift
	if "$@" >"$demo_dir/claim" 2>&1 </dev/null; then
		claims+=("yes  $text")
		printf '  %s[yes]%s %s\n' "$green" "$plain" "$text"
		return 0
	fi
	claims+=("NO   $text")
	printf '  %s[NO]  %s%s\n' "$red" "$text" "$plain"
	sed 's/^/        | /' "$demo_dir/claim"
	printf '        checked with:%s\n' "$(printf ' %q' "$@")"
	demo_end
}

# For claims about what the last command printed and how it ended.
printed() {
	grep -Eq -- "$1" "$demo_dir/out" || {
		echo "its output does not match: $1"
		return 1
	}
}

not() {
	! "$@"
}

all_of() {
	local cmd
	for cmd; do
		eval "$cmd" || {
			echo "does not hold: $cmd"
			return 1
		}
	done
}

# The last command printed exactly the file $1.
printed_all() {
	diff -u --label expected --label printed "$1" "$demo_dir/out"
}

ended_with() {
	[ "$run_rc" = "$1" ] || {
		echo "it ended with $run_rc, not $1"
		return 1
	}
}

demo_begin() {
	title 'gaol: jails behind one address, on Linux'
	say 'This walks through the tutorial "FreeBSD Jails Loopback IP" on a throw-away
	    Debian host. Lines that begin with jailhost# are typed on the host, client#
	    on a machine outside, mydb# in the jail. What follows them is their real
	    output. Lines with [yes] say what was checked then.'
}

demo_end() {
	local failed=0 c
	title 'Claims'
	for c in "${claims[@]}"; do
		printf '  %s\n' "$c"
		[[ $c != NO* ]] || failed=1
	done
	rm -rf --one-file-system "$demo_dir"
	if [ $failed = 1 ]; then
		printf '\n%sdemo: this claim does not hold: %s%s\n' "$red" \
		    "${claims[-1]#NO   }" "$plain"
		exit 1
	fi
	printf '\n%sdemo: all %d claims hold (%d s)%s\n' "$green" "${#claims[@]}" \
	    $((SECONDS - demo_started)) "$plain"
	exit 0
}
