#!/bin/bash
# What anybody does with HTTP delays nothing else, and nobody keeps others from it: many connections that ask, many that are silent, many
# attachments, clients that leave; a Unix socket; a namespace without addresses.
. "$(dirname "$0")/lib.sh"
not_emulated "hundreds of interfaces, and times"
topology
CLIENTS=$ROOT/tests/netns/http_load.py HOST=${METRICS%:*} PORT=${METRICS#*:}
# crowd KIND N: in the background, until `gone`
crowd() {
	rm -f "$WORK/crowd"
	nsenter --net="/run/netns/$B" "$CLIENTS" "$1" "$HOST" "$PORT" "$2" >"$WORK/crowd" &
	CROWD=$!
	PIDS+=("$CROWD")
	until grep -q ready "$WORK/crowd" 2>/dev/null || ! kill -0 "$CROWD" 2>/dev/null; do sleep 0.02; done
}
gone() { kill "$CROWD" && wait "$CROWD" 2>/dev/null; }
# scrape SECONDS: prints how long /metrics took, in ms; fails if longer
scrape() {
	in_b curl -s -f -m "$1" -o "$WORK/scraped" -w '%{time_total}\n' "http://$METRICS/metrics" | awk '{printf "%.0f\n", $1 * 1000}' &&
		grep -q '^tidegate_build_info' "$WORK/scraped"
}
# scrapes N SECONDS PAUSE: N times, each within SECONDS; sets FASTEST
scrapes() {
	local n took
	FASTEST=1000000
	for n in $(seq "$1"); do
		rm -f "$WORK/scraped"
		took=$(scrape "$2") || { echo "# scrape $n takes longer than $2 s" && return 1; }
		[ "$took" -ge "$FASTEST" ] || FASTEST=$took
		sleep "$3"
	done
}
# soon COMMAND...: whether it succeeds within 10 s
soon() {
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
hooks() { tg status --json | jq '[.interfaces[] | select(.healthy)] | length'; }

# A namespace that has addresses, but none of IPv4.
ip netns add "${B}n"
ip -n "${B}n" link add d0 type veth peer name d1
ip -n "${B}n" link set d0 up
ip -n "${B}n" link set d1 up
ip -n "${B}n" addr add fd77::9/64 dev d0 nodad
trap 'ip netns del "tgt${ID}bn" 2>/dev/null; cleanup' EXIT
configure <<-Y
	interfaces: [{name: "m*"}]
	limits: [{name: l, per: source, capacity: 5, rate: 1/s}]
Y
saved=$B B=${B}n
check "a namespace without an IPv4 address: starts" start
[ -z "$DAEMON" ] || stop
B=$saved

# A Unix socket.
METRICS=unix:$WORK/metrics.sock
start
check "--metrics unix:PATH: starts" test $? = 0
[ -n "$DAEMON" ] || start --metrics none
check "metrics by the Unix socket" sh -c "curl -s -m 5 --unix-socket '$WORK/metrics.sock' http://localhost/metrics | grep -q ^tidegate_build_info"
check "health by it" test "$(curl -s -m 5 --unix-socket "$WORK/metrics.sock" http://localhost/healthz)" = ok
check "nothing with addresses by it" test "$(curl -s -m 5 -o /dev/null -w '%{http_code}' --unix-socket "$WORK/metrics.sock" http://localhost/api/top)" = 403
check "for its owner and group" test "$(stat -c %a "$WORK/metrics.sock")" = 660
stop
check "is gone with the daemon" test ! -e "$WORK/metrics.sock"
check "a path that is not whole: refused" sh -c "! '$BUILD/tidegated' --config '$CONFIG' --control '$CONTROL' --state '$STATE' --metrics unix:x 2>'$WORK/err'"
METRICS=$HOST:$PORT

# 300 attachments.
for i in $(seq 100); do echo "link add m$i type veth peer name n$i"; done >"$WORK/links"
ip -n "$B" -batch "$WORK/links" || not_ok "100 veths"
configure <<-Y
	interfaces: [{name: "m*", hooks: [xdp, tc-ingress, tc-egress]}]
	limits: [{name: l, per: source, capacity: 5, rate: 1/s}]
Y
start || not_ok "the daemon starts"
has_hooks() { [ "$(hooks)" = "$1" ]; }
check "300 attachments" soon has_hooks 300
check "/metrics answers again and again" scrapes 6 5 0.3
echo "# with 300 attachments /metrics takes $FASTEST ms"
check "without much work" between 0 "$FASTEST" 60

# Clients that come and leave.
leave_and_ask() {
	local n
	for n in $(seq 10); do
		in_b timeout 5 "$CLIENTS" raw "$HOST" "$PORT" "$1" >"$WORK/answer" && grep -q "$2" "$WORK/answer" && timeout 5 "${TG[@]}" version >/dev/null || return 1
	done
}
TG=("$BUILD/tidegate" --control "$CONTROL")
check "HTTP/1.0, and the next client at once" leave_and_ask 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' ok
check "no request at all, likewise" leave_and_ask 'garbage\r\n\r\n' '400'

crowd silent 500
sleep 1
check "500 silent connections: each scrape within 2 s" scrapes 10 2 0.1
check "and the page within 2 s" test "$(in_b curl -s -m 2 -o /dev/null -w '%{http_code}' "http://$METRICS/")" = 200
gone
stop

crowd_and_control() {
	crowd ask 200
	sleep 1
	MEDIAN=$("${FIRST[@]}" "$CLIENTS" control "$CONTROL" 60)
	gone
	echo "# control socket under load: $MEDIAN ms"
	[ "$MEDIAN" -lt 100 ]
}
# One node that shares a limit, with 80 attachments.
if command -v redis-server >/dev/null; then
	for i in $(seq 41 100); do echo "link del m$i"; done >"$WORK/links"
	ip -n "$B" -batch "$WORK/links"
	chrt -f 1 true 2>/dev/null && FIRST=(chrt -f 1) || FIRST=(nice -n -10)
	"${FIRST[@]}" redis-server --port 0 --unixsocket "$WORK/redis.sock" --save "" --daemonize no --dir "$WORK" >"$WORK/redis.log" 2>&1 &
	PIDS+=($!)
	until redis-cli -s "$WORK/redis.sock" ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
	configure <<-Y
		interfaces: [{name: "m*", hooks: [xdp, tc-ingress]}]
		cluster: {name: edge, node: one, redis: "unix:$WORK/redis.sock", interval: 100ms, stale_after: 2s}
		limits: [{name: l, per: source, shared: true, capacity: 5, rate: 1/s}]
	Y
	start || not_ok "the daemon starts"
	missed() { tg cluster --json | jq '.store | .missed + .failures'; }
	is_heard() { [ "$(tg cluster --json | jq -r .state)" = heard ]; }
	check "the store is heard" soon is_heard
	check "80 attachments" soon has_hooks 80
	before=$(missed)
	check "200 connections that ask: the control socket answers within 100 ms" crowd_and_control
	check "200 connections that ask: no round with the store is missed" test "$(missed)" = "$before"
	stop
else
	skip "rounds with the store: there is no redis-server"
fi
finish
