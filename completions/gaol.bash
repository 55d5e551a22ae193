# bash completion for gaol and iocage: gaol itself knows the words.
_gaol()
{
	local line=() i word before=
	# '=' ends a word for bash: what belongs together is put together
	# again, and only what is behind the last '=' is replaced.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		if ((${#line[@]})) && [[ ${COMP_WORDS[i]} == = ||
		    ${COMP_WORDS[i - 1]} == = ]]; then
			line[-1]+=${COMP_WORDS[i]}
		else
			line+=("${COMP_WORDS[i]}")
		fi
	done
	[[ ${line[-1]} != *=* ]] || before=${line[-1]%=*}=
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:files | :dirs)
			[[ $word == :files ]] && i=-f || i=-d
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
			    < <(compgen $i -- "${line[-1]#"$before"}")
			compopt -o filenames 2>/dev/null
			;;
		:nospace) compopt -o nospace 2>/dev/null ;;
		*) COMPREPLY+=("${word#"$before"}") ;;
		esac
	done < <(gaol completion candidates "${line[@]}" 2>/dev/null)
}
complete -F _gaol gaol iocage
