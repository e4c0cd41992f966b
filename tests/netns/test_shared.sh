#!/bin/bash
# Limits shared by three nodes through a Redis, with packets: what they let through together, and without the store. Each source is a
# bucket of its own, so many cases run at once. The rest is in tests/shared.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster.sh"
# A slow machine could not send so much in so many shapes, nor exchange so often: there, rates are so many times less, and all takes so many
# times as long, but for the loss of the store: hold is over 30 s after stale_after.
RATE=$((1000 / SLOW)) TICK=$((50 * SLOW)) LOSS=$((SLOW < 7 ? 5 * SLOW : SLOW + 28))
BOUND=$((300 + RATE * (4 * TICK + 2) / 1000)) # B + 2 (B + R S), S = 2 T + 1 ms = 101 ms
SHAPES=$((18 + 2000 / RATE))                  # seconds, see `shape`
cluster_topology
redis a 10.78.0.100
policy 1 2 3 <<Y
interfaces: [{name: in}]
cluster: {name: edge, node: NODE, redis: "redis://10.78.0.100:6379", interval: ${TICK}ms, stale_after: ${SLOW}s}
limits:
  - {name: api, match: {destination_port: 5353}, shared: true, capacity: 100, rate: $RATE/s}
  - {name: net, match: {destination_port: 5354}, prefix: {ipv4: 24, ipv6: 48}, shared: true, capacity: 100, rate: $RATE/s}
  - {name: split, match: {destination_port: 5361}, shared: true, on_store_loss: split, capacity: 100, rate: $RATE/s}
  - {name: hold, match: {destination_port: 5362}, shared: true, on_store_loss: hold, capacity: 100, rate: $RATE/s}
  - {name: local, match: {destination_port: 5363}, shared: true, on_store_loss: local, capacity: 100, rate: $RATE/s}
  - {name: open, match: {destination_port: 5364}, shared: true, on_store_loss: open, capacity: 100, rate: $RATE/s}
  - {name: key, per: key, shared: true, capacity: 100, refill_amount: 1, refill_interval: 1d}
  - {name: key-rate, per: key, shared: true, capacity: 20, rate: $((1200 / SLOW))/m}
Y
# One reaches the store by its socket.
sed -i "s|redis://10.78.0.100:6379|unix:$WORK/a.redis|" "${CONFIGS[1]}"
for n in 1 2 3; do node $n; done
all_hear 2 1 2 3 && ok "three nodes hear each other, by TCP and by the socket"

load $SHAPES < <(
	shapes $SHAPES
	for n in 1 2 3; do echo "prefix $n 10.77.2.$n 5354 0 $SHAPES $RATE" && echo "prefix6 $n fd77:2:0:$n::1 5354 0 $SHAPES $RATE"; done
)
loaded
all_shapes $SHAPES $BOUND
shape prefix $SHAPES 0.97 1.03 $BOUND
shape prefix6 $SHAPES 0.97 1.03 $BOUND

# The store dies, and comes back with nothing.
load $((60 * SLOW)) < <(
	port=5361
	for l in split hold local open; do plan $l 10.77.3.1 $((port++)) 0 $((60 * SLOW)) $((RATE * 3 / 2)) $((RATE / 5)) $((RATE / 5)); done
)
at $((6 * SLOW))
kill_redis a
lost=$(since)
is_lost() { [ "$(tgn "$1" cluster --json | jq -r .state)" = lost ]; }
for n in 1 2 3; do check "node $n says that the store is lost" until_true 3 is_lost $n; done
at "$(plus "$lost" $LOSS)"
back=$(since)
redis a 10.78.0.100
answers=$(since)
at "$(plus "$answers" $((6 * SLOW)))"
end=$(since)
loaded now
gone=$(plus "$lost" "$(jq -n "1.4 * $SLOW")") returned=$(plus "$answers" $((2 * SLOW)))
for l in split hold local open; do
	read -r before after gap < <(of kept $l $RATE 100 1 "$lost" , kept $RATE 100 "$returned" "$end" , gap "$back" "$end")
	expect "$l: shared before" 0.95 "$before" 1.05
	expect "$l: shared again within 2 s" 0.95 "$after" 1.05
	expect "$l: nobody waits for long on the return" 0 "$gap" $((SLOW / 2)).5
done
expect "split: a third on each" 0.97 "$(of kept split $RATE 100 "$gone" "$back" 3)" 1.03
# By the pace of the last second before. In an emulated machine that one may be slow or fast; split would be 0.73, local 1.4.
[ -z "${TG_EMULATED:-}" ] && about=(0.9 1.1) || about=(0.8 1.35)
expect "hold: as before" "${about[0]}" "$(of kept hold $RATE 100 "$gone" "$back")" "${about[1]}"
expect "local: the whole on each" 0.97 "$(of kept local $((3 * RATE)) 300 "$gone" "$back" 3)" 1.03
check "open: everything" test "$(of lost open "$gone" "$back")" -le 2 # just under way

# Applications: exactly.
all_hear 2 1 2 3
charge() { tgn "$1" charge "$2" "$3" --cost "$4" --state "${NODE_STATE[$1]}" >/dev/null 2>&1; }
exits() { local code=$1 && shift && "$@"; [ $? = "$code" ]; }
remains() { [ "$(tgn "$1" why --key "$2" --json | jq '.limits[] | select(.limit == "key").remaining')" = "$3" ]; }
check "a key, 60 of 100 on node 1" charge 1 key alice 60
check "node 2 hears of it" until_true 2 remains 2 alice 40
check "and has no more than 40" exits 10 charge 2 key alice 41
check "25 on node 2" charge 2 key alice 25
check "node 3 hears of both" until_true 2 remains 3 alice 15
check "no more than 15 on node 3" exits 10 charge 3 key alice 16
check "15 on node 3" charge 3 key alice 15
check "and node 1 hears of all" until_true 2 remains 1 alice 0

# Keys at a rate, for 5 s, and as much longer as it is slower. Not by the command, which a slow machine takes a second to start.
begin=$(now)
for n in 1 2 3; do
	"$BUILD/asan/tests/netns/library" charge "${NODE_STATE[n]}" key-rate bob 1 $((5 * SLOW)) >"$WORK/keys.$n" &
	PIDS+=($!)
done
wait "${PIDS[@]: -3}"
due=$(awk -v a="$begin" -v b="$(now)" -v slow="$SLOW" 'BEGIN {print 20 / slow * (b - a) / 1000}')
n=$(awk '{n += $1} END {print n}' "$WORK"/keys.?)
# 20 + 2 (20 + 20 S) beyond the rate, and no less than the rate
check "keys: $n where the rate is $due" within "$(jq -n "$due * 0.95")" "$n" "$(jq -n "$due + 65")"
for n in 1 2 3; do check "node $n ends well" leave $n; done
end
