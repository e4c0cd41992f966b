#!/bin/bash
# Sourced after lib.sh, where a link between $A and $B is up: every action but delay before real clients, IPv4 and IPv6.
# `prepare` first; then for each policy `limited`, `answered` where there is somebody to answer, and `opens`.
CLOSED=$((2 * SLOW))s

# prepare NETWORK4 NETWORK6: the client has .1 and ::1 there, the server .2 and ::2
prepare() {
	local ns
	client=("$1.1" "$2::1") server=("$1.2" "$2::2")
	nsenter --net="/run/netns/$B" dnsmasq -k --conf-file=/dev/null --user=root --pid-file="$WORK/dnsmasq.pid" --no-resolv --no-hosts --bind-interfaces \
		--listen-address="${server[0]}" --listen-address="${server[1]}" --address=/example.org/203.0.113.1 >"$WORK/dnsmasq.log" 2>&1 &
	PIDS+=($!)
	for ns in "$A" "$B"; do rules | nsenter --net="/run/netns/$ns" nft -f - || { not_ok "counters of nftables"; finish; }; done
}

# What a kernel takes in: with right sums, and no tags any more.
rules() {
	local family port mark
	echo "table inet seen {"
	for family in 4 6; do
		for port in 1001 1002 1003 1004 1005 1006; do echo "counter p$port-$family {}"; done
		for mark in cs1 ce fwmark; do echo "counter $mark-$family {}"; done
	done
	echo "chain pre { type filter hook prerouting priority -300"
	for family in 4 6; do
		for port in 1001 1002 1003 1004 1005 1006; do echo "meta nfproto ipv$family udp dport $port counter name p$port-$family"; done
		echo "udp dport 1002 ip${family#4} dscp cs1 counter name cs1-$family"
		echo "udp dport 1003 ip${family#4} ecn ce counter name ce-$family"
		echo "meta nfproto ipv$family udp dport 1006 meta mark 16 counter name fwmark-$family"
	done
	echo "udp dport 1001-1006 drop"
	printf "}\n}\n"
}
forget() { in_a nft reset counters >/dev/null && in_b nft reset counters >/dev/null; }
# look IN-OR-OUT: takes down what has come, for `seen NAME...`: "PACKETS-PACKETS..."
look() {
	local ns=$B
	[ "$1" = in ] || ns=$A
	sleep 0.1
	nsenter --net="/run/netns/$ns" nft -j list counters | jq -r '.nftables[].counter // empty | "\(.name) \(.packets)"' >"$WORK/seen"
}
seen() { for name; do awk -v name="$name" '$1 == name {print $2}' "$WORK/seen"; done | paste -sd-; }

# Limits of each action, and, where one can answer, such as no packet is small enough for.
policy() { # HOOKS [INTERFACE]
	configure <<-Y
		interfaces: [{name: ${2:-IFACE}, $1}]
		limits:
		  - {name: drop, match: {destination_port: 1001}, capacity: 10, rate: 1/h}
		  - {name: dscp, match: {destination_port: 1002}, capacity: 10, rate: 1/h, on_exceed: mark, mark: {dscp: cs1}}
		  - {name: ecn, match: {destination_port: 1003}, capacity: 10, rate: 1/h, on_exceed: mark, mark: {ecn: true}}
		  - {name: backoff, match: {destination_port: 1004}, capacity: 10, rate: 30/m, backoff: {initial: $CLOSED, factor: 1, max: $CLOSED}}
		  - {name: shadow, match: {destination_port: 1005}, capacity: 10, rate: 1/h, shadow: true}
	Y
	case $1 in *tc-*) cat >>"$CONFIG" <<-Y ;; esac
		  - {name: fwmark, match: {destination_port: 1006}, capacity: 10, rate: 1/h, on_exceed: mark, mark: {fwmark: 16}}
	Y
	case $1 in *tc-egress*) return ;; esac
	cat >>"$CONFIG" <<-Y
		  - {name: tcp, match: {protocol: tcp, destination_port: 80}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: udp, match: {protocol: udp, destination_port: 1000}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: ping, match: {protocol: [icmp, icmpv6], icmp_type: [8, 128]}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: dns, match: {protocol: udp, destination_port: 53}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
	Y
}

