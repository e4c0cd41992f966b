#!/bin/bash
# Interfaces that a configuration means and does not get: more than can be limited, one whose hook another has, none at all. Those that
# are limited stay so, and status, metrics and the log say which are not and why.
. "$(dirname "$0")/lib.sh"
not_emulated "256 veths"
TIDEGATED=$BUILD/asan/tidegated
topology
status() { tg status --json | jq -c "$1"; }
# says FILTER WANTED: waits until the status says so
says() {
	local got
	for _ in $(seq 250); do
		got=$(status "$1")
		[ "$got" = "$2" ] && return 0
		sleep 0.04
	done
	echo "# $1 is $got, not $2"
	return 1
}
metric() { in_b curl -s -m 5 "http://$METRICS/metrics" | grep -c "^$1\$"; }
configure <<-Y
	interfaces: [{name: "m*"}]
	limits: [{name: l, per: source, capacity: 5, rate: 1/s}]
Y
check "a pattern that fits nothing: starts" start
check "and is not well" test "$(tg status --json | jq -r .health)" = "nothing is attached"
stop
# A program of another's: an interface of a pattern is left out, with the reason, until it is free.
cat >"$WORK/theirs.c" <<-C
	#include <linux/bpf.h>
	__attribute__((section("xdp"))) int theirs(struct xdp_md *ctx) { return 2; }
C
compile_bpf "$WORK/theirs.c" "$WORK/theirs.o" || not_ok "compile a program"
ip -n "$B" link add m1 type veth peer name n1
ip -n "$B" link add m2 type veth peer name n2
ip -n "$B" link set m2 xdp obj "$WORK/theirs.o" sec xdp || not_ok "another's program"
check "a start with one of two that is taken" start
check "limits the other" test "$(status '[.interfaces[].interface]')" = '["m1"]'
check "names it and the reason" test "$(status '[.missing[] | [.interface, .hook, .reason]]')" = '[["m2","xdp","refused"]]'
check "in words" sh -c "'$BUILD/tidegate' --control '$CONTROL' status | grep -q '^m2 *not limited (xdp): m2 already has an XDP program that is not tidegate.s'"
check "in health" sh -c "'$BUILD/tidegate' --control '$CONTROL' status | grep -q '^health: m2 (xdp) is not limited, and is tried again: m2 already has'"
check "in the metrics" test "$(metric 'tidegate_interface_missing{interface="m2",hook="xdp",reason="refused"} 1')" = 1
ip -n "$B" link add m3 type bridge # a message, at which it is not tried
ip -n "$B" link del m3
sleep 4
check "said once" test "$(grep -c 'm2 already has' "$WORK/daemon.log")" = 1
ip -n "$B" link set m2 xdp off
check "taken up when it is free" says '[[.interfaces[].interface], .missing, .health]' '[["m1","m2"],[],"ok"]'
stop
ip -n "$B" link set m2 xdp obj "$WORK/theirs.o" sec xdp
ip -n "$B" link del m1
start
check "if nothing can be attached, the start is refused" test $? = 4
sed -i 's/"m\*"/m2/' "$CONFIG"
start
check "a name alone whose hook is taken: refused" test $? = 4
ip -n "$B" link del m2
# More than fit.
sed -i 's/name: m2}/name: m9}, {name: "m*"}/' "$CONFIG"
for i in $(seq 254); do echo "link add m$i type veth peer name o$i"; done >"$WORK/links"
ip -n "$B" -batch "$WORK/links" || not_ok "254 veths"
start || not_ok "the daemon starts"
check "254 are limited" says '[(.interfaces | length), .health]' '[254,"ok"]'
ip -n "$B" link add m255 type veth peer name o255
check "255 are" says '[(.interfaces | length), .health]' '[255,"ok"]'
pins() { find "$STATE" -name 'xdp-*' -printf '%f %i\n' | sort; }
pins >"$WORK/before"
ip -n "$B" link add m256 type veth peer name o256
check "the 256th is not, and that is said" says '[(.interfaces | length), [.missing[] | [.interface, .reason]], .health]' \
	'[255,[["m256","no_room"]],"m256 is not limited: as many interfaces are limited as can be"]'
pins >"$WORK/after"
check "the 255 stay" cmp "$WORK/before" "$WORK/after"
check "in the log, once" test "$(grep -c 'm256: 255 interfaces are limited already' "$WORK/daemon.log")" = 1
check "a reload takes those that fit" tg reload
pins >"$WORK/after"
check "and they are the same" cmp "$WORK/before" "$WORK/after"
stop KILL
start
pins >"$WORK/after"
check "and so are they after a restart" cmp "$WORK/before" "$WORK/after"
check "with the same one left out" test "$(status '[.missing[].interface]')" = '["m256"]'
ip -n "$B" link del m7
check "when one goes, the one that waited gets its place" says '[(.interfaces | length), .missing, .health]' '[255,[],"ok"]'
ip -n "$B" link add m7 type veth peer name o7
check "and the one that comes back waits" says '[.missing[] | [.interface, .reason]]' '[["m7","no_room"]]'
ip -n "$B" link del m9
check "a name that goes is said" says '[.missing[] | [.interface, .reason]]' '[["m9","absent"]]'
# A start that cannot look at its pins changes nothing.
stop KILL
pins >"$WORK/before"
echo "adopt 24" >"$WORK/fault" # EMFILE
TIDEGATE_FAULT=$WORK/fault start
check "a start that cannot read a pin fails" test $? = 1
check "and says which" grep -q "cannot read $STATE/xdp-[0-9]*, which an earlier daemon left: Too many open files" "$WORK/daemon.log"
pins >"$WORK/after"
check "and removes none" cmp "$WORK/before" "$WORK/after"
echo "links 24" >"$WORK/fault"
TIDEGATE_FAULT=$WORK/fault start
check "a start that cannot list interfaces fails" test $? = 1
pins >"$WORK/after"
check "and removes none" cmp "$WORK/before" "$WORK/after"
check "a good start" start
check "takes them over" test "$(status '[(.interfaces | length), .health]')" = '[255,"m9 is not there"]'
finish
