# shellcheck shell=bash
# Completion of tidegate(1) for bash. Commands, options and columns are those that --help names. What depends on the daemon (names of
# limits) is asked of it, and left out if it does not answer.

_tidegate_limits() {
	tidegate limits --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

# The functions below read the --help of COMMAND [ACTION], which is in the variable help of _tidegate.
_tidegate_options() { grep -oE '^  (-[a-z], )?--[a-z]+' <<<"$help" | tr -d ','; }

# the words of --by exceeded|admitted
_tidegate_choices() { sed -nE "s/^  (-[a-z], )?$1 ([a-z-]+\|[a-z|-]+)( .*)?$/\2/p" <<<"$help" | tr '|' ' '; }

# the columns that are there already, each with one more behind it
_tidegate_columns() {
	local before='' column
	case $1 in *,*) before=${1%,*}, ;; esac
	for column in $(sed -n '/^  columns:/,$p' <<<"$help" | sed 's/columns://' | tr -d ','); do
		echo "$before$column"
	done
}

_tidegate() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' action='' help='' words='' word commands candidates
	commands=$(tidegate --help 2>/dev/null | grep -oE '^  [a-z]+' | sort -u)
	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $command:$word in
		:*) grep -qxF -- "  $word" <<<"$commands" && command=$word ;;
		allow:add | allow:del | allow:list | deny:add | deny:del | deny:list) action=$word ;;
		esac
	done
	[ -z "$command" ] || help=$(tidegate "$command" ${action:+"$action"} --help 2>/dev/null)
	case $previous in
	--control | --state | --pcap) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	--limit) words=$(_tidegate_limits) ;;
	--hook | --per | --by) words=$(_tidegate_choices "$previous") ;;
	--interface) words=$(ls /sys/class/net) ;;
	-o | --output) words=$(_tidegate_columns "$current") ;;
	--for | --confirm | --live) words='60s 5m 10m 1h' ;;
	allow | deny) words='add del list' ;;
	shadow) words='on off' ;;
	limits | set | on | off | charge) words=$(_tidegate_limits) ;;
	check | diff | apply | simulate) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	*)
		[ "$command" = set ] && words='capacity= rate= refill_amount= refill_interval= mark_above= max_delay= new_sources= shadow='
		[ "$command" = shadow ] && words=$(_tidegate_limits)
		;;
	esac
	[ -z "$command" ] && words="$commands --control --help --version"
	case $current in -*) words="$(_tidegate_options) --control" ;; esac
	# Not by compgen -W, which expands what it is given: a column list begins with what was typed.
	read -ra candidates <<<"${words//$'\n'/ }"
	for word in "${candidates[@]}"; do [[ $word != "$current"* ]] || COMPREPLY+=("$word"); done
	case ${COMPREPLY[0]:-} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _tidegate tidegate
