#!/bin/bash
# While a change of a million prefixes is made, everything else goes on.
. "$(dirname "$0")/lib.sh"
not_emulated "a million prefixes, and times that only a real machine keeps"
topology
# The tick of shared limits is one of the things that go on.
STORE=''
if command -v redis-server >/dev/null; then
	redis-server --port 0 --unixsocket "$WORK/redis.sock" --save "" >/dev/null 2>&1 &
	PIDS+=($!)
	STORE="cluster: {name: edge, node: one, redis: \"unix:$WORK/redis.sock\", interval: 100ms, stale_after: 10s}"
fi
policy() {
	cat <<-Y
		interfaces: [{name: $VB}]
		$STORE
		deny: [{file: $WORK/deny.txt}]
		limits:
		- {name: l, per: source, capacity: $1, refill_amount: 1, refill_interval: 1d, match: {source: {file: $WORK/deny.txt}}}
		- {name: m, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d, match: {source: 10.0.0.0/8}${STORE:+, shared: true}}
	Y
}
prefixes() { awk -v first="$1" 'BEGIN {for (i = 0; i < 500000; i++) printf "%d.%d.%d.%d/32\n", first + i / 65536 / 256, i / 65536 % 256, i / 256 % 256, i % 256}' >"$WORK/deny.txt"; }
prefixes 20
policy 10 >"$CONFIG"
"$ROOT/tests/netns/notify.py" "$WORK/notify" >>"$WORK/notified" 2>&1 &
PIDS+=($!)
until [ -S "$WORK/notify" ]; do sleep 0.05; done
export NOTIFY_SOCKET=$WORK/notify WATCHDOG_USEC=200000
start || not_ok "the daemon starts"
unset NOTIFY_SOCKET WATCHDOG_USEC
value() { tg limits --json | jq -c "[.limits[].capacity]"; }
in_work() { kill -0 "$1" 2>/dev/null; }
# begin_reload: in the background; returns once the daemon is at it
begin_reload() {
	: >"$WORK/notified"
	tg reload >"$WORK/said" 2>&1 &
	reload=$!
	for _ in $(seq $((200 * SLOW))); do
		! grep -q RELOADING=1 "$WORK/notified" || return 0
		sleep 0.02
	done
}

# A list that has changed, so that all of it is compiled and loaded anew.
prefixes 30
rounds() { in_b curl -s "http://$METRICS/metrics" | awk -v outcome="$1" '$1 ~ "rounds_total" && $1 ~ outcome {print $2}'; }
if [ -n "$STORE" ]; then
	before=$(rounds complete) missed=$(rounds missed)
fi
began=$(milliseconds)
begin_reload
in_b "$ROOT/tests/netns/ask.py" "$CONTROL" "${METRICS#*:}" "$reload" >"$WORK/asked"
wait "$reload"
check "a reload with a million prefixes" test $? = 0
took=$(($(milliseconds) - began))
if [ -n "$STORE" ]; then
	n=$(($(rounds complete) - before))
	echo "# $n rounds with the store in $took ms"
	check "the tick of shared limits goes on" test "$n" -ge $((took / 100 / 2))
	# A busy machine may let one come late; a loop that stands still misses all.
	check "and hardly a round is missed" test $((($(rounds missed) - missed) * 10)) -le "$n"
else
	skip "the tick of shared limits: there is no redis-server"
fi
cat "$WORK/asked"
check "meanwhile the daemon is asked many times" test "$(jq .n "$WORK/asked")" -ge 20
check "and nine of ten replies of the control socket take less than 50 ms" test "$(jq '.control.p90 < 50' "$WORK/asked")" = true
check "and of /healthz" test "$(jq '.http.p90 < 50' "$WORK/asked")" = true
# By the time from one sign of life to the next.
longest() { awk '/WATCHDOG=1/ {if (last && $1 - last > most) most = $1 - last; last = $1; n++} END {print n + 0, most + 0}' "$WORK/notified"; }
read -r signs gap <<<"$(longest)"
echo "# $signs signs of life, $gap ms at most between two"
check "the watchdog is fed all the time" test "$signs" -ge 5 -a "$gap" -le 1000

# Two changes at once: each is made of what is in force at its turn.
tg set l capacity=20 >/dev/null 2>&1 &
first=$!
tg set m capacity=30 >/dev/null 2>&1 &
second=$!
wait "$first" && wait "$second"
check "two sets at once both succeed" test $? = 0
check "and both hold" test "$(value)" = "[20,30]"
policy 40 >"$CONFIG"
prefixes 40
begin_reload
tg set m capacity=50 >/dev/null 2>&1
check "a set waits for a reload before it" test $? = 0
check "and changes what that has put in force" test "$(value)" = "[40,50]"
wait "$reload"

# Clients that do not wait.
generation=$(tg status --json | jq .generation)
prefixes 50
begin_reload
kill -KILL "$reload"
wait "$reload" 2>/dev/null
check "a client that goes: the daemon answers others" test "$(value)" = "[40,50]"
for _ in $(seq $((300 * SLOW))); do
	[ "$(tg status --json | jq .generation)" = "$generation" ] || break
	sleep 0.1
done
check "and the change comes into force" test "$(tg status --json | jq .generation)" = $((generation + 1))
check "which is what the file says" test "$(value)" = "[40,10]"
for _ in 1 2 3 4 5; do kill -HUP "$DAEMON"; done
sleep 0.2
check "signals do not keep it from answering" test "$(value)" = "[40,10]"
tg reload >/dev/null 2>&1
check "five at once are two reloads at most" between $((generation + 2)) "$(tg status --json | jq .generation)" $((generation + 4))

# The end.
program() { ip -n "$B" -j link show "$VB" | jq -r '.[0].xdp.prog.id // 0'; }
prefixes 60
begin_reload
check "the reload runs" in_work "$reload"
stop TERM
check "SIGTERM during a reload: exit status 0" test $? = 0
wait "$reload"
check "the client is told that nothing has changed" test $? = 1
check "in words" grep -q "the daemon ends, and the change was not made" "$WORK/said"
check "nothing is attached" test "$(program)" = 0
check "no pin is left" test ! -e "$STATE"
finish
