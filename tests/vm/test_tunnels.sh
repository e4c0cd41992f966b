#!/bin/bash
# Tunnels and PPP, whose devices have no Ethernet header: at xdp, tc-ingress and tc-egress of each, a limit lets through exactly its
# capacity; what cannot be read is left out of a pattern, with the reason; and a PPPoE session is looked through at the port below.
. "$(dirname "$0")/../netns/lib.sh"
need_root
topology
end=1
declare -A end_of=() # by device: the N of its addresses
# tunnel NAME KIND [OPTION...]: both ends of it
tunnel() {
	local a=(local 10.77.0.1 remote 10.77.0.2) b=(local 10.77.0.2 remote 10.77.0.1)
	case $2 in
	ip6*) a=(local fd77::1 remote fd77::2) b=(local fd77::2 remote fd77::1) ;;
	wireguard) a=() b=() ;;
	esac
	modprobe "$2" 2>/dev/null
	ip -n "$A" link add "$1" type "${@:2}" "${a[@]}" 2>/dev/null && ip -n "$B" link add "$1" type "${@:2}" "${b[@]}" && addresses "$1" "$1"
}
# addresses DEVICE-IN-A DEVICE-IN-B: 10.10N.0.1 and .2, fd10:N::1 and ::2
addresses() {
	ip -n "$A" addr add 10.10$end.0.1/24 dev "$1" && ip -n "$B" addr add 10.10$end.0.2/24 dev "$2"
	for ns in "$A" "$B"; do nsenter --net="/run/netns/$ns" sysctl -qw "net.ipv6.conf.all.router_solicitations=0"; done
	ip -n "$A" link set "$1" up && ip -n "$B" link set "$2" up
	ip -n "$A" addr add fd10:$end::1/64 dev "$1" nodad && ip -n "$B" addr add fd10:$end::2/64 dev "$2" nodad
	end_of[$2]=$end
	end=$((end + 1))
}
keys() {
	(umask 077 && wg genkey >"$WORK/key-a" && wg genkey >"$WORK/key-b") || return
	in_a wg set twg private-key "$WORK/key-a" listen-port 51820 peer "$(wg pubkey <"$WORK/key-b")" allowed-ips 0.0.0.0/0,::/0 endpoint 10.77.0.2:51820
	in_b wg set twg private-key "$WORK/key-b" listen-port 51820 peer "$(wg pubkey <"$WORK/key-a")" allowed-ips 0.0.0.0/0,::/0 endpoint 10.77.0.1:51820
	in_a ping -q -c 1 -w 60 10.101.0.2 >/dev/null # until the keys are agreed
}
session() {
	modprobe ppp_generic && modprobe pppoe || return
	nsenter --net="/run/netns/$A" "$ROOT/tests/vm/pppoe.py" "$VA" "$MAC" 7 >"$WORK/ppp-a" &
	PIDS+=($!)
	nsenter --net="/run/netns/$B" "$ROOT/tests/vm/pppoe.py" "$VB" "$(ip -n "$A" -br link show "$VA" | awk '{print $3}')" 7 >"$WORK/ppp-b" &
	PIDS+=($!)
	for _ in $(seq 200); do
		grep -q ready "$WORK/ppp-a" && grep -q ready "$WORK/ppp-b" && break
		sleep 0.1
	done
	# by default 3 packets
	ip -n "$A" link set ppp0 txqueuelen 100 && ip -n "$B" link set ppp0 txqueuelen 100
	addresses ppp0 ppp0
}
tunnel twg wireguard && keys
tunnel tgre gre
tunnel tipip ipip
tunnel tsit sit
tunnel tip6 ip6tnl mode any
tunnel tgre6 ip6gre
tunnel tgretap gretap
session
ip -n "$B" link add tnbma type gre local 10.77.0.2 key 5 && ip -n "$B" link set tnbma up
modprobe xfrm_interface 2>/dev/null
ip -n "$B" link add txfrm type xfrm dev lo if_id 5 && ip -n "$B" link set txfrm up
status() { tg status --json | jq -c "$1"; }
# counts NAMESPACE DEVICE: counts UDP to 5353 that comes in by the device, and takes it away
counts() {
	nsenter --net="/run/netns/$1" nft -f - <<-N
		table inet $2 {
			counter four {}
			counter six {}
			chain pre {
				type filter hook prerouting priority -300
				iifname $2 meta nfproto ipv4 udp dport 5353 counter name four drop
				iifname $2 meta nfproto ipv6 udp dport 5353 counter name six drop
			}
		}
	N
}
# passed NAMESPACE DEVICE COUNTER
passed_by() { nsenter --net="/run/netns/$1" nft -j list counter inet "$2" "$3" | jq '.nftables[].counter // empty | .packets'; }
received() { ip -n "$1" -s -j link show "$2" | jq '.[0].stats64.rx.packets'; }
# twenty NAMESPACE ADDRESS OTHER DEVICE N: as many packets. Fails if fewer than N arrive at the other end's device in time.
twenty() {
	local before until=$((SECONDS + 5 * SLOW))
	before=$(received "$3" "$4")
	nsenter --net="/run/netns/$1" bash -c "for i in {1..20}; do echo x >/dev/udp/$2/5353; done" 2>/dev/null
	while [ "$(received "$3" "$4")" -lt $((before + $5)) ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
	sleep "0.$((SLOW * 2))"
}

configure <<-Y
	interfaces: [{name: "t*", hooks: [xdp, tc-ingress, tc-egress]}, {name: "ppp*", hooks: [xdp, tc-ingress, tc-egress]}]
	limits:
	  - {name: xdp, match: {hook: xdp, protocol: udp}, per: source, capacity: 9, refill_amount: 1, refill_interval: 1d}
	  - {name: in, match: {hook: tc-ingress, protocol: udp}, per: source, capacity: 7, refill_amount: 1, refill_interval: 1d}
	  - {name: out, match: {hook: tc-egress, protocol: udp}, per: destination, capacity: 5, refill_amount: 1, refill_interval: 1d}
Y
start || not_ok "the daemon starts"
check "what cannot be read is left out: $(status '[.missing[] | .why] | unique')" \
	test "$(status '[.missing[] | select(.reason == "unsupported") | .interface] | unique')" = '["tnbma","txfrm"]'
check "gretap has an Ethernet header" test "$(status '[.interfaces[] | select(.interface == "tgretap") | .header] | unique')" = '["ethernet"]'
for kind in "twg 46" "tgre 46" "tipip 4" "tsit 6" "tip6 46" "tgre6 46" "tgretap 46" "ppp0 46"; do
	device=${kind% *} families=${kind#* }
	if ! ip -n "$B" link show "$device" >/dev/null 2>&1; then
		skip "$device: the kernel has no such devices"
		continue
	fi
	counts "$A" "$device" && counts "$B" "$device"
	[ "$device" = tgretap ] || check "$device has none" test "$(status "[.interfaces[] | select(.interface == \"$device\") | .header] | unique")" = '["none"]'
	n=${#families} in='' out='' due_in='' due_out='' few=
	for family in 4 6; do
		[[ $families == *$family* ]] || continue
		name=four net=10.10${end_of[$device]}.0.
		[ $family = 4 ] || name=six net=fd10:${end_of[$device]}::
		twenty "$A" "${net}2" "$B" "$device" 20 || few=20
		twenty "$B" "${net}1" "$A" "$device" 5 || few=5
		in+=" $(passed_by "$B" "$device" $name)" out+=" $(passed_by "$A" "$device" $name)" due_in+=" 7" due_out+=" 5"
	done
	if [ -n "$few" ]; then
		skip "$device: fewer than $few packets came through it in $((5 * SLOW)) s, with $in in and $out out of IP versions $families"
		continue
	fi
	check "$device: 7 of 20 come in, 5 of 20 go out, of IP versions $families" test "$in,$out" = "$due_in,$due_out"
	check "$device: 9 of them passed xdp" test "$(status "[.interfaces[] | select(.interface == \"$device\" and .hook == \"xdp\") | .reasons | .admitted, .limit]")" = \
		"[$((9 * n)),$((11 * n))]"
	check "$device: nothing was taken for anything else than IP" test "$(status "[.interfaces[] | select(.interface == \"$device\") | .reasons.not_ip // 0] | add")" = 0
done
stop
if ip -n "$B" link show ppp0 >/dev/null 2>&1; then
	configure <<-Y
		interfaces: [{name: IFACE}]
		limits: [{name: l, match: {protocol: udp, destination_port: 5353}, per: source, capacity: 3, refill_amount: 1, refill_interval: 1d}]
	Y
	rm -rf "$STATE"
	start || not_ok "the daemon starts at the port"
	before=$(passed_by "$B" ppp0 four) before6=$(passed_by "$B" ppp0 six)
	twenty "$A" "10.10${end_of[ppp0]}.0.2" "$B" ppp0 3
	twenty "$A" "fd10:${end_of[ppp0]}::2" "$B" ppp0 3
	check "a PPPoE session is looked through: 3 of 20 of each IP version" test "$(($(passed_by "$B" ppp0 four) - before)) $(($(passed_by "$B" ppp0 six) - before6))" = "3 3"
	stop
fi
finish
