#!/bin/bash
# Started with few capabilities, the daemon keeps what it needs to go on working, or does not start and changes nothing.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# start_with CAPABILITY...: starts with these in the bounding set and no others
start_with() {
	printf '#!/bin/sh\nexec setpriv --bounding-set=-all%s -- "%s" "$@"\n' "$(printf ',+%s' "$@")" "$BUILD/tidegated" >"$WORK/bounded"
	chmod 755 "$WORK/bounded"
	: >"$WORK/daemon.log"
	TIDEGATED=$WORK/bounded start
}
# refused WORD CAPABILITY...: exit 4, the log says WORD, and the kernel has nothing of ours
refused() {
	local word=$1
	shift
	start_with "$@"
	[ $? = 4 ] && grep -q "$word" "$WORK/daemon.log" && [ ! -e "$STATE/meta" ] && ! in_b ip link show "$VB" | grep -q prog/xdp
}
check "without CAP_PERFMON it does not start" refused "CAP_PERFMON missing" bpf net_admin
check "nor without CAP_BPF" refused "CAP_BPF missing" perfmon net_admin
check "nor with CAP_SYS_ADMIN in place of CAP_NET_ADMIN" refused "CAP_NET_ADMIN missing" sys_admin

# What container runtimes give that do not know CAP_BPF.
check "with CAP_SYS_ADMIN and CAP_NET_ADMIN it starts" start_with sys_admin net_admin
if [ -n "$DAEMON" ]; then
	check "  and keeps both, no more" grep -qP '^CapEff:\t0000000000201000$' "/proc/$DAEMON/status"
	check "  set" tg set l capacity=20
	check "  reload" tg reload
	stop
fi
check "with the three it starts" start_with bpf perfmon net_admin
if [ -n "$DAEMON" ]; then
	check "  and keeps them" grep -qP '^CapEff:\t000000c000001000$' "/proc/$DAEMON/status"
	check "  reload" tg reload
	stop
fi
check "with one more it starts" start_with bpf perfmon net_admin sys_admin
[ -z "$DAEMON" ] || check "  and gives CAP_SYS_ADMIN up" grep -qP '^CapEff:\t000000c000001000$' "/proc/$DAEMON/status"

# Root without CAP_DAC_OVERRIDE: its own permissions hold for it.
chmod 0 "$STATE"
tg reload 2>"$WORK/said"
check "a pin that is out of reach is refused" test $? = 4
check "  and named, not laid to the verifier" grep -q "the pinned map $STATE/[a-z_]* cannot be opened: Permission denied" "$WORK/said"
chmod 0710 "$STATE"
check "  and once it can be reached all is well" tg reload
finish
