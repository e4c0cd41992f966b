#!/bin/bash
# A tun device, whose packets have no Ethernet header: at each hook, and by TCX and clsact, a limit lets through exactly its
# capacity, whatever the first bytes of the source are; what cannot be had there is refused, or left out of a pattern, with the reason.
. "$(dirname "$0")/lib.sh"
topology
ip -n "$B" tuntap add tun9 mode tun || { skip "all: the kernel has no tun"; finish; }
ip -n "$B" addr add 10.99.0.1/16 dev tun9
ip -n "$B" addr add fd99::1/64 dev tun9 nodad
ip -n "$B" link set tun9 up
in_b sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tun9.rp_filter=0 net.ipv6.conf.tun9.router_solicitations=0
in_b nft -f - <<-N
	table inet seen {
		counter passed {}
		chain pre { type filter hook prerouting priority -300; iifname tun9 udp dport 5353 counter name passed drop; }
	}
N
# came FROM N [PORT]: how many of N packets through the device got past the limiter
came() {
	in_b nft reset counters >/dev/null
	in_b "$ROOT/tests/netns/tun.py" tun9 in "$1" "$(end_of "$1")" "${3:-5353}" "$2" >"$WORK/answers"
	in_b nft -j list counters | jq '.nftables[].counter // empty | .packets'
}
end_of() { case $1 in *:*) echo fd99::1 ;; *) echo 10.99.0.1 ;; esac; }
left() { in_b "$ROOT/tests/netns/tun.py" tun9 out "$1" "$2" 5353 "$3"; }
status() { tg status --json | jq -c "$1"; }
reasons() { status '[.interfaces[].reasons | keys[]] | unique - ["admitted", "limit", "mld", "neighbour_discovery"]'; }

# 8.0 and 134.221 are the EtherTypes of IPv4 and IPv6, 8.6 that of ARP, 129.0 that of a VLAN tag, 136.100 that of PPPoE
for hook in xdp tc-ingress; do
	echo "interfaces: [{name: tun9, hooks: [$hook]}]
limits: [{name: l, per: source, capacity: 5, refill_amount: 1, refill_interval: 1d}]" >"$CONFIG"
	start || not_ok "the daemon starts, $hook"
	for source in 10.99.0.2 8.0.0.2 8.6.0.2 129.0.0.2 134.221.0.2 136.100.0.2 fd99::2 2001:db8::2; do
		check "5 of 100 from $source ($hook)" test "$(came "$source" 100)" = 5
	done
	check "status says that there is no header ($hook)" test "$(status '[.interfaces[].header, .health]')" = '["none","ok"]'
	check "nothing was taken for anything else than IP ($hook)" test "$(reasons)" = "[]"
	stop
done

for lacks in "" tcx; do
	echo "interfaces: [{name: tun9, hooks: [tc-ingress, tc-egress]}]
limits:
  - {name: in, match: {hook: tc-ingress}, per: source, capacity: 5, refill_amount: 1, refill_interval: 1d}
  - {name: out, match: {hook: tc-egress, protocol: udp}, per: destination, capacity: 7, refill_amount: 1, refill_interval: 1d}" >"$CONFIG"
	rm -rf "$STATE"
	# the build of the fault tests does as if the kernel had no TCX
	TIDEGATE_LACKS=$lacks TIDEGATED=$BUILD/asan/tidegated start || not_ok "the daemon starts"
	mode=$(status '[.interfaces[].mode] | unique')
	check "5 of 100 come in, by $mode" test "$(came 10.99.0.2 100)" = 5
	check "7 of 100 go out, by $mode" test "$(left 10.99.0.1 10.99.0.9 100)" = 7
	check "5 of 100 of IPv6 come in, by $mode" test "$(came fd99::2 100)" = 5
	check "7 of 100 of IPv6 go out, by $mode" test "$(left fd99::1 fd99::9 100)" = 7
	stop
done
has_tcx && check "that was clsact" test "$mode" = '["clsact"]'
rm -rf "$STATE"

echo "interfaces: [{name: tun9, hooks: [tc-ingress]}]
limits: [{name: l, capacity: 1, refill_amount: 1, refill_interval: 1d, on_exceed: reject}]" >"$CONFIG"
start || not_ok "the daemon starts with an answering limit"
came 10.99.0.3 5 >"$WORK/count"
check "what is rejected is answered at tc-ingress: $(cat "$WORK/answers")" test "$(cat "$WORK/answers")" = 4
came fd99::3 5 >"$WORK/count"
check "IPv6 too: $(cat "$WORK/answers")" test "$(cat "$WORK/answers")" = 4
sed 's/tc-ingress/xdp/' "$CONFIG" >"$CONFIG.xdp"
tg apply "$CONFIG.xdp" >"$WORK/out" 2>&1
check "at xdp that is refused" grep -q "tun9 has no Ethernet header, without which limit l cannot answer (on_exceed: reject) at xdp" "$WORK/out"
check "and the policy before goes on" test "$(came 10.99.0.4 5)" = 1
stop
cp "$CONFIG.xdp" "$CONFIG"
start
check "at the start too" grep -q "error.*tun9 has no Ethernet header" "$WORK/daemon.log"
echo "interfaces: [{name: '*'}]
limits: [{name: l, capacity: 5, refill_amount: 1, refill_interval: 1d, on_exceed: mark, mark: {dscp: cs1}}]" >"$CONFIG"
start || not_ok "the daemon starts with a pattern"
check "a pattern leaves it out, and says so" test "$(status '[[.missing[] | [.interface, .hook, .reason]], (.health | test("tun9 .* cannot mark the DSCP"))]')" = \
	'[[["tun9","xdp","unsupported"]],true]'
stop
check "check says what is seen where" sh -c "$BUILD/tidegate check '$CONFIG' | grep -q '^tunnels that end here (such as at \*)'"
echo "interfaces: [{name: eth0}]" >"$CONFIG"
check "and nothing of it without a tunnel" sh -c "! $BUILD/tidegate check '$CONFIG' | grep -q '^tunnels'"
finish
