# A page of docs/ is run: its commands are typed as they stand there, and what
# they print is compared with what the page says. Source it after lib.sh:
#
#	. "$(dirname "$0")/../lib.sh"
#	. "$(dirname "$0")/../docs.sh"
#	docs_replace /dev/sda4 "$(readlink -f /dev/disk/by-partlabel/iocage)"
#	docs_page docs/operations.md		# the blocks that run in a lab
#	test_done
#
# On the page stand blocks of commands and blocks that are files:
#
#	```console			```conf /etc/pf.conf
#	# gaol pool list		block all
#	NAME   SIZE  ...		```
#	```
#
# - "# CMD" is typed by root on the host, "client$ CMD" by somebody outside (the
#   lab's world), "NAME# CMD" by root in the jail NAME, where NAME is a word. A
#   backslash at the end of the line continues it.
# - The lines after a command are what it prints, on both outputs. A line "..."
#   stands for any lines or none, "[...]" in a line for any text; runs of blanks
#   count as one. Without such lines the output is not compared.
# - Each command exits with 0; in a block ```console fails with anything else.
# - A ```conf PATH block is written to PATH before what follows it.
#
# Comments that the reader of the page does not see, each on lines of its own:
#
#	<!-- in: vm -->		the next block is run there instead of in a lab
#	<!-- lab: CODE -->	shell code that is run in the lab before what follows,
#				and must succeed; CODE may go on for several lines.
#				<!-- vm: CODE --> the same, in that place
#
# A place is lab, vm (a machine with Debian's kernel and systemd, make check-vm:
# docs_page PAGE vm) or package (where the package is installed and removed,
# tests/sh/package.sh). tests/sh/docs.sh sees to it that every block of every
# page has a place where it is run, and that a command in the text is in a block.

shopt -s extglob

# Pairs: what the page says, what it is here.
docs_from=()
docs_to=()

docs_replace() {
	docs_from+=("$1")
	docs_to+=("$2")
}

