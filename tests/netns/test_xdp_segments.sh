#!/bin/bash
# Packets that are several on the wire, at XDP: generic mode, lo and tap get them in one piece. What is charged is what the sender's own
# kernel counts, and what native mode charges, within 2 %.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/segments.sh"
topology
# policy INTERFACE MODE [CAPACITY RATE]
policy() {
	cat >"$CONFIG" <<-Y
		interfaces: [{name: $1, xdp_mode: $2}]
		limits:
		  - {name: in, match: {protocol: [tcp, udp], destination_port: 5400-5401}, per: everyone, unit: bytes, capacity: ${3:-1GB}, rate: ${4:-100MB/s}}
	Y
}
# filling ADDRESS [MTU]: the bytes of a datagram that fills it
filling() { case $1 in *:*) echo $((${2:-1500} - 48)) ;; *) echo $((${2:-1500} - 28)) ;; esac; }
# near WHAT PACKETS BYTES SENT SIZE
near() {
	check "$1: $2 packets of $4" between $(($4 * 98 / 100)) "$2" $(($4 * 102 / 100))
	check "$1: $3 bytes of $5" between $(($5 * 98 / 100)) "$3" $(($5 * 102 / 100))
}
# tcp WHAT FROM-NS ADDRESS: a stream into $B
tcp() {
	local packets bytes sent size after now
	read -r packets bytes <<<"$(charged in)"
	read -r sent size <<<"$(stream "$2" "$B" "$3" 3000000)"
	read -r after now <<<"$(charged in)"
	near "$1, TCP to $3" $((after - packets)) $((now - bytes)) "$sent" "$size"
}
# udp WHAT FROM-NS ADDRESS SEGMENT BYTES: ten sends of UDP_SEGMENT into $B
udp() {
	local packets bytes sent size after now
	read -r packets bytes <<<"$(charged in)"
	for _ in $(seq 10); do read -r sent size <<<"$(nsenter --net="/run/netns/$2" "$ROOT/tests/netns/stream.py" udp "$3" "$4" "$5")"; done
	sleep 0.1
	read -r after now <<<"$(charged in)"
	near "$1, UDP_SEGMENT $4 to $3" $((after - packets)) $((now - bytes)) $((10 * sent)) $((10 * size))
}

for mode in native generic; do
	policy "$VB" $mode
	[ -n "$DAEMON" ] && stop
	start || not_ok "the daemon starts"
	for address in 10.77.0.2 fd77::2; do
		tcp "$mode" "$A" $address
		udp "$mode" "$A" $address "$(filling $address)" 40000
		udp "$mode" "$A" $address 1200 40000
	done
done
# The MTU that the interface has now is the one that counts.
for ns in A B; do ip -n "${!ns}" link set "$([ $ns = A ] && echo "$VA" || echo "$VB")" mtu 4000; done
tcp "generic, MTU 4000" "$A" 10.77.0.2
udp "generic, MTU 4000" "$A" fd77::2 3952 40000
for ns in A B; do ip -n "${!ns}" link set "$([ $ns = A ] && echo "$VA" || echo "$VB")" mtu 1400; done
tcp "generic, MTU 1400" "$A" 10.77.0.2
udp "generic, MTU 1400" "$A" fd77::2 1352 40000
for ns in A B; do ip -n "${!ns}" link set "$([ $ns = A ] && echo "$VA" || echo "$VB")" mtu 1500; done

# A real stream is held to its rate.
policy "$VB" generic 200kB 2MB/s
check "a policy that is tight" tg reload
read -r packets bytes <<<"$(charged in)"
START=$(date +%s%N)
read -r sent size <<<"$(stream "$A" "$B" 10.77.0.2 4000000)"
MS=$((($(date +%s%N) - START) / 1000000))
read -r after now <<<"$(charged in)"
check "TCP gets no more than its rate ($((now - bytes)) of $size bytes in $MS ms)" between 4000000 $((now - bytes)) $((200000 + 2000 * MS))
stop

# lo: what its MTU of 64 KiB holds is one packet indeed.
for mtu in 65536 1500; do
	in_b ip link set lo mtu $mtu
	policy lo auto
	start || not_ok "the daemon starts"
	tcp "lo, MTU $mtu" "$B" 127.0.0.1
	udp "lo, MTU $mtu" "$B" 127.0.0.1 1472 40000
	stop
done

# A tap: a virtual machine that lives in $A.
ip -n "$A" link add guest0 type veth peer name guest1
in_a ip addr add 10.78.0.1/24 dev guest0
for device in guest0 guest1; do in_a ip link set "$device" up; done
nsenter --net="/run/netns/$A" "$ROOT/tests/netns/tap.py" "tgt$ID" guest1 >"$WORK/tap" &
PIDS+=($!)
for _ in $(seq 200); do grep -q ready "$WORK/tap" && break; sleep 0.05; done
ip -n "$A" link set "tgt$ID" netns "$B"
in_b ip addr add 10.78.0.2/24 dev "tgt$ID"
in_b ip link set "tgt$ID" up
for mode in native generic; do
	policy "tgt$ID" $mode
	start || not_ok "the daemon starts"
	tcp "tap, $mode" "$A" 10.78.0.2
	udp "tap, $mode" "$A" 10.78.0.2 1472 40000
	stop
done
finish
