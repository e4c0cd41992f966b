/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What XDP has and TC has not: the memory for a packet on the slow path, and its end. */
#ifndef TG_XDP_BPF_H
#define TG_XDP_BPF_H

#include "mark.bpf.h"
#include "reject.bpf.h"
#include "segments.bpf.h"

static __always_inline void tg_xdp_mark(struct xdp_md *ctx, const struct tg_packet *packet,
					int reason)
{
	struct tg_marks marks = {};

	if (!packet->marks || reason != TG_REASON_ADMITTED)
		return;
	tg_collect_marks(packet, &marks);
	tg_mark_header(ctx, TG_HOOK_XDP, packet, &marks);
}

/*
 * Marks, answers and counts the packet. A global function, so that the verifier does not walk it
 * for each path through the parser.
 */
__noinline int tg_xdp_finish(struct xdp_md *ctx, struct tg_packet *packet, int reason)
{
	if (!packet)
		return XDP_DROP;
	tg_xdp_mark(ctx, packet, reason);
	if (policy.has_rejections && packet->rejected)
		reason = tg_count_rejected(packet, tg_reject(ctx, TG_HOOK_XDP, packet));
	if (tg_record_verdict(TG_HOOK_XDP, ctx->ingress_ifindex, packet->segments, reason))
		return XDP_PASS;
	return reason == TG_REASON_REJECTED ? XDP_TX : XDP_DROP;
}

/* Longer frames are of several segments: no length in a header says more (BIG TCP). */
#define TG_FRAME_SEVERAL (0xffff + 64)

/*
 * The same for a frame without an Ethernet header, which cannot be answered: generic XDP takes the
 * first 14 bytes for such a header and gives the frame another protocol when they change.
 */
__noinline int tg_xdp_finish_bare(struct xdp_md *ctx, struct tg_packet *packet, int reason)
{
	if (!packet)
		return XDP_DROP;
	tg_xdp_mark(ctx, packet, reason);
	if (policy.has_rejections && packet->rejected)
		reason = tg_count_rejected(packet, false);
	return tg_record_verdict(TG_HOOK_XDP, ctx->ingress_ifindex, packet->segments, reason)
		       ? XDP_PASS
		       : XDP_DROP;
}

/*
 * Parses the frame. A global function, because what follows needs nearly all of the stack that
 * Linux 6.1 allows.
 */
__noinline int tg_xdp_parse(struct xdp_md *ctx, struct tg_packet *packet)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 *first = data;
	int reason;

	if (!packet)
		return TG_REASON_TRUNCATED_ETHERNET;
	packet->bytes = tg_frame_length(bpf_xdp_get_buff_len(ctx));
	packet->segments = packet->bytes > TG_FRAME_SEVERAL ? 2 : 1;
	/* The parser reads the packet from memory, or it would be verified once for each value. */
	asm volatile("" ::: "memory");
	reason = tg_parse(data, end, (void *)(first + 1) <= end ? tg_ip_ethertype(*first) : 0,
			  packet);
	if (packet->length > TG_ETHERNET_MTU || packet->segments > 1)
		tg_xdp_count_segments(ctx, packet);
	return reason;
}

/* Memory for packets on the slow path, which the stack has no room for. */
struct tg_packet_memory {
	__u64 in_use;
	struct tg_packet packet;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_PACKETS_AT_ONCE);
	__type(key, __u32);
	__type(value, struct tg_packet_memory);
} packet_memory SEC(".maps");

static __always_inline struct tg_packet_memory *tg_acquire_packet(void)
{
	struct tg_packet_memory *memory;
	__u32 i, index;

#pragma unroll
	for (i = 0; i < TG_PACKETS_AT_ONCE; i++) {
		index = i;
		memory = bpf_map_lookup_elem(&packet_memory, &index);
		if (memory && !__sync_lock_test_and_set(&memory->in_use, 1))
			return memory;
	}
	return NULL;
}

static __always_inline void tg_release_packet(struct tg_packet_memory *memory)
{
	__sync_lock_test_and_set(&memory->in_use, 0);
}

#endif
