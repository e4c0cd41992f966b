#!/bin/bash
# Two hundred changes of the policy while packets flow: not one above the limit passes, not one below it is lost.
. "$(dirname "$0")/lib.sh"
topology
SECONDS_OF_FLOW=$((600 * SLOW)) # at most; they are ended with the last change
# policy CAPACITY OTHER: what is about the flows, and what is not and changes too
policy() {
	configure <<-Y
		interfaces: [{name: IFACE}]
		sets: {some: [198.51.100.0/24, 10.200.0.0/$2]}
		deny: [192.0.2.$2]
		limits:
		  - {name: l, per: source, capacity: $1, refill_amount: 1, refill_interval: 1d}
		  - {name: other-$2, match: {source: some, destination_port: $2, protocol: udp}, capacity: $2, rate: $2/s}
		  - {name: everyone, per: everyone, unit: bytes, capacity: 1GiB, rate: $2Gbit/s}
	Y
}
# reloads N CAPACITY CAPACITY: N changes between the two
reloads() {
	local i failures=0
	for ((i = 0; i < $1; i++)); do
		if [ $((i % 2)) = 0 ]; then policy "$2" 16; else policy "$3" 24; fi
		tg reload >/dev/null || failures=$((failures + 1))
	done
	check "$1 changes, none refused" test $failures = 0
}
received() { awk -v source="$1" '$1 == source {n = $2} END {print n + 0}' "$WORK/received"; }
# low 16 bits of the addresses: 10.77.1.1 is 257, 10.77.1.2 is 258, 10.77.1.3 is 259
policy 5000 24
start || not_ok "the daemon starts"
burst 10.77.1.3 5000
count 5353 $((640 * SLOW))
nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.1.1 10.77.0.2 5353 1 $((20 / SLOW)) $SECONDS_OF_FLOW 62 >"$WORK/sent1" &
FLOW1=$!
nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.1.2 10.77.0.2 5353 1 3000 $SECONDS_OF_FLOW 62 >"$WORK/sent2" &
FLOW2=$!
nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.1.3 10.77.0.2 5353 1 500 $SECONDS_OF_FLOW 62 >"$WORK/sent3" &
FLOW3=$!
PIDS+=("$FLOW1" "$FLOW2" "$FLOW3")
reloads 100 5000 5000
# the drained ones stay drained, whatever their bucket is made to hold
reloads 100 10000 5000
check "the flows outlasted the changes" kill -0 "$FLOW1"
kill "$FLOW1" "$FLOW2" "$FLOW3"
wait "$FLOW1" "$FLOW2" "$FLOW3"
counted >"$WORK/received"
check "200 generations" test "$(tg status --json | jq .generation)" = 201
check "below the limit: sent" test "$(cat "$WORK/sent1")" -ge 200
check "below the limit: all of them arrive" test "$(received 257)" = "$(cat "$WORK/sent1")"
check "above the limit: sent" test "$(cat "$WORK/sent2")" -ge 20000
check "above the limit: what one bucket holds, and no more" test "$(received 258)" = 5000
check "drained before: nothing in all that time" test "$(received 259)" = 0
check "every packet is accounted for" sh -c "'$BUILD/tidegate' --control '$CONTROL' status --json |
	jq -e '.interfaces[0] | .received == .passed + .dropped and .received > 20000'"
stop
finish
