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
tg set l refill_amount=5 refill_interval=1s --save 2>"$WORK/err"
check "what cannot be written in place: 1" test $? = 1
check "says that it holds all the same" grep -q "in force, but not saved: the limit l has no refill_amount in" "$WORK/err"
check "and the file is untouched" cmp "$CONFIG" "$WORK/wanted"
check "no temporary file is left" test "$(find "$WORK" -name 'tidegate.yaml.*' | wc -l)" = 0
stop
finish
