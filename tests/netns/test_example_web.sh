#!/bin/bash
# examples/web-behind-load-balancer.yaml keeps what its comments promise: wrk against nginx.
. "$(dirname "$0")/lib.sh"
topology
sed "s/name: eth0/name: $VB/" "$ROOT/examples/web-behind-load-balancer.yaml" >"$CONFIG"
start || not_ok "the daemon starts"
cat >"$WORK/nginx.conf" <<C
daemon off;
pid $WORK/nginx.pid;
error_log $WORK/nginx.error;
worker_processes 1;
user root;
events { worker_connections 4096; }
http {
	log_format connection '\$remote_addr \$connection_requests';
	access_log $WORK/access connection;
	client_body_temp_path $WORK/body;
	server {
		listen 10.77.0.2:80 backlog=4096;
		keepalive_requests 1000000;
		return 200 "hello";
	}
}
C
nsenter --net="/run/netns/$B" nginx -c "$WORK/nginx.conf" -e "$WORK/nginx.error" >/dev/null 2>&1 &
PIDS+=($!)
for i in 1 2 3; do ip -n "$A" addr add "10.77.50.$i/16" dev "$VA"; done
for i in 10 200; do ip -n "$A" addr add "192.0.2.$i/32" dev "$VA"; done
ip -n "$B" route add 192.0.2.0/24 dev "$VB"
for _ in $(seq 100); do
	in_a curl -s -m 1 --interface 192.0.2.200 http://10.77.0.2/ >/dev/null && break
	sleep 0.05
done
check "the server answers" test "$(in_a curl -s -m 2 --interface 192.0.2.200 http://10.77.0.2/)" = hello
# load FROM CONNECTIONS SECONDS close|keep: wrk has no option for its address, so the route chooses it
load() {
	local header=()
	[ "$4" = keep ] || header=(-H "Connection: close")
	ip -n "$A" route replace 10.77.0.2/32 dev "$VA" src "$1"
	in_a wrk -t 1 -c "$2" -d "$3" --timeout 5 "${header[@]}" http://10.77.0.2/ >"$WORK/wrk"
}
# connections FROM: how many the server has seen from there
connections() { awk -v from="$1" '$1 == from && $2 == 1 {n++} END {print n + 0}' "$WORK/access"; }
requests() { awk -v from="$1" '$1 == from {n++} END {print n + 0}' "$WORK/access"; }
load 10.77.50.1 60 4 close
check "a direct client: 20 connections and 5 a second" between 25 "$(connections 10.77.50.1)" 46
load 10.77.50.2 6 2 keep
check "a browser's six connections" test "$(connections 10.77.50.2)" = 6
check "on which requests flow freely" test "$(requests 10.77.50.2)" -ge 2000
load 192.0.2.10 100 4 close
check "a load balancer: 2,000 connections and 1,000 a second" between 2001 "$(connections 192.0.2.10)" 6300
load 192.0.2.200 50 3 close
check "the monitoring is never limited" test "$(tg why 192.0.2.200 --json | jq -c '[.allowed, ([.limits[] | select(.bucket != "everyone") | .admitted] | add)]')" = '[true,0]'
check "and gets more than a client would" test "$(connections 192.0.2.200)" -ge 200
ip -n "$A" route replace 10.77.0.2/32 dev "$VA" src 10.77.50.3
in_a ping -q -i 0.02 -c 100 -W 1 10.77.0.2 >"$WORK/ping" 2>&1
check "ping: 10 and 5 a second" between 15 "$(awk -F'[ ,]+' '/packets transmitted/ {print $4}' "$WORK/ping")" 26
# 10 Mbit/s and 4 MiB of bytes from a direct client
count 9 20
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.51.1 10.77.0.2 9 1 5000 3 1400 >/dev/null
check "bytes: 4 MiB and 10 Mbit/s" between $(((4194304 + 3 * 1250000) / 1400 - 60)) "$(counted | total)" $(((4194304 + 3 * 1250000) / 1400 + 130))
stop
finish
