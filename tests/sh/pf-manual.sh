#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The examples of pf.conf(5) are read, each as it stands there, and the page
# names every option and time-out that the parser knows.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

page=$TOP/man/pf.conf.5
facts=$TOP/tests/conformance/tutorial/facts.txt

# Example $1 of the page, without the page's own marks.
example() {
	awk -v want="$1" '
	    /^\.Sh EXAMPLES/ { on = 1 }
	    /^\.Sh SEE ALSO/ { on = 0 }
	    on && /^\.Bd/ { n++; inside = 1; next }
	    /^\.Ed/ { inside = 0 }
	    inside && n == want' "$page" | sed 's/\\-/-/g; s/\\e/\\/g'
}

n=0
while [ -n "$(example $((n + 1)))" ]; do
	n=$((n + 1))
	example "$n" >"$TMP/example"
	test_expect "example $n of the manual page is read" \
	    'pfctl --facts "$facts" -nvf "$TMP/example" >"$TMP/out" 2>"$TMP/err" &&
	    [ -s "$TMP/out" ] && [ ! -s "$TMP/err" ]'
done
test_expect 'the manual page has examples' '[ "$n" -ge 3 ]'

names() {
	sed -n "s/^	{ \"\([a-z.-]*\)\", PF_TM_.*/\1/p" "$TOP/src/pf/names.c"
	sed -n 's/.*\[PF_LIMIT_[A-Z_]*\] = { "\([a-z-]*\)".*/\1/p' "$TOP/src/pf/names.c"
	sed -n 's/^	case K_\([A-Z_]*\):$/\1/p' "$TOP/src/pf/parse-option.c" |
	    tr 'A-Z_' 'a-z-' | sed 's/^/set /'
}
test_expect 'every option, limit and time-out is on the page' '
	names >"$TMP/names" && [ "$(wc -l <"$TMP/names")" -gt 30 ] &&
	sed "s/\\\\-/-/g" "$page" >"$TMP/page" &&
	while read -r name; do
		grep -qF -- "$name" "$TMP/page" || echo "$name"
	done <"$TMP/names" >"$TMP/missing" && cat "$TMP/missing" &&
	[ ! -s "$TMP/missing" ]'

# What a load refuses (src/pf/lower-check.c) is on the page, and only that.
on_linux() {
	sed -n '/^\.Sh ON LINUX/,/^\.Sh FILES/p' "$page" | sed 's/\\-/-/g'
}
refused() { # the words of its messages that are words of the language
	tr -d '\n\t' <"$TOP/src/pf/lower-check.c" | sed 's/""//g' |
	    grep -o '"[^"]* not built[^"]*"' | grep -oE '[a-z]+(-[a-z]+)*' |
	    sort -u | grep -xE "$(pf_words)"
}
pf_words() {
	sed -n 's/^	{ "\([a-z-]*\)", K_.*/\1/p' "$TOP/src/pf/lex.c" | paste -sd'|'
}
not_yet() { # the words of the page's list
	on_linux | awk '/^Refused as not built yet/ { on = 1 } /^\.It/ { on = 0 } on' |
	    sed -n 's/^\.Ic //p' | tr -s ' ,' '\n\n' | grep -xE "$(pf_words)" | sort -u
}
test_expect 'the page names what a load refuses' '
	refused >"$TMP/refused" && [ "$(wc -l <"$TMP/refused")" -ge 15 ] &&
	on_linux | tr -s " ,()" "\n\n\n\n" | sort -u >"$TMP/named" &&
	comm -23 "$TMP/refused" "$TMP/named" >"$TMP/missing"
	cat "$TMP/missing"
	[ ! -s "$TMP/missing" ]'
test_expect 'what the page calls not built is refused' '
	not_yet >"$TMP/not-yet" && [ "$(wc -l <"$TMP/not-yet")" -ge 12 ] &&
	while read -r word; do
		grep -qi "${word%%-*}" "$TOP/src/pf/lower-check.c" || echo "$word"
	done <"$TMP/not-yet" >"$TMP/extra"
	cat "$TMP/extra"
	[ ! -s "$TMP/extra" ]'

