#!/bin/bash
# Someone who can write to the store, or owns it: what docs/shared-limits.md says he can do, and no more. The daemons have sanitizers.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/cluster.sh"
TIDEGATED=$BUILD/asan/tidegated
cluster_topology
redis a 10.78.0.100
openssl rand -hex 32 >"$WORK/key" && chmod 600 "$WORK/key"
openssl rand -hex 32 >"$WORK/other.key"
# configured [SETTING]: of the cluster
configured() {
	policy 1 2 3 <<-Y
		interfaces: [{name: in}]
		cluster: {name: edge, node: NODE, redis: "redis://10.78.0.100:6379", interval: 50ms, stale_after: 1s${1:-}}
		limits: [{name: api, shared: true, capacity: 100, rate: 1000/s}]
	Y
}
forge() { "$ROOT/tests/netns/forge.py" "$WORK/a.redis" edge "$@"; }
refused() { tgn "$1" cluster --json | jq ".frames_refused.$2"; }
alive() { for n in 1 2 3; do kill -0 "${PROCESS[n]}" 2>/dev/null && tgn $n status >/dev/null || return 1; done; }
# attack SECONDS NAME ARGUMENT...: under a load, from 4 s on; from $lost to $back it is at work, and from $gone on seen
attack() {
	local seconds=$1 name=$2
	shift 2
	load 60 < <(plan busy 10.77.3.1 5353 0 60 2000 2000 2000 && plan under 10.77.3.2 5353 0 60 266 266 266)
	at 4
	forge "$@" >"$WORK/forged"
	read -r frames lost back < <(awk -v begin="$BEGIN" '{print $1, ($2 - begin) / 1000, ($3 - begin) / 1000}' "$WORK/forged")
	echo "# $name: $frames frames written from $lost to $back s"
	at "$(plus "$back" "$seconds")"
	end=$(since)
	loaded now
	of seconds busy
	of seconds under
	check "$name: the daemons live" alive
	check "$name: the sanitizers have nothing to say" no_complaint
	gone=$(plus "$lost" 2)
}
# never_more NAME: than each node for itself
never_more() { expect "$1: each node has no more than the whole" 0 "$(of kept busy 3000 300 2 "$end" 3)" 1.02; }
recovers() { expect "$1: afterwards shared as before" 0.95 "$(of kept busy 1000 100 "$(plus "$back" "${2:-3}")" "$end")" 1.05; }
conforming() { expect "$1: who is below the limit loses nothing" -1 "$(of lost under)" 2; }
silenced() { expect "$1: nodes 2 and 3 hear node 1 now and then, or not" 0.9 "$(jq -n "$(of rate busy "$gone" "$back") / 1000")" 2.1; }

### without a key
configured
for n in 1 2 3; do node $n; done
all_hear 2 1 2 3
attack 8 damaged damage node-1 5
check "damaged: counted" test "$(refused 2 damaged)" -gt 20
never_more damaged
recovers damaged

attack 8 silenced silence node-1 5
never_more silenced
recovers silenced

# Charged for what nobody took: closed while it lasts, and for what a bucket can owe afterwards, 0.4 s.
attack 8 "forged without a key" forge node-1 5 100000
never_more "forged without a key"
expect "forged without a key: nodes 2 and 3 are closed while it lasts" 0 "$(plus "$(of rate busy "$gone" "$back" 2)" "$(of rate busy "$gone" "$back" 3)")" 20
expect "forged without a key: node 1 is not" 900 "$(of rate busy "$gone" "$back" 1)" 1050
gone=$(plus "$back" 1.5)
expect "forged without a key: open again soon after" 950 "$(plus "$(of rate busy "$gone" "$end" 2)" "$(of rate busy "$gone" "$end" 3)")" 1050
# Its own frames have lower numbers now. A restart, which is a new epoch, makes it heard at once; a minute without does too.
leave 1
node 1
all_hear 2 1 2 3

attack 8 "a node that is not" ghost ghost 5 100000 node-1
never_more "a node that is not"
expect "a node that is not: all are closed while it lasts" 0 "$(of rate busy "$gone" "$back")" 50
recovers "a node that is not" 4
rc a srem "tg1:{edge}:m" ghost >/dev/null

attack 8 replayed replay node-1 6
never_more replayed
recovers replayed
for seed in 1 2 3; do
	attack 6 "garbage $seed" garbage node-1 5 $seed
	never_more "garbage $seed"
	leave 1
	node 1
done
attack 8 "one value of 64 MB" huge node-1 64
never_more "one value of 64 MB"
recovers "one value of 64 MB" 4
attack 8 "5000 members" members 5000
never_more "5000 members"
rc a del "tg1:{edge}:m" >/dev/null
attack 8 "wrong types" types node-1
never_more "wrong types"
rc a flushall >/dev/null
load 60 < <(plan busy 10.77.3.1 5353 0 60 2000 2000 2000)
at 8
end=$(since)
loaded now
of seconds busy
expect "after all that: shared as before" 0.95 "$(of kept busy 1000 100 4 "$end")" 1.05

### with a key
configured ", frame_key_file: $WORK/key"
for n in 1 2 3; do tgn $n reload || not_ok "reload with a key"; done
sleep 2
all_hear 2 1 2 3
for key in "" "$WORK/other.key"; do
	name="forged, ${key:+wrong }${key:-no }key"
	name=${name/$WORK\/other.key/}
	before=$(refused 2 forged)
	# shellcheck disable=SC2086 # none or one
	attack 8 "$name" forge node-1 5 100000 $key
	check "$name: counted" test "$(refused 2 forged)" -gt $((before + 20))
	never_more "$name"
	silenced "$name"
	before=$(refused 2 forged)
	# shellcheck disable=SC2086 # none or one
	attack 8 "$name, of a node that is not" ghost ghost 5 100000 node-1 $key
	check "$name, of a node that is not: counted" test "$(refused 2 forged)" -gt $((before + 20))
	expect "$name, of a node that is not: nothing comes of it" 0.95 "$(of kept busy 1000 100 2 "$end")" 1.05
	conforming "$name, of a node that is not"
	rc a srem "tg1:{edge}:m" ghost >/dev/null
done
attack 8 "garbage, with a key" garbage node-1 5 4
never_more "garbage, with a key"
recovers "garbage, with a key"
for n in 1 2 3; do check "node $n ends well" leave $n; done
check "the sanitizers have nothing to say at the end" no_complaint
end
