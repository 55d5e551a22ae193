#compdef gaol iocage
# zsh completion for gaol and iocage: gaol itself knows the words.
_gaol()
{
	local word what
	local -a found more
	while IFS=$'\t' read -r word what; do
		case $word in
		:files) _files ;;
		:dirs) _files -/ ;;
		:nospace) more=(-S '') ;;
		*) found+=("${word//:/\\:}${what:+:$what}") ;;
		esac
	done < <(gaol completion candidates "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	_describe -t words word found $more
}
if [[ $funcstack[1] == _gaol ]]; then
	_gaol "$@"
else
	compdef _gaol gaol iocage
fi
