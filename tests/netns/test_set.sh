#!/bin/bash
# `tidegate set` on live buckets: the fill stays in proportion, nothing is given away.
. "$(dirname "$0")/lib.sh"
topology
# On a slow machine tokens come slowly, so that a burst has the time to be over before many do.
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 100, refill_amount: 1, refill_interval: 1d}]
Y
start || not_ok "the daemon starts"
remaining() { tg why "$1" --json | jq '.limits[0].remaining'; }
count 5353 60
burst 10.77.1.1 75 # a quarter left
burst 10.77.1.2 200 # empty
counted >/dev/null
check "a quarter is left" between 25 "$(remaining 10.77.1.1)" 26
check "capacity 100 to 400" tg set l capacity=400
check "a quarter of 400" between 100 "$(remaining 10.77.1.1)" 104
check "that much is admitted" between 100 "$(admitted 10.77.1.1 200)" 104
check "an empty bucket is empty still" test "$(admitted 10.77.1.2 200)" -le 4
check "a new source has the new capacity" between 400 "$(admitted 10.77.1.3 500)" 402
check "and back: capacity 400 to 100" tg set l capacity=100
check "an empty bucket is empty still" test "$(admitted 10.77.1.3 200)" -le 1
for i in $(seq 20); do tg set l capacity=$((50 + i % 3 * 50)) >/dev/null || not_ok "set $i"; done
check "twenty changes give no token away" test "$(admitted 10.77.1.3 200)" -le 2
check "refill: 50 every 100 ms" tg set l capacity=100 refill_amount=50 "refill_interval=$((100 * SLOW))ms"
sleep $((SLOW / 2)).5
check "it fills now" between 100 "$(admitted 10.77.1.3 300)" 150
check "to a continuous rate" tg set l rate=$((1000 / SLOW))/s
sleep $((SLOW / 2)).5
check "the bucket is full" between 100 "$(admitted 10.77.1.3 300)" 200
check "limits shows it" test "$(tg limits l --json | jq -r '.limits[0].rate')" = $((1000 / SLOW))/s
generation=$(tg limits --json | jq .generation)
for bad in capacity=-1 capacity=0 capacity=1.5 rate=soon rate=10Mbit/s refill_interval=1 nosuch=1 capacity=99999999999999999999; do
	tg set l capacity=7 "$bad" 2>/dev/null
	check "$bad is refused with 2" test $? = 2
done
check "and changes nothing" test "$(tg limits --json | jq -c '[.generation, .limits[0].capacity]')" = "[$generation,100]"
check "reset gives the tokens back" tg set l capacity=100 refill_amount=1 refill_interval=1h
admitted 10.77.1.9 200 >/dev/null
check "empty" test "$(remaining 10.77.1.9)" -le 1
check "reset" tg reset 10.77.1.9
check "full" test "$(remaining 10.77.1.9)" = 100
check "the file is the truth again after a reload" tg reload
check "as written" test "$(tg limits --json | jq '.limits[0].refill_interval_ms')" = 86400000
# new_sources, where there was none: nothing refills it while the test runs
new_sources() { tg limits l --json | jq '.limits[0].new_sources'; }
# let_in FROM: how many of 50 new sources get a bucket of their own
let_in() {
	local before
	before=$(new_sources)
	flow "$1" 50 500 1
	echo $(($(new_sources) - before))
}
admitted 10.77.1.1 200 >/dev/null
check "all new sources get a bucket" test "$(let_in 10.77.20.0)" = 50
buckets=$(tg limits l --json | jq '.limits[0].buckets')
check "new_sources is set, and told" grep -q 'new_sources 1/h and 5 at once; in force' <(tg set l 'new_sources={rate: 1/h, burst: 5}')
check "no bucket is lost" test "$(tg limits l --json | jq '.limits[0].buckets')" = "$buckets"
check "and none filled" test "$(remaining 10.77.1.1)" -le 1
check "five of fifty are let in" test "$(let_in 10.77.30.0)" = 5
check "a larger burst" tg set l 'new_sources={rate: 1/h, burst: 50}' capacity=90
check "lets in none that the old one did not" test "$(let_in 10.77.40.0)" -le 1
check "limits shows it" test "$(tg limits l --json | jq -c '.limits[0] | [.new_sources_rate, .new_sources_burst, .capacity]')" = '["1/h",50,90]'
check "a faster rate" tg set l 'new_sources={rate: 500/s, burst: 500}'
sleep 1.5
check "lets in all" test "$(let_in 10.77.50.0)" = 50
generation=$(tg limits --json | jq .generation)
for bad in 10/s '{rate: 1/s}' '{rate: 1MB/s, burst: 5}' '{rate: 1/s, burst: 0}' '{rate: 1/s, burst: 1, shadow: true}' '{rate: 1/s, burst: 1} #' ''; do
	tg set l capacity=7 "new_sources=$bad" 2>"$WORK/err"
	check "new_sources=$bad is refused with 2" test $? = 2
	check "and why is told: $(cat "$WORK/err")" grep -q new_sources "$WORK/err"
done
check "and changes nothing" test "$(tg limits --json | jq -c '[.generation, .limits[0].capacity]')" = "[$generation,90]"
check "new_sources ends with a reload" test "$(tg reload >/dev/null && let_in 10.77.60.0)" = 50
# --save
cat >"$CONFIG" <<-Y
	# a comment that stays
	interfaces: [{name: $VB}]
	limits:
	  - name: l        # the limit
	    capacity: 10   # ten
	    rate: 1/s
Y
chmod 640 "$CONFIG"
tg reload >/dev/null || not_ok "reload"
sed 's/10   # ten/25   # ten/; s|1/s|7/s|' "$CONFIG" >"$WORK/wanted"
check "set says that a restart forgets it" grep -q "not saved (--save does it): a restart or reload reads $CONFIG" <(tg set l capacity=25 rate=7/s)
check "set --save says where it is saved" grep -qx "saved in $CONFIG" <(tg set l capacity=25 rate=7/s --save)
check "the file has the values, and all else as it was" cmp "$CONFIG" "$WORK/wanted"
check "and its mode" test "$(stat -c %a "$CONFIG")" = 640
check "a reload finds them" test "$(tg reload >/dev/null && tg limits --json | jq '.limits[0].capacity')" = 25
sed -i 's|.*name: l .*|&\n    new_sources: {rate: 3/s, burst: 9}|' "$WORK/wanted"
check "new_sources is added" tg set l 'new_sources={rate: 3/s, burst: 9}' --save
check "behind the name" cmp "$CONFIG" "$WORK/wanted"
sed -i 's|3/s, burst: 9|4/m, burst: 10|' "$WORK/wanted"
check "and changed where it is" tg set l 'new_sources={burst: 10, rate: 4/m}' --save
check "in place" cmp "$CONFIG" "$WORK/wanted"
check "a reload finds it" test "$(tg reload >/dev/null && tg limits --json | jq '.limits[0].new_sources_burst')" = 10
tg set l refill_amount=5 refill_interval=1s --save 2>"$WORK/err"
check "what cannot be written in place: 1" test $? = 1
check "says that it holds all the same" grep -q "in force, but not saved: the limit l has no refill_amount in" "$WORK/err"
check "and the file is untouched" cmp "$CONFIG" "$WORK/wanted"
check "no temporary file is left" test "$(find "$WORK" -name 'tidegate.yaml.*' | wc -l)" = 0
stop
finish
