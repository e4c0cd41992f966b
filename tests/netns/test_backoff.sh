#!/bin/bash
# Backoff before real clients: who waits as `why` says gets its full rate, who insists gets less than when packets are only dropped.
. "$(dirname "$0")/lib.sh"
topology
CLIENT=$ROOT/tests/netns/patience.py
for i in 1 2 3 4; do ip -n "$A" addr add 10.77.1.$i/16 dev "$VA" && ip -n "$A" addr add fd77::1:$i/64 dev "$VA" nodad; done
for address in 10.77.0.2 fd77::2; do
	nsenter --net="/run/netns/$B" "$CLIENT" serve $address 5353 &
	PIDS+=($!)
done
# How long to wait: what an application would tell its client.
cat >"$WORK/told" <<-S
	#!/bin/sh
	exec nsenter --net=/run/netns/$B "$BUILD/tidegate" --control "$CONTROL" why "\$1" --json | jq '.limits[0].retry_after_ms'
S
chmod +x "$WORK/told"

# ask NAME FROM SECONDS [told]: "ANSWERS ASKED" into $WORK/NAME
# On a slow machine all happens in slow motion, rates and patience too.
ask() { in_a "$CLIENT" ask "$(peer_of "$2")" 5353 "$2" $(($3 * SLOW)) $((20 * SLOW)) ${4:+"$WORK/told" "$2"} >"$WORK/$1"; }
answers() { cut -d' ' -f1 "$WORK/$1"; }

policy() {
	configure <<-Y
		interfaces: [{name: IFACE}]
		limits: [{name: l, prefix: {ipv6: 128}, capacity: 40, rate: $((1200 / SLOW))/m$1}]
	Y
}

# Everybody at once, for 8 s (times SLOW): 40 + 160 is the full rate.
policy ""
start || not_ok "the daemon starts"
ask plain 10.77.1.1 8
full=$(answers plain)
check "plain drop: 40 and 20 a second: $full" between 190 "$full" 210
policy ", backoff: {initial: $((100 * SLOW))ms, factor: 2, max: $((2 * SLOW))s}"
tg reload >/dev/null || not_ok "the reload"
pids=()
for client in "patient 10.77.1.2 8 told" "hasty 10.77.1.3 8" "patient6 fd77::1:2 8 told" "hasty6 fd77::1:3 8"; do
	# shellcheck disable=SC2086 # words
	ask $client &
	pids+=($!)
done
wait "${pids[@]}"
# A slow machine only costs the patient: it takes longer to ask how long to wait.
for v in '' 6; do
	check "who waits as told gets its full rate$v: $(answers patient$v), $full with plain drop" between $((full * 3 / 4)) "$(answers patient$v)" 215
	check "who insists gets less than with plain drop$v: $(answers hasty$v)" between 40 "$(answers hasty$v)" 52
done

# What `why` says of one that insists. Closed for so long that a slow machine can ask in time.
policy ", backoff: {initial: $((2 * SLOW))s, factor: 1, max: $((2 * SLOW))s}"
tg reload >/dev/null || not_ok "the reload"
burst 10.77.1.4 100
tg why 10.77.1.4 --json | jq '.limits[0]' >"$WORK/why"
check "state" test "$(jq -r .state "$WORK/why")" = backoff
check "attempt" test "$(jq .attempt "$WORK/why")" = 1
check "time left" between 1 "$(jq .backoff_ms "$WORK/why")" $((2004 * SLOW))
check "nothing remains, and retry_after is no sooner" jq -e '.remaining == 0 and .retry_after_ms >= .backoff_ms' "$WORK/why" >/dev/null
check "in words" sh -c "nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL why 10.77.1.4 | grep -q 'backoff: attempt [12]'"
sleep "$((2 * SLOW)).1"
burst 10.77.1.4 100
check "the next attempt" test "$(tg why 10.77.1.4 --json | jq '.limits[0].attempt')" -ge 2
admits() { [ "$(admitted "$1" 5)" -ge 1 ]; }
for round in 1 2; do
	burst 10.77.1.4 100
	sleep "$(tg why 10.77.1.4 --json | jq '.limits[0].retry_after_ms / 1000')"
	check "admitted when it said, round $round" admits 10.77.1.4
done
# Long enough to load another program in.
policy ", backoff: {initial: 30s, factor: 1, max: 30s}"
tg reload >/dev/null || not_ok "the reload"
tg reset 10.77.1.4 >/dev/null
burst 10.77.1.4 100
tg set l capacity=50 >/dev/null || not_ok "set"
check "a change of the limit opens nothing" test "$(tg why 10.77.1.4 --json | jq -r '.limits[0].state')" = backoff
tg reset 10.77.1.4 >/dev/null
check "a reset opens it" test "$(tg why 10.77.1.4 --json | jq -c '.limits[0] | [.state, .attempt, .backoff_ms, .remaining]')" = '["open",0,0,50]'
burst 10.77.1.4 100
policy ""
tg reload >/dev/null || not_ok "the reload"
check "without backoff nothing is closed" test "$(tg why 10.77.1.4 --json | jq -c '.limits[0] | [.attempt, .backoff_ms]')" = '[0,0]'
received=$(tg status --json | jq '.interfaces[0] | .received == .passed + .dropped')
check "received = passed + dropped" test "$received" = true
stop
finish
