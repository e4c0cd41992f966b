# shellcheck shell=bash
# Completion of tidegate(1) for bash. What depends on the daemon (names of limits) is asked of it, and left out if it does not answer.

_tidegate_limits() {
	tidegate limits --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_tidegate() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' word
	# commands, with the options of each
	local -A options=(
		[check]='--json' [status]='--json' [limits]='--json' [top]='--limit --by -n --json' [why]='--key --json' [cluster]='--json' [charge]='--cost --state --json'
		[events]='--follow --limit -n --json' [set]='--save --json' [shadow]='--save --json' [reset]='--key --limit --all --json' [reload]='--json' [diff]='--json'
		[apply]='--confirm --json' [confirm]='--json' [rollback]='--json' [allow]='--for --note --json' [deny]='--for --note --json'
		[simulate]='--pcap --hook --filter -n --json' [suggest]='--pcap --live --interface --per --prefix --quantile --filter'
		[detach]='--state --json' [version]='--json'
	)
	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[ -n "${options[$word]:-}" ] && command=$word && break
	done
	case $previous in
	--control | --state | --pcap) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	--limit) words=$(_tidegate_limits) ;;
	--hook) words='xdp tc-ingress tc-egress' ;;
	--interface) words=$(ls /sys/class/net) ;;
	--per) words='source destination everyone' ;;
	--by) words='exceeded admitted' ;;
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
	[ -z "$command" ] && words="${!options[*]} --control --help --version"
	case $current in -*) words="${options[$command]:-} --control" ;; esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	case ${COMPREPLY[0]:-} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _tidegate tidegate
