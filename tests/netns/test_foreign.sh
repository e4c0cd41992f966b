#!/bin/bash
# Another's XDP program is named, refused and left alone.
. "$(dirname "$0")/lib.sh"
topology
cat >"$WORK/stranger.c" <<-C
	int stranger_prog(void *ctx) __attribute__((section("xdp"), used));
	int stranger_prog(void *ctx) { return 2; }
	char GPL[] __attribute__((section("license"), used)) = "GPL";
C
compile_bpf "$WORK/stranger.c" "$WORK/stranger.o" || not_ok "compile a program"
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
program() { ip -n "$B" -j link show "$VB" | jq -r '.[0].xdp.prog.id // 0'; }
for mode in xdpdrv xdpgeneric; do
	ip -n "$B" link set "$VB" $mode obj "$WORK/stranger.o" sec xdp || not_ok "attach it ($mode)"
	id=$(program)
	: >"$WORK/daemon.log"
	start
	status=$?
	check "$mode: exit status 4" test $status = 4
	check "$mode: names its id" grep -q "id $id\b" "$WORK/daemon.log"
	check "$mode: names its name" grep -q stranger_prog "$WORK/daemon.log"
	check "$mode: it is still there" test "$(program)" = "$id"
	check "$mode: nothing of ours is left" test ! -e "$STATE"
	ip -n "$B" link set "$VB" $mode off
done
check "after it is gone the daemon starts" start
# while we run, nobody else gets in by accident
ip -n "$B" link set "$VB" xdpdrv obj "$WORK/stranger.o" sec xdp 2>/dev/null
check "our link keeps others out" test "$(tg status --json | jq '.interfaces[0].healthy')" = true
stop
finish
