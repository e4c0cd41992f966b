#!/bin/bash
# A large table, and members of the group who have it looked through all the time, on all connections that they get: the daemon goes on, and
# root and HTTP get their turns.
. "$(dirname "$0")/lib.sh"
not_emulated "a table of 300,000 buckets, and times"
topology
chmod 711 "$WORK" # for members of the group
{
	echo "interfaces: [{name: $VB}]"
	echo "table: {size: 1000000}"
	echo "limits:"
	for i in 1 2 3 4 5 6; do echo "  - {name: l$i, per: source, capacity: 5, refill_amount: 1, refill_interval: 1d}"; done
} >"$CONFIG"
start || not_ok "the daemon starts"
buckets() { tg status --json | jq .table.buckets; }
for _ in $(seq 20); do
	flow 10.77.1.1 60000 0 1
	[ "$(buckets)" -lt 300000 ] || break
done
check "a table of $(buckets) buckets" test "$(buckets)" -ge 300000
timed() {
	local begin
	begin=$(milliseconds)
	"$@" >/dev/null || echo failed
	echo $(($(milliseconds) - begin))
}
top_by_http() {
	local begin
	begin=$(milliseconds)
	for _ in $(seq 300); do
		in_b curl -sf -m 5 "http://$METRICS/api/top?n=7" | jq -e '.sources | length == 7' >/dev/null && echo $(($(milliseconds) - begin)) && return
		sleep 0.1
	done
	echo failed
}
echo "# alone: top of root $(timed tg top -n 1) ms, by HTTP $(top_by_http) ms"
in_b "$ROOT/tests/netns/walkers.py" "$CONTROL" 200 >"$WORK/walkers" &
WALKERS=$!
PIDS+=("$WALKERS")
until grep -q ready "$WORK/walkers" || ! kill -0 "$WALKERS"; do sleep 0.02; done
sleep 1
sleep 5 &
in_b "$ROOT/tests/netns/ask.py" "$CONTROL" "${METRICS#*:}" $! >"$WORK/latency"
echo "# beside 200 members: $(cat "$WORK/latency")"
# Three quarters of 300,000 buckets are looked through by then: generous on a busy machine, too short for a walk in one piece
check "the control socket answers: median $(jq .control.median "$WORK/latency") ms" test "$(jq '.control.median < 50' "$WORK/latency")" = true
check "HTTP answers: median $(jq .http.median "$WORK/latency") ms" test "$(jq '.http.median < 50' "$WORK/latency")" = true
took=$(timed tg top -n 1)
check "top of root has its turn: $took ms" between 0 "$took" 20000
took=$(timed tg why 10.77.1.1)
check "so has why: $took ms" between 0 "$took" 20000
took=$(top_by_http)
check "and HTTP: $took ms" between 0 "$took" 30000
check "a change too" tg set l1 capacity=6
check "the members are served all the while" kill -0 "$WALKERS"
kill "$WALKERS"
check "the daemon has not said anything of trouble" sh -c "! grep -E 'error|warning' '$WORK/daemon.log'"
finish
