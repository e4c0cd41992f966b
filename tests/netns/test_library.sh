#!/bin/bash
# Applications charge by libtidegate: their own limits and those of packets, through changes of policy, without the daemon, and as whom.
. "$(dirname "$0")/lib.sh"
topology
LIBRARY=$BUILD/asan/tests/netns/library
# On a slow machine tokens come slowly, so that it has the time to ask for them before.
policy() { # CAPACITY
	configure <<-Y
		interfaces: [{name: IFACE}]
		limits:
		  - {name: api-key, per: key, capacity: $1, refill_amount: 1, refill_interval: 1d}
		  - {name: source, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}
		  - {name: fast, per: key, capacity: 2, rate: $((300 / SLOW))/m}
		  - {name: bounded, per: key, capacity: 1, refill_amount: 1, refill_interval: 1d, new_sources: {rate: 1/h, burst: 5}}
	Y
}
# exits CODE ARGUMENT...: of charge
exits() {
	local code=$1
	shift
	tg charge "$@" >"$WORK/out" 2>&1
	[ $? = "$code" ] || { cat "$WORK/out" && false; }
}

check "no daemon: exit 5" exits 5 api-key alice --state "$STATE"
check "no daemon: it says so" grep -q "no daemon has put limits in force" "$WORK/out"
"$LIBRARY" follow "$STATE" api-key patient 600 >"$WORK/follow" &
PIDS+=($!)
policy 3
start || not_ok "the daemon starts"

for _ in 1 2 3; do check "admitted: exit 0" exits 0 api-key alice; done
check "refused: exit 10" exits 10 api-key alice
check "the JSON" sh -c "nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL charge api-key alice --json |
	jq -e '.admitted == false and .capacity == 3 and .remaining == 0 and .retry_after_ms > 0 and .reset_ms >= .retry_after_ms'"
check "another key" exits 0 api-key bob --cost 3
check "more than a bucket holds" exits 10 api-key carol --cost 4
check "no such limit: exit 6" exits 6 nothing alice
check "no address: exit 2" exits 2 source alice
check "why --key" test "$(tg why --key alice --json | jq -c '.limits[] | select(.limit == "api-key") | [.remaining, .admitted, .exceeded]')" = '[0,3,2]'
check "top tells a key by its hash" test "$(tg top --limit api-key --json | jq -r '[.sources[].source | select(test("^key:[0-9a-f]{16}$"))] | length')" -ge 2
check "reset --key gives her tokens back" tg reset --key alice
check "she may go on" exits 0 api-key alice --cost 3
check "and nobody else has got any" exits 10 api-key bob
check "reset of an address leaves keys alone" tg reset 10.77.1.1
check "she has none" exits 10 api-key alice
check "limits counts them" test "$(tg limits api-key --json | jq -c '.limits[0].packets | [.admitted, .dropped]')" = '[5,5]'

# the same bucket as packets use
burst 10.77.1.1 4
check "packets have taken 4 of 10" exits 10 source 10.77.1.1 --cost 7
check "6 are left" exits 0 source 10.77.1.1 --cost 5
check "packets find the rest" test "$(admitted 10.77.1.1 5)" = 1
check "IPv6" exits 0 source fd77:1::1 --cost 10
check "and its packets nothing" test "$(admitted fd77:1::1 5)" = 0

# four threads, while the policy is changed
policy 2000
tg reload >/dev/null || not_ok "reload"
"$LIBRARY" charge "$STATE" api-key race 4 6 >"$WORK/race" 2>"$WORK/race.err" &
racer=$!
reloads=0
while kill -0 $racer 2>/dev/null; do
	tg reload >/dev/null && reloads=$((reloads + 1))
done
wait $racer
echo "# $reloads reloads, admitted, refused, errors: $(cat "$WORK/race")"
check "exactly what the bucket holds, through reloads" test "$(cut -d' ' -f1 "$WORK/race")" = 2000
check "and no errors" test "$(cut -d' ' -f3 "$WORK/race")" = 0
check "a reload came between" test "$reloads" -ge 1

# children of a server whose threads charge, while the policy is changed
"$LIBRARY" fork "$STATE" api-key race 3 4 >"$WORK/forked" 2>&1 &
forker=$!
reloads=0
while kill -0 $forker 2>/dev/null; do
	tg reload >/dev/null && reloads=$((reloads + 1))
done
wait $forker
echo "# children, failures: $(cat "$WORK/forked"); $reloads reloads"
check "each child charges by the handle of its parent" grep -q '^[1-9][0-9]* 0$' "$WORK/forked"

# waits
check "a wait ends when a token has come" sh -c "$LIBRARY empty-wait $STATE fast w $((2000 * SLOW)) 0 | grep -Eq '^1 [2-9] [0-9]+$'"
check "a backoff of its own" sh -c "$LIBRARY empty-wait $STATE fast w $((2000 * SLOW)) $((500 * SLOW)) |
	awk 'END {exit !(\$1 == 1 && \$2 == 2 && \$3 >= 500 * $SLOW && \$3 < 1000 * $SLOW)}'"
check "no wait that is longer than its patience" test "$("$LIBRARY" wait "$STATE" api-key alice2 2000 100 | cut -d' ' -f1,2)" = "1 1"
exits 0 api-key full --cost 2000
check "refused at once" test "$("$LIBRARY" wait "$STATE" api-key full 2000 100)" = "0 1 0"
exits 0 fast crowd --cost 2
check "10,000 waits that are left leave nothing" test "$("$LIBRARY" abandon "$STATE" fast crowd 10000)" = "10000 0"
sleep $((SLOW / 2)).5
check "and took nothing" exits 0 fast crowd --cost 2

# keys without end
for i in $(seq 40); do tg charge bounded "made up $i"; done >/dev/null
check "new_sources bounds the buckets of keys" test "$(tg limits bounded --json | jq '.limits[0].buckets')" = 5

# who may
cp "$BUILD/tidegate" "/var/tmp/tidegate-$ID"
chmod 755 "/var/tmp/tidegate-$ID"
as() { setpriv --reuid 65534 --regid "$1" --clear-groups "/var/tmp/tidegate-$ID" charge "$2" "$3" --state "$STATE" >"$WORK/out" 2>&1; echo $?; }
check "the daemon's group charges keys" test "$(as "$(id -g)" api-key group)" = 0
check "but not what packets are charged to" test "$(as "$(id -g)" source 10.77.1.9)" = 4
check "others nothing" test "$(as 65534 api-key other)" = 4
check "and are told" grep -q "no permission" "$WORK/out"
rm -f "/var/tmp/tidegate-$ID"

# without the daemon, and with the next
exits 0 api-key lasting --cost 1999
stop KILL
check "a killed daemon: the limits hold" exits 0 api-key lasting --state "$STATE"
check "and refuse" exits 10 api-key lasting --state "$STATE"
start || not_ok "the next daemon starts"
check "the next daemon keeps the buckets" exits 10 api-key lasting
stop
sleep 0.1
check "a daemon that takes its limits along" exits 5 api-key lasting --state "$STATE"
sleep 0.2
start || not_ok "and another starts"
sleep 0.3
check "its buckets are new" exits 0 api-key lasting
printf 'no daemon\ngood\nno daemon\ngood\n' >"$WORK/wanted"
cut -c1-9 "$WORK/follow" | sed 's/^no such.*/no limit/' >"$WORK/seen"
check "one handle has seen them all come and go" cmp "$WORK/seen" "$WORK/wanted"
check "no process was reported by the sanitizers" sh -c "! grep -q ERROR $WORK/race.err"
stop
finish
