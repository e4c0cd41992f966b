#!/bin/bash
# Packets of GSO and GRO, and tags in metadata, with real traffic: counted are the segments and bytes that the sender's own TCP has
# counted, with the offloads and without; a tag counts its 4 bytes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/segments.sh"
topology
# policy MATCH CAPACITY RATE
policy() {
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [tc-ingress, tc-egress]}]
		limits:
		  - {name: out, match: {hook: tc-egress, $1}, per: everyone, unit: bytes, capacity: $2, rate: $3}
		  - {name: in, match: {hook: tc-ingress, $1}, per: everyone, unit: bytes, capacity: $2, rate: $3}
	Y
}
policy "protocol: tcp, destination_port: 5400" 1GB 100MB/s
start || not_ok "the daemon starts"
for offload in on off; do
	# With one segment in a packet there is nothing to cut up.
	[ $offload = on ] || for ns in A B; do ip -n "${!ns}" link set "$([ $ns = A ] && echo "$VA" || echo "$VB")" gso_max_segs 1; done
	for address in 10.77.0.1 fd77::1; do
		tg reload >/dev/null
		read -r packets bytes <<<"$(charged out)"
		read -r sent size <<<"$(stream "$B" "$A" $address 3000000)"
		read -r after now <<<"$(charged out)"
		check "tc-egress, offloads $offload, $address: $sent segments" test $((after - packets)) = "$sent"
		check "tc-egress, offloads $offload, $address: $size bytes" test $((now - bytes)) = "$size"
	done
	for address in 10.77.0.2 fd77::2; do
		read -r packets bytes <<<"$(charged in)"
		read -r sent size <<<"$(stream "$A" "$B" $address 3000000)"
		read -r after now <<<"$(charged in)"
		check "tc-ingress, offloads $offload, $address: $sent segments" test $((after - packets)) = "$sent"
		check "tc-ingress, offloads $offload, $address: $size bytes" test $((now - bytes)) = "$size"
	done
done
policy "protocol: udp" 1GB 100MB/s
check "a policy for UDP" tg reload
for address in 10.77.0.1 fd77::1; do
	read -r packets bytes <<<"$(charged out)"
	read -r sent size <<<"$(in_b "$ROOT/tests/netns/stream.py" udp $address 1000 10500)"
	sleep 0.1
	read -r after now <<<"$(charged out)"
	check "UDP_SEGMENT, $address: $sent datagrams, $size bytes" test "$((after - packets)) $((now - bytes))" = "$sent $size"
done
# Tags that the receiving kernel takes off before tc-ingress; of two the inner one stays in the frame.
tagged() { # BYTES TYPE...
	read -r packets bytes <<<"$(charged in)"
	in_a "$ROOT/tests/netns/stream.py" tagged "$VA" "$MAC" 20 "${@:2}"
	sleep 0.1
	read -r after now <<<"$(charged in)"
	check "tags ${*:2}: 20 frames of $1 bytes" test "$((after - packets)) $((now - bytes))" = "20 $((20 * $1))"
}
tagged 60
tagged 64 8100
tagged 64 88a8
tagged 68 88a8 8100
read -r packets bytes <<<"$(charged in)"
in_a "$ROOT/tests/netns/stream.py" tagged "$VA" "$MAC" 20 88a8 8100 8100
sleep 0.1
check "three tags are refused as such" test "$(charged in) $(tg status --json | jq '.interfaces[0].reasons.vlan_depth')" = "$packets $bytes 20"
# Headers in pages, beyond what a program sees at first.
read -r packets bytes <<<"$(charged in)"
in_a "$ROOT/tests/netns/stream.py" paged "$VA" "$MAC"
sleep 0.1
read -r after now <<<"$(charged in)"
check "16 frames with their headers in pages" test "$((after - packets)) $((now - bytes))" = "16 $((16 * 60))"
# A real stream is held to its rate, by a limit that GSO fits into.
policy "protocol: tcp, destination_port: 5400" 200kB 2MB/s
check "a policy that is tight" tg reload
read -r packets bytes <<<"$(charged out)"
START=$(date +%s%N)
read -r sent size <<<"$(stream "$B" "$A" 10.77.0.1 4000000)"
MS=$((($(date +%s%N) - START) / 1000000))
read -r after now <<<"$(charged out)"
check "TCP gets no more than its rate ($((now - bytes)) of $size bytes in $MS ms)" between 4000000 $((now - bytes)) $((200000 + 2000 * MS))
check "TCP gets its 4 MB through at 2 MB/s ($MS ms)" between 1500 "$MS" 20000
stop
finish
