#!/bin/bash
# A change that fails, or whose daemon is killed, at each of its steps: the old policy or the new one is whole, the
# same on all interfaces, and nobody gets a burst by it. The daemon here is the build with faults and sanitizers.
. "$(dirname "$0")/lib.sh"
TIDEGATED=$BUILD/asan/tidegated
export TIDEGATE_FAULT=$WORK/fault
topology
ip link add second netns "$B" type veth peer name psecond netns "$A" || exit 1
ip -n "$A" addr add 10.78.0.1/16 dev psecond && ip -n "$B" addr add 10.78.0.2/16 dev second
ip -n "$A" link set psecond up && ip -n "$B" link set second up
MAC2=$(ip -n "$B" -br link show second | awk '{print $3}')
STEPS=$(grep -o '{"[a-z]*",' "$ROOT/user/datapath/publish.c" | tr -d '{",')
BEFORE=${STEPS%%switch*}
SOURCE=0
old() {
	configure <<-Y
		interfaces: [{name: IFACE}, {name: second}]
		table: {size: 65536}
		limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
	Y
}
# another capacity, one limit more, one key shape changed, another table
new() {
	configure <<-Y
		interfaces: [{name: IFACE}, {name: second}]
		table: {size: 32768}
		deny: [10.77.200.0/24]
		limits:
		  - {name: l, per: source, capacity: 20, refill_amount: 1, refill_interval: 1d}
		  - {name: all, per: everyone, capacity: 100000, rate: 100000/s}
	Y
}
# fresh INTERFACE: what a source that was never seen gets there
fresh() {
	SOURCE=$((SOURCE + 1))
	local from=10.77.$((100 + SOURCE / 250)).$((1 + SOURCE % 250))
	if [ "$1" = 1 ]; then
		GOT=$(admitted $from 40)
		return
	fi
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$B" "$TRAFFIC" count second 5353 20 >"$WORK/count" &
	COUNTER=$!
	until grep -q ready "$WORK/count" 2>/dev/null; do sleep 0.02; done
	in_a "$TRAFFIC" send psecond "$MAC2" $from 10.78.0.2 5353 1 0 40 62 >/dev/null
	GOT=$(counted | total)
}
# whole NAME CAPACITY...: a new source gets one of the capacities, the same on both interfaces, and the drained one nothing
whole() {
	local name=$1 first
	shift
	fresh 1
	first=$GOT
	fresh 2
	case " $* " in
	*" $first "*) check "$name: a whole policy ($first) on both interfaces" test "$first" = "$GOT" ;;
	*) not_ok "$name: a new source gets $first, want one of $*" ;;
	esac
	check "$name: the drained source gets nothing" test "$(admitted 10.77.1.1 30)" = 0
}
old
start || not_ok "the daemon starts"
burst 10.77.1.1 30
for step in $BEFORE switch; do
	new
	echo "$step 12" >"$TIDEGATE_FAULT"
	GENERATION=$(tg status --json | jq .generation)
	tg reload 2>"$WORK/err"
	check "$step fails: exit 1" test $? = 1
	check "$step fails: the step was reached" test ! -e "$TIDEGATE_FAULT"
	check "$step fails: the generation stays" test "$(tg status --json | jq .generation)" = "$GENERATION"
	check "$step fails: no table is left behind" test ! -e "$STATE/buckets_next"
	whole "$step fails" 10
done
check "without a fault the same change is taken" tg reload
whole "afterwards" 20
old
check "and the way back" tg reload
whole "back" 10
for step in $STEPS; do
	new
	echo "$step kill" >"$TIDEGATE_FAULT"
	tg reload 2>/dev/null
	wait "$DAEMON" 2>/dev/null
	check "killed at $step: the step was reached" test ! -e "$TIDEGATE_FAULT"
	case " $BEFORE switch " in
	*[[:space:]]"$step"[[:space:]]*) whole "killed at $step" 10 ;;
	*) whole "killed at $step" 20 ;;
	esac
	start || not_ok "killed at $step: a daemon starts after it"
	whole "started after $step" 20
	check "started after $step: healthy" test "$(tg status --json | jq '[.interfaces[].healthy] | all')" = true
	check "started after $step: no table is left behind" test ! -e "$STATE/buckets_next"
	old
	tg reload >/dev/null || not_ok "started after $step: the way back"
done
# A new table that cannot get its name is in force all the same, and gets it by the next change, of this daemon or another.
for way in reload restart; do
	new
	echo "rename 12" >"$TIDEGATE_FAULT"
	tg reload >/dev/null || not_ok "no name, $way: the change is made"
	check "no name, $way: the step was reached" test ! -e "$TIDEGATE_FAULT"
	check "no name, $way: the table waits for it" test -e "$STATE/buckets_next"
	whole "no name, $way" 20
	if [ $way = restart ]; then
		stop KILL
		start || not_ok "no name, $way: a daemon starts"
	else
		tg reload >/dev/null || not_ok "no name, $way: the same again"
	fi
	check "no name, $way: the table has it" test ! -e "$STATE/buckets_next"
	whole "no name, $way: named" 20
	old
	tg reload >/dev/null || not_ok "no name, $way: the way back"
	whole "no name, $way: the way back" 10
done
whole "at last" 10
stop
check "the daemon ends without a complaint of the sanitizers" test $? = 0
check "none was logged" sh -c "! grep -E 'ERROR: |runtime error' '$WORK/daemon.log'"
finish
