// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs of one generation. A packet goes through these stages, each in a file of its own:
 *
 *	dispatch -> xdp | tc -> fast_path | parse -> classify -> charge -> verdict
 *
 * The daemon runs the others: the sweep, reclaiming, and the debits of shared limits.
 */
#include "reject.bpf.h"
#include "mark.bpf.h"
#include "fast_path.bpf.h"
#include "sweep.bpf.h"
#include "debit.bpf.h"
#include "tc.bpf.h"
#include "xdp.bpf.h"

/*
 * Returns memory with a packet of @hook, to be filled by the parser, or NULL; then the frame has
 * been counted.
 */
static __always_inline struct tg_packet_memory *tg_begin_packet(enum tg_hook hook, __u32 ifindex)
{
	struct tg_packet_memory *memory = tg_acquire_packet();

	if (memory)
		memory->packet.hook = hook;
	else
		tg_record_verdict(hook, ifindex, 1, TG_REASON_CONTENDED);
	return memory;
}

static __always_inline int tg_xdp_slow_path(struct xdp_md *ctx, enum tg_header header)
{
	struct tg_packet_memory *memory = tg_begin_packet(TG_HOOK_XDP, ctx->ingress_ifindex);
	int reason, action;

	if (!memory)
		return XDP_DROP;
	memory->packet = (struct tg_packet){.hook = TG_HOOK_XDP, .header = header};
	reason = tg_xdp_parse(ctx, &memory->packet);
	reason = tg_evaluate_parsed(&memory->packet, ctx->ingress_ifindex, reason);
	action = header == TG_HEADER_ETHERNET ? tg_xdp_finish(ctx, &memory->packet, reason)
					      : tg_xdp_finish_bare(ctx, &memory->packet, reason);
	tg_release_packet(memory);
	return action;
}

SEC("xdp.frags")
int tidegate_xdp(struct xdp_md *ctx)
{
	int action = tg_fast_path(ctx);

	return action == TG_SLOW_PATH ? tg_xdp_slow_path(ctx, TG_HEADER_ETHERNET) : action;
}

/* For interfaces without an Ethernet header. */
SEC("xdp.frags")
int tidegate_xdp_bare(struct xdp_md *ctx)
{
	return tg_xdp_slow_path(ctx, TG_HEADER_NONE);
}

__noinline int tg_ingress_finish(struct __sk_buff *skb, struct tg_packet *packet, int reason)
{
	struct tg_marks marks = {};

	if (!packet)
		return TC_ACT_SHOT;
	if (packet->marks && reason == TG_REASON_ADMITTED) {
		tg_collect_marks(packet, &marks);
		tg_tc_mark(skb, TG_HOOK_TC_INGRESS, packet, &marks);
	}
	if (policy.has_rejections && packet->rejected)
		reason = tg_count_rejected(packet, tg_reject(skb, TG_HOOK_TC_INGRESS, packet));
	if (tg_record_verdict(TG_HOOK_TC_INGRESS, skb->ifindex, packet->segments, reason))
		return TC_ACT_UNSPEC;
	return reason == TG_REASON_REJECTED ? bpf_redirect(skb->ifindex, 0) : TC_ACT_SHOT;
}

__noinline int tg_egress_finish(struct __sk_buff *skb, struct tg_packet *packet, int reason)
{
	struct tg_marks marks = {};

	if (!packet)
		return TC_ACT_SHOT;
	if (packet->marks && reason == TG_REASON_ADMITTED) {
		tg_collect_marks(packet, &marks);
		tg_tc_mark(skb, TG_HOOK_TC_EGRESS, packet, &marks);
	}
	if (packet->departure && reason == TG_REASON_ADMITTED)
		tg_tc_delay(skb, packet->departure);
	if (policy.has_rejections && packet->rejected)
		reason = tg_count_rejected(packet, false);
	return tg_record_verdict(TG_HOOK_TC_EGRESS, skb->ifindex, packet->segments, reason)
		       ? TC_ACT_UNSPEC
		       : TC_ACT_SHOT;
}

static __always_inline int tg_tc(struct __sk_buff *skb, enum tg_hook hook)
{
	struct tg_packet_memory *memory = tg_begin_packet(hook, skb->ifindex);
	int reason, action;

	if (!memory)
		return TC_ACT_SHOT;
	reason = tg_tc_parse(skb, &memory->packet);
	reason = tg_evaluate_parsed(&memory->packet, skb->ifindex, reason);
	action = hook == TG_HOOK_TC_INGRESS ? tg_ingress_finish(skb, &memory->packet, reason)
					    : tg_egress_finish(skb, &memory->packet, reason);
	tg_release_packet(memory);
	return action;
}

