#!/bin/bash
# A change that adds one TC hook and removes another, which fails or whose daemon is killed at each of its steps: the old policy or the
# new one is whole, at both hooks. By TCX, and by clsact.
. "$(dirname "$0")/lib.sh"
TIDEGATED=$BUILD/asan/tidegated
export TIDEGATE_FAULT=$WORK/fault
topology
STEPS=$(grep -o '{"[a-z]*",' "$ROOT/user/datapath/publish.c" | tr -d '{",')
BEFORE=${STEPS%%switch*}
SOURCE=0
old() {
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [xdp, tc-egress]}]
		limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
	Y
}
# As many as 15 get past xdp and tc-ingress, which both charge; up to eight packets that the kernel takes on together
# are all charged at xdp before the first comes to tc-ingress.
new() {
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [xdp, tc-ingress]}]
		limits: [{name: l, per: source, capacity: 30, refill_amount: 1, refill_interval: 1d}]
	Y
}
# what a source that was never seen gets, inwards and outwards
seen() {
	SOURCE=$((SOURCE + 1))
	echo "$(ingress "10.77.$((100 + SOURCE / 250)).$((1 + SOURCE % 250))" 40)-$(egress "10.77.$((150 + SOURCE / 250)).$((1 + SOURCE % 250))" 40)"
}
OLD=10-10
is_new() { [[ $(cat "$WORK/seen") =~ ^1[1-5]-40$ ]] || { cat "$WORK/seen" && false; }; }
# suite MODE STEP...
suite() {
	local mode=$1
	shift
	old
	start || not_ok "$mode: the daemon starts"
	for step in attach switch; do
		new
		echo "$step 12" >"$TIDEGATE_FAULT"
		tg reload 2>/dev/null
		check "$mode: $step fails" test $? = 1 -a ! -e "$TIDEGATE_FAULT"
		seen >"$WORK/seen"
		check "$mode: $step fails: the old policy is whole" test "$(cat "$WORK/seen")" = $OLD
		SOURCE=$((SOURCE + 1))
	done
	for step; do
		new
		echo "$step kill" >"$TIDEGATE_FAULT"
		tg reload 2>/dev/null
		wait "$DAEMON" 2>/dev/null
		seen >"$WORK/seen"
		SOURCE=$((SOURCE + 1))
		case " $BEFORE switch " in
		*[[:space:]]"$step"[[:space:]]*) check "$mode: killed at $step: the old policy is whole" test "$(cat "$WORK/seen")" = $OLD ;;
		*) check "$mode: killed at $step: the new policy is whole" is_new ;;
		esac
		start || not_ok "$mode: a daemon starts after $step"
		check "$mode: started after $step: healthy" test "$(tg status --json | jq -c '[.interfaces[] | [.hook, .healthy]]')" = '[["xdp",true],["tc-ingress",true]]'
		seen >"$WORK/seen"
		SOURCE=$((SOURCE + 1))
		check "$mode: started after $step: the new policy is whole" is_new
		old
		tg reload >/dev/null || not_ok "$mode: the way back after $step"
	done
	stop
	check "$mode: nothing is left" test ! -e "$STATE" -a "$(in_b tc qdisc show dev "$VB" | grep -c clsact)" = 0
	check "$mode: no complaint of the sanitizers" sh -c "! grep -E 'ERROR: |runtime error' '$WORK/daemon.log'"
}
# shellcheck disable=SC2086 # names without blanks
if has_tcx; then suite tcx $STEPS; else skip "tcx: the kernel has none"; fi
TIDEGATE_LACKS=tcx
export TIDEGATE_LACKS
suite clsact attach switch drop pin
finish
