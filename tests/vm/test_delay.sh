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

policy() { policy_on "$VB*" "$@"; } # [MORE OF THE INTERFACE [MORE OF THE LIMIT]]
policy_on() {                        # NAME [MORE OF THE INTERFACE [MORE OF THE LIMIT]]
	configure <<-Y
		interfaces: [{name: "$1", hooks: [tc-egress]${2:-}}]
		limits: [{name: l, match: {protocol: udp}, per: destination, capacity: 10, rate: 10/s, ${3:-on_exceed: delay, max_delay: 10s}}]
	Y
}
# burst_from SENDER RECEIVER ADDRESS N SECONDS: what arrives, and when, in $WORK/arrived
burst_from() {
	rm -f "$WORK/arrived"
	nsenter --net="/run/netns/$2" "$BURST" receive "$3" 5353 "$5" >"$WORK/arrived" &
	for _ in $(seq 500); do grep -q ready "$WORK/arrived" 2>/dev/null && break; sleep 0.02; done
	# else what waited for the neighbour's address may come in between
	nsenter --net="/run/netns/$1" ping -c 1 -W 10 "$3" >/dev/null
	nsenter --net="/run/netns/$1" "$BURST" send "$3" 5353 "$4"
	wait $!
	sed -i /ready/d "$WORK/arrived"
}
burst_to() { burst_from "$B" "$A" "$@"; } # ADDRESS N SECONDS: from the server
burst_in() { burst_from "$A" "$B" "$@"; } # to it
# shaped NAME N: the first ten at once, each that follows 100 ms later, within 10 % at the median; in order.
shaped() {
	check "$1: all $2 arrive" test "$(wc -l <"$WORK/arrived")" = "$2"
	check "$1: in order" sort -nc "$WORK/arrived"
	check "$1: the first 10 at once" between 0 "$(awk 'NR == 1 {t = $2} NR == 10 {print $2 - t}' "$WORK/arrived")" $((90 * SLOW))
	check "$1: the rest 100 ms apart" between 90 "$(awk 'NR > 11 {print $2 - last} {last = $2}' "$WORK/arrived" |
		sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)] + 0}')" 110
	check "$1: at this rate in all" between $((($2 - 11) * 100)) "$(awk 'NR == 1 {t = $2} END {print $2 - t}' "$WORK/arrived")" \
		$((($2 - 9) * 100 + 200 * SLOW))
}
# join [OPTION...]: the veth anew, with more of ip-link for both ends
join() {
	ip -n "$B" link del "$VB" 2>/dev/null
	ip link add "$VA" "$@" netns "$A" type veth peer name "$VB" "$@" netns "$B"
	ip -n "$A" addr add 10.77.0.1/16 dev "$VA" && ip -n "$B" addr add 10.77.0.2/16 dev "$VB"
	ip -n "$A" addr add fd77::1/64 dev "$VA" nodad && ip -n "$B" addr add fd77::2/64 dev "$VB" nodad
	ip -n "$A" link set "$VA" up && ip -n "$B" link set "$VB" up
}
counter() { tg limits --json | jq ".limits[0].packets.$1"; }
root() { in_b tc qdisc show dev "$VB" | awk '$1 == "qdisc" && $2 != "clsact" {print $2, $3; exit}'; }
backlog() { in_b tc -s qdisc show dev "$VB" | sed -n 's/.*backlog [0-9]*b \([0-9]*\)p.*/\1/p' | head -n 1; }

# without fq
policy
before=$(root)
start 2>/dev/null
check "without fq the daemon refuses" test $? = 1
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
check "40 packets wait" between $((40 - 5 * SLOW)) "$(backlog)" 40
ip -n "$B" link del "$VB"
for _ in $(seq 100); do [ "$(tg status --json | jq '.interfaces | length')" = 0 ] && break; sleep 0.05; done
check "the interface goes at once, with its queue" test "$(tg status --json | jq '.interfaces | length')" = 0
stop
join

# a client that closes its socket, and nothing else, is sent what waits, and then nothing is left of it
in_b tc qdisc replace dev "$VB" root handle 7: fq
policy
start || not_ok "the daemon starts for clients that leave"
nsenter --net="/run/netns/$A" "$BURST" receive 10.77.0.1 5353 1 >"$WORK/arrived" &
receiver=$!
for _ in $(seq 500); do grep -q ready "$WORK/arrived" && break; sleep 0.02; done
in_b "$BURST" send 10.77.0.1 5353 50
wait "$receiver"
check "closed: most still wait" between 5 "$(backlog)" 35
for _ in $(seq $((60 * SLOW))); do [ "$(backlog)" = 0 ] && break; sleep 0.1; done
check "closed: then nothing waits" test "$(in_b tc -s qdisc show dev "$VB" | grep -c 'backlog 0b 0p')" -ge 1
check "closed: all were sent" test "$(in_a nstat -asz UdpNoPorts | awk '/UdpNoPorts/ {print $2}')" -ge 25
check "closed: none was dropped" test "$(counter dropped)" = 0

