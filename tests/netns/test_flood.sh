#!/bin/bash
# A flood of new sources: the known one loses nothing, one in debt is not forgotten, all spoofed ones together stay within what is promised.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	table: { size: 1024 }
	limits:
	  - {name: l, capacity: 5, rate: 5/s, match: {destination_port: 5353}}
	  - {name: slow, capacity: 3, refill_amount: 1, refill_interval: 1d, match: {destination_port: 5354}}
Y
start || not_ok "the daemon starts"
check "the table has room at first" test "$(tg status --json | jq .table.full)" = false
check "three of the slow one's packets" test "$(count 5354 20; burst 10.77.0.9 9 5354; counted | total)" -le 4

# 100 times the table in new sources, over seven rounds of the daemon's housekeeping; ports keep the known one apart
count 5353 60
flow 10.77.0.8 1 2 10 &
known=$!
sleep 1
for i in 1 2 3; do flow "10.77.$((i * 40)).0" 10000 26000 1; done
# Looked at while it lasts: a slow machine would find quiet buckets taken out already. Even so there is room for a moment after a sweep.
flow 10.77.160.0 10000 26000 "$SLOW" &
last=$!
sleep 0.3
once() { for _ in 1 2 3 4 5; do "$@" && return; done; return 1; }
is_full() { test "$(tg status --json | jq .table.full)" = true; }
says_full() { tg status | grep -q FULL; }
check "status shows that the table is full" once is_full
check "and so in words" once says_full
wait $known $last
counted >"$WORK/received"
check "the known source lost none of its 20 packets" test "$(awk '$1 == 8 {print $2}' "$WORK/received")" = 20
check "the slow source is still in debt" test "$(admitted_at=$(count 5354 20; burst 10.77.0.9 9 5354; counted | total); echo "$admitted_at")" -le 1
check "one line in the log, not one for each packet" test "$(grep -c 'the table is full' "$WORK/daemon.log")" = 1
full=$(in_b curl -s "http://$METRICS/metrics" | awk '/^tidegate_table_full_packets_total/ {print $2}')
check "the metric counts them: $full" test "$full" -gt 10000
stop

configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, capacity: 2, rate: 1/s, new_sources: {rate: 100/s, burst: 500}}]
Y
start || not_ok "the daemon starts"
count 5353 60
burst 10.77.0.8 1
flow 10.77.40.0 20000 20000 3
counted >"$WORK/received"
limit=$(tg limits --json | jq '.limits[0]')
new=$(jq .new_sources <<<"$limit") shared=$(jq .overflowed <<<"$limit")
seconds=$(awk 'NR == 1 || $3 < first {first = $3} $4 > last {last = $4} END {print int((last - first) / 1000) + 1}' "$WORK/received")
n=$(total <"$WORK/received")
check "$new sources got a bucket in $seconds s" between 500 "$new" $((500 + 100 * (seconds + 1)))
check "$shared packets were charged to shared ones" test $((new + shared)) -gt 50000
check "all of them together got $n packets" between 1000 "$n" $(((500 + 100 * seconds) * (2 + seconds) + 1024 * (2 + seconds)))
check "the known source has what is its own" test "$(admitted 10.77.0.8 9)" = 2

# With the daemon dead the same holds, but for what only it can do: take quiet buckets out.
stop KILL
count 5353 60
flow 10.77.120.0 20000 20000 2
n=$(counted | total)
check "without a daemon the flood is bounded: $n" between 500 "$n" $(((100 * 12) * 2 + 1024 * 12))
start || not_ok "the daemon starts again"
stop

# One source gets a bucket, all others share; nothing refills while the test runs.
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, capacity: 4, rate: 1/h, new_sources: {rate: 1/h, burst: 1}}]
Y
start || not_ok "the daemon starts"
burst 10.77.0.8 1
remaining() { tg why "$1" --json | jq .limits[0].remaining; }
shares() { tg why "$1" --json | jq -r '.limits[0] | "\(.state) \(.overflow)"'; }
check "a new source is told that it shares" test "$(shares 10.77.230.7)" = "untracked true"
check "the known one is not" test "$(shares 10.77.0.8)" = "open false"
check "four packets of the new source's" test "$(admitted 10.77.230.7 9)" = 4
check "why says how the shared bucket stands" test "$(remaining 10.77.230.7)" = 0
check "and that it will be long" test "$(tg why 10.77.230.7 --json | jq .limits[0].retry_after_ms)" -gt 3000000
check "in words too" sh -c "nsenter --net=/run/netns/$B '$BUILD/tidegate' --control '$CONTROL' why 10.77.230.7 | grep -q 'shares one with other sources: 0 of 4'"
# two, since one in 1,024 would share with the first
check "another new source's is another" test $(($(remaining 10.77.230.8) + $(remaining 10.77.230.9))) -ge 4
tg reload >/dev/null
check "a reload leaves it where it was" test "$(remaining 10.77.230.7)$(shares 10.77.230.8)" = "0untracked true"
stop KILL
start || not_ok "the daemon starts again"
check "and so do a daemon's death and the next one" test "$(remaining 10.77.230.7)$(shares 10.77.230.8)" = "0untracked true"
tg reset 10.77.230.7 >/dev/null
check "reset reaches it" test "$(remaining 10.77.230.7)" = 4
stop
finish
