#!/bin/bash
# Whose state directory and whose files the daemon takes, and that only the lock's holder takes the directory away.
. "$(dirname "$0")/lib.sh"
topology
chmod 755 "$WORK"
LIST=$WORK/list.txt
echo 192.0.2.0/24 >"$LIST"
base="interfaces: [{name: IFACE}]
limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]"
configure <<<"$base"
cp "$CONFIG" "$WORK/plain.yaml"
# exits CODE WORDS COMMAND...: the exit status, and what is said, by the command or in the log
exits() {
	local want=$1 words=$2 status
	shift 2
	: >"$WORK/daemon.log"
	"$@" >>"$WORK/daemon.log" 2>&1
	status=$?
	[ "$status" = "$want" ] && grep -qF -- "$words" "$WORK/daemon.log" && return
	echo "# exit $status instead of $want, or not \"$words\":" && cat "$WORK/daemon.log"
	return 1
}
attached() { ip -n "$B" -j link show "$VB" | jq -e '.[0].xdp' >/dev/null; }
seen() { stat -c '%F %U %a' "$STATE"; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# the state directory
bad_directory() { # NAME WORDS: refused, nothing attached, the directory as it was
	local before
	before=$(seen)
	check "$1: refused" exits 4 "$2" start
	check "$1: named" grep -qF "$STATE" "$WORK/daemon.log"
	check "$1: nothing attached" test "$(attached && echo yes)" = ''
	check "$1: nothing changed" test "$(seen)" = "$before"
	check "$1: detach is refused as well" exits 4 "$2" tg detach --state "$STATE"
	check "$1: nor does that change it" test "$(seen)" = "$before"
}
if [ "$(stat -c %a /sys/fs/bpf)" = 1777 ]; then
	as_nobody mkdir "$STATE"
else
	mkdir "$STATE" && chown 65534 "$STATE"
fi
bad_directory "of another user" "belongs to user 65534"
rmdir "$STATE"
mkdir -m 770 "$STATE"
bad_directory "writable by the group" "mode 0770"
chmod 707 "$STATE"
bad_directory "writable by all" "mode 0707"
rmdir "$STATE"
mkdir -m 700 "$STATE-target" && ln -s "$STATE-target" "$STATE"
bad_directory "a symbolic link" "symbolic link"
check "a symbolic link: its target is as it was" test "$(stat -c %a "$STATE-target")" = 700
rm "$STATE" && rmdir "$STATE-target"

# the lock
mkdir "$STATE"
exec {lock}<"$STATE"
flock -x "$lock"
check "a start beside another process: refused" exits 4 "another tidegate process" start
check "and leaves its directory" test -d "$STATE"
check "detach beside another process: refused" exits 4 "another tidegate process" tg detach --state "$STATE"
check "and leaves its directory" test -d "$STATE"
exec {lock}<&-
rmdir "$STATE" 2>/dev/null
two_starts() { # one of two is ready, in a directory that is the first's, which a third does not get
	local other=$WORK/other.sock second code
	nsenter --net="/run/netns/$B" "$BUILD/tidegated" --config "$CONFIG" --control "$other" --state "$STATE" --metrics none \
		>"$WORK/second.log" 2>&1 &
	second=$!
	start --metrics none
	code=$?
	if [ "$code" = 4 ]; then
		for _ in $(seq $((200 * SLOW))); do
			in_b "$BUILD/tidegate" --control "$other" status >/dev/null 2>&1 && break
			sleep 0.05
		done
		[ "$(seen)" = "directory root 710" ] && exits 4 "another tidegate process" start --metrics none
	else
		wait "$second"
		[ $? = 4 ] && [ "$code" = 0 ] && [ "$(seen)" = "directory root 710" ] &&
			exits 4 "another tidegate process" in_b "$BUILD/tidegated" --config "$CONFIG" --control "$other" --state "$STATE" --metrics none
	fi
	code=$?
	kill -TERM "$second" 2>/dev/null
	[ -z "$DAEMON" ] || stop
	wait "$second" 2>/dev/null
	return "$code"
}
for round in 1 2 3 4 5; do
	check "two starts at the same moment, $round: one has the directory" two_starts
done

# files, at the start
mkfifo "$WORK/fifo"
: >"$WORK/secret" && chmod 600 "$WORK/secret" && echo secret >"$WORK/secret"
cluster() { configure <<<"$base
cluster: {name: c, redis: redis://127.0.0.1:1, $1}"; }
lists() { configure <<<"$base
deny: [{file: $1}]"; }
chown 65534 "$CONFIG"
check "a start with a configuration of another user: refused" exits 4 "chown root $CONFIG" start
chown root "$CONFIG" && chgrp 65534 "$CONFIG" && chmod 664 "$CONFIG"
check "one that another group may write" exits 4 "chmod go-w $CONFIG" start
rm "$CONFIG" && mkfifo "$CONFIG"
check "one that is a FIFO" exits 4 "is a FIFO" start
rm "$CONFIG" && lists list.txt && chmod 666 "$LIST"
check "a list that all may write" exits 4 "chmod go-w $LIST" start
check "with its line" grep -qF "$CONFIG:3:" "$WORK/daemon.log"
chmod 644 "$LIST" && chown 65534 "$LIST"
check "a list of another user" exits 4 "chown root $LIST" start
chown root "$LIST"
lists fifo
check "a list that is a FIFO" exits 4 "is a FIFO" start
for key in password_file frame_key_file; do
	cluster "$key: secret" && chown 65534 "$WORK/secret"
	check "a $key of another user" exits 4 "chown root $WORK/secret" start
	check "a $key with its line" grep -qF "$CONFIG:3:" "$WORK/daemon.log"
	chown root "$WORK/secret"
	cluster "$key: fifo"
	check "a $key that is a FIFO" exits 4 "is a FIFO" start
done
check "nothing is left of all that" test ! -e "$STATE"

# files, while it runs
lists list.txt
start || not_ok "the daemon starts with a list that is root's"
generation=$(tg status --json | jq .generation)
chmod 666 "$LIST"
check "a reload with a list that all may write: refused" exits 4 "chmod go-w $LIST" tg reload
check "which the command says itself" grep -qF "cannot be used, and the policy in force stays: deny[0].file: $LIST" <(tg reload 2>&1)
check "with what to do" grep -qF "chmod go-w $LIST" <(tg reload 2>&1)
check "apply too" exits 4 "chmod go-w $LIST" tg apply "$CONFIG"
check "diff too" exits 4 "chmod go-w $LIST" tg diff "$CONFIG"
chmod 644 "$LIST" && cp "$CONFIG" "$WORK/theirs.yaml" && chown 65534 "$WORK/theirs.yaml"
check "apply of another user's file: refused" exits 4 "chown root $WORK/theirs.yaml" tg apply "$WORK/theirs.yaml"
lists fifo && cp "$CONFIG" "$WORK/other.yaml"
before=$(date +%s)
check "a reload with a FIFO: refused" exits 4 "is a FIFO" tg reload
sleep 100 >"$WORK/fifo" & # a writer who says nothing
PIDS+=($!)
check "and with a FIFO that has a writer" exits 4 "is a FIFO" tg apply "$WORK/other.yaml"
check "at once, and the daemon answers" between 0 $(($(date +%s) - before)) $((5 * SLOW))
check "what is in force stays" test "$(tg status --json | jq .generation)" = "$generation"
kill "${PIDS[-1]}"
sticky=$(mktemp /tmp/tidegate-test.XXXXXX)
cat "$WORK/plain.yaml" >"$sticky"
check "root's file in /tmp is applied" exits 0 "" tg apply "$sticky"
rm -f "$sticky"

# the commands of a user
checked() { "$BUILD/tidegate" check "$1" >/dev/null 2>&1; }
check "check reads a file of any owner" checked "$WORK/theirs.yaml"
check "and a FIFO" checked <(cat "$WORK/plain.yaml")
stop
finish