# an fq that holds less than may wait: it drops by itself
in_b tc qdisc replace dev "$VB" root handle 7: fq flow_limit 20
burst_to 10.77.0.1 50 4
check "flow_limit 20: 10 at once, and 20 that wait" between 30 "$(wc -l <"$WORK/arrived")" 31
check "flow_limit 20: the others are fq's to count" test "$(in_b tc -s qdisc show dev "$VB" | sed -n 's/.*(dropped \([0-9]*\),.*/\1/p' | head -n 1)" = $((50 - $(wc -l <"$WORK/arrived")))
stop

# 802.1Q, limited at the port, where the tag is beside the packet, and at the VLAN's own device
if modprobe 8021q 2>/dev/null || [ -d /proc/net/vlan ]; then
	in_b tc qdisc replace dev "$VB" root handle 7: fq
	ip -n "$A" link add link "$VA" name "$VA.10" type vlan id 10 && ip -n "$B" link add link "$VB" name "$VB.10" type vlan id 10
	ip -n "$A" addr add 10.78.0.1/16 dev "$VA.10" && ip -n "$B" addr add 10.78.0.2/16 dev "$VB.10"
	ip -n "$A" addr add fd78::1/64 dev "$VA.10" nodad && ip -n "$B" addr add fd78::2/64 dev "$VB.10" nodad
	ip -n "$A" link set "$VA.10" up && ip -n "$B" link set "$VB.10" up
	policy_on "$VB"
	start || not_ok "VLAN: the daemon starts"
	burst_to 10.78.0.1 25 3
	shaped "VLAN at the port, IPv4" 25
	burst_to fd78::1 25 3
	shaped "VLAN at the port, IPv6" 25
	stop
	in_b tc qdisc replace dev "$VB.10" root fq
	policy_on "$VB.10"
	start || not_ok "VLAN's device: the daemon starts"
	burst_to 10.78.0.1 25 3
	shaped "VLAN's device" 25
	stop
	ip -n "$B" link del "$VB.10"
else
	skip "VLAN: the kernel has no 8021q"
fi

# several queues, each with a qdisc of its own
join numtxqueues 2 numrxqueues 2
in_b tc qdisc replace dev "$VB" root handle 9: mq
in_b tc qdisc replace dev "$VB" parent 9:1 fq
policy
start 2>/dev/null
check "mq with fq below one of two queues: refused" test $? = 1
[ -z "$DAEMON" ] || stop
in_b tc qdisc replace dev "$VB" parent 9:2 fq
start || not_ok "mq with fq below both: the daemon starts"
burst_to 10.77.0.1 25 3
shaped "mq" 25
stop
check "mq stays" test "$(root)" = "mq 9:"

# What comes in cannot wait at tc-ingress, but behind an ifb's tc-egress; it has mq by default where it has more queues.
IFB=tgi$ID
modprobe -a ifb act_mirred cls_matchall sch_ingress 2>/dev/null
if ip -n "$B" link add "$IFB" numtxqueues 2 numrxqueues 2 type ifb 2>/dev/null && ip -n "$B" link set "$IFB" up; then
	in_b tc qdisc add dev "$VB" clsact
	in_b tc filter add dev "$VB" ingress matchall action mirred egress redirect dev "$IFB"
	before=$(VB=$IFB root)
	check "ifb: mq is the kernel's choice" test "$before" = "mq 0:"
	policy_on "$IFB" ", manage_qdisc: true"
	start || not_ok "ifb: the daemon starts"
	check "ifb: fq in place of mq" test "$(VB=$IFB root)" = "fq 7467:"
	burst_in 10.77.0.2 50 7
	shaped "ifb, IPv4" 50
	burst_in fd77::2 25 3
	shaped "ifb, IPv6" 25
	stop
	check "ifb: mq again" test "$(VB=$IFB root)" = "mq 0:"
else
	skip "ifb: the kernel has none"
fi
join

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
stop
check "manage_qdisc: killed, started and stopped: as before" test "$(root)" = "$before"
start
stop KILL
start
policy ", manage_qdisc: true" "on_exceed: drop"
check "manage_qdisc: a policy without delay" tg reload
check "manage_qdisc: reloaded: as before" test "$(root)" = "$before"
policy ", manage_qdisc: true"
tg reload
stop KILL
in_b "$BUILD/tidegate" --control "$CONTROL" detach --state "$STATE" >/dev/null
check "manage_qdisc: detached without a daemon: as before" test "$(root)" = "$before"
in_b tc qdisc replace dev "$VB" root handle 5: pfifo
start 2>/dev/null
check "manage_qdisc: another's is not touched" test "$(root)" = "pfifo 5:"
finish
