#!/bin/bash
# examples/game-server.yaml: players lose nothing while each kind of flood gets what its limit promises.
. "$(dirname "$0")/lib.sh"
topology
example game-server.yaml
for address in 10.77.1.50 10.77.3.1; do ip -n "$A" addr add $address/32 dev "$VA"; done
# Answers to forged sources go back to the client's side without ARP for each of them.
for net in 10.77.0.0/17 198.51.100.0/24; do ip -n "$B" route add $net via 10.77.0.1; done
ip -n "$B" route add fd77::/16 via fd77::1

# The game: echoes what it gets, by UDP and TCP.
cat >"$WORK/server.py" <<'P'
import socket, threading
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
udp.bind(("10.77.0.2", 27015))
tcp = socket.create_server(("10.77.0.2", 27015), backlog=1000)
print("ready", flush=True)
def echo(c):
    while data := c.recv(4096):
        c.sendall(data)
def accept():
    while True:
        threading.Thread(target=echo, args=(tcp.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
while True:
    data, source = udp.recvfrom(2048)
    udp.sendto(data, source)
P
# A real client: 64 ticks a second, each of which the server has to echo.
cat >"$WORK/player.py" <<'P'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.77.1.50", 0))
s.settimeout(2)
begin, echoed = time.monotonic(), 0
for tick in range(128):
    time.sleep(max(0, begin + tick / 64 - time.monotonic()))
    s.sendto(b"%100d" % tick, ("10.77.0.2", 27015))
try:
    while echoed < 128:
        s.recv(2048)
        echoed += 1
except TimeoutError:
    pass
print(echoed)
P
# Connections: how many of 30 come to be; then what they send comes back, whatever happens to others.
cat >"$WORK/console.py" <<'P'
import socket, sys, time
made, up, echoed = [], [], 0
for i in range(30):
    s = socket.socket()
    s.bind(("10.77.3.1", 0))
    s.setblocking(False)
    s.connect_ex(("10.77.0.2", 27015))
    made.append(s)
time.sleep(0.5)
for s in made:
    try:
        s.getpeername()
        s.settimeout(3)
        up.append(s)
    except OSError:
        s.close()
print(len(up), flush=True)
sys.stdin.readline()
for turn in range(50):
    for s in up:
        s.sendall(b"x" * 100)
        echoed += len(s.recv(100)) == 100
    time.sleep(0.02)
print(echoed, flush=True)
P
nsenter --net="/run/netns/$B" python3 "$WORK/server.py" >"$WORK/server.log" 2>&1 &
PIDS+=($!)
for _ in $(seq 100); do
	grep -q ready "$WORK/server.log" && break
	sleep 0.05
done
check "check has nothing to warn of" test -z "$("$BUILD/tidegate" check "$CONFIG" 2>&1 >/dev/null)"
start || not_ok "the daemon starts"

limit() { tg limits "$1" --json | jq ".limits[0].packets.$2"; }
# index OF_ADDRESS: as the counter prints it, the low 16 bits
index() { awk -v address="$1" 'BEGIN {split(address, a, "."); print a[3] * 256 + a[4]}'; }
# flood NAME TOKENS RATE COUNTED SEND'S...: what a flood from addresses other than the players' gets through
flood() { held_flood "$1" "$2" "$3" 0 "${@:4}"; }
# beside NAME TOKENS RATE SEND'S...: the same, for 2 s, beside ten players of 64 ticks a second who lose nothing
beside() {
	local name=$1 tokens=$2 rate=$3 players
	shift 3
	count 0 60
	send udp 10.77.1.0 10 27015 640 2 120 &
	players=$!
	send "$@"
	wait $players
	counted >"$WORK/received"
	check "$name" held "$tokens" "$rate" "$(index 10.77.2.0)"
	check "... and ten players lose nothing" \
		test "$(awk -v first="$(index 10.77.1.0)" '$1 >= first && $1 < first + 10 && $2 == 128' "$WORK/received" | wc -l)" = 10
}

in_a python3 "$WORK/player.py" >"$WORK/echoed" &
player=$!
beside "one source: 300 and 150 a second on a port" 300 150 udp 10.77.2.1 1 27015 3000 2 150
wait $player
check "a real client's 128 ticks are all echoed beside it" test "$(cat "$WORK/echoed")" = 128
flood "128 ticks a second are within it" 128 0 udp udp 10.77.1.20 1 27015 128 1 150

# ports FIRST LAST FROM: 500 packets to each of these ports in 1 s
ports() {
	local port senders=()
	count 0 60
	for port in $(seq "$1" "$2"); do
		send udp "$3" 1 "$port" 500 1 150 &
		senders+=($!)
	done
	wait "${senders[@]}"
	counted >"$WORK/received"
}
ports 27015 27016 10.77.2.2
check "two ports have a bucket each" held 600 300
ports 27015 27022 10.77.2.3
check "eight ports share 1,000 and 600 a second" held 1000 600
beside "40 sources of one /24: 5,000 and 2,500 a second" 5000 2500 udp 10.77.20.0 40 27015 12000 2 150
flood "40 of one IPv6 /56 likewise" 5000 2500 udp udp fd77:7:: 40 27015 12000 1 150
beside "small packets, one source: 60 and 30 a second" 60 30 udp 10.77.2.4 1 27016 1000 2 62
beside "small packets, 1,000 sources: 3,000 and 3,000 a second" 3000 3000 udp 10.77.24.0 1000 27016 12000 2 62
beside "reflections of NTP: 50 and 20 a second" 50 20 udp 10.77.28.0 500 27015 3000 2 468 123
beside "fragments of one source: 20 and 10 a second" 20 10 fragment 10.77.2.5 1 27015 1000 2 600
beside "fragments of 200 sources: 200 and 100 a second" 200 100 fragment 10.77.30.0 200 27015 2000 2 600
OFFERED=90000 flood "4,096 sources of 16 nets: 20,000 and 20,000 a second" 20000 20000 udp udp 10.77.64.0 4096 27015 45000 2 150
count 0 60
send udp 198.51.100.5 1 27015 0 20000 150
counted >"$WORK/received"
check "an operator's 20,000 at once all arrive" test "$(total <"$WORK/received")" = 20000

# TCP
mkfifo "$WORK/go"
since=$(middle)
nsenter --net="/run/netns/$A" python3 "$WORK/console.py" <"$WORK/go" >"$WORK/console" &
console=$!
PIDS+=($!)
exec 9>"$WORK/go"
for _ in $(seq 100); do
	grep -q . "$WORK/console" && break
	sleep 0.05
done
made=$(head -n 1 "$WORK/console")
# a step of 2 may fall in
check "10 connections of 30 at once: $made" between 10 "$made" 12
send syn 10.77.3.1 1 27015 500 2 74 1024 &
flooding=$!
sleep 0.3
echo >&9
wait $console
wait $flooding
until=$(step)
check "established ones get all back during a SYN flood from the same source" test "$(tail -n 1 "$WORK/console")" = $((made * 50))
check "new ones: 2 a second" stepped "$(limit connections-per-source admitted)" 10 2 "$since" "$until"
steps "100 sources of one /24 open 40 at once, 10 more a second" 40 10 syn 10.77.32.0 100 27015 1000 2
flood "4,096 sources: 300 connections at once, 150 a second" 300 150 tcp syn 10.77.64.0 4096 27015 5000 1
flood "ACK of one source: 2,000 and 1,000 a second" 2000 1000 tcp ack 10.77.2.6 1 27015 5000 1

# everything else
flood "ICMP of one source: 20 and 10 a second" 20 10 icmp icmp 10.77.2.7 1 0 500 1
flood "ICMP of 500: 200 and 200 a second" 200 200 icmp icmp 10.77.34.0 500 0 4000 1
flood "other UDP of one source: 100 and 50 a second" 100 50 udp udp 10.77.2.8 1 123 500 1
flood "other UDP of 500: 1,000 and 1,000 a second" 1000 1000 udp udp 10.77.36.0 500 123 5000 1
check "everything dropped was dropped by a limit" test "$(tg status --json | jq ".interfaces[0] | .dropped == .reasons.limit")" = true
stop
finish
