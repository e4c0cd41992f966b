#!/bin/bash
# Beside programs of others at TC: before and after ours, by TCX and as filters of clsact. They are not touched and run as before; what
# ours drops is dropped, and what theirs drop too. A filter where ours would stand is named and refused.
. "$(dirname "$0")/lib.sh"
TIDEGATED=$BUILD/asan/tidegated
topology
THEIRS=/sys/fs/bpf/tgt${ID}theirs
trap 'rm -rf "$THEIRS"; cleanup' EXIT
mkdir "$THEIRS"
cat >"$WORK/theirs.c" <<-C
	#include <linux/bpf.h>
	#include <bpf/bpf_endian.h>
	#include <bpf/bpf_helpers.h>
	struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, __u32);
		__type(value, __u64);
	} seen SEC(".maps");
	/* Counts UDP to ports 5353 and 7777, and drops the latter. */
	SEC("tc") int theirs(struct __sk_buff *skb)
	{
		__u32 zero = 0;
		__u64 *n = bpf_map_lookup_elem(&seen, &zero);
		__u16 port = 0;

		bpf_skb_load_bytes(skb, 36, &port, 2);
		if (n && (port == bpf_htons(5353) || port == bpf_htons(7777)))
			__sync_fetch_and_add(n, 1);
		return port == bpf_htons(7777) ? 2 : -1;
	}
	char LICENSE[] SEC("license") = "GPL";
