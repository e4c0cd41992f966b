#!/bin/bash
# What `why` says is what packets then meet: a packet sent after retry_after passes, one sent well before does not.
. "$(dirname "$0")/lib.sh"
topology
# On a slow machine tokens come slowly, so that it has the time to ask and to send before.

ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
# sleep_until MS: by the same clock; false if that is over
sleep_until() {
	local left
	left=$(($1 - $(ms)))
	[ $left -gt 0 ] && sleep "$(awk "BEGIN {print $left / 1000}")"
}
# obey NAME FROM: empties the bucket, asks, sends one packet too early, if there is still time to, and one in time
obey() {
	local name=$1 from=$2 wait n early=0 late=0 round asking answered
	for round in 1 2 3 4; do
		# again, should the next token have come before the answer
		for _ in $(seq 10); do
			burst "$from" 40
			asking=$(ms)
			wait=$(tg why "$from" --json | jq '.limits[0].retry_after_ms')
			answered=$(ms)
			[ "$wait" = 0 ] || break
		done
		between 1 "$wait" $((1010 * SLOW)) || { not_ok "$name: retry_after_ms is $wait" && return; }
		count 5353 $((20 * SLOW))
		! sleep_until $((asking + wait - 100 * SLOW)) || burst "$from" 1
		sleep_until $((answered + wait))
		burst "$from" 1
		n=$(counted | total)
		[ "$n" -le 1 ] || early=$((early + 1))
		[ "$n" -ge 1 ] || late=$((late + 1))
	done
	check "$name: nothing passed before its time" test $early = 0
	check "$name: everything passed at its time" test $late = 0
}

configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, rate: $((120 / SLOW))/m}]
Y
start || not_ok "the daemon starts"
obey "2/s, coarse clock" 10.77.1.1
obey "2/s, IPv6" fd77:1::1
check "an address never seen is untracked" test "$(tg why 10.77.9.9 --json | jq -r '.limits[0].state')" = untracked
tg why 10.77.1.1 --json >"$WORK/why"
check "the keys" test "$(jq -c '.limits[0] | [.limit, .bucket, .unit, .capacity]' "$WORK/why")" = '["l","10.77.1.1/32","packets",10]'
check "full as soon as it says" sh -c "sleep $(jq '.limits[0].reset_ms / 1000' "$WORK/why")"
check "it is" test "$(tg why 10.77.1.1 --json | jq '.limits[0].remaining')" = 10
tg set l refill_amount=1 "refill_interval=${SLOW}s" >/dev/null
obey "stepped, 1 every second" 10.77.1.2
tg set l capacity=2 rate=20/s >/dev/null
burst 10.77.1.3 20
check "precise clock: at most 50 ms to wait" between 0 "$(tg why 10.77.1.3 --json | jq '.limits[0].retry_after_ms')" 50
check "in words" sh -c "$BUILD/tidegate --control $CONTROL why 10.77.1.3 | grep -q 'l (bucket 10.77.1.3/32)'"
# limits that are not for everybody, and buckets with more than the address in their key
configure <<-Y
	interfaces: [{name: IFACE}]
	limits:
	  - {name: some, match: {source: [10.77.2.0/24, "fd77:2::/32"]}, capacity: 5, refill_amount: 1, refill_interval: 1d}
	  - {name: others, match: {source: {not: 10.77.2.0/24}}, capacity: 6, refill_amount: 1, refill_interval: 1d}
	  - {name: port, per: [source, destination_port, protocol], capacity: 7, refill_amount: 1, refill_interval: 1d}
Y
tg reload >/dev/null || not_ok "reload"
names() { tg why "$1" --json | jq -c '[.limits[].limit]'; }
check "a source that the first is for" test "$(names 10.77.2.9)" = '["some"]'
check "one that it is not for" test "$(names 10.77.3.9)" = '["others"]'
check "IPv6" test "$(names fd77:2::9)" = '["some","others"]'
burst 10.77.2.9 9 1000
burst 10.77.2.9 2 2000
check "a bucket for each port shows" test "$(tg why 10.77.2.9 --json | jq -c '[.limits[] | select(.limit == "port") | [.destination_port, .protocol, .remaining]] | sort')" = '[[1000,17,2]]'
tg reset --limit some >/dev/null
burst 10.77.2.9 2 2000
check "and another" test "$(tg why 10.77.2.9 --json | jq -c '[.limits[] | select(.limit == "port") | [.destination_port, .protocol, .remaining]] | sort')" = '[[1000,17,2],[2000,17,5]]'
check "in words" sh -c "$BUILD/tidegate --control $CONTROL why 10.77.2.9 | grep -q 'port (bucket 10.77.2.9/32, port 2000, protocol 17): 5 of 7'"
check "top has them too" test "$(tg top --limit port --json | jq -c '[.sources[].destination_port] | sort')" = '[1000,2000]'
stop
finish
