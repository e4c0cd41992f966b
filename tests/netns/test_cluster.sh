#!/bin/bash
# Two nodes and a real Redis at a Unix socket: a source that sends to both gets from both together what one would give it. What differs is
# not shared, the loss of the store is what on_store_loss says, and all of it is to be seen. (Three nodes, ratios and faults: test_shared.sh.)
. "$(dirname "$0")/lib.sh"
STORE=$WORK/redis.sock REDIS='' ROOT_STATE=$STATE
# Where a slow machine could not keep the pace, all that has a rate goes so much more slowly for so much longer, and comes to the same numbers.
RATE=$((1000 / SLOW)) TICK=$((50 * SLOW))ms
C=tgt${ID}c VC=tgc$ID VA2=tgd$ID
command -v redis-server >/dev/null || { skip "all: redis-server is not installed" && finish; }

cluster_cleanup() {
	[ -z "$REDIS" ] || kill -CONT "$REDIS" 2>/dev/null
	rm -rf "${ROOT_STATE}"-2
	ip netns del "$C" 2>/dev/null
	cleanup
}
trap cluster_cleanup EXIT
topology
ip netns add "$C" && ip link add "$VA2" netns "$A" type veth peer name "$VC" netns "$C" || exit 1
ip -n "$C" addr add 10.77.0.2/16 dev "$VC"
ip -n "$C" link set lo up && ip -n "$C" link set "$VC" up && ip -n "$A" link set "$VA2" up
MACS=('' "$MAC" "$(ip -n "$C" -br link show "$VC" | awk '{print $3}')")
INSIDE=('' "$B" "$C") THERE=('' "$VB" "$VC") HERE=('' "$VA" "$VA2") DAEMONS=('' '' '')

