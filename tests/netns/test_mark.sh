#!/bin/bash
# Packets that exceed a limit go on with a mark: DSCP and CE on the wire, past the receiving kernel's check of the header's sum; fwmark
# for netfilter and for routing; fwmark and priority into classes of HTB.
. "$(dirname "$0")/lib.sh"
topology
# What the server's kernel takes in: packets with a wrong sum do not come so far.
in_b nft -f - <<-N
	table inet seen {
		chain pre {
			type filter hook prerouting priority -300
			udp dport 5353 counter comment "all"
			udp dport 5353 ip dscp cs1 counter comment "cs1"
			udp dport 5353 ip6 dscp cs1 counter comment "cs1"
			udp dport 5353 ip ecn ce counter comment "ce"
			udp dport 5353 meta mark 16 counter comment "fwmark"
		}
		chain in {
			type filter hook input priority 0
			udp dport 5353 counter comment "routed"
		}
	}
N
# seen COMMENT: how many packets, and starts anew for all with `forget`
seen() { in_b nft -j list table inet seen | jq "[.nftables[].rule // empty | select(.comment == \"$1\") | .expr[] | .counter // empty | .packets] | add"; }
forget() { in_b nft list ruleset >"$WORK/rules" && in_b nft flush ruleset && sed 's/packets [0-9]* bytes [0-9]*//' "$WORK/rules" | in_b nft -f -; }
policy() { # HOOK KEYS
	configure <<-Y
		interfaces: [{name: IFACE, hooks: [$1]}]
		limits: [{name: l, match: {destination_port: 5353}, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d, $2}]
	Y
	if [ -n "$DAEMON" ]; then tg reload >/dev/null; else start; fi || not_ok "the policy $2"
	tg reset --all >/dev/null
	forget
}
marked() { tg limits l --json | jq '.limits[0].packets.marked'; }
for hook in xdp tc-ingress; do
	policy $hook "on_exceed: mark, mark: {dscp: cs1}"
	before=$(marked)
	burst 10.77.1.1 30
	burst fd77:0:0:5::1 30
	sleep 0.1
	check "$hook: all packets arrive with right sums" test "$(seen all)" = 60
	check "$hook: those that exceed are of class cs1" test "$(seen cs1)" = 40
	check "$hook: and counted" test "$(($(marked) - before))" = 40
	policy $hook "mark_above: 4, mark: {dscp: cs1}"
	burst 10.77.1.2 30
	sleep 0.1
	check "$hook: first marked, then dropped" test "$(seen all)-$(seen cs1)" = 10-6
	policy $hook "on_exceed: mark, mark: {ecn: true}"
	burst 10.77.1.3 30
	sleep 0.1
	check "$hook: what is not ECN-capable is dropped" test "$(seen all)-$(seen ce)" = 10-0
	# a real socket with ECT(0)
	forget
	in_a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 2)
for i in range(30): s.sendto(b"x" * 20, ("10.77.0.2", 5353))'
	sleep 0.1
	check "$hook: what is gets CE" test "$(seen all)-$(seen ce)" = 30-20
done
# fwmark, for netfilter and for routing
policy tc-ingress "on_exceed: mark, mark: {fwmark: 16}"
in_b ip route add blackhole 10.77.0.2/32 table 77
in_b ip rule add pref 100 table local && in_b ip rule del pref 0 && in_b ip rule add pref 50 fwmark 16 table 77
burst 10.77.1.4 30
sleep 0.1
check "fwmark: netfilter sees it" test "$(seen all)-$(seen fwmark)" = 30-20
check "fwmark: ip rule sends these elsewhere" test "$(seen routed)" = 10
# into classes of HTB at egress; the second is told apart by fwmark, the third by the class that the priority names
in_b tc qdisc add dev "$VB" root handle 1: htb default 10
for class in 10 20 30; do in_b tc class add dev "$VB" parent 1: classid 1:$class htb rate 1gbit quantum 60000; done
cat >"$WORK/mark.c" <<-C
	#include <linux/bpf.h>
	#include <bpf/bpf_helpers.h>
	SEC("classifier") int by_mark(struct __sk_buff *skb) { return skb->mark == 16 ? 0x10020 : 0; }
	char LICENSE[] SEC("license") = "GPL";
C
compile_bpf "$WORK/mark.c" "$WORK/mark.o"
# the kernel's own filter on fwmark; where it is not built, one that does the same
in_b tc filter add dev "$VB" parent 1: protocol all prio 1 handle 16 fw flowid 1:20 2>/dev/null ||
	in_b tc filter add dev "$VB" parent 1: protocol all prio 2 bpf obj "$WORK/mark.o" sec classifier || not_ok "a filter on fwmark"
class() { in_b tc -s class show dev "$VB" | grep -A1 "class htb 1:$1 " | awk '/Sent/ {print $4}'; }
into() { # CLASS FROM: how many of 30 packets go there
	local before
	before=$(class "$1")
	egress "$2" 30 >"$WORK/arrived"
	echo $(($(class "$1") - before))
}
policy tc-egress "on_exceed: mark, mark: {fwmark: 16}"
check "fwmark at tc-egress: 20 of 30 into its class" test "$(into 20 10.77.1.5)-$(cat "$WORK/arrived")" = 20-30
check "fwmark at tc-egress, IPv6" test "$(into 20 fd77:0:0:6::1)-$(cat "$WORK/arrived")" = 20-30
policy tc-egress "on_exceed: mark, mark: {priority: 1:30}"
check "priority: 20 of 30 into the class that it names" test "$(into 30 10.77.1.6)-$(cat "$WORK/arrived")" = 20-30
check "priority, IPv6" test "$(into 30 fd77:0:0:7::1)-$(cat "$WORK/arrived")" = 20-30
check "priority: the first 10 stay in the default class" between 10 "$(into 10 10.77.1.7)" 13
policy tc-egress "on_exceed: mark, mark: {dscp: cs1, priority: 1:30}, mark_above: 4"
check "several marks" test "$(into 30 10.77.1.8)" = 26
stop
finish
