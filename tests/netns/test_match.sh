#!/bin/bash
# The match language with real packets: a hundred thousand prefixes from a file, tiers that hold together, connections.
. "$(dirname "$0")/lib.sh"
topology
# a hundred thousand prefixes: every other /28 of 10.64.0.0/10 and beyond, and one that the client has
awk 'BEGIN {for (i = 0; i < 99999; i++) printf "10.%d.%d.%d/28\n", 100 + i / 8192, i / 32 % 256, i % 8 * 32
	print "10.77.5.0/24 # the client"}' | sort -u >"$WORK/many.txt"
N=$(awk 'BEGIN {for (i = 0; i < 100000; i++) printf "2001:db8:%x:%x::/64\n", i / 65536, i % 65536}' | tee "$WORK/many6.txt" | wc -l)
check "a hundred thousand prefixes" test "$N" = 100000
configure <<-Y
	interfaces: [{name: IFACE}]
	sets: {many: [{file: many.txt}, {file: many6.txt}]}
	limits:
	  - {name: many, match: {source: many}, capacity: 5, refill_amount: 1, refill_interval: 1d}
	  - {name: rest, match: {source: {not: [many]}, protocol: udp}, capacity: 8, refill_amount: 1, refill_interval: 1d}
Y
check "check reads them within seconds" timeout 20 "$BUILD/tidegate" check "$CONFIG" >/dev/null
BEGIN=$(date +%s)
start || not_ok "the daemon starts"
check "they load within seconds" test $(($(date +%s) - BEGIN)) -le 20
check "a source in the set" test "$(admitted 10.77.5.9 20)" = 5
check "one beside it" test "$(admitted 10.77.6.9 20)" = 8
sed -i 's/10.77.5.0/10.77.6.0/' "$WORK/many.txt"
tg set many capacity=6 >/dev/null
check "set does not read the file again" test "$(admitted 10.77.6.10 20)" = 8
tg reload >/dev/null
check "reload does" test "$(admitted 10.77.6.11 20)" = 5
check "and the other is out" test "$(admitted 10.77.5.11 20)" = 8
# Tiers: each source, each /24, everyone; counts over whole steps. A slow machine may stand still for longer than a second: there, all of it
# takes so many times as long.
configure <<-Y
	interfaces: [{name: IFACE}]
	limits:
	  - {name: one, per: source, capacity: 20, refill_amount: 20, refill_interval: ${SLOW}s}
	  - {name: net, per: source, prefix: {ipv4: 24, ipv6: 56}, capacity: 100, refill_amount: 100, refill_interval: ${SLOW}s}
	  - {name: all, per: everyone, capacity: 250, refill_amount: 250, refill_interval: ${SLOW}s}
Y
tg reload >/dev/null || not_ok "reload"
# flood FROM SOURCES: 50 packets from each in the time of a step, for three times as long; what arrives, and $until which step they came
flood() {
	count 5353 $((20 * SLOW))
	in_a "$TRAFFIC" send "$VA" "$MAC" "$1" 10.77.0.2 5353 "$2" $((50 * $2 / SLOW)) $((3 * SLOW)) 62 >/dev/null
	until=$(step "$SLOW")
	counted >"$WORK/received"
}
total_of() { awk -v least="$1" -v most="$2" '$1 >= least && $1 <= most {n += $2} END {print n + 0}' "$WORK/received"; }
# they begin somewhere in a step: 3 or 4 bucketfuls
flood 10.77.20.1 1
check "one source: 20 a second" between 60 "$(total_of 0 65535)" 80
flood 10.77.21.1 10
check "ten of one /24 share 100 a second" between 300 "$(total_of 0 65535)" 400
check "none gets more than its own" test "$(awk '$2 > 80' "$WORK/received" | wc -l)" = 0
# which takes a slow machine longer still
since=$(middle "$SLOW")
flood 10.77.24.0 1000
check "a thousand of four /24: everyone's 250 a second" stepped "$(total_of 0 65535)" 250 250 "$since" "$until"
check "no /24 gets more than its 100 a second" test "$(for net in 24 25 26 27; do total_of $((net * 256)) $((net * 256 + 255)); done |
	awk -v most=$((100 * (until - since + 1))) '$1 > most' | wc -l)" = 0
check "what the limits admitted is what arrived" test "$(tg limits --json | jq -c '[.limits[].packets.admitted] | unique | length')" = 1
# connections
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: syn, match: {destination_port: 8080}, per: source, unit: connections, capacity: 5, refill_amount: 1, refill_interval: 1d}]
Y
tg reload >/dev/null || not_ok "reload"
cat >"$WORK/server.py" <<'P'
import socket, threading
server = socket.create_server(("10.77.0.2", 8080))
print("ready", flush=True)
def echo(c):
    while data := c.recv(4096):
        c.sendall(data)
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
P
cat >"$WORK/client.py" <<'P'
import socket, time
made = []
for i in range(12):
    s = socket.socket()
    s.settimeout(0.3)
    try:
        s.connect(("10.77.0.2", 8080))
        made.append(s)
    except OSError:
        pass
echoed = 0
for i in range(50):
    for s in made:
        s.sendall(b"x" * 100)
        echoed += len(s.recv(100)) == 100
print(len(made), echoed)
P
nsenter --net="/run/netns/$B" python3 "$WORK/server.py" >"$WORK/server.log" 2>&1 &
PIDS+=($!)
for _ in $(seq 100); do
	grep -q ready "$WORK/server.log" && break
	sleep 0.05
done
check "5 of 12 connections, on which 250 messages go to and fro" test "$(in_a python3 "$WORK/client.py")" = "5 250"
check "only their SYN was charged" test "$(tg limits --json | jq '.limits[0] | [.unit, .packets.admitted, .buckets] | tostring')" = '"[\"connections\",5,1]"'
stop
finish