# use NODE: whatever lib.sh does is done with that node
use() {
	B=${INSIDE[$1]} VB=${THERE[$1]} VA=${HERE[$1]} MAC=${MACS[$1]} NODE=$1
	CONFIG=$WORK/node$1.yaml CONTROL=$WORK/node$1.sock METRICS=127.0.0.1:9469 STATE=$ROOT_STATE
	[ "$1" = 1 ] || STATE=$ROOT_STATE-$1
}
# of NODE ARGUMENTS...: the command there
of() { (use "$1" && shift && tg "$@"); }
# start_node NODE
start_node() {
	use "$1"
	start --log-format text 2>/dev/null || { not_ok "node $1 starts" && return; }
	DAEMONS[$1]=$DAEMON
	PIDS+=("$DAEMON")
	DAEMON=
}
# configured NODE [CLUSTER LINE...]: limits from standard input
configured() {
	local node=$1
	use "$node"
	{
		echo "interfaces: [{name: IFACE}]"
		echo "cluster: {name: edge, node: node-$node, redis: \"unix:$STORE\", interval: $TICK}"
		cat
	} | configure
}
# soon COMMAND...: within 5 s
soon() {
	for _ in $(seq $((50 * SLOW))); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
# is NODE FILTER VALUE: of `tidegate cluster --json`
is() { [ "$(of "$1" cluster --json 2>/dev/null | jq -r "$2")" = "$3" ]; }
# both SOURCE SECONDS: sends to both, each at 1.5 times the limit's rate; $WORK/received has what arrived on both, by node
both() {
	local node
	rm -f "$WORK"/received*
	for node in 1 2; do
		nsenter --net="/run/netns/${INSIDE[$node]}" "$TRAFFIC" count "${THERE[$node]}" 5353 $((30 * SLOW)) udp >"$WORK/received$node" &
		COUNTERS[node]=$!
		until grep -q ready "$WORK/received$node" 2>/dev/null; do sleep 0.02; done
	done
	(use 1 && flow "$1" 1 $((RATE * 3 / 2)) $(($2 * SLOW))) &
	local first=$!
	(use 2 && flow "$1" 1 $((RATE * 3 / 2)) $(($2 * SLOW)))
	wait $first
	sleep 0.2
	kill -TERM "${COUNTERS[@]}"
	wait "${COUNTERS[@]}" 2>/dev/null
	cat "$WORK"/received[12] | grep -v -e ready -e end >"$WORK/received"
}
# got LEAST MOST TOKENS: whether what arrived on both is at least LEAST times the limit's rate, and at most MOST times and TOKENS
got() {
	awk -v least="$1" -v most="$2" -v tokens="$3" -v rate="$RATE" '
		{n += $2; if (!first || $3 < first) first = $3; if ($4 > last) last = $4}
		END {
			s = (last - first) / 1000
			printf "# %d packets in %.2f s, %.3f of the rate\n", n, s, n / (rate * s)
			exit !(n >= least * rate * s && n <= most * rate * s * 1.01 + tokens)
		}' "$WORK/received"
}
# said TEXT: how often the logs have it
said() { grep -c -e "$1" "$WORK/daemon.log"; }

redis-server --port 0 --unixsocket "$STORE" --save '' --appendonly no --dir "$WORK" >"$WORK/redis.log" 2>&1 &
REDIS=$!
PIDS+=("$REDIS")
soon test -S "$STORE" || not_ok "redis-server starts"

limits() {
	cat <<-Y
		limits:
		  - {name: api, per: source, capacity: 100, rate: $RATE/s, shared: true}
		  - {name: own, per: source, capacity: 1000000, rate: 1000000/s}
	Y
}
for node in 1 2; do limits | configured "$node"; done
start_node 1
start_node 2
for node in 1 2; do
	check "node $node hears the other" soon is $node '.nodes' 2
	check "node $node shares the limit with it" is $node '.limits | map([.limit, .mode, .shared_with[0]] | join(" ")) | join(",")' "api shared node-$((3 - node))"
done
soon grep -q 'node node-2 has joined' "$WORK/daemon.log"
check "said once" test "$(said 'node node-2 has joined')" = 1
check "the bound: (2 - 1) (100 + 1000/s 150 ms)" is 1 '.limits[0].overshoot_bound' 250

check "limits says which are shared" test "$(of 1 limits --json | jq -c '[.limits[].shared]')" = '[true,false]'

both 10.77.1.1 4
check "a source gets the rate once from both" got 0.95 1 350
# Which of the two had how much is chance. A source is listed once it has taken something: the first bucketful may be missing.
there=$(grep -v -e ready -e end "$WORK/received2" | total)
elsewhere() { of 1 why 10.77.1.1 --json | jq '.limits[0].shared | select(.mode == "shared" and .listed).elsewhere'; }
told() { between $((there - 100)) "$(elsewhere)" "$there"; }
check "why: what it took elsewhere: $there" soon told
check "why: in words" sh -c "$BUILD/tidegate --control $WORK/node1.sock why 10.77.1.1 | grep -q 'taken there and charged here'"
check "why: another limit is not shared" test "$(of 1 why 10.77.1.1 --json | jq '.limits[1].shared')" = null
check "one source is exchanged" is 2 '.sources.listed' 1
check "both have their share" is 1 '.share > 0.05 and .peers[0].share > 0.05' true
check "no more was found to be owed than can be" is 1 '.limits[0] | .overshoot_seen <= .overshoot_bound' true
of 1 cluster >"$WORK/words" || not_ok "cluster in words"
check "cluster in words: the store" grep -q "^store unix:$STORE: connected, round trip" "$WORK/words"
check "the node" grep -Eq '^node-2 +fresh' "$WORK/words"
check "the limit" grep -Eq '^api +shared' "$WORK/words"
metric() { nsenter --net="/run/netns/${INSIDE[1]}" curl -s "http://$METRICS/metrics" | awk -v name="$1" '$1 == name {print $2}'; }
check "metrics: the mode" test "$(metric 'tidegate_cluster_limit_mode{limit="api",mode="shared"}')" = 1
check "metrics: the other node" test "$(metric 'tidegate_cluster_peer_up{node="node-2"}')" = 1

# a change of something else keeps the epoch and the list, a restart has a new epoch and charges nothing twice
epoch=$(of 1 cluster --json | jq -r .epoch)
of 1 set own capacity=500000 >/dev/null || not_ok "set"
check "a change of the policy keeps the epoch" is 1 .epoch "$epoch"
both 10.77.1.2 1
use 1
DAEMON=${DAEMONS[1]}
stop USR1 || not_ok "node 1 leaves all in force"
start_node 1
check "a restart has a new one" test "$(of 1 cluster --json | jq -r .epoch)" != "$epoch"
check "which the other notes" soon grep -q 'node node-1 has started anew' "$WORK/daemon.log"
both 10.77.1.2 3
check "and nothing is charged twice" got 0.95 1 350

# a definition of its own
of 2 set api capacity=200 >/dev/null || not_ok "set"
check "a limit that differs is said on one node" soon is 1 '.limits[0].differs_on[0]' node-2
check "and on the other" soon is 2 '.limits[0].differs_on[0]' node-1
both 10.77.1.3 2
check "it is not shared" got 1.9 2 300
check "said once by each" test "$(said 'limit api is another on node node-2')$(said 'limit api is another on node node-1')" = 11
of 2 set api capacity=100 >/dev/null || not_ok "set"
check "the same again, it is shared" soon is 1 '.limits[0].shared_with[0]' node-2

# two nodes of one name
limits | configured 2
sed -i 's/node: node-2/node: node-1/' "$WORK/node2.yaml"
of 2 reload >/dev/null || not_ok "reload"
check "a name that is taken is noted" soon is 1 .name_taken true
check "by both" soon is 2 .name_taken true
check "status says it" test "$(of 1 status --json | jq -r .health)" = "another node is called node-1 as well"
sed -i 's/node: node-1/node: node-2/' "$WORK/node2.yaml"
of 2 reload >/dev/null || not_ok "reload"
check "until each has its own" soon is 1 .name_taken false
check "said once by each" test "$(said 'another node is called node-1 as well')" = 2
for node in 1 2; do check "and node $node hears the other again" soon is $node '.nodes' 2; done

# the store is lost, and comes back; a change of the policy on a slow machine may have been longer than stale_after
lost=$(said 'cannot be heard') again=$(said 'are shared again')
kill -STOP "$REDIS"
check "without the store it is split" soon is 1 '.limits[0] | "\(.mode) \(.parts)"' 'split 2'
check "on the other node too" soon is 2 '.limits[0] | "\(.mode) \(.parts)"' 'split 2'
check "which status says" test "$(of 1 status --json | jq -r .health)" = "store lost: limit api split by 2"
check "why: limited alone" test "$(of 1 why 10.77.1.4 --json | jq -r '.limits[0].shared.mode')" = split
both 10.77.1.4 3
check "both together have the rate" got 0.95 1 100
kill -CONT "$REDIS"
check "with the store it is shared again" soon is 1 '.limits[0].mode' shared
check "on the other node too" soon is 2 '.limits[0].mode' shared
check "said once by each, both times" test "$(said 'cannot be heard') $(said 'are shared again')" = "$((lost + 2)) $((again + 2))"
both 10.77.1.4 3
check "no debts are left from before" got 0.93 1 350

# open, and no cluster at all
limits | sed 's/shared: true/&, on_store_loss: open/' | configured 1
of 1 reload >/dev/null || not_ok "reload"
kill -KILL "$REDIS" && wait "$REDIS" 2>/dev/null
check "open lets everything pass" soon is 1 '.limits[0].mode' open
use 1
check "all 500 of a burst" test "$(admitted 10.77.1.5 500)" = 500
limits | sed 's/, shared: true//' | configured 1
sed -i '/^cluster:/d' "$CONFIG"
of 1 reload >/dev/null || not_ok "reload"
of 1 cluster >"$WORK/out" 2>"$WORK/err"
check "no cluster: exit code 6" test $? = 6
check "and why" grep -q 'is in no cluster' "$WORK/err"
finish
