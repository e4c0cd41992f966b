#!/bin/bash
# A change that waits to be confirmed, and a daemon that is killed meanwhile.
. "$(dirname "$0")/lib.sh"
topology
code() {
	"$@" >"$WORK/out" 2>"$WORK/err"
	echo $?
}
capacity() { tg limits --json | jq '.limits[0].capacity'; }
waits() { tg status --json | jq '.confirm.pending // false'; }
said() { grep -qF -- "$1" "$WORK/daemon.log"; }
again() {
	stop KILL
	: >"$WORK/daemon.log"
	start || not_ok "the daemon starts again"
}
KEPT=$CONTROL.unconfirmed
one_limit 10 >"$CONFIG"
one_limit 20 >"$WORK/b.yaml"
start || not_ok "the daemon starts"

# Another file: the daemon's own has the policy before.
check "apply another file" test "$(code tg apply "$WORK/b.yaml" --confirm 60s)" = 0
check "what is needed to go back is kept, for root alone" test "$(stat -c '%a %u' "$KEPT")" = "600 0"
again
check "killed: in force is what was before" test "$(capacity)" = 10
check "and nothing waits" test "$(waits)" = false
check "the log says so" said "was not confirmed before the daemon ended: going back to what $CONFIG says"
check "it is not kept any longer" test ! -e "$KEPT"

# The daemon's own file, overwritten before it was applied: with the policy before, a setting is lost that was only live.
tg set l capacity=15 >/dev/null || not_ok "set"
one_limit 20 >"$CONFIG"
check "apply the daemon's own file" test "$(code tg apply "$CONFIG" --confirm $((8 * SLOW))s)" = 0
again
check "killed: the file is in force" test "$(capacity)" = 20
check "and still waits" test "$(waits)" = true
check "with the time that is left" test "$(tg status --json | jq ".confirm.remaining_ms < $((8000 * SLOW))")" = true
check "the log says so" said "$CONFIG still waits to be confirmed"
check "another change has to wait" test "$(code tg set l capacity=7)" = 1
for _ in $(seq $((150 * SLOW))); do [ "$(capacity)" != 20 ] || sleep 0.1; done
check "nobody confirms: it goes back, to the live setting too" test "$(capacity)" = 15
check "for packets" test "$(admitted 10.77.1.9 40)" = 15
sleep 0.5
again
check "killed once more: what was not confirmed does not come back" test "$(capacity)" = 15
check "the log says so" said "$CONFIG has a change that was not confirmed in time"
check "and nothing waits" test "$(waits)" = false
check "reload takes the file as it is" test "$(tg reload >/dev/null && capacity)" = 20
again
check "which then stays" test "$(capacity)" = 20

# Confirmed after the daemon was killed.
one_limit 30 >"$CONFIG"
check "apply" test "$(code tg apply "$CONFIG" --confirm 60s)" = 0
again
check "killed: it waits" test "$(waits)" = true
check "rollback is possible" test "$(tg rollback >/dev/null && capacity)" = 20
again
check "killed after a rollback: it does not come back" test "$(capacity)" = 20
check "apply once more" test "$(code tg apply "$CONFIG" --confirm 60s)" = 0
again
check "confirm" test "$(code tg confirm)" = 0
check "nothing is kept" test ! -e "$KEPT"
again
check "what is confirmed stays" test "$(capacity) $(waits)" = "30 false"

# The time is over before the daemon is back.
one_limit 40 >"$CONFIG"
check "apply" test "$(code tg apply "$CONFIG" --confirm 1s)" = 0
stop KILL
check "dead, it enforces the change still" between 40 "$(admitted 10.77.1.10 60)" 41
sleep 1.2
: >"$WORK/daemon.log"
start || not_ok "the daemon starts again"
check "too late: what was before is in force from the start" test "$(capacity)" = 30
check "for packets" between 30 "$(admitted 10.77.1.11 60)" 31
check "apply without --confirm settles it" test "$(code tg apply "$CONFIG")" = 0
check "nothing is kept" test ! -e "$KEPT"

