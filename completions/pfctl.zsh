#compdef pfctl
# zsh completion for pfctl: pfctl itself knows the words.
_pfctl()
{
	local word what
	local -a found
	while IFS=$'\t' read -r word what; do
		case $word in
		:files) _files ;;
		:anchors) found+=(${=$(pfctl -s Anchors 2>/dev/null)}) ;;
		:tables) found+=(${=$(pfctl -s Tables 2>/dev/null)}) ;;
		*) found+=("${word//:/\\:}${what:+:$what}") ;;
		esac
	done < <(pfctl --candidates "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	_describe -t words word found
}
if [[ $funcstack[1] == _pfctl ]]; then
	_pfctl "$@"
else
	compdef _pfctl pfctl
fi
