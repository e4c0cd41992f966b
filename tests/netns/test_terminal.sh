#!/bin/bash
# Nothing that others choose gives orders to the terminal of who asks: names of interfaces and files, notes, keys, whatever the daemon says.
. "$(dirname "$0")/lib.sh"
topology
ESCAPES=$'\e[31m' TURN=$'\u202e' CSI=$'\u009b'
# calm FILE: whether it has no control characters but ends of lines, no C1 as UTF-8, and no change of the writing direction
calm() {
	python3 - "$1" <<-'P'
		import sys
		data = open(sys.argv[1], "rb").read()
		bad = [c for c in data.decode("utf-8", "surrogateescape") if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or
		       0x2028 <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069 or 0xdc80 <= ord(c) <= 0xdcff)]
		sys.exit(f"{bad} in {data}" if bad or not data else 0)
	P
}
# says WHAT COMMAND...: whether all that it prints is calm, and has WHAT
says() {
	local what=$1
	shift
	tg "$@" >"$WORK/out" 2>&1
	calm "$WORK/out" && { grep -qF -- "$what" "$WORK/out" || { cat "$WORK/out" && false; }; }
}
is_json() { jq -e . "$WORK/out" >/dev/null; }
CONFIG="$WORK/conf${ESCAPES}${TURN}.yaml"
bad="x${ESCAPES}${CSI}${TURN}"
in_b ip link set "$VB" down
in_b ip link set "$VB" name "$bad"
VB=$bad
in_b ip link set "$VB" up
in_b ip addr add 10.77.0.2/16 dev "$VB" 2>/dev/null
configure <<-Y
	interfaces: [{name: "x*"}, {name: absent0}]
	limits:
	  - {name: l, per: source, capacity: 5, refill_amount: 1, refill_interval: 1d}
	  - {name: k, per: key, capacity: 5, refill_amount: 1, refill_interval: 1d}
Y
start || not_ok "the daemon starts"
check "a note of control characters is refused" test "$(tg deny add 10.9.9.9 --note "a${ESCAPES}b" 2>/dev/null; echo $?)" = 2
check "and its refusal is calm" says '10.9.9.9' deny add 10.9.9.9 --note "a${TURN}b"
check "a note that turns the writing direction: why" says 'a\u202eb' why 10.9.9.9
check "the list" says '10.9.9.9' deny list
check "status: the path of the configuration" says 'conf\x1b[31m\u202e.yaml' status
check "check: the path" says 'conf\x1b[31m' check "$CONFIG"
printf 'interfaces: [{name: eth0, "\x1b[31m\xe2\x80\xae": 1}]\n' >"$WORK/wrong.yaml"
check "check: a file with control characters" says 'control character' check "$WORK/wrong.yaml"
printf 'interfaces: [{name: eth0, "\xe2\x80\xae": 1}]\n' >"$WORK/wrong.yaml"
check "check: an unknown key" says '\u202e' check "$WORK/wrong.yaml"
check "an unknown limit" says 'no limit is named' limits "a${ESCAPES}${CSI}"
check "an unknown command" says 'command' "a${ESCAPES}${CSI}"
check "an unknown option" says '--' why "--a${ESCAPES}${CSI}"
check "a file that is not there" says 'No such file' check "/nowhere${ESCAPES}${TURN}"
check "the log" calm "$WORK/daemon.log"
burst 10.77.3.1 20
tg charge k key >/dev/null
sleep 0.3

# Whatever the daemon says, or who else has taken its place.
"$ROOT/tests/netns/hostile.py" "$WORK/hostile.sock" "$CONTROL" >"$WORK/hostile" &
PIDS+=($!)
until grep -q ready "$WORK/hostile"; do sleep 0.02; done
real=$CONTROL
CONTROL=$WORK/hostile.sock
for command in status limits top "why 10.77.3.1" "why 10.9.9.9" "why --key key" events "deny list" version; do
	# shellcheck disable=SC2086 # words
	check "$command" says owned $command
	# shellcheck disable=SC2086
	check "$command --json" says '\u009b31m\u202e' $command --json
	check "which is JSON still" is_json
done
for command in cluster "limits nosuch" "set l capacity=6" "shadow on l" "diff $WORK/wrong.yaml" rollback; do
	# shellcheck disable=SC2086
	check "$command" says owned $command
done
CONTROL=$real
finish
