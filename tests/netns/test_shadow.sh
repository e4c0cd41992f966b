#!/bin/bash
# Shadow limits: counted and never acting, live on and off with buckets as they are, until the next reload or saved.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	# tried out on real traffic
	interfaces: [{name: IFACE}]
	limits:
	  - name: tight        # five
	    match: { protocol: udp }
	    capacity: 5
	    refill_amount: 1
	    refill_interval: 1d
	    shadow: true       # not yet
	  - name: wide
	    capacity: 50
	    refill_amount: 1
	    refill_interval: 1d
Y
cp "$CONFIG" "$WORK/before"
start || not_ok "the daemon starts"
verdicts() { tg limits "$1" --json | jq -c '.limits[0].packets | [.admitted, .dropped, .shadow_exceeded]'; }
remaining() { tg why "$1" --json | jq --arg limit "$2" '.limits[] | select(.limit == $limit) | .remaining'; }
check "nothing is dropped by a shadow limit" test "$(admitted 10.77.1.1 20)" = 20
check "5 within, 15 beyond" test "$(verdicts tight)" = '[5,0,15]'
check "the other limit has admitted them all" test "$(verdicts wide)" = '[20,0,0]'
check "what a real limit refuses is no shadow's doing" test "$(admitted 10.77.1.1 100)" = 30
check "and not counted" test "$(verdicts tight)$(verdicts wide)" = '[5,0,45][50,70,0]'
check "IPv6 as well" test "$(admitted fd77:1::1 20)" = 20
check "is counted" test "$(verdicts tight)" = '[10,0,60]'
check "bytes too" test "$(tg limits tight --json | jq '.limits[0].bytes | .shadow_exceeded / 62')" = 60
check "metrics count it" sh -c "$(printf %q "$(command -v nsenter)") --net=/run/netns/$B curl -s http://$METRICS/metrics | grep -qx 'tidegate_limit_packets_total{limit=\"tight\",verdict=\"shadow_exceeded\"} 60'"
check "status names it" test "$(tg status --json | jq -c .shadow_limits)" = '["tight"]'
check "in words" sh -c "$BUILD/tidegate --control $CONTROL status | grep -qx 'in shadow, counting and not acting: tight'"
check "limits has a column for it" sh -c "$BUILD/tidegate --control $CONTROL limits | grep -q '^tight .* shadow .* 60  *[0-9][0-9]*$'"
check "top marks it" test "$(tg top --limit tight --json | jq -c '[.sources[].shadow] | unique')" = '[true]'
check "why does" sh -c "$BUILD/tidegate --control $CONTROL why 10.77.1.1 | grep -q 'would refuse but for shadow now'"
# on and off
admitted 10.77.1.2 3 >/dev/null
check "2 tokens are left" test "$(remaining 10.77.1.2 tight)" = 2
check "off" tg shadow off tight
check "still 2" test "$(remaining 10.77.1.2 tight)" = 2
check "who had used up its tokens has none now" test "$(admitted 10.77.1.1 20)" = 0
check "two more, and no more" test "$(admitted 10.77.1.2 20)" = 2
check "dropped by it now" test "$(verdicts tight | jq '.[1] > 0')" = true
generation=$(tg limits --json | jq .generation)
check "two at once, in one change" tg shadow on tight wide tight
check "one generation" test "$(tg limits --json | jq .generation)" = $((generation + 1))
check "json" test "$(tg shadow on wide tight --json | jq -c .limits)" = '[{"name":"wide","shadow":true},{"name":"tight","shadow":true}]'
check "and none where nothing changes" test "$(tg limits --json | jq .generation)" = $((generation + 1))
check "all pass" test "$(admitted 10.77.1.2 90)" = 90
check "as set has it" tg set wide shadow=false
check "it acts" test "$(tg limits wide --json | jq '.limits[0].shadow')" = false
for bad in "on nosuch" "off tight nosuch"; do
	# shellcheck disable=SC2086 # two words
	tg shadow $bad 2>"$WORK/err"
	check "shadow $bad: 6" test $? = 6
done
check "naming it" grep -q 'no limit is named "nosuch"; there are: tight, wide' "$WORK/err"
check "and nothing has changed" test "$(tg status --json | jq -c .shadow_limits)" = '["tight"]'
tg shadow maybe tight 2>/dev/null
check "neither on nor off: 2" test $? = 2
tg shadow on 2>/dev/null
check "no limit: 2" test $? = 2
# until the next reload
check "the file is as it was" cmp "$CONFIG" "$WORK/before"
tg shadow off tight >/dev/null
tg reload >/dev/null
check "a reload reads it from the file" test "$(tg limits tight --json | jq '.limits[0].shadow')" = true
check "off, saved" tg shadow off tight --save
sed 's/shadow: true  /shadow: false  /' "$WORK/before" >"$WORK/wanted"
check "the file has it, with all else as it was" cmp "$CONFIG" "$WORK/wanted"
check "on for one of which the file says nothing, saved" tg shadow on wide --save
sed -i 's/^\( *\)- name: wide$/&\n\1  shadow: true/' "$WORK/wanted"
check "is added behind its name" cmp "$CONFIG" "$WORK/wanted"
tg reload >/dev/null
check "a reload finds both" test "$(tg status --json | jq -c .shadow_limits)" = '["wide"]'
check "diff says what it would do" sh -c "$BUILD/tidegate --control $CONTROL diff $WORK/before | grep -q 'shadow: what exceeds goes on and is counted; without shadow: what exceeds is dropped; now: what exceeds is dropped'"
# a daemon that dies leaves it in force
stop KILL
check "it counts on without a daemon" test "$(admitted 10.77.1.3 90)" = 5
start || not_ok "the daemon starts again"
check "5 by the tight one" test "$(remaining 10.77.1.3 tight)" = 0
stop
finish
