#!/bin/bash
# Killed, restarted, stopped, reloaded, detached.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
program() { ip -n "$B" -j link show "$VB" | jq -r '.[0].xdp.prog.id // 0'; }
BPFTOOL=$(command -v /usr/sbin/bpftool || echo bpftool)
# The one that places sources, which is in no command's answer.
hash_key() { "$BPFTOOL" -j map dump pinned "$STATE/meta" | jq -ce '.[0].formatted.value.hash_key | select(add != 0)'; }
start || not_ok "the daemon starts"
check "there is a random key" test -n "${key:=$(hash_key)}"
check "a first burst is held to 10" test "$(admitted 10.77.1.1 30)" = 10
received=$(tg status --json | jq '.interfaces[0].received')
link=$(stat -c %i "$STATE"/xdp-*)

stop KILL
check "killed: the bucket is still empty" test "$(admitted 10.77.1.1 30)" -le 1
check "killed: a new source is still held to 10" between 10 "$(admitted 10.77.1.2 30)" 11
start || not_ok "a second daemon starts"
check "restarted: the link is adopted, not made anew" test "$(stat -c %i "$STATE"/xdp-*)" = "$link"
check "restarted: the key is kept" test "$(hash_key)" = "$key"
check "restarted: the bucket is still empty" test "$(admitted 10.77.1.1 30)" -le 1
check "restarted: the counters went on" test "$(tg status --json | jq '.interfaces[0].received')" -ge $((received + 90))
check "restarted: generation 2, healthy" test "$(tg status --json | jq -c '[.generation, .interfaces[0].healthy]')" = '[2,true]'

check "a second daemon on the same state is refused" test "$(
	in_b "$BUILD/tidegated" --config "$CONFIG" --control "$WORK/other.sock" --state "$STATE" --metrics none 2>/dev/null
	echo $?
)" = 4

sed -i 's/capacity: 10/capacity: 20/; s/name: l/name: l, prefix: {ipv4: 32}/' "$CONFIG"
kill -HUP "$DAEMON"
for _ in $(seq 50); do [ "$(tg status --json | jq .generation)" = 2 ] || break; sleep 0.1; done
check "SIGHUP: the key is kept" test "$(hash_key)" = "$key"
check "SIGHUP: the new capacity holds" between 20 "$(admitted 10.77.1.3 50)" 21
check "SIGHUP: the empty bucket is still empty" test "$(admitted 10.77.1.1 30)" -le 1
echo 'limits: [{name: l, capacity: many}]' >"$CONFIG"
kill -HUP "$DAEMON"
sleep 0.5
check "SIGHUP with a broken file: nothing changes" between 20 "$(admitted 10.77.1.4 50)" 21
check "SIGHUP with a broken file: reload says so with exit 3" test "$(
	tg reload 2>/dev/null
	echo $?
)" = 3
check "failures are counted" test "$(tg status --json | jq .reloads.failed)" = 2
stop TERM
check "SIGTERM: exit status 0" test $? = 0
check "SIGTERM: nothing attached" test "$(program)" = 0
check "SIGTERM: no pins" test ! -e "$STATE"

configure <<-Y
	interfaces: [{name: IFACE}]
	on_stop: keep
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
start || not_ok "the daemon starts"
fresh=$(hash_key)
check "started afresh: another key" test -n "$fresh" -a "$fresh" != "$key"
stop TERM
check "on_stop keep: enforcement stays" between 10 "$(admitted 10.77.2.1 30)" 11
check "detach without a daemon" tg detach --state "$STATE"
check "detached: nothing attached" test "$(program)" = 0
check "detached: no pins" test ! -e "$STATE"
check "detach again finds nothing: exit 6" test "$(
	tg detach --state "$STATE" 2>/dev/null
	echo $?
)" = 6
start || not_ok "the daemon starts"
check "detach with a daemon" tg detach
wait "$DAEMON"
check "the daemon ended well" test $? = 0
DAEMON=
check "detached by the daemon: nothing attached" test "$(program)" = 0

# the table's size changes: buckets move
sed -i '/on_stop/d' "$CONFIG"
start || not_ok "the daemon starts"
check "before the table grows" between 10 "$(admitted 10.77.3.1 30)" 11
echo 'table: {size: 1000}' >>"$CONFIG"
check "reload with another table size" tg reload
check "the bucket moved along" test "$(admitted 10.77.3.1 30)" -le 1
check "the size is in force" test "$(tg status --json | jq .table.size)" = 1000
stop KILL
start || not_ok "the daemon starts"
check "and adopted" test "$(admitted 10.77.3.1 30)" -le 1

# a limit removed and added again is new
sed -i 's/name: l,/name: m,/' "$CONFIG"
check "rename the limit" tg reload
check "a renamed limit starts full" between 10 "$(admitted 10.77.3.1 30)" 11
stop
finish
