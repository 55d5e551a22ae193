# bash completion for pfctl: pfctl itself knows the words.
_pfctl()
{
	local word cur=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:files)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			compopt -o filenames 2>/dev/null
			;;
		:anchors | :tables)
			[[ $word == :anchors ]] && word=Anchors || word=Tables
			mapfile -t COMPREPLY < <(compgen -W \
			    "$(pfctl -s $word 2>/dev/null)" -- "$cur")
			;;
		*) COMPREPLY+=("$word") ;;
		esac
	done < <(pfctl --candidates "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pfctl pfctl
