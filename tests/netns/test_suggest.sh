#!/bin/bash
# tidegate suggest: what it proposes from a capture is valid, and keeps its promise in a simulation of the same capture.
. "$(dirname "$0")/lib.sh"
need_root
CAPTURE=$WORK/capture.pcap

suggest() { "$BUILD/tidegate" suggest "$@" >"$CONFIG" 2>"$WORK/stderr"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: expected $2, got $3"; fi; }
ends() {
	local name=$1 code=$2
	shift 2
	suggest "$@"
	is "$name" "$code" $?
}
# settings: each limit that was proposed, as NAME PER CAPACITY RATE
settings() {
	python3 -c 'import sys, yaml
for limit in yaml.safe_load(open(sys.argv[1]))["limits"]: print(limit["name"], limit["per"], limit["capacity"], limit["rate"])' "$CONFIG"
}
# kept NAME SHARE: whether a simulation refuses to at most that share of the sources of each limit, and to as many as was announced
kept() {
	"$BUILD/tidegate" check "$CONFIG" >/dev/null 2>&1 || { not_ok "$1: valid" && return; }
	"$BUILD/tidegate" simulate "$CONFIG" --pcap "$CAPTURE" --json >"$WORK/report" || { not_ok "$1: simulated" && return; }
	grep -oE '[0-9]+ would be refused' "$CONFIG" | grep -oE '^[0-9]+' >"$WORK/announced"
	jq -r '.limits[].sources.refused' "$WORK/report" >"$WORK/refused"
	if ! diff "$WORK/announced" "$WORK/refused"; then
		not_ok "$1: as many sources are refused as announced"
	elif jq -e --arg share "$2" 'any(.limits[]; .sources.seen == 0 or .sources.refused > .sources.seen * ($share | tonumber))' "$WORK/report" >/dev/null; then
		not_ok "$1: too many are refused: $(jq -c '[.limits[] | [.name, .sources]]' "$WORK/report")"
	else
		ok "$1: $(jq -c '[.limits[] | [.name, .sources.refused, .sources.seen]]' "$WORK/report")"
	fi
}

# By hand: source i of 100 sends i packets at once to port 53. 99 % send 9.9/s or less in 10 s: 10/s; 99 at once: 100.
# Of 90 %: 9/s is 10/s, too, and 90 at once is 100; of 50 %: 5/s and 50, which 50 sources exceed.
for i in $(seq 100); do echo "$i $i 0 udp 192.0.2.$i 53 100"; done | "$ROOT/tests/netns/capture.py" "$CAPTURE"
ends "from a capture" 0 --pcap "$CAPTURE"
is "99 %" "udp-53 source 100 10/s" "$(settings)"
kept "of 100 sources, 99 %" 0.01
check "the reasons are there" grep -q 'median 5.0, 99 % up to 9.9, the most 10.0' "$CONFIG"
suggest --pcap "$CAPTURE" --quantile 50%
is "50 %" "udp-53 source 50 5/s" "$(settings)"
kept "of 100 sources, 50 %" 0.5
suggest --pcap "$CAPTURE" --per everyone
is "everyone together: 505/s and 5,050 at once" "udp-53 everyone 6000 1000/s" "$(settings)"
suggest --pcap "$CAPTURE" --prefix 28,64
# 192.0.2.80/28 sends 80 + ... + 95 = 1,400 packets, and the last /28, up to .100, 96 + ... + 100 = 490.
is "prefixes: 140/s and 1,400 at once" "udp-53 source 1500 200/s" "$(settings)"
suggest --pcap "$CAPTURE" --filter 'src net 192.0.2.0/28'
is "a filter: 1.5/s and 15 at once" "udp-53 source 15 2/s" "$(settings)"

# Random traffic of 400 sources of both families, some far busier than others, tagged or not, of four kinds.
python3 - >"$WORK/script" <<'END'
import random
random.seed(3)
for source in range(400):
    address = f"198.18.{source // 200}.{source % 200}" if source % 3 else f"2001:db8:{source}::1"
    busy = random.paretovariate(0.9)
    now = random.randrange(10**10)
    while now < 120 * 10**9:
        kind, port = random.choice((("udp", 53), ("udp", 53), ("tcp", 443), ("udp", 5060), ("icmp", 0)))
        print(now, random.randrange(1, 6), random.randrange(3 * 10**6), kind, address, port, random.choice((100, 700)), random.randrange(3))
        now += int(random.expovariate(min(busy, 200)) * 3 * 10**9) + 1
END
"$ROOT/tests/netns/capture.py" "$CAPTURE" --format pcapng <"$WORK/script"
for quantile in 0.5 0.9 0.99 1; do
	suggest --pcap "$CAPTURE" --quantile $quantile
	is "$quantile: the kinds that there are" "icmp icmpv6 tcp-443 udp-5060 udp-53" "$(settings | cut -d ' ' -f 1 | sort | tr '\n' ' ' | sed 's/ $//')"
	kept "$quantile" "$(echo "1 - $quantile" | bc 2>/dev/null || python3 -c "print(1 - $quantile + 1e-9)")"
done
suggest --pcap "$CAPTURE" --per destination
kept "per destination" 0.01
suggest --pcap "$CAPTURE" --prefix 24,48 --quantile 0.8
kept "per prefix" 0.2

# Just now: two sources in turn, on a real interface.
topology
live() { nsenter --net="/run/netns/$B" "$BUILD/tidegate" suggest "$@" >"$CONFIG" 2>"$WORK/stderr"; }
nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.1.1 10.77.0.2 5353 2 100 $((20 * SLOW)) 62 >/dev/null 2>&1 &
PIDS+=($!)
live --live 2s --interface "$VB"
is "--live" 0 $?
check "proposes what it saw" grep -q 'udp to port 5353.* 2 sources' "$CONFIG"
is "for the interface that it was" "$VB" "$(python3 -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["interfaces"][0]["name"])' "$CONFIG")"
check "which is valid" sh -c "'$BUILD/tidegate' check '$CONFIG' >/dev/null 2>&1"
live --live 2s
is "without --interface one is found" 0 $?
nsenter --net="/run/netns/$B" "$BUILD/tidegate" suggest --live 10m --interface "$VB" >"$CONFIG" 2>"$WORK/stderr" &
suggesting=$!
PIDS+=($!)
sleep $((2 * SLOW))
kill -INT $suggesting
wait $suggesting
is "Ctrl-C ends it" 0 $?
check "with what was seen so far" grep -q 'udp to port 5353.* 2 sources' "$CONFIG"
check "saying so" grep -q 'not read to its end' "$CONFIG"
# Tags that the kernel takes off are back, also for the filter; what has no Ethernet header gets one.
# seen INTERFACE FILTER COMMAND...: what --live makes of what the command sends
seen() {
	nsenter --net="/run/netns/$B" "$BUILD/tidegate" suggest --live 10m --interface "$1" --filter "$2" >"$CONFIG" 2>"$WORK/stderr" &
	suggesting=$!
	PIDS+=($!)
	sleep $((2 * SLOW))
	"${@:3}"
	sleep 0.5
	kill -INT $suggesting
	wait $suggesting
}
seen "$VB" "vlan 5 and udp port 5353" in_a "$ROOT/tests/netns/stream.py" tagged "$VA" "$MAC" 20 8100
check "live, a filter for a tag" grep -q 'udp to port 5353: 20 packets' "$CONFIG"
seen "$VB" "vlan 6" in_a "$ROOT/tests/netns/stream.py" tagged "$VA" "$MAC" 20 8100
check "live, another tag" grep -q 'no packets to suggest' "$WORK/stderr"
in_b ip tuntap add dev "tgt$ID" mode tun
in_b ip link set "tgt$ID" up
seen "tgt$ID" udp in_b "$ROOT/tests/netns/stream.py" bare "tgt$ID" 10
check "live, without an Ethernet header" grep -q 'udp to port 5353: 10 packets' "$CONFIG"

# What cannot be.
ends "neither a file nor a time" 2
ends "both" 2 --pcap "$CAPTURE" --live 1s
ends "no time" 2 --live soon
ends "no quantile" 2 --pcap "$CAPTURE" --quantile 1.5
ends "no prefix" 2 --pcap "$CAPTURE" --prefix 33,64
ends "nobody" 2 --pcap "$CAPTURE" --per port
ends "no such interface" 6 --live 1s --interface tgt-nowhere
printf '' | "$ROOT/tests/netns/capture.py" "$CAPTURE"
ends "no packets" 1 --pcap "$CAPTURE"
check "nothing proposed" test ! -s "$CONFIG"
chmod 755 "$WORK" && chmod 644 "$CAPTURE"
public_command
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$WORK/tidegate" suggest --pcap "$CAPTURE" 2>"$WORK/stderr"
is "no privilege" 4 $?
finish
