#!/bin/bash
# Changes of the whole policy by hand: looked at before, tried with a way back, confirmed, taken back.
. "$(dirname "$0")/lib.sh"
topology
one_limit 10 >"$CONFIG"
one_limit 20 >"$WORK/b.yaml"
one_limit 40 >"$WORK/c.yaml"
one_limit ten >"$WORK/bad.yaml"
code() {
	"$@" >"$WORK/out" 2>"$WORK/err"
	echo $?
}
capacity() { tg limits --json | jq '.limits[0].capacity'; }
start || not_ok "the daemon starts"
burst 10.77.1.1 5
cd "$WORK" || exit 1
check "diff" test "$(code tg diff b.yaml)" = 0
check "says what becomes of live buckets" grep -q "1 live buckets keep the share that is missing" out
check "and changes nothing" test "$(capacity)" = 10
check "diff --json" test "$(tg diff b.yaml --json | jq -c '[.equal, .changes[0].what, .changes[0].name, .changes[0].change]')" = '[false,"limit","l","changed"]'
check "diff with the same" test "$(tg diff tidegate.yaml)" = "no difference"
check "diff of an invalid file: 3" test "$(code tg diff bad.yaml)" = 3
check "with the place" grep -q "bad.yaml:2:.*error: limits\[0\].capacity: \"ten\" is not a number" err
check "diff of a file that is not there: 1" test "$(code tg diff nowhere.yaml)" = 1
check "rollback with nothing to go back to: 6" test "$(code tg rollback)" = 6
check "confirm with nothing to confirm: 6" test "$(code tg confirm)" = 6
# apply
check "apply of an invalid file: 3" test "$(code tg apply bad.yaml)" = 3
check "leaves all as it was" test "$(capacity) $(tg status --json | jq .generation)" = "10 1"
check "apply" test "$(code tg apply b.yaml)" = 0
check "says what changed" grep -q "bursts to 20 packets" out
check "and what a restart would read" grep -q "a restart or reload reads $CONFIG" out
check "is in force" test "$(capacity)" = 20
check "for packets: the half empty bucket stays half empty" test "$(admitted 10.77.1.1 40)" = 10
check "status names the file" test "$(tg status --json | jq -r .policy)" = "$WORK/b.yaml"
check "rollback" test "$(code tg rollback)" = 0
check "is back" test "$(capacity)" = 10
check "with the empty bucket empty" test "$(admitted 10.77.1.1 40)" = 0
check "and nothing more to go back to" test "$(code tg rollback)" = 6
# several steps back
tg apply b.yaml >/dev/null
tg apply c.yaml >/dev/null
tg set l capacity=80 >/dev/null
check "set, too, can be taken back" test "$(tg rollback >/dev/null && capacity)" = 40
check "and what was before" test "$(tg rollback >/dev/null && capacity)" = 20
check "and before that" test "$(tg rollback >/dev/null && capacity)" = 10
# confirm
check "a bad time: 2" test "$(code tg apply b.yaml --confirm soon)" = 2
check "too short a time: 2" test "$(code tg apply b.yaml --confirm 10ms)" = 2
check "apply --confirm" test "$(code tg apply b.yaml --confirm 60s)" = 0
check "says so" grep -q "goes back in 60 s unless" out
check "is in force at once" test "$(capacity)" = 20
check "status says so" test "$(tg status --json | jq '.confirm | .pending and .remaining_ms > 50000 and .remaining_ms <= 60000')" = true
check "in words" sh -c "'$BUILD/tidegate' --control '$CONTROL' status | grep -q 'NOT CONFIRMED: goes back in'"
check "another change has to wait: apply" test "$(code tg apply c.yaml)" = 1
check "with a word on what to do" grep -q "run \`tidegate confirm\` or \`tidegate rollback\` first" err
check "set" test "$(code tg set l capacity=7)" = 1
check "reload" test "$(code tg reload)" = 1
kill -HUP "$DAEMON"
sleep 0.3
check "and SIGHUP" test "$(capacity)" = 20
check "confirm" test "$(code tg confirm)" = 0
check "status does" test "$(tg status --json | jq -c .confirm)" = null
check "a confirmed change stays" test "$(capacity)" = 20
check "rollback is still possible" test "$(tg rollback >/dev/null && capacity)" = 10
tg apply b.yaml --confirm 60s >/dev/null
check "rollback ends the wait" test "$(tg rollback >/dev/null && tg status --json | jq -c .confirm)" = null
check "and is back" test "$(capacity)" = 10
tg apply b.yaml --confirm "$((3 * SLOW))s" >/dev/null
check "one that nobody confirms is in force" test "$(capacity)" = 20
sleep "$((3 * SLOW)).5"
check "and goes back by itself" test "$(capacity)" = 10
check "for packets" test "$(admitted 10.77.1.9 40)" = 10
check "with a word in the log" grep -q "was not confirmed in time" "$WORK/daemon.log"
check "then changes are taken again" test "$(code tg apply c.yaml)" = 0
check "reload reads the daemon's own file" test "$(tg reload >/dev/null && capacity)" = 10
check "rollback of a reload" test "$(tg rollback >/dev/null && capacity)" = 40
check "the metrics count the changes" sh -c "nsenter --net=/run/netns/$B curl -s http://$METRICS/metrics | grep -q 'tidegate_policy_reloads_total{result=\"ok\"} 17'"
stop
finish
