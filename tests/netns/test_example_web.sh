#!/bin/bash
# examples/web-behind-load-balancer.yaml before nginx: the balancer feels nothing of what stops direct clients.
. "$(dirname "$0")/lib.sh"
topology
example web-behind-load-balancer.yaml
# wrk cannot choose its address, so the server has one for each: .11 is reached as a client, .12 as the balancer, .13 as an operator.
reach() {
	ip -n "$A" addr add "$2/32" dev "$VA"
	ip -n "$B" addr add "$1/16" dev "$VB"
	ip -n "$A" route add "$1/32" dev "$VA" src "$2"
}
reach 10.77.0.11 10.77.1.1
reach 10.77.0.12 192.0.2.10
reach 10.77.0.13 198.51.100.5
ip -n "$A" addr add 10.77.1.2/32 dev "$VA"
# Answers to forged sources go back to the client's side without ARP for each of them.
for net in 10.77.0.0/17 192.0.2.0/24 198.51.100.0/24; do ip -n "$B" route add $net via 10.77.0.1; done
ip -n "$B" route add fd77::/16 via fd77::1

cat >"$WORK/nginx.conf" <<N
worker_processes 1;
user root;
daemon off;
pid $WORK/nginx.pid;
error_log $WORK/nginx.log;
events { worker_connections 4096; }
http {
	access_log off;
	keepalive_timeout 60s;
	keepalive_requests 1000000;
	client_max_body_size 0;
	client_body_temp_path $WORK/body;
	proxy_temp_path $WORK/proxy;
	fastcgi_temp_path $WORK/fastcgi;
	uwsgi_temp_path $WORK/uwsgi;
	scgi_temp_path $WORK/scgi;
	server {
		listen 80 backlog=4096;
		location / { return 200 "hello\n"; }
		location /upload { proxy_pass http://127.0.0.1:8080/; }
	}
	server {
		listen 127.0.0.1:8080;
		location / { return 200 "taken\n"; }
	}
}
N
nsenter --net="/run/netns/$B" nginx -c "$WORK/nginx.conf" >>"$WORK/nginx.log" 2>&1 &
PIDS+=($!)
# Each connection asks five times a second.
echo 'function delay() return 200 end' >"$WORK/slowly.lua"
head -c 5000000 /dev/zero >"$WORK/upload"
for _ in $(seq 100); do
	in_b curl -s -o /dev/null http://127.0.0.1:8080/ && break
	sleep 0.05
done
check "check has nothing to warn of" test -z "$("$BUILD/tidegate" check "$CONFIG" 2>&1 >/dev/null)"
start || not_ok "the daemon starts"

limit() { tg limits "$1" --json | jq ".limits[0].packets.$2"; }
# ask ADDRESS CONNECTIONS SECONDS: wrk's "REQUESTS ERRORS"
ask() {
	in_a wrk -t 1 -c "$2" -d "$3" -s "$WORK/slowly.lua" "http://$1/" 2>&1 |
		awk '/requests in/ {n = $1} /Socket errors|Non-2xx/ {print; bad = 1} END {print n + 0, bad + 0}' | tail -n 1
}
# answered FILE LEAST: so many requests, no error
answered() { awk -v least="$2" '{exit !($1 >= least && $2 == 0)}' "$1"; }
took() { awk '{print int($1 * 1000)}' "$WORK/uploaded"; }
# flood NAME TOKENS RATE COUNTED SEND'S...: what a flood gets through
flood() { held_flood "$1" "$2" "$3" 0 "${@:4}"; }
# index FROM: as the counter prints it, the low 16 bits of an IPv4 address
index() { awk -v address="$1" 'BEGIN {split(address, a, "."); print a[3] * 256 + a[4]}'; }

# Connections that are there flow on while their source's new ones are refused, and the balancer's hundreds are all made.
since=$(middle)
ask 10.77.0.11 40 5 >"$WORK/client" &
asking=($!)
sleep 0.3
check "40 connections at once" test "$(limit connections-per-source admitted)" = 40
ask 10.77.0.12 800 3 >"$WORK/balancer" &
asking+=($!)
in_a curl -s -o /dev/null -m 30 -w '%{time_total}\n' -H Expect: --interface 10.77.1.2 --data-binary "@$WORK/upload" \
	http://10.77.0.2/upload >"$WORK/uploaded" &
asking+=($!)
sleep 1
send syn 10.77.1.1 1 80 500 2 74 1024
until=$(step)
# the upload has a connection as well
check "then 10 more every second" stepped $(($(limit connections-per-source admitted) - 1)) 40 10 "$since" "$until"
wait "${asking[@]}"
# 40 connections, 5 requests a second, 5 s; a slow machine has its delays
check "the 40 are answered throughout: $(cat "$WORK/client")" answered "$WORK/client" 800
check "so are the balancer's 800: $(cat "$WORK/balancer")" answered "$WORK/balancer" 6000
# wrk makes one more, to see whether anybody is there
check "all of them were admitted" test "$(tg limits connections-per-balancer --json | jq -c '.limits[0].packets | [.admitted, .dropped]')" = '[801,0]'
# (5 MB - 2 MiB) at 10 Mbit/s take 2.3 s; TCP finds its way about losses in its own time
check "a client's upload of 5 MB takes its time: $(took) ms" between 2200 "$(took)" 20000
in_a curl -s -o /dev/null -m 30 -w '%{time_total}\n' -H Expect: --interface 192.0.2.10 --data-binary "@$WORK/upload" \
	http://10.77.0.12/upload >"$WORK/uploaded"
check "the balancer's takes none: $(took) ms" between 0 "$(took)" 2000

# A SYN flood from very many sources: direct clients have what the policy says, the balancer and the operators all they want.
ask 10.77.0.12 200 3 >"$WORK/balancer" &
asking=($!)
ask 10.77.0.13 100 3 >"$WORK/operator" &
asking+=($!)
count 80 60 tcp
send syn 10.77.24.0 10240 80 8000 3
counted >"$WORK/received"
wait "${asking[@]}"
check "10,000 direct clients: 2,000 connections at once, 1,000 a second" held 2000 1000 "$(index 10.77.24.0)" "$(index 10.77.63.255)"
check "the balancer's 200 are answered throughout: $(cat "$WORK/balancer")" answered "$WORK/balancer" 1800
check "the operator's 100 as well: $(cat "$WORK/operator")" answered "$WORK/operator" 900
check "none of the balancer's was refused" test "$(limit connections-per-balancer dropped)" = 0
count 0 60
send udp 198.51.100.5 1 443 0 20000
counted >"$WORK/received"
check "an operator's 20,000 packets at once all arrive" test "$(total <"$WORK/received")" = 20000
steps "100 clients of one /24 open 200 at once, 50 more a second" 200 50 syn 10.77.20.0 100 80 1000 2
flood "a balancer that has lost its mind: 5,000 and 2,000 a second" 5000 2000 tcp syn 192.0.2.11 1 80 10000 2

# Packets and bytes: 2 MiB are 1,385 frames of 1,514 bytes, 10 Mbit/s 826 a second; 8 MiB are 5,540, 200 Mbit/s 16,513 a second.
flood "ACK of one client: 4,000 and 2,000 a second" 4000 2000 tcp ack 10.77.2.1 1 80 8000 2
flood "bytes of one client: 2 MiB and 10 Mbit/s" 1385 826 udp udp 10.77.2.2 1 443 3000 2 1514
flood "bytes of 64 clients: 8 MiB and 200 Mbit/s" 5540 16513 udp udp 10.77.24.0 64 443 35000 2 1514

# everything else
steps "SSH: 10 connections at once, 1 more a second" 10 1 syn 10.77.2.3 1 22 500 2
flood "ICMP of one source: 20 and 10 a second" 20 10 icmp icmp 10.77.2.4 1 0 500 1
flood "fragments of one source: 20 and 10 a second" 20 10 udp fragment 10.77.2.5 1 443 500 1
flood "other UDP of one source: 200 and 100 a second" 200 100 udp udp 10.77.2.6 1 123 1000 1
flood "ICMP of 500: 200 and 200 a second" 200 200 icmp icmp 10.77.34.0 500 0 4000 1
flood "fragments of 500: 200 and 100 a second" 200 100 udp fragment 10.77.34.0 500 443 4000 1
flood "other UDP of 500: 2,000 and 2,000 a second" 2000 2000 udp udp 10.77.36.0 500 123 8000 1
check "everything dropped was dropped by a limit" test "$(tg status --json | jq ".interfaces[0] | .dropped == .reasons.limit")" = true
stop
finish
