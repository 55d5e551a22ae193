#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The pages whose commands are run (tests/docs.sh): is every block run
# somewhere, and every command that the text names in a block? And does the
# runner see what is wrong?
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/docs.sh"

# ---- the runner itself

# A page of these lines is run; prints the TAP of it.
run() {
	printf '%s\n' "$@" >"$TMP/page.md"
	mkdir -p "$TMP/run"
	(
		trap - EXIT
		page=$TMP/page.md TMP=$TMP/run test_n=0 test_failures=0
		docs_page "$page"
		test_done
	)
}

test_expect 'commands, outputs and files' '
	mkdir "$TMP/f" && docs_replace /etc/thing "$TMP/f/thing" &&
	run "Text." "<!-- lab: x=7 &&" "y=8 -->" \
	    "\`\`\`conf /etc/thing" "a = 1" "b = 2" "\`\`\`" \
	    "\`\`\`console" "# cat /etc/thing" "a = 1" "b = 2" \
	    "# echo \$x \$y" "7 8" "# printf \"a\\nb\\nc\\nd  e\\n\"" "a" "..." "d [...]" \
	    "# echo a \\" "b" "a b" "\`\`\`" \
	    "\`\`\`console fails" "# false" "\`\`\`" >"$TMP/tap"; cat "$TMP/tap" &&
	[ "$(grep -c "^ok" "$TMP/tap")" = 7 ]'
for wrong in '# echo hello|hell' '# echo hello|hello|again' '# printf "a\nb"|a' \
    '# echo a|...|b' '# echo a b|a [...] c' '# false' '# false|' 'echo a' \
    '# printf "ab\nc\n"|a|...' '# echo "*"|x' '# echo x|*'; do
	mapfile -t lines <<<"${wrong//|/$'\n'}"
	test_expect "seen to be wrong: $wrong" '
		! run "\`\`\`console" "${lines[@]}" "\`\`\`"'
done
test_expect 'seen to be wrong: a command that should fail' '
	! run "\`\`\`console fails" "# true" "\`\`\`"'
test_expect 'a block of another place is not run' '
	run "<!-- in: vm -->" "\`\`\`console" "# false" "\`\`\`"'

# ---- the pages

# Blocks as lines "NUMBER<TAB>PLACES<TAB>FENCE".
blocks() {
	awk '
	/^<!-- in: / { where = $0; sub(/^<!-- in: */, "", where); sub(/ *-->.*/, "", where) }
	/^```/ {
		if (inside) { inside = 0; next }
		inside = 1
		print NR "\t" (where == "" ? "lab" : where) "\t" $0
		where = ""
	}' "$1"
}

# Each block is of a kind that is run, in a place where this page is run.
has_places() {
	local page=$1 name=${1##*/} line places fence place runs bad=0
	while IFS=$'\t' read -r line places fence; do
		case $fence in
		'```console' | '```console fails' | '```conf /'*) ;;
		*) echo "$name:$line: what is a block $fence?"; bad=1 ;;
		esac
		for place in $places; do
			runs="docs_page .*$name\"? $place\$"
			[ "$place" != lab ] || runs="docs_page .*$name\"?( lab)?\$"
			grep -rqE "$runs" "$TOP/tests" && continue
			echo "$name:$line: nothing in tests/ runs this page in '$place'"
			bad=1
		done
	done < <(blocks "$page")
	return $bad
}

commands() {
	awk '
	/^```/ { inside = !inside; next }
	inside && /^([a-z0-9_-]*# |client\$ )/ { sub(/^[^#$]*[#$] /, ""); print }' "$1"
}

# What stands between backquotes in the text and looks like a command line.
named() {
	awk '/^```/ { inside = !inside; next } !inside' "$1" | tr '\n' ' ' |
	    grep -oE '`[^`]+`' | tr -d '`' |
	    grep -E '^(gaol|iocage|pfctl|service|sysrc|systemctl|journalctl|apt|dpkg|nft|ip|btrfs) [^ ]'
}

names_what_it_runs() {
	local cmd bad=0
	commands "$1" >"$TMP/commands"
	while IFS= read -r cmd; do
		# `pfctl -f FILE`: words in capitals stand for something.
		grep -qE -- "$(sed -E 's/[][().*+?{}|^$\\]/\\&/g; s/\b[A-Z][A-Z]+\b/[^ ]+/g; s/ \\\.\\\.\\\.$//' <<<"$cmd")" \
		    "$TMP/commands" && continue
		echo "${1##*/}: the text says '$cmd', no block does"
		bad=1
	done < <(named "$1")
	return $bad
}

for page in $(grep -l '^```console' "$TOP"/docs/*.md "$TOP/README.md"); do
	name=${page##*/}
	test_expect "$name: every block is run somewhere" 'has_places "$page"'
	test_expect "$name: every command in the text is in a block" \
	    'names_what_it_runs "$page"'
done

# ---- tests/README.md: each test that it names is there

tests_named() {
	grep '^| ' "$1" | grep -oE '`(sh|unit|lab|package|vm/guest)/[^`]+`' | tr -d '`'
}
lost_tests() {
	local file title
	tests_named "$1" | while IFS= read -r file; do
		title=${file#*: }
		file=$TOP/tests/${file%%:*}
		[ -f "$file" ] && [ "$title" = "${file#"$TOP"/tests/}" ] ||
		    grep -qE "test_expect ['\"]$title" "$file" || echo "$title"
	done 2>&1
}
test_expect 'every test that tests/README.md names is there' '
	[ "$(tests_named "$TOP/tests/README.md" | wc -l)" -gt 50 ] &&
	[ -z "$(lost_tests "$TOP/tests/README.md" | tee /dev/stderr)" ]'
test_expect 'seen to be wrong: a test that is gone' '
	sed "s,sh/faults.sh,sh/fault.sh,; s/beside: br_net/beside: a br_net/" \
	    "$TOP/tests/README.md" >"$TMP/rotten" &&
	[ "$(lost_tests "$TMP/rotten" | wc -l)" -ge 2 ]'
test_done
