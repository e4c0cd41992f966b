#!/bin/bash
# What exceeds waits in fq for its token: real packets, and the queue that tidegate needs, makes and takes away again.
. "$(dirname "$0")/../netns/lib.sh"
need_root
modprobe sch_fq 2>/dev/null
topology
if ! in_b tc qdisc add dev "$VB" root fq 2>/dev/null; then
	skip "all: the kernel has no qdisc fq"
	finish
fi
in_b tc qdisc del dev "$VB" root
BURST=$ROOT/tests/vm/burst.py

policy() { # [MORE OF THE INTERFACE [MORE OF THE LIMIT]]
	configure <<-Y
		interfaces: [{name: "$VB*", hooks: [tc-egress]${1:-}}]
		limits: [{name: l, match: {protocol: udp}, per: destination, capacity: 10, rate: 10/s, ${2:-on_exceed: delay, max_delay: 10s}}]
	Y
}
# burst_to ADDRESS N SECONDS: what arrives, and when, in $WORK/arrived
burst_to() {
	rm -f "$WORK/arrived"
	nsenter --net="/run/netns/$A" "$BURST" receive "$1" 5353 "$3" >"$WORK/arrived" &
	for _ in $(seq 500); do grep -q ready "$WORK/arrived" 2>/dev/null && break; sleep 0.02; done
	in_b "$BURST" send "$1" 5353 "$2"
	wait $!
	sed -i /ready/d "$WORK/arrived"
}
# The first ten at once, each that follows 100 ms later, within 10 % at the median; in order.
shaped() {
	check "$1: all $2 arrive" test "$(wc -l <"$WORK/arrived")" = "$2"
	check "$1: in order" sort -nc "$WORK/arrived"
	check "$1: the first 10 at once" between 0 "$(awk 'NR == 1 {t = $2} NR == 10 {print $2 - t}' "$WORK/arrived")" $((90 * ${TG_SLOW:-1}))
	check "$1: the rest 100 ms apart" between 90 "$(awk 'NR > 11 {print $2 - last} {last = $2}' "$WORK/arrived" |
		sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)] + 0}')" 110
	check "$1: 4 s in all" between 3900 "$(awk 'NR == 1 {t = $2} END {print $2 - t}' "$WORK/arrived")" $((4100 + 200 * ${TG_SLOW:-1}))
}
counter() { tg limits --json | jq ".limits[0].packets.$1"; }
root() { in_b tc qdisc show dev "$VB" | awk '$1 == "qdisc" && $2 != "clsact" {print $2, $3; exit}'; }
backlog() { in_b tc -s qdisc show dev "$VB" | sed -n 's/.*backlog [0-9]*b \([0-9]*\)p.*/\1/p' | head -n 1; }

# without fq
policy
before=$(root)
start 2>/dev/null
check "without fq the daemon refuses" test $? != 0
check "it names the command" grep -q "tc qdisc replace dev $VB root fq" "$WORK/daemon.log"
check "nothing is changed" test "$(root)" = "$before"
check "nothing is attached" test "$(in_b tc filter show dev "$VB" egress | grep -c tidegate)" = 0

# the operator's own
in_b tc qdisc replace dev "$VB" root handle 7: fq
start || not_ok "with fq the daemon starts"
burst_to 10.77.0.1 50 7
shaped "IPv4" 50
check "IPv4: counted as delayed" test "$(counter delayed)" = 40
burst_to fd77::1 50 7
shaped "IPv6" 50
check "nothing dropped" test "$(counter dropped)" = 0
check "the metrics say so" test "$(in_b curl -s "http://$METRICS/metrics" | grep -c '^tidegate_limit_packets_total{limit="l",verdict="delayed"} 80')" = 1
check "nothing is left in the queue" test "$(backlog)" = 0
stop
check "an fq of the operator's stays" test "$(root)" = "fq 7:"

# too long a wait
policy "" "on_exceed: delay, max_delay: 2s"
start || not_ok "the daemon starts again"
burst_to 10.77.0.1 50 4
check "up to 2 s wait" between 30 "$(wc -l <"$WORK/arrived")" 31
check "the others are dropped and counted" test "$(counter dropped)" = $((50 - $(wc -l <"$WORK/arrived")))
stop

# a client that goes takes what waits along
policy
start || not_ok "the daemon starts for the clean-up"
in_b "$BURST" send 10.77.0.1 5353 50
check "40 packets wait" between $((40 - 5 * ${TG_SLOW:-1})) "$(backlog)" 40
ip -n "$B" link del "$VB"
for _ in $(seq 100); do [ "$(tg status --json | jq '.interfaces | length')" = 0 ] && break; sleep 0.05; done
check "the interface goes at once, with its queue" test "$(tg status --json | jq '.interfaces | length')" = 0
stop
ip link add "$VA" netns "$A" type veth peer name "$VB" netns "$B"
ip -n "$A" addr add 10.77.0.1/16 dev "$VA" && ip -n "$B" addr add 10.77.0.2/16 dev "$VB"
ip -n "$A" link set "$VA" up && ip -n "$B" link set "$VB" up

# manage_qdisc
before=$(root)
policy ", manage_qdisc: true"
start || not_ok "manage_qdisc: the daemon starts"
check "manage_qdisc: fq is there" test "$(root)" = "fq 7467:"
burst_to 10.77.0.1 20 3
check "manage_qdisc: a burst arrives whole" test "$(wc -l <"$WORK/arrived")" = 20
stop
check "manage_qdisc: stopped: as before" test "$(root)" = "$before"
start
stop KILL
check "manage_qdisc: killed: fq stays" test "$(root)" = "fq 7467:"
start || not_ok "manage_qdisc: the next daemon starts"
policy ", manage_qdisc: true" "on_exceed: drop"
check "manage_qdisc: a policy without delay" tg reload
check "manage_qdisc: reloaded: as before" test "$(root)" = "$before"
policy ", manage_qdisc: true"
tg reload
stop KILL
in_b "$ROOT/build/tidegate" --control "$CONTROL" detach --state "$STATE" >/dev/null
check "manage_qdisc: detached without a daemon: as before" test "$(root)" = "$before"
in_b tc qdisc replace dev "$VB" root handle 5: pfifo
start 2>/dev/null
check "manage_qdisc: another's is not touched" test "$(root)" = "pfifo 5:"
finish
