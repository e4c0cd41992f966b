#!/bin/bash
# Sourced by the tests of shared limits, after lib.sh: three nodes and a Redis. Node N is a daemon in the namespace ${SERVER[N]}, whose device
# `in` a client in ${CLIENT[N]} sends to; by its device `store`, 10.78.0.N, it reaches the bridge in $HUB, where the servers of Redis are.
# What is timed goes before what else the machine does: on a busy one, that waits.
FIRST=(chrt -f 1)
"${FIRST[@]}" true 2>/dev/null || FIRST=(nice -n -10)
NODES=3 HUB=tgt${ID}h
RATE=1000 # of the limits in `shapes`, which hold 100; a test may have another
BEHIND='' # why rates say nothing, see `loaded`
CLIENT=() SERVER=() NODE_STATE=() SOCKET=() CONFIGS=() PROCESS=() LOGS=()
declare -A REDIS=()
for n in $(seq $NODES); do
	CLIENT[n]=tgt${ID}c$n SERVER[n]=tgt${ID}s$n NODE_STATE[n]=/sys/fs/bpf/tgt$ID-$n
	SOCKET[n]=$WORK/$n.sock CONFIGS[n]=$WORK/$n.yaml LOGS[n]=$WORK/$n.log PROCESS[n]=''
done

cluster_cleanup() {
	trap '' INT TERM
	local n
	for n in "${PROCESS[@]}" "${REDIS[@]}"; do [ -z "$n" ] || { kill -KILL "$n" && wait "$n"; } 2>/dev/null; done
	for n in $(seq $NODES); do
		rm -rf "${NODE_STATE[n]}"
		ip netns del "${CLIENT[n]}" 2>/dev/null
		ip netns del "${SERVER[n]}" 2>/dev/null
	done
	ip netns del "$HUB" 2>/dev/null
	cleanup
}
trap cluster_cleanup EXIT

not_ok() { failed=$((failed + 1)) && echo "not ok $*"; }
# end: as finish, with the logs if a test failed
end() {
	local n
	for n in $(seq $NODES); do [ "$failed" = 0 ] || tail -n 15 "${LOGS[n]}" 2>/dev/null | sed "s/^/    node $n: /"; done
	finish
}

in_hub() { nsenter --net="/run/netns/$HUB" "$@"; }
in_server() { local n=$1 && shift && nsenter --net="/run/netns/${SERVER[n]}" "$@"; }
# tgn NODE ARGUMENT...: the command line of that node
tgn() { local n=$1 && shift && in_server "$n" "$BUILD/tidegate" --control "${SOCKET[n]}" "$@"; }

cluster_topology() {
	need_root
	if ! command -v redis-server >/dev/null; then
		skip "all: there is no redis-server"
		finish
	fi
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	local n
	ip netns add "$HUB" && ip -n "$HUB" link add bridge type bridge && ip -n "$HUB" link set bridge up && ip -n "$HUB" link set lo up || exit 1
	for n in 100 101; do ip -n "$HUB" addr add "10.78.0.$n/24" dev bridge; done
	for n in $(seq $NODES); do
		ip netns add "${CLIENT[n]}" && ip netns add "${SERVER[n]}" || exit 1
		ip link add out netns "${CLIENT[n]}" type veth peer name in netns "${SERVER[n]}" || exit 1
		ip link add store netns "${SERVER[n]}" type veth peer name "port$n" netns "$HUB" || exit 1
		ip -n "${CLIENT[n]}" addr add 10.77.0.1/16 dev out && ip -n "${SERVER[n]}" addr add 10.77.0.2/16 dev in
		ip -n "${CLIENT[n]}" addr add fd77::1/64 dev out nodad && ip -n "${SERVER[n]}" addr add fd77::2/64 dev in nodad
		ip -n "${SERVER[n]}" addr add "10.78.0.$n/24" dev store
		ip -n "${CLIENT[n]}" link set out up && ip -n "${SERVER[n]}" link set in up && ip -n "${SERVER[n]}" link set lo up
		ip -n "${SERVER[n]}" link set store up && ip -n "$HUB" link set "port$n" master bridge up
	done
	sleep 0.3
}

# redis NAME ADDRESS [OPTION...]: a server, and its socket $WORK/NAME.redis; waits until it answers
redis() {
	local name=$1 address=$2
	shift 2
	nsenter --net="/run/netns/$HUB" "${FIRST[@]}" redis-server --bind "$address" --port 6379 --protected-mode no --unixsocket "$WORK/$name.redis" --save "" \
		--appendonly no --dir "$WORK" --dbfilename "$name.rdb" --daemonize no "$@" >>"$WORK/$name.redis.log" 2>&1 &
	REDIS[$name]=$!
	for _ in $(seq $((100 * SLOW))); do
		redis-cli -s "$WORK/$name.redis" ping 2>/dev/null | grep -q PONG && return
		sleep 0.05
	done
	not_ok "redis $name starts: $(tail -n 3 "$WORK/$name.redis.log")"
}
# kill_redis NAME [SIGNAL]
kill_redis() {
	kill "-${2:-KILL}" "${REDIS[$1]}"
	wait "${REDIS[$1]}" 2>/dev/null
	REDIS[$1]=''
}
# rc NAME COMMAND...: by redis-cli
rc() { local name=$1 && shift && redis-cli -s "$WORK/$name.redis" "$@"; }

