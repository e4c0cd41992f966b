#!/bin/bash
# A flood becomes a handful of events, which say how many they stand for; followed live, and kept for who asks later.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits:
	  - {name: flood, match: {destination_port: 5353}, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}
	  - {name: dry, match: {destination_port: 6000}, per: source, capacity: 1, refill_amount: 1, refill_interval: 1d, shadow: true}
Y
start || not_ok "the daemon starts"
check "at first there are none" test "$(tg events --json | jq '.events | length')" = 0
tg events --follow --json >"$WORK/followed" &
PIDS+=($!)
flow 10.77.3.1 1 20000 3
dropped() { tg limits flood --json | jq '.limits[0].packets.dropped'; }
sleep 0.5
flow 10.77.3.1 1 10 0.3 # so that what came after the last event of the flood is told as well
sleep 0.6
kill "${PIDS[0]}"
PIDS=()
n=$(wc -l <"$WORK/followed")
echo "# $n events of $(dropped) packets"
check "a flood of three seconds is 20 to 80 events" between 20 "$n" 80
check "each is a JSON object with its time, limit and source" test "$(jq -r 'select((.time | test("^20..-..-..T..:..:..[.]...Z$")) and
	.limit == "flood" and .source == "10.77.3.1" and .destination == "10.77.0.2" and .destination_port == 5353 and .protocol == 17 and
	.verdict == "dropped" and .hook == "xdp") | .limit' "$WORK/followed" | wc -l)" = "$n"
told=$(jq -s 'map(1 + .not_shown) | add' "$WORK/followed")
check "together they stand for nearly all that was dropped ($told)" between $(($(dropped) - 20000 / 5)) "$told" "$(dropped)"
check "they are kept for who asks later" test "$(tg events -n 1000 --json | jq '.events | length')" = "$n"
burst fd77::5 5 6000
sleep 0.3
check "a shadow limit has events" test "$(tg events --limit dry --json | jq -r '.events[0] | .source + " " + .verdict')" = "fd77::5 shadow_exceeded"
check "the last ones are what is shown" test "$(tg events -n 1 --json | jq -r '.events[0].limit')" = dry
tg events -n 1 | grep -q '^20.*dry  *shadow_exceeded  *xdp  *udp  *\[fd77::5\]:.*\[fd77::2\]:6000'
check "in words" test $? = 0
check "an unknown limit: exit 6" test "$(tg events --limit nosuch 2>/dev/null; echo $?)" = 6
check "-n 0: exit 2" test "$(tg events -n 0 2>/dev/null; echo $?)" = 2
tg reload >/dev/null
burst 10.77.3.9 20
sleep 0.3
check "a reload loses none" test "$(tg events -n 1 --json | jq -r '.events[0].source')" = 10.77.3.9
stop KILL
burst 10.77.3.9 2000
start
sleep 0.3
check "a new daemon finds what has come meanwhile" test "$(tg events --json | jq '.events | length > 0')" = true
stop USR1

# A daemon that is restarted while a follower does not look, and then has more events than the one before.
start
burst 10.77.4.1 20
sleep 0.3
# not by `tg`, whose process would be a shell of its own
nsenter --net="/run/netns/$B" "$BUILD/tidegate" --control "$CONTROL" events --follow --json -n 1000 >"$WORK/of-both" 2>"$WORK/said" &
follower=$!
PIDS+=("$follower")
followed() { jq -r .source "$WORK/of-both" | grep -c "^10[.]77[.]4[.]$1$"; }
seen() { [ "$(followed 1)" -ge 1 ]; }
for _ in $(seq 50); do seen && break; sleep 0.1; done
check "a follower sees an event of the first daemon" seen
kill -STOP "$follower"
stop USR1
start
for i in $(seq 2 9); do burst "10.77.4.$i" 20; sleep 0.15; done
sleep 0.3
kill -CONT "$follower"
for _ in $(seq 50); do [ "$(followed 9)" -ge 1 ] && break; sleep 0.1; done
wrong=$(for i in $(seq 2 9); do [ "$(followed "$i")" = "$(tg events -n 1000 --json | jq "[.events[] | select(.source == \"10.77.4.$i\")] | length")" ] || echo "$i"; done)
check "it misses and repeats none of the second" test "$wrong" = ""
check "and says that there was a restart" grep -q 'the daemon was restarted' "$WORK/said"
check "once" test "$(grep -c restarted "$WORK/said")" = 1
kill "$follower"
PIDS=()
tg events --follow >/dev/null 2>"$WORK/said" &
follower=$!
sleep 0.5
stop
wait "$follower"
check "followed until the daemon ends: exit 5" test $? = 5
finish
