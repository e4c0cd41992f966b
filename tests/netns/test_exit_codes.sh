#!/bin/bash
# Every exit code of both programs, and errors on standard error that say what to do.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# expect CODE COMMAND...: the status, and on failure a sentence on standard error and nothing on standard output
expect() {
	local code=$1 status
	shift
	"$@" >"$WORK/out" 2>"$WORK/err"
	status=$?
	check "exit $code: ${*##*/}" test $status = "$code"
	[ "$code" = 0 ] || check "  and it says why" test -s "$WORK/err" -a ! -s "$WORK/out"
}
# says TEXT: so did the command before, on standard error
says() { check "  $1" grep -qF -- "$1" "$WORK/err"; }
tidegate=$BUILD/tidegate tidegated=$BUILD/tidegated
expect 0 "$tidegate" --help
expect 0 "$tidegate" --version
expect 0 "$tidegate" check "$CONFIG"
expect 0 "$tidegate" version
expect 2 "$tidegate"
expect 2 "$tidegate" wibble
expect 2 "$tidegate" check
expect 2 "$tidegate" status --wibble
says "has no such option as --wibble"
says "usage: tidegate status [--json]"
expect 2 "$tidegate" top --limit
says "--limit needs a value"
expect 2 "$tidegate" status --control
expect 2 "$tidegate" why nonsense
expect 2 "$tidegate" why 10.0.0.0/8
expect 2 "$tidegate" top -n 0
expect 2 "$tidegate" set l
says "usage: tidegate set LIMIT KEY=VALUE..."
expect 2 "$tidegate" set l capacity
expect 0 in_b "$tidegate" check "$CONFIG"
check "check knows the interface" grep -q "^interfaces: $VB (.*where the driver has it)$" "$WORK/out"
expect 0 in_a "$tidegate" check "$CONFIG"
check "and where there is none of that name" grep -q "^interfaces: $VB (.*; not on this machine now)$" "$WORK/out"
expect 2 "$tidegate" reset
expect 2 "$tidegate" reset 10.0.0.1 --key alice
expect 2 "$tidegated" --wibble
expect 2 "$tidegated" --log-level loud
expect 2 "$tidegated" extra
echo 'wibble: 1' >"$WORK/bad.yaml"
expect 3 "$tidegate" check "$WORK/bad.yaml"
expect 3 "$tidegated" --config "$WORK/bad.yaml"
expect 1 "$tidegate" check "$WORK/missing.yaml"
expect 1 "$tidegated" --config "$WORK/missing.yaml"
says "write a first configuration there"
expect 1 "$tidegated" --config "$CONFIG" --state "$WORK/state" --control "$CONTROL" --metrics none
for command in status limits top "why 10.0.0.1" "set l capacity=1" "reset --all" reload; do
	# shellcheck disable=SC2086
	expect 5 "$tidegate" --control "$CONTROL" $command
	says "start it with"
done
expect 6 "$tidegate" --control "$CONTROL" detach --state "$STATE"
# without privileges; a copy, since nobody may not enter every directory
cp "$tidegated" "$tidegate" "$WORK" && chmod 755 "$WORK"
expect 4 in_b setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/tidegated" --config "$WORK/tidegate.yaml" \
	--control "$CONTROL" --state "$STATE" --metrics none
says "tidegated is to be run as root"
# without one of them it does not start, and names it
expect 4 in_b setpriv --bounding-set=-perfmon,-sys_admin "$tidegated" --config "$CONFIG" --control "$CONTROL" --state "$STATE" \
	--metrics none
says "CAP_PERFMON missing"
sed -i "s/$VB/nosuch0/" "$CONFIG"
expect 6 in_b "$tidegated" --config "$CONFIG" --control "$CONTROL" --state "$STATE" --metrics none
sed -i "s/nosuch0/$VB/" "$CONFIG"

start || not_ok "the daemon starts"
expect 0 tg status
expect 0 tg limits
expect 0 tg limits l
expect 0 tg top
expect 0 tg why 10.0.0.1
expect 0 tg why 2001:db8::1
expect 0 tg reset 10.0.0.1
check "  no bucket was kept" grep -q "no bucket is kept" "$WORK/out"
expect 0 tg reset --limit l
expect 0 tg reset --all
expect 0 tg reload
expect 0 tg version
expect 6 tg limits nosuch
expect 6 tg top --limit nosuch
expect 6 tg set nosuch capacity=1
expect 6 tg reset --limit nosuch
expect 2 tg set l wibble=1
expect 2 tg set l capacity=0
expect 2 tg set l rate=1/s refill_amount=2
expect 2 tg top --by size
chmod 755 "$WORK"
expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/tidegate" --control "$CONTROL" status
chmod 666 "$CONTROL"
expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/tidegate" --control "$CONTROL" status
expect 0 setpriv --reuid=65534 --regid=65534 --groups=0 "$WORK/tidegate" --control "$CONTROL" status
expect 1 in_b "$tidegated" --config "$CONFIG" --control "$CONTROL" --state "${STATE}x" --metrics none
rm -rf "${STATE}x"
for command in status limits top "why 10.0.0.1" version; do
	# shellcheck disable=SC2086
	tg --json $command | jq -e type >/dev/null
	check "--json: $command" test "${PIPESTATUS[1]}" = 0
done
stop
finish
