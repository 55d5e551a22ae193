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

# complete_line WORD...: what the last word could become, in bash.
complete_line() {
	bash -c '. "$TOP/completions/gaol.bash"
	    COMP_WORDS=(gaol "$@") COMP_CWORD=$#
	    _gaol; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
# The same in zsh, whose own functions only print here.
complete_zsh() {
	zsh -fc 'compdef() { true }; _files() { echo files $@ }
	    _describe() { print -l -- ${(P)4}; print -r -- "more: ${(@q)@[5,-1]}" }
	    . "$TOP/completions/gaol.zsh"
	    words=(gaol "$@") CURRENT=$(($# + 1)); _gaol' - "$@"
}
export TOP
test_expect 'completion of verbs, sub-verbs and options' '
	[ "$(complete_line res)" = restart ] &&
	[ "$(complete_line pool cre)" = create ] &&
	[ "$(complete_line list --j)" = --json ] &&
	[ "$(complete_line pool create --pl)" = --plan ] &&
	[ "$(complete_line help fet)" = fetch ] &&
	[ "$(complete_line help pool cre)" = create ] &&
	[ "$(complete_line -D pool cre)" = create ]
'
test_expect 'of properties and their values, also where bash splits at =' '
	[ "$(complete_line get localhost_)" = localhost_ip ] &&
	[ "$(complete_line set localh | head -n 1)" = localhost= ] &&
	[ "$(complete_line set localhost = ja)" = jail ] &&
	[ "$(complete_line set boot=)" = "0
1" ] &&
	[ -z "$(complete_line set CONFIG_V)" ] && [ -z "$(complete_line set allow_chfl)" ]
'
test_expect 'of releases, services and files' '
	[ "$(complete_line fetch -r deb)" = "debian-12
debian-13" ] &&
	[ "$(complete_line create -n x --release debian-13)" = debian-13 ] &&
	[ "$(complete_line service i)" = iocage ] &&
	touch "$TMP/an-image" &&
	[ "$(complete_line pool create x --image "$TMP/an-")" = "$TMP/an-image" ]
'
test_expect 'no option behind the command of exec' '
	[ -z "$(complete_line exec web ls --)" ] && [ -z "$(complete_line exec web -)" ] &&
	complete_line exec -- >/dev/null
'
test_expect 'a flag decides what its verb takes' '
	complete_line destroy -r "" | grep -qx debian-12 &&
	! complete_line destroy "" | grep debian-12
'
if command -v zsh >/dev/null; then
	test_expect 'zsh completes the same, with what each word is' '
		complete_zsh res | grep -qx "restart:stop running jails and start them again" &&
		complete_zsh set localh | grep -q "^localhost=:" &&
		complete_zsh set localh | grep -q "^more: -S" &&
		complete_zsh fetch -r debian-13 | grep -qx debian-13:release &&
		complete_zsh pool create x --dir "" | grep -qx "files -/"
	'
else
	test_skip 'zsh completes the same' 'no zsh'
fi

# pfctl's own.
complete_pfctl() {
	bash -c '. "$TOP/completions/pfctl.bash"
	    COMP_WORDS=(pfctl "$@") COMP_CWORD=$#
	    _pfctl; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
test_expect 'pfctl: what its manual page calls it with is completed' '
	sed -n "/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.Op Fl //p" "$TOP/man/pfctl.8" |
	    sed "s/^Fl \([a-z]*\).*/--\1/; t; s/ .*//; s/./-&\n/g" | grep . >"$TMP/want" &&
	[ "$(wc -l <"$TMP/want")" -gt 20 ] && complete_pfctl - >"$TMP/have" &&
	sort "$TMP/have" >"$TMP/offered" &&
	# Two are for services.
	grep -vx -e --follow -e --restore "$TMP/want" | sort |
	    comm -23 - "$TMP/offered" | diff /dev/null -'
test_expect 'pfctl: each word is one that it takes' '
	for o in -s -F -o -x; do
		for w in $(complete_pfctl $o ""); do
			pfctl -n $o $w 2>&1
		done
	done >"$TMP/said"; ! grep Unknown "$TMP/said" && [ "$(complete_pfctl -s Run)" = Running ] &&
	[ "$(complete_pfctl -t bad -T exp)" = expire ] &&
	[ "$(complete_pfctl -nvf "$TOP/examples/p")" = "$TOP/examples/pf.conf" ]'

test_done
