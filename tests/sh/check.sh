#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What pfctl --lint and gaol check find, and what pfctl --test says: each file
# below tests/check has beside it what is to be printed. No root is needed.
#
#	lint/NAME.conf		pfctl -n --lint -f NAME.conf
#	system/NAME.conf	gaol check --file NAME.conf
#	test/NAME.test		pfctl --test NAME.test -f (its first line)
#
# A first line "# facts: FILE" names the machine; NAME.facts, or facts, if there
# is none. GOLDEN=write writes the answers anew, to be read before they are kept.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

facts_of() {
	local name
	name=$(sed -n '1s/^# facts: *//p' "$1")
	if [ -n "$name" ]; then
		echo "../$name"
	elif [ -e "${1%.*}.facts" ]; then
		echo "${1%.*}.facts"
	else
		echo ../facts
	fi
}

# The answer to one file, and the exit code.
answer() {
	local facts rules
	facts=$(facts_of "$1")
	case $PWD in
	*/lint) pfctl --facts "$facts" -n --lint -f "$1" ;;
	*/system) gaol check --facts "$facts" --file "$1" ;;
	*/test)
		rules=$(sed -n 's/^# rules: *//p' "$1")
		pfctl --facts "$facts" --test "$1" -f "$rules"
		;;
	esac 2>&1
	echo "exit $?"
}

golden() {
	answer "$1" >"$TMP/got"
	[ "${GOLDEN-}" != write ] || cp "$TMP/got" "${1%.*}.ok"
	diff -u "${1%.*}.ok" "$TMP/got"
}

for kind in lint system test; do
	cd "$TOP/tests/check/$kind" || continue
	for file in *.conf *.test; do
		[ -e "$file" ] || continue
		test_expect "$kind: ${file%.*}" 'golden "$file"'
	done
done

cd "$TOP/tests/check/lint" || exit
test_expect 'a clean file is said to be one' '
	for clean in clean-*.ok; do
		grep -qx "nothing found" "$clean" && grep -qx "exit 0" "$clean" || exit
	done'
test_expect 'findings as JSON' '
	! pfctl --facts ../facts -n --lint --json -f tutorial-final.conf >"$TMP/json" &&
	python3 - "$TMP/json" <<-"END"
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert (d["schema"], d["version"]) == ("gaol.lint", 1), d
	assert d["unchecked"] == []
	got = [(f["level"], f["code"], f["file"], f["line"]) for f in d["findings"]]
	assert got == [("error", "rdr-to-nobody", "tutorial-final.conf", 11),
	    ("warning", "rdr-from-anywhere", "tutorial-final.conf", 11),
	    ("warning", "block-without-effect", "tutorial-final.conf", 13)], got
	assert all(f["what"] and f["why"] and f["fix"] and f["source"] for f in d["findings"])
	END'
test_expect 'what does not load cannot be looked at' '
	echo "pass in from" >"$TMP/bad.conf" &&
	fails 2 "^$TMP/bad.conf:1: syntax error" pfctl --facts ../facts -n --lint -f "$TMP/bad.conf" &&
	fails 2 "cannot|No such file" pfctl --facts ../facts -n --lint -f "$TMP/none.conf" &&
	fails 1 "give -n and -f" pfctl --lint -f tutorial-final.conf &&
	fails 1 "give -n and -f" pfctl -n --lint'
# Indented lines behind the line that matches $1, up to the next that are not.
block() {
	awk -v from="$1" '
	    $0 ~ from { on = 1; next }
	    on && /^    / { seen = 1; print substr($0, 5); next }
	    on && seen && !/^$/ { exit }' "$TOP/README.md"
}
test_expect 'docs/check.md has every code' '
	{
		cat "$TOP"/src/*/*.c | grep "FINDING_[A-Z]*, \"" |
		    grep -oE "\"[a-z0-9]+(-[a-z0-9]+)+\""
		for conf in ../system/*.conf; do
			gaol check --json --facts "${conf%.conf}.facts" --file "$conf"
		done | sed -n "s/^ *.code.: \(.*\),$/\1/p"
	} | tr -d "\"" | sort -u >"$TMP/codes" && [ "$(wc -l <"$TMP/codes")" -gt 50 ] &&
	while read -r code; do
		grep -qF "\`$code\`" "$TOP/docs/check.md" || echo "$code"
	done <"$TMP/codes" >"$TMP/missing"; cat "$TMP/missing"; [ ! -s "$TMP/missing" ]'
test_expect 'the answer in README is the one to its rules' '
	mkdir "$TMP/readme" && facts=$PWD/../facts && cd "$TMP/readme" &&
	block "^./etc/pf.conf.:" >pf.conf && block "rules on this page it says" >want &&
	[ "$(wc -l <pf.conf)" -gt 10 ] && [ -s want ] &&
	pfctl --facts "$facts" -n --lint -f pf.conf | sed "s,^pf.conf,/etc/pf.conf," >got
	diff want got; rc=$?; cd "$TOP/tests/check/lint" && [ $rc = 0 ]'
test_expect 'a file on standard input' '
	pfctl --facts ../facts -n --lint -f - <tutorial-rdr.conf >"$TMP/out"; [ $? = 1 ] &&
	grep -q "^stdin:11: error: rdr to 192.168.0.4" "$TMP/out" || { cat "$TMP/out"; false; }'
test_done
