#!/bin/bash
# What three nodes let through together, at length: the measured table of docs/shared-limits.md; other ticks; more sources than are exchanged.
# SHARED_SECONDS: of the table (60).
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/cluster.sh"
cluster_topology
redis a 10.78.0.100
# nodes INTERVAL MAX_SOURCES: with that policy, by reload if they run
nodes() {
	policy 1 2 3 <<-Y
		interfaces: [{name: in}]
		cluster: {name: edge, node: NODE, redis: "redis://10.78.0.100:6379", interval: $1, stale_after: 1s, max_sources: $2}
		limits:
		  - {name: api, match: {destination_port: 5353}, shared: true, capacity: 100, rate: 1000/s}
		  - {name: small, match: {destination_port: 5354}, shared: true, capacity: 10, rate: 50/s}
	Y
	for n in 1 2 3; do if [ -n "${PROCESS[n]}" ]; then tgn $n reload || not_ok "node $n reloads"; else node $n; fi; done
	sleep 1
	all_hear 2 1 2 3
}

nodes 50ms 1024
seconds=${SHARED_SECONDS:-60}
load "$seconds" < <(shapes "$seconds")
loaded
echo "| load | let through / rate | of what one bucket would | worst second / rate | most above the rate | bound |"
all_shapes "$seconds" 502
check "nobody was left out" test "$(tgn 1 cluster --json | jq .sources.left_out)" = 0
check "nothing was counted twice" once_charged

# Other ticks: the bound, B + 2 (B + R (2 T + 1 ms)), and what is the least. A bucket of 0.1 s cannot make up for what is heard
# 0.5 s late.
for tick in "10ms 342 0.97" "250ms 1302 0.6"; do
	read -r interval bound least <<<"$tick"
	nodes "$interval" 1024
	load 10 < <(shapes 10)
	loaded
	for label in balanced balanced6 skewed alone moving; do
		expect "$interval, $label: above the rate in any window" 0 "$(of excess $label 1000)" "$bound"
		expect "$interval, $label: of what one bucket would admit" "$least" "$(of kept $label 1000 100 2 10)" 1.1
	done
	check "$interval: at 0.8 of the rate, on one, nothing is lost" test "$(of lost under6)" = 0
	expect "$interval, flash: above the rate" 100 "$(of excess flash 1000)" "$bound"
done

# 200 sources, each above the limit on all nodes together and below it on each, and places for 64: those who come first.
nodes 50ms 64
load 10 < <(for i in $(seq 200); do plan "crowd$i" "10.77.5.$i" 5354 $((i > 64)) 10 25 25 25; done)
loaded
for n in 1 2 3; do
	check "node $n lists 64" test "$(tgn $n cluster --json | jq .sources.listed)" = 64
	check "node $n counts who is left out" test "$(tgn $n cluster --json | jq .sources.left_out)" -ge 136
	check "node $n shows them in its metrics" test "$(metric $n tidegate_cluster_left_out_total)" -ge 136
done
shared=0 alone=0
for i in $(seq 200); do
	rate=$(of rate "crowd$i" 2 10)
	within 47 "$rate" 55 && shared=$((shared + 1))
	within 70 "$rate" 76 && alone=$((alone + 1))
done
echo "# $shared sources have the limit of 50/s on all nodes together, $alone on each"
check "sources with a place on all nodes have it together" between 60 $shared 64
check "those without one, on each" between 130 $alone 136
for n in 1 2 3; do check "node $n ends well" leave $n; done
end