docs_here() {
	local text=$1 i
	for ((i = 0; i < ${#docs_from[@]}; i++)); do
		text=${text//"${docs_from[i]}"/"${docs_to[i]}"}
	done
	printf '%s' "$text"
}

# The lines that a command should print as a pattern for [[ ]]. A wanted line
# begins with its newline, so that "..." may be no line at all.
docs_pattern() {
	local line pattern='' part
	while IFS= read -r line; do
		line=$(tr -s ' \t' '  ' <<<"$line")
		line=${line%% }
		if [ "${line# }" = ... ]; then
			pattern+="?("$'\n'"*)"
			continue
		fi
		pattern+=$'\n'
		while [[ $line == *'[...]'* ]]; do
			part=${line%%'[...]'*}
			line=${line#*'[...]'}
			pattern+=$(docs_quote "$part")"*([!"$'\n'"])"
		done
		pattern+=$(docs_quote "$line")
	done <<<"$1"
	printf '%s' "$pattern"
}

# $1 as a pattern that matches nothing else.
docs_quote() {
	sed 's/[^A-Za-z0-9_ ]/\\&/g' <<<"$1"
}

# Does what was printed ($2) match what the page says ($1)?
docs_matches() {
	local got pattern
	pattern=$(docs_pattern "$1")
	got=$'\n'$(tr -s ' \t' '  ' <<<"$2" | sed 's/ $//')
	[ "$got" != $'\n' ] || got=''
	# shellcheck disable=SC2053
	[[ $got == $pattern ]]
}

# One command: $1 its prompt, $2 itself, $3 "fails" or nothing.
docs_type() {
	local prompt=$1 cmd=$2 want=${3:-works} rc
	case $prompt in
	'# ') eval "$cmd" ;;
	'client$ ') world sh -c "$cmd" ;;
	*) gaol exec "${prompt%'# '}" sh -c "$cmd" ;;
	esac >"$TMP/docs.out" 2>&1
	rc=$?
	cat "$TMP/docs.out"
	[ "$want" = works ] || [ $rc != 0 ] || {
		echo "exit 0, but the page says that it fails"
		return 1
	}
	[ "$want" = fails ] || [ $rc = 0 ] || {
		echo "exit $rc"
		return 1
	}
}

# The same, with the lines it should print, if any.
docs_command() {
	local want
	docs_type "$1" "$(docs_here "$2")" "$3" || return
	[ -n "$4" ] || return 0
	want=$(docs_here "$4")
	docs_matches "$want" "$(cat "$TMP/docs.out")" || {
		echo "the page says:"
		printf '%s\n' "$want"
		return 1
	}
}

docs_write() {
	mkdir -p "$(dirname "$1")" && printf '%s\n' "$(docs_here "$2")" >"$1"
}

# The commands of a block: its lines are docs_block, the first is line $1 of
# the page; $2 is "fails" or nothing.
docs_run_block() {
	local at=$1 fails=$2 i=0 prompt cmd want line n=${#docs_block[@]}
	while [ $i -lt "$n" ]; do
		line=${docs_block[i]}
		[[ $line =~ ^([a-z0-9_-]*'# '|'client$ ')(.*) ]] || {
			test_expect "$docs_name:$((at + i)): a command with its prompt" \
			    'echo "no prompt: $line"; false'
			return
		}
		prompt=${BASH_REMATCH[1]} cmd=${BASH_REMATCH[2]} want=''
		local number=$((at + i))
		i=$((i + 1))
		while [[ $cmd == *\\ && $i -lt $n ]]; do
			cmd=${cmd%\\}${docs_block[i]}
			i=$((i + 1))
		done
		while [ $i -lt "$n" ] &&
		    ! [[ ${docs_block[i]} =~ ^([a-z0-9_-]*'# '|'client$ ') ]]; do
			want+=${want:+$'\n'}${docs_block[i]}
			i=$((i + 1))
		done
		test_expect "$docs_name:$number: $prompt$cmd" \
		    'docs_command "$prompt" "$cmd" "$fails" "$want"'
	done
}

# Take the lines up to $1 from the page into docs_block; docs_at moves on.
docs_take() {
	docs_block=()
	while [ $docs_at -lt ${#docs_lines[@]} ] &&
	    [[ ${docs_lines[docs_at]} != $1 ]]; do
		docs_block+=("${docs_lines[docs_at]}")
		docs_at=$((docs_at + 1))
	done
	docs_at=$((docs_at + 1))
}

# A fenced block that begins with the line $1; $2 is where it is run, $3 here.
docs_fence() {
	local fence=$1 where=$2 place=$3 first=$((docs_at + 1)) path text
	docs_take '```'
	[[ " $where " == *" $place "* ]] || return 0
	case $fence in
	'```console' | '```console fails')
		docs_run_block "$first" "${fence##'```console'?( )}"
		;;
	'```conf /'*)
		path=${fence#'```conf '}
		text=$(printf '%s\n' "${docs_block[@]}")
		test_expect "$docs_name:$first: $path is written" \
		    'docs_write "$(docs_here "$path")" "$text"'
		;;
	esac
}

# A comment that begins with the line $1; sets docs_where.
docs_comment() {
	local text=$1 place=$2 at=$docs_at
	[[ $text == *'-->' ]] || {
		docs_take '*-->'
		text+=$(printf '\n%s' "${docs_block[@]}" "${docs_lines[docs_at - 1]}")
	}
	text=${text#'<!-- '}
	text=${text%'-->'}
	case $text in
	in:*) docs_where=${text#in:} ;;
	"$place: "*)
		text=${text#"$place: "}
		test_expect "$docs_name:$at: (before what follows)" \
		    'eval "$(docs_here "$text")"'
		;;
	esac
}

# Run PAGE, the blocks of one place (lab).
docs_page() {
	local page=$1 place=${2:-lab} line docs_where=lab docs_at=0
	local docs_name=${page##*/} docs_lines=() docs_block=()
	mapfile -t docs_lines <"$page"
	while [ $docs_at -lt ${#docs_lines[@]} ]; do
		line=${docs_lines[docs_at]}
		docs_at=$((docs_at + 1))
		case $line in
		'<!-- '*) docs_comment "$line" "$place" ;;
		'```'*)
			docs_fence "$line" "$docs_where" "$place"
			docs_where=lab
			;;
		esac
	done
}