C
compile_bpf "$WORK/theirs.c" "$WORK/theirs.o" || { not_ok "compile a program"; finish; }
BPFTOOL=$(command -v /usr/sbin/bpftool || echo bpftool)
$BPFTOOL prog load "$WORK/theirs.o" "$THEIRS/program" type classifier pinmaps "$THEIRS" || { not_ok "load it"; finish; }
forget() { $BPFTOOL map update pinned "$THEIRS/seen" key 0 0 0 0 value 0 0 0 0 0 0 0 0; }
seen() { $BPFTOOL -j map dump pinned "$THEIRS/seen" | jq '.[0].formatted.value'; }
theirs() {
	in_b "$ROOT/tests/netns/tcx.py" "$VB" | grep theirs
	for hook in ingress egress; do in_b tc filter show dev "$VB" $hook 2>/dev/null | grep -E 'theirs|u32'; done
}
configure <<-Y
	interfaces: [{name: IFACE, hooks: [tc-ingress, tc-egress]}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# beside NAME THEY-SEE SOURCE: both verdicts hold at tc-ingress, and theirs is as it was, while we run and after
beside() {
	theirs >"$WORK/theirs.before"
	start || not_ok "$1: the daemon starts"
	check "$1: both stand there" test "$(tg status --json | jq -c '[.interfaces[].healthy]')" = '[true,true]'
	forget
	check "$1: our limit holds" between 10 "$(ingress "10.77.7.$3" 30)" 11
	check "$1: theirs sees what is its to see" between "$2" "$(seen)" $(($2 + 1))
	check "$1: what theirs drops is dropped" test "$(ingress "10.77.8.$3" 5 7777)" = 0
	check "$1: theirs was not touched" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	check "$1: reload" tg reload
	check "$1: after a reload our limit holds" between 10 "$(ingress "10.77.9.$3" 30)" 11
	stop
	check "$1: we are gone" test "$(in_b "$ROOT/tests/netns/tcx.py" "$VB" | grep -c tidegate)$(in_b tc filter show dev "$VB" ingress | grep -c tidegate)" = 00
	check "$1: theirs stays" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	forget
	check "$1: and still runs" test "$(ingress "10.77.7.$3" 30) $(seen)" = "30 30"
	check "$1: no pins of ours are left" test ! -e "$STATE"
}
# Another's TCX program that was there, and one that comes later and wants to be first.
with_tcx() {
	in_b "$ROOT/tests/netns/tcx.py" "$VB" ingress last "$THEIRS/program" "$THEIRS/link" || not_ok "attach it"
	beside "TCX, there before us" 10 1
	start
	rm "$THEIRS/link"
	in_b "$ROOT/tests/netns/tcx.py" "$VB" ingress first "$THEIRS/program" "$THEIRS/link" || not_ok "attach it first"
	forget
	check "TCX, put before us: our limit holds" between 10 "$(ingress 10.77.7.2 30)" 11
	check "TCX, put before us: it sees all" test "$(seen)" = 30
	check "TCX, put before us: what it drops is not charged" test "$(ingress 10.77.7.3 30 7777) $(tg why 10.77.7.3 --json | jq -r '.limits[0].state')" = "0 untracked"
	stop
	rm "$THEIRS/link"
}
if has_tcx; then with_tcx; else skip "TCX: the kernel has none"; fi
# Another's filter, while we are at TCX.
in_b tc qdisc add dev "$VB" clsact
in_b tc filter add dev "$VB" ingress pref 3 bpf da pinned "$THEIRS/program"
! has_tcx || beside "our TCX, their filter" 10 4
# Both are filters of clsact; theirs before ours, and after.
export TIDEGATE_LACKS=tcx
beside "their filter before ours" 30 5
check "their filter before ours: is warned of" grep -q 'a filter of priority 3 comes before tidegate.s at tc-ingress' "$WORK/daemon.log"
in_b tc filter del dev "$VB" ingress
in_b tc filter add dev "$VB" ingress pref 100 bpf da pinned "$THEIRS/program"
beside "their filter after ours" 10 6
check "their qdisc stays" test "$(in_b tc qdisc show dev "$VB" | grep -c clsact)" = 1
# The qdisc is ours, and somebody comes to use it.
in_b tc qdisc del dev "$VB" clsact
start
in_b tc filter add dev "$VB" egress pref 100 bpf da pinned "$THEIRS/program"
stop
check "a qdisc of ours that another uses stays, with its filter" test "$(theirs | wc -l)" = 1
check "and we leave no pins" test ! -e "$STATE"
in_b tc qdisc del dev "$VB" clsact
# Where ours would stand.
refused() { # NAME WORD
	theirs >"$WORK/theirs.before"
	: >"$WORK/daemon.log"
	start
	check "$1: exit status 4" test $? = 4
	check "$1: is named" grep -q "$2" "$WORK/daemon.log"
	check "$1: is not touched" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	check "$1: nothing of ours is left" test ! -e "$STATE"
}
in_b tc qdisc add dev "$VB" clsact
in_b tc filter add dev "$VB" ingress pref 7 handle 0x7467 bpf da pinned "$THEIRS/program"
refused "their filter with our priority and handle" 'priority 7, handle 0x7467, program theirs'
in_b tc filter del dev "$VB" ingress
in_b tc filter add dev "$VB" egress pref 7 protocol all u32 match u32 0 0 action mirred egress redirect dev lo
refused "their filter of another kind with our priority" 'at tc-egress: u32, priority 7'
in_b tc filter del dev "$VB" egress
in_b tc filter add dev "$VB" ingress pref 7 handle 1 bpf da pinned "$THEIRS/program"
beside "their filter with our priority and another handle" 10 7
in_b tc qdisc del dev "$VB" clsact

# Whatever cannot be read or done at TC: their filters stay, in their qdisc and in ours, and a later start goes on as if nothing had been.
export TIDEGATE_FAULT=$WORK/fault
ours() { for hook in ingress egress; do in_b tc filter show dev "$VB" $hook 2>/dev/null; done | grep -c 'handle 0x7467 tidegate'; }
both() { configure <<-Y
	interfaces: [{name: IFACE, hooks: [tc-ingress, tc-egress]}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
}
one() { both && sed -i 's/, tc-egress//' "$CONFIG"; }
their_filters() {
	in_b tc filter add dev "$VB" ingress pref 100 bpf da pinned "$THEIRS/program"
	in_b tc filter add dev "$VB" egress pref 3 bpf da pinned "$THEIRS/program"
	theirs >"$WORK/theirs.before"
}
# healed NAME: a daemon starts and enforces at both hooks; when it stops, only theirs is left
healed() {
	rm -f "$TIDEGATE_FAULT"
	both
	[ -n "$DAEMON" ] && tg reload >/dev/null || start || not_ok "$1: a daemon starts again"
	check "$1: both hooks" test "$(tg status --json | jq -c '[.health, [.interfaces[].healthy]]')" = '["ok",[true,true]]'
	SOURCE=$((SOURCE + 1))
	check "$1: our limit holds" between 10 "$(ingress "10.77.20.$SOURCE" 30)" 11
	stop
	check "$1: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	check "$1: nothing of ours is left" test "$(ours) $(test ! -e "$STATE" || ls -A "$STATE")" = "0 "
}
# A start that fails at the Nth listing, query or filter.
SOURCE=1
in_b tc qdisc add dev "$VB" clsact
their_filters
for step in "filters 12" "filters 12 2" "filter 12 2"; do
	both
	echo "$step" >"$TIDEGATE_FAULT"
	start
	check "start, $step: it fails" test $? != 0 -a ! -e "$TIDEGATE_FAULT"
	check "start, $step: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	healed "start, $step"
done
# A hook that a reload, a failed reload or a stop gives up, which cannot be asked, listed or detached. The reload's command asks for the
# state of each hook first, and the reload once which program a hook that stays runs.
for step in query detach; do
	both
	start || not_ok "reload, $step: the daemon starts"
	one
	case $step in query) echo "query 12 4" ;; *) echo "$step 12" ;; esac >"$TIDEGATE_FAULT"
	tg reload >/dev/null
	check "reload, $step: it stays, and that is said" grep -q 'tc-egress) cannot be detached, and stays for now: Cannot allocate' "$WORK/daemon.log"
	for _ in $(seq $((60 * SLOW))); do [ "$(ours)" != 2 ] || sleep 0.1; done
	check "reload, $step: it is tried again" test "$(ours) $(tg status --json | jq -r .health)" = "1 ok"
	check "reload, $step: its pin is gone as well" test "$(find "$STATE" -name 'clsact-egress-*' | wc -l)" = 0
	: >"$WORK/daemon.log"
	check "reload, $step: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	healed "reload, $step"