# pfctl(8): blocks behind `.\" file: NAME` are files; those behind `.\" run` are
# commands with what they print.
page8=$TOP/man/pfctl.8
marked() {
	awk -v mark=".\\\\\" $1" '
	    $0 == mark { on = 1; next }
	    on && /^\.Bd/ { inside = 1; next }
	    /^\.Ed/ { if (inside) exit }
	    inside' "$page8" | sed 's/\\-/-/g; s/\\e/\\/g'
}
test_expect 'the test of rules in pfctl(8) prints what the page says' '
	mkdir "$TMP/here" && cd "$TMP/here" && marked "file: facts" >facts &&
	marked "file: pf.conf" >pf.conf && marked "file: firewall.test" >firewall.test &&
	marked run >run && [ -s pf.conf ] && [ -s firewall.test ] &&
	cmd=$(sed -n "s/^\$ //p" run) && [ -n "$cmd" ] &&
	eval "$cmd" >out && diff <(sed 1d run) out; rc=$?; cd "$TOP" && [ $rc = 0 ]'
test_expect 'each word of the grammar in pfctl(8) is one of the reader' '
	sed -n "/^\.Sh TESTS OF RULES/,/^\.Sh EX/p" "$page8" >"$TMP/grammar" &&
	for word in passes is blocked lost arrives at leaves on as by; do
		grep -qw "$word" "$TMP/grammar" &&
		grep -q "\"$word\"" "$TOP/src/pf/expect-parse.c" || { echo "$word"; exit 1; }
	done'

# The table of docs/pf-language.md: each test that it names is there.
language=$TOP/docs/pf-language.md
# Lines "ROW<TAB>KIND<TAB>NAME". A remark follows a full stop and a blank.
pointers() {
	sed -n '/^## Where each part is tested/,$p' "${1-$language}" |
	    awk -F ' *[|] *' -v OFS='\t' '
	    $2 !~ /^[0-9]+\.[0-9]+$/ { next }
	    {
		sub(/\. .*/, "", $4)
		n = split($4, part, /; */)
		for (i = 1; i <= n; i++) {
			kind = part[i]; sub(/[ :].*/, "", kind)
			rest = substr(part[i], length(kind) + 2)
			# A title may have a comma in it.
			one = kind ~ /^(sh|story|none)$/
			m = split(rest, name, one ? "\n" : ", ")
			for (j = 1; j <= m; j++) print $2, kind, name[j]
		}
	    }'
}
there() { # KIND NAME
	local file=${2%%[ :]*} what
	case $1 in
	pair) [ -f "$TOP/tests/conformance/pairs/$2.in" ] ;;
	wrong) grep -qxF "# $2" "$TOP/tests/conformance/wrong/messages.txt" ;;
	corner) grep -qF "\"$2 " "$TOP/tests/unit/pf-language.c" ;;
	ruleset) [ -f "$TOP/tests/replay/verdicts/$2.json" ] ;;
	story) grep -qF "{ \"$2\"," "$TOP/tests/unit/pf-engine-stories.h" ;;
	unit) grep -qx "${2#* }(.*" "$TOP/tests/unit/$file.c" ;;
	live) [ -f "$TOP/tests/pfctl-live/$2.json" ] ;;
	sh)
		what=${2#*: }
		grep -qF "test_expect '$what'" "$TOP/tests/sh/$file.sh"
		;;
	none) [ -n "$2" ] ;;
	*) false ;;
	esac
}
lost() {
	local row kind name
	pointers "$@" | while IFS=$'\t' read -r row kind name; do
		there "$kind" "$name" || echo "$row: $kind $name"
	done
}
test_expect 'every test that docs/pf-language.md names is there' '
	pointers >"$TMP/pointers" && [ "$(wc -l <"$TMP/pointers")" -gt 200 ] &&
	lost >"$TMP/lost" && cat "$TMP/lost" && [ ! -s "$TMP/lost" ]'
test_expect 'every row of it is there, in order, with a test or a reason' '
	grep -oE "^\| [0-9]+\.[0-9]+ \|" "$language" | tr -d "| " >"$TMP/rows" &&
	for s in 1:17 2:5 3:35 4:8 5:9 7:4 8:4 10:10 11:3; do
		seq -f "${s%:*}.%g" "${s#*:}"
	done | diff - "$TMP/rows" &&
	cut -f1 "$TMP/pointers" | uniq | diff - "$TMP/rows"'
test_expect 'a test that is gone is seen' '
	sed "s/corner 1\.8;/corner 1.99;/; s/pair gx006;/pair gx906;/
	    s/story urpf/story of nobody/; s/unit pf test_deep/unit pf deep/" \
	    "$language" >"$TMP/rotten" && [ "$(lost "$TMP/rotten" | wc -l)" = 4 ]'
test_done
