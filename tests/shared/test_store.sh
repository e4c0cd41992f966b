#!/bin/bash
# What becomes of shared limits when the store goes, each way that it can go and for each on_store_loss, and when it comes back.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/cluster.sh"
cluster_topology
redis a 10.78.0.100
redis b 10.78.0.101 --replicaof 10.78.0.100 6379
policy 1 2 3 <<Y
interfaces: [{name: in}]
cluster: {name: edge, node: NODE, redis: ["redis://10.78.0.100:6379", "redis://10.78.0.101:6379"], interval: 50ms, stale_after: 1s}
limits:
  - {name: split, match: {destination_port: 5361}, shared: true, on_store_loss: split, capacity: 100, rate: 1000/s}
  - {name: hold, match: {destination_port: 5362}, shared: true, on_store_loss: hold, capacity: 100, rate: 1000/s}
  - {name: local, match: {destination_port: 5363}, shared: true, on_store_loss: local, capacity: 100, rate: 1000/s}
  - {name: open, match: {destination_port: 5364}, shared: true, on_store_loss: open, capacity: 100, rate: 1000/s}
Y
for n in 1 2 3; do node $n; done
all_hear 2 1 2 3
is_lost() { [ "$(tgn "$1" cluster --json | jq -r .state)" = lost ]; }
is_heard() { [ "$(tgn "$1" cluster --json | jq -r .state)" = heard ]; }
modes() { tgn "$1" cluster --json | jq -c '[.limits[].mode] | sort'; }
begin() {
	load 300 < <(
		port=5361
		for l in split hold local open; do plan $l 10.77.3.1 $((port++)) 0 300 1500 200 200; done
	)
	at 7
	lost=$(since)
}
# finish_fault NAME: after it was ended: what it let through
finish_fault() {
	all_hear 2 1 2 3
	answers=$(since)
	at "$(plus "$answers" 6)"
	end=$(since)
	loaded now
	gone=$(plus "$lost" 1.4) returned=$(plus "$answers" 2)
	for l in split hold local open; do
		of seconds $l
		read -r before after gap < <(of kept $l 1000 100 1 "$lost" , kept 1000 100 "$returned" "$end" , gap "$back" "$end")
		expect "$1, $l: shared before" 0.95 "$before" 1.05
		expect "$1, $l: 2 s later shared again" 0.95 "$after" 1.05
		expect "$1, $l: nobody waits for long on the return" 0 "$gap" 0.5
	done
	expect "$1, split: a third on each" 0.97 "$(of kept split 1000 100 "$gone" "$back" 3)" 1.03
	expect "$1, hold: as before" 0.93 "$(of kept hold 1000 100 "$gone" "$back")" 1.1
	expect "$1, local: the whole on each" 0.97 "$(of kept local 3000 300 "$gone" "$back" 3)" 1.03
	check "$1, open: everything" within -2 "$(of lost open "$gone" "$back")" 2 # under way
	check "$1: nothing was counted twice" once_charged
}
say_lost() { for n in 1 2 3; do check "$1: node $n says that the store is lost" until_true 3 is_lost $n; done; }

begin
kill_redis b
kill -STOP "${REDIS[a]}"
say_lost "stopped"
check "stopped: the modes are shown" test "$(modes 1)" = '["hold","local","open","split"]'
at "$(plus "$lost" 6)"
back=$(since)
kill -CONT "${REDIS[a]}"
finish_fault "stopped"

begin
kill_redis a
say_lost "killed"
at "$(plus "$lost" 6)"
back=$(since)
redis a 10.78.0.100
finish_fault "killed, and back with nothing"

# No answer of any kind: what was sent is lost.
begin
ip -n "$HUB" link set bridge down
say_lost "cut off"
at "$(plus "$lost" 6)"
back=$(since)
ip -n "$HUB" link set bridge up
finish_fault "cut off"

