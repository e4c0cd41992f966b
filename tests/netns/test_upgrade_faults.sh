#!/bin/bash
# An upgrade that fails at each of its steps, also between two links: the old policy stays whole, and nothing of it is taken away. Then
# a start that goes well puts the new one in force, with what was drained still drained.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/upgrade.sh"
two_interfaces
STEPS=$(grep -o '{"[a-z]*",' "$ROOT/user/datapath/publish.c" | tr -d '{",')
BEFORE=${STEPS%%switch*}

old
pins >"$WORK/pins"
policy 20
for step in $BEFORE moved-1 moved-2 switch; do
	fault "$step" 12
	start_fails "$step fails" 1 newer
	check "$step fails: the step was reached" test ! -e "$TIDEGATE_FAULT"
	check "$step fails: all is as it was" test "$(pins)" = "$(cat "$WORK/pins")"
	get 1
	FIRST=$GOT
	get 2
	check "$step fails: the old policy on both interfaces" test "$FIRST $GOT" = "10 10"
done
drained "after all failures"
newer || not_ok "then a good start"
whole "then a good start" 20
drained "then a good start"
stop USR1
sanitizers
finish
