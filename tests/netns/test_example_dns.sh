#!/bin/bash
# examples/dns-server.yaml before a real DNS server: what its comments promise, with dnsperf and floods from many sources.
. "$(dirname "$0")/lib.sh"
topology
example dns-server.yaml
for address in 10.77.1.1 10.77.1.2 10.77.1.3 192.0.2.53 198.51.100.5; do ip -n "$A" addr add $address/32 dev "$VA"; done
ip -n "$A" addr add fd77:9::1/128 dev "$VA" nodad
# Answers to forged sources go back to the client's side without ARP for each of them.
for net in 10.77.16.0/20 10.77.64.0/18 192.0.2.0/24 198.51.100.0/24; do ip -n "$B" route add $net via 10.77.0.1; done
ip -n "$B" route add fd77::/16 via fd77::1

nsenter --net="/run/netns/$B" dnsmasq -k --conf-file=/dev/null --user=root --pid-file="$WORK/dnsmasq.pid" --no-resolv --no-hosts \
	--bind-interfaces --listen-address=10.77.0.2 --listen-address=fd77::2 --address=/example.org/203.0.113.1 \
	--max-tcp-connections=300 >"$WORK/dnsmasq.log" 2>&1 &
PIDS+=($!)
awk 'BEGIN {for (i = 0; i < 1000; i++) print "host" i ".example.org A"}' >"$WORK/queries"

# query FROM OPTION...: dnsperf's "SENT COMPLETED LOST"
query() {
	local from=$1 to=10.77.0.2
	shift
	case $from in *:*) to=fd77::2 ;; esac
	in_a dnsperf -s $to -a "$from" -d "$WORK/queries" -T 1 "$@" 2>&1 |
		awk '/Queries sent:/ {s = $3} /Queries completed:/ {c = $3} /Queries lost:/ {l = $3} END {print s, c, l}'
}
limit() { tg limits "$1" --json | jq ".limits[0].packets.$2"; }
for _ in $(seq 100); do
	[ "$(query 10.77.0.1 -n 1 -q 1 -l 1 -t 1 -Q 5 | cut -d' ' -f2)" -gt 0 ] 2>/dev/null && break
	sleep 0.05
done
check "check has nothing to warn of" test -z "$("$BUILD/tidegate" check "$CONFIG" 2>&1 >/dev/null)"
start || not_ok "the daemon starts"

# A client at its rate, IPv4 and IPv6, beside one that floods and a busy one that asks more than they may.
query 10.77.1.1 -Q 20 -l 5 -t 2 >"$WORK/modest" &
wait_for=($!)
query fd77:9::1 -Q 20 -l 5 -t 2 >"$WORK/modest6" &
wait_for+=($!)
query 192.0.2.53 -Q 900 -l 4 -t 2 >"$WORK/busy" &
wait_for+=($!)
count 53 60
query 10.77.1.2 -Q 500 -l 5 -t 1 -q 2000 >"$WORK/greedy"
counted >"$WORK/received"
wait "${wait_for[@]}"
for file in modest modest6; do
	read -r asked answered lost <"$WORK/$file"
	check "20 queries a second for 5 s are all answered beside a flood: $answered ($file)" test "$asked" -ge 95 -a "$lost" = 0
done
read -r asked answered lost <"$WORK/busy"
check "a busy source's 900 a second are all answered: $answered" test "$asked" -gt 3000 -a "$lost" = 0
read -r asked answered lost <"$WORK/greedy"
check "who asks 500 a second for 5 s is answered 50 and then 20 a second: $answered of $asked" between 140 "$answered" 155
check "its packets: as promised" held 50 20 258 258

# flood NAME TOKENS RATE ...: what `send` with the rest gets through
flood() { held_flood "$1" "$2" "$3" "$7" udp "${@:4}"; }
flood "a busy source: 2,000 and 1,000 a second" 2000 1000 udp 192.0.2.53 1 53 5000 1
flood "30 clients of one /24 share 600 and 300 a second" 600 300 udp 10.77.20.0 30 53 1500 2
flood "30 of one IPv6 /56 likewise" 600 300 udp fd77:7:: 30 53 1500 2
count 53 60
send udp 198.51.100.5 1 53 0 20000
counted >"$WORK/received"
check "a trusted source's 20,000 at once all arrive" test "$(total <"$WORK/received")" = 20000
check "and are charged to nothing" test "$(limit queries-everyone dropped)" = 0
flood "10,000 clients of 40 nets share 10,000 and 10,000 a second" 10000 10000 udp 10.77.64.0 10240 53 25000 2
check "which is what everyone's limit refused" test "$(limit queries-everyone dropped)" -gt 10000

