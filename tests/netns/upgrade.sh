#!/bin/bash
# Sourced by the tests of upgrades, after lib.sh: an older and a newer version, two interfaces, a loose policy and a strict one.
# The newer version is the same source with the next TG_ABI_VERSION.
OLDER=$BUILD/asan/tidegated NEWER=$BUILD/next/tidegated
NEWER_LAYOUT=$(($(sed -n "s/^#define TG_ABI_VERSION //p" "$ROOT/include/tidegate/abi.h") + 1))
export TIDEGATE_FAULT=$WORK/fault
BPFTOOL=$(command -v /usr/sbin/bpftool || echo bpftool)
SOURCE=0
two_interfaces() {
	topology
	ip link add second netns "$B" type veth peer name psecond netns "$A" || exit 1
	ip -n "$A" addr add 10.78.0.1/16 dev psecond && ip -n "$B" addr add 10.78.0.2/16 dev second
	ip -n "$A" link set psecond up && ip -n "$B" link set second up
	MAC2=$(ip -n "$B" -br link show second | awk '{print $3}')
}
# policy CAPACITY [LINE...]: the policy whose capacity says which it is
policy() {
	local capacity=$1
	shift
	configure <<-Y
		interfaces: [{name: IFACE}, {name: second}]
		table: {size: 4096}
		limits:
		  - {name: l, per: source, capacity: $capacity, refill_amount: 1, refill_interval: 1d}
	Y
	[ $# = 0 ] || printf '%s\n' "$@" >>"$CONFIG"
}
# get INTERFACE [SOURCE]: what a source that was never seen gets of 40 packets at the first or the second interface
get() {
	local from=${2:-}
	if [ -z "$from" ]; then
		SOURCE=$((SOURCE + 1))
		from=10.77.$((100 + SOURCE / 250)).$((1 + SOURCE % 250))
	fi
	if [ "$1" = 1 ]; then
		GOT=$(admitted "$from" 40)
		return
	fi
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$B" "$TRAFFIC" count second 5353 20 >"$WORK/count" &
	COUNTER=$!
	until grep -q ready "$WORK/count" 2>/dev/null; do sleep 0.02; done
	in_a "$TRAFFIC" send psecond "$MAC2" "$from" 10.78.0.2 5353 1 0 40 62 >/dev/null
	GOT=$(counted | total)
}
# whole NAME CAPACITY...: at each interface a new source gets one of the capacities
whole() {
	local name=$1 interface
	shift
	for interface in 1 2; do
		get $interface
		case " $* " in
		*" $GOT "*) ok "$name: whole at interface $interface ($GOT)" ;;
		*) not_ok "$name: a new source gets $GOT at interface $interface, want one of $*" ;;
		esac
	done
}
older() { TIDEGATED=$OLDER start "$@"; }
newer() { TIDEGATED=$NEWER start "$@"; }
# start_fails NAME CODE START...: the start ends with that status
start_fails() {
	local name=$1 code=$2 status
	shift 2
	"$@"
	status=$?
	check "$name: exit $code" test $status = "$code"
	[ -z "$DAEMON" ] || { stop KILL; not_ok "$name: it runs"; }
}
# pins: all pins, each with its inode, so that one that was replaced shows
pins() { find "$STATE" -type f -printf '%P %i\n' -o -mindepth 1 -type d -printf '%P\n' | sort; }
links() { find "$STATE" -name 'xdp-*' -printf '%P %i\n' | sort; }
layout() { "$BPFTOOL" -j map dump pinned "$STATE/meta" | jq '.[0].formatted.value.abi_version'; }
# as_layout N: has the pinned maps say that they are of layout N
as_layout() {
	local value
	value=$("$BPFTOOL" -j map dump pinned "$STATE/meta" | jq -r '.[0].value | map(ltrimstr("0x")) | .[4:] | join(" ")')
	# shellcheck disable=SC2086 # bytes
	"$BPFTOOL" map update pinned "$STATE/meta" key hex 0 0 0 0 value hex "$1" 0 0 0 $value
}
# counts NAME: both interfaces are healthy, run what is in force, and count
counts() {
	local before
	check "$1: healthy" test "$(tg status --json | jq -c '[.health, ([.interfaces[].healthy] | all), (.interfaces | length)]')" = '["ok",true,2]'
	before=$(tg status --json | jq -c '[.interfaces[].received]')
	get 1
	get 2
	check "$1: both interfaces count" test "$(tg status --json | jq --argjson before "$before" '[.interfaces[].received] | . as $now | [range(2) | $now[.] - $before[.] >= 40] | all')" = true
}
# fault STEP ACTION: how the next start ends
fault() { echo "$1 $2" >"$TIDEGATE_FAULT"; }
old() {
	policy 10
	older || not_ok "the older version starts"
	burst 10.77.1.1 40
	stop USR1
}
drained() {
	get 1 10.77.1.1
	check "$1: drained stays drained" test "$GOT" = 0
}
# sanitizers: at the end
sanitizers() { check "no complaint of the sanitizers" sh -c "! grep -E 'ERROR: |runtime error' '$WORK/daemon.log'"; }
