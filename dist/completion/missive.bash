# bash completion for missive. Commands and options are those that the program's own usage names.

_missive()
{
	local cur prev words cword
	_init_completion || return

	local usage options values kind command= i
	usage=$("$1" --help 2>/dev/null)
	options=$(sed -nE 's/^  (--?[a-z-]+) .*/\1/p' <<<"$usage")
	values=$(sed -nE 's/^  (--?[a-z-]+ [A-Z]+) .*/\1/p' <<<"$usage")
	for ((i = 1; i < cword; i++)); do
		if [[ $'\n'$values == *$'\n'"${words[i]} "* ]]; then
			((i++))
		elif [[ ${words[i]} != -* ]]; then
			command=${words[i]}
			break
		fi
	done

	if [[ $'\n'$values == *$'\n'"$prev "* ]]; then
		kind=$(sed -n "s/^$prev //p" <<<"$values")
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
		return
	elif [[ ! $command ]]; then
		COMPREPLY=($(compgen -W "$(sed -nE 's/^  missive ([a-z]+) .*/\1/p' <<<"$usage")" -- "$cur"))
		return
	else
		kind=$(sed -nE "s/^  missive $command +([^ ]+).*/\1/p" <<<"$usage")
	fi
	case $kind in
	FILE* | PATH) _filedir ;;
	*\|*) ((i + 1 == cword)) && COMPREPLY=($(compgen -W "${kind//|/ }" -- "$cur")) ;;
	esac
}

complete -F _missive missive
