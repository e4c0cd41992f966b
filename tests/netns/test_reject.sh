#!/bin/bash
# What real clients make of a rejection: TCP, UDP and ping of the kernel, and dig before a DNS server, at XDP in both modes and at tc-ingress.
. "$(dirname "$0")/lib.sh"
topology
REFUSED=$ROOT/tests/netns/refused.py
nsenter --net="/run/netns/$B" dnsmasq -k --conf-file=/dev/null --user=root --pid-file="$WORK/dnsmasq.pid" --no-resolv --no-hosts \
	--bind-interfaces --listen-address=10.77.0.2 --listen-address=fd77::2 --address=/example.org/203.0.113.1 >"$WORK/dnsmasq.log" 2>&1 &
PIDS+=($!)

# Limits that no packet is small enough for.
policy() {
	configure <<-Y
		interfaces: [{name: IFACE, ${1}}]
		limits:
		  - {name: tcp, match: {protocol: tcp, destination_port: 80}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: others, match: {protocol: [udp, icmp, icmpv6], destination_port: {not: 53}}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: ping, match: {protocol: [icmp, icmpv6], icmp_type: [8, 128]}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject}
		  - {name: dns, match: {protocol: udp, destination_port: 53}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: reject, reject: {dns: ${2:-truncate}}}
	Y
}
refused() { in_a "$REFUSED" "$@"; }
ask() { in_a dig +tries=1 +time=2 "$@" host.example.org A; }
rejected() { tg limits "$1" --json | jq '.limits[0].packets.rejected'; }
invariant() { tg status --json | jq -e '.interfaces[0] | .received == .passed + .dropped and .reasons.rejected > 0' >/dev/null; }

# clients NAME: what they say
clients() {
	local to
	for to in 10.77.0.2 fd77::2; do
		check "$1: TCP to $to is refused" test "$(refused tcp $to 80)" = ECONNREFUSED
		check "$1: another port is not" test "$(refused tcp $to 53)" = connected
		case $to in *:*) wanted=EACCES ;; *) wanted=EHOSTUNREACH ;; esac
		check "$1: UDP to $to hears of it" test "$(refused udp $to 1000)" = $wanted
		in_a ping -c 1 -W 2 $to >"$WORK/ping"
		check "$1: ping to $to hears of it" grep -qi -e filtered -e prohibited "$WORK/ping"
		ask @$to >"$WORK/dig"
		check "$1: dig asks $to again over TCP and has its answer" grep -q -e 'A.*203.0.113.1' "$WORK/dig"
		check "$1: as it says" grep -q 'Truncated, retrying in TCP mode' "$WORK/dig"
	done
	check "$1: counted" test "$(rejected tcp)" -ge 2 -a "$(rejected dns)" -ge 2
	check "$1: received = passed + dropped" invariant
}

for hook in "hooks: [xdp], xdp_mode: generic" "hooks: [tc-ingress]"; do
	policy "$hook"
	start || not_ok "the daemon starts, $hook"
	clients "${hook#hooks: }"
	if [ "$hook" = "hooks: [tc-ingress]" ]; then
		policy "$hook" refused
		tg reload >/dev/null || not_ok "reload"
		check "refused, with the code" sh -c "nsenter --net=/run/netns/$A dig +tries=1 +time=2 @10.77.0.2 host.example.org A | grep -q 'status: REFUSED'"
	fi
	stop
	rm -rf "$STATE"
done

# On a veth in native mode, what XDP sends back arrives only where a program of XDP stands at the other end: here, one of a second daemon.
policy "hooks: [xdp], xdp_mode: native"
start || not_ok "the daemon starts in native mode"
check "native: it does not arrive at the end of a veth without a program" test "$(refused tcp 10.77.0.2 80)" = silence
cat >"$WORK/other.yaml" <<-Y
	interfaces: [{name: $VA, xdp_mode: native}]
	limits: [{name: none, match: {protocol: 253}, capacity: 1, rate: 1/s}]
Y
nsenter --net="/run/netns/$A" "$BUILD/tidegated" --config "$WORK/other.yaml" --control "$WORK/other.sock" --state "$STATE-other" --metrics none >/dev/null 2>&1 &
OTHER=$!
PIDS+=("$OTHER")
for _ in $(seq 100); do
	"$BUILD/tidegate" --control "$WORK/other.sock" status >/dev/null 2>&1 && break
	sleep 0.05
done
clients "native"
kill "$OTHER"
wait "$OTHER" 2>/dev/null
rm -rf "$STATE-other"

# However many forged sources: at most a burst and 1,000 a second of answers, 10 to each network.
count 0 20 icmp
before=$(rejected others)
started=$(date +%s%N)
in_a "$TRAFFIC" send "$VA" "$MAC" 10.78.0.1 10.77.0.2 1000 60000 30000 2 142 >/dev/null
took=$((($(date +%s%N) - started) / 1000000))
counted >/dev/null
n=$(($(rejected others) - before))
echo "# $n answers to forged sources in $took ms"
check "forged sources are answered at a bounded rate" between 1 $n $((1000 + took * 11 / 10))
before=$(rejected others)
flow 10.79.1.1 200 5000 2 142
n=$(($(rejected others) - before))
check "one network has 10 and 10 a second: $n" between 10 $n 45
stop
finish
