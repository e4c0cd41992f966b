#!/bin/bash
# Limits at TC leave alone what is none of theirs: the programs of a cgroup on the same machine, and other network namespaces.
. "$(dirname "$0")/lib.sh"
topology
cgroups=$(findmnt -rnt cgroup2 -o TARGET | head -n 1)
if [ -z "$cgroups" ]; then
	skip "all: needs a cgroup2 file system, to have a program there"
	finish
fi
group=$cgroups/tgt$ID pin=/sys/fs/bpf/tgt${ID}cgroup C=tgt${ID}c
leave() {
	bpftool cgroup detach "$group" egress pinned "$pin" 2>/dev/null
	rm -f "$pin"
	ip netns del "$C" 2>/dev/null
	cleanup
	rmdir "$group" 2>/dev/null
}
trap leave EXIT
configure <<-Y
	interfaces: [{name: IFACE, hooks: [tc-ingress, tc-egress]}]
	limits: [{name: l, per: everyone, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# A program of a cgroup that drops one port: a verdict of its own, which it must keep.
cat >"$WORK/cgroup.bpf.c" <<-'P'
	#include <linux/bpf.h>
	#include <linux/in.h>
	#include <linux/ip.h>
	#include <linux/udp.h>
	#include <bpf/bpf_endian.h>
	#include <bpf/bpf_helpers.h>
	SEC("cgroup_skb/egress")
	int drop_one_port(struct __sk_buff *skb)
	{
		struct iphdr ip;
		struct udphdr udp;
		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.protocol != IPPROTO_UDP ||
		    bpf_skb_load_bytes(skb, ip.ihl * 4, &udp, sizeof(udp)))
			return 1;
		return udp.dest != bpf_htons(7777);
	}
	char LICENSE[] SEC("license") = "GPL";
P
if ! { mkdir "$group" && compile_bpf "$WORK/cgroup.bpf.c" "$WORK/cgroup.o" &&
	bpftool prog load "$WORK/cgroup.o" "$pin" && bpftool cgroup attach "$group" egress pinned "$pin" multi; }; then
	not_ok "a program in a cgroup"
fi
ip netns add "$C"
ip link add "tgc$ID" netns "$C" type veth peer name "tgd$ID" netns "$A"
ip -n "$C" addr add 10.78.0.2/24 dev "tgc$ID" && ip -n "$C" link set "tgc$ID" up
ip -n "$A" addr add 10.78.0.1/24 dev "tgd$ID" && ip -n "$A" link set "tgd$ID" up
# sends FROM-NAMESPACE TO PORT: twenty datagrams by a process in the cgroup; how many come
sends() {
	in_a /usr/bin/python3 - "$2" "$3" "$WORK/sent" <<-'P' >"$WORK/come" &
		import os, socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind((sys.argv[1], int(sys.argv[2])))
		s.settimeout(0.2)
		n = 0
		print("ready", flush=True)
		while True:
		    all_sent = os.path.exists(sys.argv[3])
		    try:
		        s.recv(100)
		        n += 1
		    except TimeoutError:
		        if all_sent:
		            break
		print(n)
	P
	PIDS=("$!")
	until grep -q ready "$WORK/come" 2>/dev/null; do sleep 0.02; done
	bash -c 'echo $$ >"$1/cgroup.procs" && exec nsenter --net="/run/netns/$2" /usr/bin/python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(20):
    try:
        s.sendto(b\"x\" * 20, (sys.argv[1], int(sys.argv[2])))
    except OSError: # what the cgroup drops, the sender is told
        pass" "$3" "$4"' - "$group" "$1" "$2" "$3"
	touch "$WORK/sent"
	wait "${PIDS[0]}"
	PIDS=()
	tail -n 1 "$WORK/come"
	rm -f "$WORK/come" "$WORK/sent"
}
check "before: the cgroup's program drops its port" test "$(sends "$B" 10.77.0.1 7777)" = 0
check "and no other" test "$(sends "$B" 10.77.0.1 8888)" = 20
start || not_ok "the daemon starts"
check "with limits at TC it still does" test "$(sends "$B" 10.77.0.1 7777)" = 0
check "and what it drops costs no token, what it lets go on is limited" test "$(sends "$B" 10.77.0.1 8888)" = 10
check "another namespace's packets are not ours" test "$(sends "$C" 10.78.0.1 8888)" = 20
check "nor is the cgroup's verdict on them" test "$(sends "$C" 10.78.0.1 7777)" = 0
stop
check "after: as before" test "$(sends "$B" 10.77.0.1 8888)" = 20
finish