# One node alone: it has its third, and the others the whole.
load 60 < <(plan split 10.77.3.1 5361 0 60 2000 2000 2000)
at 4
lost=$(since)
ip -n "$HUB" link set port1 down
check "one cut off: it says so" until_true 3 is_lost 1
check "one cut off: the others do not hear it" until_true 3 hears 2 1
check "one cut off: and are not lost" is_heard 2
at "$(plus "$lost" 6)"
back=$(since)
ip -n "$HUB" link set port1 up
all_hear 2 1 2 3
answers=$(since)
at "$(plus "$answers" 6)"
end=$(since)
loaded now
of seconds split
gone=$(plus "$lost" 2)
expect "one cut off: its third, a second" 320 "$(of rate split "$gone" "$back" 1)" 345
expect "one cut off: the others together" 950 "$(plus "$(of rate split "$gone" "$back" 2)" "$(of rate split "$gone" "$back" 3)")" 1050
expect "one cut off: 2 s later shared again" 0.95 "$(of kept split 1000 100 "$(plus "$answers" 2)" "$end")" 1.05
check "one cut off: nothing was counted twice" once_charged

# The store is slow, but not for so long that it is lost: what is heard late is charged at once, and closes for that long.
load 30 < <(plan split 10.77.3.1 5361 0 30 2000 2000 2000 && plan under 10.77.3.2 5361 0 30 267 267 266)
for second in 4 6 8 10; do
	at $second
	kill -STOP "${REDIS[a]}"
	sleep 0.6
	kill -CONT "${REDIS[a]}"
done
at 13
end=$(since)
loaded now
of seconds split
of seconds under
expect "slow: who is below the limit loses no more than it sent meanwhile" 0 "$(of lost under)" $((4 * 640))
# In 0.6 s three nodes let through 1200 more than one would, and owe 402 of that at most.
expect "slow: no more than is not owed" 0.93 "$(of kept split 1000 100 2 "$end")" 1.4
check "slow: nothing was counted twice" once_charged

# The store forgets everything, again and again.
load 60 < <(plan split 10.77.3.1 5361 0 60 2000 2000 2000)
for second in 4 6 8; do
	at $second
	rc a flushall >/dev/null
done
at 14
end=$(since)
loaded now
of seconds split
expect "flushed: above the rate in any window" 0 "$(of excess split 1000)" 700
expect "flushed: shared all the time" 0.95 "$(of kept split 1000 100 2 "$end")" 1.05
check "flushed: nothing was counted twice" once_charged

# Fail-over: the first server dies, the second is a replica, and then is no replica any more.
redis b 10.78.0.101 --replicaof 10.78.0.100 6379
in_sync() { rc b info replication | grep -q master_link_status:up; }
until_true 10 in_sync || not_ok "the replica follows"
load 60 < <(plan split 10.77.3.1 5361 0 60 2000 2000 2000)
at 4
kill_redis a
at 6
check "a replica that cannot be written to is no store" is_lost 1
rc b replicaof no one >/dev/null
all_hear 2 1 2 3
answers=$(since)
at "$(plus "$answers" 8)"
end=$(since)
loaded now
of seconds split
for n in 1 2 3; do check "fail-over: node $n has found the other server" test "$(tgn $n cluster --json | jq -r .store.server)" = redis://10.78.0.101:6379/0; done
expect "fail-over: 2 s later shared again" 0.95 "$(of kept split 1000 100 "$(plus "$answers" 2)" "$end")" 1.05
check "fail-over: nothing was counted twice" once_charged
# The first comes back as the other's replica: a node that starts now tries it first, and goes on to the other.
redis a 10.78.0.100 --replicaof 10.78.0.101 6379
leave 3
node 3
all_hear 2 1 2 3 && ok "a node that starts finds the one that can be written to"
check "READONLY is told" grep -q READONLY "${LOGS[3]}"
kill_redis a

# hold holds for 30 s.
begin
kill_redis b
say_lost "for long"
at "$(plus "$lost" 28)"
check "held for 28 s" test "$(modes 1)" = '["hold","local","open","split"]'
at "$(plus "$lost" 33)"
check "not for 33 s" test "$(modes 1)" = '["local","open","split","split"]'
at "$(plus "$lost" 37)"
end=$(since)
loaded now
of seconds hold
expect "hold, 2 to 29 s" 0.93 "$(of kept hold 1000 100 "$(plus "$lost" 2)" "$(plus "$lost" 29)")" 1.1
expect "then split" 0.97 "$(of kept hold 1000 100 "$(plus "$lost" 33)" "$end" 3)" 1.03
for n in 1 2 3; do check "node $n ends well without a store" leave $n; done
end
