# bash completion for missived. Commands and options are those that the program's own usage names.

_missived()
{
	local cur prev words cword
	_init_completion || return

	local usage commands command= i
	usage=$("$1" -h 2>/dev/null | sed -nE 's/^(usage:|      ) (missived .*)/\2/p' | sed 's/   .*//')
	commands=$(sed -nE 's/^missived (\[?-[^]]*\]? )?([a-z]+).*/\2/p' <<<"$usage")
	for ((i = 1; i < cword; i++)); do
		[[ ${words[i]} == -c ]] && ((i++)) && continue
		[[ ${words[i]} == -* ]] || command=${words[i]}
	done

	if [[ $prev == -c ]]; then
		_filedir
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(grep -oE -- '--?[A-Za-z][a-z-]*' <<<"${usage//[a-z]-/}" | sort -u)" -- "$cur"))
	elif [[ ! $command ]]; then
		COMPREPLY=($(compgen -W "$commands" -- "$cur"))
	elif grep -qE "^missived .*\b$command \[?(DIR|FILE)" <<<"$usage"; then
		_filedir
	fi
}

complete -F _missived missived
