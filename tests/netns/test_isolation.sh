#!/bin/bash
# Sources do not take from each other: one greedy among modest ones, and 10,000 at once.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 20, refill_amount: 10, refill_interval: 500ms}]
Y
start || not_ok "the daemon starts"
count 5353 60
flow 10.77.9.9 1 5000 5 &
flood=$!
flow 10.77.1.0 10 100 5
wait $flood
counted >"$WORK/seen"
modest=$(awk '$1 != 9 * 256 + 9 && $2 == 50' "$WORK/seen" | wc -l)
greedy=$(awk '$1 == 9 * 256 + 9 {print $2}' "$WORK/seen")
check "ten sources below their limit lose nothing beside a flood" test "$modest" = 10
check "the flood of 25,000 is held to its own rate: $greedy" between 110 "$greedy" 130
stop

configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 3, refill_amount: 1, refill_interval: 20m}]
Y
start || not_ok "the daemon starts"
count 5353 100
# six packets from each of 10,000 sources, in turn
flow 10.77.16.0 10000 10000 6
counted >"$WORK/seen"
# a refill may fall into the test once in 20 minutes
check "10,000 sources got through" test "$(wc -l <"$WORK/seen")" = 10000
check "each with its own 3 packets" test "$(awk '$2 < 3 || $2 > 4' "$WORK/seen" | wc -l)" = 0
check "each has a bucket of its own" test "$(tg limits --json | jq '.limits[0].buckets')" = 10000
check "none was charged to a shared one" test "$(tg limits --json | jq '.limits[0].overflowed')" = 0
stop

configure <<-Y
	interfaces: [{name: IFACE}]
	table: { size: 100 }
	limits: [{name: l, per: source, capacity: 3, refill_amount: 1, refill_interval: 20m}]
Y
start || not_ok "the daemon starts"
count 5353 60
flow 10.77.16.0 4000 20000 3
counted >"$WORK/seen"
n=$(total <"$WORK/seen")
# 100 own buckets and 1,024 shared ones, 3 packets each, twice if a refill falls in
check "a full table bounds 4,000 sources together: $n" between 300 "$n" 5000
check "and says so" test "$(tg limits --json | jq '.limits[0].overflowed')" -gt 10000
check "in the metrics too" sh -c "nsenter --net=/run/netns/$B curl -s http://$METRICS/metrics | grep -q '^tidegate_new_sources_refused_total{limit=\"l\"} [1-9]'"
stop
finish
