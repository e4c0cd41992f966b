#!/bin/bash
# Limits at tc-ingress and tc-egress, by TCX and by clsact: started, killed, adopted, reloaded under traffic, taken away; interfaces
# and hooks that come and go. The daemon is the build in which the kernel can be made to seem to lack TCX.
. "$(dirname "$0")/lib.sh"
TIDEGATED=$BUILD/asan/tidegated
topology
policy() { # HOOKS [CAPACITY [MORE]]
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [$1]}]
		${3:-}
		limits: [{name: l, per: source, capacity: ${2:-10}, refill_amount: 1, refill_interval: 1d}]
	Y
}
modes() { tg status --json | jq -c '[.interfaces[] | [.hook, .mode, .healthy]]'; }
# What of ours is on the interface, whichever way: links, filters, and the qdisc.
programs() { listed | grep -c tidegate; }
listed() {
	in_b "$ROOT/tests/netns/tcx.py" "$VB"
	for hook in ingress egress; do in_b tc filter show dev "$VB" $hook 2>/dev/null; done
}
qdisc() { in_b tc qdisc show dev "$VB" | grep -c clsact; }
# holds NAME LAST CAPACITY: a new source gets so much at either hook, and no more at the other
holds() {
	check "$1: tc-ingress" between "$3" "$(ingress "10.77.3.$2" 30)" $(($3 + 1))
	check "$1: the same bucket at tc-egress" between 0 "$(egress "10.77.3.$2" 30)" 1
	check "$1: tc-egress" between "$3" "$(egress "10.77.4.$2" 30)" $(($3 + 1))
	check "$1: the same bucket at tc-ingress" between 0 "$(ingress "10.77.4.$2" 30)" 1
	check "$1: IPv6" between "$3" "$(ingress "fd77:0:0:$2::1" 30)" $(($3 + 1))
	check "$1: IPv6 at the other hook" between 0 "$(egress "fd77:0:0:$2::1" 30)" 1
}
suite() { # MODE
	local mode=$1 pin
	: >"$WORK/daemon.log"
	case $mode in tcx) pin=tc ;; *) pin=clsact ;; esac
	policy "tc-ingress, tc-egress"
	start || not_ok "$mode: the daemon starts"
	check "$mode: status" test "$(modes)" = "[[\"tc-ingress\",\"$mode\",true],[\"tc-egress\",\"$mode\",true]]"
	check "$mode: in words" test "$(tg status | grep -c "tc-[ie]*n*gress .*$mode")" = 2
	check "$mode: in metrics" test "$(in_b curl -s "http://$METRICS/metrics" | grep -c "^tidegate_interface_attached{interface=\"$VB\",hook=\"tc-[a-z]*gress\",mode=\"$mode\"} 1")" = 2
	holds "$mode" 1 10
	check "$mode: metrics count each hook" test "$(in_b curl -s "http://$METRICS/metrics" | grep -c '^tidegate_received_packets_total{interface="'"$VB"'",hook="tc-[a-z]*gress"} [1-9]')" = 2
	(cd "$STATE" && stat -c "%i %n" $pin-*) >"$WORK/pins"
	listed | grep tidegate >"$WORK/before"
	stop KILL
	check "$mode: killed: both hooks still hold" test "$(programs)" = 2
	check "$mode: killed: the empty bucket stays empty" between 0 "$(ingress 10.77.3.1 30)" 1
	check "$mode: killed: a new source is held" between 10 "$(egress 10.77.4.2 30)" 11
	start || not_ok "$mode: a second daemon starts"
	check "$mode: adopted: the same programs" test "$(listed | grep tidegate)" = "$(cat "$WORK/before")"
	check "$mode: adopted: the same pins" test "$(cd "$STATE" && stat -c "%i %n" $pin-*)" = "$(cat "$WORK/pins")"
	check "$mode: adopted: status" test "$(modes)" = "[[\"tc-ingress\",\"$mode\",true],[\"tc-egress\",\"$mode\",true]]"
	check "$mode: adopted: the bucket is still empty" between 0 "$(ingress 10.77.3.1 30)" 1
	# reloads under traffic
	in_b nft reset counters >/dev/null
	in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.5.1 10.77.0.2 5353 1 3000 4 62 >/dev/null &
	PIDS=($!)
	for _ in $(seq 8); do tg reload >/dev/null || not_ok "$mode: a reload"; done
	wait "${PIDS[0]}"
	check "$mode: reloads under traffic leave no gap" between 10 "$(in_b nft -j list counters | jq '.nftables[].counter // empty | .packets')" 11
	# hooks come and go
	policy tc-egress 20
	check "$mode: a hook is taken out" tg reload
	check "$mode: it is gone" test "$(modes)" = "[[\"tc-egress\",\"$mode\",true]]"
	check "$mode: with its program" test "$(programs)" = 1
	check "$mode: what it held passes" test "$(ingress 10.77.3.3 30)" = 30
	check "$mode: the other has the new policy" between 20 "$(egress 10.77.4.3 30)" 21
	policy "xdp, tc-ingress" 15
	check "$mode: other hooks are named" tg reload
	check "$mode: they are there" test "$(modes)" = "[[\"xdp\",\"native\",true],[\"tc-ingress\",\"$mode\",true]]"
	# both charge the packet, one token each; the kernel may take on eight packets together, which are all charged at xdp first
	check "$mode: at two hooks a packet is charged twice" between 4 "$(ingress 10.77.3.4 30)" 8
	check "$mode: what left passes" test "$(egress 10.77.4.4 30)" = 30
	policy "tc-ingress, tc-egress"
	check "$mode: and back" tg reload
	# the interface goes and comes
	ip -n "$B" link del "$VB"
	for _ in $(seq 50); do [ "$(modes)" = "[]" ] && break; sleep 0.05; done
	check "$mode: a vanished interface is let go" test "$(modes)" = "[]"
	check "$mode: with all its pins" test "$(find "$STATE" -name "tc-*" -o -name "clsact-*" | wc -l)" = 0
	ip link add "$VA" netns "$A" type veth peer name "$VB" netns "$B"
	ip -n "$A" addr add 10.77.0.1/16 dev "$VA" && ip -n "$B" addr add 10.77.0.2/16 dev "$VB"
	ip -n "$A" addr add fd77::1/64 dev "$VA" nodad && ip -n "$B" addr add fd77::2/64 dev "$VB" nodad
	ip -n "$A" link set "$VA" up && ip -n "$B" link set "$VB" up
	MAC=$(ip -n "$B" -br link show "$VB" | awk '{print $3}')
	for _ in $(seq 50); do [ "$(modes)" = "[]" ] || break; sleep 0.05; done
	check "$mode: come back it is taken up" test "$(modes)" = "[[\"tc-ingress\",\"$mode\",true],[\"tc-egress\",\"$mode\",true]]"
	sleep 0.3
	holds "$mode: come back" 5 10
	stop
	check "$mode: stopped: exit status 0" test $? = 0
	check "$mode: stopped: nothing of ours is left" test "$(programs) $(qdisc)" = "0 0"
	check "$mode: stopped: no pins" test ! -e "$STATE"
	# kept, and detached without a daemon
	policy "tc-ingress, tc-egress" 10 "on_stop: keep"
	start || not_ok "$mode: the daemon starts"
	stop
	check "$mode: on_stop keep: both still hold" test "$(programs)" = 2
	check "$mode: on_stop keep: a new source is held" between 10 "$(ingress 10.77.3.6 30)" 11
	check "$mode: detach without a daemon" test "$(tg detach --state "$STATE" --json)" = '{"detached":2}'
	check "$mode: detached: nothing of ours is left" test "$(programs) $(qdisc)" = "0 0"
	check "$mode: detached: no pins" test ! -e "$STATE"
	# gone while nobody looked
	start || not_ok "$mode: the daemon starts"
	stop KILL
	ip -n "$B" link del "$VB"
	tg detach --state "$STATE" >/dev/null
	check "$mode: detach after the interface went: no pins" test ! -e "$STATE"
	ip link add "$VA" netns "$A" type veth peer name "$VB" netns "$B"
	ip -n "$A" addr add 10.77.0.1/16 dev "$VA" && ip -n "$B" addr add 10.77.0.2/16 dev "$VB"
	ip -n "$A" addr add fd77::1/64 dev "$VA" nodad && ip -n "$B" addr add fd77::2/64 dev "$VB" nodad
	ip -n "$A" link set "$VA" up && ip -n "$B" link set "$VB" up
	MAC=$(ip -n "$B" -br link show "$VB" | awk '{print $3}')
	sleep 0.3
	check "$mode: no complaint of the sanitizers" sh -c "! grep -E 'ERROR: |runtime error' '$WORK/daemon.log'"
}
if has_tcx; then suite tcx; else skip "tcx: the kernel has none"; fi
export TIDEGATE_LACKS=tcx
suite clsact
finish
