#!/bin/bash
# Upgrades at TC, by TCX and by clsact: kept as it is by a start that fails, whole at both hooks after a kill between two links, and then
# put to the new policy by the next start, also if that may not look programs up by their ids.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/upgrade.sh"
topology
policy() {
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [tc-ingress, tc-egress]}]
		limits: [{name: l, per: source, capacity: $1, refill_amount: 1, refill_interval: 1d}]
	Y
}
# see: what a source that was never seen gets, inwards and outwards
see() {
	SOURCE=$((SOURCE + 1))
	SEEN="$(ingress "10.77.100.$SOURCE" 40) $(egress "10.77.150.$SOURCE" 40)"
}
healthy() { check "$1: healthy" test "$(tg status --json | jq -c '[.interfaces[].healthy]')" = '[true,true]'; }
# without CAP_SYS_ADMIN, as the service has it
unprivileged() {
	cat >"$WORK/newer" <<-S
		#!/bin/sh
		exec capsh --drop=cap_sys_admin -- -c 'exec "\$0" "\$@"' $NEWER "\$@"
	S
	chmod +x "$WORK/newer"
	TIDEGATED=$WORK/newer start
}
suite() {
	local mode=$1
	policy 10
	older || not_ok "$mode: the older version starts"
	stop USR1
	policy 20
	for step in attach moved-1 moved-2 switch; do
		fault $step 12
		start_fails "$mode: $step fails" 1 newer
		see
		check "$mode: $step fails: the old policy" test "$SEEN" = "10 10"
	done
	fault moved-1 kill
	start_fails "$mode: killed" 137 newer
	see
	check "$mode: killed: each hook is whole" grep -qxE '[12]0 [12]0' <<<"$SEEN"
	unprivileged || not_ok "$mode: the next start"
	see
	check "$mode: the next start: the new policy" test "$SEEN" = "20 20"
	healthy "$mode: the next start"
	check "$mode: nothing waits any more" test -z "$(find "$STATE" -name 'next*')"
	stop TERM
	check "$mode: nothing is left" test ! -e "$STATE" -a "$(in_b tc qdisc show dev "$VB" | grep -c clsact)" = 0
}
if has_tcx; then suite tcx; else skip "tcx: the kernel has none"; fi
TIDEGATE_LACKS=tcx
export TIDEGATE_LACKS
suite clsact
sanitizers
finish