SEC("tc")
int tidegate_tc_ingress(struct __sk_buff *skb)
{
	return tg_tc(skb, TG_HOOK_TC_INGRESS);
}

SEC("tc")
int tidegate_tc_egress(struct __sk_buff *skb)
{
	return tg_tc(skb, TG_HOOK_TC_EGRESS);
}

/*
 * Pass every packet. They stand in a bank for a hook that its policy does not use, so that the
 * hook's link has a program to run while a change adds or removes the hook.
 */
SEC("xdp.frags")
int tidegate_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int tidegate_pass_tc(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

/*
 * Continues in the generation of the active bank; every link runs this, whatever the policy. The
 * other bank is tried second, because a packet may have read `active` just before a change and
 * find its bank empty. Both indexes are constants, so that the kernel makes them direct jumps.
 */
#define TG_DISPATCH(ctx, map, first, second)                                                       \
	do {                                                                                       \
		__u32 zero = 0, *bank = bpf_map_lookup_elem(&active, &zero);                       \
                                                                                                   \
		if (bank && *bank) {                                                               \
			bpf_tail_call_static(ctx, &map, second);                                   \
			bpf_tail_call_static(ctx, &map, first);                                    \
		} else {                                                                           \
			bpf_tail_call_static(ctx, &map, first);                                    \
			bpf_tail_call_static(ctx, &map, second);                                   \
		}                                                                                  \
	} while (0)

#define TG_DISPATCH_XDP(ctx, header)                                                               \
	do {                                                                                       \
		TG_DISPATCH(ctx, generations, TG_XDP_PROGRAM(0, header),                           \
			    TG_XDP_PROGRAM(1, header));                                            \
		return XDP_PASS;                                                                   \
	} while (0)

/* The TC programs are the same for every header, and learn from `cb` which one the frame has. */
#define TG_DISPATCH_TC(skb, hook, header)                                                          \
	do {                                                                                       \
		(skb)->cb[TG_TC_CB] = header;                                                      \
		TG_DISPATCH(skb, tc_generations, TG_TC_PROGRAM(0, hook), TG_TC_PROGRAM(1, hook));  \
		return TC_ACT_UNSPEC;                                                              \
	} while (0)

SEC("xdp.frags")
int tidegate_entry(struct xdp_md *ctx)
{
	TG_DISPATCH_XDP(ctx, TG_HEADER_ETHERNET);
}

SEC("xdp.frags")
int tidegate_entry_bare(struct xdp_md *ctx)
{
	TG_DISPATCH_XDP(ctx, TG_HEADER_NONE);
}

SEC("tc")
int tidegate_entry_ingress(struct __sk_buff *skb)
{
	TG_DISPATCH_TC(skb, TG_HOOK_TC_INGRESS, TG_HEADER_ETHERNET);
}

SEC("tc")
int tidegate_entry_ingress_bare(struct __sk_buff *skb)
{
	TG_DISPATCH_TC(skb, TG_HOOK_TC_INGRESS, TG_HEADER_NONE);
}

SEC("tc")
int tidegate_entry_egress(struct __sk_buff *skb)
{
	TG_DISPATCH_TC(skb, TG_HOOK_TC_EGRESS, TG_HEADER_ETHERNET);
}

SEC("tc")
int tidegate_entry_egress_bare(struct __sk_buff *skb)
{
	TG_DISPATCH_TC(skb, TG_HOOK_TC_EGRESS, TG_HEADER_NONE);
}

SEC("syscall")
int tidegate_sweep(struct tg_sweep *request)
{
	struct tg_sweep sweep = *request; /* bpf_loop() wants its callback's context on the stack */

	tg_sweep_run(&sweep);
	*request = sweep;
	return 0;
}

SEC("syscall")
int tidegate_reclaim(struct tg_sweep *request)
{
	struct tg_sweep sweep = *request;

	tg_read_clocks(sweep.now);
	bpf_loop(sweep.candidates, tg_sweep_candidate, &sweep, 0);
	*request = sweep;
	return 0;
}

/* Divides the table among the limits. A program, because it goes on if the daemon is killed. */
SEC("syscall")
int tidegate_reserve(void *request)
{
	bpf_loop(TG_LIMITS_MAX, tg_room_reserve, NULL, 0);
	return 0;
}

SEC("syscall")
int tidegate_debit(struct tg_debit_batch *request)
{
	struct tg_debit_batch batch = *request;

	tg_read_clocks(batch.now);
	bpf_loop(batch.n, tg_debit_one, &batch, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
