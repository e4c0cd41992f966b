// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor that limiters are measured against, and the flood that they are measured by: a
 * program that sends each of its frames out again with another source, for BPF_PROG_TEST_RUN with
 * live frames, at the pace of a clock or as fast as it goes.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 sources = 1; /* addresses in turn; 0: every packet has a new one */
const volatile __u32 stride = 1;  /* from one to the next, in a circle of these */
const volatile __u32 base = 0;	  /* the first of them, host byte order */
const volatile __u32 header = 0;  /* the sum of the IP header's other words */
__u64 next = 0;			  /* the source of the next packet, counted from base */
__u64 sent = 0;			  /* packets */
__u64 first_at = 0;		  /* ns: when the first was sent, */
__u64 timed = 0;		  /* and so many more had been */
__u64 timed_at = 0;		  /* by then */

#define PACKETS_TIMED 1024 /* after so many, and again and again, time is taken */

static __always_inline void take_time(void)
{
	if (sent % PACKETS_TIMED)
		return;
	timed_at = bpf_ktime_get_ns();
	timed = sent;
	if (!sent)
		first_at = timed_at;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	__u32 address, sum;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	address = base + (__u32)next;
	next += stride;
	if (sources && next >= sources)
		next -= sources;
	sum = header + (address >> 16) + (address & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->saddr = bpf_htonl(address);
	ip->check = bpf_htons(~sum & 0xffff);
	take_time();
	sent++;
	return XDP_TX;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
