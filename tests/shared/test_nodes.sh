#!/bin/bash
# Nodes that freeze, die, come back, join, leave, or have the limit otherwise.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/cluster.sh"
cluster_topology
redis a 10.78.0.100
# configured CAPACITY NODE...
configured() {
	local capacity=$1
	shift
	policy "$@" <<-Y
		interfaces: [{name: in}]
		on_stop: keep
		cluster: {name: edge, node: NODE, redis: "redis://10.78.0.100:6379", interval: 50ms, stale_after: 1s}
		limits:
		  - {name: api, match: {destination_port: 5353}, shared: true, capacity: $capacity, rate: 1000/s}
		  - {name: other, match: {destination_port: 5354}, shared: true, capacity: 100, rate: 1000/s}
	Y
}
both() { plan api 10.77.3.1 5353 0 60 2000 2000 2000 && plan other 10.77.3.1 5354 0 60 2000 2000 2000; }
# alone NAME: node 1 has had its third, and the others the whole, from $gone to $back; shared before and from 2 s after $answers on
alone() {
	local l
	for l in api other; do
		of seconds $l
		expect "$1, $l: shared before" 0.95 "$(of kept $l 1000 100 2 "$lost")" 1.05
		expect "$1, $l: the node alone has its third" 320 "$(of rate $l "$gone" "$back" 1)" 345
		expect "$1, $l: the others have the whole" 950 "$(plus "$(of rate $l "$gone" "$back" 2)" "$(of rate $l "$gone" "$back" 3)")" 1050
		expect "$1, $l: shared again within 2 s" 0.95 "$(of kept $l 1000 100 "$(plus "$answers" 2)" "$end")" 1.05
		expect "$1, $l: nobody waits for long on the return" 0 "$(of gap $l "$back" "$end")" 0.5
	done
	check "$1: nothing was counted twice" once_charged
}
# back_again: the end of such a case
back_again() {
	answers=$(since)
	at "$(plus "$answers" 6)"
	end=$(since)
	loaded now
	gone=$(plus "$lost" 2)
}
configured 100 1 2 3
for n in 1 2 3; do node $n; done
all_hear 2 1 2 3

load 60 < <(both)
at 4
lost=$(since)
kill -STOP "${PROCESS[1]}"
check "frozen: node 2 sees it" until_true 3 hears 2 1
at "$(plus "$lost" 6)"
back=$(since)
kill -CONT "${PROCESS[1]}"
back_again
alone "frozen"

load 60 < <(both)
at 4
lost=$(since)
leave 1 KILL
check "killed: node 3 sees it" until_true 3 hears 3 1
at "$(plus "$lost" 6)"
back=$(since)
node 1
back_again
alone "killed"

# One that is stopped takes its frame along, and keeps to its part.
load 60 < <(both)
at 4
lost=$(since)
check "stopped: it ends well" leave 1
check "stopped: node 3 sees it" until_true 3 hears 3 1
at "$(plus "$lost" 6)"
back=$(since)
node 1
back_again
alone "stopped"

# One that joins.
check "leaves for good" leave 1
forgets() { [ "$(tgn 2 cluster --json | jq '.peers | length')" = 1 ]; }
check "is forgotten after 60 s" until_true 75 forgets
check "then there are two nodes" test "$(tgn 2 cluster --json | jq .nodes)" = 2
load 60 < <(plan api 10.77.3.1 5353 0 60 0 2000 2000 && plan joined 10.77.3.2 5353 0 60 2000 2000 2000)
at 4
node 1
all_hear 2 1 2 3
joined=$(since)
at "$(plus "$joined" 6)"
end=$(since)
loaded now
of seconds joined
expect "joins: what it was not there for is not charged" 0.95 "$(of kept api 1000 100 2 "$end")" 1.05
expect "joins: shared within 2 s" 0.95 "$(of kept joined 1000 100 "$(plus "$joined" 2)" "$end")" 1.05

# Another definition of one limit on one node: that one alone is not shared with it.
configured 150 3
tgn 3 reload || not_ok "reload"
sleep 1
load 10 < <(both)
loaded
of seconds api
of seconds other
expect "another definition: by itself" 950 "$(of rate api 2 10 3)" 1050
expect "another definition: the others share" 950 "$(plus "$(of rate api 2 10 1)" "$(of rate api 2 10 2)")" 1050
expect "another definition: the other limit is shared by all" 0.97 "$(of kept other 1000 100 2 10)" 1.03
check "another definition: shown" test "$(tgn 1 cluster --json | jq -c '.limits[] | select(.limit == "api") | .differs_on')" = '["node-3"]'
check "another definition: not of the other limit" test "$(tgn 1 cluster --json | jq -c '.limits[] | select(.limit == "other") | .differs_on')" = '[]'
for n in 1 3; do check "another definition: node $n said it once" test "$(grep -c 'limit api is another' "${LOGS[n]}")" = "$((n == 1 ? 1 : 2))"; done
configured 100 3
tgn 3 reload || not_ok "reload"
sleep 1
load 8 < <(both)
loaded
expect "the same again: shared" 0.97 "$(of kept api 1000 100 2 8)" 1.03
for n in 1 2 3; do check "node $n ends well" leave $n; done
end
