#!/bin/bash
# examples/dns-server.yaml keeps what its comments promise: dnsperf asks a real server.
. "$(dirname "$0")/lib.sh"
topology
sed "s/name: eth0/name: $VB/" "$ROOT/examples/dns-server.yaml" >"$CONFIG"
start || not_ok "the daemon starts"
nsenter --net="/run/netns/$B" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
	--listen-address=10.77.0.2 --bind-interfaces --address=/www.example/192.0.2.80 --cache-size=0 >"$WORK/dns.log" 2>&1 &
PIDS+=($!)
echo "www.example A" >"$WORK/queries"
for i in 1 2 3; do ip -n "$A" addr add "10.77.30.$i/16" dev "$VA"; done
ip -n "$A" addr add 192.0.2.53/32 dev "$VA"
ip -n "$B" route add 192.0.2.0/24 dev "$VB"
# ask FROM RATE SECONDS [OPTION...]: prints how many were answered
ask() {
	local from=$1 rate=$2 seconds=$3
	shift 3
	in_a dnsperf -s 10.77.0.2 -a "$from" -d "$WORK/queries" -Q "$rate" -l "$seconds" -t 1 -q 10000 "$@" 2>/dev/null |
		awk '/Queries completed/ {print $3}'
}
for _ in $(seq 50); do
	[ "$(ask 192.0.2.53 10 1)" -gt 0 ] 2>/dev/null && break
done
check "the server answers" test "$(ask 192.0.2.53 10 1)" = 10
ask 10.77.30.2 2000 5 >"$WORK/flood" &
FLOOD=$!
check "a client that asks 19 times a second loses nothing, while another floods" test "$(ask 10.77.30.1 19 4)" -ge 76
wait $FLOOD
check "the flooder gets 50 and 20 a second" between 140 "$(cat "$WORK/flood")" 175
check "the trusted one is never limited" test "$(ask 192.0.2.53 1000 2)" -ge 1990
# the /24: forty clients that want 20 a second each and have all their bursts
count 53 20
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.40.1 10.77.0.2 53 40 4000 4 62 >/dev/null
check "a /24 gets 500 and 200 a second" between 1200 "$(counted | total)" 1420
check "in the words of the daemon" test "$(tg why 10.77.40.1 --json | jq -c '[.limits[].limit]')" = '["query-per-client","query-per-net","query-everyone","connection-per-client","fragments","ping"]'
check "TCP is answered" test "$(ask 10.77.30.3 100 1 -m tcp -c 40 -T 1)" -ge 1
check "TCP: 10 connections and 2 a second" between 10 "$(tg why 10.77.30.3 --json | jq '.limits[] | select(.limit == "connection-per-client") | .admitted')" 16
stop
finish
