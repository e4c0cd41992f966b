// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs: packet -> parse -> classify -> charge -> verdict, and the sweep. */
#include "verdict.bpf.h"
#include "sweep.bpf.h"

SEC("xdp.frags")
int tidegate_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 reason = tg_decide(data, end, bpf_xdp_get_buff_len(ctx));

	return tg_leave(ctx->ingress_ifindex, reason) ? XDP_PASS : XDP_DROP;
}

/*
 * What the links run, whatever the policy: it goes on to the active bank's generation.
 * The other one stands in for it when a packet has read the word just before a change and
 * finds the bank emptied. Both indexes are constants, so that the kernel makes them direct jumps.
 */
SEC("xdp.frags")
int tidegate_entry(struct xdp_md *ctx)
{
	__u32 zero = 0, *bank = bpf_map_lookup_elem(&active, &zero);

	if (bank && *bank) {
		bpf_tail_call_static(ctx, &generations, 1);
		bpf_tail_call_static(ctx, &generations, 0);
	} else {
		bpf_tail_call_static(ctx, &generations, 0);
		bpf_tail_call_static(ctx, &generations, 1);
	}
	return XDP_PASS;
}

SEC("syscall")
int tidegate_sweep(struct tg_sweep *request)
{
	struct tg_sweep sweep = *request; /* a callback's context must be on the stack */

	bpf_for_each_map_elem(&buckets, tg_sweep_bucket, &sweep, 0);
	bpf_for_each_map_elem(&overflow, tg_sweep_overflow, &sweep, 0);
	*request = sweep;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