# Another boot, or damage.
one_limit 50 >"$CONFIG"
tg apply "$CONFIG" --confirm 60s >/dev/null || not_ok "apply"
stop KILL
sed -i 's/"boot":"[^"]*"/"boot":"another"/' "$KEPT"
start || not_ok "the daemon starts again"
check "after a boot the time is over" test "$(capacity)" = 40
tg apply "$CONFIG" --confirm 60s >/dev/null || not_ok "apply"
stop KILL
echo '{"boot' >"$KEPT"
: >"$WORK/daemon.log"
start || not_ok "the daemon starts with a damaged file"
check "a damaged file: the daemon starts, and says so" said "$KEPT is damaged"
check "and it is a problem" grep -q "may be in force without having been confirmed: $KEPT is damaged.*tidegate reload" <(tg status --json | jq -r .health)
check "apply --confirm is refused" test "$(code tg apply "$WORK/b.yaml" --confirm 60s)" = 1
check "in words, with the way out" grep -q "$KEPT is damaged.*tidegate reload.*policy in force stays" "$WORK/err"
check "reload takes the file as it is" test "$(tg reload >/dev/null && tg status --json | jq -r .health) $(capacity)" = "ok 50"
check "and nothing is kept" test ! -e "$KEPT"
mkdir "$KEPT.new"
check "what cannot be kept is refused" test "$(code tg apply "$WORK/b.yaml" --confirm 60s)" = 1
check "in words" grep -q "would not go back; the policy in force stays" "$WORK/err"
check "and is not in force" test "$(capacity) $(waits)" = "50 false"
rmdir "$KEPT.new"

# What was not confirmed is not forgotten when another change is not confirmed either, fails, or is confirmed.
one_limit 60 >"$CONFIG"
check "apply and go back" test "$(code tg apply "$CONFIG" --confirm 60s)$(code tg rollback)" = 00
again
check "gone back: in force is what was before" test "$(capacity)" = 50
sed 's/\[{name: [^ ]*}\]/[{name: nowhere}]/' "$WORK/b.yaml" >"$WORK/nowhere.yaml"
cp "$KEPT" "$WORK/kept"
check "another change that fails" test "$(code tg apply "$WORK/nowhere.yaml" --confirm 60s)" != 0
check "leaves what is kept as it was" cmp "$KEPT" "$WORK/kept"
again
check "so the first one does not come back" test "$(capacity)" = 50
check "another change" test "$(code tg apply "$WORK/b.yaml" --confirm 60s) $(capacity)" = "0 20"
again
check "killed while it waits: neither comes back" test "$(capacity) $(waits)" = "50 false"
check "apply and confirm" test "$(code tg apply "$WORK/b.yaml" --confirm 60s)$(code tg confirm)" = 00
again
check "it is confirmed: the first does not come back all the same" test "$(capacity)" = 20
tg apply "$CONFIG" >/dev/null || not_ok "apply"
again
check "until it is applied for good" test "$(capacity)" = 60
check "then nothing is kept" test ! -e "$KEPT"

# A second daemon that is refused, at the socket or at the state directory, leaves what the first has kept.
one_limit 70 >"$CONFIG"
tg apply "$CONFIG" --confirm 60s >/dev/null || not_ok "apply"
one_limit 80 >"$CONFIG"
cp "$KEPT" "$WORK/kept"
first=$DAEMON
for dir in "$STATE" "${STATE}x"; do
	DAEMON=''
	nsenter --net="/run/netns/$B" "$BUILD/tidegated" --config "$CONFIG" --control "$CONTROL" --state "$dir" --metrics none >"$WORK/second.log" 2>&1
	check "a second daemon is refused ($dir)" test $? != 0
	check "and leaves what the first has kept" cmp "$KEPT" "$WORK/kept"
done
DAEMON=$first
stop

# A directory of systemd's, which outlives the service and a boot.
mkdir -m 700 "$WORK/var"
export STATE_DIRECTORY=$WORK/var
rm -f "$KEPT"
start || not_ok "the daemon starts with a state directory of systemd's"
one_limit 90 >"$CONFIG"
tg apply "$CONFIG" --confirm 60s >/dev/null || not_ok "apply"
check "it is kept there" test -s "$WORK/var/unconfirmed" -a ! -e "$KEPT"
stop
sed -i 's/"boot":"[^"]*"/"boot":"another"/' "$WORK/var/unconfirmed"
start || not_ok "the daemon starts again"
check "after a stop and a boot: in force is what was before" test "$(capacity)" = 80
stop
finish
