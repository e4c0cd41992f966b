#!/bin/bash
# Native where the driver can, generic only where it cannot, and said so; several interfaces share their buckets.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: lo}, {name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
generic() { in_b "$BUILD/tidegate" check "$CONFIG" 2>/dev/null | grep -q "lo (generic XDP, since its driver has no native XDP: .*, $VB (XDP, native"; }
if genl ctrl get name netdev >/dev/null 2>&1; then
	check "check says where it is generic" generic
else
	skip "check says where it is generic: the kernel does not tell what drivers can do (Linux 6.3)"
fi
start || not_ok "the daemon starts"
mode() { tg status --json | jq -r ".interfaces[] | select(.interface == \"$1\") | .mode"; }
check "lo has no native XDP: generic" test "$(mode lo)" = generic
check "the log says so, and what it means" grep -q "lo: generic XDP, .* TCP comes in pieces of up to 64 KiB" "$WORK/daemon.log"
check "status says what it means" sh -c "nsenter --net=/run/netns/$B '$BUILD/tidegate' --control '$CONTROL' status | grep -q '^lo  *generic XDP: slower'"
check "veth is native" test "$(mode "$VB")" = native
check "the metrics say so" sh -c "nsenter --net=/run/netns/$B curl -s http://$METRICS/metrics | grep -q 'interface=\"lo\",hook=\"xdp\",mode=\"generic\"} 1'"
sed -i 's/{name: lo}, //' "$CONFIG"
check "an interface taken out of the file" tg reload
check "is let go" test "$(ip -n "$B" -j link show lo | jq -r '.[0].xdp.mode // 0')" = 0
check "and its pin" test "$(find "$STATE" -name 'xdp-*' | wc -l)" = 1
sed -i 's/interfaces: \[.*/interfaces: [{name: nosuch0}]/' "$CONFIG"
check "an interface that is not there: 6" test "$(
	tg reload 2>/dev/null
	echo $?
)" = 6
check "and the old policy stays" test "$(tg status --json | jq -c '[.interfaces[].healthy]')" = '[true]'
check "a burst is held to 10" between 10 "$(admitted 10.77.1.1 30)" 11
# lo comes last, so that all else is done already when it fails
sed -i "s/nosuch0/$VB/" "$CONFIG"
sed -i 's/\(interfaces:.*\)]/\1, {name: lo, xdp_mode: native}]/; s/capacity: 10/capacity: 100/' "$CONFIG"
tg reload 2>"$WORK/err"
check "native on lo: fails" test $? = 1
check "saying what would work" grep -q "xdp_mode: auto or generic" "$WORK/err"
check "without a trace on lo" test "$(ip -n "$B" -j link show lo | jq -r '.[0].xdp.mode // 0')" = 0
check "the old capacity is in force" test "$(tg limits --json | jq '.limits[0].capacity')" = 10
check "the empty bucket is still empty" test "$(admitted 10.77.1.1 200)" -le 1
check "a new source has the old capacity" between 10 "$(admitted 10.77.1.2 200)" 11
sed -i 's/, {name: lo, xdp_mode: native}//' "$CONFIG"
check "the same without lo is taken" tg reload
check "the empty bucket is still empty" test "$(admitted 10.77.1.1 200)" -le 10
check "a new source has the new capacity" between 100 "$(admitted 10.77.1.3 200)" 101
stop
# a failure half-way through the interfaces goes all the way back
configure <<-Y
	interfaces: [{name: IFACE}, {name: lo, xdp_mode: native}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
start
check "the daemon does not start half" test $? = 1
check "nothing attached" test "$(ip -n "$B" -j link show "$VB" | jq -r '.[0].xdp.mode // 0')" = 0
check "nothing pinned" test ! -e "$STATE"
finish
