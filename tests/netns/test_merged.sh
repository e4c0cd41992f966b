#!/bin/bash
# A capture of a real TCP stream, with GRO on, holds packets that are several each. simulate and suggest count what was on the wire: as
# the enforcement of the same stream does, within 2 %. So does suggest --live.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/segments.sh"
topology
command -v ethtool >/dev/null && in_b ethtool -K "$VB" gro on
CAPTURE=$WORK/capture.pcap

# near NAME EXPECTED FOUND: within 2 %
near() { check "$1: $3 of $2" between $(($2 * 98 / 100)) "$3" $(($2 * 102 / 100)); }
# counts FILTER: admitted and exceeded packets and bytes of the limit `l`
counts='.limits[0] | "\(.packets.admitted) \(.packets.shadow_exceeded) \(.bytes.admitted) \(.bytes.shadow_exceeded)"'
simulate() { "$BUILD/tidegate" simulate "$CONFIG" --pcap "$CAPTURE" "$@"; }
suggest() { in_b "$BUILD/tidegate" suggest "$@"; }
# suggested FILE PORT: the packets that suggest has counted
suggested() { sed -n "s/.*tcp to port $2: \([0-9]*\) packets.*/\1/p" "$1"; }
record() {
	# not by in_b: see start
	nsenter --net="/run/netns/$B" "$ROOT/tests/netns/record.py" "$VB" "$CAPTURE" >"$WORK/record" &
	PIDS+=($!)
	for _ in $(seq 200); do grep -q ready "$WORK/record" 2>/dev/null && break; sleep 0.05; done
}
recorded() {
	kill -TERM "${PIDS[-1]}"
	wait "${PIDS[-1]}"
	unset "PIDS[-1]"
	check "the capture has merged packets" test "$(tail -n 1 "$WORK/record")" -gt 100
}

# A shadow limit lets all pass, and counts what it would have refused.
configure <<-Y
	interfaces: [{name: IFACE, xdp_mode: native}]
	limits: [{name: l, match: {protocol: tcp, destination_port: 5400}, per: source, capacity: 2000, rate: 5000/s, shadow: true}]
Y
start || not_ok "the daemon starts"
for address in 10.77.0.2 fd77::2; do
	tg reload >/dev/null
	before=$(tg limits --json | jq -r "$counts")
	record
	read -r sent size <<<"$(stream "$A" "$B" $address 30000000)"
	after=$(tg limits --json | jq -r "$counts")
	recorded
	read -r -a was <<<"$before"
	read -r -a is <<<"$after"
	read -r -a simulated <<<"$(simulate --json | jq -r "$counts")"
	check "$address: some exceeds" test $((is[1] - was[1])) -gt 1000
	near "$address: packets on the wire" "$sent" $((simulated[0] + simulated[1]))
	near "$address: bytes on the wire" "$size" $((simulated[2] + simulated[3]))
	for i in 0 1 2 3; do near "$address: as enforced, number $i" $((is[i] - was[i])) "${simulated[$i]}"; done
	suggest --pcap "$CAPTURE" >"$WORK/suggested"
	near "$address: suggest counts them" "$sent" "$(suggested "$WORK/suggested" 5400)"
done
simulate >"$WORK/text"
check "simulate says so" grep -q 'captured packets are several each.*an estimate from their length, with IP packets of 1500 bytes' "$WORK/text"
check "suggest says so" grep -q 'captured packets are several each' "$WORK/suggested"
check "the estimate is in the report" test "$(simulate --json | jq -c '.merged | [.estimated, .length]')" = '[true,1500]'

# Live, the kernel says how many they were.
stop
nsenter --net="/run/netns/$B" "$BUILD/tidegate" suggest --live 1h --interface "$VB" >"$WORK/suggested" 2>"$WORK/stderr" &
PIDS+=($!)
sleep $((2 * SLOW))
read -r sent size <<<"$(stream "$A" "$B" 10.77.0.2 10000000)"
kill -INT "${PIDS[-1]}"
wait "${PIDS[-1]}"
near "--live: suggest counts them" "$sent" "$(suggested "$WORK/suggested" 5400)"
check "and says so" grep -qz 'captured packets are several each.*as the kernel says' "$WORK/suggested"
check "which is no estimate" test "$(grep -c estimate "$WORK/suggested")" = 0
finish
