#!/bin/bash
# Every action but delay (test_delay.sh has that) behind the kernel's own VLAN devices, limited at their port and at the device itself.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/actions.sh"
need_root
modprobe 8021q 2>/dev/null
topology
if ! ip -n "$A" link add link "$VA" name "$VA.10" type vlan id 10 2>/dev/null; then
	skip "all: the kernel has no 8021q"
	finish
fi
ip -n "$B" link add link "$VB" name "$VB.10" type vlan id 10
ip -n "$A" link add link "$VA.10" name "$VA.20" type vlan id 20 && ip -n "$B" link add link "$VB.10" name "$VB.20" type vlan id 20
# devices N: the one with this many tags has the addresses
devices() {
	local host ns
	for host in 1 2; do
		[ $host = 1 ] && ns=$A device=$VA || ns=$B device=$VB
		ip -n "$ns" addr flush dev "$device.10" && ip -n "$ns" addr flush dev "$device.20"
		ip -n "$ns" link set "$device.10" up && ip -n "$ns" link set "$device.20" up
		ip -n "$ns" addr add 10.78.0.$host/16 dev "$device.${1}0" && ip -n "$ns" addr add fd78::$host/64 dev "$device.${1}0" nodad
	done
}
# offload on|off: whether the veth carries tags beside the frame
offload() {
	in_a ethtool -K "$VA" tx-vlan-hw-insert "$1" tx-vlan-stag-hw-insert "$1" && in_b ethtool -K "$VB" tx-vlan-hw-insert "$1" tx-vlan-stag-hw-insert "$1"
}
cat >"$WORK/receive.c" <<-C
	#include <linux/bpf.h>
	#include <bpf/bpf_helpers.h>
	SEC("xdp") int receive(struct xdp_md *ctx) { return XDP_PASS; }
	char LICENSE[] SEC("license") = "GPL";
C
compile_bpf "$WORK/receive.c" "$WORK/receive.o"
devices 1
prepare 10.78.0 fd78
# actions HOOKS DEVICE TAGS: all that there are at a hook
actions() {
	local name="$2, ${1#hooks: }" way=in
	[ "$1" != "hooks: [tc-egress]" ] || way=out
	policy "$1" "$2"
	start || not_ok "the daemon starts, $name"
	limited "$name" $way "$3"
	[ $way = out ] || answered "$name"
	opens "$name" $way
	stop
	rm -rf "$STATE"
}
offload off
actions "hooks: [xdp], xdp_mode: generic" "$VB" 1
# what XDP sends back arrives at the end of a veth only if a program of XDP is there
in_a ip link set "$VA" xdpdrv obj "$WORK/receive.o" sec xdp || not_ok "a program of XDP at the other end"
actions "hooks: [xdp], xdp_mode: native" "$VB" 1
in_a ip link set "$VA" xdpdrv off
offload on
actions "hooks: [tc-ingress]" "$VB" 1
actions "hooks: [tc-egress]" "$VB" 1
actions "hooks: [tc-ingress]" "$VB.10" 0
devices 2
actions "hooks: [tc-ingress]" "$VB" 2
finish
