#!/bin/bash
# examples/game-server.yaml keeps what its comments promise, with packets as a game sends them.
. "$(dirname "$0")/lib.sh"
topology
sed "s/name: eth0/name: $VB/" "$ROOT/examples/game-server.yaml" >"$CONFIG"
start || not_ok "the daemon starts"
# play FROM PORT SOURCES RATE SECONDS LENGTH
play() { in_a "$TRAFFIC" send "$VA" "$MAC" "$1" 10.77.0.2 "$2" "$3" "$4" "$5" "$6"; }
arrived() { awk -v source="$1" '$1 == source {n = $2} END {print n + 0}' "$WORK/received"; }
# 10.77.1.1 is 257, 10.77.1.2 is 258
count 27015 20
play 10.77.1.2 27015 1 3000 5 200 >"$WORK/flood" &
FLOOD=$!
play 10.77.1.1 27015 1 64 4 200 >"$WORK/player"
wait $FLOOD
counted >"$WORK/received"
check "a player's 64 ticks a second arrive, all of them, while another floods" test "$(arrived 257)" = "$(cat "$WORK/player")"
check "the flooder gets 200 and 100 a second" between 690 "$(arrived 258)" 720
count 27016 20
play 10.77.1.1 27016 1 0 300 200 >/dev/null
check "another port is another bucket: 200 at once" between 200 "$(counted | total)" 203
count 27015 20
play 10.77.2.1 27015 1 100 3 62 >/dev/null
check "server browsers: 10 and 5 a second" between 24 "$(counted | total)" 26
count 27017 20
play 10.77.3.1 27017 100 8000 3 300 >/dev/null
check "of a /24: 3,000 and 2,000 a second" between 8800 "$(counted | total)" 9300
count 27018 20
play 10.77.4.1 27018 1 50 2 1450 >/dev/null
check "what is too long: 10 and 10 a second" between 28 "$(counted | total)" 31
count 5000 20
play 10.77.5.1 5000 1 1000 3 200 >/dev/null
check "the rest: 500 and 200 a second" between 1090 "$(counted | total)" 1115
check "why knows the player's ports" test "$(tg why 10.77.1.1 --json | jq -c '[.limits[] | select(.limit == "player") | .destination_port] | sort')" = '[27015,27016]'
stop
finish
