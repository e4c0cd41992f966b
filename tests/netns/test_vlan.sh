#!/bin/bash
# Every action but delay (tests/vm has that) through VLAN tags, one and two, with real clients. Programs at the TCX hooks of both ends
# put the tags on and take them off, since not every kernel has 802.1Q: XDP finds them in the frame, TC the outer one beside it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/actions.sh"
topology
TAGS=/sys/fs/bpf/tgt${ID}tags
trap 'rm -rf "$TAGS"; cleanup' EXIT
mkdir "$TAGS"
BPFTOOL=$(command -v /usr/sbin/bpftool || echo bpftool)
for n in 1 2; do
	if ! compile_bpf "$ROOT/tests/netns/vlan.bpf.c" "$WORK/tags.o" -DTAGS=$n ||
		! $BPFTOOL prog loadall "$WORK/tags.o" "$TAGS/$n"; then
		not_ok "programs for $n tags"
		finish
	fi
done
at() { nsenter --net="/run/netns/$1" "$ROOT/tests/netns/tcx.py" "${@:2}"; }
if ! at "$A" "$VA" egress last "$TAGS/1/put_on" "$TAGS/link" 2>/dev/null; then
	skip "all: the kernel has no TCX"
	finish
fi
rm "$TAGS/link"
# tagged N: both ends as if they were VLAN devices; tidegate, at the server's, sees the tags of what comes and of what goes
tagged() {
	rm -f "$TAGS"/link-*
	at "$A" "$VA" egress last "$TAGS/$1/put_on" "$TAGS/link-a-out"
	at "$A" "$VA" ingress first "$TAGS/$1/take_off" "$TAGS/link-a-in"
	at "$B" "$VB" egress first "$TAGS/$1/put_on" "$TAGS/link-b-out"
	at "$B" "$VB" ingress last "$TAGS/$1/take_off" "$TAGS/link-b-in"
}
# Else a veth carries a tag beside the frame, where XDP does not see it.
for end in "$A $VA" "$B $VB"; do
	nsenter --net="/run/netns/${end% *}" ethtool -K "${end#* }" tx-vlan-hw-insert off tx-vlan-stag-hw-insert off || not_ok "tags in the frame"
done
prepare 10.77.0 fd77
for hook in "hooks: [xdp], xdp_mode: generic" "hooks: [xdp], xdp_mode: native" "hooks: [tc-ingress]" "hooks: [tc-egress]"; do
	policy "$hook"
	start || not_ok "the daemon starts, $hook"
	case $hook in
	*native) in_a ip link set "$VA" xdpdrv pinned "$TAGS/1/receive" || not_ok "a program of XDP at the other end" ;;
	*) in_a ip link set "$VA" xdpdrv off ;;
	esac
	for n in 1 2; do
		tagged $n
		name="${hook#hooks: }, tags: $n" way=in
		[ "$hook" != "hooks: [tc-egress]" ] || way=out
		limited "$name" $way $n
		[ $way = out ] || answered "$name"
		opens "$name" $way
	done
	stop
	rm -rf "$STATE"
done
finish
