#!/bin/bash
# Three nodes and a Redis, and on one of them 80 attachments and 200 connections of nobody that ask for /healthz and /metrics all the time: its
# control socket answers, hardly a round is missed, and together they admit what one bucket would.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster.sh"
not_emulated "hundreds of connections, and times"
cluster_topology
for i in $(seq 40); do echo "link add m$i type veth peer name n$i"; done >"$WORK/links"
ip -n "${SERVER[1]}" -batch "$WORK/links" || not_ok "40 veths"
policy 1 2 3 <<-Y
	interfaces: [{name: in}, {name: "m*", hooks: [xdp, tc-ingress]}]
	cluster: {name: edge, node: NODE, redis: "redis://10.78.0.100", interval: 100ms, stale_after: 2s}
	limits: [{name: l, match: {destination_port: 5353}, per: source, shared: true, capacity: 100, rate: $RATE/s}]
Y
redis main 10.78.0.100
for n in 1 2 3; do node "$n"; done
all_hear 2 1 2 3
hooks() { tgn 1 status --json | jq '[.interfaces[] | select(.healthy)] | length'; }
has_hooks() { [ "$(hooks)" = 81 ]; }
check "81 attachments" until_true 10 has_hooks
missed() { for n in 1 2 3; do tgn "$n" cluster --json | jq '.store | .missed + .failures'; done | jq -s add; }
rounds() { tgn 1 cluster --json | jq .store.rounds; }

HTTP=$ROOT/tests/netns/http_load.py
nsenter --net="/run/netns/${SERVER[1]}" "$HTTP" ask 127.0.0.1 9469 200 >"$WORK/crowd" &
CROWD=$!
PIDS+=("$CROWD")
until grep -q ready "$WORK/crowd" || ! kill -0 "$CROWD" 2>/dev/null; do sleep 0.02; done
sleep 1
before=$(missed) began=$(rounds)
load 8 < <(plan balanced 10.77.1.1 5353 0 8 "$RATE" "$RATE" "$RATE")
median=$("${FIRST[@]}" "$HTTP" control "${SOCKET[1]}" 60)
check "the control socket answers under load: median $median ms" between 0 "$median" 99
loaded
after=$(($(missed) - before)) rounds=$(($(rounds) - began))
check "the crowd asked all the while" kill -0 "$CROWD"
kill "$CROWD"
wait "$CROWD" 2>/dev/null
echo "# $rounds rounds of the node; missed by all nodes: $after"
check "there were rounds" test "$rounds" -ge 50
# Other work on the machine may cost one now and then; a loop that serves HTTP first misses many.
check "hardly a round with the store is missed" between 0 "$after" $((rounds / 10))
for n in 1 2 3; do check "node $n hears the two others" hears "$n" 2; done
expect "together the nodes admit what one bucket would" 0.95 "$(of kept balanced "$RATE" 100 2 8)" 1.05
end
