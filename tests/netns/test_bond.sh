#!/bin/bash
# A bond, or its ports: either is limited; both are refused by the kernel or charged twice with a warning.
. "$(dirname "$0")/lib.sh"
need_root
modprobe bonding max_bonds=0 2>/dev/null
ip netns add "probe$ID" && ip -n "probe$ID" link add bond0 type bond 2>/dev/null
BOND=$?
ip netns del "probe$ID"
if [ $BOND != 0 ]; then
	skip "all: this kernel has no bonding"
	finish
fi
topology
ip -n "$B" link add bond0 type bond mode active-backup miimon 100
ip -n "$B" link set "$VB" down && ip -n "$B" link set "$VB" master bond0
ip -n "$B" addr flush dev "$VB"
ip -n "$B" link set bond0 up && ip -n "$B" addr add 10.77.0.2/16 dev bond0
sleep 0.5
MAC=$(ip -n "$B" -br link show bond0 | awk '{print $3}')
limits() {
	configure <<-Y
		interfaces: [$1]
		limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
	Y
}
# arriving FROM: how many of a burst of 30 the bond hands on
arriving() {
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$B" "$TRAFFIC" count bond0 5353 20 >"$WORK/count" &
	COUNTER=$!
	until grep -q ready "$WORK/count" 2>/dev/null; do sleep 0.02; done
	burst "$1" 30
	counted | total
}
limits "{name: IFACE}"
start || not_ok "the daemon starts on a port"
check "a port of a bond is limited" test "$(arriving 10.77.1.1)" = 10
stop
limits "{name: bond0}"
start || not_ok "the daemon starts on a bond"
check "a bond is limited" test "$(arriving 10.77.1.1)" = 10
check "status says how" test "$(tg status --json | jq -r '.interfaces[0].mode' | grep -c -e native -e generic)" = 1
stop
limits "{name: IFACE}, {name: bond0}"
if start 2>"$WORK/err"; then
	check "both: a warning that packets are charged twice" grep -q "packets of $VB are received by bond0 as well" "$WORK/daemon.log"
	check "and they are" test "$(arriving 10.77.1.1)" = 5
	stop
else
	check "both: refused with a reason" grep -q "error: .*bond0\|error: .*$VB" "$WORK/daemon.log"
	check "and nothing is left attached" test "$(ip -n "$B" -j link show | jq '[.[] | select(.xdp)] | length')" = 0
fi
finish
