#!/bin/bash
# The command line itself: help, versions, completion, all from one table.
. "$(dirname "$0")/../lib.sh"

gaol completion table >"$TMP/table"
verbs=$(sed -n 's/^verb\t\([^\t]*\)\t.*/\1/p' "$TMP/table")

test_expect 'the table has the verbs of the tutorial' '
	for v in "pool create" "pool devices" activate fetch create start stop \
	    restart console exec list get set destroy "net up" "net show"; do
		grep -qx "$v" <<<"$verbs" || { echo "no $v"; exit 1; }
	done
'

test_expect 'each option stands once, with a sentence' '
	sed -n "s/^option\t//p" "$TMP/table" | cut -f1,2 | grep -v "	-$" |
	    sort | uniq -d | diff /dev/null - &&
	awk -F"\t" "\$1 == \"option\" && \$6 == \"\" { print; bad = 1 }
	    END { exit bad }" "$TMP/table"
'

test_expect 'help and --help say the same of every verb, with each option' '
	while read -r v; do
		gaol help $v >"$TMP/help" || exit 1
		gaol $v --help | cmp - "$TMP/help" || exit 1
		grep -q "^usage: gaol $v" "$TMP/help" || exit 1
		sed -n "s/^option\t$v\t[^\t]*\t\([^\t-][^\t]*\)\t.*/\1/p" \
		    "$TMP/table" |
		while read -r name; do
			grep -q -- "--$name" "$TMP/help" ||
			    { echo "$v: no --$name"; exit 1; }
		done || exit 1
	done <<<"$verbs"
'

test_expect 'help lists every verb that is not below another' '
	gaol help >"$TMP/help" && gaol --help | cmp - "$TMP/help" &&
	while read -r v _; do
		grep -q "^  $v " "$TMP/help" || { echo "no $v"; exit 1; }
	done <<<"$verbs"
'

test_expect 'no verb at all: the list, as an error' '
	gaol 2>"$TMP/err"; [ $? = 2 ] && grep -q "^usage: gaol" "$TMP/err"
'

test_expect 'a verb that has verbs, alone: theirs, as an error' '
	gaol pool 2>"$TMP/err"; [ $? = 2 ] && grep -q "^  create " "$TMP/err"
'

test_expect 'the version is a word, a tab and a number' '
	gaol -v | grep -Pqx "Version\t[0-9]+(\.[0-9]+)+" &&
	gaol --version | cmp - <(iocage -v)
'

test_expect 'every reading verb has --json and -H, every writing one --plan' '
	for v in list get "pool list" "pool devices" "net show"; do
		for o in json header; do
			grep -q "^option	$v	[^	]*	$o	" "$TMP/table" ||
			    { echo "$v: no --$o"; exit 1; }
		done
	done
	for v in create start stop restart set destroy "pool create" \
	    "pool destroy" fetch activate "net up"; do
		grep -q "^option	$v	-	plan	" "$TMP/table" ||
		    { echo "$v: no --plan"; exit 1; }
	done
'

gaol completion bash >"$TMP/gaol.bash"
test_expect 'the manual pages say what the program says' '
	"$TOP/tools/gen-man" -n "$BUILD/gaol"
'

if command -v mandoc >/dev/null; then
	test_expect 'and are mdoc without a fault' '
		mandoc -T lint -W warning "$TOP"/man/gaol.8 \
		    "$TOP"/man/gaol-properties.5
	'
else
	test_skip 'and are mdoc without a fault' 'no mandoc'
fi

# complete WORD...: what the last word could become.
complete_line() {
	bash -c '. "$TMP/gaol.bash"
	    COMP_WORDS=(gaol "$@") COMP_CWORD=$#
	    _gaol; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
export TMP
test_expect 'completion of verbs, sub-verbs and options' '
	[ "$(complete_line res)" = restart ] &&
	[ "$(complete_line pool cre)" = create ] &&
	[ "$(complete_line list --j)" = --json ] &&
	[ "$(complete_line pool create --pl)" = --plan ] &&
	[ "$(complete_line help fet)" = fetch ] &&
	[ "$(complete_line help pool cre)" = create ] &&
	[ "$(complete_line -D pool cre)" = create ]
'

test_done
