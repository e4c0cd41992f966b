#!/bin/bash
# Neighbour discovery: nobody gets packets through a router by it, past a limit or a list, and no limit and no list cuts a host off its
# link. A tenant, a router with the daemon on the tenant's side, and a victim behind it.
. "$(dirname "$0")/lib.sh"
topology
C=tgt${ID}c VC=tgc$ID VR=tgr$ID
trap 'ip netns del "$C" 2>/dev/null; cleanup' EXIT
ip netns add "$C" && ip link add "$VR" netns "$B" type veth peer name "$VC" netns "$C" || exit 1
in_c() { nsenter --net="/run/netns/$C" "$@"; }
in_b ip addr add fd78::1/64 dev "$VR" nodad && in_b ip link set "$VR" up
in_c ip addr add fd78::2/64 dev "$VC" nodad && in_c ip link set "$VC" up
in_c ip route add fd77::/64 via fd78::1
in_a ip route add fd78::/64 via fd77::2
in_b sysctl -qw net.ipv6.conf.all.forwarding=1
# arrived: neighbour solicitations that the victim has had
arrived() { in_c cat /proc/net/snmp6 | awk '$1 == "Icmp6InType135" {n = $2} END {print n + 0}'; }
# solicit BYTES N: from the tenant to the victim; how many get through. Some are the router's own.
solicit() {
	local before
	before=$(arrived)
	in_a "$ROOT/tests/netns/neighbour.py" "$VA" "$MAC" fd77::1 fd78::2 "$1" "$2"
	sleep 0.3
	echo $(($(arrived) - before))
}
found() { in_a ip -6 neigh show "$1" dev "$VA" | grep -q lladdr; }
# finds NAME ADDRESS: whether the tenant still finds the router
finds() {
	in_a ip -6 neigh flush all >/dev/null 2>&1
	in_a ping -6 -c 1 -W 1 "$2" >/dev/null 2>&1
	check "$1" found "$2"
}
in_a ping -6 -c 3 -i 0.2 -W 5 fd78::2 >/dev/null || not_ok "the router forwards"
check "without a limit the tenant reaches the victim by them" between 500 "$(solicit 1440 500)" 505
for hook in "hooks: [xdp], xdp_mode: generic" "hooks: [xdp], xdp_mode: native" "hooks: [tc-ingress]"; do
	name=${hook#hooks: }
	configure <<-Y
		interfaces: [{name: IFACE, $hook}]
		limits: [{name: all, per: everyone, capacity: 10, refill_amount: 10, refill_interval: 1d}]
	Y
	start || not_ok "the daemon starts, $name"
	check "$name: 10 long ones, as the limit says" between 10 "$(solicit 1440 1000)" 12
	check "the others are dropped by it" test "$(tg limits all --json | jq '.limits[0].packets.dropped')" -ge 990
	begin=$(milliseconds)
	some=$(solicit 72 1000)
	most=$((20 + ($(milliseconds) - begin) / 100 + 3))
	check "$name: of short ones no more than the floor besides" between 20 "$some" "$most"
	finds "$name: found although nothing is left of the limit" fd77::2
	echo "deny: ['::/0', 0.0.0.0/0]" >>"$CONFIG"
	tg reload >/dev/null || not_ok "reload"
	finds "$name: found although all is denied" fd77::2
	check "$name: long ones of a denied source" between 0 "$(solicit 1440 100)" 2
	in_a ip neigh flush all
	in_a ping -c 1 -W 1 10.77.0.2 >/dev/null 2>&1
	check "$name: found by ARP" test -n "$(in_a ip neigh show 10.77.0.2 dev "$VA" | grep lladdr)"
	stop
	rm -rf "$STATE"
done
finish
