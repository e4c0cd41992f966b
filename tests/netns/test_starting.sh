#!/bin/bash
# Signals that come while the daemon starts, and what it tells the service manager.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	deny: [{file: deny.txt}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# Long enough that the start takes some tenths of a second.
awk 'BEGIN {for (i = 0; i < 150000; i++) printf "20.%d.%d.%d/32\n", i / 65536, i / 256 % 256, i % 256}' >"$WORK/deny.txt"
program() { ip -n "$B" -j link show "$VB" | jq -r '.[0].xdp.prog.id // 0'; }
says() { grep -c "$1" "$WORK/daemon.log"; }
# begin [NAME=VALUE...]: runs the daemon, and returns once it is starting
begin() {
	: >"$WORK/daemon.log"
	rm -f "$CONTROL"
	env "$@" nsenter --net="/run/netns/$B" "${TIDEGATED:-$BUILD/tidegated}" --config "$CONFIG" --control "$CONTROL" --state "$STATE" \
		--metrics "$METRICS" >>"$WORK/daemon.log" 2>&1 &
	DAEMON=$!
	# Its own view: the socket is there before the policy is.
	for _ in $(seq $((200 * SLOW))); do
		[ ! -S "$CONTROL" ] || return 0
		sleep 0.02
	done
}
wait_for() {
	for _ in $(seq $((300 * SLOW))); do
		[ "$(says "$1")" = 0 ] || return 0
		kill -0 "$DAEMON" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

begin
check "the start takes a while" test "$(says ready)" = 0
kill -HUP "$DAEMON"
check "SIGHUP while it starts: it starts all the same" wait_for "ready"
check "and reloads then" wait_for "reloaded"
check "once" test "$(says reloaded)" = 1
stop TERM
check "it ends well" test $? = 0

for signal in TERM INT; do
	begin
	kill -"$signal" "$DAEMON"
	for _ in $(seq $((200 * SLOW))); do kill -0 "$DAEMON" 2>/dev/null || break; sleep 0.05; done
	kill -KILL "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
	check "SIG$signal while it starts: exit status 0" test $? = 0
	DAEMON=
	check "on_stop: detach holds: nothing is attached" test "$(program)" = 0
	check "and no pin is left" test ! -e "$STATE"
done

"$ROOT/tests/netns/notify.py" "$WORK/notify" >>"$WORK/notified" 2>&1 &
PIDS+=($!)
for _ in $(seq 100); do [ -S "$WORK/notify" ] && break; sleep 0.05; done
begin NOTIFY_SOCKET="$WORK/notify" WATCHDOG_USEC=200000
check "the daemon says that it is ready" wait_for "ready"
sleep 1
check "READY comes before the first WATCHDOG" test "$(grep -m1 -o -e READY=1 -e WATCHDOG=1 "$WORK/notified")" = READY=1
check "WATCHDOG=1 comes" test "$(grep -c WATCHDOG=1 "$WORK/notified")" -ge 3
stop TERM
check "STOPPING is said" grep -q STOPPING=1 "$WORK/notified"
: >"$WORK/notified"
begin NOTIFY_SOCKET="$WORK/notify" WATCHDOG_USEC=200000 WATCHDOG_PID=1
check "without a watchdog of its own it starts" wait_for "ready"
sleep 0.5
check "and does not feed that of another" test "$(grep -c WATCHDOG=1 "$WORK/notified")" = 0
stop TERM
finish