# policy NODE...: their configuration from standard input, in which NODE stands for the node's name
policy() {
	local text n
	text=$(cat)
	for n; do printf '%s\n' "${text//NODE/node-$n}" >"${CONFIGS[n]}"; done
}
# first PROCESS: likewise goes before others; daemons only when they run, since to load a program takes seconds of a processor
first() { chrt -a -f -p 1 "$1" 2>/dev/null || renice -n -10 -p "$1" >/dev/null; }
# node NODE [OPTION...]: starts its daemon and waits until it is ready
node() {
	local n=$1
	shift
	nsenter --net="/run/netns/${SERVER[n]}" "${TIDEGATED:-$BUILD/tidegated}" --config "${CONFIGS[n]}" --control "${SOCKET[n]}" \
		--state "${NODE_STATE[n]}" "$@" >>"${LOGS[n]}" 2>&1 &
	PROCESS[n]=$!
	for _ in $(seq $((200 * SLOW))); do
		tgn "$n" status >/dev/null 2>&1 && first "${PROCESS[n]}" && return 0
		kill -0 "${PROCESS[n]}" 2>/dev/null || break
		sleep 0.05
	done
	not_ok "node $n starts"
	end
}
# leave NODE [SIGNAL]: ends its daemon and returns its exit status
leave() {
	kill "-${2:-TERM}" "${PROCESS[$1]}"
	wait "${PROCESS[$1]}" 2>/dev/null
	status=$?
	PROCESS[$1]=''
	return $status
}
# metric NODE NAME[{LABELS}]: its value, summed over what has NAME if there are no labels
metric() {
	in_server "$1" curl -s http://127.0.0.1:9469/metrics |
		awk -v name="$2" '$1 == name || index($1, name "{") == 1 {sum += $2} END {printf "%.0f\n", sum}'
}
# until_true SECONDS COMMAND...: whether it succeeds before
until_true() {
	local tries=$((10 * $1 * SLOW))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# load SECONDS: in the background, the plan from standard input (load.c); BEGIN is the time of its begin, in ms.
load() {
	local n nodes=()
	cat >"$WORK/plan"
	for n in $(seq $NODES); do nodes+=("${CLIENT[n]}:out:${SERVER[n]}:in"); done
	rm -f "$WORK/load" "$WORK"/record.*
	"${FIRST[@]}" "$LOAD" run "$WORK/plan" "$1" "$WORK/record" "${nodes[@]}" >"$WORK/load" 2>&1 &
	LOADER=$!
	PIDS+=("$LOADER")
	until grep -q -e begin -e : "$WORK/load" 2>/dev/null; do sleep 0.02; done
	BEGIN=$(awk '$1 == "begin" {print $2}' "$WORK/load")
}
# loaded [now]: waits for its end, or makes it end. Where an emulated machine, beside others on its host, could not send a quarter of the
# packets in time, the nodes stood still for as long, and what they let through is no news of the limits.
loaded() {
	local late planned ended=1000000
	[ -z "${1:-}" ] || { ended=$(since) && kill "$LOADER"; }
	wait "$LOADER" || not_ok "the load: $(cat "$WORK/load")"
	late=$(awk '$1 == "late" {print $2}' "$WORK/load")
	planned=$(awk -v ended="$ended" '{n += $7 * ((ended < $6 ? ended : $6) - $5)} END {printf "%.0f", n}' "$WORK/plan")
	echo "# packets not sent in time: $late of $planned"
	BEHIND=''
	[ -z "${TG_EMULATED:-}" ] || [ $((4 * late)) -le "$planned" ] || BEHIND="the emulated machine sent $late of $planned packets too late"
}
# since: the time since BEGIN, in seconds
since() { awk -v begin="$BEGIN" -v now="$(now)" 'BEGIN {print (now - begin) / 1000}'; }
# plus A B: of fractions
plus() { awk -v a="$1" -v b="$2" 'BEGIN {print a + b}'; }
# at SECONDS: waits for that time since BEGIN
at() { sleep "$(awk -v begin="$BEGIN" -v now="$(now)" -v at="$1" 'BEGIN {left = at - (now - begin) / 1000; print (left > 0 ? left : 0)}')"; }
# of WHAT LABEL ARGUMENT...: what came of the load; see admitted.py
of() { local what=$1 label=$2 && shift 2 && "$ROOT/tests/netns/admitted.py" "$WORK/record.$label" "$BEGIN" "$what" "$@"; }
# within LEAST VALUE MOST: as between, of fractions
within() { awk -v least="$1" -v value="$2" -v most="$3" 'BEGIN {exit !(least <= value && value <= most)}'; }
# hears NODE PEERS: whether it hears so many other nodes
hears() { [ "$(tgn "$1" cluster --json | jq '[.peers[] | select(.state == "fresh")] | length')" = "$2" ]; }
# all_hear PEERS NODE...: within 10 s
all_hear() {
	local peers=$1 n
	shift
	for n; do until_true 10 hears "$n" "$peers" || { not_ok "node $n hears $peers others: $(tgn "$n" cluster 2>&1)" && end; }; done
}
# plan LABEL FROM PORT START END RATE...: lines of a plan, with the rates of node 1, 2, 3; 0: nothing
plan() {
	local label=$1 from=$2 port=$3 start=$4 end=$5 n=0 rate
	shift 5
	for rate; do
		n=$((n + 1))
		[ "$rate" = 0 ] || echo "$label $n $from $port $start $end $rate"
	done
}
# shapes SECONDS: a plan of all shapes of load for a limit of $RATE a second, each by a source of its own, at port 5353
shapes() {
	local end=$1 twice=$((2 * RATE)) second n
	plan balanced 10.77.1.1 5353 0 "$end" $twice $twice $twice
	plan balanced6 fd77:1::1 5353 0 "$end" $twice $twice $twice
	plan skewed 10.77.1.2 5353 0 "$end" $twice $((RATE / 20)) $((RATE / 20))
	plan alone 10.77.1.3 5353 0 "$end" $twice
	for second in $(seq 0 $((end - 1))); do echo "moving $((second % NODES + 1)) 10.77.1.4 5353 $second $((second + 1)) $twice"; done
	plan under 10.77.1.5 5353 0 "$end" $((RATE * 267 / 1000)) $((RATE * 267 / 1000)) $((RATE * 266 / 1000))
	plan under6 fd77:1:0:5::1 5353 0 "$end" 0 $((RATE * 8 / 10)) 0
	plan flash 10.77.1.6 5353 3 3.3 $((10 * RATE)) $((10 * RATE)) $((10 * RATE))
}
# shape LABEL SECONDS LEAST MOST BOUND: a row of a table, and whether from the 2nd second on no less and no more of what one bucket would
# admit was let through, and no more than BOUND above the rate in any window, from the first packet on; sets $lost. It is later for a lower
# rate, at which it takes longer to make up for the bucketful that each node admits at first.
shape() {
	local rate kept worst excess from=$((2000 / RATE))
	read -r rate kept worst excess lost < <(of rate "$1" $from "$2" , kept "$RATE" 100 $from "$2" , worst 0 "$2" , excess "$RATE" , lost)
	awk -v label="$1" -v rate="$rate" -v kept="$kept" -v worst="$worst" -v excess="$excess" -v bound="$5" -v all="$RATE" \
		'BEGIN {printf "| %s | %.3f | %.3f | %.2f | %.0f | %s |\n", label, rate / all, kept, worst / all, excess, bound}'
	expect "$1: of what one bucket would admit" "$3" "$kept" "$4"
	expect "$1: above the rate in any window" 0 "$excess" "$5"
}
# all_shapes SECONDS BOUND: what came of them
all_shapes() {
	shape balanced "$1" 0.97 1.03 "$2"
	shape balanced6 "$1" 0.97 1.03 "$2"
	shape skewed "$1" 0.97 1.03 "$2"
	shape alone "$1" 0.98 1.03 "$2"
	shape moving "$1" 0.90 1.03 "$2"
	for label in under under6; do
		shape $label "$1" 1 1 "$2"
		expect "$label: at 0.8 of the rate nothing is lost" 0 "$lost" 0
	done
	expect "flash on all nodes: above the rate" 100 "$(of excess flash "$RATE")" "$2"
}
# no_complaint: what the sanitizers would have logged
no_complaint() { ! grep -h -E 'ERROR: |runtime error' "${LOGS[@]}"; }
# expect NAME LEAST VALUE MOST: of fractions, with the value shown; of what came of a load
expect() { if [ -z "$BEHIND" ]; then check "$1: $3" within "$2" "$3" "$4"; else skip "$1: $BEHIND"; fi; }
# once_charged: what a node charged on another's account is no more than what that one admitted, whatever was lost, late or read twice
once_charged() {
	local i j admitted charged
	for i in $(seq $NODES); do
		admitted=$(tgn "$i" limits --json | jq '[.limits[].packets.admitted] | add')
		for j in $(seq $NODES); do
			charged=$(tgn "$j" cluster --json | jq --arg node "node-$i" '[.peers[] | select(.node == $node).tokens] | add // 0')
			[ "$charged" -le "$admitted" ] || { echo "# node $j charged $charged for node $i, which admitted $admitted" && return 1; }
		done
	done
}