# datagrams IN-OR-OUT N PORT...: N, ECN-capable, to each port of the server or from it, over both families
datagrams() {
	local ns=$A to=("${server[@]}")
	[ "$1" = in ] || { ns=$B to=("${client[@]}"); }
	nsenter --net="/run/netns/$ns" python3 -c '
import socket, sys
for to in sys.argv[1:3]:
    six = ":" in to
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if six else (socket.IPPROTO_IP, socket.IP_TOS)), 2)
        for port in sys.argv[4:]:
            for i in range(int(sys.argv[3])):
                s.sendto(bytes(100), (to, int(port)))' "${to[@]}" "${@:2}"
}
counter() { tg limits "$1" --json | jq ".limits[0].$2"; }
# limited NAME IN-OR-OUT TAGS: 30 datagrams to each limit over each family
limited() {
	local family bytes before shadow from=("${client[@]}")
	[ "$2" = in ] || from=("${server[@]}")
	tg reset --all >/dev/null
	forget
	before=$(counter drop bytes.admitted) shadow=$(counter shadow packets.shadow_exceeded)
	datagrams "$2" 30 1004 1001 1002 1003 1005 1006
	for family in 4 6; do tg why "${from[$family / 6]}" --json | jq '.limits[] | select(.limit == "backoff")' >"$WORK/why-$family"; done
	open_at=$(($(date +%s%3N) + $(jq -s 'map(.retry_after_ms) | max' "$WORK/why-4" "$WORK/why-6")))
	look "$2"
	for family in 4 6; do
		check "$1, IPv$family: backoff" between 10 "$(seen p1004-$family)" 11
		check "$1, IPv$family: closed" test "$(jq .attempt "$WORK/why-$family")" -ge 1
		check "$1, IPv$family: drop" test "$(seen p1001-$family)" = 10
		check "$1, IPv$family: DSCP" test "$(seen p1002-$family cs1-$family)" = 30-20
		check "$1, IPv$family: ECN" test "$(seen p1003-$family ce-$family)" = 30-20
		check "$1, IPv$family: shadow" test "$(seen p1005-$family)" = 30
		case $1 in *tc-ingress*) check "$1, IPv$family: fwmark" test "$(seen p1006-$family fwmark-$family)" = 30-20 ;; esac
	done
	check "$1: shadow is counted" test "$(($(counter shadow packets.shadow_exceeded) - shadow))" = 40
	bytes=$((2 * 14 + 2 * 4 * $3 + 20 + 40 + 2 * 8 + 2 * 100))
	check "$1: the bytes are those of frames with $3 tags" test "$(($(counter drop bytes.admitted) - before))" = $((10 * bytes))
	check "$1: received = passed + dropped, none for its tags" invariant
}
invariant() { tg status --json | jq -e '.interfaces[0] | .received == .passed + .dropped and .reasons.vlan_depth == null' >/dev/null; }
# opens NAME IN-OR-OUT: when `why` said so, the limit with backoff lets one pass
opens() {
	local left=$((open_at - $(date +%s%3N)))
	[ "$left" -le 0 ] || sleep "$(printf '%d.%03d' $((left / 1000)) $((left % 1000)))"
	forget
	datagrams "$2" 1 1004
	look "$2"
	check "$1: backoff is over when it said" test "$(seen p1004-4 p1004-6)" = 1-1
}

refused() { in_a "$ROOT/tests/netns/refused.py" "$@"; }
# answered NAME: what clients make of a rejection
answered() {
	local to wanted
	for to in "${server[@]}"; do
		check "$1: TCP to $to is refused" test "$(refused tcp "$to" 80)" = ECONNREFUSED
		check "$1: another port is not" test "$(refused tcp "$to" 53)" = connected
		case $to in *:*) wanted=EACCES ;; *) wanted=EHOSTUNREACH ;; esac
		check "$1: UDP to $to hears of it" test "$(refused udp "$to" 1000)" = $wanted
		in_a ping -c 1 -W 2 "$to" >"$WORK/ping"
		check "$1: ping to $to hears of it" grep -qi -e filtered -e prohibited "$WORK/ping"
		in_a dig +tries=1 +time=2 "@$to" host.example.org A >"$WORK/dig"
		check "$1: dig asks $to again over TCP" grep -q 'Truncated, retrying in TCP mode' "$WORK/dig"
		check "$1: and has its answer" grep -q -e 'A.*203.0.113.1' "$WORK/dig"
	done
}
