#!/bin/bash
# From the builds of earlier commits to today's: under a flood there is no moment without a limit, the old policy or the new one is whole,
# and buckets are kept if their layout allows. RELEASES: these commits; else the first that was in use, and the last before the newest
# change of TG_ABI_VERSION. They are built below build/releases, once each.
. "$(dirname "$0")/../netns/lib.sh"
. "$ROOT/tests/netns/upgrade.sh"
need_root
TODAYS=$BUILD/asan/tidegated
constant() { sed -n "s/^#define $1 //p" "$ROOT/include/tidegate/abi.h"; }
git_() { git -c safe.directory="$ROOT" -C "$ROOT" "$@"; }
releases() {
	local newest
	echo f4d9511
	newest=$(git_ log -1 --format=%H -G'^#define TG_ABI_VERSION [0-9]' -- include/tidegate/abi.h) && git_ rev-parse "$newest^"
}
# built COMMIT: builds it in $BUILT unless it is there; says in $WHY why it could not
built() {
	local commit
	commit=$(git_ rev-parse --verify --quiet "$1^{commit}") || { WHY="the history has no such commit" && return 1; }
	BUILT=$BUILD/releases/$commit
	[ ! -x "$BUILT/build/tidegated" ] || [ ! -x "$BUILT/build/tidegate" ] || return 0
	rm -rf "$BUILT"
	mkdir -p "$BUILT"
	git_ archive "$commit" | tar -x -C "$BUILT" || { WHY="git archive fails" && return 1; }
	# the one that runs this has its own options
	env -u MAKEFLAGS -u MAKELEVEL nice make -C "$BUILT" -j2 build/tidegated build/tidegate >"$BUILT/log" 2>&1 ||
		{ WHY="it does not build here, see $BUILT/log" && return 1; }
}
tg() { in_b "$CLI" --control "$CONTROL" "$@"; }
older() {
	CLI=$BUILT/build/tidegate
	TIDEGATED=$BUILT/build/tidegated start "$@"
}
todays() {
	CLI=$BUILD/tidegate
	TIDEGATED=$TODAYS start "$@"
}
# each_whole NAME: each interface enforces one of the two policies
each_whole() {
	local interface
	for interface in 1 2; do
		get $interface
		check "$1: the old policy or the new one at interface $interface" test "$GOT" = 10 -o "$GOT" = 20
	done
}
# An upgrade that is tried, is cut off between two links, and comes to its end.
tried() {
	policy 10
	older || not_ok "$1: it starts"
	whole "$1: the old policy" 10
	burst 10.77.1.1 40
	stop USR1
	pins >"$WORK/pins"
	policy 20
	fault attach 12
	start_fails "$1: no memory" 1 todays
	check "$1: no memory: all is as it was" test "$(pins)" = "$(cat "$WORK/pins")"
	whole "$1: no memory" 10
	for step in moved-1 switch place-meta; do
		fault $step kill
		todays 2>/dev/null
		rm -f "$TIDEGATE_FAULT" # a step that this upgrade has not
		[ -z "$DAEMON" ] || stop USR1
		each_whole "$1: killed at $step"
	done
	todays || not_ok "$1: today's starts"
	whole "$1: after all" 20
	counts "$1: after all"
	check "$1: after all: nothing waits" test -z "$(find "$STATE" -name 'next*')"
	stop
	check "$1: stopped: nothing is left" test ! -e "$STATE"
	whole "$1: stopped" 40
}
# flooded COMMIT: 16 sources, each far above its limit, from before the upgrade until after it
flooded() {
	local promised=100 seen
	policy 100
	older || not_ok "$1: it starts"
	tg deny add 10.77.9.9 >/dev/null || not_ok "$1: deny add"
	check "$1: layout $(layout)" test "$(layout)" -ge 1
	[ "$(layout)" -ge "$(constant TG_BUCKETS_SINCE)" ] || promised=130
	burst 10.77.1.1 200
	links >"$WORK/links"
	count 5353 120
	flow 10.77.1.16 16 30000 $((6 * SLOW)) &
	PIDS+=($!)
	sleep 1
	policy 30
	stop USR1
	todays || not_ok "$1: today's starts"
	check "$1: the flood goes on" kill -0 "${PIDS[-1]}"
	wait "${PIDS[-1]}"
	counted >"$WORK/received"
	seen=$(awk '{print $2}' "$WORK/received" | sort -n | uniq -c | tr -s ' \n' ' ')
	if [ $promised = 100 ]; then
		check "$1: flooded: each source gets what the old bucket holds ($seen)" test "$seen" = " 16 100 "
		check "$1: drained stays drained" test "$(admitted 10.77.1.1 40)" = 0
	else
		check "$1: flooded: each source gets what the old bucket holds, and the new one ($seen)" test "$seen" = " 16 130 "
		check "$1: buckets begin anew, as the log says" grep -q 'buckets start full' "$WORK/daemon.log"
	fi
	check "$1: the links are the same" test "$(links)" = "$(cat "$WORK/links")"
	check "$1: the denied one is denied" test "$(admitted 10.77.9.9 40)" = 0
	whole "$1: the new policy" 30
	counts "$1"
	tg deny del 10.77.9.9 >/dev/null || not_ok "$1: deny del"
	stop
}
two_interfaces
for commit in ${RELEASES:-$(releases 2>/dev/null)}; do
	short=${commit:0:7}
	if built "$commit"; then
		flooded "$short"
		tried "$short"
		: >"$WORK/daemon.log"
	else
		skip "from $short: $WHY"
	fi
done
[ $((passed + failed + skipped)) != 0 ] || skip "all: no git history to build earlier versions from"
sanitizers
finish
