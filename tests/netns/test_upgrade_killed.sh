#!/bin/bash
# An upgrade whose daemon is killed, also between two links and between two pins: each interface enforces the old policy or the new one
# whole, and the next start puts all of them to the new one. What was drained stays drained, unless the older layout is unknown.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/upgrade.sh"
two_interfaces

# killed STEP [VERSION]: VERSION is the layout that the older version's maps say they have
killed() {
	old
	[ $# = 1 ] || as_layout "$2"
	policy 20
	fault "$1" kill
	start_fails "killed at $*" 137 newer
	check "killed at $*: the step was reached" test ! -e "$TIDEGATE_FAULT"
	whole "killed at $*" 10 20
	newer || not_ok "killed at $*: the next start"
	[ $# != 1 ] || drained "killed at $*"
	get 1
	FIRST=$GOT
	get 2
	check "killed at $*: then the new policy on both interfaces" test "$FIRST $GOT" = "20 20"
	counts "killed at $*, started again"
	check "killed at $*: nothing waits any more" test -z "$(find "$STATE" -name 'next*')"
	check "killed at $*: the layout is the newer one" test "$(layout)" = "$NEWER_LAYOUT"
	stop TERM
	check "killed at $*: SIGTERM leaves nothing" test ! -e "$STATE"
}
for step in attach move moved-1 switch place-generations place-meta; do killed $step; done
for step in moved-1 place-meta; do killed $step 1; done
sanitizers
finish