# Connections: the first 20 of 40, and those go on asking while further SYNs are refused.
cat >"$WORK/connect.py" <<'P'
import socket, struct, sys, time
query = b"\0\1\0\0\0\1\0\0\0\0\0\0\1a\7example\3org\0\0\1\0\1"
made, begin = [], time.monotonic()
for i in range(40):
    s = socket.socket()
    s.bind(("10.77.1.3", 0))
    s.setblocking(False)
    s.connect_ex(("10.77.0.2", 53))
    made.append(s)
time.sleep(0.5)
up = []
for s in made:
    try:
        s.getpeername()
        up.append(s)
    except OSError:
        s.close()
print(len(up), flush=True)
sys.stdin.readline()
answers = 0
for turn in range(50):
    for s in up:
        s.settimeout(3)
        s.sendall(struct.pack("!H", len(query)) + query)
        answers += s.recv(512)[2:4] == b"\0\1"
    time.sleep(0.02)
print(answers, flush=True)
P
mkfifo "$WORK/go"
since=$(middle)
nsenter --net="/run/netns/$A" python3 "$WORK/connect.py" <"$WORK/go" >"$WORK/connected" &
asking=$!
PIDS+=($!)
exec 9>"$WORK/go"
for _ in $(seq 100); do
	grep -q . "$WORK/connected" && break
	sleep 0.05
done
made=$(head -n 1 "$WORK/connected")
# a step of 5 may fall in
check "20 connections of 40 at once: $made" between 20 "$made" 25
send syn 10.77.1.3 1 53 1000 3 74 1024 &
flooding=$!
sleep 0.5
echo >&9
wait $asking
wait $flooding
until=$(step)
check "established ones are answered all their queries during a SYN flood from the same source" \
	test "$(tail -n 1 "$WORK/connected")" = $((made * 50))
check "new ones: 5 a second" stepped "$(limit connections-per-source admitted)" 20 5 "$since" "$until"
steps "200 clients of one net open 100 at once, 25 more a second" 100 25 syn 10.77.21.0 200 53 2000 2

# rest NAME KIND COUNTED TOKENS RATE PORT SOURCE_PORT: the other limits, from a source of its own each
rest() {
	count "$6" 60 "$3"
	send "$2" "10.77.1.$((next++))" 1 "$6" 400 1 74 "$7"
	counted >"$WORK/received"
	check "$1" held "$4" "$5"
}
next=10
rest "fragments: 20 and 10 a second" fragment udp 20 10 53 40000
rest "ICMP: 20 and 10 a second" icmp icmp 20 10 0 40000
rest "other UDP: 100 and 50 a second" udp udp 100 50 123 40000
steps "SSH: 10 connections at once, 1 more a second" 10 1 syn 10.77.1.20 1 22 500 2
# everyone's, from sources that keep to their own
everyone() {
	count "$6" 60 "$3"
	send "$2" 10.77.64.0 10240 "$6" 10000 1
	counted >"$WORK/received"
	check "$1" held "$4" "$5"
}
everyone "connections of everyone: 1,000 and 500 a second" syn tcp 1000 500 53
everyone "fragments of everyone: 500 and 200 a second" fragment udp 500 200 53
everyone "ICMP of everyone: 500 and 500 a second" icmp icmp 500 500 0
everyone "other UDP of everyone: 1,000 and 1,000 a second" udp udp 1000 1000 123
flood "answers from port 53: 5,000 and 5,000 a second" 5000 5000 udp 10.77.64.0 1000 40000 15000 1 74 53
check "everything dropped was dropped by a limit" test "$(tg status --json | jq ".interfaces[0] | .dropped == .reasons.limit")" = true
stop
finish