done
for step in query detach filters; do
	one
	start || not_ok "back, $step: the daemon starts"
	both
	sed -i "s/\]}\]/]}, {name: lo, hooks: [tc-egress, tc-ingress]}]/" "$CONFIG"
	in_b tc qdisc add dev lo clsact
	in_b tc filter add dev lo ingress pref 7 protocol all u32 match u32 0 0
	case $step in query) echo "query 12 3" ;; *) echo "$step 12" ;; esac >"$TIDEGATE_FAULT"
	tg reload >/dev/null 2>&1
	check "back, $step: the reload fails" test $? != 0 -a ! -e "$TIDEGATE_FAULT"
	in_b tc qdisc del dev lo clsact
	check "back, $step: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	healed "back, $step"
	[ "$step" != filters ] || continue # in a qdisc that is not ours nothing is listed
	both
	start || not_ok "stop, $step: the daemon starts"
	echo "$step 12" >"$TIDEGATE_FAULT"
	stop
	check "stop, $step: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	check "stop, $step: what stays has its pin" test "$(ours) $(find "$STATE" -name 'clsact-*' | wc -l)" = "1 1"
	check "stop, $step: the log says what to do" grep -q 'tidegate detach. removes what is left' "$WORK/daemon.log"
	healed "stop, $step"
done
# Told to detach, a daemon that cannot says so to who asked.
both
start || not_ok "detach: the daemon starts"
echo "detach 12" >"$TIDEGATE_FAULT"
tg detach >"$WORK/out" 2>&1
check "detach that does not work: exit 1" test $? = 1
check "detach that does not work: says what to do" grep -q "could not remove all in $STATE" "$WORK/out"
wait "$DAEMON" 2>/dev/null
DAEMON=
check "detach again" tg detach --state "$STATE"
check "detach again: theirs is as it was" test "$(ours) $(theirs)" = "0 $(cat "$WORK/theirs.before")"
in_b tc qdisc del dev "$VB" clsact
# In a qdisc of ours, to which others have come since.
for step in "query 12" "filters 12" "filters 12 3"; do
	both
	start || not_ok "our qdisc, $step: the daemon starts"
	their_filters
	echo "$step" >"$TIDEGATE_FAULT"
	stop
	check "our qdisc, $step: theirs is as it was" test "$(theirs)" = "$(cat "$WORK/theirs.before")"
	healed "our qdisc, $step"
	in_b tc qdisc del dev "$VB" clsact
done
check "no complaint of the sanitizers" sh -c "! grep -E 'ERROR: |runtime error' '$WORK/daemon.log'"
finish
